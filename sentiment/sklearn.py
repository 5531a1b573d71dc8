"""A scikit-learn estimator.

>>> from sentiment.sklearn import SentimentClassifier
>>> estimator = SentimentClassifier(epochs=3, random_state=0).fit(texts, labels)
>>> estimator.predict(["A joy from start to finish."])
array(['pos'], dtype='<U3')

It works in a `Pipeline`, with `cross_val_score` and `GridSearchCV`, and with `clone`. It pickles as
the files of its model folder.
"""

import math
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Self

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import assert_all_finite, check_consistent_length, check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d

from sentiment.artifacts.checksums import FILES
from sentiment.artifacts.model_folder import save_model
from sentiment.config import MAX_LABELS, DataConfig
from sentiment.data.review_splits import from_reviews
from sentiment.data.reviews import IN_MEMORY
from sentiment.data.splits import hold_out
from sentiment.errors import ConfigError, DataError, listed, quoted
from sentiment.inference.classifier import Classifier
from sentiment.inference.texts import as_texts
from sentiment.presets import resolve
from sentiment.training.classification import trainer_of_splits
from sentiment.training.classification_data import Splits
from sentiment.training.initialization import choose_preset
from sentiment.training.run_folder import open_run

__all__ = ["SentimentClassifier"]

# Settings that are parameters of the estimator, or that concern files.
NOT_SETTINGS = {field.name for field in fields(DataConfig)} - {"synthetic_sentences"}
NOT_SETTINGS |= {"init", "epochs", "learning_rate", "max_length", "device", "seed"}


