"""Measure the memory that training needs before its first step, on millions of synthetic reviews.

    python benchmarks/large_dataset.py --reviews 2000000

The reviews have 50 words, of which the frequencies follow Zipf's law. They are written to a Parquet
file in a temporary folder, in which the caches are too. The peak is that of private memory: pages
of mapped files, which the system can drop at any time, are not counted.
"""

import argparse
import multiprocessing
import os
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

WORDS, WORDS_PER_REVIEW, BATCH = 100_000, 50, 20_000


def write_reviews(path: Path, count: int) -> None:
    """Write `count` reviews, half of them positive, to a Parquet file."""
    generator = np.random.default_rng(0)
    words = np.array([f"w{number:x}" for number in range(WORDS)])
    schema = pa.schema({"text": pa.string(), "label": pa.string()})
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, count, BATCH):
            size = min(BATCH, count - start)
            drawn = generator.random((size, WORDS_PER_REVIEW))
            rows = words[(WORDS**drawn).astype(np.int64) - 1]
            texts = [" ".join(row) for row in rows]
            labels = np.where(generator.random(size) < 0.5, "neg", "pos").tolist()
            writer.write_batch(pa.record_batch([texts, labels], schema=schema))


def private_memory(status: Path = Path("/proc/self/status")) -> int:
    """Return the resident memory of this process without pages of files, in bytes."""
    lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return int(lines["RssAnon"].split()[0]) * 1024


def prepare(
    path: Path, folder: Path, out: "multiprocessing.Queue[tuple[str, float, float]]"
) -> None:
    """Prepare a training run, and report the seconds and the peak of private memory."""
    os.environ["HF_HOME"] = str(folder / "cache")
    peak = private_memory()

    def watch() -> None:
        nonlocal peak
        while True:
            peak = max(peak, private_memory())
            time.sleep(0.05)

    import datasets

    from sentiment.training.classification import make_trainer
    from sentiment.training.run_folder import open_run

    datasets.disable_progress_bars()
    before = private_memory()
    threading.Thread(target=watch, daemon=True).start()
    for name in ("first run", "with cached tokens"):
        started = time.monotonic()
        settings = {"dataset": str(path), "hidden_size": 8, "embedding_dim": 8, "device": "cpu"}
        with open_run(folder / name) as run:
            trainer = make_trainer(run, settings, "from-scratch")
            next(trainer.stages[-1].sampler.epoch(0).__iter__())
        out.put((name, time.monotonic() - started, (peak - before) / 2**20))
        del trainer
        peak = 0


def main() -> None:
    """Write the reviews, prepare a run in another process, print what it needed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--reviews", type=int, default=2_000_000)
    count = parser.parse_args().reviews
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reviews.parquet"
        write_reviews(path, count)
        print(f"{count:,} reviews, {path.stat().st_size / 2**20:,.0f} MiB of Parquet")
        queue: multiprocessing.Queue[tuple[str, float, float]] = context.Queue()
        process = context.Process(target=prepare, args=(path, Path(folder), queue))
        process.start()
        for _ in range(2):
            name, seconds, peak = queue.get()
            share = peak * 2**20 / count
            print(f"{name}: {seconds:,.0f} s, peak {peak:,.0f} MiB, {share:,.0f} bytes a review")
        process.join()


if __name__ == "__main__":
    main()
