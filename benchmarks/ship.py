"""Store a trained model as the shipped classifier, with weights of 16 bits.

    python benchmarks/ship.py runs/imdb

The model is not stored if rounding the weights changes more than 0.1% of the labels of unlabelled
reviews. The script also writes the expected scores of some built-in reviews and unusual texts for
the tests.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from sentiment.artifacts.model_folder import SHIPPED_CLASSIFIER_FOLDER, save_model
from sentiment.config import SHIPPED_CLASSIFIER, SHIPPED_ENCODER, DataConfig
from sentiment.data.reviews import load_reviews
from sentiment.data.synthetic.sample import sample_reviews
from sentiment.inference.classifier import Classifier

PREDICTIONS = Path(__file__).parents[1] / "tests/support/predictions.json"
UNUSUAL_TEXTS = [
    "",
    "Good.",
    "GOOD!!!",
    "Not bad<br /><br />at all",
    "A bornig film, wirtten by nobdy.",
    "zwölf Boxkämpfer, 十二名拳击手, двенадцать боксёров",
    "10/10 :-) … \u200b\ufeff\x00 e\u0301",
    "don't can't won't it's U.S.A. e.g. 1990s $5.00 a/b c--d",
]

REVIEWS = 10_000
MAX_CHANGED_FRACTION = 0.001


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("run", type=Path, help="folder of a finished run")
    parser.add_argument("--dataset", default=os.environ.get("DATASET", "stanfordnlp/imdb"))
    arguments = parser.parse_args()
    classifier = Classifier.from_pretrained(arguments.run)
    config = classifier.config
    if config.train.teacher not in (None, SHIPPED_CLASSIFIER):
        sys.exit(f"Not stored: its teacher is '{config.train.teacher}'. Ship the teacher first.")
    # Public names instead of the local paths of this run.
    is_student = config.model.init == SHIPPED_CLASSIFIER
    config = replace(
        config,
        data=replace(config.data, dataset=DataConfig.dataset),
        model=replace(config.model, init=SHIPPED_CLASSIFIER if is_student else SHIPPED_ENCODER),
    )
    saved = classifier.saved()._replace(config=config)

    rows = load_reviews(arguments.dataset)["unsupervised"].shuffle(seed=0).select(range(REVIEWS))
    reviews = classifier.encode(rows["text"])
    with TemporaryDirectory() as folder:
        save_model(Path(folder) / "half", saved, half=True)
        rounded = Classifier.from_pretrained(Path(folder) / "half")
    before, after = (one.predict_logits(reviews).softmax(dim=1) for one in (classifier, rounded))
    changed = int((before.argmax(dim=1) != after.argmax(dim=1)).sum())
    moved = (before - after).abs().max().item()
    print(
        f"16 bits change {changed} of {REVIEWS:,} labels; largest change of a score: {moved:.4f}."
    )
    if changed > MAX_CHANGED_FRACTION * REVIEWS:
        sys.exit(f"Not stored: more than {MAX_CHANGED_FRACTION:.1%} of the labels change.")
    save_model(SHIPPED_CLASSIFIER_FOLDER, saved, half=True)
    print(f"Stored in {SHIPPED_CLASSIFIER_FOLDER}")

    classifier = Classifier.from_pretrained()
    texts = [*UNUSUAL_TEXTS, *(text for text, _ in sample_reviews("test")[::25])]
    scores = dict(zip(texts, exact_scores(classifier, texts), strict=True))
    PREDICTIONS.write_text(json.dumps(scores, indent=1) + "\n", encoding="utf-8")


def exact_scores(classifier: Classifier, texts: Sequence[str]) -> list[float]:
    """Return the probability of `pos` of each text, in float32 on every machine."""
    reviews = classifier.encode(texts)
    with patch("sentiment.inference.batched.autocast", lambda *_: nullcontext()):
        logits = classifier.predict_logits(reviews)
    return [round(score, 6) for score in logits.softmax(dim=1)[:, 1].tolist()]


if __name__ == "__main__":
    main()
