"""Names on the Hub, and a time limit for calls to it."""

import re
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
HUB_TIMEOUT = 6.0  # Seconds. The libraries' own retries take half a minute with no network.


def is_model_id(name: str) -> bool:
    """Whether `name` has the form of a model's id, `user/name`."""
    return "/" in name and HUB_ID.fullmatch(name) is not None


def within(seconds: float, call: Callable[[], T]) -> T:
    """The result of `call()`, or `TimeoutError`: looking up a host's name has no limit of its own.

    A call that takes longer is left behind in a daemon thread.
    """
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
