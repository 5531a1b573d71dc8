"""Requests to the Hugging Face Hub: ids, a time limit, and errors that say what to do."""

import re
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Literal, TypeVar

from sentiment.errors import HubError, describe

T = TypeVar("T")
Kind = Literal["model", "dataset"]

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
# A mistyped path such as `data/reviews.csv` has the form of an id, but is never sent to the Hub.
FILE_SUFFIXES = (
    *(".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet", ".txt", ".vec", ".safetensors"),
    *(".gz", ".bz2", ".xz", ".zst", ".zip", ".tar", ".tgz"),
)
HUB_TIMEOUT = 6.0  # Seconds. The libraries' own retries take half a minute without a network.
LOG_IN = "log in (`hf auth login`) or set HF_TOKEN"


def is_hub_id(name: str) -> bool:
    """Return whether `name` has the form of an id on the Hub: `name` or `user/name`."""
    return HUB_ID.fullmatch(name) is not None and not name.lower().endswith(FILE_SUFFIXES)


def is_model_id(name: str) -> bool:
    """Return whether `name` has the form of a model's id on the Hub: `user/name`."""
    return "/" in name and is_hub_id(name)


def with_time_limit(call: Callable[[], T], seconds: float | None = None) -> T:
    """Return `call()`.

    Looking up a host name has no time limit of its own. A call that takes longer continues in a
    daemon thread, and its result is lost.

    Args:
        call: the request.
        seconds: the limit; `HUB_TIMEOUT` if None.

    Raises:
        TimeoutError: there was no result in time.
    """
    seconds = HUB_TIMEOUT if seconds is None else seconds
    future: Future[T] = Future()

    def work() -> None:
        try:
            future.set_result(call())
        except Exception as error:
            future.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    try:
        return future.result(timeout=seconds)
    except TimeoutError as error:
        raise TimeoutError(f"no answer within {seconds:g} seconds") from error


def read_refusal(error: Exception, kind: Kind, name: str, revision: str | None) -> HubError | None:
    """Return what to do after a refused request to read `name`; None if the Hub did not answer."""
    from huggingface_hub.errors import (
        GatedRepoError,
        HFValidationError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    if isinstance(error, GatedRepoError):
        return HubError(
            f"The {kind} '{name}' is gated: accept its terms on its page on the Hub, then {LOG_IN}."
        )
    if isinstance(error, HFValidationError | RepositoryNotFoundError):
        return HubError(
            f"There is no file or folder '{name}', and no {kind} of that name on the Hub that you "
            f"can read. Check the name; if it is private, {LOG_IN}."
        )
    if isinstance(error, RevisionNotFoundError):
        return HubError(f"The {kind} '{name}' has no revision '{revision}' on the Hub.")
    if (status := status_of(error)) in (401, 403):
        return HubError(f"The Hub does not let you read '{name}' ({status}): {LOG_IN}.")
    return None


def unreachable(name: str, kind: Kind, reason: Exception) -> HubError:
    """Return the error for a Hub that does not answer, where no earlier download is complete."""
    built_in = ", or the built-in dataset 'sample'" if kind == "dataset" else ""
    return HubError(
        f"There is no file or folder '{name}', and the Hub cannot be reached for a {kind} of that "
        f"name ({describe(reason)}). Give a local copy, a mirror of the Hub "
        f"(HF_ENDPOINT=https://…){built_in}."
    )


def write_refusal(error: Exception, name: str) -> HubError:
    """Return what to do after a failed request to write `name`."""
    status = status_of(error)
    if status in (401, 403, 404):
        return HubError(
            f"The Hub does not let you write '{name}' ({status}). Use a token with write access: "
            f"{LOG_IN}."
        )
    action = "refused" if status else "cannot be reached for"
    return HubError(f"The Hub {action} '{name}': {describe(error)[:300]}")


def status_of(error: Exception) -> int | None:
    """Return the HTTP status of a refused request, or None if there was no answer."""
    return getattr(getattr(error, "response", None), "status_code", None)
