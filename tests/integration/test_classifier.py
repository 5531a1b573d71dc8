"""The Classifier: its arguments, its results, and what it may do in a service."""

import copy
import os
import re
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import datasets
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.paths import ROOT
from support.texts import any_text

import sentiment.inference.unknown_words
from sentiment import Classifier
from sentiment.data.reviews import load_reviews
from sentiment.errors import ConfigError, ModelError
from sentiment.inference.classifier import UnknownWordsWarning
from sentiment.inference.evaluate import evaluate
from sentiment.inference.explain import explain
from sentiment.inference.explanation_html import fragment, page

LABELS = ["neg", "pos"]
TEXTS = [
    "A good film.",
    "A bad film, and it was so dull that nothing about it works.",
    "I expected to hate it, but the acting is wonderful and the story works.",
    "The film.",
]
UNKNOWN = "Ztlfq grmbl xyzzy plugh"
ignore_unknown_words = pytest.mark.filterwarnings(
    "ignore::sentiment.inference.classifier.UnknownWordsWarning"
)


@pytest.fixture(scope="module")
def classifier(run_folder):
    return Classifier.from_pretrained(run_folder)


@pytest.fixture(scope="module")
def probabilities(classifier):
    return classifier.predict_proba(TEXTS)


@pytest.fixture(scope="module")
def five_labels(classifier):
    """A classifier of five labels with untrained weights."""
    torch.manual_seed(0)
    model = copy.deepcopy(classifier.model)
    model.linear = torch.nn.Linear(model.linear.in_features, 5)
    labels = ["one star", "two stars", "three stars", "four stars", "five stars"]
    return Classifier(classifier.config, labels, classifier.vocab, model)


# Results.


def test_predict_proba_returns_a_row_per_text_and_a_column_per_label(classifier, probabilities):
    assert probabilities.shape == (4, 2)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    assert classifier.predict_proba(TEXTS[0]).shape == (1, 2)


def test_predict_returns_the_most_probable_label(classifier, probabilities):
    expected = [LABELS[id] for id in probabilities.argmax(axis=1)]
    assert classifier.predict(TEXTS) == expected
    assert classifier.predict(TEXTS[1]) == expected[1]
    assert type(classifier.predict(TEXTS[1])) is str


def test_a_call_returns_a_dict_for_a_string_and_a_list_for_several(classifier, probabilities):
    predictions = classifier(TEXTS)
    for text, prediction, row in zip(TEXTS, predictions, probabilities, strict=True):
        assert list(prediction) == ["label", "score"]
        assert prediction["label"] == LABELS[row.argmax()]
        assert prediction["score"] == row.max()
        assert type(prediction["score"]) is float
        alone = classifier(text)
        assert alone["label"] == prediction["label"]
        assert alone["score"] == pytest.approx(prediction["score"], abs=1e-5)
    assert isinstance(classifier(TEXTS[:1]), list)


@pytest.mark.parametrize(("top_k", "count"), [(2, 2), (5, 5), (9, 5), (None, 5)])
def test_top_k_returns_the_best_labels_sorted_by_score(five_labels, top_k, count):
    scores = five_labels.predict_proba(TEXTS)
    for ranked, row in zip(five_labels(TEXTS, top_k=top_k), scores, strict=True):
        best = np.argsort(-row, kind="stable")[:count]
        assert ranked == [{"label": five_labels.labels[id], "score": row[id]} for id in best]
    alone = five_labels(TEXTS[0], top_k=top_k)
    assert [prediction["label"] for prediction in alone] == [
        prediction["label"] for prediction in five_labels(TEXTS, top_k=top_k)[0]
    ]


def test_top_k_1_returns_the_best_label_without_a_list(five_labels):
    best = [ranked[0] for ranked in five_labels(TEXTS, top_k=None)]
    assert five_labels(TEXTS, top_k=1) == five_labels(TEXTS) == best


def test_empty_list_gives_empty_results(classifier):
    assert classifier.predict_proba([]).shape == (0, 2)
    assert classifier.predict([]) == []
    assert classifier([]) == classifier([], top_k=None) == classifier(iter(())) == []
    assert classifier.predict_logits([]).shape == (0, 2)


@pytest.mark.parametrize("top_k", [0, -1])
def test_top_k_below_1_is_refused(classifier, top_k):
    with pytest.raises(ConfigError, match=rf"top_k must be 1 or more, or None .*, not {top_k}\."):
        classifier(TEXTS, top_k=top_k)


