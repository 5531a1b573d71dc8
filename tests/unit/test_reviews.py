"""Loading of reviews: IMDB, folders, the Hub, and how validation reviews are held out."""

import gzip
import io
import os
import sys
import tarfile
import threading
import tracemalloc
import warnings
import zipfile
from types import SimpleNamespace

import pytest
from datasets import Dataset, DatasetDict
from huggingface_hub.errors import RepositoryNotFoundError
from support.table_files import load_all

from sentiment.config import DataConfig
from sentiment.data import hub
from sentiment.data import imdb as imdb_reader
from sentiment.data.labels import IMDB_LABELS
from sentiment.data.review_splits import from_reviews, review_features
from sentiment.data.reviews import load_reviews
from sentiment.data.splits import (
    SharedReviewsWarning,
    fingerprint,
    hold_out,
    labelled_split,
    train_and_validation,
    warn_of_shared,
)
from sentiment.errors import ConfigError, DataError, HubError
from sentiment.runtime import network

IMDB_FEATURES = review_features(IMDB_LABELS)
REVIEWS = {
    "train/neg/2_1.txt": "second <br /> bad",
    "train/neg/10_2.txt": "tenth, worse",
    "train/neg/1_3.txt": "first, dull",
    "train/pos/0_9.txt": "lovely – naïve",
    "train/pos/1_10.txt": "great",
    "train/unsup/0_0.txt": "unknown",
    "test/neg/0_2.txt": "boring",
    "test/pos/0_7.txt": "fine",
}
EXPECTED = {
    "train": [
        ("first, dull", 0),
        ("second <br /> bad", 0),
        ("tenth, worse", 0),
        ("lovely – naïve", 1),
        ("great", 1),
    ],
    "test": [("boring", 0), ("fine", 1)],
    "unsupervised": [("unknown", -1)],
}


def rows(loaded):
    return {
        name: list(zip(split["text"], split["label"], strict=True))
        for name, split in loaded.items()
    }


def write_imdb_folder(root, reviews=REVIEWS):
    for name, text in reviews.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    (root / "train" / "urls_neg.txt").write_text("http://example.org")
    (root / "README").write_text("about")
    return root


def write_archive(path, members):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def parquet_folder(path, columns, features=None, split="train"):
    path.mkdir(exist_ok=True)
    Dataset.from_dict(columns, features=features).to_parquet(path / f"{split}-0.parquet")
    return path


def test_imdb_folder_is_sorted_by_review_number(tmp_path):
    loaded = load_reviews(str(write_imdb_folder(tmp_path / "aclImdb")))
    assert rows(loaded) == EXPECTED
    assert all(split.features == IMDB_FEATURES for split in loaded.values())
    assert rows(load_reviews(str(tmp_path))) == EXPECTED  # Its parent folder works too.


def test_imdb_archive_is_read_without_unpacking(tmp_path):
    members = {f"aclImdb/{name}": text.encode() for name, text in REVIEWS.items()}
    path = write_archive(tmp_path / "aclImdb_v1.tar.gz", members)
    assert rows(load_reviews(str(path))) == EXPECTED
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["../train/pos/0_9.txt", "/train/pos/0_9.txt", "a/../../b.txt"])
def test_archive_member_outside_of_its_folder_is_an_error(tmp_path, name):
    path = write_archive(tmp_path / "evil.tar.gz", {"aclImdb/train/pos/0_9.txt": b"x", name: b"y"})
    with pytest.raises(DataError, match="outside of its folder"):
        load_reviews(str(path))


def test_archive_links_are_not_followed(tmp_path):
    path = tmp_path / "links.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo("aclImdb/train/pos/0_9.txt")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(info)
    with pytest.raises(DataError, match="contains no reviews"):
        load_reviews(str(path))


