"""Checkpoints: the state of a run, so that it can stop at any step and resume to the same weights.

    model.safetensors      the weights
    training.safetensors   moving average of the weights, optimizer moments, random generators
    state.json             position in the data, metrics so far, all settings

A checkpoint appears by one rename, and the older one is deleted after that.
"""

import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from sentiment.artifacts.checksums import read_json, write_json
from sentiment.artifacts.weights import read_weights, write_weights
from sentiment.config import Config
from sentiment.errors import ConfigError, Notice, TrainingError, describe
from sentiment.runtime.atomic_io import atomic_folder, discard
from sentiment.training.run_folder import checkpoints, clear_run_folder

MODEL_FILE, TRAINING_FILE, STATE_FILE = "model.safetensors", "training.safetensors", "state.json"


@dataclass
class State:
    """The position of a run and its metrics so far."""

    epoch: int = 0  # Finished epochs.
    batch: int = 0  # Finished batches of the current epoch.
    step: int = 0  # Finished optimizer steps.
    best_loss: float | None = None  # Lowest validation loss.
    best_epoch: int = 0
    seconds: float = 0.0  # Wall time of training, interruptions excluded.
    count: int = 0  # Reviews or tokens of the current epoch.
    sums: dict[str, float] = field(default_factory=dict)  # Sums of metrics over them.
    history: list[dict[str, float]] = field(default_factory=list)  # One entry for each epoch.

    def add(self, count: int, means: Mapping[str, float]) -> None:
        """Add the means over `count` reviews or tokens of one batch."""
        self.count += count
        for name, mean in means.items():
            self.sums[name] = self.sums.get(name, 0.0) + mean * count

    def means(self) -> dict[str, float]:
        """Return the means over the current epoch so far."""
        return {name: total / self.count for name, total in self.sums.items()}


def save_checkpoint(
    out: Path,
    state: State,
    run: dict[str, Any],
    model: nn.Module,
    average: nn.Module | None,
    optimizer: Optimizer,
    overwrite: bool = False,
) -> None:
    """Write a checkpoint into `out` and delete older ones.

    Args:
        out: the run folder.
        state: the position of the run.
        run: settings and facts on the data, which must not change between two sessions of a run,
            and the environment, which should not.
        model: its weights are saved.
        average: the moving average of the weights, if there is one.
        optimizer: its moments are saved.
        overwrite: delete the files of another run in `out`, once the checkpoint is written and
            before it appears.

    Raises:
        StorageError: it cannot be written; another run in `out` is then still there.
    """
    # With the epoch, since an epoch ends on the same step as its last batch.
    folder = out / f"checkpoint-{state.step:07d}-{state.epoch}"
    with atomic_folder(folder) as stage:
        write_weights(stage / MODEL_FILE, model.state_dict())
        tensors = optimizer_tensors(optimizer) | generator_states()
        if average is not None:
            tensors |= {f"average.{name}": value for name, value in average.state_dict().items()}
        write_weights(stage / TRAINING_FILE, tensors)
        write_json(stage / STATE_FILE, {"state": asdict(state), "run": run})
        if overwrite:
            clear_run_folder(out)
    for other in checkpoints(out):
        if other != folder:
            discard(other)


def read_state(checkpoint: Path) -> tuple[State, dict[str, Any]]:
    """Return the state of a checkpoint, and the `run` it was saved with.

    Raises:
        TrainingError: the file is not a state of this version.
        ModelError: it is not a JSON object.
    """
    content = read_json(checkpoint / STATE_FILE)
    try:
        return State(**content["state"]), content["run"]
    except (KeyError, TypeError) as error:
        raise TrainingError(
            f"'{checkpoint / STATE_FILE}' is not a state of this version ({error})."
        ) from error


def load_checkpoint(
    checkpoint: Path, model: nn.Module, average: nn.Module | None, optimizer: Optimizer
) -> None:
    """Restore weights, moving average, moments and random generators.

    Raises:
        TrainingError: the checkpoint does not fit the model.
    """
    tensors = read_weights(checkpoint / TRAINING_FILE)
    try:
        model.load_state_dict(read_weights(checkpoint / MODEL_FILE))
        if average is not None:
            prefix = "average."
            average.load_state_dict(
                {
                    name.removeprefix(prefix): tensor
                    for name, tensor in tensors.items()
                    if name.startswith(prefix)
                }
            )
        load_optimizer_tensors(optimizer, tensors)
    except (RuntimeError, KeyError) as error:
        raise TrainingError(
            f"The checkpoint '{checkpoint}' does not fit this run: {describe(error)}"
        ) from error
    torch.set_rng_state(tensors["generator.cpu"])
    if "generator.cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["generator.cuda"])


def generator_states() -> dict[str, Tensor]:
    """Return the states of PyTorch's global random generators."""
    states = {"generator.cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        states["generator.cuda"] = torch.cuda.get_rng_state()
    return states


def optimizer_tensors(optimizer: Optimizer) -> dict[str, Tensor]:
    """Return the optimizer's state under flat names, `optimizer.<parameter>.<moment>`."""
    return {
        f"optimizer.{parameter}.{moment}": tensor
        for parameter, moments in optimizer.state_dict()["state"].items()
        for moment, tensor in moments.items()
    }


def load_optimizer_tensors(optimizer: Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Restore what `optimizer_tensors` returned. Hyperparameters stay as they are."""
    moments: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith("optimizer."):
            _, parameter, moment = name.split(".")
            moments.setdefault(int(parameter), {})[moment] = tensor
    optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})


def saved_config(checkpoint: Path, settings: Mapping[str, Any]) -> Config:
    """Return the settings of the run that a checkpoint belongs to.

    Args:
        checkpoint: its folder.
        settings: settings asked for now; they must be those of the run.

    Raises:
        TrainingError: a setting differs from the run's.
    """
    _, run = read_state(checkpoint)
    config = Config.from_dict(run["config"])
    check_settings(checkpoint.parent, config, settings)
    return config


def check_settings(out: Path, config: Config, settings: Mapping[str, Any]) -> None:
    """Raise `TrainingError` if one of `settings` differs from `config`, the run's in `out`."""
    saved = config.to_flat()
    for name, value in settings.items():
        if name not in saved:
            raise ConfigError(f"There is no setting {name}.")
        if saved[name] != value:
            raise TrainingError(
                f"The run in '{out}' was started with {name} = {saved[name]!r}; a resumed run "
                f"cannot change it to {value!r}. Leave it out, or start a new run."
            )


def check_data(checkpoint: Path, saved: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
    """Raise `TrainingError` if the data differ from those that the run was started with."""
    for name in sorted(saved.keys() | facts.keys()):
        if saved.get(name) != facts.get(name):
            raise TrainingError(
                f"The data have changed since '{checkpoint}' was saved: {name} was "
                f"{saved.get(name)}, and is {facts.get(name)} now. Restore the old data, or start "
                "a new run."
            )


def warn_of_environment(saved: Mapping[str, Any], environment: Mapping[str, Any]) -> None:
    """Warn of differences that change the last bits of the weights of a resumed run."""
    for name, found in environment.items():
        if (before := saved.get(name)) is not None and before != found:
            message = (
                f"The run was started with {name} = {before} and resumes with {found}: its weights "
                "will differ in the last bits from those of an uninterrupted run."
            )
            warnings.warn(Notice(message), stacklevel=2)
