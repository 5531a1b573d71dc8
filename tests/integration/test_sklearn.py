"""The scikit-learn estimator: its interface, its errors, and scikit-learn's own checks."""

import copy
import pickle
import random
import signal
import warnings

import datasets
import numpy as np
import pandas as pd
import pytest
import sklearn
import torch
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError, SkipTestWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import estimator_checks
from sklearn.utils.fixes import parse_version
from sklearn.utils.validation import check_is_fitted

from sentiment import SentimentError
from sentiment.artifacts.model_card import hub_dataset
from sentiment.artifacts.sharing import CARD_FILE
from sentiment.errors import ConfigError, DataError
from sentiment.sklearn import SentimentClassifier
from sentiment.training.trainer import Trainer

# Settings of a model that trains in a quarter of a second.
SMALL = {
    "embedding_dim": 4,
    "hidden_size": 4,
    "min_steps": 2,
    "min_epoch_steps": 1,
    "adversarial_norm": 0.0,
    "pooling": "max",
}
# Settings of a model that learns `TEXTS`, with a learning rate of 0.05.
LEARNING = {
    **dict.fromkeys(("word_dropout", "embedding_dropout", "output_dropout"), 0.0),
    "min_epoch_steps": 60,
    "layer_decay": 1.0,
}
TEXTS = [f"A {'fine' if row % 2 else 'dull'} film, number {row % 5}." for row in range(20)]
LABELS = ["pos" if row % 2 else "neg" for row in range(20)]
NEW_TEXTS = ["A fine film.", "A dull one, number 3.", "Number 4."]


def small_estimator(settings=None, cls=SentimentClassifier, **parameters):
    """Return an estimator that trains a small model on the CPU, with random initial weights."""
    defaults = {"init": None, "epochs": 1, "device": "cpu", "random_state": 0}
    return cls(**{**defaults, **parameters}, settings={**SMALL, **(settings or {})})


@pytest.fixture(autouse=True)
def quick_disk(no_fsync):
    """Do not wait for the disk."""


