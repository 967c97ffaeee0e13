"""Publish on the Hub: `python publish.py model|dataset|space|static|all OWNER`.

    hf auth login                                once, with a token that may write
    python publish.py all OWNER --dry-run        lists the files that would go, and asks no Hub
    python publish.py all OWNER                  OWNER/mnixel (dataset), OWNER/mnixel-cnn (model),
                                                 OWNER/mnixel (Space), OWNER/mnixel-static (Space)
    python publish.py dataset OWNER --consent    the dataset with MNIXEL's own drawings, too
    python publish.py static OWNER               the page without a server, which is free for everybody
    python publish.py model OWNER/NAME --weights runs/mine
    python publish.py check ADDRESS              is a live page well? (or OWNER/NAME of a Space)

A Gradio Space runs on CPU if the account may have that, else on ZeroGPU. Each repository gets one commit, and
none when nothing changed. With `all`, a failure does not stop the other parts; the next run finishes them. It
takes a minute, and some three more for the dataset, whose digits it draws. docs/publishing.md has the
details.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contributions.merge import refresh
from data import DataError
from data.archives import CONFIGS, locate
from data.cli import sentence
from data.parquet import CONTRIBUTED
from handwriting import dataset as drawing
from publishing import bundles, hub
from publishing.check import check
from publishing.hub import PublishError
from publishing.upload import (
    CPU,
    ZERO,
    Published,
    at_hub,
    choose_hardware,
    make_private,
    shows_mnixel,
    sign_in,
    upload,
)
from web.build import BuildError

ROOT = Path(__file__).parent
# Kind -> name of its repository, in the order of publishing: a card points at what is there already.
DEFAULT = {"dataset": "mnixel", "model": "mnixel-cnn", "space": "mnixel", "static": "mnixel-static"}
NO_CONSENT = (
    "MNIXEL's own drawings stay out, because their authors state no licence: --consent states that they "
    "agree, and --private publishes a copy that only you can see"
)
FAILURES = (PublishError, bundles.BundleError, DataError, BuildError, OSError)


@dataclass
class Publisher:
    """Lays out the files of each kind and, with `api`, publishes them. Raises FAILURES."""

    options: argparse.Namespace
    names: dict[str, str]
    api: Any = None
    done: dict[str, Published] = field(default_factory=dict)

    def publish(self, kind: str, folder: Path) -> None:
        """Lay out one kind in the empty `folder`, publish it, and print the progress."""
        name, more = self.names[kind], {}
        if self.options.private and not self._will_be_private(kind):
            raise PublishError(f"{name} is public: make it private on its page, or give another name.")
        if kind == "dataset":
            more["has_contributed"] = self.options.contributed.is_dir()
        if kind in ("space", "static"):
            self._refuse_to_show_private_weights(kind)
        if kind == "space":
            more["variables"] = variables = self._variables()
            options = self.options
            more["hardware"], why = choose_hardware(
                self.api, name, options.hardware, options.private, variables
            )
            print(f"  on {more['hardware']}, {why}", flush=True)
        self.lay_out(kind, folder, more.get("hardware"))
        published = self.done[kind] = upload(self.api, kind, name, folder, self.options.private, **more)
        same = "" if published.changed else " (nothing changed)"
        print(f"  {published.url}\n  commit {published.commit}{same}")

    def lay_out(self, kind: str, out: Path, hardware: str | None = None) -> None:
        """Write the files of a kind into `out`, with links to repositories that are on the Hub, or to all."""
        names, weights = self.names, self.options.weights
        if kind == "dataset":
            self._lay_out_dataset(out)
            return
        dataset = self._public("dataset")
        if kind == "model":
            # The model's notebook trains on MNIXEL.
            has = shows_mnixel(self.api, names["dataset"]) if self.api else self._may_have_mnixel()
            bundles.model(out, weights, names["model"], dataset if has else None)
        elif kind == "space":
            bundles.space(
                out, weights, names["space"], names["model"], dataset, hardware or self.options.hardware
            )
        else:
            commit = self._commit_of_the_weights() if self.api else None
            gradio = self._public("space") if self.api else None
            bundles.static(out, weights, {**names, "dataset": dataset}, commit, gradio)

    def _lay_out_dataset(self, out: Path) -> None:
        options, mnixel = self.options, self._may_have_mnixel()
        # What can fail comes before the digits are drawn.
        if mnixel:
            for archive in CONFIGS.values():
                locate(archive, options.data)
        else:
            print(f"  {NO_CONSENT}", flush=True)
        with tempfile.TemporaryDirectory() as work:
            drawn = options.drawn or Path(work)
            if options.drawn and not drawing.is_drawn(drawn):
                raise DataError(
                    f"{drawn} has no drawn digits: `python -m handwriting build {drawn}` writes them."
                )
            if self.api:
                # Drops drawings that were deleted since the merge; may ask the Hub.
                refresh(options.contributed)
                if not options.drawn:
                    drawing.build(drawn)
            elif not options.drawn:
                print("  drawn/*.parquet  70,000 digits, drawn in some minutes when they are published")
            bundles.dataset(out, self.names["dataset"], drawn, options.contributed, mnixel, options.data)

    def _may_have_mnixel(self) -> bool:
        return self.options.consent or self._will_be_private("dataset")

    def _variables(self) -> dict[str, str]:
        """The Space's variables: its weights, and a private repository for contributions."""
        variables = {"MODEL_ID": self.names["model"]}
        if name := self.options.contributions:
            make_private(self.api, name)
            variables["CONTRIBUTIONS_REPO"] = name
            print(
                f"  contributions go to {name}: put a token that may write there, and nowhere else, into the "
                "Space's secret HF_TOKEN on its settings page",
                flush=True,
            )
        return variables

    def _public(self, kind: str) -> str | None:
        """The name of a repository that everybody can see, else None. Without `api` it is not asked for."""
        if self.api is None:
            return self.names[kind]
        info = at_hub(self.api, kind, self.names[kind])
        seen = info and not info.private and (kind != "space" or info.sdk == "gradio")
        return self.names[kind] if seen else None

    def _will_be_private(self, kind: str) -> bool:
        info = at_hub(self.api, kind, self.names[kind]) if self.api else None
        return bool(info.private if info else self.options.private)

    def _refuse_to_show_private_weights(self, kind: str) -> None:
        model = at_hub(self.api, "model", self.names["model"])
        if model and (model.private or model.gated) and not self._will_be_private(kind):
            kept = "private" if model.private else "gated"
            raise PublishError(
                f"{self.names['model']} is {kept}, and a public page gives its weights to everybody: make "
                "the model public on its page, or publish the page with --private."
            )

    def _commit_of_the_weights(self) -> str | None:
        """The commit of the model repository if browsers can read it; PublishError if its weights differ."""
        name = self.names["model"]
        info = at_hub(self.api, "model", name)
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


