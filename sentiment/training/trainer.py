"""The training loop.

    trainer = ClassificationTrainer(model, data, config, run)
    for metrics in trainer.epochs():
        print(metrics)

A task is a subclass of `Trainer` with its loss (`compute_loss`), its validation (`validate`) and
what it saves (`save_model`): labels in `classification.py`, words in `language_modeling.py`.

On a CPU, the same settings, data and number of threads give the same weights bit for bit, also if
the run was interrupted and resumed.

Several processes share each batch: each one computes the gradients of some rows, and all take the
same step. The loss is that of a single process, up to rounding and to dropout, whose masks each
process draws for itself.
"""

import json
import math
import random
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar, cast

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import AveragedModel
from tqdm import tqdm

from sentiment.config import Config
from sentiment.errors import TrainingError
from sentiment.runtime.devices import choose_device, uses_bfloat16
from sentiment.runtime.malloc import peak_memory, release_freed_memory
from sentiment.runtime.signals import stop_signals
from sentiment.text.batching import Batch, collate
from sentiment.training.checkpoint import (
    State,
    check_data,
    check_settings,
    load_checkpoint,
    read_state,
    save_checkpoint,
    warn_of_environment,
)
from sentiment.training.run_folder import EpochMetrics, Run, Summary, finish, write_history
from sentiment.training.schedule import Stage, learning_rate, moving_average

RELEASE_STEPS = 20  # Batches of different sizes fragment memory: gigabytes in 100 steps.

TrainedModel = TypeVar("TrainedModel", bound=nn.Module)


class DivergenceError(TrainingError):
    """The loss became infinite or NaN."""


class Loss(NamedTuple):
    """The loss of a batch."""

    value: Tensor  # Scalar, in nats: the mean over `size` reviews or tokens.
    size: int
    metrics: dict[str, float]  # Other means over the same.