@pytest.fixture(autouse=True)
def known_words_only():
    """Ignore that the small models do not know many words."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*words of this text")
        yield


@pytest.fixture(scope="module")
def fitted():
    """Return an estimator that is fitted to `TEXTS`."""
    return small_estimator().fit(TEXTS, LABELS)


def test_fit_returns_the_estimator_with_sorted_classes():
    estimator = small_estimator()
    assert estimator.fit(TEXTS, LABELS) is estimator
    assert estimator.classes_.tolist() == ["neg", "pos"]
    assert estimator.classifier_.labels == ["neg", "pos"]


def test_probabilities_are_those_of_the_trained_classifier(fitted):
    probabilities = fitted.predict_proba(NEW_TEXTS)
    assert probabilities.shape == (3, 2)
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    assert (probabilities == fitted.classifier_.predict_proba(NEW_TEXTS)).all()
    assert fitted.predict(NEW_TEXTS).tolist() == fitted.classifier_.predict(NEW_TEXTS)


def test_estimator_learns_from_the_texts():
    estimator = small_estimator(LEARNING, learning_rate=0.05).fit(TEXTS, LABELS)
    assert estimator.score(TEXTS, LABELS) == 1


@pytest.mark.parametrize(
    ("labels", "kind", "names"),
    [
        ([3, 7], "i", ["3", "7"]),
        ([False, True], "b", ["False", "True"]),
        (["no", "yes"], "U", ["no", "yes"]),
        (np.array(["no", "yes"], dtype=object), "O", ["no", "yes"]),
        (pd.Series(["no", "yes"], dtype="category"), "O", ["no", "yes"]),
    ],
)
def test_predictions_have_the_type_of_the_labels(labels, kind, names):
    many = pd.concat([labels] * 5) if isinstance(labels, pd.Series) else np.tile(labels, 5)
    estimator = small_estimator().fit(TEXTS[:10], many)
    assert estimator.classes_.dtype.kind == kind
    assert estimator.classes_.tolist() == list(labels)
    assert estimator.classifier_.labels == names
    predictions = estimator.predict(TEXTS[:10])
    assert predictions.dtype == estimator.classes_.dtype
    assert set(predictions.tolist()) <= set(labels)
    assert estimator.score(TEXTS[:10], many) == np.mean(predictions == np.asarray(many))


@pytest.mark.parametrize(
    "convert",
    [tuple, pd.Series, np.array, lambda texts: np.array(texts, dtype=object), iter],
    ids=["tuple", "Series", "array", "object array", "generator"],
)
def test_texts_may_be_any_iterable_of_strings(fitted, convert):
    expected = fitted.predict_proba(TEXTS)
    assert (small_estimator().fit(convert(TEXTS), LABELS).predict_proba(TEXTS) == expected).all()
    assert (fitted.predict_proba(convert(TEXTS)) == expected).all()


NOT_TEXTS = [
    (np.zeros((20, 3)), "X must be a list or a 1-D array of texts, and has 2 dimensions"),
    (sparse.eye(20, format="csr"), "Sparse input is not supported: X must be texts"),
    (pd.DataFrame({"text": TEXTS}), "Pass a single column of texts"),
    ("A fine film.", "not a single string"),
    (np.arange(20), "item 0 is a value of type int64"),
    (list(range(20)), "item 0 is a value of type int"),
    ([*TEXTS[:19], float("nan")], "item 19 is NaN"),
    ([*TEXTS[:19], None], "item 19 is None"),
    (5, "not a value of type int"),
    (None, "not None"),
]


@pytest.mark.parametrize(("texts", "message"), NOT_TEXTS)
def test_anything_but_texts_is_an_error(fitted, texts, message):
    def fit(X):
        small_estimator().fit(X, LABELS)

    for method in (fitted.predict, fitted.predict_proba, fit):
        with pytest.raises((TypeError, ValueError), match=message):
            method(texts)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["pos"] * 20, "number of classes has to be greater than one; got 1 class"),
        (LABELS[:19], r"inconsistent numbers of samples: \[20, 19\]"),
        ([*LABELS[:19], float("nan")], "Input y contains NaN"),
        ([*LABELS[:19], None], "Input y contains NaN"),
        (pd.Series([*LABELS[:19], pd.NA], dtype="string"), "Input y contains NaN"),
        ([0, 1] * 9 + [1, float("nan")], "Input y contains NaN"),
        ([0, 1] * 9 + [1, float("inf")], "Input y contains infinity"),
        (np.linspace(0, 1, 20), "Unknown label type: continuous"),
        (np.zeros((20, 2)), "y should be a 1d array"),
        (None, "y should be a 1d array"),
        ([*LABELS[:19], "mixed"], "'mixed' has a single review, in row 20"),
        (["", "pos"] * 10, "y has the label ''; a label needs printable characters"),
        (["a\nb", "pos"] * 10, "needs printable characters"),
    ],
)
def test_labels_that_cannot_be_used_are_an_error(labels, message):
    with pytest.raises(ValueError, match=message):
        small_estimator().fit(TEXTS, labels)


def test_too_many_labels_are_an_error_before_training():
    numbers = [number // 2 for number in range(2002)]
    with pytest.raises(DataError, match="y has 1,001 different labels; at most 1,000"):
        small_estimator().fit([str(number) for number in numbers], numbers)


def test_no_texts_are_an_error():
    with pytest.raises(ValueError, match="got 0 class"):
        small_estimator().fit([], [])


def test_no_texts_have_no_predictions(fitted):
    assert fitted.predict_proba([]).shape == (0, 2)
    assert fitted.predict([]).shape == (0,)


@pytest.mark.parametrize("method", ["predict", "predict_proba"])
def test_prediction_before_fit_is_an_error(method):
    with pytest.raises(NotFittedError):
        getattr(small_estimator(), method)(TEXTS)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"learning_rate": "high"}, "learning_rate must be of type float"),
        ({"validation_fraction": 2.0}, "validation_fraction must be at most 0.9"),
        ({"device": "tpu"}, "device must be one of"),
        ({"preset": "best"}, "preset must be one of"),
        ({"random_state": "zero"}, "cannot be used to seed"),
        ({"settings": {"hiden_size": 4}}, "no setting hiden_size"),
        ({"settings": {"epochs": 3}}, "settings cannot have 'epochs'"),
        ({"settings": {"seed": 3}}, "settings cannot have 'seed'"),
        ({"settings": {"dataset": "reviews.csv"}}, "settings cannot have 'dataset'"),
        ({"settings": {"validation_fraction": 0.5}}, "settings cannot have 'validation_fraction'"),
    ],
)
def test_parameters_are_checked_in_fit(parameters, message):
    estimator = small_estimator(**parameters)
    with pytest.raises(ValueError, match=message):
        estimator.fit(TEXTS, LABELS)


def test_parameters_can_be_read_set_and_cloned(fitted):
    assert fitted.get_params()["settings"] == SMALL
    copied = clone(fitted).set_params(epochs=3, settings={"hidden_size": 8})
    assert (copied.epochs, copied.settings) == (3, {"hidden_size": 8})
    assert fitted.epochs == 1
    with pytest.raises(NotFittedError):
        check_is_fitted(copied)
    with pytest.raises(ValueError, match="Invalid parameter 'hidden_size'"):
        copied.set_params(hidden_size=8)


def test_parameters_become_settings_of_the_classifier():
    parameters = {"epochs": 2, "learning_rate": 0.001, "max_length": 3, "validation_fraction": 0.5}
    estimator = small_estimator({"min_freq": 1}, **parameters).fit(TEXTS, LABELS)
    config = estimator.classifier_.config
    assert {name: config.to_flat()[name] for name in parameters} == parameters
    assert config.text.min_freq == 1
    assert estimator.classifier_.metadata["validation"]["rows"] == 10


def test_fit_adds_no_synthetic_sentences_by_default(fitted):
    assert fitted.classifier_.config.data.synthetic_sentences == 0
    assert fitted.classifier_.metadata["synthetic_sentences"]["rows"] == 0


def test_same_seed_gives_the_same_probabilities(fitted):
    expected = fitted.predict_proba(NEW_TEXTS)

    def probabilities(random_state):
        estimator = small_estimator(random_state=random_state)
        return estimator.fit(TEXTS, LABELS).predict_proba(NEW_TEXTS)

    assert (probabilities(0) == expected).all()
    assert (probabilities(np.int64(0)) == expected).all()
    assert (probabilities(np.random.RandomState(0)) == expected).all()
    assert not (probabilities(2**32 - 1) == expected).all()


def test_without_a_seed_numpy_decides():
    estimator = small_estimator(random_state=None)
    np.random.seed(5)
    first = estimator.fit(TEXTS, LABELS).predict_proba(NEW_TEXTS)
    second = estimator.fit(TEXTS, LABELS).predict_proba(NEW_TEXTS)
    np.random.seed(5)
    assert (estimator.fit(TEXTS, LABELS).predict_proba(NEW_TEXTS) == first).all()
    assert not (first == second).all()


def test_fit_does_not_change_the_random_numbers_of_the_caller():
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()
    estimator = small_estimator().fit(TEXTS, LABELS)
    pickle.loads(pickle.dumps(estimator)).predict(NEW_TEXTS)
    assert (torch.get_rng_state() == states[0]).all()
    assert random.getstate() == states[1]
    np.testing.assert_equal(np.random.get_state(), states[2])


@pytest.mark.parametrize("copied", [lambda it: pickle.loads(pickle.dumps(it)), copy.deepcopy])
def test_copies_predict_the_same(fitted, copied):
    other = copied(fitted)
    assert other.get_params() == fitted.get_params()
    assert other.classifier_ is not fitted.classifier_
    assert (other.predict_proba(NEW_TEXTS) == fitted.predict_proba(NEW_TEXTS)).all()
    assert other.predict(NEW_TEXTS).tolist() == fitted.predict(NEW_TEXTS).tolist()
    assert pickle.dumps(other) == pickle.dumps(fitted)


def test_pickle_has_the_files_of_the_model_and_no_tensors(fitted):
    state = fitted.__getstate__()
    assert sorted(state["model_files"]) == ["config.json", "model.safetensors", "vocab.txt"]
    assert b"torch" not in pickle.dumps({**state, "model_files": None})
    before = dict(state)
    SentimentClassifier.__new__(SentimentClassifier).__setstate__(state)
    assert state == before


def test_damaged_pickle_is_an_error(fitted):
    state = fitted.__getstate__()
    state["model_files"] = {**state["model_files"], "vocab.txt": b"good\n"}
    with pytest.raises(SentimentError, match=r"vocab\.txt' is not what was saved"):
        SentimentClassifier.__new__(SentimentClassifier).__setstate__(state)


def test_copies_before_fit_have_no_model():
    assert pickle.loads(pickle.dumps(small_estimator())).get_params() == (
        small_estimator().get_params()
    )


def test_classifier_of_the_estimator_can_be_saved_and_names_no_dataset(fitted, tmp_path):
    fitted.classifier_.save_pretrained(tmp_path / "model")
    assert fitted.classifier_.folder is None
    assert hub_dataset(fitted.classifier_.saved()) is None
    assert "imdb" not in (tmp_path / "model" / CARD_FILE).read_text().lower()


def test_cross_validation_trains_and_scores_the_estimator_of_a_pipeline():
    estimator = small_estimator(LEARNING, learning_rate=0.05)
    pipeline = make_pipeline(FunctionTransformer(np.char.upper), estimator)
    scores = cross_val_score(pipeline, np.array(TEXTS), LABELS, cv=2)
    assert scores.tolist() == [1, 1]


def test_grid_search_chooses_the_settings_with_the_best_score():
    learning = {**SMALL, **LEARNING}
    grid = {"settings": [SMALL, learning, SMALL]}
    search = GridSearchCV(small_estimator(learning_rate=0.05), grid, cv=2, scoring="neg_log_loss")
    search.fit(pd.Series(TEXTS), pd.Series(LABELS))
    assert search.best_params_ == {"settings": learning}
    assert search.predict(pd.Series(TEXTS)).tolist() == LABELS


def test_fit_is_silent_unless_verbose(capfd, recwarn):
    small_estimator().fit(TEXTS, LABELS)
    assert capfd.readouterr() == ("", "")
    assert not recwarn.list
    small_estimator(verbose=True).fit(TEXTS, LABELS)
    output, errors = capfd.readouterr()
    assert output == ""
    assert "2/2" in errors


def test_fit_leaves_no_files(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    written = []
    monkeypatch.setattr(
        "sentiment.training.trainer.save_checkpoint", lambda *run: written.append(run)
    )
    pickle.loads(pickle.dumps(small_estimator().fit(TEXTS, LABELS)))
    assert list(tmp_path.iterdir()) == []
    assert written == []


def test_interrupted_fit_raises_keyboard_interrupt(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    step = Trainer.step

    def interrupted_step(*arguments):
        step(*arguments)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Trainer, "step", interrupted_step)
    estimator = small_estimator()
    with pytest.raises(KeyboardInterrupt):
        estimator.fit(TEXTS, LABELS)
    assert not hasattr(estimator, "classes_")
    left = [path.name for path in tmp_path.iterdir()]
    # PyTorch creates its own folder the first time that an optimizer is used in a process.
    assert [name for name in left if not name.startswith("torchinductor")] == []


def test_failed_fit_keeps_the_last_model(fitted):
    estimator = copy.deepcopy(fitted)
    estimator.learning_rate = 1e30
    with pytest.raises(SentimentError, match="diverged"):
        estimator.fit(TEXTS, [5, 6] * 10)
    assert estimator.predict(NEW_TEXTS).tolist() == fitted.predict(NEW_TEXTS).tolist()


def test_default_initial_weights_are_those_of_the_shipped_classifier():
    settings = {**SMALL, "batch_size": 20}
    del settings["embedding_dim"], settings["hidden_size"], settings["pooling"]
    estimator = SentimentClassifier(random_state=0, epochs=1, device="cpu", settings=settings)
    estimator.fit(TEXTS, LABELS)
    assert estimator.predict(["A joy from start to finish.", "A waste of time."]).tolist() == [
        "pos",
        "neg",
    ]
    with pytest.raises(ConfigError, match="hidden_size is 256"):
        estimator.set_params(settings={"hidden_size": 4}).fit(TEXTS, LABELS)


# scikit-learn's own checks. They pass numbers, in two dimensions.

needs_check_api = pytest.mark.skipif(
    parse_version(sklearn.__version__) < parse_version("1.6"),
    reason="expected_failed_checks needs scikit-learn 1.6",
)


class NumericClassifier(SentimentClassifier):
    """The estimator with the tag of an estimator of numbers, so that all checks run."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array, tags.input_tags.one_d_array = True, False
        return tags


