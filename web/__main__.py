"""`python -m web build OUT`: the static edition of the page in a folder that any web server can serve.

python -m web build site && python -m http.server --directory site python -m web gallery
the digits that the page shows, drawn anew python -m web build site --model OWNER/NAME --commit SHA
weights from the Hub, the copy beside the page as a fallback
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
    parser = argparse.ArgumentParser(
        prog="python -m web", description=__doc__.split(":")[1].split("\n")[0].strip()
    )
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("build", help="write the static edition into a folder")
    command.add_argument(
        "out", type=Path, help="the folder; it is made, or an earlier build in it is replaced"
    )
    command.add_argument(
        "--weights", type=Path, default=HERE.parent / "weights", help="folder (default weights/)"
    )
    command.add_argument(
        "--model", metavar="OWNER/NAME", help="model repository that the page takes its weights from"
    )
    command.add_argument("--commit", metavar="SHA", help="full commit of that repository")
    command.add_argument(
        "--contribute", metavar="URL", help="address of a page that takes contributions, to link to"
    )
    command.add_argument(
        "--address", metavar="URL", help="address of the page itself, for links that show its picture"
    )
    drawn = commands.add_parser(
        "gallery", help="draw the page's digits anew: after a change of handwriting/ or weights/"
    )
    shown = "MNIXEL's own training digits, too: whoever publishes them answers for it"
    drawn.add_argument("--mnixel-may-be-shown", action="store_true", help=shown)
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
    from web import gallery  # a page's server does not carry it

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
