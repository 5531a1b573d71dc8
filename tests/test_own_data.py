"""Reviews of one's own: files of any kind, columns and labels of any name, splits that are made."""

import json
import warnings

import pytest
from datasets import ClassLabel, Dataset, Features, Value

from sentiment.config import DataConfig
from sentiment.data.reviews import (
    LABELS,
    UNLABELLED,
    Notice,
    from_reviews,
    load_corpus,
    split_of,
    train_and_validation,
    with_labels,
)
from sentiment.errors import InputError

ROWS = [
    ("Très bon, à revoir.", "bon"),
    ('Nul, "vraiment", nul.', "mauvais"),
    ("NA", "moyen"),
    ("Deux lignes,\net la seconde.", "bon"),
]
NAMES = ["bon", "mauvais", "moyen"]


def load_all(path, **settings):
    """All of it, none set aside for testing."""
    return load_corpus(DataConfig(dataset=str(path), test_fraction=0.0, **settings))


def rows(split):
    names = split.features["label"].names
    pairs = zip(split["text"], split["label"], strict=True)
    return [(text, label if label == UNLABELLED else names[label]) for text, label in pairs]


def write_csv(path, table=ROWS, header=("text", "label"), separator=","):
    path.parent.mkdir(parents=True, exist_ok=True)

    def field(value):
        text = str(value)
        quoted = '"' + text.replace('"', '""') + '"'
        return quoted if any(sign in text for sign in f'{separator}"\n') else text

    lines = [separator.join(map(field, row)) for row in (header, *table)]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="")
    return path


def write(path):
    """`ROWS` in a file, by its suffix."""
    columns = {"text": [text for text, _ in ROWS], "label": [label for _, label in ROWS]}
    if path.suffix == ".jsonl":
        lines = [json.dumps(dict(zip(("text", "label"), row, strict=True))) for row in ROWS]
        path.write_text("\n".join(lines), encoding="utf-8")
    elif path.suffix == ".json":
        path.write_text(json.dumps([dict(zip(("text", "label"), r, strict=True)) for r in ROWS]))
    elif path.suffix == ".parquet":
        Dataset.from_dict(columns).to_parquet(path)
    else:
        write_csv(path, separator="\t" if path.suffix == ".tsv" else ",")
    return path


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "json", "parquet"])
def test_a_file_of_each_kind_holds_the_same_reviews(tmp_path, suffix):
    corpus = load_all(write(tmp_path / f"reviews.{suffix}"))
    assert rows(corpus["train"]) == ROWS
    assert corpus["train"].features["label"].names == NAMES


def test_a_folder_of_tables_is_read_as_its_files_are(tmp_path):
    write_csv(tmp_path / "train.csv")
    write_csv(tmp_path / "test.csv", ROWS[:1])
    (tmp_path / "run").mkdir()  # A model's folder, say: no class of reviews.
    (tmp_path / "run" / "vocab.txt").write_text("<pad>\n")
    corpus = load_corpus(str(tmp_path))
    assert rows(corpus["train"]) == ROWS
    assert rows(corpus["test"]) == ROWS[:1]


