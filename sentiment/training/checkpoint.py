"""Checkpoints: the state of a run, so that it can stop at any step and resume to the same weights.

    model.safetensors      the weights
    training.safetensors   moving average of the weights, optimizer moments, random generators
    state.json             position in the data, metrics so far, all settings, checksums

A checkpoint appears by one rename, and the older one is deleted after that.
"""

import math
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from sentiment.artifacts.checksums import (
    check_checksums,
    hash_of,
    read_json,
    write_with_checksums,
)
from sentiment.artifacts.weights import load_weights, read_weights, write_weights
from sentiment.config import Config
from sentiment.errors import ConfigError, Notice, TrainingError, describe, quoted
from sentiment.runtime.atomic_io import atomic_folder, discard
from sentiment.training.run_folder import checkpoint_name, checkpoints, clear_run_folder

MODEL_FILE, TRAINING_FILE, STATE_FILE = "model.safetensors", "training.safetensors", "state.json"
MOMENTS = ("step", "exp_avg", "exp_avg_sq")  # Of AdamW, for each parameter.


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

    def check(self) -> None:
        """Raise `ValueError` if a value has another type, or does not fit the others."""
        counts = self.epoch, self.batch, self.step, self.best_epoch, self.count
        if not all(type(count) is int and 0 <= count < 2**53 for count in counts):
            raise ValueError("a count is not a whole number from 0")
        metrics = [self.sums, *self.history, {"seconds": self.seconds}]
        if self.best_loss is not None:
            metrics.append({"loss": self.best_loss})
        numbers = [number for one in metrics for number in one.values()]
        # An int may be too large for arithmetic with floats.
        if not all(
            type(one) is float or (type(one) is int and abs(one) < 2**53) for one in numbers
        ):
            raise ValueError("a metric is not a number")
        if not 0 <= self.seconds < math.inf:
            raise ValueError(f"seconds is {self.seconds}")
        if len(self.history) != self.epoch or self.best_epoch > self.epoch:
            raise ValueError("the metrics are not those of the finished epochs")
        if (self.best_loss is None) != (self.best_epoch == 0) or (self.sums and not self.count):
            raise ValueError("some values are missing")


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
    folder = out / checkpoint_name(state.step, state.epoch)
    with atomic_folder(folder) as stage:
        write_weights(stage / MODEL_FILE, model.state_dict())
        tensors = optimizer_tensors(optimizer) | generator_states() | average_tensors(average)
        write_weights(stage / TRAINING_FILE, tensors)
        checksums = {name: hash_of(stage / name) for name in (MODEL_FILE, TRAINING_FILE)}
        content = {"state": asdict(state), "run": run}
        write_with_checksums(stage / STATE_FILE, content, checksums)
        if overwrite:
            clear_run_folder(out)
    for other in checkpoints(out):
        if other != folder:
            discard(other)


def read_state(checkpoint: Path) -> tuple[State, dict[str, Any]]:
    """Return the state of a checkpoint, and the `run` it was saved with.

    Raises:
        TrainingError: the file is not a state of this version.
        ModelError: a file of the checkpoint is damaged; names it.
    """
    path = checkpoint / STATE_FILE
    content = read_json(path)
    check_checksums(path, content, (MODEL_FILE, TRAINING_FILE))
    try:
        state, run = State(**content["state"]), content["run"]
        state.check()
        Config.from_dict(run["config"])
        if not isinstance(run["data"], dict):
            raise TypeError("data is not an object")
        if not all(type(value) in (int, str) for value in run["environment"].values()):
            raise TypeError("environment has other values than numbers and names")
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        reason = quoted.repr(str(error))
        raise TrainingError(f"'{path}' is not a state of this version: {reason}.") from error
    return state, run


def load_checkpoint(
    checkpoint: Path, model: nn.Module, average: nn.Module | None, optimizer: Optimizer
) -> None:
    """Restore weights, moving average, moments and random generators.

    Raises:
        TrainingError, ModelError: the checkpoint does not fit the model.
    """
    average_state = average_tensors(average)
    expected = average_state | generator_states() | possible_optimizer_tensors(optimizer)
    tensors = read_weights(checkpoint / TRAINING_FILE, expected)
    load_weights(model, checkpoint / MODEL_FILE)
    try:
        for name, tensor in average_state.items():
            tensor.copy_(tensors[name])
        load_optimizer_tensors(optimizer, tensors)
        torch.set_rng_state(tensors["generator.cpu"])
        if "generator.cuda" in tensors:
            torch.cuda.set_rng_state(tensors["generator.cuda"])
    except (RuntimeError, KeyError, ValueError) as error:
        raise TrainingError(
            f"'{checkpoint / TRAINING_FILE}' does not fit this run: {describe(error)}."
        ) from error


def average_tensors(average: nn.Module | None) -> dict[str, Tensor]:
    """Return the tensors of the moving average under the names in a checkpoint."""
    state = {} if average is None else average.state_dict()
    return {f"average.{name}": tensor for name, tensor in state.items()}


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


def possible_optimizer_tensors(optimizer: Optimizer) -> dict[str, Tensor]:
    """Return tensors with the names, shapes and types that the optimizer's state may have."""
    parameters = [weight for group in optimizer.param_groups for weight in group["params"]]
    return {
        f"optimizer.{number}.{moment}": torch.tensor(0.0) if moment == "step" else weight
        for number, weight in enumerate(parameters)
        for moment in MOMENTS
    }


def load_optimizer_tensors(optimizer: Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Restore what `optimizer_tensors` returned. Hyperparameters stay as they are.

    Raises:
        ValueError: the moments of a parameter are incomplete.
    """
    moments: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith("optimizer."):
            _, parameter, moment = name.split(".")
            moments.setdefault(int(parameter), {})[moment] = tensor
    for number, found in moments.items():
        if len(found) != len(MOMENTS) or not found["step"] >= 1:
            raise ValueError(f"the moments of parameter {number} are incomplete")
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
                f"{quoted.repr(saved.get(name))}, and is {quoted.repr(facts.get(name))} now. "
                "Restore the old data, or start a new run."
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
