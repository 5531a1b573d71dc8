"""Table files for tests, and what each part of the package reads in them."""

import io
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
from support.fake_classifier import FakeClassifier

from sentiment.config import DataConfig, ReaderConfig
from sentiment.data.labels import UNLABELLED
from sentiment.data.reviews import load_reviews
from sentiment.errors import Notice, SentimentError
from sentiment.inference.label_files import label_file

READER_SETTINGS = frozenset(ReaderConfig.__dataclass_fields__)


class RecordingClassifier(FakeClassifier):
    """A classifier that keeps the texts that it is asked to label."""

    def __init__(self):
        self.texts = []

    def encode(self, texts):
        self.texts += texts
        return [[2] for _ in texts]


@dataclass
class Outcome:
    """What was read in a file: its texts and labels, or the message of an error."""

    texts: list = field(default_factory=list)
    labels: list = field(default_factory=list)
    notices: list = field(default_factory=list)
    error: str | None = None


def load_all(path, **settings):
    """Load all splits, without holding out a test split."""
    return load_reviews(DataConfig(dataset=str(path), test_fraction=0.0, **settings))


def read_for_training(path, **settings):
    """Return what `train`, `eval` and the commands like them read in a file."""
    outcome = Outcome()
    config = DataConfig(**{"dataset": str(path), "test_fraction": 0.0, **settings})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", Notice)
        try:
            splits = load_reviews(config)
        except SentimentError as error:
            outcome.error = str(error)
            return outcome
    outcome.notices = [str(one.message) for one in caught if issubclass(one.category, Notice)]
    for split in splits.values():
        names = split.features["label"].names
        outcome.texts += split["text"]
        outcome.labels += [None if id == UNLABELLED else names[id] for id in split["label"]]
    return outcome


def read_for_labelling(path, output=None, **settings):
    """Return the texts that `predict --file` and the Python API label in a file."""
    outcome = Outcome()
    classifier = RecordingClassifier()
    output = output or Path(f"{path}.labelled")
    reader = ReaderConfig(**{k: v for k, v in settings.items() if k in READER_SETTINGS})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", Notice)
        try:
            for _ in label_file(classifier, str(path), output, reader=reader, prefix="predicted_"):
                pass
        except SentimentError as error:
            outcome.error = str(error)
            return outcome
    outcome.notices = [str(one.message) for one in caught if issubclass(one.category, Notice)]
    outcome.texts = classifier.texts
    return outcome


def workbook(*sheets):
    """Return a workbook whose sheets have these rows."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for number, rows in enumerate(sheets):
        sheet = book.create_sheet(f"Sheet {number + 1}")
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def parquet(columns, schema=None):
    """Return the content of a Parquet file."""
    out = io.BytesIO()
    pq.write_table(pa.table(columns, schema=schema), out)
    return out.getvalue()
