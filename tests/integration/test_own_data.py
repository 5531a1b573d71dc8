"""A user's own reviews: file formats, columns, labels, and splits that are held out."""

import json
import sys
import warnings

import pytest
from datasets import ClassLabel, Dataset, Features, Value
from support.table_files import load_all

from sentiment.config import DataConfig
from sentiment.data.labels import IMDB_LABELS, UNLABELLED, align_labels
from sentiment.data.review_splits import from_reviews
from sentiment.data.reviews import load_reviews
from sentiment.data.splits import labelled_split, train_and_validation
from sentiment.errors import DataError, Notice

ROWS = [
    ("Très bon, à revoir.", "bon"),
    ('Nul, "vraiment", nul.', "mauvais"),
    ("NA", "moyen"),
    ("Deux lignes,\net la seconde.", "bon"),
]
NAMES = ["bon", "mauvais", "moyen"]


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
    """Write `ROWS` to a file in the format of its suffix."""
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
def test_each_format_holds_the_same_reviews(tmp_path, suffix):
    loaded = load_all(write(tmp_path / f"reviews.{suffix}"))
    assert rows(loaded["train"]) == ROWS
    assert loaded["train"].features["label"].names == NAMES


def test_folder_of_tables_is_read_like_its_files(tmp_path):
    write_csv(tmp_path / "train.csv")
    write_csv(tmp_path / "test.csv", ROWS[:1])
    (tmp_path / "run").mkdir()  # A model folder, for example, not a class of reviews.
    (tmp_path / "run" / "vocab.txt").write_text("<pad>\n")
    loaded = load_reviews(str(tmp_path))
    assert rows(loaded["train"]) == ROWS
    assert rows(loaded["test"]) == ROWS[:1]


