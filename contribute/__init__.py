"""MNIXEL's collector in the browser: asks for digits, keeps them crash-safe, hands them to a maintainer and to training.

`store` keeps, `desk` answers the page, `mirror` carries rows to the Hub, `review` and `merge` are the maintainer's, `export` the
visitor's copies. `collector` is the component of the page.
"""

CONSENT = "1"  # version of the terms below; a row says under which it was given
LICENCE = "CC BY 4.0"  # unless CONTRIBUTIONS_LICENCE names another


def terms(licence: str) -> str:
    """The two sentences to which a contributor agrees."""
    return (
        "We keep each digit that you draw here: its lines with their timing, its 28x28 picture, the digit that you were asked for and a "
        f"random number that stands for you, and we may publish them under {licence} so that people can train on them. We keep no "
        "name, no address and nothing about your browser, and the receipt code that you get deletes everything of yours later."
    )
