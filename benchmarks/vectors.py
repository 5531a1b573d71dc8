"""Time and memory to read the vectors of a vocabulary from a file that is much larger.

    python benchmarks/vectors.py
    python benchmarks/vectors.py --gigabytes 6

The file is generated in a temporary folder, with 300 numbers per word as in GloVe. The vocabulary
has 10,000 words, all of which are in the file.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from sentiment.models.word_vectors import read_vectors
from sentiment.runtime.malloc import peak_memory, resident_memory
from sentiment.text.vocab import Vocab

WIDTH, WORDS = 300, 10_000


def write_file(path: Path, size: int) -> int:
    """Write a file of about `size` bytes and return its number of vectors."""
    generator = random.Random(0)
    rows = [
        " ".join(f"{generator.gauss(0, 0.4):.5f}" for _ in range(WIDTH)) + "\n" for _ in range(100)
    ]
    count = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        while file.tell() < size:
            file.writelines(f"word{count + n} {row}" for n, row in enumerate(rows))
            count += len(rows)
    return count


def main(arguments: Sequence[str] | None = None) -> None:
    """Generate the file, read it and print time and memory."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--gigabytes", type=float, default=1.0, help="size of the file")
    args = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "vectors.txt"
        count = write_file(file, int(args.gigabytes * 1e9))
        vocab = Vocab([f"word{n}" for n in range(0, count, max(1, count // WORDS))][:WORDS])
        before, started = resident_memory(), time.perf_counter()
        vectors = read_vectors(str(file), vocab)
        seconds, size = time.perf_counter() - started, file.stat().st_size
    print(f"{size / 1e9:.1f} GB, {count:,} vectors, {len(vectors.ids):,} of them read")
    print(f"{seconds:.1f} s, {size / seconds / 1e6:,.0f} MB per second")
    peak = peak_memory()
    if before is not None and peak is not None:
        print(f"memory: {before / 2**20:,.0f} MiB before, {peak / 2**20:,.0f} MiB peak")
    print(f"the vectors read: {vectors.rows.nbytes / 2**20:,.0f} MiB")


if __name__ == "__main__":
    main()
