"""Saving and loading of model folders: round trips, damage, hostile content, atomic writes."""

import hashlib
import json
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load, save_file
from support.checksums import reseal
from support.paths import ROOT

import sentiment.artifacts.checksums
import sentiment.artifacts.model_folder
import sentiment.artifacts.weights
import sentiment.inference.onnx
from sentiment.artifacts.model_folder import (
    SHIPPED_FOLDERS,
    SavedModel,
    is_complete,
    load_model,
    model_folder,
    save_model,
    save_temperature,
    size_on_disk,
)
from sentiment.artifacts.weights import read_weights, write_weights
from sentiment.config import MAX_LABELS, Config
from sentiment.errors import ConfigError, ModelError, StorageError
from sentiment.inference.batched import uncalibrated_logits
from sentiment.inference.classifier import Classifier
from sentiment.models.lstm import Encoder, LSTMClassifier
from sentiment.runtime.atomic_io import atomic_folder
from sentiment.text.vocab import Vocab

FILES = ["config.json", "model.safetensors", "vocab.txt"]
REVIEWS = [[2, 3, 4], [2]]


def small_model(words="good bad film", **settings):
    torch.manual_seed(0)
    config = Config.from_flat(embedding_dim=4, hidden_size=3, **settings)
    vocab = Vocab.build([words.split()], min_freq=1)
    model = LSTMClassifier(config.model, len(vocab), 2).eval()
    return SavedModel(config, vocab, model, ["neg", "pos"], 1.0, {"train": {"rows": 3}})


def encoder_of(saved):
    return saved._replace(model=saved.encoder, labels=None)


def read_config(folder):
    return json.loads((folder / "config.json").read_text())


def number(labels):
    return {str(id): label for id, label in enumerate(labels)}


def change_weights(folder, name, tensor):
    """Replace a weight and correct the checksums."""
    path = folder / "model.safetensors"
    save_file({**load(path.read_bytes()), name: tensor}, path)
    reseal(folder)


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    """Do not wait before a damaged model is read again."""
    monkeypatch.setattr(sentiment.artifacts.model_folder, "RETRY_SECONDS", 0)


@pytest.fixture
def folder(tmp_path):
    save_model(tmp_path / "model", small_model())
    return tmp_path / "model"


@pytest.mark.parametrize("half", [False, True])
def test_classifier_round_trip(tmp_path, half):
    saved = small_model()
    save_model(tmp_path / "model", saved._replace(temperature=1.5), half=half)
    loaded = load_model(tmp_path / "model")
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == FILES
    assert loaded.config == saved.config
    assert loaded.labels == ["neg", "pos"]
    assert loaded.vocab == saved.vocab
    assert loaded.temperature == 1.5
    assert loaded.metadata == {"train": {"rows": 3}}
    assert not loaded.model.training
    for name, tensor in saved.model.state_dict().items():
        expected = tensor.half().float() if half else tensor
        assert torch.equal(loaded.model.state_dict()[name], expected)


def test_encoder_round_trip(tmp_path):
    saved = encoder_of(small_model())
    save_model(tmp_path / "encoder", saved)
    loaded = load_model(tmp_path / "encoder")
    assert loaded.labels is None
    assert isinstance(loaded.model, Encoder)
    assert loaded.encoder is loaded.model
    assert loaded.temperature == 1.0
    assert loaded.metadata == saved.metadata
    for name, tensor in saved.encoder.state_dict().items():
        assert torch.equal(loaded.encoder.state_dict()[name], tensor)
    with pytest.raises(ModelError, match="is an encoder: its config.json has no labels"):
        Classifier.from_pretrained(tmp_path / "encoder")


def test_config_has_the_keys_that_the_hub_uses(folder):
    content = read_config(folder)
    assert content["id2label"] == {"0": "neg", "1": "pos"}
    assert content["label2id"] == {"neg": 0, "pos": 1}
    assert content["vocab_size"] == 5
    assert content["hidden_size"] == content["settings"]["model"]["hidden_size"] == 3
    assert content["num_hidden_layers"] == 1


def test_labels_are_read_in_order_of_id(folder):
    reseal(folder, id2label={"1": "good", "0": "bad"})
    assert load_model(folder).labels == ["bad", "good"]


def test_model_is_loaded_onto_the_device(folder):
    loaded = load_model(folder, torch.device("meta"))
    assert {weight.device.type for weight in loaded.model.parameters()} == {"meta"}


