"""Where a run stands, written so that it can be stopped at any moment and go on to the same end.

A run folder holds the bundle of the best epoch so far (`config.json`, `vocab.txt`,
`model.safetensors`), `metrics.jsonl` with a line an epoch, `summary.json` once the run is finished,
and until then the newest checkpoint, a folder `checkpoint-<steps>-<epochs>` of what is finished:

    model.safetensors      the weights
    training.safetensors   the weights' average, the optimizer's moments, the random generators
    state.json             the position in the data, the best epoch so far, all settings

It appears by one rename, and the older one is deleted only after that. While a run is at work its
folder is locked, by the file `.lock`.
"""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from sentiment.artifacts.checksums import (
    CONFIG_FILE,
    VOCAB_FILE,
    WEIGHTS_FILE,
    read_json,
    write_json,
)
from sentiment.artifacts.weights import read_weights, write_weights
from sentiment.config import Config
from sentiment.errors import InputError
from sentiment.runtime.atomic_io import atomic_folder, discard
from sentiment.runtime.locks import storage_errors

METRICS_FILE, SUMMARY_FILE = "metrics.jsonl", "summary.json"
RUN_FILES = (CONFIG_FILE, VOCAB_FILE, WEIGHTS_FILE, METRICS_FILE, SUMMARY_FILE)
MODEL_FILE, TRAINING_FILE, STATE_FILE = "model.safetensors", "training.safetensors", "state.json"


@dataclass
class State:
    """The position of a run. Everything here survives a stop exactly."""

    epoch: int = 0  # Epochs finished.
    batch: int = 0  # Batches finished in the epoch that runs.
    step: int = 0  # Optimizer steps finished.
    best_loss: float | None = None  # Lowest validation loss.
    best_epoch: int = 0
    seconds: float = 0.0  # Wall time of training, over all its sittings.
    count: int = 0  # Reviews or tokens seen in the epoch that runs, and sums over them.
    sums: dict[str, float] = field(default_factory=dict)
    history: list[dict[str, float]] = field(default_factory=list)  # One entry an epoch.

    def add(self, count: int, means: dict[str, float]) -> None:
        """Count in what one batch gave."""
        self.count += count
        for name, mean in means.items():
            self.sums[name] = self.sums.get(name, 0.0) + mean * count

    def means(self) -> dict[str, float]:
        """Means over the epoch that runs, so far."""
        return {name: total / self.count for name, total in self.sums.items()}


def save_checkpoint(
    out: Path,
    state: State,
    run: dict[str, Any],
    model: nn.Module,
    average: nn.Module,
    optimizer: Optimizer,
    overwrite: bool = False,
) -> None:
    """Write a checkpoint into `out` and delete the older ones; to `overwrite`, all of another run.

    `run` is what must not change between two sittings: settings and the data's fingerprint.
    Raises `InputError` if it cannot be written; what was there before is then still there.
    """
    # Two of one name would be replaced file by file: an epoch ends on the step that it ends with.
    folder = out / f"checkpoint-{state.step:07d}-{state.epoch}"
    with atomic_folder(folder) as stage:
        write_weights(stage / MODEL_FILE, model.state_dict())
        tensors = {f"average.{name}": tensor for name, tensor in average.state_dict().items()}
        tensors |= optimizer_tensors(optimizer) | generator_states()
        write_weights(stage / TRAINING_FILE, tensors)
        write_json(stage / STATE_FILE, {"state": asdict(state), "run": run})
        if overwrite:
            clear_run_folder(out)  # Not before what takes its place is written.
    for other in checkpoints(out):
        if other != folder:
            discard(other)


def checkpoints(out: Path) -> list[Path]:
    """The checkpoints in a run folder, oldest first."""
    return sorted(out.glob("checkpoint-*"))


def read_state(folder: Path) -> tuple[State, dict[str, Any]]:
    """The position and the settings that a checkpoint was saved with."""
    content = read_json(folder / STATE_FILE)
    try:
        return State(**content["state"]), content["run"]
    except (KeyError, TypeError) as error:
        raise InputError(f"'{folder / STATE_FILE}' is not of this version ({error}).") from error


