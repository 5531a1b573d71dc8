"""The training loop: batches, steps, the clock, and a run folder that survives a stop.

What is learned is a `Task`: the sentiment of reviews in `train.py`, their next word in
`pretrain.py`.
"""

import dataclasses
import json
import math
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel
from tqdm import tqdm

from sentiment.artifacts.checksums import read_json, write_json
from sentiment.config import Config, TrainConfig
from sentiment.errors import InputError
from sentiment.runtime.atomic_io import atomic_folder, discard
from sentiment.runtime.devices import choose_device
from sentiment.runtime.locks import locked
from sentiment.runtime.malloc import peak_memory, release_freed_memory
from sentiment.runtime.signals import stop_signals
from sentiment.text.batching import Batch, BucketSampler, Example, collate
from sentiment.training.checkpoint import (
    METRICS_FILE,
    SUMMARY_FILE,
    State,
    check_run_folder,
    check_settings,
    checkpoints,
    flat,
    is_finished,
    read_state,
    restore,
    save_checkpoint,
)

# Steps of ever new sizes leave holes in the heap: gigabytes of them in 100 steps.
RELEASE_STEPS = 20

Metrics = dict[str, float]


class Diverged(InputError):
    """The loss is no number any more."""


class Outcome(NamedTuple):
    """What one batch gave: means over `size` reviews or words."""

    size: int
    means: Metrics  # Holds "loss".


class Stage(NamedTuple):
    """What is learned from for some epochs, before the stage that follows."""

    examples: Sequence[Example]
    epochs: int
    batch_size: int
    # Adds the gradient of the loss on a batch to the parameters' gradients.
    backward: Callable[[Batch], Outcome]


M = TypeVar("M", bound=nn.Module)


class Task(Protocol[M]):
    """What is learned. This is all that the loop knows of it."""

    model: M
    facts: dict[str, Any]  # Where the data come from; the same in each sitting of a run.
    stages: Sequence[Stage]  # At least one; `min_steps` and `epoch_steps` are for the last.

    def parameter_groups(self) -> list[dict[str, Any]]:
        """What is learned, each group with the `factor` that its learning rate is multiplied by."""

    def validate(self, model: M) -> Metrics:
        """The figures on validation data. Holds "loss", by which the best epoch is chosen."""

    def save(self, model: M, folder: Path, metrics: Metrics) -> None:
        """Leave in `folder` what the run is for; `metrics` is the epoch's line of the history."""


@dataclass(frozen=True)
class Summary:
    """How a run ended."""

    finished: bool  # False if a signal stopped it; `resume` goes on.
    epochs: int
    best_epoch: int
    validation: Metrics  # Of the best epoch; empty before the first has ended.
    seconds: float  # Wall time of training, over all its sittings.
    peak_memory: int | None  # Bytes held by this process at most; None where nobody counts.


def run(
    make_task: Callable[[], Task[Any]],
    config: Config,
    out: Path,
    resume: bool = False,
    overwrite: bool = False,
    on_epoch: Callable[[Metrics], None] = lambda metrics: None,
) -> Summary:
    """Train a task and leave it, with everything about the run, in the folder `out`.

    On a CPU the same settings, data and number of threads give the same weights bit for bit,
    whether the run was stopped in between or not. Ctrl-C and SIGTERM save a checkpoint first.

    Args:
        make_task: prepares the data and makes the model, called once the folder is in order.
        config: all settings of the run, which a later sitting must share.
        out: the run folder.
        resume: go on from the newest checkpoint.
        overwrite: replace the run that stands in `out`.
        on_epoch: called after each epoch with its line of `metrics.jsonl`.

    Raises:
        InputError: no data, a folder that holds a run already, or one that another process trains
            into, nothing to resume, a checkpoint of other data, vocabulary or settings, a place
            that cannot be written to.
    """
    with locked(out):
        check_run_folder(out, resume, overwrite)
        if resume and is_finished(out):
            return Summary(**read_json(out / SUMMARY_FILE))
        torch.manual_seed(config.train.seed)
        trainer = Trainer(make_task(), config, out)
        if resume:
            trainer.restore(checkpoints(out)[-1])
        else:
            trainer.save_checkpoint(overwrite)
        with stop_signals() as stop_requested:
            finished = trainer.fit(stop_requested, on_epoch)
        summary = trainer.summary(finished)
        if finished:
            with atomic_folder(out) as stage:
                write_json(stage / SUMMARY_FILE, dataclasses.asdict(summary))
            for folder in checkpoints(out):
                discard(folder)
        return summary


