"""From a finished run to the classifier in the package: weights of 16 bits, and what that changes.

    python benchmarks/ship.py runs/imdb

Writes nothing if rounding changes more than one label in 1,000 of unlabelled reviews.
"""

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from sentiment.batches import encode
from sentiment.bundle import SHIPPED_CLASSIFIER, load_bundle, save_bundle
from sentiment.config import SHIPPED, DataConfig
from sentiment.corpus import load_corpus
from sentiment.tokenizer import Tokenizer, tokenize_dataset

REVIEWS = 10_000
MOST_CHANGED = 0.001


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("run", type=Path, help="folder of a finished run")
    parser.add_argument("--dataset", default=os.environ.get("DATASET", "stanfordnlp/imdb"))
    arguments = parser.parse_args()
    bundle = load_bundle(arguments.run)
    # Named as everybody can find them, wherever the copies of this run lay.
    config = replace(
        bundle.config,
        data=replace(bundle.config.data, dataset=DataConfig.dataset),
        model=replace(bundle.config.model, encoder=SHIPPED),
    )
    bundle = replace(bundle, config=config)

    rows = load_corpus(arguments.dataset)["unsupervised"].shuffle(seed=0).select(range(REVIEWS))
    tokens = tokenize_dataset(rows, Tokenizer(config.text.language, config.text.lowercase))
    reviews = [encode(review, bundle.vocab, config.text) for review in tokens["tokens"]]
    with TemporaryDirectory() as folder:
        save_bundle(bundle, Path(folder) / "half", half=True)
        rounded = load_bundle(Path(folder) / "half")
    before, after = (one.logits(reviews).softmax(dim=1) for one in (bundle, rounded))
    changed = int((before.argmax(dim=1) != after.argmax(dim=1)).sum())
    moved = (before - after).abs().max().item()
    print(f"16 bits change {changed} of {REVIEWS:,} labels, and no score by more than {moved:.4f}.")
    if changed > MOST_CHANGED * REVIEWS:
        sys.exit("That is too much: not shipped.")
    save_bundle(bundle, SHIPPED_CLASSIFIER, half=True)
    print(f"Shipped: {SHIPPED_CLASSIFIER}")


if __name__ == "__main__":
    main()
