"""Measure ensembles: several seeds of one configuration, and an LSTM blended with NB-SVM.

    python benchmarks/ensembles.py runs/seed-0 runs/seed-1 runs/seed-2

The headline figure of the README is a single model, because the cost of an ensemble grows with its
number of members and NB-SVM is larger than the LSTM. The weights of the blend are fitted on the
contiguous validation tenth. NB-SVM and the LSTM are trained on the other nine tenths.
"""

import argparse
import os
from pathlib import Path

import numpy as np
import torch
from datasets import Dataset
from rich.console import Console
from rich.table import Table
from scipy.stats import binomtest
from sklearn.linear_model import LogisticRegression

from sentiment import Classifier, load_reviews
from sentiment.config import DataConfig
from sentiment.data.splits import train_and_validation
from sentiment.models.bag_of_words import nb_svm


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("runs", type=Path, nargs="+", help="run folders trained on the dataset")
    parser.add_argument("--dataset", default=os.environ.get("DATASET", "stanfordnlp/imdb"))
    arguments = parser.parse_args()
    splits = load_reviews(arguments.dataset)
    data = DataConfig(dataset=arguments.dataset)
    train, validation = train_and_validation(splits, data, seed=0)
    test = splits["test"]
    classifiers = [Classifier.from_pretrained(run) for run in arguments.runs]
    margins = {
        name: [margin(classifier, reviews) for classifier in classifiers]
        for name, reviews in (("validation", validation), ("test", test))
    }
    words = nb_svm().fit(list(train["text"]), list(train["label"]))
    others = {
        name: words.decision_function(list(reviews["text"]))
        for name, reviews in (("validation", validation), ("test", test))
    }
    blends = []
    for number in range(len(classifiers)):
        columns = {
            name: np.stack([margins[name][number], others[name]], axis=1) for name in margins
        }
        blend = LogisticRegression().fit(columns["validation"], validation["label"])
        blends.append(blend.decision_function(columns["test"]))
    table = Table("what", "test accuracy", "95% interval", title="Ensembles", title_justify="left")
    rows = {
        **{str(run): m for run, m in zip(arguments.runs, margins["test"], strict=True)},
        "NB-SVM": others["test"],
        f"mean of the {len(classifiers)} LSTMs": np.mean(margins["test"], axis=0),
        **{f"{run} with NB-SVM": m for run, m in zip(arguments.runs, blends, strict=True)},
    }
    for name, decision in rows.items():
        correct = (decision > 0) == np.array(test["label"])
        interval = binomtest(int(correct.sum()), len(correct)).proportion_ci(method="wilson")
        table.add_row(name, f"{correct.mean():.2%}", f"{interval.low:.2%} to {interval.high:.2%}")
    Console().print(table)


def margin(classifier: Classifier, reviews: Dataset) -> np.ndarray:
    """Return the difference of the calibrated logits, positive for label 1: [reviews]."""
    probabilities = torch.from_numpy(classifier.predict_proba(reviews["text"]))  # [reviews, 2]
    return torch.logit(probabilities[:, 1].double(), eps=1e-12).numpy()


if __name__ == "__main__":
    main()