@pytest.mark.parametrize(
    ("kind", "size"),
    [
        *((kind, 2**33) for kind in (tarfile.REGTYPE, tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME)),
        (tarfile.DIRTYPE, 2**60),
        (tarfile.REGTYPE, -512),  # Python's own reader never returns on it.
    ],
)
def test_archive_member_of_implausible_size_is_an_error(tmp_path, kind, size):
    path = tmp_path / "absurd.tar.gz"
    with gzip.open(path, "wb") as file:
        first = tarfile.TarInfo("aclImdb/README")
        second = tarfile.TarInfo("aclImdb/train/pos/0_9.txt")
        second.type, second.size = kind, size
        file.write(first.tobuf(tarfile.GNU_FORMAT) + second.tobuf(tarfile.GNU_FORMAT) + bytes(5000))
    with pytest.raises(DataError, match=rf"aclImdb/train/pos/0_9.txt' has {size:,} bytes"):
        load_reviews(str(path))


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE])
def test_extended_headers_of_an_archive_are_not_kept(tmp_path, kind):
    path = tmp_path / "headers.tar.gz"
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for number in range(300):
            info = tarfile.TarInfo(f"aclImdb/{number}")
            value = {f"comment{number}": "x" * 60_000}
            if kind == tarfile.XGLTYPE:
                archive.fileobj.write(tarfile.TarInfo.create_pax_global_header(value))
            else:
                info.pax_headers = value
            archive.addfile(info)
    tracemalloc.start()
    with pytest.raises(DataError, match="contains no reviews"):
        load_reviews(str(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * 2**20  # The headers have 18 MB.


def test_archive_of_headers_only_is_an_error(tmp_path):
    header = tarfile.TarInfo.create_pax_global_header({"comment": "x"})
    with gzip.open(tmp_path / "headers.tar.gz", "wb") as file:
        file.write(header * 2000 + bytes(1024))
    with pytest.raises(DataError, match=r"headers\.tar\.gz"):
        load_reviews(str(tmp_path / "headers.tar.gz"))


def test_archive_with_too_many_members_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(imdb_reader, "MAX_MEMBERS", 3)
    members = {f"aclImdb/{number}": b"" for number in range(4)}
    with pytest.raises(DataError, match="has more than 3 members"):
        load_reviews(str(write_archive(tmp_path / "many.tar.gz", members)))


def test_archive_with_too_many_bytes_of_reviews_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(imdb_reader, "MAX_TOTAL_BYTES", 2500)
    members = {f"aclImdb/train/pos/{n}_9.txt": b"x" * 1000 for n in range(3)}
    with pytest.raises(DataError, match="This is not the IMDB dataset: over 2,500 bytes"):
        load_reviews(str(write_archive(tmp_path / "many.tar.gz", members)))


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"\xff\xfe", "not UTF-8"), (b"x" * (imdb_reader.MAX_REVIEW_BYTES + 1), "longer than")],
)
def test_malformed_review_file_is_named(tmp_path, content, message):
    path = write_archive(tmp_path / "bad.tar.gz", {"aclImdb/test/neg/7_1.txt": content})
    with pytest.raises(DataError, match=f"test/neg/7_1.txt.*{message}"):
        load_reviews(str(path))


def test_truncated_archive_is_an_error(tmp_path):
    members = {f"aclImdb/{name}": text.encode() * 999 for name, text in REVIEWS.items()}
    path = write_archive(tmp_path / "half.tar.gz", members)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match="Could not read '.*half.tar.gz' as a tar archive"):
        load_reviews(str(path))
    path.write_bytes(b"text, not an archive")
    with pytest.raises(DataError, match="Could not read '.*half.tar.gz' as a tar archive"):
        load_reviews(str(path))


def test_hub_layout_folder_is_read_and_other_columns_are_dropped(tmp_path):
    columns = {"text": ["a", "b"], "label": ["pos", "neg"], "movie": ["x", "y"]}
    loaded = load_all(parquet_folder(tmp_path / "data", columns))
    assert rows(loaded) == {"train": [("a", 1), ("b", 0)]}
    assert loaded["train"].features == IMDB_FEATURES


def test_unlabelled_rows_load_but_are_no_labelled_split(tmp_path):
    path = parquet_folder(tmp_path / "data", {"text": ["a"], "label": [-1]})
    loaded = load_reviews(str(path))
    assert loaded["train"]["label"] == [-1]
    with pytest.raises(DataError, match="without a label"):
        labelled_split(loaded, "train", "data")
    with pytest.raises(DataError, match="no split 'test'. Its splits are train"):
        labelled_split(loaded, "test", "data")


