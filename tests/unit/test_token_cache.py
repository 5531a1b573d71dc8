"""Token cache of datasets: a dataset is tokenized once per content, settings and versions."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import pyarrow.ipc
import pytest

from sentiment.errors import DataError, Notice
from sentiment.text import token_cache
from sentiment.text.token_cache import tokenize_dataset
from sentiment.text.tokenizer import Tokenizer


@pytest.fixture
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)
    return tmp_path / "sentiment"


@pytest.fixture
def no_tokenizing(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    def fail(*_: object) -> list[str]:
        raise AssertionError("tokenized again")

    return lambda: monkeypatch.setattr(Tokenizer, "tokenize", fail)


def small_dataset(
    texts: tuple[str, ...] = ("A film.", "", "Was it?"), first_label: int = 0
) -> datasets.Dataset:
    label = datasets.ClassLabel(names=["neg", "pos"])
    features = datasets.Features({"text": datasets.Value("string"), "label": label})
    labels = [(first_label + index) % 2 for index in range(len(texts))]
    return datasets.Dataset.from_dict({"text": list(texts), "label": labels}, features)


def test_tokens_replace_the_text_and_labels_are_kept(cache_folder: Path) -> None:
    tokenized = tokenize_dataset(small_dataset(), Tokenizer())
    assert tokenized.to_dict() == {
        "label": [0, 1, 0],
        "tokens": [["a", "film", "."], [], ["was", "it", "?"]],
    }
    assert tokenized.features["label"] == small_dataset().features["label"]


def test_tokens_are_in_the_order_of_the_rows(cache_folder: Path) -> None:
    texts = tuple(f"row {n}" for n in range(3000))
    shuffled = small_dataset(texts).shuffle(seed=1).select(range(2500))
    tokenized = tokenize_dataset(shuffled, Tokenizer())
    assert [" ".join(tokens) for tokens in tokenized["tokens"]] == list(shuffled["text"])
    assert list(tokenized["label"]) == list(shuffled["label"])


def test_second_call_does_not_tokenize(
    cache_folder: Path, no_tokenizing: Callable[[], None]
) -> None:
    first = tokenize_dataset(small_dataset(), Tokenizer())
    no_tokenizing()
    second = tokenize_dataset(small_dataset(), Tokenizer())
    assert second.to_dict() == first.to_dict()
    assert second.features == first.features


def test_second_call_in_another_process_does_not_tokenize(
    cache_folder: Path, no_tokenizing: Callable[[], None]
) -> None:
    program = (
        "import pathlib, datasets; from tests.unit.test_token_cache import small_dataset;"
        "from sentiment.text.token_cache import tokenize_dataset;"
        f"datasets.config.HF_DATASETS_CACHE = pathlib.Path({str(cache_folder.parent)!r});"
        "from sentiment.text.tokenizer import Tokenizer;"
        "tokenize_dataset(small_dataset(), Tokenizer())"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    no_tokenizing()
    assert tokenize_dataset(small_dataset(), Tokenizer())["tokens"][0] == ["a", "film", "."]


@pytest.mark.parametrize(
    ("dataset", "settings"),
    [
        (small_dataset(), {"lowercase": False}),
        (small_dataset(), {"language": "de"}),
        (small_dataset(("A film.", "", "Was it!")), {}),
        (small_dataset().select([2, 1, 0]), {}),
        (small_dataset(first_label=1), {}),
    ],
    ids=["lowercase", "language", "text", "order", "label"],
)
def test_other_settings_or_rows_have_their_own_cache_file(
    cache_folder: Path, dataset: datasets.Dataset, settings: dict[str, Any]
) -> None:
    tokenize_dataset(small_dataset(), Tokenizer())
    tokenizer = Tokenizer(**settings)
    tokenized = tokenize_dataset(dataset, tokenizer)
    assert list(tokenized["tokens"]) == list(tokenizer.pipe(dataset["text"]))
    assert list(tokenized["label"]) == list(dataset["label"])
    assert len(list(cache_folder.glob("*.arrow"))) == 2


@pytest.mark.parametrize("what", ["RULES_VERSION", "spacy", "jieba"])
def test_other_versions_have_their_own_cache_file(
    cache_folder: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    tokenize_dataset(small_dataset(), Tokenizer())
    if what == "RULES_VERSION":
        monkeypatch.setattr(token_cache, what, token_cache.RULES_VERSION + 1)
    elif what == "spacy":
        monkeypatch.setattr(token_cache, "version", lambda package: "0")
    else:
        monkeypatch.setattr(token_cache, "package_versions", lambda language: ("0",))
    tokenize_dataset(small_dataset(), Tokenizer())
    assert len(list(cache_folder.glob("*.arrow"))) == 2


def cut_after_first_batch(content: bytes) -> bytes:
    """Cut an Arrow stream after its first record batch, where it still is a valid stream."""
    source = pyarrow.BufferReader(content)
    with pyarrow.ipc.open_stream(source) as reader:
        assert reader.read_next_batch().num_rows == 1000
        return content[: source.tell()]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "half": lambda content: content[: len(content) // 2],
    "half-zero": lambda content: content[: len(content) // 2] + bytes(len(content) // 2),
    "record-batch-border": cut_after_first_batch,
    "flipped-bit": lambda content: content.replace(b"row", b"sow", 1),
    "longer": lambda content: content + b"x",
    "other-file": lambda content: content.replace(b"row", b"wor"),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_damaged_cache_file_is_replaced(
    cache_folder: Path, no_tokenizing: Callable[[], None], damage: Callable[[bytes], bytes]
) -> None:
    dataset = small_dataset(tuple(f"row {n}" for n in range(2500)))
    expected = tokenize_dataset(dataset, Tokenizer()).to_dict()
    (path,) = cache_folder.iterdir()
    whole = path.read_bytes()
    path.unlink()  # The file is still mapped.
    path.write_bytes(damage(whole))
    assert path.read_bytes() != whole
    assert tokenize_dataset(dataset, Tokenizer()).to_dict() == expected
    assert [path.read_bytes() for path in cache_folder.iterdir()] == [whole]
    no_tokenizing()
    assert tokenize_dataset(dataset, Tokenizer()).to_dict() == expected


def test_cache_that_is_damaged_and_unwritable_is_not_used(
    cache_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = tokenize_dataset(small_dataset(), Tokenizer()).to_dict()
    (path,) = cache_folder.iterdir()
    whole = path.read_bytes()
    path.unlink()
    path.write_bytes(whole[:-1])

    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    for name in ("unlink", "mkdir", "replace"):
        monkeypatch.setattr(Path, name, refuse)
    with pytest.warns(Notice, match="Read-only"):
        assert tokenize_dataset(small_dataset(), Tokenizer()).to_dict() == expected


def test_folder_in_place_of_a_cache_file_is_not_used(cache_folder: Path) -> None:
    expected = tokenize_dataset(small_dataset(), Tokenizer()).to_dict()
    (path,) = cache_folder.iterdir()
    path.unlink()
    path.mkdir()
    with pytest.warns(Notice, match="not kept on disk"):
        assert tokenize_dataset(small_dataset(), Tokenizer()).to_dict() == expected


def test_unwritable_cache_is_a_notice(tmp_path: Path, cache_folder: Path) -> None:
    cache_folder.write_text("a file where the folder should be")
    with pytest.warns(Notice, match="not kept on disk"):
        tokenized = tokenize_dataset(small_dataset(), Tokenizer())
    assert tokenized["tokens"][0] == ["a", "film", "."]


def test_full_disk_is_a_notice_and_leaves_no_file(
    cache_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("write_table", "write_batch", "finalize"):
        original = getattr(datasets.arrow_writer.ArrowWriter, name)

        def fail(writer: Any, *arguments: Any, original: Any = original, **options: Any) -> Any:
            if writer._path is not None:
                raise OSError(28, "No space left on device")
            return original(writer, *arguments, **options)

        monkeypatch.setattr(datasets.arrow_writer.ArrowWriter, name, fail)
    with pytest.warns(Notice, match="No space left"):
        tokenized = tokenize_dataset(small_dataset(), Tokenizer())
    assert tokenized["tokens"][0] == ["a", "film", "."]
    assert list(cache_folder.iterdir()) == []


def test_empty_dataset_has_the_same_columns(cache_folder: Path) -> None:
    tokenized = tokenize_dataset(small_dataset(()), Tokenizer())
    assert tokenized.column_names == ["label", "tokens"]


def test_missing_text_column_is_an_error(cache_folder: Path) -> None:
    with pytest.raises(DataError, match=r"no column 'text'.*review"):
        tokenize_dataset(small_dataset().rename_column("text", "review"), Tokenizer())
