import hashlib
import json
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from conftest import reseal
from safetensors.torch import load_file, save_file

import sentiment.artifacts.checksums
from sentiment.artifacts.bundle import (
    Bundle,
    EncoderBundle,
    load_bundle,
    load_encoder,
    save_bundle,
    save_encoder,
    save_temperature,
)
from sentiment.config import Config
from sentiment.errors import InputError
from sentiment.inference.classifier import Classifier
from sentiment.models.lstm import predict_logits
from sentiment.runtime.atomic_io import atomic_folder
from sentiment.text.vocab import Vocab

FILES = ["config.json", "model.safetensors", "vocab.txt"]


def small_bundle(words="good bad film", **settings):
    torch.manual_seed(0)
    config = Config.from_flat(embedding_dim=4, hidden_size=3, **settings)
    vocab = Vocab.build([words.split()], min_freq=1)
    return Bundle.new(config, ["neg", "pos"], vocab, {"train": {"rows": 3}})


@pytest.fixture
def folder(tmp_path):
    save_bundle(small_bundle(), tmp_path / "model")
    return tmp_path / "model"


def test_a_bundle_comes_back_as_it_was_saved(folder):
    saved, loaded = small_bundle(), load_bundle(folder)
    assert sorted(path.name for path in folder.iterdir()) == FILES
    assert (loaded.config, loaded.labels, loaded.vocab) == (saved.config, saved.labels, saved.vocab)
    assert loaded.data == {"train": {"rows": 3}}
    assert not loaded.model.training
    for name, tensor in saved.model.state_dict().items():
        assert torch.equal(loaded.model.state_dict()[name], tensor)


def test_saving_leaves_no_other_file_behind_and_spares_those_that_were_there(folder):
    (folder / "notes.txt").write_text("mine")
    save_bundle(small_bundle("other words"), folder)
    assert sorted(path.name for path in folder.iterdir()) == sorted([*FILES, "notes.txt"])
    assert [path.name for path in folder.parent.iterdir()] == ["model"]
    assert "other" in load_bundle(folder).vocab


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(InputError, match=f"no trained model in .*{name} not found"):
        load_bundle(folder)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match="no trained model in '.*nowhere'"):
        load_bundle(tmp_path / "nowhere")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("size", [0, 7, -1])
def test_a_truncated_file_is_named(folder, name, size):
    path = folder / name
    content = path.read_bytes()
    path.write_bytes(content[: size if size >= 0 else len(content) // 2])
    with pytest.raises(InputError, match=name):
        load_bundle(folder)


@pytest.mark.parametrize("name", FILES)
def test_files_of_two_models_are_told_apart(folder, tmp_path, name):
    other = small_bundle("good bad flop", max_length=50)
    torch.nn.init.zeros_(other.model.linear.bias)
    save_bundle(other, tmp_path / "other")
    shutil.copy(tmp_path / "other" / name, folder / name)
    named = "vocab.txt" if name == "config.json" else name
    with pytest.raises(InputError, match=rf"{named}' is not what was saved with the config\.json"):
        load_bundle(folder)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("what", ["classifier", "encoder"])
def test_a_changed_bit_anywhere_is_noticed(folder, what, name):
    if what == "encoder":
        bundle = load_bundle(folder)
        save_encoder(EncoderBundle(bundle.config, bundle.vocab, bundle.model.encoder), folder)
    load = load_bundle if what == "classifier" else load_encoder
    path = folder / name
    content = path.read_bytes()
    for place in range(0, len(content), 1 + len(content) // 50):
        if content[place : place + 1].isspace():
            continue  # Of the spacing in config.json nothing depends.
        path.write_bytes(content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :])
        with pytest.raises(InputError, match=name):
            load(folder)
    path.write_bytes(content)
    load(folder)


@pytest.mark.parametrize(
    "changes", [{"labels": ["pos", "neg"]}, {"temperature": 1.5}, {"data": {}}]
)
def test_a_config_that_says_something_else_than_was_saved_is_noticed(folder, changes):
    meta = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**meta, **changes}))
    with pytest.raises(InputError, match=r"config\.json' has changed since it was saved"):
        load_bundle(folder)
    (folder / "config.json").write_text(json.dumps(meta))  # Other spacing, which says the same.
    load_bundle(folder)


def test_checksums_are_those_of_sha256sum(folder):
    checksums = json.loads((folder / "config.json").read_text())["sha256"]
    assert sorted(checksums) == FILES
    for name in ("vocab.txt", "model.safetensors"):
        assert checksums[name] == hashlib.sha256((folder / name).read_bytes()).hexdigest()


@pytest.mark.parametrize("checksums", [None, {}, [], "x", {"config.json": None}])
def test_a_bundle_without_checksums_is_not_believed(folder, checksums):
    meta = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**meta, "sha256": checksums}))
    with pytest.raises(InputError, match=r"config\.json.*checksum"):
        load_bundle(folder)


def test_a_newer_format_asks_for_an_upgrade(folder):
    meta = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**meta, "format_version": 2}))
    with pytest.raises(InputError, match="format version 2; this sentiment reads up to 1. Upgrade"):
        load_bundle(folder)


