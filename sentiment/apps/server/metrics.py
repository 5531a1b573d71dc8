"""The metrics of the server for Prometheus, of all its worker processes together."""

import os
from contextlib import suppress
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

# prometheus_client stores the metrics of each process in this folder if the variable is set.
FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
TEXTS = (1, 2, 4, 8, 16, 32, 64, 128)


class Metrics:
    """The metrics of this process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "sentiment_requests", "Requests.", ("path", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "sentiment_request_seconds",
            "Seconds from a request to its response.",
            ("path",),
            buckets=SECONDS,
            registry=self.registry,
        )
        self.queue = Gauge(
            "sentiment_queue_texts",
            "Texts that wait to be classified.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self.batch = Histogram(
            "sentiment_batch_texts", "Texts in a batch.", buckets=TEXTS, registry=self.registry
        )

    def page(self) -> bytes:
        """Return the metrics in the text format of Prometheus."""
        registry = self.registry
        if folder := os.environ.get(FOLDER_VARIABLE):
            forget_dead_processes(Path(folder))
            registry = CollectorRegistry()
            MultiProcessCollector(registry)
        content: bytes = generate_latest(registry)
        return content


def forget_dead_processes(folder: Path) -> None:
    """Remove the gauges of processes that were killed; what they counted stays."""
    for path in folder.glob("gauge_live*_*.db"):
        process = int(path.stem.rpartition("_")[2])
        # Windows does not delete the files of a live process, which it has open.
        with suppress(PermissionError):
            if os.name == "nt" or not is_alive(process):
                mark_process_dead(process, str(folder))


def is_alive(process: int) -> bool:
    """Return whether there is a process with this id. On Windows, signal 0 would be Ctrl-C."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, PermissionError):  # Ended; or now another user's.
        return False
    return True
