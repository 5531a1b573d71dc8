"""The report: complete, self-contained, and safe with any text in a review."""

import base64
import copy
import dataclasses
import json
import shutil
import sys

import numpy as np
import pytest
import torch
from datasets import Dataset
from support.html_reader import Reader
from typer.testing import CliRunner

import sentiment.apps.report.report
from sentiment.apps.report import figures
from sentiment.apps.report.confident_errors import (
    ELLIPSIS,
    MAX_ERRORS,
    MAX_REVIEW_WORDS,
    excerpt,
    most_confident_errors,
)
from sentiment.apps.report.one_vs_rest import one_vs_rest
from sentiment.apps.report.report import behavioral_results, write_report
from sentiment.apps.report.saved_results import read_baselines
from sentiment.artifacts.model_folder import SHIPPED_CLASSIFIER_FOLDER
from sentiment.cli import app
from sentiment.data.reviews import load_reviews
from sentiment.errors import ModelError, StorageError
from sentiment.evaluation.behavior import BehaviorResult
from sentiment.inference.classifier import Classifier
from sentiment.inference.evaluate import score_dataset
from sentiment.inference.explain import Explanation, Word

pytestmark = pytest.mark.filterwarnings(
    "ignore::sentiment.inference.classifier.UnknownWordsWarning"
)

SECTIONS = [
    "metrics",
    "learning-curves",
    "confusion-matrix",
    "score-distribution",
    "roc-curve",
    "precision-recall-curve",
    "reliability-diagram",
    "accuracy-by-length",
    "metrics-by-label",
    "errors",
    "behavior",
    "baselines",
    "configuration",
]
FIGURES = SECTIONS[1:8]


@pytest.fixture
def few_behavioral_tests(monkeypatch):
    """Replace the two dozen behavioral tests, which take seconds, by two results."""
    results = [
        BehaviorResult(
            "negation", name, "minimum functionality", f"<i>{name}</i>", 200, 31, 0.155, []
        )
        for name in ("words", "reviews")
    ]
    monkeypatch.setattr(sentiment.apps.report.report, "run_tests", lambda *_: results)


@pytest.fixture(scope="module")
def sample():
    return load_reviews("sample")


@pytest.fixture(scope="module")
def classifier(run_folder):
    return Classifier.from_pretrained(run_folder)


@pytest.fixture(scope="module")
def out(classifier, run_folder, sample, tmp_path_factory):
    """Return a report on a hundred reviews of the built-in test split."""
    out = tmp_path_factory.mktemp("report") / "report.html"
    reviews = sample["test"].select(range(450, 550))
    write_report(classifier, reviews, out, "sample", "test", sample["train"])
    return out


@pytest.fixture(scope="module")
def page(out):
    return Reader(out.read_text(encoding="utf-8"))


def with_folder(classifier, folder):
    """Return the classifier as if it had been read from `folder`."""
    moved = copy.copy(classifier)
    moved.folder = folder
    return moved


def reviews_of(*rows):
    texts, labels = zip(*rows, strict=True)
    return Dataset.from_dict({"text": texts, "label": labels})


def test_page_has_every_section_and_every_figure(page, out):
    assert [section["id"] for section in page.all("section")] == SECTIONS
    images = [image["src"].removeprefix("data:image/png;base64,") for image in page.all("img")]
    for name, image in zip(FIGURES, images, strict=True):
        png = (out.parent / "report-figures" / f"{name}.png").read_bytes()
        assert png.startswith(b"\x89PNG")
        assert base64.b64decode(image) == png
    assert all(image["alt"] for image in page.all("img"))
    assert sorted(path.name for path in out.parent.iterdir()) == ["report-figures", "report.html"]


