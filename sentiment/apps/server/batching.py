"""Dynamic batching: texts of concurrent requests are classified together.

Requests append their texts to one bounded queue. One thread classifies what has arrived, so that
the event loop stays free to read and write other requests.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Generic, NamedTuple, TypeVar

from sentiment.apps.server.metrics import Metrics

MAX_QUEUE = 2000  # Texts that wait; they are classified in about 10 seconds on two CPUs.
MAX_BATCH = 128  # Texts in a batch. More delay the requests that wait for the next one.
MAX_WAIT = 0.005  # Seconds that the first text of a batch waits for others.
PAUSE = 0.001  # Seconds without a new text after which a batch does not wait any longer.

Result = TypeVar("Result")


class QueueFullError(Exception):
    """Too many requests wait."""


class Waiting(NamedTuple, Generic[Result]):
    """A text in the queue, and where its result goes."""

    text: str
    result: "asyncio.Future[Result]"
    arrival: float  # By `time.monotonic`.


class Batcher(Generic[Result]):
    """Classify the texts of concurrent requests in batches.

    Args:
        classify: returns one result for each text, in order. A thread calls it.
        metrics: where the lengths of the queue and of the batches are recorded.
        max_queue: texts that may wait.
    """

    def __init__(
        self,
        classify: Callable[[list[str]], Sequence[Result]],
        metrics: Metrics,
        max_queue: int = MAX_QUEUE,
    ) -> None:
        self.classify = classify
        self.metrics = metrics
        self.max_queue = max_queue
        self.queue: deque[Waiting[Result]] = deque()
        self.changed = threading.Condition()  # Guards the queue and `stopped`.
        self.stopped = False

    def start(self) -> None:
        """Start the thread, in the event loop that calls `submit`."""
        loop = asyncio.get_running_loop()
        threading.Thread(target=self.run, args=(loop,), daemon=True).start()

    def stop(self) -> None:
        """End the thread after the texts that wait are classified."""
        with self.changed:
            self.stopped = True
            self.changed.notify()

    async def submit(self, texts: Sequence[str]) -> list[Result]:
        """Return the result of each text, in order.

        Raises:
            QueueFullError: the queue has no space for all of the texts.
        """
        loop = asyncio.get_running_loop()
        waiting = [Waiting(text, loop.create_future(), time.monotonic()) for text in texts]
        with self.changed:
            if len(self.queue) + len(texts) > self.max_queue:
                raise QueueFullError
            self.queue.extend(waiting)
            self.metrics.queue.set(len(self.queue))
            self.changed.notify()
        results: list[Result] = await asyncio.gather(*(item.result for item in waiting))
        return results

    def run(self, loop: asyncio.AbstractEventLoop) -> None:
        """Classify batches until `stop` is called."""
        while True:
            with self.changed:
                self.changed.wait_for(lambda: bool(self.queue) or self.stopped)
                if not self.queue:
                    return
                deadline = self.queue[0].arrival + MAX_WAIT
            self.wait_for_others(deadline)
            self.classify_batch(self.take_batch(), loop)

    def wait_for_others(self, deadline: float) -> None:
        """Wait while texts arrive, until `deadline` or until a batch is full."""
        before = 0
        while before < len(self.queue) < MAX_BATCH and time.monotonic() < deadline:
            before = len(self.queue)
            time.sleep(PAUSE)

    def take_batch(self) -> list[Waiting[Result]]:
        """Remove the next batch from the queue."""
        with self.changed:
            batch = [self.queue.popleft() for _ in range(min(len(self.queue), MAX_BATCH))]
            self.metrics.queue.set(len(self.queue))
        return batch

    def classify_batch(self, batch: list[Waiting[Result]], loop: asyncio.AbstractEventLoop) -> None:
        """Classify a batch and pass the results, or the error, to its requests."""
        self.metrics.batch.observe(len(batch))
        results: Sequence[Result] = ()
        failure: Exception | None = None
        try:
            results = self.classify([item.text for item in batch])
        except Exception as error:  # A defect must not end the thread, or later requests hang.
            failure = error

        def deliver() -> None:
            for index, item in enumerate(batch):
                if item.result.done():  # The request was cancelled.
                    continue
                if failure is None:
                    item.result.set_result(results[index])
                else:
                    item.result.set_exception(failure)

        with suppress(RuntimeError):  # The loop is closed: the process ends.
            loop.call_soon_threadsafe(deliver)
