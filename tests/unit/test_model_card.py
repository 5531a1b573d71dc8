"""Model cards, and the removal of local paths from a model that is shared."""

import json
import re
from importlib.metadata import version
from pathlib import Path
from typing import get_type_hints

import pytest
from huggingface_hub import ModelCard
from support.small_models import METADATA, small_classifier

from sentiment import Classifier
from sentiment.artifacts.checksums import CONFIG_FILE
from sentiment.artifacts.model_card import model_card
from sentiment.artifacts.model_folder import save_model
from sentiment.artifacts.sharing import read_check, read_metrics, shorten_paths, without_paths
from sentiment.config import SECTIONS
from sentiment.data.reviews import load_reviews

TEST_METRICS = {"dataset": "d", "accuracy": 0.9, "confusion": [[1, 0], [0, 1]], "temperature": 1.25}


def card_of(classifier, versions=None, measured=None, checked=None, model_id=None):
    saved = without_paths(classifier.saved())
    return model_card(saved, versions or {}, measured or {}, checked or {}, model_id)


def test_shared_files_contain_no_local_path(tmp_path):
    small_classifier().save_pretrained(tmp_path)
    for name in (CONFIG_FILE, "README.md"):
        text = (tmp_path / name).read_text()
        assert "alice" not in text
        assert "clients" not in text
        assert "reviews.csv" in text
    training = json.loads((tmp_path / CONFIG_FILE).read_text())["training"]
    assert training["calibration"]["dataset"] == "more.csv"


@pytest.mark.parametrize("is_there", [True, False])
def test_a_relative_path_that_looks_like_a_hub_id_is_shortened(tmp_path, monkeypatch, is_there):
    monkeypatch.chdir(tmp_path)
    if is_there:
        Path("clients/acme-lawsuit").mkdir(parents=True)
    names = ("dataset", "init", "test_file", "validation_file", "unlabelled_file")
    classifier = small_classifier(**dict.fromkeys(names, "clients/acme-lawsuit"))
    classifier.save_pretrained("shared")
    for name in (CONFIG_FILE, "README.md"):
        text = Path("shared", name).read_text()
        assert "clients" not in text
        assert "acme-lawsuit" in text
        assert "huggingface.co" not in text


PRIVATE = {
    "like-a-hub-id": "clients/acme-lawsuit",
    "relative": "../clients/acme-lawsuit",
    "absolute": "/home/alice/clients/acme-lawsuit",
    "home": "~alice/clients/acme-lawsuit",
    "windows": r"C:\clients\acme-lawsuit",
    "address": "https://alice:clients@host/acme-lawsuit",
}
TEXT_SETTINGS = [
    name
    for section in SECTIONS.values()
    for name, hint in get_type_hints(section).items()
    if hint in (str, str | None) and name not in ("pooling", "language")
]
METADATA_PLACES = [("calibration", "dataset"), ("source",), ("train", "columns", "text"), ("init",)]


def nested(place, value):
    """Return JSON content with a value at a place."""
    for key in reversed(place):
        value = {key: value}
    return value


@pytest.mark.parametrize("path", PRIVATE.values(), ids=PRIVATE)
@pytest.mark.parametrize("name", [*TEXT_SETTINGS, *METADATA_PLACES, "metrics-test.json"], ids=str)
def test_no_setting_or_fact_shares_a_path(tmp_path, name, path):
    settings, metadata = {"language": "xx"}, METADATA  # Its tokenizer is quickly created.
    if name in TEXT_SETTINGS:
        settings |= {name: path, "init": None, **({"init": path} if name == "init" else {})}
    elif name in METADATA_PLACES:
        metadata = {**METADATA, **nested(name, path)}
    classifier = small_classifier(metadata=metadata, **settings)
    run = tmp_path / "run"
    save_model(run, classifier.saved())
    if name == "metrics-test.json":
        (run / name).write_text(json.dumps({**TEST_METRICS, "dataset": path}))
    Classifier.from_pretrained(run, device="cpu").save_pretrained(tmp_path / "shared")
    contents = [path.read_bytes() for path in (tmp_path / "shared").iterdir()]
    assert any(b"acme" in content for content in contents)
    for content in contents:
        for part in (b"clients", b"alice", b"huggingface.co/datasets"):
            assert part not in content


