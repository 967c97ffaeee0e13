"""Contributed drawings: stored, copied to the Hub, deleted by receipt, reviewed, merged for training.

The page's server runs `service` (the page's calls), `store` (SQLite) and `mirror` (the copy on the Hub); none
of them imports torch. `review` and `merge` are the maintainer's: `python -m contributions`.
"""

# Version of the terms in web/words.json, stored in each row. Under "1" the prediction was stored, too.
CONSENT = "2"
# The licence that contributors agree to, unless CONTRIBUTIONS_LICENCE names another.
LICENCE = "CC BY 4.0"
