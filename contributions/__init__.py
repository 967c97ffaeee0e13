"""Contributed drawings: kept crash-safe, carried to the Hub, deleted by receipt, reviewed by a maintainer, merged for training.

On the page's server run `service` (what the page may ask), `store` (SQLite), `mirror` (the way to the Hub) and `export` (a
visitor's copy); none of them imports torch. `review` and `merge` are the maintainer's: `python -m contributions`.
"""

CONSENT = "2"  # version of the terms in web/words.json; a row says under which it was given. "1" also kept the network's opinion
LICENCE = "CC BY 4.0"  # unless CONTRIBUTIONS_LICENCE names another