@pytest.mark.parametrize("content", ["", "[]", "{", "[" * 100_000, '{"format_version": 1}'])
def test_a_config_that_is_none_is_named(folder, content):
    (folder / "config.json").write_text(content)
    with pytest.raises(InputError, match=r"config\.json"):
        load_bundle(folder)


def test_weights_of_another_shape_do_not_load(folder):
    change_weights(folder, "linear.bias", torch.zeros(5))
    with pytest.raises(InputError, match=r"model\.safetensors.*linear\.bias.*\[5\], not \[2\]"):
        load_bundle(folder)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf"), 1e30])
def test_weights_that_compute_nothing_do_not_load(folder, number):
    change_weights(folder, "linear.bias", torch.tensor([0.0, number]))
    with pytest.raises(InputError, match=r"model\.safetensors' has numbers .* in linear\.bias"):
        load_bundle(folder)


@pytest.mark.parametrize("dtype", [torch.float64, torch.int64, torch.bool, torch.bfloat16])
def test_weights_of_another_type_do_not_load(folder, dtype):
    change_weights(folder, "linear.bias", torch.zeros(2, dtype=dtype))
    with pytest.raises(InputError, match=r"model\.safetensors' has linear\.bias as .*, not as F16"):
        load_bundle(folder)


def test_a_header_that_claims_gigabytes_is_not_read(folder):
    path = folder / "model.safetensors"
    content = path.read_bytes()
    for size in (2**21, 2**62, 2**64 - 1):
        path.write_bytes(size.to_bytes(8, "little") + content[8:])
        reseal(folder)
        with pytest.raises(InputError, match=rf"model\.safetensors.*a header of {size:,} bytes"):
            load_bundle(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_too_large_is_not_read(folder, name):
    with (folder / name).open("r+b") as file:
        file.truncate(2**42)  # A hole, which takes no space on the disk.
    with pytest.raises(InputError, match=rf"{name}.* 4,398,046,511,104 bytes"):
        load_bundle(folder)


def test_no_bundle_is_saved_that_would_be_too_large_to_load(tmp_path, monkeypatch):
    monkeypatch.setitem(sentiment.artifacts.checksums.MAX_BYTES, "vocab.txt", 10)
    with pytest.raises(InputError, match=r"vocab\.txt' has \d+ bytes; a bundle's has at most 10"):
        save_bundle(small_bundle(), tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, 10**9) for name in ("embedding_dim", "hidden_size", "num_layers")),
        *(("hidden_size", value) for value in (0, "3", None, True, 10**400, float("nan"), [[3]])),
        ("pooling", "max" * 10**6),  # Of a value that long no message may be made word by word.
    ],
)
def test_settings_that_cannot_be_are_named_in_one_line(folder, name, value):
    config = json.loads((folder / "config.json").read_text())["config"]
    config["model"][name] = value
    reseal(folder, config=config)
    with pytest.raises(InputError, match=rf"config\.json' cannot be used: .*{name}") as caught:
        load_bundle(folder)
    assert len(str(caught.value)) < 500


def test_a_setting_that_is_nested_deeply_is_refused(folder):
    text = (folder / "config.json").read_text()
    for depth in (*range(800, 1000, 10), 10**5):
        bomb = "[" * depth + "]" * depth
        (folder / "config.json").write_text(
            text.replace('"hidden_size": 3', f'"hidden_size": {bomb}')
        )
        with pytest.raises(InputError, match=r"config\.json"):
            load_bundle(folder)


@pytest.mark.parametrize(
    "labels",
    [
        *(None, "ab", [], ["pos"], ["pos", "pos"], ["pos", 1], ["pos", ""], ["pos", ["neg"]]),
        *(["neg", "pos\n"], ["neg", "\x1b[31mpos"], ["neg", "\ud800"], list(map(str, range(1001)))),
    ],
)
def test_labels_that_are_no_names_are_refused(folder, labels):
    meta = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**meta, "labels": labels}))
    seal_by_hand(folder)
    with pytest.raises(InputError, match=r"config\.json' has (no labels|the labels)"):
        load_bundle(folder)


def seal_by_hand(folder):
    """As `reseal` does, in ASCII, which can hold half of a character."""
    meta = json.loads((folder / "config.json").read_text())
    meta["sha256"]["config.json"] = sentiment.artifacts.checksums.hash_of_config(meta)
    (folder / "config.json").write_text(json.dumps(meta))


@pytest.mark.parametrize("language", ["", "xx-none", "../en", "en.punctuation", "\0", "x" * 10**5])
def test_a_language_that_is_none_is_named_with_its_file(folder, language):
    config = json.loads((folder / "config.json").read_text())["config"]
    config["text"]["language"] = language
    reseal(folder, config=config)
    with pytest.raises(InputError, match=r"config\.json' cannot be used: spaCy has no language"):
        Classifier.from_pretrained(folder)