def test_page_has_no_script_and_no_external_resource(page, out):
    assert not {"script", "link", "iframe", "object", "base"} & {tag for tag, _ in page.tags}
    for _, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "srcset", "action"):
            assert attributes.get(name, "data:").startswith(("data:", "#"))
    style = out.read_text(encoding="utf-8").split("<style>")[1].split("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style


@pytest.mark.parametrize("width", [1280, 390])
def test_page_fits_desktop_and_phone_and_sends_no_request(browser, out, width):
    context = browser.new_context(viewport={"width": width, "height": 800}, offline=True)
    opened = context.new_page()
    asked = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("console", lambda message: pytest.fail(message.text))
    opened.goto(out.as_uri())
    assert opened.evaluate("document.documentElement.scrollWidth") == width
    drawn = "[...document.images].every(image => image.complete && image.naturalWidth > 0)"
    assert opened.evaluate(drawn)
    assert [url for url in asked if not url.startswith("data:")] == [out.as_uri()]
    context.close()


def test_metrics_equal_those_of_evaluate(page, classifier, sample):
    reviews = sample["test"].select(range(450, 550))
    metrics = classifier.evaluate(reviews, sample["train"])
    assert f"{metrics.accuracy:.2%}" in page.text
    assert f"{metrics.ece:.4f}" in page.text
    assert f"{metrics.ece_uncalibrated:.4f}" in page.text
    for part in metrics.slices:
        assert f"{part.accuracy:.2%}" in page.text


def test_errors_are_misclassified_reviews_in_descending_order_of_score(classifier, sample):
    reviews = sample["test"].select(range(450, 550))
    errors = most_confident_errors(classifier, score_dataset(classifier, reviews), reviews)
    assert len(errors) == MAX_ERRORS
    assert all(error.label != error.predicted for error in errors)
    scores = [error.score for error in errors]
    assert scores == sorted(scores, reverse=True)
    answers = classifier(list(reviews["text"]))
    wrong = [
        answer["score"]
        for answer, label in zip(answers, reviews["label"], strict=True)
        if answer["label"] != classifier.labels[label]
    ]
    assert scores == pytest.approx(sorted(wrong, reverse=True)[:MAX_ERRORS], abs=1e-5)


def test_markup_in_a_review_or_a_name_is_escaped(classifier, tmp_path, few_behavioral_tests):
    text = "<script>alert(1)</script><img src=x> It was a \"good\" film, and it was 'fun' & a joy."
    reviews = reviews_of((text, 0), (text, 1))  # One is misclassified, whatever is predicted.
    out = tmp_path / "report.html"
    write_report(classifier, reviews, out, "<b>bold</b>", "</title><script>")
    page = Reader(out.read_text(encoding="utf-8"))
    assert text in page.text
    assert "<b>bold</b>" in page.text
    assert "<i>words</i>" in page.text
    assert page.all("script") == page.all("i") == []
    assert len(page.all("img")) == len(FIGURES)


def test_page_contains_no_review_of_another_split(page, sample):
    shown = " ".join(page.text.split())
    measured = set(sample["test"][450:550]["text"])
    for split in sample.values():
        for text in set(split["text"]) - measured:
            assert " ".join(text.split()) not in shown


def test_reports_on_the_same_reviews_are_identical(classifier, tmp_path, few_behavioral_tests):
    reviews = reviews_of(("A joy.", 1), ("A bore.", 0), ("A bore.", 1))
    pages = []
    for name in ("one", "two"):
        out = tmp_path / name / "report.html"
        write_report(classifier, reviews, out, "mine", "test")
        pages.append(out.read_bytes())
    assert pages[0] == pages[1]


def test_report_without_training_history_removes_the_earlier_learning_curves(
    classifier, run_folder, tmp_path, few_behavioral_tests
):
    bare = tmp_path / "bare"
    bare.mkdir()
    shutil.copy(run_folder / "config.json", bare)
    out = tmp_path / "report.html"
    reviews = reviews_of(("A joy.", 1), ("A bore.", 0))
    figure = tmp_path / "report-figures" / "learning-curves.png"
    mine = tmp_path / "report-figures" / "mine.png"
    write_report(classifier, reviews, out, "mine", "test")
    assert figure.exists()
    mine.touch()
    write_report(with_folder(classifier, bare), reviews, out, "mine", "test", name="user/mine")
    text = Reader(out.read_text(encoding="utf-8")).text
    assert "the model's folder has no metrics.jsonl" in text
    assert "user/mine" in text
    assert str(bare) not in text  # For a model of the Hub it is a folder of the cache.
    assert not figure.exists()
    assert mine.exists()


def test_reviews_of_one_label_give_a_report_without_curves(
    classifier, tmp_path, few_behavioral_tests
):
    out = tmp_path / "report.html"
    reviews = reviews_of(("A joy.", 1), ("A good film.", 1))
    write_report(classifier, reviews, out, "mine", "test")
    assert out.read_text(encoding="utf-8").count("a label has no review in this split") == 2


@pytest.mark.parametrize(
    ("place", "message"),
    [("file/report.html", "Could not write"), (".", "is a folder. Name a file")],
)
def test_unwritable_path_fails_before_the_evaluation(
    classifier, tmp_path, monkeypatch, place, message
):
    (tmp_path / "file").touch()
    monkeypatch.setattr(
        sentiment.apps.report.report, "score_dataset", lambda *_: pytest.fail("evaluation started")
    )
    with pytest.raises(StorageError, match=message):
        write_report(classifier, reviews_of(("A joy.", 1)), tmp_path / place, "mine", "test")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_failed_report_leaves_the_earlier_one_unchanged(classifier, tmp_path):
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "metrics.jsonl").write_text(json.dumps({"epoch": 1}))
    out = tmp_path / "report.html"
    out.write_text("the earlier one")
    reviews = reviews_of(("A joy.", 1))
    with pytest.raises(
        ModelError, match=r"metrics\.jsonl' does not hold the metrics of a training"
    ):
        write_report(with_folder(classifier, broken), reviews, out, "mine", "test")
    assert out.read_text() == "the earlier one"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken", "report.html"]