@pytest.mark.parametrize(
    ("columns", "features", "message"),
    [
        ({"text": ["a"]}, None, "no column of labels that is recognized. Its columns are 'text'"),
        (
            {"text": [1], "label": [0]},
            None,
            "no column of texts that is recognized. Its columns are 'text', 'label'",
        ),
        ({"text": ["a"], "label": [[0]]}, None, "row 1: 'label' is the label .*no printable"),
        ({"text": ["a", None], "label": [0, 1]}, None, "row 2: no text in the column 'text'"),
        ({"text": ["a", " \n"], "label": [0, 1]}, None, "row 2: no text in the column 'text'"),
        ({"text": ["a", "b"], "label": [0, None]}, None, "row 2: no label in the column 'label'"),
        ({"text": ["a", "b"], "label": ["x", ""]}, None, "row 2: no label in the column 'label'"),
        (
            {"text": ["a", "b"], "label": ["x", "y\0"]},
            None,
            "row 2: 'label' is the label .*no printable",
        ),
        ({"text": [], "label": []}, IMDB_FEATURES, "is empty"),
        (
            {"text": ["a"] * 1001, "label": [str(n) for n in range(1001)]},
            None,
            "has 1,001 different labels; at most 1,000.*label_column",
        ),
    ],
)
def test_unusable_columns_are_an_error(tmp_path, columns, features, message):
    path = parquet_folder(tmp_path / "data", columns, features)
    with pytest.raises(DataError, match=message):
        load_all(path)


def test_empty_folder_and_wrong_path_are_errors(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="has no tables .* and no folders of .txt files"):
        load_reviews(str(tmp_path / "empty"))
    with pytest.raises(DataError, match="no file or folder '.*nowhere'.*'sample'"):
        load_reviews(str(tmp_path / "nowhere"))
    with pytest.raises(ConfigError, match="revision applies to datasets of the Hub only"):
        load_reviews(DataConfig(dataset="sample", revision="main"))


CSV = ["text,label"] + [f"word{n},{n % 2}" for n in range(100_000)]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["reviews.csv", "folder/train.csv"])
@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("one,two,3,4", r"\.csv', line 77778: 4 fields, where the header has 2"),
        ('"open,1', r"\.csv', line 77778: not CSV: a quoted field without an end"),
        ("one,positive", "label 'positive' has a single review, in row 77,777"),
        ("one,", r"\.csv', line 77778: no label in the column 'label'"),
        (",1", r"\.csv', line 77778: no text in the column 'text'"),
        ("one,7", "label '7' has a single review, in row 77,777"),
    ],
)
def test_one_malformed_row_of_100_000_is_named(tmp_path, capfd, name, row, message):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join([*CSV[:77_777], row, *CSV[77_778:]]))
    with pytest.raises(DataError, match=message) as caught:
        load_reviews(str(path if path.parent == tmp_path else path.parent))
    assert "\n" not in str(caught.value)
    assert "Error" not in capfd.readouterr().err


def write_packed(path):
    """Write a CSV file in an archive or compressed, by the suffix of `path`."""
    content = b"text,label\na,1\nb,0\n"
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("train.csv", content)
            archive.writestr("../../climbs.csv", content)
    elif ".tar" in path.name:
        write_archive(path, {"train.csv": content, "../../climbs.csv": content})
    else:
        path.write_bytes(gzip.compress(content))


@pytest.mark.parametrize("name", ["train.zip", "train.tar.gz", "train.tar"])
def test_archive_in_a_folder_is_not_unpacked(tmp_path, name):
    folder = tmp_path / "deep" / "data"
    folder.mkdir(parents=True)
    write_packed(folder / name)
    with pytest.raises(DataError, match="has no tables.*Unpack archives first"):
        load_reviews(str(folder))
    assert not list(tmp_path.rglob("climbs*"))


def test_gzip_table_in_a_folder_is_read(tmp_path):
    write_packed(tmp_path / "train.csv.gz")
    assert rows(load_all(tmp_path)) == {"train": [("a", 1), ("b", 0)]}


@pytest.mark.parametrize(
    "place",
    ["../other/train.csv", "{other}/train.csv", "a/../../other/*", "hf://datasets/a/b/c.csv"],
)
def test_readme_with_files_outside_of_its_folder_is_an_error(tmp_path, place):
    for name in ("data", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "train.csv").write_text("text,label\na,1\nb,0\n")
    (tmp_path / "data" / "a").mkdir()
    place = place.format(other=tmp_path / "other")
    (tmp_path / "data" / "README.md").write_text(
        "---\nconfigs:\n- config_name: default\n  data_files:\n  - split: train\n"
        f"    path: {place}\n---\n"
    )
    with pytest.raises(DataError, match="refers to a file outside of it"):
        load_reviews(str(tmp_path / "data"))


