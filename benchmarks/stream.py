"""Speed and memory of `sentiment predict --file` on a file of a million short texts.

    python benchmarks/stream.py
    python benchmarks/stream.py --format parquet --rows 200000

Each text is a sentence of the built-in reviews and a word that no other text has: a cache of words
that grows with the file would be visible in the memory.
"""

import argparse
import csv
import json
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from sentiment import Classifier
from sentiment.config import SHIPPED_CLASSIFIER
from sentiment.data.synthetic.sample import sample_reviews
from sentiment.inference.label_files import label_file
from sentiment.runtime.malloc import peak_memory, resident_memory

STEP = 100_000  # Rows from one reading of the memory to the next.


def mebibytes(count: int | None) -> str:
    return "–" if count is None else f"{count / 2**20:,.0f}"


def texts() -> Iterator[str]:
    """Yield short texts without end, the same each time."""
    generator = random.Random(0)
    sentences = [
        sentence for review, _ in sample_reviews("train") for sentence in review.split(". ")
    ]
    number = 0
    while True:
        number += 1
        yield f"{generator.choice(sentences)} w{number}"


def write_file(path: Path, rows: int) -> None:
    """Write a file of `rows` texts, in the format of its suffix."""
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
    parser.add_argument("--model", default=SHIPPED_CLASSIFIER)
    args = parser.parse_args(arguments)
    classifier = Classifier.from_pretrained(args.model)
    with tempfile.TemporaryDirectory() as folder:
        suffix = "txt" if args.format == "text" else args.format
        file, output = (Path(folder) / f"{name}.{suffix}" for name in ("texts", "labelled"))
        write_file(file, args.rows)
        print(f"    start: {mebibytes(resident_memory())} MiB", flush=True)
        started, cpu = time.perf_counter(), time.process_time()
        rows = 0
        for progress in label_file(classifier, str(file), output):
            if progress.rows // STEP > rows // STEP:
                print(f"{progress.rows:>9,} rows: {mebibytes(resident_memory())} MiB", flush=True)
            rows = progress.rows
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    at_end, peak = mebibytes(resident_memory()), mebibytes(peak_memory())
    print(f"      end: {at_end} MiB, peak {peak} MiB")
    print(f"{args.rows / seconds:,.0f} rows per second, {args.rows / cpu:,.0f} per CPU second")


if __name__ == "__main__":
    main()
