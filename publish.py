"""Publish on the Hub: `python publish.py model|dataset|space|static|all OWNER`.

    hf auth login                                    once, with a token that may write
    python publish.py all OWNER                      OWNER/mnixel (dataset), OWNER/mnixel-cnn (model), OWNER/mnixel (Space), OWNER/mnixel-static
    python publish.py static OWNER                   the page without a server, which is free for everybody
    python publish.py model OWNER/NAME --weights runs/mine
    python publish.py all OWNER --dry-run            lists what would go, and asks no Hub

Each repository gets one commit, and none when nothing changed. A run that was cut anywhere is finished by the next.
"""

from __future__ import annotations

import argparse
import logging
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from data import DataError
from data.parquet import CONTRIBUTED
from publishing import bundles, hub

ROOT = Path(__file__).parent
DEFAULT = {"model": "mnixel-cnn", "dataset": "mnixel", "space": "mnixel", "static": "mnixel-static"}
ORDER = ("dataset", "model", "space", "static")  # a card points at what is there already
REPOSITORY = {"model": "model", "dataset": "dataset", "space": "space", "static": "space"}  # the Hub's type of each
SDK = {"space": "gradio", "static": "static"}
# The folders that only this command writes: a file there that is no longer part of the project is deleted from the Hub.
OWNED = {
    "model": (),
    "dataset": ("clean", "raw", "contributed"),
    "space": (
        "contribute",
        "data",
        "docs",
        "handwriting",
        "page",
        "publishing",
        "serving",
        "sketchpad",
        "web",
        "weights",
    ),
    "static": ("weights",),
}


class PublishError(RuntimeError):
    """Publishing did not succeed. The message is one sentence that says why and what to do."""


@dataclass(frozen=True)
class Published:
    """Where a repository is now."""

    url: str
    commit: str  # full sha
    changed: bool
    deleted: tuple[str, ...]  # files that were there and are no longer part of the project


def sign_in(owners: set[str]):
    """The Hub's client for somebody who may write for the accounts `owners`, as far as that can be told beforehand.

    Raises PublishError without a token, with a wrong or read-only one, and when the Hub does not answer.
    """
    from huggingface_hub import HfApi, get_token

    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # its warnings speak to programmers
    try:
        hub.limit_silence()
        if get_token() is None:
            raise PublishError(
                "You are not logged in: run `hf auth login` with a token that may write, or set HF_TOKEN."
            )
        api = HfApi()
        me = api.whoami()
    except PublishError:
        raise
    except Exception as error:  # the Hub's clients raise many kinds
        raise PublishError(hub.explain(error, "your account")) from error
    if me.get("auth", {}).get("accessToken", {}).get("role") == "read":
        raise PublishError(
            f"The token of {me['name']} may only read: make one that may write in {hub.TOKENS}, "
            "then run `hf auth login --force` or set HF_TOKEN."
        )
    known = {me["name"], *(group["name"] for group in me.get("orgs", []))}
    if strangers := sorted(owners - known):
        raise PublishError(
            f"You are logged in as {me['name']}, who cannot write for {strangers[0]}: name {' or '.join(sorted(known))}."
        )
    return api


