"""Contributed drawings: kept crash-safe, carried to the Hub, deleted by receipt, reviewed by a maintainer, merged for training.

On the page's server run `service` (what the page may ask), `store` (SQLite), `batches` and `mirror` (the way to the Hub) and `export` (a
visitor's copy); none of them imports torch. `review` and `merge` are the maintainer's: `python -m contributions`.
"""

CONSENT = "2"  # version of the terms below; a row says under which it was given. "1" also kept the network's opinion
LICENCE = "CC BY 4.0"  # unless CONTRIBUTIONS_LICENCE names another


def terms(licence: str) -> str:
    """The two sentences to which a contributor agrees."""
    return (
        "We keep each digit that you draw here with its lines, their width and timing, its 28x28 picture, the digit that you were asked "
        "for, the tab that you drew it on, the time, the version of the page and a random number that stands for you, and we may publish "
        f"it under {licence} so that people can train on it. We keep no name, no address and nothing about your browser, and with the "
        "receipt code that you get, of which we keep a hash, you delete everything of yours from here and from all later versions."
    )
