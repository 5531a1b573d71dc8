"""Run folders with damaged or hostile files: the same weights, or one error that names a file."""

import json
import os
import random
import shutil
import signal

import pytest
import torch
from safetensors.torch import load, save_file
from support.checksums import reseal_checkpoint
from support.tiny_run import tiny_trainer, weights

from sentiment.apps.report.saved_results import read_baselines, read_history
from sentiment.artifacts.checksums import MAX_JSON, read_json, read_json_lines
from sentiment.artifacts.model_folder import load_model
from sentiment.errors import ModelError, SentimentError, TrainingError
from sentiment.training.checkpoint import read_state
from sentiment.training.run_folder import checkpoint_name, checkpoints, open_run

DEEP = "[" * 100_000
HOSTILE_JSON = {
    "brackets": DEEP,
    "objects": '{"a":' * 100_000,
    "half": '{"epoch": 1, "train_loss": ',
    "empty": "",
    "list": "[]",
    "number": "1" * 10_000,
    "zeros": "\0" * 100,
    "not-utf-8": b'{"epoch": "caf\xe9"}',
    "utf-16": "{}".encode("utf-16"),
}
HOSTILE_VALUES = [None, True, -1, 0.5, 10**400, float("nan"), float("inf"), "x", [], {}, [{}]]


def stop_tiny(folder, **settings):
    """Leave a run that a signal stopped after its third step, in the second epoch."""
    with open_run(folder) as run:
        trainer = tiny_trainer(run, **settings)
        step = trainer.step

        def stop_at_third(batch, stage):
            step(batch, stage)
            if trainer.state.step == 3:
                signal.raise_signal(signal.SIGTERM)

        trainer.step = stop_at_third
        trainer.fit()


def resume(folder, **settings):
    """Finish the run in `folder` and return its weights."""
    with open_run(folder, resume=True) as run:
        if run.summary is None:
            tiny_trainer(run, **settings).fit()
    return weights(folder)