@pytest.mark.parametrize("batch_size", [0, -64])
def test_batch_size_below_1_is_refused(classifier, batch_size):
    for method in (classifier, classifier.predict, classifier.predict_proba):
        with pytest.raises(ConfigError, match=rf"batch_size must be 1 or more, not {batch_size}\."):
            method(TEXTS, batch_size=batch_size)


@pytest.mark.parametrize("batch_size", [1, 7, 64])
def test_results_do_not_depend_on_the_batch_size_or_the_order(classifier, batch_size):
    texts = load_reviews("sample")["test"]["text"][:40]
    expected = classifier.predict_proba(texts, batch_size=40)
    found = classifier.predict_proba(texts[::-1], batch_size=batch_size)[::-1]
    np.testing.assert_allclose(found, expected, atol=1e-5)
    labels = [LABELS[id] for id in expected.argmax(axis=1)]
    assert classifier.predict(texts, batch_size=batch_size) == labels
    assert [p["label"] for p in classifier(texts, batch_size=batch_size)] == labels


def test_labels_and_ids_map_to_each_other(five_labels, classifier):
    assert classifier.classes_.tolist() == classifier.labels == LABELS
    assert classifier.classes_.dtype.kind == "U"
    assert classifier.id2label == {0: "neg", 1: "pos"}
    assert classifier.label2id == {"neg": 0, "pos": 1}
    assert {five_labels.id2label[id] for id in five_labels.label2id.values()} == {
        *five_labels.classes_
    }


def test_repr_names_labels_vocabulary_parameters_and_device(classifier):
    parameters = sum(weight.numel() for weight in classifier.model.parameters())
    text = repr(classifier)
    assert text.startswith("Classifier(labels=['neg', 'pos'], ")
    for fact in (f"{len(classifier.vocab):,} tokens", f"parameters={parameters:,}", "device='cpu'"):
        assert fact in text
    assert "\n" not in text


def test_repr_of_many_labels_is_short(classifier):
    labels = [f"label {id}" for id in range(900)]
    many = Classifier(classifier.config, labels, classifier.vocab, classifier.model)
    assert "'label 4', ...]" in repr(many)
    assert len(repr(many)) < 200


# Arguments.


@pytest.mark.parametrize(
    "wrap",
    [
        *(list, tuple, iter, np.array),
        lambda texts: (text for text in texts),
        lambda texts: np.array(texts, dtype=object),
        lambda texts: dict.fromkeys(texts).keys(),
        lambda texts: pytest.importorskip("pandas").Series(texts, index=[7, 3, 5, 1]),
        lambda texts: pytest.importorskip("pandas").Series(texts, dtype="category"),
        lambda texts: datasets.Dataset.from_dict({"text": texts})["text"],
        lambda texts: datasets.Dataset.from_dict({"text": texts}).to_iterable_dataset()["text"],
        lambda texts: datasets.Dataset.from_dict({"text": texts})[:]["text"],
        lambda texts: map(np.str_, texts),
    ],
    ids=[
        *("list", "tuple", "iterator", "array", "generator", "object-array", "keys"),
        *("series", "categorical-series", "column", "streamed-column", "rows", "numpy-strings"),
    ],
)
def test_any_iterable_of_strings_is_accepted(classifier, probabilities, wrap):
    assert classifier.predict_proba(wrap(TEXTS)).tolist() == probabilities.tolist()
    assert classifier.predict(wrap(TEXTS)) == classifier.predict(TEXTS)
    assert classifier(wrap(TEXTS)) == classifier(TEXTS)
    assert classifier.encode(wrap(TEXTS)) == classifier.encode(TEXTS)


def test_numpy_string_is_one_text(classifier):
    assert classifier(np.str_(TEXTS[0])) == classifier(TEXTS[0])
    assert classifier.predict(np.array(TEXTS)[0]) == classifier.predict(TEXTS[0])


def data_frame():
    return pytest.importorskip("pandas").DataFrame({"text": TEXTS})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (data_frame, "not a value of type DataFrame. Pass one of its columns"),
        (lambda: {"text": TEXTS}, "not a value of type dict. Pass one of its columns"),
        (
            lambda: datasets.Dataset.from_dict({"text": TEXTS}),
            "not a value of type Dataset. Pass one of its columns",
        ),
        (
            lambda: datasets.Dataset.from_dict({"text": TEXTS}).to_iterable_dataset(),
            "not a value of type IterableDataset. Pass one of its columns",
        ),
        (
            lambda: datasets.DatasetDict({"test": datasets.Dataset.from_dict({"text": TEXTS})}),
            "not a value of type DatasetDict. Pass one of its columns",
        ),
        (lambda: None, "not None."),
        (lambda: float("nan"), "not NaN."),
        (lambda: 5, "not a value of type int."),
        (lambda: b"A good film.", "not a value of type bytes."),
        (lambda: bytearray(b"A good film."), "not a value of type bytearray."),
        (lambda: Classifier, "not a value of type type."),
    ],
    ids=lambda value: None if callable(value) else value.split(".")[0].split()[-1],
)
def test_argument_that_is_no_iterable_of_strings_is_refused(classifier, make, message):
    for method in (classifier, classifier.predict, classifier.predict_proba):
        with pytest.raises(TypeError, match="^texts must be a string or an iterable of") as caught:
            method(make())
        assert message in str(caught.value)