class SentimentClassifier(ClassifierMixin, BaseEstimator):
    """Train and use an LSTM text classifier through scikit-learn's interface.

    `fit` holds out a part of the texts of each label, and keeps the epoch with the lowest loss on
    them. It leaves no files on the disk.

    Args:
        preset: `default`, `few-shot` or `from-scratch`; None: `from-scratch` where no model in
            this package fits the language, else `default`.
        init: initial weights, see the setting `init` in `sentiment.config`; None: random ones.
        epochs: passes over the training texts; None: those of the preset, also below.
        learning_rate: peak of the schedule.
        max_length: maximum tokens of a text.
        validation_fraction: fraction of the texts to hold out.
        device: `auto`, `cpu`, `cuda` or `mps`.
        random_state: seed, or a generator to draw one from; None: a random seed.
        verbose: show a progress bar in `fit`.
        settings: other settings of `sentiment.config` for text, model and training, by name. No
            synthetic sentences are added unless `synthetic_sentences` is set here.

    Attributes:
        classes_: labels in sorted order, [num_labels], of the type of `y`.
        classifier_: the trained `sentiment.Classifier`. Its labels are `classes_` as strings.
    """

    def __init__(
        self,
        *,
        preset: str | None = None,
        init: str | None = "auto",
        epochs: int | None = None,
        learning_rate: float | None = None,
        max_length: int | None = None,
        validation_fraction: float = 0.1,
        device: str = "auto",
        random_state: Any = None,
        verbose: bool = False,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        self.preset = preset
        self.init = init
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.max_length = max_length
        self.validation_fraction = validation_fraction
        self.device = device
        self.random_state = random_state
        self.verbose = verbose
        self.settings = settings

    def fit(self, X: Iterable[str], y: Any) -> Self:
        """Train the classifier.

        Args:
            X: texts, [n]: a list, Series, 1-D array or any other iterable of strings.
            y: labels, [n]: strings, whole numbers or booleans.

        Returns:
            The estimator.

        Raises:
            TypeError: an item of `X` is not a string, or `X` is a sparse matrix.
            ValueError: `X` is one string or has two dimensions; `y` has another length, missing
                values, a single label, or a label with one text only; a parameter is out of range.
            KeyboardInterrupt: Ctrl-C, after the current step.
        """
        y, texts = check_label_names(y), check_texts(X)
        check_consistent_length(texts, y)
        classes, ids = np.unique(y, return_inverse=True)
        if len(classes) < 2:
            raise ValueError(
                f"The number of classes has to be greater than one; got {len(classes)} class."
            )
        settings = self._all_settings()
        preset = self.preset or choose_preset(settings)
        seed = resolve(preset, settings).train.seed
        reviews = from_reviews(
            {"train": list(zip(texts, ids.tolist(), strict=True))}, names_of(classes)
        )
        splits = Splits(*hold_out(reviews["train"], "random", self.validation_fraction, seed))
        with (
            tempfile.TemporaryDirectory(prefix="sentiment-fit-") as folder,
            open_run(Path(folder) / "run", temporary=True) as run,
        ):
            trainer = trainer_of_splits(run, splits, settings, preset, self.verbose)
            if not trainer.fit().finished:
                raise KeyboardInterrupt
            self.classifier_ = load_temporary(run.folder, self.device)
        self.classes_ = classes
        return self

    def _all_settings(self) -> dict[str, Any]:
        """Return the settings that the parameters stand for, by name; those of None are left out.

        Raises:
            ConfigError: `settings` has a parameter's name, or one that concerns files.
        """
        others = dict(self.settings or {})
        if wrong := sorted(others.keys() & NOT_SETTINGS):
            raise ConfigError(
                f"settings cannot have {listed(wrong)}: set the parameter of the estimator, if "
                "there is one, or leave it out."
            )
        optional = {
            "epochs": self.epochs,
            "learning_rate": self.learning_rate,
            "max_length": self.max_length,
        }
        return {
            "dataset": IN_MEMORY,
            "synthetic_sentences": 0,
            "init": self.init,
            "validation_fraction": self.validation_fraction,
            "device": self.device,
            "seed": int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max)),
            **{name: value for name, value in optional.items() if value is not None},
            **others,
        }

    def predict(self, X: Iterable[str]) -> np.ndarray:
        """Return the label of each text, [n], of the type of the labels in `fit`."""
        best = self.predict_proba(X).argmax(axis=1)  # [n]
        labels: np.ndarray = self.classes_[best]
        return labels

    def predict_proba(self, X: Iterable[str]) -> np.ndarray:
        """Return the calibrated probability of each label, [n, num_labels], float32.

        Raises:
            NotFittedError: `fit` has not been called.
            TypeError, ValueError: `X` is not a list of texts, as in `fit`.
        """
        check_is_fitted(self, "classifier_")
        return self.classifier_.predict_proba(check_texts(X))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        return tags

    def __getstate__(self) -> dict[str, Any]:
        """Return the attributes, with the bytes of the model's files in place of the model."""
        state = dict(super().__getstate__())
        if (classifier := state.pop("classifier_", None)) is not None:
            with tempfile.TemporaryDirectory(prefix="sentiment-pickle-") as folder:
                save_model(Path(folder), classifier.saved())
                state["model_files"] = {name: (Path(folder) / name).read_bytes() for name in FILES}
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore the attributes, and load the model from its files."""
        attributes = dict(state)
        files = attributes.pop("model_files", None)
        super().__setstate__(attributes)
        if files is not None:
            with tempfile.TemporaryDirectory(prefix="sentiment-pickle-") as folder:
                for name in FILES:
                    (Path(folder) / name).write_bytes(files[name])
                self.classifier_ = load_temporary(Path(folder), self.device)


def load_temporary(folder: Path, device: str) -> Classifier:
    """Load a classifier from a folder that is going to be deleted."""
    classifier = Classifier.from_pretrained(folder, device=device)
    classifier.folder = None
    return classifier


def check_texts(X: Iterable[str]) -> list[str]:
    """Return the texts in `X` as a list.

    Raises:
        TypeError: `X` is not iterable, or an item is not a string.
        ValueError: `X` is a single string, or has two dimensions.
    """
    if issparse(X):
        raise TypeError(
            "Sparse input is not supported: X must be texts, not features. Remove the vectorizer."
        )
    if isinstance(X, str):
        raise ValueError("X must be an iterable of texts, not a single string. Pass it in a list.")
    if (dimensions := getattr(X, "ndim", 1)) != 1:
        raise ValueError(
            f"X must be a list or a 1-D array of texts, and has {dimensions} dimensions. Pass a "
            "single column of texts."
        )
    return as_texts(X)


def check_label_names(y: Any) -> np.ndarray:
    """Return `y` as an array, [n].

    Raises:
        ValueError: `y` has missing, infinite or continuous values, or more than one column.
    """
    labels: np.ndarray = column_or_1d(y, warn=True)  # [n]
    # NumPy turns the NaN in a list of strings into "nan".
    if any(map(is_missing, y if isinstance(y, list | tuple) else labels.tolist())):
        raise ValueError("Input y contains NaN.")
    assert_all_finite(labels, input_name="y")
    check_classification_targets(labels)
    return labels


def is_missing(label: object) -> bool:
    """Return whether `label` is None, NaN or `pandas.NA`."""
    is_nan = isinstance(label, float) and math.isnan(label)
    return label is None or is_nan or type(label).__name__ == "NAType"


def names_of(classes: np.ndarray) -> list[str]:
    """Return the labels as strings.

    Raises:
        DataError: more than `MAX_LABELS` labels, or one that is empty or not printable.
    """
    names = [str(label) for label in classes.tolist()]
    if len(names) > MAX_LABELS:
        raise DataError(
            f"y has {len(names):,} different labels; at most {MAX_LABELS:,} are supported."
        )
    for name in names:
        if not name or not name.isprintable():
            raise DataError(
                f"y has the label {quoted.repr(name)}; a label needs printable characters. Rename "
                "it."
            )
    return names
