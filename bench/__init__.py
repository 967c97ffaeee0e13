"""Measurements: each module prints its figures; accuracy and latency also write docs/NAME.json."""

from argparse import ArgumentParser, RawDescriptionHelpFormatter


def parser(name: str, about: str) -> ArgumentParser:
    """The command line of `python -m bench.NAME`, with the module's docstring `about` as its help."""
    return ArgumentParser(
        f"python -m bench.{name}", description=about, formatter_class=RawDescriptionHelpFormatter
    )
