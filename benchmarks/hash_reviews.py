"""Write the hashes by which the reviews that the shipped classifier was trained on are recognized.

    python benchmarks/hash_reviews.py --dataset stanfordnlp/imdb

The reviews are those of IMDB's training split and its unlabelled ones, without those whose text is
in the test split. Prints how many reviews of each split are recognized, and the time that takes.
"""

import argparse
import os
import time

import numpy as np

from sentiment.data.known_reviews import HASH_FILE, count_known, hash_texts, save_hashes
from sentiment.data.labels import UNSUPERVISED
from sentiment.data.reviews import load_reviews


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--dataset", default=os.environ.get("DATASET", "stanfordnlp/imdb"))
    reviews = load_reviews(parser.parse_args().dataset)
    train, test, unlabelled = (
        hash_texts(reviews[split]["text"]) for split in ("train", "test", UNSUPERVISED)
    )
    hashes = np.concatenate([train, np.setdiff1d(unlabelled, test)])
    save_hashes(hashes, HASH_FILE)
    print(f"{len(np.unique(hashes)):,} hashes, {HASH_FILE.stat().st_size:,} bytes in {HASH_FILE}")
    for name, split in reviews.items():
        texts = list(split["text"])
        start = time.perf_counter()
        count = count_known(texts)
        seconds = time.perf_counter() - start
        print(f"{name}: {count:,} of {len(texts):,} recognized in {seconds:.1f} s")


if __name__ == "__main__":
    main()