def test_saving_keeps_other_files_and_leaves_no_temporary_ones(folder):
    (folder / "notes.txt").write_text("mine")
    save_model(folder, small_model("other words"))
    assert sorted(path.name for path in folder.iterdir()) == sorted([*FILES, "notes.txt"])
    assert [path.name for path in folder.parent.iterdir()] == ["model"]
    assert "other" in load_model(folder).vocab


def test_size_on_disk_is_that_of_the_three_files(folder):
    (folder / "notes.txt").write_text("mine")
    assert size_on_disk(folder) == sum((folder / name).stat().st_size for name in FILES)


@pytest.mark.parametrize("name", FILES)
def test_missing_file_is_named(folder, name):
    assert is_complete(folder)
    (folder / name).unlink()
    assert not is_complete(folder)
    with pytest.raises(ModelError, match=f"no model in '.*model': {name} not found"):
        load_model(folder)


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(ModelError, match="no model in '.*nowhere'"):
        load_model(tmp_path / "nowhere")


def test_revision_of_a_folder_is_refused(folder):
    assert model_folder(folder) == folder
    with pytest.raises(ConfigError, match="revision is for a model on the Hub; '.*model' is not"):
        model_folder(folder, revision="main")


@pytest.mark.parametrize("name", SHIPPED_FOLDERS)
def test_shipped_models_are_found_by_name(name):
    assert is_complete(model_folder(name))


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("size", [0, 7, -1])
def test_truncated_file_is_named(folder, name, size):
    path = folder / name
    content = path.read_bytes()
    path.write_bytes(content[: size if size >= 0 else len(content) // 2])
    with pytest.raises(ModelError, match=name):
        load_model(folder)


@pytest.mark.parametrize("name", FILES)
def test_file_of_another_model_is_named(folder, tmp_path, name):
    other = small_model("good bad flop", max_length=50)
    torch.nn.init.zeros_(other.model.linear.bias)
    save_model(tmp_path / "other", other)
    shutil.copy(tmp_path / "other" / name, folder / name)
    named = "vocab.txt" if name == "config.json" else name
    with pytest.raises(ModelError, match=f"{named}'.* config.json .*checksum"):
        load_model(folder)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kind", ["classifier", "encoder"])
def test_flipped_bit_anywhere_is_detected(folder, kind, name):
    if kind == "encoder":
        save_model(folder, encoder_of(load_model(folder)))
    path = folder / name
    content = path.read_bytes()
    for place in range(0, len(content), 1 + len(content) // 50):
        if content[place : place + 1].isspace():
            continue  # White space in config.json has no meaning.
        path.write_bytes(content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :])
        with pytest.raises(ModelError, match=name):
            load_model(folder)
    path.write_bytes(content)
    load_model(folder)


@pytest.mark.parametrize(
    "changes",
    [
        *({"id2label": {"0": "pos", "1": "neg"}}, {"label2id": {}}, {"temperature": 1.5}),
        *({"training": {}}, {"settings": {}}, {"new": 1}),
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_edited_config_is_detected(folder, changes):
    content = read_config(folder)
    (folder / "config.json").write_text(json.dumps({**content, **changes}))
    with pytest.raises(ModelError, match=r"config\.json' has changed since it was saved"):
        load_model(folder)


def test_reformatted_config_loads(folder):
    (folder / "config.json").write_text(json.dumps(read_config(folder)))
    load_model(folder)


def test_checksums_are_those_of_sha256sum(folder):
    checksums = read_config(folder)["sha256"]
    assert sorted(checksums) == FILES
    for name in ("vocab.txt", "model.safetensors"):
        assert checksums[name] == hashlib.sha256((folder / name).read_bytes()).hexdigest()


@pytest.mark.parametrize("checksums", [None, {}, [], "x", {"config.json": None}])
def test_model_without_checksums_is_refused(folder, checksums):
    content = {**read_config(folder), "sha256": checksums}
    (folder / "config.json").write_text(json.dumps(content))
    with pytest.raises(ModelError, match=r"config\.json.*checksum"):
        load_model(folder)


@pytest.mark.parametrize("version", [2, 0, -1, "1", None, 1.0, True, [[]]])
def test_unknown_format_version_asks_for_an_upgrade(folder, version):
    content = {**read_config(folder), "format_version": version}
    (folder / "config.json").write_text(json.dumps(content))
    with pytest.raises(ModelError, match="config.json' has format version .*up to 1. Upgrade"):
        load_model(folder)


@pytest.mark.parametrize("content", ["", "[]", "{", "[" * 100_000, '{"format_version": 1}'])
def test_invalid_config_is_named(folder, content):
    (folder / "config.json").write_text(content)
    with pytest.raises(ModelError, match=r"config\.json"):
        load_model(folder)


@pytest.mark.parametrize("name", ["settings", "training"])
@pytest.mark.parametrize("value", [None, [], 1, "x"])
def test_section_that_is_not_an_object_is_named(folder, name, value):
    reseal(folder, **{name: value})
    with pytest.raises(ModelError, match=rf"config\.json' has no object under '{name}'"):
        load_model(folder)


def test_weights_of_another_shape_are_refused(folder):
    change_weights(folder, "linear.bias", torch.zeros(5))
    with pytest.raises(ModelError, match=r"model\.safetensors.*linear\.bias.*\[5\],.* \[2\]"):
        load_model(folder)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 1e30])
def test_weights_that_are_not_finite_or_too_large_are_refused(folder, value):
    change_weights(folder, "linear.bias", torch.tensor([0.0, value]))
    with pytest.raises(ModelError, match=r"model\.safetensors'.* linear\.bias"):
        load_model(folder)


@pytest.mark.parametrize("dtype", [torch.float64, torch.int64, torch.bool, torch.bfloat16])
def test_weights_of_another_type_are_refused(folder, dtype):
    change_weights(folder, "linear.bias", torch.zeros(2, dtype=dtype))
    with pytest.raises(ModelError, match=r"model\.safetensors' has linear\.bias as .*F16"):
        load_model(folder)


def test_weights_with_a_huge_header_are_not_read(folder):
    path = folder / "model.safetensors"
    content = path.read_bytes()
    for size in (2**21, 2**62, 2**64 - 1):
        path.write_bytes(size.to_bytes(8, "little") + content[8:])
        reseal(folder)
        with pytest.raises(ModelError, match=rf"model\.safetensors.*header of {size:,} bytes"):
            load_model(folder)


def test_weights_that_were_read_do_not_keep_the_file_mapped(tmp_path):
    path = tmp_path / "training.safetensors"
    write_weights(path, {"moment": torch.ones(1000)})
    moment = read_weights(path, {"moment": torch.zeros(1000)})["moment"]
    with path.open("r+b") as file:
        file.seek(-400, os.SEEK_END)
        file.write(bytes(400))
    assert moment.sum() == 1000


@pytest.mark.skipif(sys.platform == "win32", reason="its files are not sparse")
@pytest.mark.parametrize("name", FILES)
def test_file_over_the_size_limit_is_not_read(folder, name):
    with (folder / name).open("r+b") as file:
        file.truncate(2**42)  # A sparse file: it takes no space on the disk.
    with pytest.raises(ModelError, match=rf"{name}.* 4,398,046,511,104 bytes"):
        load_model(folder)


def test_model_over_the_size_limit_is_not_saved(tmp_path, monkeypatch):
    monkeypatch.setitem(sentiment.artifacts.checksums.MAX_BYTES, "vocab.txt", 10)
    with pytest.raises(ModelError, match=r"vocab\.txt' has \d+ bytes; .* 10\b"):
        save_model(tmp_path / "model", small_model())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, 10**9) for name in ("embedding_dim", "hidden_size", "num_layers")),
        *(("hidden_size", value) for value in (0, "3", None, True, 10**400, float("nan"), [[3]])),
        ("pooling", "max" * 10**6),  # The message must not repeat a value of this length.
    ],
)
def test_invalid_setting_is_named_in_a_short_message(folder, name, value):
    settings = read_config(folder)["settings"]
    settings["model"][name] = value
    reseal(folder, settings=settings)
    with pytest.raises(ModelError, match=rf"config\.json' cannot be used: .*{name}") as caught:
        load_model(folder)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("settings", [{}, {"model": []}, {"model": {"unknown": 1}}])
