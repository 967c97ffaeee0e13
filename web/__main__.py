"""The commands of the page.

`python -m web build OUT` writes the static edition into a folder that any web server can serve. With
`--model OWNER/NAME --commit SHA` it takes its weights from the Hub, and from its own copy if that fails.
`python -m web gallery` draws the digits that the page shows.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from web.assets import HERE
from web.build import BuildError, Published, build, endpoint

SHOW = HERE / "show"  # where the gallery lies


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m web", description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("build", help="write the static edition into a folder")
    command.add_argument("out", type=Path, help="the folder")
    command.add_argument("--weights", type=Path, default=HERE.parent / "weights", help="default: weights/")
    command.add_argument("--model", metavar="OWNER/NAME", help="model repository that has the page's weights")
    command.add_argument("--commit", metavar="SHA", help="full commit of that repository")
    command.add_argument("--contribute", metavar="URL", help="a page that takes contributions, to link to")
    command.add_argument(
        "--address", metavar="URL", help="this page's address, for links that show a picture"
    )
    command = commands.add_parser(
        "gallery", help="draw the page's digits, after handwriting/ or weights/ changed"
    )
    command.add_argument(
        "--mnixel-may-be-shown", action="store_true", help="MNIXEL's own training digits, too"
    )
    options = parser.parse_args(arguments)
    if options.command == "gallery":
        return _gallery(options.mnixel_may_be_shown)
    if bool(options.model) != bool(options.commit):
        parser.error("--model and --commit go together: the page takes its weights from one commit")
    published = Published(options.model, options.commit, endpoint()) if options.model else None
    try:
        files = build(options.out, options.weights, published, options.contribute, options.address)
    except (BuildError, OSError) as error:
        print(f"web build: {error}", file=sys.stderr)
        return 1
    size = sum((options.out / name).stat().st_size for name in files)
    serve = f"serve it with `python -m http.server --directory {options.out}`."
    print(f"{len(files)} files, {size / 1000:.0f} kB, in {options.out}: {serve}")
    return 0


def _gallery(mnixel: bool) -> int:
    from data import DataError

    # A page's server does not carry the drawing program.
    from web import gallery

    try:
        print(gallery.write(SHOW, HERE.parent / "weights"))
        if mnixel:
            print(gallery.write_mnixel(SHOW, HERE.parent / "weights"))
    except (DataError, OSError, ValueError) as error:
        print(f"web gallery: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
