"""The report: everything is on it, it needs nothing but itself, and a review is only text."""

import base64
import dataclasses
import json
import shutil
import sys
from html.parser import HTMLParser

import numpy as np
import pytest
import torch
from datasets import Dataset
from typer.testing import CliRunner

import sentiment.apps.report
from sentiment.apps.report import figures, report
from sentiment.apps.report.curves import curves_of
from sentiment.apps.report.folder import read_comparison
from sentiment.apps.report.mistakes import GAP, LONGEST, MOST, shortened
from sentiment.artifacts.bundle import SHIPPED_CLASSIFIER
from sentiment.cli import app
from sentiment.data.reviews import load_reviews
from sentiment.errors import InputError
from sentiment.evaluation.behavior import Result
from sentiment.evaluation.metrics import evaluate
from sentiment.inference.classifier import Classifier
from sentiment.inference.explain import Explanation, Word

pytestmark = pytest.mark.filterwarnings(
    "ignore::sentiment.inference.classifier.UnknownWordsWarning"
)

SECTIONS = [
    "figures",
    "learning-curves",
    "confusion",
    "scores",
    "roc",
    "precision-recall",
    "reliability",
    "by-length",
    "labels",
    "mistakes",
    "behaviour",
    "baselines",
    "recipe",
]
FIGURES = SECTIONS[1:8]


class Reader(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def behaviour(monkeypatch):
    """Two tests in place of all: the two dozen take seconds."""
    results = [
        Result("negation", name, "minimum functionality", f"<i>{name}</i>", 200, 31, 0.155, [])
        for name in ("words", "reviews")
    ]
    monkeypatch.setattr(sentiment.apps.report, "check", lambda *_: results)


@pytest.fixture(scope="module")
def sample():
    return load_reviews("sample")


@pytest.fixture(scope="module")
def classifier(run_folder):
    return Classifier.from_pretrained(run_folder)


@pytest.fixture(scope="module")
def out(classifier, run_folder, sample, tmp_path_factory):
    """A report on a hundred reviews of the built-in test split."""
    out = tmp_path_factory.mktemp("report") / "report.html"
    reviews = sample["test"].select(range(450, 550))
    report(classifier, run_folder, reviews, out, "sample", "test", sample["train"])
    return out


@pytest.fixture(scope="module")
def page(out):
    return Reader(out.read_text(encoding="utf-8"))


def reviews_of(*rows):
    texts, labels = zip(*rows, strict=True)
    return Dataset.from_dict({"text": texts, "label": labels})


def test_every_section_and_every_figure_is_there(page, out):
    assert [section["id"] for section in page.all("section")] == SECTIONS
    images = [image["src"].removeprefix("data:image/png;base64,") for image in page.all("img")]
    for name, image in zip(FIGURES, images, strict=True):
        png = (out.parent / "report-figures" / f"{name}.png").read_bytes()
        assert png.startswith(b"\x89PNG")
        assert base64.b64decode(image) == png
    assert all(image["alt"] for image in page.all("img"))
    assert sorted(path.name for path in out.parent.iterdir()) == ["report-figures", "report.html"]


def test_the_page_asks_for_nothing_and_runs_nothing(page, out):
    assert not {"script", "link", "iframe", "object", "base"} & {tag for tag, _ in page.tags}
    for _, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "srcset", "action"):
            assert attributes.get(name, "data:").startswith(("data:", "#"))
    style = out.read_text(encoding="utf-8").split("<style>")[1].split("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_fits_a_desk_and_a_phone_and_asks_for_nothing(browser, out, width):
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


def test_the_figures_are_those_of_eval(page, classifier, sample):
    reviews = sample["test"].select(range(450, 550))
    metrics = evaluate(classifier.bundle, reviews, sample["train"])
    assert f"{metrics.accuracy:.2%}" in page.text
    assert f"{metrics.ece:.4f}" in page.text
    assert f"{metrics.ece_uncalibrated:.4f}" in page.text
    for part in metrics.slices:
        assert f"{part.accuracy:.2%}" in page.text


def test_the_mistakes_are_mistakes_and_the_surest_come_first(classifier, sample):
    reviews = sample["test"].select(range(450, 550))
    scored = sentiment.apps.report.score(classifier.bundle, reviews)
    mistakes = sentiment.apps.report.most_confident_mistakes(classifier, scored, reviews)
    assert len(mistakes) == MOST
    assert all(mistake.label != mistake.predicted for mistake in mistakes)
    surest = [mistake.score for mistake in mistakes]
    assert surest == sorted(surest, reverse=True)
    answers = classifier(list(reviews["text"]))
    wrong = [
        answer["score"]
        for answer, label in zip(answers, reviews["label"], strict=True)
        if answer["label"] != classifier.labels[label]
    ]
    assert surest == pytest.approx(sorted(wrong, reverse=True)[:MOST], abs=1e-5)


def test_markup_in_a_review_or_a_name_is_only_text(classifier, run_folder, tmp_path, behaviour):
    text = "<script>alert(1)</script><img src=x> It was a \"good\" film, and it was 'fun' & a joy."
    reviews = reviews_of((text, 0), (text, 1))  # One of them is a mistake, whatever it is called.
    out = tmp_path / "report.html"
    report(classifier, run_folder, reviews, out, "<b>bold</b>", "</title><script>")
    page = Reader(out.read_text(encoding="utf-8"))
    assert text in page.text
    assert "<b>bold</b>" in page.text
    assert "<i>words</i>" in page.text
    assert page.all("script") == page.all("i") == []
    assert len(page.all("img")) == len(FIGURES)


def test_the_page_holds_no_review_of_another_split(page, sample):
    shown = " ".join(page.text.split())
    measured = set(sample["test"][450:550]["text"])
    for split in sample.values():
        for text in set(split["text"]) - measured:
            assert " ".join(text.split()) not in shown


def test_two_reports_on_the_same_are_the_same(classifier, run_folder, tmp_path, behaviour):
    reviews = reviews_of(("A joy.", 1), ("A bore.", 0), ("A bore.", 1))
    pages = []
    for name in ("one", "two"):
        out = tmp_path / name / "report.html"
        report(classifier, run_folder, reviews, out, "mine", "test")
        pages.append(out.read_bytes())
    assert pages[0] == pages[1]


def test_a_model_without_a_history_says_so_and_takes_the_old_figure_away(
    classifier, run_folder, tmp_path, behaviour
):
    bare = tmp_path / "bare"
    bare.mkdir()
    shutil.copy(run_folder / "config.json", bare)
    out = tmp_path / "report.html"
    reviews = reviews_of(("A joy.", 1), ("A bore.", 0))
    figure = tmp_path / "report-figures" / "learning-curves.png"
    mine = tmp_path / "report-figures" / "mine.png"
    report(classifier, run_folder, reviews, out, "mine", "test")
    assert figure.exists()
    mine.touch()
    report(classifier, bare, reviews, out, "mine", "test", name="user/mine")
    text = Reader(out.read_text(encoding="utf-8")).text
    assert "no metrics.jsonl beside the model" in text
    assert "user/mine" in text
    assert str(bare) not in text  # Of a model of the Hub a folder of its cache.
    assert not figure.exists()
    assert mine.exists()


def test_reviews_of_one_label_have_no_curves_and_a_report(
    classifier, run_folder, tmp_path, behaviour
):
    out = tmp_path / "report.html"
    report(
        classifier, run_folder, reviews_of(("A joy.", 1), ("A good film.", 1)), out, "mine", "test"
    )
    assert out.read_text(encoding="utf-8").count("not every label has a review") == 2


@pytest.mark.parametrize(
    ("place", "message"),
    [("file/report.html", "Could not write"), (".", "is a folder. Name a file in it")],
)
def test_a_place_that_cannot_be_written_to_is_found_before_anything_is_measured(
    classifier, run_folder, tmp_path, monkeypatch, place, message
):
    (tmp_path / "file").touch()
    monkeypatch.setattr(sentiment.apps.report, "score", lambda *_: pytest.fail("measured already"))
    with pytest.raises(InputError, match=message):
        report(classifier, run_folder, reviews_of(("A joy.", 1)), tmp_path / place, "mine", "test")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_report_that_fails_leaves_the_older_one_as_it_was(classifier, run_folder, tmp_path):
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "metrics.jsonl").write_text(json.dumps({"epoch": 1}))
    out = tmp_path / "report.html"
    out.write_text("the older one")
    with pytest.raises(InputError, match=r"metrics\.jsonl' is not the history of a training run"):
        report(classifier, broken, reviews_of(("A joy.", 1)), out, "mine", "test")
    assert out.read_text() == "the older one"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken", "report.html"]