class Trainer(ABC, Generic[TrainedModel]):
    """Train a model in stages, with checkpoints.

    Args:
        model: moved to the device of `config.train`.
        stages: at least one.
        config: all settings of the run.
        facts: facts on the data; they must not change when the run is resumed.
        run: the run folder, from `open_run`.
        verbose: show a progress bar on stderr.

    Raises:
        TrainingError: a checkpoint of other settings or data.
        StorageError: the run folder cannot be written to.
    """

    def __init__(
        self,
        model: TrainedModel,
        stages: Sequence[Stage],
        config: Config,
        facts: dict[str, Any],
        run: Run,
        verbose: bool = True,
    ) -> None:
        self.config, self.settings, self.facts = config, config.train, facts
        self.stages, self.run, self.out = stages, run, run.folder
        self.processes = run.processes
        self.verbose = verbose and self.processes.is_first
        self.device = choose_device(self.settings.device)
        self.model = model.to(self.device)
        self.optimizer = torch.optim.AdamW(
            self.parameter_groups(),
            lr=self.settings.learning_rate,
            weight_decay=self.settings.weight_decay,
        )
        decay = self.settings.ema_decay
        self.average = (
            AveragedModel(self.model, multi_avg_fn=moving_average(decay)) if decay > 0 else None
        )
        self.epoch_stages = [stage for stage in stages for _ in range(stage.epochs)]
        self.total_steps = sum(
            stage.sampler.num_batches(epoch) for epoch, stage in enumerate(self.epoch_stages)
        )
        self.state = State()
        self.tokens = 0  # Since the start of this process.
        self.processes.check_same("reviews", json.dumps(facts, sort_keys=True))
        if run.checkpoint is not None:
            self.load_checkpoint(run.checkpoint)
        self.network = self.processes.data_parallel(self.model, self.device)

    @abstractmethod
    def compute_loss(self, batch: Batch, perturbation: Tensor | None = None) -> Loss:
        """Return the loss of `self.network`, the model, on `batch`.

        Args:
            batch: on the model's device.
            perturbation: [batch, seq, embedding_dim], added to the word vectors.
        """

    def loss_weight(self, batch: Batch) -> float:
        """Return what the sum of the losses in a batch is divided by to get their mean."""
        return len(batch.labels)

    @abstractmethod
    def validate(self, model: TrainedModel) -> EpochMetrics:
        """Return the metrics on validation data. The best epoch has the lowest `loss`."""

    @abstractmethod
    def save_model(self, model: TrainedModel, folder: Path, metrics: EpochMetrics) -> None:
        """Write the model into `folder`; `metrics` are those of its epoch."""

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Return the parameters to train, in groups with a `factor` on the learning rate."""
        return [{"params": list(self.model.parameters()), "factor": 1.0}]

    def training_step(self, batch: Batch, stage: Stage, factor: float = 1.0) -> Loss:
        """Compute the loss on `batch` and add its gradients, times `factor`, to the parameters'."""
        loss = self.compute_loss(batch)
        (factor * loss.value).backward()
        return loss

    @property
    def model_to_evaluate(self) -> TrainedModel:
        """The model that is validated and saved: the moving average if there is one."""
        return self.model if self.average is None else cast(TrainedModel, self.average.module)

    def fit(self) -> Summary:
        """Train to the end, or until a signal stops the run, and return its summary."""
        for _ in self.epochs():
            pass
        return self.summary()

    def epochs(self) -> Iterator[EpochMetrics]:
        """Train, and yield the metrics of each epoch when it ends.

        Ctrl-C and SIGTERM end the iteration after a checkpoint; `summary().finished` is then False.

        Raises:
            DivergenceError: the loss is infinite or NaN.
            StorageError: a checkpoint or the model cannot be written.
        """
        state = self.state
        if self.run.checkpoint is None:
            self.save_checkpoint(self.run.overwrite)
        elif self.processes.is_first:
            write_history(self.out, state.history)  # The last process may have died before that.
        started = time.monotonic() - state.seconds
        with stop_signals() as stop_requested, self.progress_bar() as bar:
            while not self.is_done():
                stage = self.epoch_stages[state.epoch]
                for indices in stage.sampler.epoch(state.epoch)[state.batch :]:
                    batch = collate([stage.examples[index] for index in indices])
                    self.step(batch, stage)
                    self.show_progress(bar, batch)
                    state.seconds = time.monotonic() - started
                    stop = self.processes.any(stop_requested.is_set())
                    if stop or state.step % self.settings.checkpoint_steps == 0:
                        self.save_checkpoint()
                    if stop:
                        return
                metrics = self.validate(self.model_to_evaluate)
                state.seconds = time.monotonic() - started
                self.end_epoch(metrics)
                self.save_checkpoint()
                yield state.history[-1]
            if self.processes.is_first:
                finish(self.out, self.summary())
            self.processes.wait()

    def step(self, batch: Batch, stage: Stage) -> None:
        """Update the weights once."""
        state = self.state
        rate = learning_rate(state.step, self.total_steps, self.settings)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["factor"]
        self.optimizer.zero_grad()
        self.seed_dropout()
        part, factor = self.own_part(batch)
        loss = self.training_step(part.to(self.device), stage, factor)
        value, size, metrics = self.mean_over_processes(loss, factor)
        if not math.isfinite(value):
            raise DivergenceError(
                f"Training diverged at step {state.step}: the loss is {value}. Start again with a "
                f"lower learning_rate than {self.settings.learning_rate:g}."
            )
        if self.settings.max_grad_norm > 0:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.max_grad_norm)
        self.optimizer.step()
        if self.average is not None:
            self.average.update_parameters(self.model)
        state.step += 1
        state.batch += 1
        state.add(size, {"loss": value, **metrics})
        if state.step % RELEASE_STEPS == 0:
            release_freed_memory()

    def seed_dropout(self) -> None:
        """Let each of several processes draw other dropout masks, the same in a resumed run."""
        if self.processes.count > 1:
            key = f"{self.settings.seed} {self.state.step} {self.processes.rank}"
            torch.manual_seed(random.Random(key).getrandbits(63))

    def own_part(self, batch: Batch) -> tuple[Batch, float]:
        """Return the rows of `batch` that this process computes, and the factor on their loss.

        The mean over all processes of the losses times the factors is the loss of the whole batch.
        """
        rank, count = self.processes.rank, self.processes.count
        if rank >= len(batch.labels):  # The process takes part in the step with a row that is 0.
            return batch.rows(slice(1)), 0.0
        part = batch.rows(slice(rank, None, count))
        return part, count * self.loss_weight(part) / self.loss_weight(batch)

    def mean_over_processes(self, loss: Loss, factor: float) -> tuple[float, int, dict[str, float]]:
        """Return value, size and metrics of the loss of a batch, from that of each process."""
        size = loss.size if factor else 0
        value, total, *sums = self.processes.sum(
            [factor * loss.value.item(), size, *(size * mean for mean in loss.metrics.values())]
        )
        means = {name: one / total for name, one in zip(loss.metrics, sums, strict=True)}
        return value / self.processes.count, int(total), means

    def without_averaging(self) -> AbstractContextManager[None]:
        """Return a context for a backward pass that leaves averaging gradients to the next one."""
        network = self.network
        if isinstance(network, DistributedDataParallel):
            return cast(AbstractContextManager[None], network.no_sync())
        return nullcontext()

    def end_epoch(self, validation: EpochMetrics) -> None:
        """Record the metrics of an epoch, and save its model if it is the best so far."""
        state = self.state
        state.epoch, state.batch = state.epoch + 1, 0
        state.history.append(
            {
                "epoch": state.epoch,
                "step": state.step,
                **{f"train_{name}": value for name, value in state.means().items()},
                **{f"validation_{name}": value for name, value in validation.items()},
                "seconds": state.seconds,
            }
        )
        state.count, state.sums = 0, {}
        if state.best_loss is None or validation["loss"] < state.best_loss:
            state.best_loss, state.best_epoch = validation["loss"], state.epoch
            if self.processes.is_first:
                self.save_model(self.model_to_evaluate, self.out, state.history[-1])

    def is_done(self) -> bool:
        """Return whether all epochs are done, or `patience` of them brought no lower loss."""
        state = self.state
        stalled = state.epoch - state.best_epoch >= self.settings.patience
        return state.epoch >= len(self.epoch_stages) or stalled

    def save_checkpoint(self, overwrite: bool = False) -> None:
        """Write a checkpoint, and `metrics.jsonl` from the same state; not in a temporary run."""
        if self.run.temporary or not self.processes.is_first:
            return
        run = {
            "config": self.config.to_dict(),
            "data": self.facts,
            "environment": self.environment(),
        }
        parts = self.model, self.average, self.optimizer
        save_checkpoint(self.out, self.state, run, *parts, overwrite)
        write_history(self.out, self.state.history)

    def load_checkpoint(self, checkpoint: Path) -> None:
        """Restore the state that `checkpoint` was saved in."""
        self.state, run = read_state(checkpoint)
        self.check_position(checkpoint)
        check_settings(self.out, Config.from_dict(run["config"]), self.config.to_flat())
        check_data(checkpoint, run["data"], self.facts)
        warn_of_environment(run.get("environment", {}), self.environment())
        load_checkpoint(checkpoint, self.model, self.average, self.optimizer)

    def check_position(self, checkpoint: Path) -> None:
        """Raise `TrainingError` if the state read from `checkpoint` has no place in this run."""
        state = self.state
        batches = [
            stage.sampler.num_batches(epoch)
            for epoch, stage in enumerate(self.epoch_stages[: state.epoch + 1])
        ]
        in_epoch = batches[state.epoch] if state.epoch < len(batches) else 0
        if (
            state.epoch > len(self.epoch_stages)
            or state.batch > in_epoch
            or state.step != sum(batches[: state.epoch]) + state.batch
        ):
            raise TrainingError(
                f"The checkpoint '{checkpoint}' does not fit this run: step {state.step} is not "
                f"batch {state.batch} after epoch {state.epoch}."
            )

    def environment(self) -> dict[str, Any]:
        """Return what affects the rounding of floating-point numbers."""
        bfloat16 = uses_bfloat16(self.device, self.settings.precision)
        return {
            "threads": torch.get_num_threads(),
            "precision": "bfloat16" if bfloat16 else "float32",
        }

    def estimate_seconds(self) -> float:
        """Return an estimate of the time that all steps of the run take, in seconds.

        Forward and backward pass are timed in each stage, on a batch of median size. Neither
        weights nor the random numbers of CPU and CUDA change.
        """
        seconds = 0.0
        for stage in self.stages:
            if not stage.epochs:
                continue
            lengths = stage.sampler.lengths
            sizes = [
                (sum(lengths[index] for index in batch), batch) for batch in stage.sampler.epoch(0)
            ]
            _, median = sorted(sizes)[len(sizes) // 2]
            batch = collate([stage.examples[index] for index in median])
            with torch.random.fork_rng(range(torch.cuda.device_count())):
                part, factor = self.own_part(batch)
                for _ in range(2):  # The first one allocates memory.
                    started = time.perf_counter()
                    self.training_step(part.to(self.device), stage, factor).value.item()
                    duration = time.perf_counter() - started
            seconds += duration * stage.epochs * len(sizes)
        self.optimizer.zero_grad()
        return seconds

    def progress_bar(self) -> "tqdm[None]":
        """Return a progress bar over all steps of the run."""
        # An explicit disable=False would override the environment variable TQDM_DISABLE.
        options: dict[str, Any] = {} if self.verbose else {"disable": True}
        return tqdm(
            total=self.total_steps,
            initial=self.state.step,
            unit="step",
            dynamic_ncols=True,
            mininterval=0.1 if sys.stderr.isatty() else 10.0,
            **options,
        )

    def show_progress(self, bar: "tqdm[None]", batch: Batch) -> None:
        """Advance the progress bar by one step."""
        self.tokens += int(batch.lengths.sum())
        speed = self.tokens / max(1e-9, bar.format_dict["elapsed"])
        means = {name: f"{mean:.3f}" for name, mean in self.state.means().items()}
        epoch = f"epoch {self.state.epoch + 1}/{len(self.epoch_stages)}"
        bar.set_description(epoch, refresh=False)
        bar.set_postfix(**means, tokens=f"{speed / 1000:.1f}k/s", refresh=False)
        bar.update()

    def summary(self) -> Summary:
        """Return the summary of the run so far."""
        state = self.state
        best = state.history[state.best_epoch - 1] if state.history else {}
        prefix = "validation_"
        return Summary(
            finished=self.is_done(),
            epochs=state.epoch,
            best_epoch=state.best_epoch,
            validation={
                name.removeprefix(prefix): value
                for name, value in best.items()
                if name.startswith(prefix)
            },
            seconds=state.seconds,
            peak_memory=peak_memory(),
        )
