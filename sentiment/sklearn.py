"""A scikit-learn estimator.

>>> from sentiment.sklearn import SentimentClassifier
>>> estimator = SentimentClassifier(epochs=3, random_state=0).fit(texts, labels)
>>> estimator.predict(["A joy from start to finish."])
array(['pos'], dtype='<U3')

It works in a `Pipeline`, with `cross_val_score` and `GridSearchCV`, and with `clone`. It pickles as
the files of its model folder.
"""

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from datasets import ClassLabel, Dataset, Features, Value
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d

from sentiment.artifacts.checksums import FILES
from sentiment.artifacts.model_folder import save_model
from sentiment.data.splits import hold_out
from sentiment.inference.classifier import Classifier
from sentiment.inference.texts import as_texts
from sentiment.training.classification import trainer_of_splits
from sentiment.training.classification_data import Splits
from sentiment.training.initialization import choose_preset
from sentiment.training.run_folder import open_run

__all__ = ["SentimentClassifier"]


class SentimentClassifier(ClassifierMixin, BaseEstimator):
    """Train and use an LSTM text classifier through scikit-learn's interface.

    A parameter that is None has the default of the preset; see `sentiment.config`.

    Args:
        preset: `default`, `few-shot` or `from-scratch`; None: chosen from the settings.
        init: initial weights, None: random ones. See the setting `init`.
        epochs: passes over the training texts.
        learning_rate: peak of the schedule.
        max_length: maximum tokens of a text.
        validation_fraction: fraction of the texts to hold out; they select the epoch.
        device: `auto`, `cpu`, `cuda` or `mps`.
        random_state: seed, or a generator to draw one from; None: a random seed.
        settings: any other settings, by name.

    Attributes:
        classes_: labels in sorted order, [num_labels].
        classifier_: the trained `sentiment.Classifier`. Its labels are the labels as strings.
        n_features_in_: not defined: a text has no fixed number of features.
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
        self.settings = settings

    def fit(self, X: Iterable[str], y: Any) -> Self:
        """Train the classifier.

        Args:
            X: texts, [n].
            y: labels, [n]: strings, numbers or booleans.

        Returns:
            The estimator.

        Raises:
            TypeError: `X` is not an iterable of strings.
            ValueError: `y` has another length, missing values, or fewer than two labels; or a
                parameter is out of range.
        """
        texts = as_texts(X)
        y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        if len(texts) != len(y):
            raise ValueError(f"X has {len(texts)} texts and y has {len(y)} labels.")
        self.classes_, ids = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y has {len(self.classes_)} class; training needs at least two.")
        settings = self.given_settings()
        labels = [str(label) for label in self.classes_.tolist()]
        features = Features({"text": Value("string"), "label": ClassLabel(names=labels)})
        rows = Dataset.from_dict({"text": texts, "label": ids.tolist()}, features=features)
        train, validation = hold_out(rows, "random", self.validation_fraction, settings["seed"])
        preset = self.preset or choose_preset(settings)
        with (
            tempfile.TemporaryDirectory(prefix="sentiment-fit-") as folder,
            open_run(Path(folder) / "run") as run,
        ):
            trainer = trainer_of_splits(run, Splits(train, validation), settings, preset)
            if not trainer.fit().finished:
                raise KeyboardInterrupt
            self.classifier_ = Classifier.from_pretrained(run.folder, device=self.device)
        return self

    def given_settings(self) -> dict[str, Any]:
        """Return the settings that differ from the preset, by name."""
        named = {
            "epochs": self.epochs,
            "learning_rate": self.learning_rate,
            "max_length": self.max_length,
        }
        seed = check_random_state(self.random_state).randint(2**31)
        return {
            "init": self.init,
            "device": self.device,
            **{name: value for name, value in named.items() if value is not None},
            **(self.settings or {}),
            "seed": seed if not isinstance(self.random_state, int) else self.random_state,
        }

    def predict(self, X: Iterable[str]) -> np.ndarray:
        """Return the label of each text, [n], of the type of the labels in `fit`."""
        labels: np.ndarray = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return labels

    def predict_proba(self, X: Iterable[str]) -> np.ndarray:
        """Return the calibrated probability of each label, [n, num_labels]."""
        check_is_fitted(self, "classifier_")
        return self.classifier_.predict_proba(X)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        tags.non_deterministic = self.random_state is None
        return tags

    def __getstate__(self) -> dict[str, Any]:
        """Return the parameters, and the bytes of the model's files in place of the model."""
        state = dict(super().__getstate__())
        if (classifier := state.pop("classifier_", None)) is not None:
            with tempfile.TemporaryDirectory(prefix="sentiment-pickle-") as folder:
                save_model(Path(folder) / "model", classifier.saved())
                files = {name: (Path(folder) / "model" / name).read_bytes() for name in FILES}
            state["model_files"] = files
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore the parameters, and load the model from its files."""
        files = state.pop("model_files", None)
        super().__setstate__(state)
        if files is not None:
            with tempfile.TemporaryDirectory(prefix="sentiment-pickle-") as folder:
                for name, content in files.items():
                    (Path(folder) / name).write_bytes(content)
                self.classifier_ = Classifier.from_pretrained(folder, device=self.device)
