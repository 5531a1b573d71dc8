"""Rows a second and memory of `sentiment predict --file`, over a file of a million short texts.

    python benchmarks/stream.py
    python benchmarks/stream.py --format parquet --rows 200000

Each text is a sentence of the built-in reviews and a word that no other text has, so that a cache
of words that grew with the file would show.
"""

import argparse
import csv
import json
import random
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from sentiment.cli.predict_file import FileJob, predict_file
from sentiment.cli.show import print_jsonl
from sentiment.config import SHIPPED_CLASSIFIER
from sentiment.data.synthetic.sample import sample_reviews
from sentiment.inference.classifier import Classifier
from sentiment.runtime.malloc import peak_memory, resident_memory

STEP = 100_000  # Rows from one reading of the memory to the next.


class Watched(Classifier):
    """A classifier that reads this process's resident memory every `STEP` rows."""

    rows = 0

    def predict_proba(self, texts: str | Iterable[str], batch_size: int = 64) -> np.ndarray:
        probabilities = super().predict_proba(texts, batch_size)
        before, self.rows = self.rows, self.rows + len(probabilities)
        if self.rows // STEP > before // STEP:
            print(f"{self.rows:>9,} rows: {mebibytes(resident_memory())} MiB", flush=True)
        return probabilities


def mebibytes(count: int | None) -> str:
    return "–" if count is None else f"{count / 2**20:,.0f}"


def texts() -> Iterator[str]:
    """Short texts without end, the same each time."""
    generator = random.Random(0)
    sentences = [
        sentence for review, _ in sample_reviews("train") for sentence in review.split(". ")
    ]
    number = 0
    while True:
        number += 1
        yield f"{generator.choice(sentences)} w{number}"


def write_file(path: Path, rows: int) -> None:
    """A file of `rows` texts, in the format that its suffix says."""
    some = islice(texts(), rows)
    if path.suffix == ".parquet":
        write_parquet(path, some)
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        if path.suffix == ".jsonl":
            file.writelines(json.dumps({"id": n, "text": t}) + "\n" for n, t in enumerate(some))
        elif path.suffix == ".txt":
            file.writelines(text + "\n" for text in some)
        else:
            writer = csv.writer(file, delimiter="\t" if path.suffix == ".tsv" else ",")
            writer.writerow(["id", "text"])
            writer.writerows(enumerate(some))


def write_parquet(path: Path, some: Iterator[str]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetWriter(path, pa.schema({"text": pa.string()})) as writer:
        while group := list(islice(some, STEP)):
            writer.write_table(pa.table({"text": group}))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument(
        "--format", default="csv", choices=["text", "csv", "tsv", "jsonl", "parquet"]
    )
    parser.add_argument("--model", default=SHIPPED_CLASSIFIER, help="without: the shipped one")
    args = parser.parse_args(arguments)
    classifier = Watched.from_pretrained(args.model)
    with tempfile.TemporaryDirectory() as folder:
        suffix = "txt" if args.format == "text" else args.format
        file, output = (Path(folder) / f"{name}.{suffix}" for name in ("texts", "labelled"))
        write_file(file, args.rows)
        print(f"    start: {mebibytes(resident_memory())} MiB", flush=True)
        started, cpu = time.perf_counter(), time.process_time()
        job = FileJob(str(file), args.format, output=output)
        predict_file(classifier, job, print_jsonl, False)
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    at_end, at_most = mebibytes(resident_memory()), mebibytes(peak_memory())
    print(f"      end: {at_end} MiB, {at_most} MiB at most")
    print(f"{args.rows / seconds:,.0f} rows a second, {args.rows / cpu:,.0f} a second of CPU")


if __name__ == "__main__":
    main()