@pytest.fixture(autouse=True)
def quick(no_fsync):
    pass


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Return a folder with a run that was stopped, `half`, and a finished one, `done`."""
    place = tmp_path_factory.mktemp("runs")
    stop_tiny(place / "half", ema_decay=0.5)
    shutil.copytree(place / "half", place / "done")
    resume(place / "done", ema_decay=0.5)
    return place


@pytest.fixture
def half(runs, tmp_path):
    """Return a copy of the stopped run."""
    return shutil.copytree(runs / "half", tmp_path / "half")


def flip_bits(rng, path):
    content = bytearray(path.read_bytes())
    for _ in range(rng.choice([1, 1, 8])):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)


def truncate(rng, path):
    os.truncate(path, rng.choice([0, rng.randrange(path.stat().st_size)]))


def zero(rng, path):
    content = path.read_bytes()
    start = rng.randrange(len(content))
    path.write_bytes(content[:start] + bytes(len(content) - start))


def lengthen(rng, path):
    with path.open("ab") as file:
        file.write(rng.choice([b"\0", b"{", rng.randbytes(99), path.read_bytes()]))


def delete(rng, path):
    path.unlink()


def replace_by_folder(rng, path):
    path.unlink()
    path.mkdir()


DAMAGE = [flip_bits, truncate, zero, lengthen, delete, replace_by_folder]


def damage_and_resume(runs, place, seed):
    """Damage a file of a copied run, and finish the run.

    Returns:
        The name of the file, and the message; none if the weights are those of the whole run.
    """
    rng = random.Random(seed)
    folder = shutil.copytree(runs / rng.choice(["half", "done"]), place)
    path = rng.choice(sorted(path for path in folder.rglob("*") if path.is_file()))
    DAMAGE[seed % len(DAMAGE)](rng, path)
    name = str(path.relative_to(folder))
    try:
        found = resume(folder, ema_decay=0.5)
    except SentimentError as error:
        return name, str(error)
    finally:
        shutil.rmtree(folder)
    assert found == weights(runs / "done"), (seed, name)
    return name, ""


def test_damage_to_any_file_of_a_run_is_refused_or_has_no_effect(runs, tmp_path):
    results = [damage_and_resume(runs, tmp_path / "copy", seed) for seed in range(48)]
    assert len({name for name, _ in results}) == 8
    messages = [message for _, message in results]
    assert 0 < messages.count("") < len(messages)
    assert all("\n" not in message and len(message) < 1000 for message in messages)


@pytest.mark.parametrize("name", ["model.safetensors", "training.safetensors", "state.json"])
@pytest.mark.parametrize("place", [0.3, 0.6, 0.9])
def test_a_flipped_bit_in_a_checkpoint_is_named(half, name, place):
    (checkpoint,) = checkpoints(half)
    content = bytearray((checkpoint / name).read_bytes())
    content[int(place * len(content))] ^= 1
    (checkpoint / name).write_bytes(content)
    with pytest.raises(ModelError, match=f"{name}'"):
        resume(half, ema_decay=0.5)
    assert checkpoints(half) == [checkpoint]


def leaves(content, place=()):
    """Yield the place of each value in JSON content."""
    parts = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in parts:
        yield (*place, key)
        if isinstance(value, dict | list):
            yield from leaves(value, (*place, key))


def replace(content, place, value):
    """Return a copy of JSON content with another value at a place."""
    copy = json.loads(json.dumps(content))
    part = copy
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value
    return copy


@pytest.mark.filterwarnings("ignore::sentiment.errors.Notice")
def test_a_hostile_state_is_refused_or_has_a_place_in_the_run(half):
    (checkpoint,) = checkpoints(half)
    content = read_json(checkpoint / "state.json")
    refused = set()
    for place in leaves({key: content[key] for key in ("state", "run")}):
        is_setting = place[:2] == ("run", "config")  # Must be that of the run.
        for value in HOSTILE_VALUES[:: 5 if is_setting else 1]:
            reseal_checkpoint(checkpoint, replace(content, place, value))
            try:
                with open_run(half, resume=True) as run:
                    trainer = tiny_trainer(run, ema_decay=0.5)
                trainer.state.means()
                trainer.summary()
            except SentimentError:
                refused.add(place)
    fields = content["state"].keys() | content["run"].keys()
    assert fields <= {place[1] for place in refused if len(place) > 1}


def test_a_position_that_the_run_does_not_have_is_refused(half):
    (checkpoint,) = checkpoints(half)
    content = read_json(checkpoint / "state.json")
    for name in ("step", "batch"):
        for value in (0, 2, 7):
            changed = {**content["state"], name: value}
            if changed == content["state"]:
                continue
            reseal_checkpoint(checkpoint, {**content, "state": changed})
            with pytest.raises(TrainingError, match="checkpoint-.*does not fit this run: step"):
                resume(half, ema_decay=0.5)


def with_shape(tensor):
    return torch.zeros(3, 5)


def with_type(tensor):
    return tensor.to(torch.float16) if tensor.is_floating_point() else tensor.float()


@pytest.mark.parametrize("change", [None, with_shape, with_type], ids=["missing", "shape", "type"])
def test_hostile_tensors_of_a_checkpoint_are_refused(half, change):
    (checkpoint,) = checkpoints(half)
    for name in ("model.safetensors", "training.safetensors"):
        path = checkpoint / name
        tensors = load(path.read_bytes())
        for tensor in tensors:
            changed = dict(tensors)
            if change is None:
                del changed[tensor]
            else:
                changed[tensor] = change(tensors[tensor])
            if change is with_type and name == "model.safetensors":
                changed[tensor] = tensors[tensor].double()  # Models may have 16-bit weights.
            save_file(changed, path)
            reseal_checkpoint(checkpoint)
            with pytest.raises(SentimentError, match=name):
                resume(half, ema_decay=0.5)
        save_file(tensors, path)
    reseal_checkpoint(checkpoint)
    resume(half, ema_decay=0.5)


@pytest.mark.parametrize("value", [-1.0, 0.0, float("nan")])
def test_a_step_of_the_optimizer_that_divides_by_zero_is_refused(half, value):
    path = checkpoints(half)[0] / "training.safetensors"
    tensors = load(path.read_bytes())
    save_file({**tensors, "optimizer.0.step": torch.tensor(value)}, path)
    reseal_checkpoint(path.parent)
    with pytest.raises(TrainingError, match=r"training\.safetensors' does not fit this run"):
        resume(half, ema_decay=0.5)


def test_a_random_generator_of_noise_is_refused(half):
    path = checkpoints(half)[0] / "training.safetensors"
    tensors = load(path.read_bytes())
    noise = torch.randint(256, tensors["generator.cpu"].shape, dtype=torch.uint8)
    save_file({**tensors, "generator.cpu": noise}, path)
    reseal_checkpoint(path.parent)
    with pytest.raises(TrainingError, match=r"training\.safetensors' does not fit this run"):
        resume(half, ema_decay=0.5)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("is_pipe", [True, False])
def test_a_pipe_or_device_in_place_of_a_file_is_not_read(half, is_pipe):
    (checkpoint,) = checkpoints(half)
    for path in (checkpoint / "state.json", checkpoint / "training.safetensors"):
        content = path.read_bytes()
        path.unlink()
        os.mkfifo(path) if is_pipe else path.symlink_to("/dev/zero")
        with pytest.raises(ModelError, match=f"Could not read '.*{path.name}': it is not a file"):
            resume(half, ema_decay=0.5)
        path.unlink()
        path.write_bytes(content)


READERS = {
    "config.json": load_model,
    "metrics.jsonl": read_history,
    "baseline-test.json": read_baselines,
    "summary.json": resume,
}


@pytest.mark.parametrize("content", HOSTILE_JSON.values(), ids=HOSTILE_JSON)
@pytest.mark.parametrize("name", READERS)
def test_hostile_json_in_a_run_folder_is_an_error_that_names_the_file(
    runs, tmp_path, name, content
):
    if (name, content) == ("metrics.jsonl", ""):
        return  # No epoch has ended.
    folder = shutil.copytree(runs / "done", tmp_path / "done")
    data = content if isinstance(content, bytes) else content.encode()
    (folder / name).write_bytes(data)
    with pytest.raises(SentimentError, match=name) as caught:
        READERS[name](folder)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("content", HOSTILE_JSON.values(), ids=HOSTILE_JSON)
def test_hostile_json_in_a_checkpoint_is_an_error_that_names_the_file(half, content):
    data = content if isinstance(content, bytes) else content.encode()
    (checkpoints(half)[0] / "state.json").write_bytes(data)
    with pytest.raises(SentimentError, match=r"state\.json"):
        read_state(checkpoints(half)[0])


@pytest.mark.parametrize("value", [10**400, "x", None, [], {}])
def test_saved_results_of_other_types_are_an_error_that_names_the_file(runs, tmp_path, value):
    folder = shutil.copytree(runs / "done", tmp_path / "done")
    epoch = read_json_lines(folder / "metrics.jsonl")[0]
    (folder / "metrics.jsonl").write_text(json.dumps({**epoch, "train_loss": value}))
    with pytest.raises(ModelError, match=r"metrics\.jsonl"):
        read_history(folder)
    metrics = {"accuracy_interval": [0, 1], "accuracy": value, "roc_auc": None, "ece": 0}
    entry = {"name": "x", "metrics": metrics, "train_seconds": None, "mcnemar": None}
    content = {"dataset": "d", "split": "test", "classifiers": [entry]}
    (folder / "baseline-test.json").write_text(json.dumps(content))
    with pytest.raises(ModelError, match=r"baseline-test\.json"):
        read_baselines(folder)


def test_a_json_file_over_the_limit_is_not_read(tmp_path):
    for read in (read_json, read_json_lines):
        with (tmp_path / "x.json").open("wb") as file:
            file.truncate(MAX_JSON + 1)
        with pytest.raises(ModelError, match=r"x\.json' has 4,194,305 bytes"):
            read(tmp_path / "x.json")


OTHERS = [
    *("checkpoint-backup", "checkpoint-9999999-9.bak", "checkpoint-0000009", "checkpoint-9-9"),
    *("checkpoint-00000009-1", "checkpoint-0000009-01", "my-checkpoint-0000009-1"),
]


@pytest.mark.parametrize("name", OTHERS)
def test_a_folder_of_the_user_is_no_checkpoint_and_is_kept(half, runs, name):
    (half / name).mkdir()
    (half / name / "notes.txt").write_text("mine")
    assert [path.name for path in checkpoints(half)] == [checkpoint_name(3, 1)]
    assert resume(half, ema_decay=0.5) == weights(runs / "done")
    with open_run(half, overwrite=True) as run:
        tiny_trainer(run, seed=1).fit()
    assert (half / name / "notes.txt").read_text() == "mine"


def test_a_file_with_the_name_of_a_checkpoint_is_none(half):
    (half / checkpoint_name(4, 1)).write_text("mine")
    assert [path.name for path in checkpoints(half)] == [checkpoint_name(3, 1)]


def test_checkpoints_are_in_order_of_step_and_epoch(tmp_path):
    positions = [(9, 9), (9, 10), (10, 2), (9_999_999, 11), (10_000_000, 9)]
    for position in reversed(positions):
        (tmp_path / checkpoint_name(*position)).mkdir()
    assert [path.name for path in checkpoints(tmp_path)] == [
        checkpoint_name(*position) for position in positions
    ]


def test_a_run_does_not_finish_with_a_damaged_model(half):
    stage = half / "model.safetensors"
    content = bytearray(stage.read_bytes())
    content[-1] ^= 1
    stage.write_bytes(content)
    with open_run(half, resume=True) as run:
        trainer = tiny_trainer(run, ema_decay=0.5)
        trainer.state.best_loss = -1.0  # The model in the folder stays the best one.
        with pytest.raises(ModelError, match=r"model\.safetensors"):
            trainer.fit()
    assert checkpoints(half)
    assert not (half / "summary.json").exists()
