"""Contributed drawings: stored, copied to the Hub, deleted by receipt, reviewed, merged for training.

The page's server runs `service` (its answers), `store` (SQLite) and `mirror` (the copy on the Hub). None of
them imports torch. The maintainer runs `review` and `merge`, as `python -m contributions`.
"""

# The version of the terms in web/words.json. Each row names the version that its writer agreed to.
CONSENT = "2"
# The licence that contributors agree to.
LICENCE = "CC BY 4.0"
