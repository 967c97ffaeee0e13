"""MNIXEL's collector in the browser: asks for digits, keeps them crash-safe, hands them to a maintainer and to training.

`store` keeps, `desk` answers the page, `mirror` carries rows to the Hub, `review` and `merge` are the maintainer's, `export` the
visitor's copies. `collector` is the component of the page.
"""

CONSENT = "1"  # version of the terms below; a row says under which it was given
LICENCE = "CC BY 4.0"  # unless CONTRIBUTIONS_LICENCE names another


def terms(licence: str) -> str:
    """The two sentences to which a contributor agrees."""
    return (
        "We keep each digit that you draw here with its lines and their timing, its 28x28 picture, the digit that you were asked for, what the "
        "network took it for, the time and the versions of page and network, and a random number that stands for you, and we may publish "
        f"it under {licence} so that people can train on it. We keep no name, no address and nothing about your browser, and with the "
        "receipt code that you get, of which we keep a hash, you delete everything of yours from here and from all later versions."
    )
