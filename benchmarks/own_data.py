"""Measure accuracy on small data sets of other kinds by number of labelled texts.

    python benchmarks/own_data.py runs/own.jsonl subj_train.csv subj_test.csv
    python benchmarks/own_data.py runs/own.jsonl mpqa_train.csv mpqa_test.csv --rename c0=neg c1=pos

For each size, three stratified samples of the training file are used, the same for all kinds. A
tenth of a sample is held out for validation; TF-IDF needs no validation and is trained on all of
it, with n-grams and penalty chosen by cross-validation. Each result on the test file is appended to
the results as one line. Results already in the file are not measured again.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table
from sklearn.model_selection import GridSearchCV

from sentiment import load_reviews, train
from sentiment.config import SHIPPED_CLASSIFIER, SHIPPED_ENCODER, DataConfig
from sentiment.data.synthetic.sentences import short_opinions
from sentiment.models.bag_of_words import tf_idf

SIZES = (100, 1_000, 0)  # 0: all.
SAMPLES = 3
KINDS: dict[str, dict[str, Any]] = {
    "tf-idf": {},
    "encoder": {"init": SHIPPED_ENCODER},
    "classifier": {"init": SHIPPED_CLASSIFIER},
    "encoder-synthetic": {
        "init": SHIPPED_ENCODER,
        "synthetic_sentences": 2 * len(short_opinions()),
    },
    "classifier-synthetic": {
        "init": SHIPPED_CLASSIFIER,
        "synthetic_sentences": 2 * len(short_opinions()),
    },
}
TF_IDF_GRID = {
    "tfidfvectorizer__ngram_range": [(1, 1), (1, 2)],
    "tfidfvectorizer__min_df": [1, 2],
    "logisticregression__C": [0.3, 1, 3, 10, 30, 100],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("results", type=Path, help="JSON Lines file, created or continued")
    parser.add_argument("train", type=Path, help="file with the columns text and label")
    parser.add_argument("test", type=Path, help="file with the columns text and label")
    parser.add_argument("--kinds", choices=KINDS, nargs="+", default=["tf-idf", "encoder"])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="0: all texts")
    parser.add_argument(
        "--rename", nargs="*", default=[], help="label names that replace others: c0=neg c1=pos"
    )
    arguments = parser.parse_args()
    names = dict(pair.split("=") for pair in arguments.rename)
    tables = [read(path, names) for path in (arguments.train, arguments.test)]
    arguments.results.parent.mkdir(parents=True, exist_ok=True)
    done = set()
    if arguments.results.exists():
        lines = [json.loads(line) for line in arguments.results.open()]
        done = {(line["data"], line["kind"], line["texts"], line["sample"]) for line in lines}
    data = arguments.train.stem
    for size in arguments.sizes:
        for kind in arguments.kinds:
            for number, texts in enumerate(stratified_samples(tables[0], size)):
                key = {"data": data, "kind": kind, "texts": size, "sample": number}
                if tuple(key.values()) in done:
                    continue
                figures = measure(kind, texts, tables[1], number)
                with arguments.results.open("a") as file:
                    file.write(json.dumps({**key, **figures}) + "\n")
    print_table([json.loads(line) for line in arguments.results.open()])


def read(path: Path, names: dict[str, str]) -> pd.DataFrame:
    """Return the texts and label names of a file, with some labels renamed."""
    split = load_reviews(DataConfig(dataset=str(path), test_fraction=0.0))["train"]
    labels = split.features["label"].int2str(split["label"])
    return pd.DataFrame({"text": split["text"], "label": [names.get(one, one) for one in labels]})


def stratified_samples(texts: pd.DataFrame, size: int) -> Iterator[pd.DataFrame]:
    """Yield `SAMPLES` samples of about `size` texts, of each label its share; 0: all texts."""
    for number in range(SAMPLES):
        fraction = size / len(texts) if size else 1.0
        groups = texts.groupby("label", group_keys=False)
        yield groups.sample(frac=fraction, random_state=number).sample(frac=1, random_state=number)


def measure(kind: str, texts: pd.DataFrame, test: pd.DataFrame, seed: int) -> dict[str, Any]:
    """Train on `texts` and return the accuracy on `test`, and the seconds of training."""
    if kind == "tf-idf":
        search = GridSearchCV(tf_idf(), TF_IDF_GRID, cv=5).fit(texts["text"], texts["label"])
        correct = search.predict(test["text"]) == test["label"]
        return {"accuracy": float(correct.mean()), "seconds": 0.0}
    with TemporaryDirectory() as folder:
        files = [Path(folder) / f"{name}.csv" for name in ("train", "test")]
        for table, file in zip((texts, test), files, strict=True):
            table.to_csv(file, index=False)
        settings = {**KINDS[kind], "test_file": str(files[1]), "seed": seed}
        classifier = train(str(files[0]), Path(folder) / "run", **settings)
        splits = load_reviews(DataConfig(dataset=str(files[0]), test_file=str(files[1])))
        metrics = classifier.evaluate(splits["test"])
    return {
        "accuracy": metrics.accuracy,
        "seconds": classifier.metadata["metrics"]["seconds"],
    }


def print_table(results: list[dict[str, Any]]) -> None:
    """Print the mean and the standard deviation over the samples."""
    found = pd.DataFrame(results)
    found["accuracy"] *= 100
    kinds = [kind for kind in KINDS if kind in set(found["kind"])]
    table = Table("data", "texts", *kinds, title="Test accuracy", title_justify="left")
    for (data, size), group in found.groupby(["data", "texts"]):
        cells = []
        for kind in kinds:
            values = group.loc[group["kind"] == kind, "accuracy"]
            cells.append(f"{values.mean():.1f} ± {values.std():.1f}" if len(values) else "–")
        table.add_row(str(data), f"{size:,}" if size else "all", *cells)
    Console().print(table)


if __name__ == "__main__":
    main()