def test_settings_of_another_version_are_refused(folder, settings):
    reseal(folder, settings=settings)
    with pytest.raises(ModelError, match=r"config\.json' cannot be used"):
        load_model(folder)


def test_deeply_nested_setting_is_refused(folder):
    text = (folder / "config.json").read_text()
    for depth in (*range(800, 1000, 10), 10**5):
        nested = "[" * depth + "]" * depth
        (folder / "config.json").write_text(
            text.replace('"hidden_size": 3', f'"hidden_size": {nested}')
        )
        with pytest.raises(ModelError, match=r"config\.json"):
            load_model(folder)


@pytest.mark.parametrize(
    "id2label",
    [
        *("ab", [], ["neg", "pos"], {}, {"0": "neg", "2": "pos"}, {"neg": 0, "pos": 1}),
        *map(number, (["pos"], ["pos", "pos"], ["pos", 1], ["pos", ""], ["pos", None])),
        *map(number, (["pos", ["neg"]], ["neg", "pos\n"], ["neg", "\x1b[31mpos"])),
        *map(number, (["neg", "\ud800"], map(str, range(MAX_LABELS + 1)))),
    ],
)
def test_invalid_label_names_are_refused(folder, id2label):
    content = {**read_config(folder), "id2label": id2label}
    # In ASCII, unlike `reseal`: JSON can hold half of a surrogate pair, UTF-8 cannot.
    own = sentiment.artifacts.checksums.hash_of_content(content, "config.json")
    content["sha256"]["config.json"] = own
    (folder / "config.json").write_text(json.dumps(content))
    with pytest.raises(ModelError, match=r"config\.json' has the labels .*; expected 2 to"):
        load_model(folder)


