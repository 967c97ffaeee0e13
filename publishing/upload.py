"""Uploads a folder to a repository on the Hub: sign-in, a Space's hardware, one commit or none."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from publishing import hub
from publishing.hub import PublishError, explained

# The Hub's type of each kind.
REPOSITORY = {"model": "model", "dataset": "dataset", "space": "space", "static": "space"}
SDK = {"space": "gradio", "static": "static"}
CPU, ZERO = "cpu-basic", "zero-a10g"
# Only this command writes these files, so it deletes those that are no longer part of the project.
OURS = {
    "model": ["model.onnx", "notebook.ipynb"],
    "dataset": ["clean/*", "raw/*", "drawn/*", "contributed/*", "data-*.png"],
    "space": [
        f"{name}/*" for name in ("contributions", "data", "docs", "publishing", "serving", "web", "weights")
    ],
    "static": ["*.js", "*.css", "weights/*"],
}


@dataclass(frozen=True)
class Published:
    """The state of a repository after publishing."""

    url: str
    commit: str  # full sha
    changed: bool


def sign_in(owners: set[str]):
    """The Hub's client for somebody who may write for the accounts `owners`.

    Raises PublishError without a token, with a wrong or read-only one, and when the Hub does not answer.
    """
    from huggingface_hub import HfApi, get_token

    # The client's warnings speak to programmers.
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    with explained("your account"):
        hub.limit_silence()
        if get_token() is None:
            raise PublishError(hub.NOT_LOGGED_IN)
        api = HfApi()
        me = api.whoami()
    if me.get("auth", {}).get("accessToken", {}).get("role") == "read":
        raise PublishError(
            f"The token of {me['name']} may only read: make one that may write in {hub.TOKENS}, "
            "then run `hf auth login --force` or set HF_TOKEN."
        )
    accounts = {me["name"], *(group["name"] for group in me.get("orgs", []))}
    if other := sorted(owners - accounts):
        raise PublishError(
            f"You are logged in as {me['name']}, who cannot write for {other[0]}: "
            f"name {' or '.join(sorted(accounts))}."
        )
    return api


def at_hub(api, kind: str, name: str):
    """The Hub's record of a repository (`sha`, `private`, ...), or None. Raises PublishError."""
    from huggingface_hub.errors import RepositoryNotFoundError

    with explained(f"the {kind} {name}"):
        try:
            return api.repo_info(name, repo_type=REPOSITORY[kind], timeout=hub.SILENCE)
        except RepositoryNotFoundError:
            return None


def shows_mnixel(api, name: str) -> bool:
    """Whether everybody can see MNIXEL's drawings in the dataset repository. Raises PublishError."""
    record = at_hub(api, "dataset", name)
    return (
        bool(record)
        and not record.private
        and any(file.rfilename.startswith("clean/") for file in record.siblings or [])
    )


def check_sdk(kind: str, name: str, info) -> None:
    """Raise PublishError when `info` is the record of another kind of Space."""
    if kind in SDK and info.sdk not in (None, SDK[kind]):
        raise PublishError(hub.taken(name, f"a {info.sdk} Space"))


def choose_hardware(
    api, name: str, wanted: str | None, private: bool | None, variables: dict
) -> tuple[str, str]:
    """Create the Gradio Space `name` with its variables unless it exists; returns its hardware, and why.

    Without `wanted` that is what the Space has already, else CPU if the account may have it, else ZeroGPU.
    Raises PublishError when the account may have none of these.
    """
    from huggingface_hub.errors import HfHubHTTPError

    if there := at_hub(api, "space", name):
        check_sdk("space", name, there)
        if wanted:
            return wanted, "as asked"
        with explained(f"the space {name}"):
            return api.get_space_runtime(name).requested_hardware or CPU, "as it has it"
    settings = {
        "repo_type": "space",
        "space_sdk": "gradio",
        "space_variables": [{"key": k, "value": v} for k, v in variables.items()],
        "private": private,
    }
    with explained(f"the space {name}"):
        try:
            api.create_repo(name, space_hardware=wanted, **settings)
            return wanted or CPU, "as asked" if wanted else "which this account may have"
        except HfHubHTTPError as error:
            if wanted or error.response.status_code != 402:
                raise
            api.create_repo(name, space_hardware=ZERO, **settings)
            return ZERO, f"because on CPU the Hub asks this account for payment{hub.quoted(error)}"


def make_private(api, name: str) -> None:
    """Create the private dataset repository unless it exists. Raises PublishError when it is public."""
    with explained(f"the dataset {name}"):
        api.create_repo(name, repo_type="dataset", private=True, exist_ok=True)
    if not at_hub(api, "dataset", name).private:
        raise PublishError(
            f"{name} is public, and drawings before review are not: make it private, or name another."
        )


def upload(
    api,
    kind: str,
    name: str,
    folder: Path,
    private: bool | None = None,
    hardware: str | None = None,
    variables: dict[str, str] | None = None,
    has_contributed: bool = False,
) -> Published:
    """Make the repository `name` ("OWNER/NAME") equal to `folder`, in one commit or none.

    `hardware` and `variables` belong to a Gradio Space that exists. `has_contributed` says that the folder of
    contributed drawings is there, even if it is empty. Raises PublishError.
    """
    repository = REPOSITORY[kind]
    with explained(f"the {kind} {name}"):
        url = api.create_repo(
            name,
            repo_type=repository,
            private=private,
            exist_ok=True,
            space_sdk=SDK.get(kind),
            space_hardware=hardware,
        )
        before = api.repo_info(name, repo_type=repository, timeout=hub.SILENCE)
        check_sdk(kind, name, before)
        there = [file.rfilename for file in before.siblings or []]
        if kind == "dataset" and not has_contributed and any(p.startswith("contributed/") for p in there):
            raise PublishError(
                f"{name} has contributed drawings and this checkout has none: run "
                "`python -m contributions merge` where they are kept, or name its folder in --contributed."
            )
        commit = api.upload_folder(
            repo_id=name,
            folder_path=folder,
            commit_message=f"Publish the {kind}",
            repo_type=repository,
            parent_commit=before.sha,
            delete_patterns=OURS[kind],
        ).oid
        changed = commit != before.sha
        current = api.get_space_variables(name) if variables else {}
        for key, value in (variables or {}).items():
            if key not in current or current[key].value != value:
                api.add_space_variable(name, key, value)
                changed = True
        if hardware and api.get_space_runtime(name).requested_hardware != hardware:
            api.request_space_hardware(name, hardware)
            changed = True
    return Published(str(url), commit, changed)
