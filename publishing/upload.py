"""Uploads a folder to a repository on the Hub: sign-in, a Space's hardware, one commit or none."""

import logging
from pathlib import Path

from publishing import hub
from publishing.hub import PublishError, explained

# The Hub's type of each kind.
REPOSITORY = {"model": "model", "dataset": "dataset", "space": "space", "static": "space"}
SDK = {"space": "gradio", "static": "static"}
CPU, ZERO = "cpu-basic", "zero-a10g"
# publish.py alone writes files of these names, so it deletes those that the project no longer has.
OURS = {
    "model": ["model.onnx", "digit28.png", "notebook.ipynb"],
    "dataset": ["clean/*", "raw/*", "drawn/*", "contributed/*", "data-*.png"],
    "space": [
        f"{name}/*" for name in ("contributions", "data", "docs", "publishing", "serving", "web", "weights")
    ],
    "static": ["*.js", "*.css", "weights/*"],
}


def sign_in():
    """The Hub's client. Raises PublishError without a token that may write."""
    from huggingface_hub import HfApi

    # The client's warnings are for programmers.
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    api = HfApi()
    with explained("your account"):
        hub.limit_silence()
        me = api.whoami()
    if me.get("auth", {}).get("accessToken", {}).get("role") == "read":
        raise PublishError(f"The token of {me['name']} may only read: {hub.NEW_TOKEN}.")
    return api


def at_hub(api, kind: str, name: str):
    """The Hub's record of a repository (`sha`, `private`, ...), or None. Raises PublishError."""
    from huggingface_hub.errors import RepositoryNotFoundError

    with explained(f"the {kind} {name}"):
        try:
            return api.repo_info(name, repo_type=REPOSITORY[kind], timeout=hub.SILENCE)
        except RepositoryNotFoundError:
            return None


def create_space(api, name: str, private: bool | None) -> str:
    """Create the Gradio Space `name` unless it exists; returns its hardware.

    A new Space runs on CPU if the account may have that, else on ZeroGPU. Raises PublishError.
    """
    from huggingface_hub.errors import HfHubHTTPError

    settings = {"repo_type": "space", "space_sdk": SDK["space"], "private": private}
    with explained(f"the space {name}"):
        if not at_hub(api, "space", name):
            try:
                api.create_repo(name, **settings)
            except HfHubHTTPError as error:
                if error.response.status_code != 402:
                    raise
                api.create_repo(name, space_hardware=ZERO, **settings)
                print(f"  not on {CPU}, because the Hub asks this account for payment{hub.quoted(error)}")
        hardware = api.get_space_runtime(name).requested_hardware or CPU
    print(f"  on {hardware}", flush=True)
    return hardware


def upload(api, kind: str, name: str, folder: Path, private: bool | None = None) -> None:
    """Make the repository `name` ("OWNER/NAME") equal to `folder`, and print its address and commit.

    Makes one commit, or none when nothing changed. Raises PublishError.
    """
    settings = {"repo_type": REPOSITORY[kind]}
    with explained(f"the {kind} {name}"):
        url = api.create_repo(name, private=private, exist_ok=True, space_sdk=SDK.get(kind), **settings)
        before = api.repo_info(name, timeout=hub.SILENCE, **settings)
        if kind in SDK and before.sdk not in (None, SDK[kind]):
            raise PublishError(
                f"The name {name} is taken by a {before.sdk} Space: give another as OWNER/NAME, or delete "
                "the Space on its page."
            )
        commit = api.upload_folder(
            repo_id=name,
            folder_path=folder,
            commit_message=f"Publish the {kind}",
            parent_commit=before.sha,
            delete_patterns=OURS[kind],
            **settings,
        ).oid
    print(f"  {url}\n  commit {commit}{'' if commit != before.sha else ' (nothing changed)'}", flush=True)


def set_model(api, name: str, model: str) -> None:
    """Make the Space `name` serve `model`, by its variable MODEL_ID. Raises PublishError."""
    with explained(f"the space {name}"):
        current = api.get_space_variables(name).get("MODEL_ID")
        if not current or current.value != model:
            api.add_space_variable(name, "MODEL_ID", model)