def test_every_text_setting_is_covered():
    assert {"dataset", "validation_file", "test_file", "unlabelled_file"} <= set(TEXT_SETTINGS)
    assert {"init", "word_vectors", "revision", "subset"} <= set(TEXT_SETTINGS)


@pytest.mark.parametrize(
    ("dataset", "source"), [("user/reviews", "hub"), ("stanfordnlp/imdb", "local")]
)
def test_a_dataset_of_the_hub_keeps_its_id_and_is_linked(dataset, source):
    classifier = small_classifier(metadata={**METADATA, "source": source}, dataset=dataset)
    text = card_of(classifier)
    assert f"[{dataset}](https://huggingface.co/datasets/{dataset})" in text
    assert ModelCard(text).data.datasets == [dataset]
    assert without_paths(classifier.saved()).config.data.dataset == dataset


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("user/kept", "user/kept"),
        ("sample", "sample"),
        ("data/reviews.csv", "reviews.csv"),
        ("../reviews", "reviews"),
        ("~/reviews/", "reviews"),
        (r"D:\work\reviews.tsv", "reviews.tsv"),
        (r"\\server\share\reviews", "reviews"),
        ("https://name:word@host/reviews.csv", "reviews.csv"),
        ("/", "folder"),
        ({"a": ["/b/c", 1, None]}, {"a": ["c", 1, None]}),
    ],
)
def test_paths_are_shortened_to_their_last_component(value, expected):
    assert shorten_paths(value, keep="user/kept") == expected


def test_a_readme_that_is_not_a_card_is_kept(tmp_path):
    classifier = small_classifier()
    (tmp_path / "README.md").write_text("# My project\n")
    classifier.save_pretrained(tmp_path)
    assert (tmp_path / "README.md").read_text() == "# My project\n"
    (tmp_path / "README.md").unlink()
    classifier.save_pretrained(tmp_path)
    card = (tmp_path / "README.md").read_text()
    (tmp_path / "README.md").write_text(card + "more")
    classifier.save_pretrained(tmp_path)
    assert (tmp_path / "README.md").read_text() == card


@pytest.mark.filterwarnings("ignore::sentiment.inference.classifier.UnknownWordsWarning")
def test_a_card_contains_data_settings_and_metrics(tmp_path):
    run = tmp_path / "run"
    save_model(run, small_classifier(dataset="sample").saved())
    split = load_reviews("sample")["test"].select(range(0, 1000, 5))
    metrics = Classifier.from_pretrained(run, device="cpu").evaluate(split)
    result = {"dataset": "sample", "split": "test", **metrics.to_dict()}
    (run / "metrics-test.json").write_text(json.dumps(result))
    Classifier.from_pretrained(run).save_pretrained(tmp_path / "copy")
    card = ModelCard.load(tmp_path / "copy" / "README.md")
    low, high = metrics.accuracy_interval
    for expected in (
        "labels neg, pos",
        'Classifier.from_pretrained("FOLDER")',
        "Dataset: sample.",
        "| train | 900 | aa |",
        "| hidden\\_size | 16 |",
        "Measured on 200 texts of the test split of sample",
        f"| accuracy | {metrics.accuracy:.2%} | {low:.2%} to {high:.2%} |",
        f"| expected calibration error | {metrics.ece:.4f} |",
        f"(temperature {metrics.temperature:.2f})",
        "| accuracy | 87.50% |",
        "Irony",
        f"| torch | {version('torch')} |",
    ):
        assert expected in card.text, expected
    assert card.data.library_name == "sentiment-lstm"
    assert card.data.pipeline_tag == "text-classification"
    assert card.data.language == "en"
    assert card.data.license is None
    assert card.data.datasets is None  # `sample` is not a dataset of the Hub.
    found = {one.metric_type: one.metric_value for one in card.data.eval_results}
    assert found == {"accuracy": metrics.accuracy, "f1": metrics.f1, "roc_auc": metrics.roc_auc}