def publish_model(api, name: str, weights: Path, dataset: str) -> Published:
    """Publish the folder `weights` of train.py as the model repository `name`. Raises FAILURES."""
    with tempfile.TemporaryDirectory() as folder:
        bundles.model(Path(folder), weights, name, dataset if shows_mnixel(api, dataset) else None)
        return upload(api, "model", name, Path(folder))


# --- command ------------------------------------------------------------------------------------------------


def is_name(text: str) -> bool:
    """Whether `text` can be the OWNER/NAME of a repository on the Hub."""
    from huggingface_hub.utils import HFValidationError, validate_repo_id

    try:
        validate_repo_id(text)
    except HFValidationError:
        return False
    return "/" in text


def parse(arguments: list[str] | None) -> tuple[argparse.Namespace, dict[str, str]]:
    """The options, and the name of the repository of each kind (also of those that are only linked)."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    add = parser.add_argument
    add("kind", choices=["model", "dataset", "space", "static", "all"], help="or: check ADDRESS")
    add("target", metavar="OWNER", help="your account or organisation; OWNER/NAME for another name")
    add("--weights", type=Path, default=ROOT / "weights", help="folder of train.py (default weights)")
    add("--data", type=Path, help="folder with MNIXEL's archives (default as in train.py)")
    add("--consent", action="store_true", help="MNIXEL's authors agree that you publish their drawings, too")
    drawn = "folder of `python -m handwriting build` (default: draw the digits anew)"
    add("--drawn", type=Path, metavar="FOLDER", help=drawn)
    add("--contributed", type=Path, default=CONTRIBUTED, help="folder of `python -m contributions merge`")
    add("--model", metavar="OWNER/NAME", help="the model that the Spaces serve, if its name is another")
    add("--dataset", metavar="OWNER/NAME", help="the dataset that the cards name, if its name is another")
    add("--hardware", help=f"hardware of the Space (default: what it has; a new one gets {CPU} or {ZERO})")
    private = "private dataset that gets contributed drawings from the Space"
    add("--contributions", metavar="OWNER/NAME", help=private)
    add("--private", action="store_const", const=True, help="make new repositories private")
    add("--dry-run", action="store_true", help="list the files that would go, and ask no Hub")
    options = parser.parse_args(arguments)
    owner = options.target.partition("/")[0]
    names = {kind: f"{owner}/{name}" for kind, name in DEFAULT.items()}
    names |= {kind: name for kind in ("model", "dataset") if (name := getattr(options, kind))}
    if "/" in options.target:
        if options.kind == "all":
            parser.error("`all` takes an OWNER: the four repositories have their own names.")
        if getattr(options, options.kind, None):
            parser.error(f"--{options.kind} and {options.target} both name the {options.kind}: give one.")
        names[options.kind] = options.target
    for name in [*names.values(), *filter(None, [options.contributions])]:
        if not is_name(name):
            rule = "OWNER or OWNER/NAME, of letters, digits, - _ and dots"
            parser.error(f"{name!r} cannot be a name on the Hub: {rule}.")
    return options, names


def dry_run(publisher: Publisher, kinds: list[str], work: Path) -> int:
    """List the files of each kind, without the Hub; returns the exit status."""
    status = 0
    for kind in kinds:
        print(f"{kind} {publisher.names[kind]}")
        try:
            publisher.lay_out(kind, work / kind)
        except FAILURES as error:
            print(f"publish.py: {sentence(error)}", file=sys.stderr)
            status = 1
        for path in sorted((work / kind).rglob("*")):
            if path.is_file():
                print(f"  {path.relative_to(work / kind)}  {path.stat().st_size:,} bytes")
    print("Nothing was sent.")
    return status


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status: 0, 1 after an error in one sentence, 130 after Ctrl-C."""
    command = sys.argv[1:] if arguments is None else arguments
    if command[:1] == ["check"]:
        parser = argparse.ArgumentParser(prog="publish.py check", description="Is a live page well?")
        parser.add_argument("address", help="its address, or OWNER/NAME of a Space")
        return check(parser.parse_args(command[1:]).address)
    options, names = parse(arguments)
    kinds = [kind for kind in DEFAULT if options.kind in (kind, "all")]
    publisher, failed = Publisher(options, names), {}
    try:
        with tempfile.TemporaryDirectory() as work:
            if options.dry_run:
                return dry_run(publisher, kinds, Path(work))
            publisher.api = sign_in({names[kind].split("/")[0] for kind in kinds})
            for number, kind in enumerate(kinds, 1):
                print(f"[{number}/{len(kinds)}] {kind} {names[kind]}", flush=True)
                try:
                    publisher.publish(kind, Path(work, kind))
                except FAILURES as error:
                    failed[kind] = sentence(error)
                    # On a new line, because a progress bar may be open.
                    print(f"\npublish.py: {failed[kind]}", file=sys.stderr, flush=True)
    except PublishError as error:
        print(f"publish.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\npublish.py: stopped by hand. Run it again to finish.", file=sys.stderr)
        return 130
    if len(kinds) > 1:
        print()
        for kind in kinds:
            done = publisher.done.get(kind)
            print(f"{kind:8} {done.url if done else f'not published: {failed[kind]}'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