class RowClassifier(NumericClassifier):
    """The estimator for rows of numbers, each turned into a text: `f0_3 f1_-2`."""

    def fit(self, X, y):
        from sklearn.utils.validation import validate_data

        X, y = validate_data(self, X, y)
        return super().fit(rows_as_texts(X), y)

    def predict_proba(self, X):
        from sklearn.utils.validation import validate_data

        check_is_fitted(self)
        return super().predict_proba(rows_as_texts(validate_data(self, X, reset=False)))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True  # A small model, after two steps.
        return tags


def rows_as_texts(rows):
    """Return a text for each row, with one word for each column."""
    return [" ".join(f"f{c}_{round(value)}" for c, value in enumerate(row)) for row in rows]


# Why a check cannot apply to an estimator of texts. `RowClassifier` passes all of these.
FITS_NUMBERS = "fits rows of numbers, and fit takes texts"
NUMERIC_ERRORS = "expects an error about numeric features, of which texts have none"
EXPECTED_FAILURES = {
    "check_fit_score_takes_y": FITS_NUMBERS,
    "check_estimators_overwrite_params": FITS_NUMBERS,
    "check_dont_overwrite_parameters": FITS_NUMBERS,
    "check_estimators_fit_returns_self": FITS_NUMBERS,
    "check_readonly_memmap_input": FITS_NUMBERS,
    "check_positive_only_tag_during_fit": FITS_NUMBERS,
    "check_estimators_dtypes": FITS_NUMBERS,
    "check_dtype_object": FITS_NUMBERS,
    "check_pipeline_consistency": FITS_NUMBERS,
    "check_estimators_pickle": FITS_NUMBERS,
    "check_f_contiguous_array_estimator": FITS_NUMBERS,
    "check_classifier_data_not_an_array": FITS_NUMBERS,
    "check_classifiers_one_label": "passes rows of numbers, whose error comes first",
    "check_classifiers_classes": FITS_NUMBERS,
    "check_classifiers_train": FITS_NUMBERS,
    "check_supervised_y_2d": FITS_NUMBERS,
    "check_methods_sample_order_invariance": FITS_NUMBERS,
    "check_methods_subset_invariance": FITS_NUMBERS,
    "check_dict_unchanged": FITS_NUMBERS,
    "check_fit_idempotent": FITS_NUMBERS,
    "check_fit_check_is_fitted": FITS_NUMBERS,
    "check_n_features_in_after_fitting": "texts have no fixed number of features",
    "check_n_features_in": "texts have no fixed number of features",
    "check_estimators_empty_data_messages": NUMERIC_ERRORS,
    "check_estimators_nan_inf": NUMERIC_ERRORS,
    "check_fit2d_1sample": NUMERIC_ERRORS,
    "check_fit2d_1feature": NUMERIC_ERRORS,
    "check_fit2d_predict1d": NUMERIC_ERRORS,
    "check_fit1d": NUMERIC_ERRORS,
}