def test_class_folders_are_sorted_by_name(tmp_path):
    for name, text in {
        "good/b.txt": "B",
        "good/a.txt": "A\nsecond line",
        "bad/c.txt": "\ufeffC",
        "bad/d.txt": "D",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    expected = [("C", "bad"), ("D", "bad"), ("A\nsecond line", "good"), ("B", "good")]
    assert rows(load_all(tmp_path)["train"]) == expected


def test_class_folders_within_split_folders_are_read(tmp_path):
    for split, folder in (("train", "train"), ("validation", "valid"), ("test", "test")):
        for label in ("x", "y"):
            (tmp_path / folder / label).mkdir(parents=True)
            (tmp_path / folder / label / "1.txt").write_text(f"{split} {label}")
    loaded = load_reviews(str(tmp_path))
    assert {split: rows(own) for split, own in loaded.items()} == {
        split: [(f"{split} x", "x"), (f"{split} y", "y")]
        for split in ("train", "validation", "test")
    }


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege")
def test_link_in_a_class_folder_is_an_error(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("not a review")
    (tmp_path / "data" / "good").mkdir(parents=True)
    (tmp_path / "data" / "good" / "1.txt").symlink_to(secret)
    with pytest.raises(DataError, match=r"good/1\.txt' is not a regular file"):
        load_reviews(str(tmp_path / "data"))


def test_validation_and_test_files_become_splits(tmp_path):
    train = write_csv(tmp_path / "a.csv")
    others = {
        "validation_file": str(write_csv(tmp_path / "b.csv", ROWS[:2])),
        "test_file": str(write_csv(tmp_path / "c.tsv", ROWS[1:3], separator="\t")),
    }
    loaded = load_reviews(DataConfig(dataset=str(train), **others))
    found = {split: rows(own) for split, own in loaded.items()}
    assert found == {"train": ROWS, "validation": ROWS[:2], "test": ROWS[1:3]}
    with pytest.raises(DataError, match="There is no file 'nowhere.csv'"):
        load_reviews(DataConfig(dataset=str(train), test_file="nowhere.csv"))
    with pytest.raises(DataError, match="unlabelled_file need a file"):
        load_reviews(DataConfig(dataset="sample", test_file=str(train)))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("u.txt", "no label here\nnor here\n"),
        ("u.csv", "review,stars\nno label here,5\nnor here,1\n"),
        ("u.jsonl", '{"label": -1, "text": "no label here"}\n{"label": -1, "text": "nor here"}\n'),
    ],
)
def test_unlabelled_file_becomes_the_unsupervised_split(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    train = write_csv(tmp_path / "a.csv")
    files = {"dataset": str(train), "unlabelled_file": str(tmp_path / name), "test_fraction": 0.0}
    loaded = load_reviews(DataConfig(**files))
    assert rows(loaded["train"]) == ROWS
    assert loaded["unsupervised"]["text"][:] == ["no label here", "nor here"]
    assert loaded["unsupervised"]["label"][:] == [-1, -1]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.zip", b"PK\x03\x04", "is a ZIP archive. Unpack it first"),
        ("a.xls", b"\xd0\xcf\x11\xe0", r"is an old Excel file\. Save it as \.xlsx"),
        ("a.bz2", b"BZh9", "is compressed with bzip2. Decompress it first"),
        ("a.csv", b"", "is empty: it has no header"),
        ("a.csv", b",\na,b\n", "needs the names of its columns in line 1"),
        ("a.csv", b"text,text\na,b\n", "more than one column 'text'. Rename all but one"),
        ("a.csv", b"text,label\n", "is empty. Add rows"),
        ("a.jsonl", b"{not json}\n", r"a\.jsonl', line 1: not JSON: Expecting property name"),
        ("a.parquet", b"PAR1", r"'.*a\.parquet' could not be read as Parquet"),
        ("a.xlsx", b"PK\x03\x04", r"'.*a\.xlsx' could not be read as an Excel workbook"),
        ("a.csv", b"text,label\0" * 9 + b"\0" * 99, "is not text: a binary file, or UTF-16"),
    ],
)
def test_unreadable_file_is_an_error_of_one_line(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        load_reviews(str(tmp_path / name))
    assert "\n" not in str(caught.value)


def test_csv_accepts_byte_order_mark_and_line_ends(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xef\xbb\xbftext,label\r\nNA,x\r\nnull,y\r\n")
    assert rows(load_all(path)["train"]) == [("NA", "x"), ("null", "y")]


def test_bytes_of_another_encoding_are_an_error_unless_it_is_set(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("text,label\nnaïve,x\nbad,y\n".encode("cp1252"))
    with pytest.raises(DataError, match=r"a\.csv', line 2: the byte 0xEF is not UTF-8.*cp1252"):
        load_all(path)
    assert rows(load_all(path, encoding="cp1252")["train"])[0] == ("naïve", "x")
    assert rows(load_all(path, encoding_errors="replace")["train"])[0] == ("na\ufffdve", "x")
    assert rows(load_all(path, on_error="skip")["train"]) == [("bad", "y")]


SENTENCES = [f"This is sentence number {number} of them." for number in range(40)]


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        (("review", "sentiment"), ("review", "sentiment")),
        (("Sentiment", "Review"), ("Review", "Sentiment")),
        (("评论", "标签"), ("评论", "标签")),
        (("opinion", "stars"), ("opinion", "stars")),
        (("grade", "opinion"), ("opinion", "grade")),  # By content.
    ],
)
def test_chosen_columns_are_announced(tmp_path, header, columns):
    text_first = header.index(columns[0]) == 0
    table = [
        (text, "ab"[n % 2]) if text_first else ("ab"[n % 2], text)
        for n, text in enumerate(SENTENCES)
    ]
    with pytest.warns(
        Notice, match=f"texts from the column '{columns[0]}', labels from '{columns[1]}'"
    ):
        loaded = load_all(write_csv(tmp_path / "a.csv", table, header))
    assert rows(loaded["train"])[:2] == [(SENTENCES[0], "a"), (SENTENCES[1], "b")]


def test_ambiguous_columns_are_an_error_and_named_columns_are_silent(tmp_path):
    table = [(text, text[::-1], "ab"[n % 2], n % 4) for n, text in enumerate(SENTENCES)]
    path = write_csv(tmp_path / "a.csv", table, ("title", "body", "kind", "grade"))
    with pytest.raises(DataError, match="could hold the texts: 'title', 'body'.*text_column"):
        load_all(path)
    with pytest.raises(DataError, match="could hold the labels: 'kind', 'grade'.*label_column"):
        load_all(path, text_column="body")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loaded = load_all(path, text_column="body", label_column="grade")
    assert rows(loaded["train"])[1] == (SENTENCES[1][::-1], "1")
    with pytest.raises(
        DataError, match="no column 'bodies'. Its columns are 'title', 'body', 'kind'"
    ):
        load_all(path, text_column="bodies")
    with pytest.raises(DataError, match="no column 'film'"):
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
def test_labels_of_any_type_have_names(tmp_path, values, feature, names):
    features = Features({"text": Value("string"), "label": feature})
    data = Dataset.from_dict({"text": ["a", "b", "c"], "label": values}, features=features)
    data.to_parquet(tmp_path / "a.parquet")
    split = load_all(tmp_path / "a.parquet")["train"]
    assert split.features["label"].names == names
    expected = [str(value).strip().lower() for value in values]
    if isinstance(feature, ClassLabel):
        expected = ["a", "z", UNLABELLED]
    assert [label for _, label in rows(split)] == expected


def test_label_missing_from_train_is_an_error(tmp_path):
    write_csv(tmp_path / "train.csv")
    write_csv(tmp_path / "test.csv", [("x", "bon"), ("y", "excellent")])
    message = (
        r"'test' of .* has the label 'excellent', first in .*test\.csv', line 3, which the split "
        "'train' does not"
    )
    with pytest.raises(DataError, match=message):
        load_reviews(str(tmp_path))


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
def test_align_labels_matches_names(names, found, model, expected):
    split = align_labels(split_with(names, found), model, "It")
    assert split.features["label"].names == model
    assert split["label"] == expected


def test_align_labels_names_an_unknown_label():
    split = split_with(["bad", "good", "new"], ["good", "new"])
    message = (
        "It has the label 'new', first in row 2, which the model was not trained on.*'bad', 'good'"
    )
    with pytest.raises(DataError, match=message):
        align_labels(split, ["bad", "good"], "It")
    assert align_labels(split.select([0]), ["bad", "good"], "It")["label"] == [1]
    with pytest.raises(DataError, match="the label '2', first in row 1"):
        align_labels(split_with(["0", "1", "2"], ["2"]), IMDB_LABELS, "It")


def test_held_out_test_split_does_not_depend_on_the_seed(tmp_path):
    table = [(f"sentence {n}", "abbb"[n % 4]) for n in range(200)]
    config = DataConfig(dataset=str(write_csv(tmp_path / "a.csv", table)))
    loaded = load_reviews(config)
    assert [label for _, label in rows(loaded["test"])].count("a") == 5
    assert len(loaded["test"]) == 20
    assert loaded["test"]["text"] == load_reviews(config)["test"]["text"]
    assert loaded["test"]["text"] != [text for text, _ in table[-20:]]  # Random.
    validations = []
    for seed in (0, 1):
        train, validation = train_and_validation(loaded, config, seed)
        parts = [set(part["text"]) for part in (train, validation, loaded["test"])]
        assert sum(map(len, parts)) == len(set.union(*parts)) == 200
        validations.append(parts[1])
    assert validations[0] != validations[1]
    assert set(load_all(tmp_path / "a.csv")) == {"train"}


def test_no_group_is_in_two_splits(tmp_path):
    table = [(f"sentence {n}", "ab"[n % 2], f"film {n % 30}") for n in range(300)]
    path = write_csv(tmp_path / "a.csv", table, ("text", "label", "film"))
    config = DataConfig(dataset=str(path), group_column="film")
    loaded = load_reviews(config)
    train, validation = train_and_validation(loaded, config, 0)
    groups = [set(part["group"]) for part in (train, validation, loaded["test"])]
    assert all(groups)
    assert sum(map(len, groups)) == len(set.union(*groups)) == 30
    assert 0.08 <= len(loaded["test"]) / 300 <= 0.12
    few = write_csv(
        tmp_path / "few.csv",
        [(t, label, "one") for t, label, _ in table],
        ("text", "label", "film"),
    )
    with pytest.raises(DataError, match="have 1 groups.*group_column"):
        load_reviews(DataConfig(dataset=str(few), group_column="film"))


def test_unlabelled_reviews_load_if_no_labels_are_required(tmp_path):
    (tmp_path / "a.txt").write_text("one\n\ntwo\r\nthree\n")
    loaded = load_reviews(str(tmp_path / "a.txt"), labelled=False)
    assert list(loaded) == ["train"]
    assert loaded["train"]["label"] == [UNLABELLED] * 3
    with pytest.raises(DataError, match="no column of labels"):
        load_reviews(str(tmp_path / "a.txt"))
    train, validation = train_and_validation(loaded, DataConfig(dataset="a.txt"), 0, labelled=False)
    assert len(train) + len(validation) == 3
    with pytest.raises(DataError, match="without a label"):
        labelled_split(loaded, "train", "a.txt")


def test_pretraining_holds_out_the_same_test_split(tmp_path):
    table = [(f"sentence {n}", "ab"[n % 2]) for n in range(100)]
    path = str(write_csv(tmp_path / "a.csv", table))
    assert load_reviews(path, labelled=False)["test"]["text"] == load_reviews(path)["test"]["text"]