@pytest.mark.parametrize("name", ["train.jsonl", "train.json"])
def test_deeply_nested_json_is_an_error(tmp_path, name):
    deep = '{"text": "a", "label": ' + "[" * 200_000 + "]" * 200_000 + "}"
    content = f'[{{"text": "a", "label": 1}},\n{deep}]' if name == "train.json" else f"{deep}\n"
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=r"train\.jsonl?', line .: not JSON: nested too deep"):
        load_reviews(str(tmp_path / name))


LAYOUTS = {
    "classes": "good/1.txt",
    "classes in splits": "train/good/1.txt",
    "tables": "train.csv",
    "tables below": "data/train.csv",
    "aclImdb": "train/pos/1_9.txt",
}


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege")
@pytest.mark.parametrize("name", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("kind", ["link", "linked folder", "pipe", "folder"])
def test_what_is_no_regular_file_is_refused_in_any_layout(tmp_path, name, kind):
    outside = tmp_path / "outside" / name
    outside.parent.mkdir(parents=True)
    outside.write_text("text,label\na,1\nb,0\n")
    place = tmp_path / "data" / name
    if kind == "linked folder":
        if place.parent == tmp_path / "data":
            pytest.skip("the folder itself may be a link")
        place.parent.parent.mkdir(parents=True)
        place.parent.symlink_to(outside.parent)
    else:
        place.parent.mkdir(parents=True)
        make = {"link": lambda: place.symlink_to(outside), "pipe": lambda: os.mkfifo(place)}
        make.get(kind, place.mkdir)()
    with pytest.raises(DataError, match="is not a regular file|has no tables"):
        load_reviews(str(tmp_path / "data"))


def test_table_that_is_replaced_within_its_modification_time_is_read_again(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label\nfirst,1\nb,0\n")
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    assert load_all(path)["train"]["text"][0] == "first"
    path.write_text("text,label\nother,1\nb,0\n")
    os.utime(path, ns=times)
    assert load_all(path)["train"]["text"][0] == "other"


def test_script_in_a_folder_is_not_run(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "data.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with pytest.raises(DataError, match="has no tables"):
        load_reviews(str(folder))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("split", ["train", "validation"])
def test_training_and_validation_splits_need_two_labels(split):
    both = [("a", 0), ("b", 1)]
    loaded = from_reviews({"train": both, "validation": both, split: [("a", 1), ("b", 1)]})
    with pytest.raises(DataError, match=f"reviews of the split '{split}' of 'mine' have the same"):
        train_and_validation(loaded, DataConfig(dataset="mine"), 0)


def test_reviews_shared_with_train_are_counted():
    train = from_reviews({"train": [("A  film.", 0), ("b", 1)]})["train"]
    test = from_reviews({"test": [("a film.", 0), ("B", 1), ("c", 1)]})["test"]
    with pytest.warns(SharedReviewsWarning, match="2 of the 3 reviews in 'test' are in 'train'"):
        warn_of_shared(train, validation=None, test=test)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_shared(train, test=test.select([2]))


def test_groups_that_splits_share_are_a_warning(tmp_path):
    for name, groups in (("train.csv", ("g1", "g2")), ("test.csv", ("g3", " g1 "))):
        lines = [f"{name} {n},{n},{group}" for n, group in enumerate(groups)]
        (tmp_path / name).write_text("\n".join(["text,label,group", *lines]))
    loaded = load_all(tmp_path, group_column="group")
    with pytest.warns(SharedReviewsWarning, match="1 groups of 'test' are in 'train'.*'g1'"):
        warn_of_shared(loaded["train"], test=loaded["test"])


def test_hub_that_does_not_answer_is_an_error(monkeypatch):
    given_up = threading.Event()
    monkeypatch.setattr(hub.HfApi, "dataset_info", lambda *_, **__: given_up.wait(60))
    monkeypatch.setattr(network, "HUB_TIMEOUT", 0.1)
    with pytest.raises(HubError, match="cannot be reached.*HF_ENDPOINT.*'sample'"):
        load_reviews("someone/never-downloaded")
    given_up.set()


def test_unknown_hub_dataset_is_an_error(monkeypatch):
    class Response:
        headers, request, status_code = {}, None, 404

    def refuse(*args, **kwargs):
        raise RepositoryNotFoundError("404", response=Response())

    monkeypatch.setattr(hub.HfApi, "dataset_info", refuse)
    with pytest.raises(HubError, match="'someone/nothing', and no dataset of that name on"):
        load_reviews("someone/nothing")


def test_revision_and_subset_reach_the_hub(monkeypatch):
    requests = []

    def dataset_info(self, name, revision):
        requests.append((name, revision))
        return SimpleNamespace(sha="5c0ffee")

    monkeypatch.setattr(hub.HfApi, "dataset_info", dataset_info)

    def load_dataset(name, subset, revision):
        requests.append((name, subset, revision))
        return DatasetDict(train=from_reviews(EXPECTED)["train"])

    monkeypatch.setattr(hub.datasets, "load_dataset", load_dataset)
    data = DataConfig(dataset="someone/imdb", revision="v2", subset="short", test_fraction=0.0)
    assert rows(load_reviews(data))["train"] == EXPECTED["train"]
    # The revision that was looked up is the one that is downloaded.
    assert requests == [("someone/imdb", "v2"), ("someone/imdb", "short", "5c0ffee")]


def numbered(negatives, positives):
    labelled = [(f"n{i}", 0) for i in range(negatives)] + [(f"p{i}", 1) for i in range(positives)]
    return from_reviews({"train": labelled})["train"]


def test_contiguous_validation_is_the_last_tenth_of_each_label():
    kept, held_out = hold_out(numbered(20, 30))
    assert held_out["text"] == ["n18", "n19", "p27", "p28", "p29"]
    assert kept["text"] == [f"n{i}" for i in range(18)] + [f"p{i}" for i in range(27)]


def test_random_validation_is_seeded_and_stratified():
    train = numbered(200, 300)
    kept, held_out = hold_out(train, "random", seed=1)
    assert sorted([*kept["text"], *held_out["text"]]) == sorted(train["text"])
    assert sorted(held_out["label"]) == [0] * 20 + [1] * 30
    assert list(held_out["text"]) == list(hold_out(train, "random", seed=1)[1]["text"])
    assert list(held_out["text"]) != list(hold_out(train, "random", seed=2)[1]["text"])


@pytest.mark.parametrize(
    ("negatives", "positives", "message"),
    [
        (5, 0, "All 5 reviews have the same label, 'neg'. Training needs reviews of two labels"),
        (1, 5, "The label 'neg' has a single review, in row 1"),
    ],
)
def test_hold_out_needs_two_reviews_of_two_labels(negatives, positives, message):
    with pytest.raises(DataError, match=message):
        hold_out(numbered(negatives, positives))


def test_fingerprint_depends_on_text_label_and_order():
    same = [("a", 0), ("b", 1)]
    variants = [same, same[::-1], [("a", 1), ("b", 1)], [("ab", 0), ("", 1)], [*same, ("", 0)]]
    prints = [fingerprint(from_reviews({"train": rows})["train"]) for rows in variants]
    assert len(set(prints)) == len(variants)
    assert prints[0] == fingerprint(from_reviews({"train": same})["train"])


def test_sample_has_three_balanced_splits():
    loaded = load_reviews("sample")
    assert list(loaded) == ["train", "validation", "test"]
    for split in loaded.values():
        assert split.features["label"].names == IMDB_LABELS
        assert split["label"] == sorted(split["label"])
        assert sum(split["label"]) * 2 == len(split)


def test_imdb_has_its_known_shape(imdb):
    assert {name: len(split) for name, split in imdb.items()} == {
        "train": 25000,
        "test": 25000,
        "unsupervised": 50000,
    }
    assert imdb["train"].features == IMDB_FEATURES
    kept, held_out = hold_out(imdb["train"])
    assert (len(kept), len(held_out)) == (22500, 2500)


def test_imdb_is_the_same_from_its_original_layout(imdb, tmp_path):
    reviews = {}
    for split in ("train", "test"):
        part = imdb[split].select([*range(20), *range(24980, 25000)])
        for number, (text, label) in enumerate(zip(part["text"], part["label"], strict=True)):
            reviews[f"{split}/{IMDB_LABELS[label]}/{number}_5.txt"] = text
    loaded = load_reviews(str(write_imdb_folder(tmp_path / "aclImdb", reviews)))
    assert loaded["test"]["text"] == part["text"]
    assert loaded["test"]["label"] == part["label"]
