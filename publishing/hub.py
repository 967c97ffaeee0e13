"""Turns errors of the Hub into one sentence that says what happened and what to do."""

from contextlib import contextmanager

import httpx2
from huggingface_hub import errors, get_session, set_client_factory

# The Hub's client waits this long for a byte. By default it waits forever.
SILENCE = 20  # seconds


class PublishError(RuntimeError):
    """Publishing failed. The message is one sentence that says why and what to do."""


@contextmanager
def explained(repository: str):
    """Turn any error of the Hub's clients into a PublishError about `repository`."""
    try:
        yield
    except PublishError:
        raise
    except Exception as error:
        raise PublishError(explain(error, repository)) from error


def limit_silence() -> None:
    """Make huggingface_hub give up when a server is silent for SILENCE seconds."""
    hooks = get_session().event_hooks
    set_client_factory(lambda: httpx2.Client(event_hooks=hooks, follow_redirects=True, timeout=SILENCE))


NEW_TOKEN = (
    "make a token that may write in the token settings of your account on the Hub, then run "
    "`hf auth login --force` or set HF_TOKEN"
)
REFUSED = (
    "The Hub does not let you write to {repository}{quote}: use a token that may write there, or if your "
    "storage is full, delete files or take a larger plan."
)
CHANGED = (
    "Somebody else has {repository}, or changed it meanwhile{quote}: give another name, or run this again."
)
# Status of the Hub's answer -> what a publisher can do.
BY_STATUS = {
    401: f"The Hub does not accept the token: {NEW_TOKEN}.",
    402: (
        "The Hub asks for payment for {repository}{quote}: take a plan that includes it, or publish the "
        "static page, which is free."
    ),
    403: REFUSED,
    409: CHANGED,
    412: CHANGED,
    413: REFUSED,
    429: "The Hub is rate-limiting you{quote}: wait some minutes and run this again.",
    507: REFUSED,
}


def quoted(error: Exception) -> str:
    """The Hub's message in an error as ` ("message")`, or "" without one."""
    quote = (getattr(error, "server_message", None) or "").strip().split("\n")[0].rstrip(".")
    return f' ("{quote}")' if quote else ""


def explain(error: Exception, repository: str, reading: bool = False) -> str:
    """One sentence for an error of huggingface_hub about `repository`.

    With `reading`, it is for a program that only reads and tries again by itself.
    """
    # Behind an error like "upload failed" is the Hub's own answer.
    while isinstance(error.__cause__, Exception) and not isinstance(error, httpx2.HTTPError):
        error = error.__cause__
    quote, status = quoted(error), getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, errors.LocalTokenNotFoundError):
        return f"You are not logged in: {NEW_TOKEN}."
    if status is None:
        reason = str(error).strip().split("\n")[0].rstrip(".") or type(error).__name__
        again = "" if reading else ": check the network and run this again"
        return f"Talking to the Hub about {repository} failed ({reason}){again}."
    if status >= 500 and status not in BY_STATUS:
        return f"The Hub has trouble of its own (status {status}): run this again later."
    if reading:
        return f"The Hub refuses {repository} (status {status}){quote}: check its name and the token."
    refused = "The Hub refused the request for {repository} (status {status}){quote}."
    return BY_STATUS.get(status, refused).format(repository=repository, status=status, quote=quote)
