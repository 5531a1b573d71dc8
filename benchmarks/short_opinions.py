"""Measure the error rate on 396 short opinions that are independent of the training data.

    python benchmarks/short_opinions.py runs/seed-0 runs/seed-1

196 express a feeling or give advice, 200 praise or criticize plainly. About half are positive.
Their writer had seen neither the synthetic sentences nor the behavioral tests. The development part
of these tests is less suitable for comparisons, because the synthetic sentences have the same
author. Do not add these opinions to the training data. The default model is the shipped one.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.metrics import roc_auc_score

from sentiment import Classifier
from sentiment.data.labels import negative_positive_ids

OPINIONS = Path(__file__).with_suffix(".jsonl")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("models", nargs="*", default=[None], help="run folders")
    arguments = parser.parse_args()
    rows = [json.loads(line) for line in OPINIONS.open(encoding="utf-8")]
    texts = [row["text"] for row in rows]
    kinds = np.array([row["kind"] for row in rows])
    labels = np.array([row["label"] for row in rows])
    table = Table("model", *(f"{kind}: error rate, ROC-AUC" for kind in sorted({*kinds})))
    for model in arguments.models:
        classifier = Classifier.from_pretrained(model) if model else Classifier.from_pretrained()
        ids = negative_positive_ids(classifier.labels)
        assert ids is not None, classifier.labels
        scores = classifier.predict_proba(texts)[:, ids[1]]
        cells = []
        for kind in sorted({*kinds}):
            own, truth = scores[kinds == kind], labels[kinds == kind]
            wrong = ((own > 0.5) != truth).mean()
            cells.append(f"{wrong:.1%}, {roc_auc_score(truth, own):.3f}")
        table.add_row(model or "shipped", *cells)
    Console().print(table)


if __name__ == "__main__":
    main()