def test_broken_bundles_load_to_the_same_or_are_refused(run_folder):
    result = subprocess.run(
        [sys.executable, "benchmarks/mutations.py", "--count", "360", "--model", str(run_folder)],
        cwd=Path(__file__).parent.parent,
        env={**os.environ, "PYTHONPATH": ".", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        encoding="utf-8",
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "360 broken bundles" in result.stdout


def change_weights(folder, name, tensor):
    """Put `tensor` in the place of a weight, the checksums right again."""
    path = folder / "model.safetensors"
    save_file({**load_file(path), name: tensor}, path)
    reseal(folder)


def test_loading_never_unpickles(folder, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("unpickled")

    monkeypatch.setattr(pickle, "load", refuse)
    monkeypatch.setattr(pickle, "loads", refuse)
    monkeypatch.setattr(pickle, "Unpickler", refuse)
    monkeypatch.setattr(torch, "load", refuse)
    load_bundle(folder)


def test_a_pickle_in_place_of_the_weights_is_refused_unopened(folder, tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "exploded"), "w"))

    (folder / "model.safetensors").write_bytes(pickle.dumps(Bomb()))
    reseal(folder)
    with pytest.raises(InputError, match="not a whole safetensors file"):
        load_bundle(folder)
    assert not (tmp_path / "exploded").exists()


def test_a_failure_while_writing_leaves_the_old_files(folder):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def write_half():
        with atomic_folder(folder) as stage:
            (stage / "vocab.txt").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def test_a_place_that_cannot_be_written_to_is_a_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="Could not write"):
        save_bundle(small_bundle(), tmp_path / "file" / "model")


def test_predictions_are_divided_by_the_temperature(run_folder, tmp_path):
    bundle = load_bundle(run_folder)
    reviews = [[2, 3, 4], [5]]
    logits = bundle.logits(reviews) * bundle.temperature
    bundle.temperature = 4.0
    save_bundle(bundle, tmp_path / "model")
    torch.testing.assert_close(load_bundle(tmp_path / "model").logits(reviews) * 4, logits)


def test_without_a_temperature_predictions_are_those_of_the_model(folder):
    reviews = [[2, 3, 4], [2]]
    with torch.inference_mode():
        logits = predict_logits(load_bundle(folder).model, reviews)
    meta = json.loads((folder / "config.json").read_text())
    del meta["temperature"]
    for changes in ({}, {"temperature": None}):
        (folder / "config.json").write_text(json.dumps(meta))
        reseal(folder, **changes)
        loaded = load_bundle(folder)
        assert loaded.temperature == 1.0
        torch.testing.assert_close(loaded.logits(reviews), logits)


@pytest.mark.parametrize(
    "temperature", [0, -1.0, "1", float("nan"), float("inf"), True, 1e-300, 1e9]
)
def test_a_number_that_is_no_temperature_is_refused(run_folder, tmp_path, temperature):
    shutil.copytree(run_folder, tmp_path / "model")
    reseal(tmp_path / "model", temperature=temperature)
    with pytest.raises(InputError, match="temperature"):
        load_bundle(tmp_path / "model")


def test_another_temperature_changes_one_file_and_the_bundle_stays_one(folder):
    before = {name: (folder / name).read_bytes() for name in FILES}
    save_temperature(folder, 2.5, {"rows": 7})
    loaded = load_bundle(folder)  # Which checks that the weights belong to config.json.
    assert loaded.temperature == 2.5
    assert loaded.data == {"train": {"rows": 3}, "calibration": {"rows": 7}}
    assert sorted(path.name for path in folder.iterdir()) == FILES
    assert [name for name in FILES if (folder / name).read_bytes() != before[name]] == [FILES[0]]


@pytest.mark.parametrize("name", FILES)
def test_damage_is_not_sealed_by_another_temperature(folder, name):
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content.replace(b"neg", b"pos") + b"x" * (name != "config.json"))
    with pytest.raises(InputError, match=f"{name}.*checksum"):
        save_temperature(folder, 2.5, {})


def test_a_temperature_that_cannot_be_written_leaves_the_old_one(folder, monkeypatch):
    before = (folder / "config.json").read_bytes()
    write = Path.write_text

    def half(path, text, *args, **kwargs):
        write(path, text[: len(text) // 2], *args, **kwargs)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", half)
    with pytest.raises(InputError, match="No space left"):
        save_temperature(folder, 2.5, {})
    assert (folder / "config.json").read_bytes() == before
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def test_half_precision_takes_half_the_space_and_rounds_little(run_folder, tmp_path):
    bundle = load_bundle(run_folder)
    save_bundle(bundle, tmp_path / "half", half=True)
    name = "model.safetensors"
    sizes = [(folder / name).stat().st_size for folder in (run_folder, tmp_path / "half")]
    assert sizes[1] < 0.55 * sizes[0]
    halved = load_bundle(tmp_path / "half")
    assert halved.model.linear.weight.dtype == torch.float32
    reviews = [[2, 3, 4, 5], [6]]
    torch.testing.assert_close(
        halved.logits(reviews), bundle.logits(reviews), atol=5e-3, rtol=0, check_dtype=True
    )