def test_a_folder_per_class_is_read_in_order_of_names(tmp_path):
    for name, text in {
        "good/b.txt": "B",
        "good/a.txt": "A\nsecond line",
        "bad/c.txt": "\ufeffC",
        "bad/d.txt": b"D\xff",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        content = text if isinstance(text, bytes) else text.encode()
        (tmp_path / name).write_bytes(content)
    expected = [("C", "bad"), ("D\ufffd", "bad"), ("A\nsecond line", "good"), ("B", "good")]
    assert rows(load_all(tmp_path)["train"]) == expected


def test_a_folder_per_split_and_class_is_read(tmp_path):
    for split, folder in (("train", "train"), ("validation", "valid"), ("test", "test")):
        for label in ("x", "y"):
            (tmp_path / folder / label).mkdir(parents=True)
            (tmp_path / folder / label / "1.txt").write_text(f"{split} {label}")
    corpus = load_corpus(str(tmp_path))
    assert {split: rows(own) for split, own in corpus.items()} == {
        split: [(f"{split} x", "x"), (f"{split} y", "y")]
        for split in ("train", "validation", "test")
    }


def test_a_link_out_of_a_folder_per_class_is_not_followed(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("not a review")
    (tmp_path / "data" / "good").mkdir(parents=True)
    (tmp_path / "data" / "good" / "1.txt").symlink_to(secret)
    with pytest.raises(InputError, match=r"good/1\.txt' is no plain file"):
        load_corpus(str(tmp_path / "data"))


def test_files_for_validation_and_testing_are_those_splits(tmp_path):
    train = write_csv(tmp_path / "a.csv")
    others = {
        "validation_file": str(write_csv(tmp_path / "b.csv", ROWS[:2])),
        "test_file": str(write_csv(tmp_path / "c.tsv", ROWS[1:3], separator="\t")),
    }
    corpus = load_corpus(DataConfig(dataset=str(train), **others))
    found = {split: rows(own) for split, own in corpus.items()}
    assert found == {"train": ROWS, "validation": ROWS[:2], "test": ROWS[1:3]}
    with pytest.raises(InputError, match="There is no file 'nowhere.csv'"):
        load_corpus(DataConfig(dataset=str(train), test_file="nowhere.csv"))
    with pytest.raises(InputError, match=r"--unlabelled-file go with a file"):
        load_corpus(DataConfig(dataset="sample", test_file=str(train)))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("u.txt", "no label here\nnor here\n"),
        ("u.csv", "review,stars\nno label here,5\nnor here,1\n"),
        ("u.jsonl", '{"label": -1, "text": "no label here"}\n{"label": -1, "text": "nor here"}\n'),
    ],
)
def test_a_file_without_labels_is_the_unsupervised_split(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    train = write_csv(tmp_path / "a.csv")
    files = {"dataset": str(train), "unlabelled_file": str(tmp_path / name), "test_fraction": 0.0}
    corpus = load_corpus(DataConfig(**files))
    assert rows(corpus["train"]) == ROWS
    assert corpus["unsupervised"]["text"][:] == ["no label here", "nor here"]
    assert corpus["unsupervised"]["label"][:] == [-1, -1]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.xlsx", b"PK", r"is none of the files that are read here: \.csv"),
        ("a.csv", b"", "needs a first line that names its columns"),
        ("a.csv", b"text,text\na,b\n", "needs a first line that names its columns, each differ"),
        ("a.csv", b"text,label\n", "is empty|Could not read"),
        ("a.jsonl", b"{not json}\n", r"Could not read reviews from '.*a\.jsonl'"),
        ("a.parquet", b"PAR1", r"Could not read reviews from '.*a\.parquet'"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_clear_line(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        load_corpus(str(tmp_path / name))
    assert "\n" not in str(caught.value)


def test_the_bytes_of_a_csv_are_read_by_one_policy(tmp_path):
    """UTF-8 with a byte order mark or without, any line ends, U+FFFD for what is no UTF-8."""
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xef\xbb\xbftext,label\r\nna\xefve,x\r\nnull,y\r\n")
    assert rows(load_all(path)["train"]) == [("na\ufffdve", "x"), ("null", "y")]


SENTENCES = [f"This is sentence number {number} of them." for number in range(40)]


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        (("review", "sentiment"), ("review", "sentiment")),
        (("Sentiment", "Review"), ("Review", "Sentiment")),
        (("评论", "标签"), ("评论", "标签")),
        (("opinion", "stars"), ("opinion", "stars")),
        (("verdict", "opinion"), ("opinion", "verdict")),  # by what stands in them
    ],
)
def test_columns_are_guessed_where_one_can_be_meant_and_it_is_said(tmp_path, header, columns):
    text_first = header.index(columns[0]) == 0
    table = [
        (text, "ab"[n % 2]) if text_first else ("ab"[n % 2], text)
        for n, text in enumerate(SENTENCES)
    ]
    with pytest.warns(
        Notice, match=f"texts from the column '{columns[0]}', labels from '{columns[1]}'"
    ):
        corpus = load_all(write_csv(tmp_path / "a.csv", table, header))
    assert rows(corpus["train"])[:2] == [(SENTENCES[0], "a"), (SENTENCES[1], "b")]


def test_the_columns_that_are_named_are_taken_and_nothing_is_said(tmp_path):
    table = [(text, text[::-1], "ab"[n % 2], n % 4) for n, text in enumerate(SENTENCES)]
    path = write_csv(tmp_path / "a.csv", table, ("title", "body", "kind", "grade"))
    with pytest.raises(InputError, match="texts in which column: 'title', 'body'.*--text-column"):
        load_all(path)
    with pytest.raises(InputError, match="labels in which column: 'kind', 'grade'.*--label-column"):
        load_all(path, text_column="body")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        corpus = load_all(path, text_column="body", label_column="grade")
    assert rows(corpus["train"])[1] == (SENTENCES[1][::-1], "1")
    with pytest.raises(InputError, match="no column 'bodies', only 'title', 'body', 'kind'"):
        load_all(path, text_column="bodies")
    with pytest.raises(InputError, match="no column 'film'"):
        load_all(path, text_column="body", label_column="grade", group_column="film")


@pytest.mark.parametrize(
    ("values", "feature", "names"),
    [
        ([10, 2, 1], Value("int32"), ["1", "2", "10"]),
        ([-1, 0, 1], Value("int64"), ["-1", "0", "1"]),
        ([True, False, True], Value("bool"), ["false", "true"]),
        ([" good ", "bad", "good"], Value("string"), ["bad", "good"]),
        (["10", "9", "b"], Value("string"), ["9", "10", "b"]),
        ([1, 0, -1], ClassLabel(names=["z", "a"]), ["z", "a"]),
    ],
)
def test_labels_have_names_whatever_their_type(tmp_path, values, feature, names):
    features = Features({"text": Value("string"), "label": feature})
    data = Dataset.from_dict({"text": ["a", "b", "c"], "label": values}, features=features)
    data.to_parquet(tmp_path / "a.parquet")
    split = load_all(tmp_path / "a.parquet")["train"]
    assert split.features["label"].names == names
    called = [str(value).strip().lower() for value in values]
    if isinstance(feature, ClassLabel):
        called = ["a", "z", UNLABELLED]
    assert [label for _, label in rows(split)] == called


def test_a_label_that_only_another_split_has_is_named(tmp_path):
    write_csv(tmp_path / "train.csv")
    write_csv(tmp_path / "test.csv", [("x", "bon"), ("y", "excellent")])
    message = "'test' of .* has the label 'excellent', first in row 2, which 'train' does not have"
    with pytest.raises(InputError, match=message):
        load_corpus(str(tmp_path))


def split_with(names, labels):
    pairs = [(f"text {n}", names.index(label)) for n, label in enumerate(labels)]
    return from_reviews({"test": pairs}, names)["test"]


@pytest.mark.parametrize(
    ("names", "found", "model", "expected"),
    [
        (["b", "a"], ["a", "b"], ["a", "b"], [0, 1]),
        (["a", "b"], ["b"], ["b", "c", "a"], [0]),
        (["negative", "positive"], ["positive", "negative"], ["neg", "pos"], [1, 0]),
        (["0", "1"], ["1", "0"], ["neg", "pos"], [1, 0]),
        (["0", "1"], ["1", "0"], ["1", "0"], [0, 1]),
    ],
)
def test_a_model_finds_its_labels_by_name(names, found, model, expected):
    split = with_labels(split_with(names, found), model, "It")
    assert split.features["label"].names == model
    assert split["label"] == expected


def test_a_label_that_training_never_saw_is_named():
    split = split_with(["bad", "good", "new"], ["good", "new"])
    message = "It has the label 'new', first in row 2, which the model never saw.*'bad', 'good'"
    with pytest.raises(InputError, match=message):
        with_labels(split, ["bad", "good"], "It")
    assert with_labels(split.select([0]), ["bad", "good"], "It")["label"] == [1]
    with pytest.raises(InputError, match="the label '2', first in row 1"):
        with_labels(split_with(["0", "1", "2"], ["2"]), LABELS, "It")


def test_test_reviews_are_set_aside_and_are_the_same_for_each_seed(tmp_path):
    table = [(f"sentence {n}", "abbb"[n % 4]) for n in range(200)]
    config = DataConfig(dataset=str(write_csv(tmp_path / "a.csv", table)))
    corpus = load_corpus(config)
    assert [label for _, label in rows(corpus["test"])].count("a") == 5
    assert len(corpus["test"]) == 20
    assert corpus["test"]["text"] == load_corpus(config)["test"]["text"]
    assert corpus["test"]["text"] != [text for text, _ in table[-20:]]  # at random
    validations = []
    for seed in (0, 1):
        train, validation = train_and_validation(corpus, config, seed)
        parts = [set(part["text"]) for part in (train, validation, corpus["test"])]
        assert sum(map(len, parts)) == len(set.union(*parts)) == 200
        validations.append(parts[1])
    assert validations[0] != validations[1]
    assert set(load_all(tmp_path / "a.csv")) == {"train"}


def test_no_group_stands_on_two_sides(tmp_path):
    table = [(f"sentence {n}", "ab"[n % 2], f"film {n % 30}") for n in range(300)]
    path = write_csv(tmp_path / "a.csv", table, ("text", "label", "film"))
    config = DataConfig(dataset=str(path), group_column="film")
    corpus = load_corpus(config)
    train, validation = train_and_validation(corpus, config, 0)
    groups = [set(part["group"]) for part in (train, validation, corpus["test"])]
    assert all(groups)
    assert sum(map(len, groups)) == len(set.union(*groups)) == 30
    assert 0.08 <= len(corpus["test"]) / 300 <= 0.12
    few = write_csv(
        tmp_path / "few.csv",
        [(t, label, "one") for t, label, _ in table],
        ("text", "label", "film"),
    )
    with pytest.raises(InputError, match="of 1 groups only.*--group-column"):
        load_corpus(DataConfig(dataset=str(few), group_column="film"))


def test_unlabelled_reviews_will_do_where_no_label_is_needed(tmp_path):
    (tmp_path / "a.txt").write_text("one\n\ntwo\r\nthree\n")
    corpus = load_corpus(str(tmp_path / "a.txt"), labelled=False)
    assert list(corpus) == ["train"]
    assert corpus["train"]["label"] == [UNLABELLED] * 3
    with pytest.raises(InputError, match="no column of labels"):
        load_corpus(str(tmp_path / "a.txt"))
    train, validation = train_and_validation(corpus, DataConfig(dataset="a.txt"), 0, labelled=False)
    assert len(train) + len(validation) == 3
    with pytest.raises(InputError, match="without a label"):
        split_of(corpus, "train", "a.txt")


def test_what_is_set_aside_for_testing_is_so_for_pretraining_too(tmp_path):
    table = [(f"sentence {n}", "ab"[n % 2]) for n in range(100)]
    path = str(write_csv(tmp_path / "a.csv", table))
    assert load_corpus(path, labelled=False)["test"]["text"] == load_corpus(path)["test"]["text"]