def restore(folder: Path, model: nn.Module, average: nn.Module, optimizer: Optimizer) -> None:
    """Put weights, average, moments and generators back to where the checkpoint left them."""
    tensors = read_weights(folder / TRAINING_FILE)
    try:
        model.load_state_dict(read_weights(folder / MODEL_FILE))
        average.load_state_dict(
            {
                name.removeprefix("average."): tensor
                for name, tensor in tensors.items()
                if name.startswith("average.")
            }
        )
        load_optimizer_tensors(optimizer, tensors)
    except (RuntimeError, KeyError) as error:
        raise InputError(f"The checkpoint '{folder}' does not fit this run: {error}") from error
    torch.set_rng_state(tensors["generator.cpu"])
    if "generator.cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["generator.cuda"])


def generator_states() -> dict[str, Tensor]:
    """The state of torch's global random generators."""
    states = {"generator.cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        states["generator.cuda"] = torch.cuda.get_rng_state()
    return states


def optimizer_tensors(optimizer: Optimizer) -> dict[str, Tensor]:
    """The optimizer's state as flat names: `optimizer.<parameter>.<moment>`."""
    return {
        f"optimizer.{parameter}.{moment}": tensor
        for parameter, moments in optimizer.state_dict()["state"].items()
        for moment, tensor in moments.items()
    }


def load_optimizer_tensors(optimizer: Optimizer, tensors: dict[str, Tensor]) -> None:
    """The reverse of `optimizer_tensors`; learning rates and the like stay as they are."""
    moments: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith("optimizer."):
            _, parameter, moment = name.split(".")
            moments.setdefault(int(parameter), {})[moment] = tensor
    optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})


def check_run_folder(out: Path, resume: bool, overwrite: bool) -> None:
    """Raise `InputError` where a run would be lost, or where there is none to go on with."""
    if resume and overwrite:
        raise InputError("--resume and --overwrite exclude each other.")
    if out.exists() and not out.is_dir():
        raise InputError(f"'{out}' is a file; --out needs a folder.")
    there_is_one = bool(checkpoints(out)) or (out / SUMMARY_FILE).exists()
    if resume and not there_is_one:
        raise InputError(
            f"There is no run in '{out}' to resume, not one checkpoint of it. To start one leave "
            "out --resume."
        )
    if not (resume or overwrite) and run_files(out):
        go_on = "Go on with it (--resume), replace it" if there_is_one else "Replace it"
        raise InputError(
            f"'{out}' holds a run already. {go_on} (--overwrite), or choose another folder (--out)."
        )


def is_finished(out: Path) -> bool:
    """Whether the run in `out` has come to its end, its last checkpoint deleted."""
    return (out / SUMMARY_FILE).exists() and not checkpoints(out)


def run_files(out: Path) -> list[Path]:
    """What a run has left in its folder."""
    return [out / name for name in RUN_FILES if (out / name).exists()] + checkpoints(out)


def clear_run_folder(out: Path) -> None:
    """Delete what a run has left in its folder, and nothing else."""
    with storage_errors(out):
        for path in reversed(run_files(out)):  # The model last.
            discard(path) if path.is_dir() else path.unlink()


def resumed_config(out: Path, settings: dict[str, Any]) -> Config | None:
    """The settings that the run in `out` was started with; None before its first checkpoint.

    `settings` are those asked for now. Raises `InputError` if one differs from the run's: half a
    run under other settings is no run.
    """
    if not checkpoints(out):
        return None
    _, run = read_state(checkpoints(out)[-1])
    config = Config.from_dict(run["config"])
    check_settings(out, config, settings)
    return config


def flat(config: Config) -> dict[str, Any]:
    """All settings by name, whatever their section."""
    return {name: value for own in config.to_dict().values() for name, value in own.items()}


def check_settings(out: Path, config: Config, settings: dict[str, Any]) -> None:
    """Raise `InputError` if one of `settings` is not that of `config`, the run's in `out`."""
    saved = flat(config)
    for name, value in settings.items():
        if saved.get(name) != value:
            raise InputError(
                f"The run in '{out}' was started with {name} = {saved.get(name)!r}; --resume "
                f"cannot make it {value!r}. Leave that out, or start a new run (another --out)."
            )