@pytest.mark.parametrize(
    "changes", [{"temperature": 1.26}, {"temperature": None}, {"confusion": [[1]]}]
)
def test_metrics_of_another_model_in_the_folder_are_left_out(tmp_path, changes):
    saved = small_classifier().saved()
    (tmp_path / "metrics-test.json").write_text(json.dumps(TEST_METRICS))
    assert read_metrics(tmp_path, saved)["accuracy"] == 0.9
    (tmp_path / "metrics-test.json").write_text(json.dumps({**TEST_METRICS, **changes}))
    assert read_metrics(tmp_path, saved) == {}
    assert read_metrics(None, saved) == {}


CHECK = {
    "temperature": 1.25,
    "tests": [
        {"capability": "fairness", "name": "religion", "cases": 200, "failures": 3, "rate": 0.015},
        {"capability": "fairness", "name": "gender", "cases": 200, "failures": 0, "rate": 0.0},
    ],
}


def test_card_has_the_behavioral_tests_of_the_model_in_the_folder(tmp_path):
    classifier = small_classifier()
    (tmp_path / "check-held-out.json").write_text(json.dumps(CHECK))
    text = card_of(classifier, checked=read_check(tmp_path, classifier.saved()))
    assert "## Behavioral tests" in text
    assert "| fairness | religion | 200 | 3 | 1.50% |" in text
    assert "| fairness | gender | 200 | 0 | 0.00% |" in text


@pytest.mark.parametrize("changes", [{"temperature": 1.26}, {"temperature": None}, None])
def test_behavioral_tests_of_another_model_in_the_folder_are_left_out(tmp_path, changes):
    if changes is not None:
        (tmp_path / "check-held-out.json").write_text(json.dumps({**CHECK, **changes}))
    checked = read_check(tmp_path, small_classifier().saved())
    assert checked == {}
    assert "## Behavioral tests" not in card_of(small_classifier(), checked=checked)


def test_a_card_mentions_pseudo_labels_and_synthetic_sentences_only_if_they_were_used():
    none = {"unlabelled": {"rows": 1200, "labelled": 0}, "synthetic_sentences": {"rows": 0}}
    without = card_of(small_classifier(metadata={**METADATA, **none}))
    assert "pseudo-labels" not in without
    assert "synthetic sentences" not in without
    extra = {"unlabelled": {"rows": 1200, "labelled": 900}, "synthetic_sentences": {"rows": 1300}}
    text = " ".join(card_of(small_classifier(metadata={**METADATA, **extra})).split())
    assert "900 texts with pseudo-labels, selected from 1,200 texts without labels" in text
    assert "1,300 synthetic sentences" in text


def test_names_are_escaped_and_invalid_values_are_left_out():
    odd = "a|b <script>`x`\n---\n# [l](http://x) {{ 7 * 7 }} {% x %} \x1b[31m &amp; *"
    metadata = {
        "train": {"rows": odd, "fingerprint": [odd]},
        "metrics": {"validation_loss": odd},
    }
    measured = {
        "dataset": odd,
        "n": 10**400,
        "accuracy": float("nan"),
        "accuracy_interval": "no",
        "f1": True,
        "roc_auc": 0.5,
        "slices": [1, {"name": odd, "accuracy": 0.5, "accuracy_interval": [None, 2]}],
    }
    labels = [odd, "ok", "x" * 10_000]
    classifier = small_classifier(labels, metadata, dataset=odd, language="xx")
    test = {"name": odd, "capability": odd, "cases": 200, "failures": 0, "rate": 0.0}
    checked = {"tests": [1, test, {**test, "rate": odd}]}
    text = model_card(classifier.saved(), {"torch": odd}, measured, checked)
    card = ModelCard(text)
    assert "language: multilingual" in text
    assert "<script>" not in card.text
    assert "\x1b" not in text
    assert "nan" not in text
    assert "7 × 7" in text.replace("\\*", "×")
    assert card.text.count("\n# ") == 1
    for row in card.text.splitlines():
        if row.startswith("| "):
            cells = re.split(r"(?<!\\)\|", row)
            assert len(cells) in (4, 5, 7), row


def test_sections_without_content_are_left_out():
    text = card_of(small_classifier(metadata={}))
    assert "## Evaluation" not in text
    assert "## Versions" not in text
    assert "fingerprint" not in text
    assert "\n\n\n" not in text