def test_command_evaluates_on_the_dataset_of_the_training_run(
    run_folder, tmp_path, few_behavioral_tests
):
    out = tmp_path / "mine.html"
    arguments = ["report", "--model", run_folder, "--split", "validation", "--out", out]
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    message = f"Wrote the report to {out} and its figures to {tmp_path / 'mine-figures'}."
    assert message in result.stdout.replace("\n", " ")
    text = Reader(out.read_text(encoding="utf-8")).text
    assert f"{run_folder} evaluated on" in text
    assert "split validation of sample" in text


def test_missing_package_error_names_the_pip_command(monkeypatch):
    module = sys.modules["sentiment.cli.report"]
    monkeypatch.setattr(module, "find_spec", lambda name: None if name == "matplotlib" else name)
    result = CliRunner().invoke(app, ["report"])
    assert "report needs matplotlib: pip install matplotlib (the extra 'report')." in str(
        result.exception
    )


def baseline_file(folder, **changes):
    """Write the part of a `sentiment baseline` result that the page shows."""
    metrics = {"accuracy": 0.9, "accuracy_interval": [0.8, 0.95], "roc_auc": None, "ece": 0.02}
    entry = {"name": "NB-SVM", "train_seconds": 61.4, "mcnemar": {"p": 0.0123}, "metrics": metrics}
    content = {"dataset": "mine", "split": "test", "classifiers": [{**entry, **changes}]}
    (folder / "baseline-test.json").write_text(json.dumps(content))


def test_baselines_are_read_from_the_model_folder(tmp_path):
    assert read_baselines(tmp_path) is None
    baseline_file(tmp_path)
    baselines = read_baselines(tmp_path)
    assert (baselines["dataset"], baselines["split"]) == ("mine", "test")
    assert baselines["classifiers"] == [
        {
            "name": "NB-SVM",
            "accuracy": 0.9,
            "accuracy_interval": (0.8, 0.95),
            "roc_auc": None,
            "ece": 0.02,
            "train_seconds": 61.4,
            "p": 0.0123,
        }
    ]
    baseline_file(tmp_path, mcnemar=None)
    assert read_baselines(tmp_path)["classifiers"][0]["p"] is None


@pytest.mark.parametrize("change", [{"metrics": None}, {"mcnemar": 1}, {"train_seconds": "soon"}])
def test_malformed_baseline_file_is_named(tmp_path, change):
    baseline_file(tmp_path, **change)
    with pytest.raises(
        ModelError, match=r"baseline-test\.json' was not written by `sentiment base"
    ):
        read_baselines(tmp_path)


def test_page_shows_the_baselines(classifier, run_folder, tmp_path, few_behavioral_tests):
    shutil.copy(run_folder / "config.json", tmp_path)
    baseline_file(tmp_path)
    out = tmp_path / "report.html"
    write_report(with_folder(classifier, tmp_path), reviews_of(("A joy.", 1)), out, "mine", "test")
    text = Reader(out.read_text(encoding="utf-8")).text
    for shown in ("NB-SVM", "90.00%", "80.00–95.00%", "61", "0.012"):
        assert shown in text