def upload(
    api,
    kind: str,
    name: str,
    folder: Path,
    variables: dict[str, str] | None = None,
    private: bool | None = None,
    hardware: str | None = None,
    keeps_contributions: bool = False,
) -> Published:
    """Make the repository `name` ("OWNER/NAME") hold what `folder` holds, in one commit or none.

    `variables` and `hardware` are of a Space; `keeps_contributions` says that whoever publishes the dataset has the contributed drawings, if
    only to know that there are none any more. Raises PublishError.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    space, repository = {}, REPOSITORY[kind]
    if kind in SDK:
        space = {
            "space_sdk": SDK[kind],
            "space_hardware": hardware,
            "space_variables": [{"key": key, "value": value} for key, value in (variables or {}).items()],
        }
    try:
        url = api.create_repo(name, repo_type=repository, private=private, exist_ok=True, **space)
        before = api.repo_info(name, repo_type=repository, timeout=hub.SILENCE)
        files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
        there = [row.rfilename for row in before.siblings or []]
        stale = [path for path in there if path not in files and is_ours(kind, path)]
        if kind == "dataset" and any(p.startswith("contributed/") for p in stale) and not keeps_contributions:
            raise PublishError(
                f"{name} has contributed drawings and this checkout has none: run `python -m contribute merge` where they are "
                "kept, or name the folder that it wrote in --contributed."
            )
        commit = api.create_commit(
            name,
            [
                *(CommitOperationAdd(path, str(file)) for path, file in files.items()),
                *(CommitOperationDelete(path) for path in stale),
            ],
            commit_message=f"Publish the {kind}",
            repo_type=repository,
            parent_commit=before.sha,
        ).oid
        changed = commit != before.sha
        if kind == "space":
            known = api.get_space_variables(name)
            for key, value in (variables or {}).items():
                if key not in known or known[key].value != value:
                    api.add_space_variable(name, key, value)
                    changed = True
            if hardware and api.get_space_runtime(name).requested_hardware != hardware:
                api.request_space_hardware(name, hardware)
                changed = True
    except PublishError:
        raise
    except Exception as error:  # the Hub's clients raise many kinds
        print(file=sys.stderr)  # a progress bar may be open
        raise PublishError(hub.explain(error, f"the {kind} {name}")) from error
    return Published(str(url), commit, changed, tuple(stale))


def is_ours(kind: str, path: str) -> bool:
    """Whether only this command writes the file `path` of a repository."""
    if kind == "static" and "/" not in path:
        return path.endswith((".js", ".css"))
    return path.partition("/")[0] in OWNED[kind] and "/" in path


def at_hub(api, kind: str, name: str) -> str | None:
    """The newest commit of a repository, or None when there is none that you may see. Raises PublishError."""
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        return api.repo_info(name, repo_type=REPOSITORY[kind], timeout=hub.SILENCE).sha
    except RepositoryNotFoundError:
        return None
    except Exception as error:  # the Hub's clients raise many kinds
        raise PublishError(hub.explain(error, f"the {kind} {name}")) from error


def lay_out_static(api, out: Path, weights: Path, names: dict[str, str]) -> None:
    """The static Space's files: it takes its weights from the model repository, and links to the Space, where these are.

    Raises PublishError when the model repository holds other weights than the folder `weights`, BundleError as bundles.static.
    """
    commit = at_hub(api, "model", names["model"]) if api else None
    if commit:
        try:
            config = api.hf_hub_download(names["model"], "config.json", revision=commit)
        except Exception as error:
            raise PublishError(hub.explain(error, f"the model {names['model']}")) from error
        if Path(config).read_bytes() != (weights / "config.json").read_bytes():
            raise PublishError(
                f"{names['model']} holds other weights than {weights}: run `python publish.py model {names['model']}` first."
            )
    gradio = names["space"] if api and at_hub(api, "space", names["space"]) else None
    bundles.static(out, weights, names, commit, gradio)


def publish_model(api, name: str, weights: Path, dataset: str, private: bool | None = None) -> Published:
    """Publish the folder `weights` of train.py as the model repository `name`. Raises PublishError, bundles.BundleError."""
    with tempfile.TemporaryDirectory() as folder:
        bundles.model(Path(folder), weights, name, dataset)
        return upload(api, "model", name, Path(folder), private=private)


# --- command ----------------------------------------------------------------------------------------------------------

NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9])?")


def is_name(text: str) -> bool:
    """Whether `text` can be a repository's OWNER/NAME on the Hub."""
    return (
        text.count("/") == 1
        and all(NAME.fullmatch(part) and "--" not in part and ".." not in part for part in text.split("/"))
        and not text.endswith(".git")
    )