@pytest.mark.parametrize(
    ("item", "named"),
    [
        (None, "None"),
        (float("nan"), "NaN"),
        (np.float64("nan"), "NaN"),
        (1.5, "a value of type float"),
        (5, "a value of type int"),
        (b"A good film.", "a value of type bytes"),
        (TEXTS, "a value of type list"),
        ({"text": TEXTS[0]}, "a value of type dict"),
        (np.array(TEXTS), "a value of type ndarray"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
@pytest.mark.parametrize("wrap", [list, tuple, iter])
def test_item_that_is_no_string_is_named_with_its_index(classifier, wrap, item, named):
    for method in (classifier, classifier.predict, classifier.predict_proba):
        with pytest.raises(TypeError, match=f"strings, but item 2 is {named}\\.$"):
            method(wrap([*TEXTS[:2], item, None]))


def test_missing_value_of_a_series_is_named_with_its_index(classifier):
    series = pytest.importorskip("pandas").Series([*TEXTS, None])
    with pytest.raises(TypeError, match="item 4 is (NaN|None|a value of type NAType)\\."):
        classifier(series)


def test_texts_after_a_wrong_item_are_not_read(classifier):
    def texts():
        yield from (TEXTS[0], None)
        raise AssertionError("read on")

    with pytest.raises(TypeError, match="item 1 is None"):
        classifier(texts())


@pytest.mark.slow
@ignore_unknown_words
@pytest.mark.parametrize("piece", ["a", " ", "!", "\0", "\ud800", "<br />"])
def test_text_of_ten_megabytes_gets_a_label(classifier, piece):
    (prediction,) = classifier([piece * (10**7 // len(piece))])
    assert prediction["label"] in LABELS


def every_text_gets_a_label(classifier=None):
    """The property that any text gets a label, by this classifier or the shipped one."""
    classifier = classifier or Classifier.from_pretrained()

    @given(st.lists(any_text))
    def holds(texts):
        predictions = classifier(texts, top_k=None)
        assert len(predictions) == len(texts)
        for prediction in predictions:
            assert sorted(one["label"] for one in prediction) == LABELS
            assert prediction[0]["score"] >= prediction[1]["score"]
            assert sum(one["score"] for one in prediction) == pytest.approx(1, abs=1e-5)

    return holds


@ignore_unknown_words
def test_any_text_gets_a_label(classifier):
    every_text_gets_a_label(classifier)()


@ignore_unknown_words
@settings(max_examples=30)
@given(text=any_text)
def test_any_text_can_be_explained_and_shown(classifier, text):
    explanation = explain(classifier, text)
    assert "".join(piece for piece, _ in explanation.pieces()) == text
    assert set(re.findall("</?([a-z]+)", fragment(explanation))) <= {"p", "span"}
    page([explanation]).encode()


# Warnings.


def test_text_of_unknown_words_warns(classifier):
    with pytest.warns(UnknownWordsWarning, match="'Ztlfq.* 0 of the 4 words") as caught:
        classifier([*TEXTS, UNKNOWN])
    assert [warning.message.index for warning in caught] == [4]


def test_text_of_known_words_does_not_warn(classifier):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        classifier(TEXTS)


@pytest.mark.parametrize("text", ["", "   \n\t", "<br /><br />", "\x00"])
def test_text_without_words_gets_a_label_and_a_warning(classifier, text):
    with pytest.warns(UnknownWordsWarning, match="has no words"):
        assert classifier(text)["label"] in LABELS


def test_warning_names_the_line_of_the_caller(classifier):
    calls = [
        lambda: classifier(UNKNOWN),
        lambda: classifier([UNKNOWN]),
        lambda: classifier.predict(UNKNOWN),
        lambda: classifier.predict_proba(UNKNOWN),
        lambda: explain(classifier, UNKNOWN),
    ]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for call in calls:
            call()
    found = [(warning.filename, warning.lineno) for warning in caught]
    assert found == [(__file__, call.__code__.co_firstlineno) for call in calls]


def test_warning_names_a_caller_whose_file_is_next_to_the_package(classifier):
    package = Path(sentiment.inference.unknown_words.PACKAGE)
    code = compile("classifier(text)", f"{package}_script.py", "exec")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        exec(code, {"classifier": classifier, "text": UNKNOWN})
    assert [warning.filename for warning in caught] == [f"{package}_script.py"]


def test_warnings_are_not_remembered(classifier):
    """`warnings.warn` keeps the text of each warning, so that the memory of a service grows."""
    with warnings.catch_warnings():
        warnings.resetwarnings()
        warnings.showwarning = lambda *_: None
        for number in range(20):
            classifier(f"Ztlfq{number} grmbl")
            classifier([f"Ztlfq{number} grmbl"])
        registries = [
            registry
            for module in [*sys.modules.values()]
            if isinstance(registry := vars(module).get("__warningregistry__"), dict)
        ]
    assert not any("Ztlfq" in str(key) for registry in registries for key in registry)


# Devices.


def test_model_moves_to_a_device(run_folder):
    classifier = Classifier.from_pretrained(run_folder, device="cpu")
    assert classifier.device == torch.device("cpu")
    assert classifier.to("cpu") is classifier
    assert classifier.to(torch.device("cpu")).device == torch.device("cpu")
    gpu = next((n for n in ("cuda", "mps") if getattr(torch, n).is_available()), None)
    expected = classifier.predict_proba(TEXTS)
    assert classifier.to("auto").device.type == (gpu or "cpu")
    np.testing.assert_allclose(classifier.predict_proba(TEXTS), expected, atol=0.03)
    assert classifier.predict_logits(classifier.encode(TEXTS)).device.type == "cpu"


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_missing_device_is_named(run_folder):
    message = "device 'cuda' is not available on this machine; use 'auto'."
    with pytest.raises(ConfigError, match=message):
        Classifier.from_pretrained(run_folder, device="cuda")
    classifier = Classifier.from_pretrained(run_folder)
    with pytest.raises(ConfigError, match=message):
        classifier.to("cuda")
    assert classifier.device.type == "cpu"


# Saving, loading, measuring.


def test_saved_classifier_predicts_the_same(classifier, tmp_path):
    classifier.save_pretrained(tmp_path / "copy")
    loaded = Classifier.from_pretrained(str(tmp_path / "copy"), device="cpu")
    assert loaded(TEXTS) == classifier(TEXTS)
    assert loaded.predict_proba(TEXTS).tolist() == classifier.predict_proba(TEXTS).tolist()
    assert loaded.labels == classifier.labels
    assert loaded.config == classifier.config
    assert loaded.vocab == classifier.vocab
    assert loaded.temperature == classifier.temperature
    assert loaded.metadata == classifier.metadata
    assert loaded.folder == tmp_path / "copy"
    assert repr(loaded) == repr(classifier)


def test_saved_classifier_keeps_any_number_of_labels(five_labels, tmp_path):
    five_labels.save_pretrained(tmp_path / "copy")
    loaded = Classifier.from_pretrained(tmp_path / "copy")
    assert loaded(TEXTS, top_k=None) == five_labels(TEXTS, top_k=None)


def test_folder_without_a_model_is_named(tmp_path):
    with pytest.raises(ModelError, match=f"no model in '{re.escape(str(tmp_path))}'"):
        Classifier.from_pretrained(tmp_path)


def test_evaluate_returns_the_metrics_of_a_labelled_dataset(classifier):
    reviews = load_reviews("sample")["test"].select(range(450, 550))
    metrics = classifier.evaluate(reviews)
    found = [classifier.label2id[label] for label in classifier.predict(reviews["text"])]
    assert metrics.n == 100
    assert metrics.accuracy == (np.array(found) == reviews["label"]).mean()
    assert metrics.temperature == classifier.temperature
    assert metrics == evaluate(classifier, reviews)


# Services.


@ignore_unknown_words
def test_threads_share_a_classifier(classifier):
    reviews = load_reviews("sample")["test"]["text"][:32]
    texts = [*reviews, *(f"Word{number} is fine." for number in range(32))]

    def results(_):
        singly = [classifier(text, top_k=None) for text in texts]
        return classifier(texts), singly, [explain(classifier, text) for text in texts[::16]]

    expected = results(None)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(results, range(8))) == [expected] * 8


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc for the resident memory")
def test_memory_does_not_grow_over_five_thousand_predictions_of_new_words():
    result = subprocess.run(
        [
            *(sys.executable, "benchmarks/service.py", "--predictions", "5000"),
            *("--warmup", "2000", "--texts", "20", "--explained", "2"),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout + result.stderr
