"""Turn Ctrl-C, Ctrl-Break and SIGTERM into an event, so that training stops between two steps."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# Other programs can stop one on Windows only with SIGBREAK: SIGTERM ends it at once.
STOP_SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)
]


@contextmanager
def stop_signals() -> Iterator[threading.Event]:
    """Yield an event that these signals set, instead of raising `KeyboardInterrupt`.

    A second signal raises `KeyboardInterrupt` at once. The previous handlers are restored when the
    block ends. In other threads than the main one the event is never set.
    """
    stop_requested = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop_requested  # Python delivers signals to the main thread only.
        return

    def request_stop(number: int, frame: FrameType | None) -> None:
        if stop_requested.is_set():
            raise KeyboardInterrupt
        stop_requested.set()

    before = {number: signal.signal(number, request_stop) for number in STOP_SIGNALS}
    try:
        yield stop_requested
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
