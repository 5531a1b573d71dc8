"""Languages: each of spaCy's tokenizes or names what it needs, and models learn some of them.

The Chinese reviews are built in; those in Arabic, Turkish and Japanese in `other_languages.py`.
"""

import csv
import os
import subprocess
import sys

import pytest
from support.other_languages import FOLDER, REVIEW_LANGUAGES, reviews
from support.small_models import SMALL

from sentiment.data.reviews import load_reviews
from sentiment.data.synthetic.templates import load_templates
from sentiment.errors import DependencyError
from sentiment.inference.classifier import Classifier
from sentiment.text.languages import LANGUAGE_PACKAGES, LANGUAGES
from sentiment.text.tokenizer import Tokenizer
from sentiment.training.classification import train, train_classifier

MODULES = {"ja": "sudachipy", "ko": "natto", "th": "pythainlp", "vi": "pyvi", "zh-jieba": "jieba"}
LEARNER = {
    **SMALL,
    "embedding_dim": 32,
    "hidden_size": 32,
    "pooling": "max+mean",
    "word_dropout": 0.0,
    "embedding_dropout": 0.1,
    "output_dropout": 0.1,
    "learning_rate": 1e-2,
    "epochs": 8,
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_language_tokenizes_any_text_or_names_its_packages(language):
    text = "Film! 电影 映画 فيلم İyi <br />\0\ud800"
    try:
        tokenizer = Tokenizer(language, lowercase=False)
    except DependencyError as error:
        output = str(error)
    else:
        output = "".join("".join(tokenizer.tokenize(text)).split())
    packages = " ".join(LANGUAGE_PACKAGES.get(language, ()))
    command = f"language '{language}' needs: pip install {packages}."
    assert output == "Film!电影映画فيلمİyi\ufffd" or output.startswith(command)


@pytest.mark.parametrize("language", LANGUAGE_PACKAGES)
def test_missing_packages_error_names_the_install_command(language, monkeypatch):
    monkeypatch.setitem(sys.modules, MODULES[language], None)
    message = f"'{language}' needs: pip install .*{MODULES[language]}"
    with pytest.raises(DependencyError, match=message):
        Tokenizer(language)


def test_jieba_is_silent_and_does_not_use_the_temporary_folder(tmp_path):
    pytest.importorskip("jieba")
    (tmp_path / "jieba.cache").write_bytes(b"not a dictionary")
    program = "from sentiment.text.tokenizer import Tokenizer; print(Tokenizer('zh-jieba').tokenize('看电影'))"  # noqa: E501
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONIOENCODING": "utf-8"},
    )
    assert (done.stdout, done.stderr) == ("['看', '电影']\n", "")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"not a dictionary"]


def test_words_added_to_jieba_do_not_change_tokens():
    jieba = pytest.importorskip("jieba")
    expected = Tokenizer("zh-jieba").tokenize("特效真的好看")
    assert expected == ["特效", "真的", "好看"]
    jieba.add_word("特效真的好看")
    try:
        assert Tokenizer("zh-jieba").tokenize("特效真的好看") == expected
    finally:
        jieba.del_word("特效真的好看")


@pytest.mark.parametrize("language", REVIEW_LANGUAGES)
def test_no_template_is_in_two_splits(language):
    templates = load_templates(FOLDER / language / "templates.tsv")
    assert not set(templates["train"]) & set(templates["test"])


@pytest.mark.parametrize("language", REVIEW_LANGUAGES)
def test_model_learns_a_language_from_a_few_hundred_reviews(tmp_path, language):
    try:
        Tokenizer(language)
    except DependencyError as error:
        pytest.skip(str(error))
    folder = tmp_path / "reviews"
    folder.mkdir()
    for split, size in (("train", 600), ("test", 200)):
        with (folder / f"{split}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("text", "label"), *reviews(language, split, size)])
    settings = {**LEARNER, "dataset": str(folder), "language": language}
    classifier = train(out=tmp_path / "run", **settings)
    assert classifier.evaluate(load_reviews(str(folder))["test"]).accuracy >= 0.75


@pytest.fixture(scope="module", params=["zh", "zh-jieba"])
def chinese(request, tmp_path_factory):
    """Return the folder of a small model trained on the built-in Chinese reviews."""
    if request.param == "zh-jieba":
        pytest.importorskip("jieba")
    folder = tmp_path_factory.mktemp("chinese") / request.param
    settings = {**LEARNER, "dataset": "sample-zh", "language": request.param, "hidden_size": 48}
    train_classifier(settings, folder)
    return folder


def test_model_learns_chinese_negations(chinese):
    classifier = Classifier.from_pretrained(chinese)
    assert classifier.evaluate(load_reviews("sample-zh")["test"]).accuracy >= 0.85
    labels = classifier.predict(
        [
            "故事一点也不无聊，非常感人，总之别错过。",
            "故事一点也不感人，非常无聊，总之别浪费时间了。",
            "我以为会很沉闷，没想到这么精彩。",
            "我以为会很精彩，没想到这么沉闷。",
        ]
    )
    assert labels == ["pos", "neg", "pos", "neg"]


def test_model_tokenizes_as_in_training_or_names_missing_packages(chinese, monkeypatch):
    classifier = Classifier.from_pretrained(chinese)
    language = classifier.config.text.language
    assert language == chinese.name
    tokens = classifier.tokenizer.tokenize("这部电影真的好看")
    expected = {
        "zh": list("这部电影真的好看"),
        "zh-jieba": ["这部", "电影", "真的", "好看"],
    }
    assert tokens == expected[language]
    monkeypatch.setitem(sys.modules, "jieba", None)
    if language == "zh-jieba":
        with pytest.raises(DependencyError, match="language 'zh-jieba' needs: pip install jieba"):
            Classifier.from_pretrained(chinese)
    else:
        assert Classifier.from_pretrained(chinese)("好看")
