"""The commands of the page.

`python -m web build OUT` writes the static edition into a folder that any web server can serve. With
`--model OWNER/NAME --commit SHA` it takes its weights from the Hub, and from its own copy if that fails.
`python -m web gallery` draws the digits that the page shows.
"""

import argparse
import sys
from pathlib import Path

from web.assets import HERE
from web.build import BuildError, Published, build, endpoint

WEIGHTS = HERE.parent / "weights"


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m web", description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("build", help="write the static edition into a folder")
    command.add_argument("out", type=Path, help="the folder")
    command.add_argument("--weights", type=Path, default=WEIGHTS, help="default: weights/")
    command.add_argument("--model", metavar="OWNER/NAME", help="model repository that has the page's weights")
    command.add_argument("--commit", metavar="SHA", help="full commit of that repository")
    command.add_argument("--contribute", metavar="URL", help="a page that takes contributions, to link to")
    command.add_argument("--address", metavar="URL", help="this page's address, for previews of its link")
    commands.add_parser("gallery", help="draw the page's digits, after handwriting/ or weights/ changed")
    options = parser.parse_args(arguments)
    try:
        if options.command == "gallery":
            # A page's server does not carry the drawing program.
            from web import gallery

            print(gallery.write(HERE / "show", WEIGHTS))
            return 0
        if bool(options.model) != bool(options.commit):
            parser.error("--model and --commit go together: the page takes its weights from one commit")
        published = Published(options.model, options.commit, endpoint()) if options.model else None
        files = build(options.out, options.weights, published, options.contribute, options.address)
    except (BuildError, OSError) as error:
        print(f"web {options.command}: {error}", file=sys.stderr)
        return 1
    size = sum((options.out / name).stat().st_size for name in files)
    serve = f"serve it with `python -m http.server --directory {options.out}`."
    print(f"{len(files)} files, {size / 1000:.0f} kB, in {options.out}: {serve}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