def test_the_command_reports_on_the_reviews_that_the_model_was_trained_for(
    run_folder, tmp_path, behaviour
):
    out = tmp_path / "mine.html"
    arguments = ["report", "--model", run_folder, "--split", "validation", "--out", out]
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    said = f"The report is in {out}, its figures in {tmp_path / 'mine-figures'}."
    assert said in result.stdout.replace("\n", " ")
    text = Reader(out.read_text(encoding="utf-8")).text
    assert f"the split validation of sample, as {run_folder} labels them" in text


def test_a_missing_package_is_named_with_what_installs_it(monkeypatch):
    module = sys.modules["sentiment.cli.report"]
    monkeypatch.setattr(module, "find_spec", lambda name: None if name == "matplotlib" else name)
    result = CliRunner().invoke(app, ["report"])
    assert "needs matplotlib: pip install matplotlib" in str(result.exception)


def baseline_file(folder, **changes):
    """What `sentiment baseline` leaves in a run folder, of it what the page shows."""
    metrics = {"accuracy": 0.9, "accuracy_interval": [0.8, 0.95], "roc_auc": None, "ece": 0.02}
    entry = {"name": "NB-SVM", "train_seconds": 61.4, "mcnemar": {"p": 0.0123}, "metrics": metrics}
    content = {"dataset": "mine", "split": "test", "classifiers": [{**entry, **changes}]}
    (folder / "baseline-test.json").write_text(json.dumps(content))