def parse(arguments: list[str] | None) -> tuple[argparse.Namespace, dict[str, str]]:
    """The options, and the name of the repository of each kind (also of those that are only pointed at)."""
    parser = argparse.ArgumentParser(
        description=__doc__.split(":")[0] + ".", epilog="HF_TOKEN, or `hf auth login`, says who you are."
    )
    parser.add_argument("kind", choices=["model", "dataset", "space", "static", "all"])
    parser.add_argument("target", metavar="OWNER", help="your account or organisation; OWNER/NAME for another name")
    parser.add_argument("--weights", type=Path, default=ROOT / "weights", help="folder of train.py (default weights)")
    parser.add_argument("--data", type=Path, help="folder with MNIXEL's archives (default as in train.py)")
    parser.add_argument("--contributed", type=Path, default=CONTRIBUTED, help="folder of `python -m contribute merge`")
    parser.add_argument("--model", metavar="OWNER/NAME", help="the model that the Spaces serve, if its name is another")
    parser.add_argument(
        "--dataset", metavar="OWNER/NAME", help="the dataset that the cards name, if its name is another"
    )
    parser.add_argument(
        "--hardware", help="of the Space, for example cpu-upgrade (default: the Hub's free one, or what it has)"
    )
    parser.add_argument("--private", action="store_const", const=True, help="make new repositories private")
    parser.add_argument("--dry-run", action="store_true", help="list what would go, and ask no Hub")
    options = parser.parse_args(arguments)
    owner = options.target.partition("/")[0]
    if "/" in options.target and options.kind == "all":
        parser.error("`all` takes an OWNER: the four repositories have their own names.")
    names = {kind: f"{owner}/{name}" for kind, name in DEFAULT.items()}
    names["model"], names["dataset"] = options.model or names["model"], options.dataset or names["dataset"]
    if "/" in options.target:
        if getattr(options, options.kind, None):
            parser.error(f"--{options.kind} and {options.target} both name the {options.kind}: give one.")
        names[options.kind] = options.target
    for name in names.values():
        if not is_name(name):
            parser.error(f"{name!r} is no name on the Hub: OWNER or OWNER/NAME, of letters, digits, - _ and dots.")
    return options, names


def size(count: float) -> str:
    return f"{count / 1000:,.0f} kB" if count >= 1000 else f"{count:.0f} B"


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status: 0, 1 after an error in one sentence, 130 after Ctrl-C."""
    options, names = parse(arguments)
    kinds = [kind for kind in ORDER if options.kind in (kind, "all")]
    lay_out: dict[str, Callable[[Path], None]] = {
        "dataset": lambda out: bundles.dataset(out, options.data, names["dataset"], options.contributed),
        "model": lambda out: bundles.model(out, options.weights, names["model"], names["dataset"]),
        "space": lambda out: bundles.space(
            out, options.weights, names["space"], names["model"], names["dataset"], options.hardware
        ),
        "static": lambda out: lay_out_static(None, out, options.weights, names),
    }
    variables = {"MODEL_ID": names["model"]}
    done = []
    try:
        api = None if options.dry_run else sign_in({names[kind].split("/")[0] for kind in kinds})
        with tempfile.TemporaryDirectory() as work:
            for kind in kinds:  # all of them before the first goes, so that a missing archive leaves nothing half done
                lay_out[kind](Path(work, kind))
            for kind in kinds:
                if kind == "static" and api:  # again, now that the model's commit is known
                    shutil.rmtree(Path(work, kind))
                    lay_out_static(api, Path(work, kind), options.weights, names)
                files = sorted(path for path in Path(work, kind).rglob("*") if path.is_file())
                total = size(sum(path.stat().st_size for path in files))
                print(f"{kind} {names[kind]}: {len(files)} files, {total}", flush=True)
                if options.dry_run:
                    for path in files:
                        print(f"  {path.relative_to(Path(work, kind))}  {size(path.stat().st_size)}")
                    if kind == "space":
                        print(f"  variable MODEL_ID={names['model']}")
                    continue
                more = {"variables": variables, "hardware": options.hardware} if kind == "space" else {}
                if kind == "dataset":
                    more["keeps_contributions"] = options.contributed.is_dir()
                published = upload(api, kind, names[kind], Path(work, kind), private=options.private, **more)
                done.append(kind)
                if published.deleted:
                    print(f"  deleted: {', '.join(published.deleted)}")
                print(
                    f"  {published.url}\n  commit {published.commit}{'' if published.changed else ' (nothing changed)'}"
                )
    except (PublishError, bundles.BundleError, DataError) as error:
        print(f"publish.py: {error}", file=sys.stderr)
    except OSError as error:
        print(
            f"publish.py: cannot read or write {error.filename or 'a file'}: {error.strerror or error}", file=sys.stderr
        )
    except KeyboardInterrupt:
        print("\npublish.py: stopped by hand. Run it again to finish.", file=sys.stderr)
        return 130
    else:
        if options.dry_run:
            print("Nothing was sent.")
        return 0
    if done:
        print(f"Published before that: {', '.join(done)}. Run it again to finish.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
