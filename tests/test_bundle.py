import json
import pickle
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from sentiment.bundle import Bundle, load_bundle, save_bundle, save_temperature
from sentiment.config import Config
from sentiment.errors import InputError
from sentiment.model import predict_logits
from sentiment.vocab import Vocab
from sentiment.writing import staged

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
    save_bundle(small_bundle("good bad flop", max_length=50), tmp_path / "other")
    shutil.copy(tmp_path / "other" / name, folder / name)
    with pytest.raises(InputError, match=r"was saved with another config\.json or vocab\.txt"):
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
    from safetensors import safe_open

    path = folder / "model.safetensors"
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    weights = load_file(path)
    weights["linear.bias"] = torch.zeros(5)
    save_file(weights, path, metadata)
    with pytest.raises(InputError, match=r"linear\.bias"):
        load_bundle(folder)


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
    with pytest.raises(InputError, match="not a whole safetensors file"):
        load_bundle(folder)
    assert not (tmp_path / "exploded").exists()


def test_a_failure_while_writing_leaves_the_old_files(folder):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def write_half():
        with staged(folder) as stage:
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
    meta = json.loads((folder / "config.json").read_text())
    del meta["temperature"]
    with torch.inference_mode():
        logits = predict_logits(load_bundle(folder).model, reviews)
    for content in ({**meta, "temperature": None}, meta):
        (folder / "config.json").write_text(json.dumps(content))
        loaded = load_bundle(folder)
        assert loaded.temperature == 1.0
        torch.testing.assert_close(loaded.logits(reviews), logits)


@pytest.mark.parametrize("temperature", [0, -1.0, "1", float("nan"), float("inf")])
def test_a_number_that_is_no_temperature_is_refused(run_folder, tmp_path, temperature):
    shutil.copytree(run_folder, tmp_path / "model")
    meta = json.loads((tmp_path / "model" / "config.json").read_text())
    meta["temperature"] = temperature
    (tmp_path / "model" / "config.json").write_text(json.dumps(meta))
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
