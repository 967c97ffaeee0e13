"""Puts each error of the Hub into one sentence that says what happened and what to do."""

from __future__ import annotations

from contextlib import contextmanager

import httpx2
from huggingface_hub import errors, get_session, set_client_factory

SILENCE = 20  # seconds without a byte; without a limit the clients never give up


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
    """Make huggingface_hub give up a server that is silent for SILENCE seconds."""
    hooks = get_session().event_hooks
    set_client_factory(lambda: httpx2.Client(event_hooks=hooks, follow_redirects=True, timeout=SILENCE))


TOKENS = "the token settings of your account on the Hub"
NOT_LOGGED_IN = "You are not logged in: run `hf auth login` with a token that may write, or set HF_TOKEN."


def quoted(error: Exception) -> str:
    """The Hub's own message in an error, as ` ("message")`, or ""."""
    quote = (getattr(error, "server_message", None) or "").strip().split("\n")[0].rstrip(".")
    return f' ("{quote}")' if quote else ""


def taken(name: str, what: str) -> str:
    """The sentence for a name that is taken."""
    return f"The name {name} is taken, by {what}: give another as OWNER/NAME, or delete that on its page."


def explain(error: Exception, repository: str, reading: bool = False) -> str:
    """One sentence for an error of huggingface_hub about `repository`.

    With `reading` the caller only reads, and tries again by itself.
    """
    # The Hub's own answer is the cause of an error such as "upload failed".
    while isinstance(error.__cause__, Exception) and not isinstance(error, httpx2.HTTPError):
        error = error.__cause__
    return (
        _by_kind(error, repository)
        or _by_status(error, repository, reading)
        or _by_connection(error, repository, "" if reading else ": check the network and run this again")
    )


def _status(error: Exception) -> int | None:
    return getattr(getattr(error, "response", None), "status_code", None)


def _by_kind(error: Exception, repository: str) -> str | None:
    """The sentence for an error whose class is enough."""
    if isinstance(error, errors.LocalTokenNotFoundError):
        return NOT_LOGGED_IN
    if isinstance(error, errors.OfflineModeIsEnabled):
        return "HF_HUB_OFFLINE is set, so the Hub may not be asked: unset it and run this again."
    if isinstance(error, errors.GatedRepoError):
        return f"{repository} is gated: ask for access on its page, and log in with `hf auth login`."
    if isinstance(error, errors.RevisionNotFoundError):
        return f"{repository} has no such revision: give a branch, a tag or a full commit."
    if isinstance(error, errors.EntryNotFoundError) and _status(error) == 404:
        return f"{repository} does not hold the files of this network."
    return None


def _by_status(error: Exception, repository: str, reading: bool) -> str | None:
    """The sentence for the status of the Hub's answer, or None if it did not answer."""
    status, quote = _status(error), quoted(error)
    missing = isinstance(error, errors.RepositoryNotFoundError)
    if status == 401 and not reading and not missing:
        return (
            f"The Hub does not accept the token: make a new one in {TOKENS}, then run "
            "`hf auth login --force` or set HF_TOKEN."
        )
    if missing or status == 404:
        return (
            f"There is no {repository} that you may see: check the name, and log in with `hf auth login` if "
            "it is private."
        )
    if status is None:
        return None
    if status == 402:
        return (
            f"The Hub asks for payment for {repository}{quote}: take a plan that has it, leave out "
            "--hardware, or publish the static page, which is free."
        )
    if reading and status in (401, 403):
        return f"{repository} may not be read with the token that is set, or without one."
    if reading:
        return f"The Hub does not give {repository} (status {status})."
    if status in (403, 413, 507):
        return (
            f"The Hub does not let you write to {repository}{quote}: use a token with write access to it, "
            f"made in {TOKENS}; if there is no room left, delete what is not needed, or take a larger plan."
        )
    if status == 409 and "already" in quote:
        return taken(repository, "something that you may not change")
    if status in (409, 412):
        return f"Somebody else changed {repository} at the same time{quote}: run this again."
    if status == 429:
        return f"The Hub is rate-limiting you{quote}: wait some minutes and run this again."
    if status >= 500:
        return f"The Hub has trouble of its own (status {status}): run this again later."
    return f"The Hub refused the request for {repository} (status {status}){quote}."


def _by_connection(error: Exception, repository: str, again: str) -> str:
    """The sentence for an error without an answer of the Hub."""
    if isinstance(error, httpx2.TimeoutException):
        return f"The Hub did not respond{again}."
    if isinstance(error, (httpx2.TransportError, errors.LocalEntryNotFoundError, ConnectionError)):
        return f"The Hub cannot be reached{again}."
    reason = str(error).strip().split("\n")[0] or type(error).__name__
    return f"The transfer of {repository} broke off ({reason}){again}."