def run_checks(estimator, expected_failures):
    """Run scikit-learn's checks, and return the names of those that passed.

    Raises:
        Exception: that of the first check that fails and is not expected to.
    """
    results = estimator_checks.check_estimator(
        estimator, expected_failed_checks=expected_failures, on_skip=None
    )
    return {result["check_name"] for result in results if result["status"] == "passed"}


@needs_check_api
def test_tags_are_those_of_a_classifier_of_texts():
    tags = sklearn.utils.get_tags(SentimentClassifier())
    assert tags.estimator_type == "classifier"
    assert (tags.input_tags.string, tags.input_tags.one_d_array) == (True, True)
    assert not tags.input_tags.two_d_array
    assert tags.requires_fit
    assert tags.target_tags.required


@needs_check_api
def test_checks_pass_with_the_tags_of_texts():
    with pytest.warns(SkipTestWarning, match="requires input"):  # All checks pass numbers.
        assert run_checks(small_estimator(), {}) == {"check_estimator_cloneable"}


@needs_check_api
def test_checks_that_do_not_apply_to_texts_are_listed_and_all_others_pass():
    passed = run_checks(small_estimator(cls=NumericClassifier), EXPECTED_FAILURES)
    assert len(passed) >= 15
    assert passed & EXPECTED_FAILURES.keys() == set()


@pytest.mark.slow
@needs_check_api
def test_all_checks_pass_with_rows_of_numbers_as_texts():
    assert run_checks(small_estimator(cls=RowClassifier), {}) >= EXPECTED_FAILURES.keys()
    estimator_checks.check_dataframe_column_names_consistency(
        "RowClassifier", small_estimator(cls=RowClassifier)
    )