def test_classifier_whose_config_has_lost_its_labels_is_refused(folder):
    reseal(folder, id2label=None)
    with pytest.raises(ModelError, match=r"model\.safetensors' does not fit the settings"):
        load_model(folder)


@pytest.mark.parametrize("language", ["", "xx-none", "../en", "en.punctuation", "\0", "x" * 10**5])
def test_unknown_language_is_named_with_its_file(folder, language):
    settings = read_config(folder)["settings"]
    settings["text"]["language"] = language
    reseal(folder, settings=settings)
    with pytest.raises(ModelError, match=r"config\.json' cannot be used: .*language"):
        Classifier.from_pretrained(folder)


@pytest.mark.slow
def test_damaged_and_hostile_models_are_refused_or_load_to_the_same_predictions(run_folder):
    result = subprocess.run(
        [sys.executable, "benchmarks/mutations.py", "--count", "360", "--model", str(run_folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": ".", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        encoding="utf-8",
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "360 changed model folders" in result.stdout


STAGES = [
    *(
        (sentiment.artifacts.model_folder, name)
        for name in ("identities", "read_json", "check_files", "read_content", "load_description")
    ),
    (sentiment.artifacts.weights, "load_weights"),
]


def save_after(monkeypatch, stage, folder, others):
    """Save one of `others` into `folder` after each call of a function while a model is loaded."""
    module, name = stage
    function = getattr(module, name)

    def save_next(*arguments):
        result = function(*arguments)
        for saved in others:
            save_model(folder, saved)
            break
        return result

    monkeypatch.setattr(module, name, save_next)


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage[1])
def test_a_model_saved_while_it_is_read_is_read_again(folder, monkeypatch, stage):
    other = small_model("other words film")
    torch.nn.init.ones_(other.model.linear.bias)
    save_after(monkeypatch, stage, folder, iter([other]))
    loaded = load_model(folder)
    assert loaded.vocab == other.vocab
    assert torch.equal(loaded.model.linear.bias, other.model.linear.bias)


@pytest.mark.parametrize("name", ["load_description", "load_onnx_model"])
def test_a_model_saved_while_it_is_read_for_onnx_is_read_again(folder, monkeypatch, name):
    pytest.importorskip("onnxruntime")
    other = small_model("other words film")
    save_after(monkeypatch, (sentiment.inference.onnx, name), folder, iter([other]))
    classifier = Classifier.from_pretrained(folder, backend="onnx")
    assert classifier.vocab == other.vocab
    expected = Classifier.from_pretrained(folder).predict_logits(REVIEWS)
    # PyTorch computes in bfloat16 where the CPU has it.
    np.testing.assert_allclose(classifier.predict_logits(REVIEWS), expected, atol=2e-3)


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage[1])
def test_a_model_saved_again_and_again_is_one_clear_error(folder, monkeypatch, stage):
    others = [small_model(f"other words {name}") for name in "abcdef"]
    save_after(monkeypatch, stage, folder, iter(others))
    with pytest.raises(ModelError, match="replaced while it was read|its checksum differs"):
        load_model(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_disappears_while_it_is_read_is_an_error(folder, monkeypatch, name):
    module = sentiment.artifacts.model_folder
    read = module.read_json

    def read_and_delete(path):
        content = read(path)
        (folder / name).unlink()
        return content

    monkeypatch.setattr(module, "read_json", read_and_delete)
    with pytest.raises(ModelError, match=name):
        load_model(folder)


def test_loading_never_unpickles(folder, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("unpickled")

    monkeypatch.setattr(pickle, "load", refuse)
    monkeypatch.setattr(pickle, "loads", refuse)
    monkeypatch.setattr(pickle, "Unpickler", refuse)
    monkeypatch.setattr(torch, "load", refuse)
    load_model(folder)


def test_pickled_weights_are_refused_unopened(folder, tmp_path):
    class Payload:
        def __reduce__(self):
            return (open, (str(tmp_path / "executed"), "w"))

    (folder / "model.safetensors").write_bytes(pickle.dumps(Payload()))
    reseal(folder)
    with pytest.raises(ModelError, match=r"model\.safetensors'.*safetensors file"):
        load_model(folder)
    assert not (tmp_path / "executed").exists()


def test_interrupted_write_leaves_the_old_files(folder):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def write_half():
        with atomic_folder(folder) as stage:
            (stage / "vocab.txt").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def test_folder_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="file"):
        save_model(tmp_path / "file" / "model", small_model())


def test_logits_are_divided_by_the_stored_temperature(run_folder, tmp_path):
    classifier = Classifier.from_pretrained(run_folder)
    logits = classifier.predict_logits(REVIEWS) * classifier.temperature
    save_model(tmp_path / "model", classifier.saved()._replace(temperature=4.0))
    loaded = Classifier.from_pretrained(tmp_path / "model")
    assert loaded.temperature == 4.0
    torch.testing.assert_close(loaded.predict_logits(REVIEWS) * 4, logits)


def test_without_a_temperature_logits_are_those_of_the_model(folder):
    logits = uncalibrated_logits(load_model(folder).model, REVIEWS)
    content = read_config(folder)
    del content["temperature"]
    (folder / "config.json").write_text(json.dumps(content))
    reseal(folder)
    loaded = Classifier.from_pretrained(folder)
    assert loaded.temperature == 1.0
    torch.testing.assert_close(loaded.predict_logits(REVIEWS), logits)


@pytest.mark.parametrize(
    "temperature",
    [None, 0, -1.0, "1", float("nan"), float("inf"), True, 1e-300, 1e9, 10**400, [1.0]],
)
def test_invalid_temperature_is_refused(folder, temperature):
    reseal(folder, temperature=temperature)
    with pytest.raises(ModelError, match=r"config\.json' has the temperature"):
        load_model(folder)


def test_saving_a_temperature_changes_only_config_json(folder):
    before = {name: (folder / name).read_bytes() for name in FILES}
    save_temperature(folder, 2.5, {"rows": 7})
    loaded = load_model(folder)  # Also checks that the weights belong to config.json.
    assert loaded.temperature == 2.5
    assert loaded.metadata == {"train": {"rows": 3}, "calibration": {"rows": 7}}
    assert sorted(path.name for path in folder.iterdir()) == FILES
    assert [name for name in FILES if (folder / name).read_bytes() != before[name]] == [FILES[0]]


@pytest.mark.parametrize("name", FILES)
def test_saving_a_temperature_does_not_approve_damaged_files(folder, name):
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content.replace(b"neg", b"pos") + b"x" * (name != "config.json"))
    with pytest.raises(ModelError, match=f"{name}.*checksum"):
        save_temperature(folder, 2.5, {})


def test_failed_save_of_a_temperature_leaves_the_old_one(folder, monkeypatch):
    before = (folder / "config.json").read_bytes()
    write = Path.write_text

    def write_half(path, text, *args, **kwargs):
        write(path, text[: len(text) // 2], *args, **kwargs)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", write_half)
    with pytest.raises(StorageError, match="No space left"):
        save_temperature(folder, 2.5, {})
    assert (folder / "config.json").read_bytes() == before
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def test_half_precision_halves_the_size_and_rounds_little(run_folder, tmp_path):
    classifier = Classifier.from_pretrained(run_folder)
    save_model(tmp_path / "half", classifier.saved(), half=True)
    name = "model.safetensors"
    sizes = [(folder / name).stat().st_size for folder in (run_folder, tmp_path / "half")]
    assert sizes[1] < 0.55 * sizes[0]
    halved = Classifier.from_pretrained(tmp_path / "half")
    assert halved.model.linear.weight.dtype == torch.float32
    torch.testing.assert_close(
        halved.predict_logits(REVIEWS),
        classifier.predict_logits(REVIEWS),
        atol=5e-3,
        rtol=0,
    )
