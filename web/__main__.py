"""The commands of the page.

`python -m web build OUT` writes the static edition into a folder that any web server can serve. With
`--model OWNER/NAME --commit SHA` it takes its weights from the Hub, and from its own copy if that fails.
`python -m web gallery` draws the digits that the page shows.
"""

import argparse
import re
import sys
from pathlib import Path

from data.cli import guarded, repository
from web.assets import HERE
from web.build import BuildError, Published, build, endpoint

WEIGHTS = HERE.parent / "weights"


def commit(text: str) -> str:
    """The argument `text` if it is a full commit. Raises an error that argparse prints."""
    if not re.fullmatch("[0-9a-f]{40}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a full commit, 40 digits of 0-9 and a-f.")
    return text


def run(options: argparse.Namespace) -> None:
    """Run the chosen command. Raises BuildError and OSError."""
    if options.command == "gallery":
        # A page's server does not carry the drawing program.
        from web import gallery

        print(gallery.write(HERE / "show", WEIGHTS))
        return
    published = Published(options.model, options.commit, endpoint()) if options.model else None
    files = build(options.out, options.weights, published, options.contribute, options.address)
    size = sum((options.out / name).stat().st_size for name in files)
    serve = f"serve it with `python -m http.server --directory {options.out}`."
    print(f"{len(files)} files, {size / 1000:.0f} kB, in {options.out}: {serve}")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status: 0, 1 after an error in one sentence, 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m web", description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("build", help="write the static edition into a folder")
    command.add_argument("out", type=Path, help="the folder")
    command.add_argument("--weights", type=Path, default=WEIGHTS, help="default: weights/")
    model = "model repository that has the page's weights"
    command.add_argument("--model", metavar="OWNER/NAME", type=repository, help=model)
    command.add_argument("--commit", metavar="SHA", type=commit, help="full commit of that repository")
    command.add_argument("--contribute", metavar="URL", help="a page that takes contributions, to link to")
    command.add_argument("--address", metavar="URL", help="this page's address, for previews of its link")
    commands.add_parser("gallery", help="draw the page's digits, after handwriting/ or weights/ changed")
    options = parser.parse_args(arguments)
    if options.command == "build" and bool(options.model) != bool(options.commit):
        parser.error("--model and --commit go together: the page takes its weights from one commit")
    return guarded(f"python -m web {options.command}", lambda: run(options), BuildError)


if __name__ == "__main__":
    sys.exit(main())