def test_behavioral_tests_do_not_apply_to_other_labels_or_languages(classifier):
    other = copy.copy(classifier)
    other.labels = ["good", "bad"]
    assert "labels neg and pos, not good, bad" in behavioral_results(other)
    german = copy.copy(classifier)
    text = dataclasses.replace(classifier.config.text, language="de")
    german.config = dataclasses.replace(classifier.config, text=text)
    assert "in English; the language of the model is 'de'" in behavioral_results(german)


def explanation_of(attributions):
    text, words = "", []
    for number, attribution in enumerate(attributions):
        word = f"word{number}"
        words.append(Word(word, len(text), len(text) + len(word), attribution))
        text += word + " "
    return Explanation(text, "pos", 0.9, {"pos": 0.9, "neg": 0.1}, words, 1.0, 0.0, 16)


def test_long_review_is_reduced_to_the_words_around_its_top_words():
    attributions = np.full(1000, 0.001)
    attributions[[0, 500, 505, 999]] = 3.0, -2.0, 1.0, -1.0
    whole = explanation_of(attributions.tolist())
    short = excerpt(whole)
    assert len(short.words) <= MAX_REVIEW_WORDS
    assert short.text.count(ELLIPSIS.strip()) >= 2
    for word in short.words:
        assert short.text[word.start : word.end] == word.text
        assert short.strength(word.attribution) == whole.strength(word.attribution)
    assert {"word0", "word500", "word505", "word999"} <= {word.text for word in short.words}
    assert "word499 word500 word501" in short.text
    assert "".join(piece for piece, _ in short.pieces()) == short.text
    assert not short.text.startswith(ELLIPSIS)


def test_review_of_the_maximum_length_is_shown_whole():
    whole = explanation_of([0.1] * MAX_REVIEW_WORDS)
    assert excerpt(whole) is whole


def test_long_review_without_attributions_is_still_shown():
    assert excerpt(explanation_of([0.0] * (MAX_REVIEW_WORDS + 1))).text.startswith("word0 ")


def test_curves_of_three_labels_are_one_vs_rest():
    labels = np.array([0, 1, 2, 0, 1, 2])
    probabilities = torch.eye(3).repeat(2, 1).mul(3).softmax(dim=1).numpy()
    names = ["bad", "$\\so$so", "good"]
    problems = one_vs_rest(probabilities, labels, names)
    assert [problem.label for problem in problems] == names
    assert all(problem.roc_auc == problem.average_precision == 1 for problem in problems)
    counts = np.eye(3, dtype=int).tolist()
    for figure in (
        figures.roc_curve(problems),
        figures.precision_recall_curve(problems),
        figures.score_distribution(probabilities, labels, names),
        figures.confusion_matrix(counts, names),
    ):
        assert figures.to_png(figure).startswith(b"\x89PNG")


def test_curves_of_many_labels_are_micro_averaged():
    labels = np.arange(60) % 20
    probabilities = np.full((60, 20), 0.01)
    probabilities[np.arange(60), labels] = 0.81
    probabilities[0] = probabilities[1]  # One prediction is wrong.
    names = [f"label {n}" for n in range(20)]
    (problem,) = one_vs_rest(probabilities, labels, names)
    assert problem.label == "all 20 labels"
    assert 0.9 < problem.roc_auc < 1
    assert figures.to_png(figures.score_distribution(probabilities, labels, names))
    assert figures.to_png(figures.confusion_matrix(np.eye(20, dtype=int).tolist(), names))


def test_curve_of_two_labels_is_that_of_the_second():
    labels = np.array([0, 0, 1, 1])
    scores = np.array([0.1, 0.6, 0.4, 0.8])
    probabilities = np.stack([1 - scores, scores], axis=1)
    (problem,) = one_vs_rest(probabilities, labels, ["neg", "pos"])
    assert problem.label == "pos"
    assert problem.roc_auc == 0.75  # Three of the four pairs are in order.


def test_page_names_the_shipped_classifier_without_its_path(sample, tmp_path, few_behavioral_tests):
    out = tmp_path / "report.html"
    reviews = sample["test"].select([0, 999])
    write_report(Classifier.from_pretrained(), reviews, out, "sample", "test")
    text = Reader(out.read_text(encoding="utf-8")).text
    assert "the shipped classifier evaluated on" in text
    assert str(SHIPPED_CLASSIFIER_FOLDER) not in text
