"""The drawing program: `python -m handwriting sheet OUT.png`, `trace LINK` and `build OUT`; see --help."""

import argparse
from pathlib import Path


def main() -> None:
    """Run the command; an error is one sentence."""
    parser = argparse.ArgumentParser(prog="python -m handwriting", description="The drawing program.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, argument, about in (
        ("sheet", "OUT.png", "write a picture of every shape, nine times each; it takes half a minute"),
        ("trace", "LINK", "print a drawing that you shared on the page as a line for allographs.txt"),
        (
            "build",
            "OUT",
            "write 70,000 drawn digits as parquet files; it takes some three minutes on two cores",
        ),
    ):
        command = commands.add_parser(name, help=about, description=about)
        command.add_argument("argument", metavar=argument)
        if name == "build":
            command.add_argument("--seed", type=int, default=0, help="another one draws others (default 0)")
    options = parser.parse_args()
    if options.command == "build" and options.seed < 0:
        parser.error(f"--seed is at least 0, not {options.seed}.")
    prog = f"{parser.prog} {options.command}"
    try:
        # A command imports only the modules that it needs.
        if options.command == "sheet":
            from .sheet import sheet

            sheet(Path(options.argument))
        elif options.command == "trace":
            from .trace import trace

            print(f"DIGIT NAME 10 {trace(options.argument)}")
        else:
            from .dataset import build

            for path in build(Path(options.argument), options.seed):
                print(f"wrote {path}")
    except OSError as error:
        file = error.filename or options.argument
        parser.exit(1, f"{prog}: cannot read or write {file}: {error.strerror or error}\n")
    except ValueError as error:
        parser.exit(1, f"{prog}: {error}\n")
    except KeyboardInterrupt:
        parser.exit(130, f"\n{prog}: stopped\n")


if __name__ == "__main__":
    main()