class Trainer:
    """The loop."""

    def __init__(self, task: Task[Any], config: Config, out: Path) -> None:
        self.task, self.config, self.settings, self.out = task, config.train, config, out
        self.device = choose_device(self.config.device)
        self.model = task.model.to(self.device)
        self.optimizer = torch.optim.AdamW(
            task.parameter_groups(),
            lr=self.config.learning_rate,
            weight_decay=self.config.weight_decay,
        )
        # What is validated and kept. With a decay of 0 these are the weights themselves.
        self.average = AveragedModel(self.model, multi_avg_fn=running_average(self.config.average))
        # Of each epoch its stage, and how that one's examples are put into batches.
        self.epochs = [epoch for stage in task.stages for epoch in self.epochs_of(stage)]
        _, sampler = self.epochs[-1]
        sampler.passes = math.ceil(self.config.epoch_steps / len(sampler.epoch(0)))
        missing = self.config.min_steps - task.stages[-1].epochs * len(sampler.epoch(0))
        self.epochs += self.epochs[-1:] * math.ceil(missing / len(sampler.epoch(0)))
        self.total_steps = sum(
            len(sampler.epoch(number)) for number, (_, sampler) in enumerate(self.epochs)
        )
        self.state = State()
        self.tokens = 0  # Seen in this sitting, for the speed shown.

    def epochs_of(self, stage: Stage) -> list[tuple[Stage, BucketSampler]]:
        """`stage` and the sampler of its examples, once for each of its epochs."""
        lengths = [len(ids) for ids, _ in stage.examples]
        limits = (stage.batch_size, self.config.max_tokens, self.config.seed)
        return [(stage, BucketSampler(lengths, *limits))] * stage.epochs

    def fit(self, stop_requested: threading.Event, on_epoch: Callable[[Metrics], None]) -> bool:
        """Train to the end and return True, or save, and return False, when told to stop."""
        state = self.state
        started = time.monotonic() - state.seconds
        with self.progress_bar() as bar:
            while state.epoch < len(self.epochs) and not self.has_stalled():
                stage, sampler = self.epochs[state.epoch]
                for indices in sampler.epoch(state.epoch)[state.batch :]:
                    batch = collate([stage.examples[index] for index in indices])
                    self.step(batch.to(self.device))
                    self.show(bar, batch)
                    if state.step % RELEASE_STEPS == 0:
                        release_freed_memory()
                    state.seconds = time.monotonic() - started
                    if stop_requested.is_set() or state.step % self.config.checkpoint_steps == 0:
                        self.save_checkpoint()
                    if stop_requested.is_set():
                        return False
                validation = self.task.validate(self.average.module)
                state.seconds = time.monotonic() - started
                self.end_epoch(validation)
                self.save_checkpoint()
                on_epoch(state.history[-1])
        return True

    def step(self, batch: Batch) -> None:
        """One update of the weights."""
        state = self.state
        stage, _ = self.epochs[state.epoch]
        rate = learning_rate(state.step, self.total_steps, self.config)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["factor"]
        self.optimizer.zero_grad()
        outcome = stage.backward(batch)
        if not math.isfinite(outcome.means["loss"]):
            raise Diverged(
                f"Training diverged at step {state.step}: the loss is {outcome.means['loss']}. "
                "Start again with a lower --learning-rate."
            )
        nn.utils.clip_grad_norm_(self.model.parameters(), self.config.max_grad_norm)
        self.optimizer.step()
        self.average.update_parameters(self.model)
        state.step += 1
        state.batch += 1
        state.add(outcome.size, outcome.means)

    def end_epoch(self, validation: Metrics) -> None:
        """Note the epoch's figures, and keep its weights if they are the best so far."""
        state = self.state
        state.epoch, state.batch = state.epoch + 1, 0
        state.history.append(
            {
                "epoch": state.epoch,
                "step": state.step,
                **{f"train_{name}": mean for name, mean in state.means().items()},
                **{f"validation_{name}": figure for name, figure in validation.items()},
                "seconds": state.seconds,
            }
        )
        state.count, state.sums = 0, {}
        if state.best_loss is None or validation["loss"] < state.best_loss:
            state.best_loss, state.best_epoch = validation["loss"], state.epoch
            self.task.save(self.average.module, self.out, state.history[-1])

    def has_stalled(self) -> bool:
        """Whether the last `patience` epochs brought no lower validation loss."""
        return self.state.epoch - self.state.best_epoch >= self.config.patience

    def save_checkpoint(self, overwrite: bool = False) -> None:
        """Write down where the run stands; `metrics.jsonl` is a view of the same state."""
        run = {"config": self.settings.to_dict(), "data": self.task.facts}
        parts = self.model, self.average, self.optimizer
        save_checkpoint(self.out, self.state, run, *parts, overwrite)
        self.write_history()

    def write_history(self) -> None:
        """Write `metrics.jsonl`."""
        with atomic_folder(self.out) as stage:
            lines = "".join(json.dumps(metrics) + "\n" for metrics in self.state.history)
            (stage / METRICS_FILE).write_text(lines, encoding="utf-8", newline="\n")

    def restore(self, checkpoint: Path) -> None:
        """Go back to where `checkpoint` was saved. Raises `InputError` if anything has changed."""
        self.state, run = read_state(checkpoint)
        check_settings(self.out, Config.from_dict(run["config"]), flat(self.settings))
        for name, facts in self.task.facts.items():
            if run["data"].get(name) != facts:
                raise InputError(
                    f"The {name} data has changed since '{checkpoint}' was saved: it was "
                    f"{run['data'].get(name)}, now it is {facts}. "
                    "Put the old data back, or start a new run (--overwrite or another --out)."
                )
        restore(checkpoint, self.model, self.average, self.optimizer)
        self.write_history()  # A kill may have come between the two.

    def progress_bar(self) -> "tqdm[None]":
        """A bar over all steps of the run, so that its time left is the whole run's."""
        return tqdm(
            total=self.total_steps,
            initial=self.state.step,
            unit="step",
            dynamic_ncols=True,
            mininterval=0.1 if sys.stderr.isatty() else 10.0,
        )

    def show(self, bar: "tqdm[None]", batch: Batch) -> None:
        """Move the bar on by one step."""
        self.tokens += int(batch.lengths.sum())
        speed = self.tokens / max(1e-9, bar.format_dict["elapsed"])
        means = {name: f"{mean:.3f}" for name, mean in self.state.means().items()}
        bar.set_description(f"epoch {self.state.epoch + 1}/{len(self.epochs)}", refresh=False)
        bar.set_postfix(**means, tokens=f"{speed / 1000:.1f}k/s", refresh=False)
        bar.update()

    def summary(self, finished: bool) -> Summary:
        """How the run stands when `fit` returns."""
        state = self.state
        best = state.history[state.best_epoch - 1] if state.history else {}
        return Summary(
            finished=finished,
            epochs=state.epoch,
            best_epoch=state.best_epoch,
            validation={
                name.removeprefix("validation_"): figure
                for name, figure in best.items()
                if name.startswith("validation_")
            },
            seconds=state.seconds,
            peak_memory=peak_memory(),
        )


def learning_rate(step: int, total_steps: int, config: TrainConfig) -> float:
    """Linear warm-up to `config.learning_rate`, then linear decay towards 0 at `total_steps`."""
    warmup_steps = config.warmup * total_steps
    if step < warmup_steps:
        return config.learning_rate * (step + 1) / (warmup_steps + 1)
    return config.learning_rate * (total_steps - step) / (total_steps - warmup_steps)


def running_average(decay: float) -> Callable[[Any, Any, Any], None]:
    """An exponential average that forgets the first steps sooner, for `AveragedModel`."""

    @torch.no_grad()
    def update(average: list[Tensor], weights: list[Tensor], updates: Tensor) -> None:
        steps = int(updates)
        torch._foreach_lerp_(average, weights, 1 - min(decay, steps / (steps + 10)))

    return update
