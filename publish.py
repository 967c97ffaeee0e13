"""Publish the dataset, the model and the page on the Hub.

    hf auth login                                once, with a token that may write
    python publish.py all OWNER --dry-run        only list the files, without the Hub
    python publish.py all OWNER                  OWNER/mnixel (dataset), OWNER/mnixel-cnn (model),
                                                 OWNER/mnixel (Space), OWNER/mnixel-static (Space)
    python publish.py dataset OWNER --consent    the dataset with MNIXEL's own drawings, too
    python publish.py static OWNER               the page without a server, which is free for everybody
    python publish.py model OWNER/NAME --weights runs/mine
    python publish.py check ADDRESS              in seconds: is a live page (or the Space OWNER/NAME) well?

A new Gradio Space runs on CPU if the account may have that, else on ZeroGPU. Each repository gets one commit,
or none when nothing changed. The files here stay as they are. With `all`, a failure does not stop the other
parts, and the next run finishes them. It takes a minute, and some three more for the dataset, because its
digits are drawn. docs/publishing.md has the details.
"""

import argparse
import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contributions.merge import refresh
from data import DataError
from data.archives import CONFIGS, locate
from data.cli import REPOSITORY, guarded, repository, sentence
from data.parquet import CONTRIBUTED
from publishing import bundles, hub
from publishing.hub import PublishError
from publishing.upload import CPU, at_hub, create_space, set_model, sign_in, upload
from web.build import BuildError

PROG = "python publish.py"
ROOT = Path(__file__).parent
# Kind -> name of its repository, in the order of publishing, because a card links to what is there already.
DEFAULT = {"dataset": "mnixel", "model": "mnixel-cnn", "space": "mnixel", "static": "mnixel-static"}
NO_CONSENT = (
    "MNIXEL's own drawings stay out, because their authors state no licence: --consent states that they "
    "agree, and --private publishes a copy that only you can see"
)
FAILURES = (PublishError, DataError, BuildError, OSError)


@dataclass
class Publisher:
    """Publishes each kind by `api`. In a dry run, which has no `api`, it only lays out the files.

    Each kind has a method of its name, which lays out its files in the new folder `out`. Raises FAILURES.
    """

    options: argparse.Namespace
    names: dict[str, str]
    api: Any = None

    def publish(self, kind: str, out: Path) -> None:
        """Lay out one kind in the new folder `out`, upload it, and print the progress."""
        name, private = self.names[kind], self.options.private
        if private and not self._will_be_private(kind):
            raise PublishError(f"{name} is public: make it private on its page, or give another name.")
        getattr(self, kind)(out)
        if self.api:
            upload(self.api, kind, name, out, private)
            if kind == "space":
                set_model(self.api, name, self.names["model"])

    def dataset(self, out: Path) -> None:
        """The drawn and the contributed digits, and MNIXEL's drawings if they may be shown."""
        from handwriting import dataset as drawing

        options, info = self.options, self._at_hub("dataset")
        mnixel = options.consent or self._will_be_private("dataset")
        # Everything that can fail comes before the digits are drawn.
        if mnixel:
            for archive in CONFIGS.values():
                locate(archive, options.data)
        else:
            print(f"  {NO_CONSENT}", flush=True)
        if info and _has(info, "contributed/") and not options.contributed.is_dir():
            raise PublishError(
                f"{self.names['dataset']} has contributed drawings and this checkout has none: run "
                "`python -m contributions merge` where they are stored, or name its folder in --contributed."
            )
        drawn = options.drawn or out.with_name("drawn")
        if options.drawn and not drawing.is_drawn(drawn):
            raise DataError(
                f"{drawn} has no drawn digits: `python -m handwriting build {drawn}` writes them."
            )
        if self.api:
            # Drawings that were deleted since the merge must not be published.
            refresh(options.contributed)
        if self.api and not options.drawn:
            drawing.build(drawn)
        elif not options.drawn:
            print("  drawn/*.parquet  70,000 digits, drawn in some minutes when they are published")
        bundles.dataset(out, self.names["dataset"], drawn, options.contributed, mnixel, options.data)

    def model(self, out: Path) -> None:
        """The weights, with a notebook if the dataset that it trains on is public and has MNIXEL."""
        name = self.names["dataset"]
        if info := self._at_hub("dataset"):
            has_mnixel = _has(info, "clean/") and not info.private
        else:
            has_mnixel = not self.api and self.options.consent
        bundles.model(out, self.options.weights, self.names["model"], name if has_mnixel else None)

    def space(self, out: Path) -> None:
        """The page as a Gradio Space. It is created first if it does not exist."""
        self._refuse_to_show_private_weights("space")
        name, options = self.names["space"], self.options
        hardware = create_space(self.api, name, options.private) if self.api else CPU
        bundles.space(out, options.weights, name, self.names["model"], self._public("dataset"), hardware)

    def static(self, out: Path) -> None:
        """The page without a server."""
        self._refuse_to_show_private_weights("static")
        name, model, commit = self.names["static"], self.names["model"], self._commit_of_the_weights()
        gradio = self._public("space") if self.api else None
        bundles.static(out, self.options.weights, name, model, self._public("dataset"), commit, gradio)

    def _at_hub(self, kind: str):
        return at_hub(self.api, kind, self.names[kind]) if self.api else None

    def _public(self, kind: str) -> str | None:
        """The name of the kind's repository if everybody can see it, else None. A dry run sees all."""
        info = self._at_hub(kind)
        seen = info and not info.private and (kind != "space" or info.sdk == "gradio")
        return self.names[kind] if seen or not self.api else None

    def _will_be_private(self, kind: str) -> bool:
        info = self._at_hub(kind)
        return bool(info.private if info else self.options.private)

    def _refuse_to_show_private_weights(self, kind: str) -> None:
        model = self._at_hub("model")
        if model and (model.private or model.gated) and not self._will_be_private(kind):
            kept = "private" if model.private else "gated"
            raise PublishError(
                f"{self.names['model']} is {kept}, and a public page gives its weights to everybody: make "
                "the model public on its page, or publish the page with --private."
            )

    def _commit_of_the_weights(self) -> str | None:
        """The commit of the model repository, or None if browsers cannot read it.

        Raises PublishError if it holds other weights.
        """
        name, info = self.names["model"], self._at_hub("model")
        if not info or info.private or info.gated:
            return None
        with hub.explained(f"the model {name}"):
            config = self.api.hf_hub_download(name, "config.json", revision=info.sha)
        if Path(config).read_bytes() != (self.options.weights / "config.json").read_bytes():
            raise PublishError(
                f"{name} holds other weights than {self.options.weights}: "
                f"run `python publish.py model {name}` first."
            )
        return info.sha