def test_baselines_stand_on_the_page_where_they_were_measured(tmp_path):
    assert read_comparison(tmp_path) is None
    baseline_file(tmp_path)
    comparison = read_comparison(tmp_path)
    (row,) = comparison.classifiers
    assert (comparison.dataset, comparison.split) == ("mine", "test")
    assert (row.name, row.accuracy, row.roc_auc, row.seconds, row.p) == (
        ("NB-SVM", 0.9, None, 61.4, 0.0123)
    )
    baseline_file(tmp_path, mcnemar=None)
    assert read_comparison(tmp_path).classifiers[0].p is None
    baseline_file(tmp_path, metrics=None)
    with pytest.raises(InputError, match="is not of `sentiment baseline`"):
        read_comparison(tmp_path)


def test_the_behaviour_of_a_model_of_other_labels_or_language_is_left_out(classifier):
    bundle = classifier.bundle
    other = Classifier(dataclasses.replace(bundle, labels=["good", "bad"]))
    assert "labels neg and pos, not good, bad" in sentiment.apps.report.behaviour(other)
    text = dataclasses.replace(bundle.config.text, language="de")
    config = dataclasses.replace(bundle.config, text=text)
    german = Classifier(dataclasses.replace(bundle, config=config))
    assert "in English, and the model reads 'de'" in sentiment.apps.report.behaviour(german)


def explanation_of(contributions):
    text, words = "", []
    for number, contribution in enumerate(contributions):
        word = f"word{number}"
        words.append(Word(word, len(text), len(text) + len(word), contribution))
        text += word + " "
    return Explanation(text, "pos", 0.9, {"pos": 0.9, "neg": 0.1}, words, 1.0, 0.0, 16)


def test_a_long_review_is_shown_around_its_telling_words():
    contributions = np.full(1000, 0.001)
    contributions[[0, 500, 505, 999]] = 3.0, -2.0, 1.0, -1.0
    whole = explanation_of(contributions.tolist())
    short = shortened(whole)
    assert len(short.words) <= LONGEST
    assert short.text.count(GAP.strip()) >= 2
    for word in short.words:
        assert short.text[word.start : word.end] == word.text
        assert short.strength(word.contribution) == whole.strength(word.contribution)
    assert {"word0", "word500", "word505", "word999"} <= {word.text for word in short.words}
    assert "word499 word500 word501" in short.text
    assert "".join(piece for piece, _ in short.pieces()) == short.text
    assert not short.text.startswith(GAP)


def test_a_review_of_the_longest_length_is_shown_whole():
    whole = explanation_of([0.1] * LONGEST)
    assert shortened(whole) is whole


def test_a_long_review_without_a_telling_word_is_still_shown():
    assert shortened(explanation_of([0.0] * (LONGEST + 1))).text.startswith("word0 ")


def test_three_labels_are_drawn_each_against_the_rest():
    labels = np.array([0, 1, 2, 0, 1, 2])
    probabilities = torch.eye(3).repeat(2, 1).mul(3).softmax(dim=1).numpy()
    curves = curves_of(probabilities, labels, ["bad", "so-so", "good"])
    assert [curve.label for curve in curves] == ["bad", "so-so", "good"]
    assert all(curve.roc_auc == curve.average_precision == 1 for curve in curves)
    for draw in (figures.roc, figures.precision_recall):
        assert figures.png(draw(curves)).startswith(b"\x89PNG")
    assert figures.png(figures.scores(probabilities, labels, ["a", "$\\x", "c"]))


def test_many_labels_are_drawn_together():
    labels = np.arange(60) % 20
    probabilities = np.full((60, 20), 0.01)
    probabilities[np.arange(60), labels] = 0.81
    probabilities[0] = probabilities[1]  # One is wrong.
    (curve,) = curves_of(probabilities, labels, [f"label {n}" for n in range(20)])
    assert curve.label == "all 20 labels"
    assert 0.9 < curve.roc_auc < 1
    names = [f"label {n}" for n in range(20)]
    assert figures.png(figures.scores(probabilities, labels, names))
    assert figures.png(figures.confusion(np.eye(20, dtype=int).tolist(), names))


def test_of_two_labels_the_curve_is_that_of_the_second():
    labels = np.array([0, 0, 1, 1])
    scores = np.array([0.1, 0.6, 0.4, 0.8])
    (curve,) = curves_of(np.stack([1 - scores, scores], axis=1), labels, ["neg", "pos"])
    assert curve.label == "pos"
    assert curve.roc_auc == 0.75  # three of the four pairs stand in order


def test_the_shipped_classifier_is_called_by_its_name(sample, tmp_path, behaviour):
    out = tmp_path / "report.html"
    reviews = sample["test"].select([0, 999])
    report(Classifier.from_pretrained(), SHIPPED_CLASSIFIER, reviews, out, "sample", "test")
    text = Reader(out.read_text(encoding="utf-8")).text
    assert "as the shipped classifier labels them" in text
    assert str(SHIPPED_CLASSIFIER) not in text