def _has(info, folder: str) -> bool:
    """Whether a repository has files in `folder`, according to the Hub's record of it."""
    return any(file.rfilename.startswith(folder) for file in info.siblings or [])


def parse(arguments: list[str] | None) -> tuple[argparse.Namespace, dict[str, str]]:
    """The options, and kind -> name of its repository, also for kinds that are only linked."""
    parser = argparse.ArgumentParser(PROG, None, __doc__, formatter_class=argparse.RawTextHelpFormatter)
    add = parser.add_argument
    add("kind", choices=[*DEFAULT, "all", "check"])
    target = "your account or organisation; OWNER/NAME for another name; for `check` an address"
    add("target", metavar="OWNER", help=target)
    add("--weights", type=Path, default=ROOT / "weights", help="folder of train.py (default weights)")
    add("--data", type=Path, help="folder with MNIXEL's archives (default as in train.py)")
    add("--consent", action="store_true", help="MNIXEL's authors agree that you publish their drawings")
    drawn = "folder of `python -m handwriting build` (default: draw the digits anew)"
    add("--drawn", type=Path, metavar="FOLDER", help=drawn)
    add("--contributed", type=Path, default=CONTRIBUTED, help="folder of `python -m contributions merge`")
    serve = "the model that the Spaces serve (default: OWNER/mnixel-cnn)"
    add("--model", metavar="OWNER/NAME", type=repository, help=serve)
    add("--private", action="store_const", const=True, help="make new repositories private")
    add("--dry-run", action="store_true", help="only list the files, without the Hub")
    options = parser.parse_args(arguments)
    names = {kind: f"{options.target.partition('/')[0]}/{name}" for kind, name in DEFAULT.items()}
    if options.model:
        names["model"] = options.model
    is_check = options.kind == "check"
    if "/" in options.target or is_check:
        if options.kind == "all":
            parser.error("`all` takes an OWNER: the four repositories have their own names.")
        names[options.kind] = options.target
    is_address = is_check and re.match("https?://", options.target)
    if not is_address and not all(map(REPOSITORY.fullmatch, names.values())):
        other = "OWNER/NAME or an http address" if is_check else "OWNER or OWNER/NAME"
        parser.error(f"{options.target!r} is not {other}.")
    return options, names


def publish(options: argparse.Namespace, names: dict[str, str], work: Path) -> int:
    """Publish the chosen kinds, or list their files, and print each failure; returns the exit status."""
    kinds = [kind for kind in DEFAULT if options.kind in (kind, "all")]
    publisher, status = Publisher(options, names, None if options.dry_run else sign_in()), 0
    for number, kind in enumerate(kinds, 1):
        print(f"[{number}/{len(kinds)}] {kind} {names[kind]}", flush=True)
        try:
            publisher.publish(kind, work / kind)
        except FAILURES as error:
            # An open progress bar does not end its line.
            print(f"\n{PROG}: {sentence(error)}", file=sys.stderr, flush=True)
            status = 1
        if options.dry_run:
            list_files(work / kind)
    if options.dry_run:
        print("Nothing was sent.")
    elif status:
        print("Not everything is published. Run the command again to finish.")
    return status


def list_files(folder: Path) -> None:
    """Print the sizes of the files in `folder`."""
    sizes = {path: path.stat().st_size for path in sorted(folder.rglob("*")) if path.is_file()}
    for path, size in sizes.items():
        print(f"  {path.relative_to(folder)}  {size:,} bytes")
    print(f"  all together  {sum(sizes.values()):,} bytes")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status: 0, 1 after an error in one sentence, 130 after Ctrl-C."""
    options, names = parse(arguments)
    if options.kind == "check":
        from publishing.check import check

        return check(options.target)
    with tempfile.TemporaryDirectory() as work:
        return guarded(PROG, lambda: publish(options, names, Path(work)), PublishError)


if __name__ == "__main__":
    sys.exit(main())
