"""A corpus in, a bundle out: the training loop."""

import dataclasses
import json
import math
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from datasets import Dataset
from torch import nn
from tqdm import tqdm

from sentiment.batches import Batch, BucketSampler, collate, encode
from sentiment.bundle import Bundle, read_json, save_bundle, staged, write_json
from sentiment.checkpoint import (
    METRICS_FILE,
    SUMMARY_FILE,
    State,
    check_run_folder,
    checkpoints,
    clear_run_folder,
    read_state,
    restore,
    save_checkpoint,
)
from sentiment.config import Config, TrainConfig
from sentiment.corpus import LABELS, fingerprint, hold_out, load_corpus, split_of
from sentiment.errors import InputError
from sentiment.memory import keep_freed_memory, peak_memory
from sentiment.model import choose_device, predict_logits
from sentiment.tokenizer import Tokenizer, tokenize_dataset
from sentiment.vocab import Vocab

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)

Example = tuple[list[int], int]  # Ids and label of one review.


@dataclass(frozen=True)
class Summary:
    """How a run ended."""

    finished: bool  # False if a signal stopped it; `resume` goes on.
    epochs: int
    best_epoch: int
    validation_loss: float | None  # Of the best epoch; None before the first has ended.
    validation_accuracy: float | None
    seconds: float  # Wall time of training, over all its sittings.
    peak_memory: int | None  # Bytes held by this process at most; None where nobody counts.


class Data(NamedTuple):
    """What the loop learns from and checks itself against."""

    train: list[Example]
    validation: list[Example]
    vocab: Vocab
    facts: dict[str, Any]  # Rows and fingerprints, for `config.json`.


def train(
    config: Config,
    out: Path,
    resume: bool = False,
    overwrite: bool = False,
    on_epoch: Callable[[dict[str, float]], None] = lambda metrics: None,
) -> Summary:
    """Train a classifier and leave it, with everything about the run, in the folder `out`.

    On a CPU the same config, data and number of threads give the same weights bit for bit, whether
    the run was stopped in between or not. Ctrl-C and SIGTERM save a checkpoint first.

    Args:
        config: all settings.
        out: the run folder.
        resume: go on from the newest checkpoint, or start where there is none yet.
        overwrite: replace the run that stands in `out`.
        on_epoch: called after each epoch with its line of `metrics.jsonl`.

    Raises:
        InputError: no data, a folder that holds a run already, a checkpoint of other data or
            settings, a place that cannot be written to.
    """
    check_run_folder(out, resume, overwrite)
    if resume and (out / SUMMARY_FILE).exists():
        return Summary(**read_json(out / SUMMARY_FILE))
    keep_freed_memory()
    data = prepare_data(config)
    torch.manual_seed(config.train.seed)
    trainer = Trainer(Bundle.new(config, LABELS, data.vocab, data.facts), data, out)
    if resume and checkpoints(out):
        trainer.restore(checkpoints(out)[-1])
    elif overwrite:
        clear_run_folder(out)
    with stop_signals() as stop_requested:
        finished = trainer.fit(stop_requested, on_epoch)
    summary = trainer.summary(finished)
    if finished:
        with staged(out) as stage:
            write_json(stage / SUMMARY_FILE, dataclasses.asdict(summary))
        for folder in checkpoints(out):
            shutil.rmtree(folder)
    return summary


def prepare_data(config: Config) -> Data:
    """Load, hold out, tokenize, count and encode the reviews of a run."""
    corpus = load_corpus(config.data.dataset, config.data.revision)
    train_split = split_of(corpus, "train", config.data.dataset)
    if "validation" in corpus:
        validation_split = split_of(corpus, "validation", config.data.dataset)
    else:
        train_split, validation_split = hold_out(
            train_split, config.data.validation, config.data.validation_fraction, config.train.seed
        )
    tokenizer = Tokenizer(config.text.language, config.text.lowercase)
    train_tokens = tokenize_dataset(train_split, tokenizer)
    validation_tokens = tokenize_dataset(validation_split, tokenizer)
    vocab = Vocab.build(train_tokens["tokens"], config.text.min_freq, config.text.max_vocab)

    def examples(tokenized: Dataset) -> list[Example]:
        rows = zip(tokenized["tokens"], tokenized["label"], strict=True)
        return [(encode(tokens, vocab, config.text), label) for tokens, label in rows]

    facts = {
        "train": {"rows": len(train_split), "fingerprint": fingerprint(train_split)},
        "validation": {"rows": len(validation_split), "fingerprint": fingerprint(validation_split)},
    }
    return Data(examples(train_tokens), examples(validation_tokens), vocab, facts)


class Trainer:
    """The loop: it knows batches, losses and the clock, and nothing of what the model is."""

    def __init__(self, bundle: Bundle, data: Data, out: Path) -> None:
        self.bundle, self.data, self.out = bundle, data, out
        self.config = bundle.config.train
        self.device = choose_device(self.config.device)
        self.model = bundle.model.to(self.device)
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(),
            lr=self.config.learning_rate,
            weight_decay=self.config.weight_decay,
        )
        self.sampler = BucketSampler(
            [len(ids) for ids, _ in data.train],
            self.config.batch_size,
            self.config.max_tokens,
            self.config.seed,
        )
        steps_per_epoch = len(self.sampler.epoch(0))
        self.epochs = max(self.config.epochs, math.ceil(self.config.min_steps / steps_per_epoch))
        self.total_steps = sum(len(self.sampler.epoch(epoch)) for epoch in range(self.epochs))
        self.state = State()
        self.tokens = 0  # Seen in this sitting, for the speed shown.

    def fit(
        self, stop_requested: threading.Event, on_epoch: Callable[[dict[str, float]], None]
    ) -> bool:
        """Train to the end and return True, or save, and return False, when told to stop."""
        state = self.state
        started = time.monotonic() - state.seconds
        self.save_checkpoint()
        with self.progress_bar() as bar:
            while state.epoch < self.epochs and not self.has_stalled():
                for indices in self.sampler.epoch(state.epoch)[state.batch :]:
                    batch = collate([self.data.train[index] for index in indices])
                    self.step(batch.to(self.device))
                    self.show(bar, batch)
                    state.seconds = time.monotonic() - started
                    if stop_requested.is_set() or state.step % self.config.checkpoint_steps == 0:
                        self.save_checkpoint()
                    if stop_requested.is_set():
                        return False
                validation_loss, validation_accuracy = self.validate()
                state.seconds = time.monotonic() - started
                self.end_epoch(validation_loss, validation_accuracy)
                self.save_checkpoint()
                on_epoch(state.history[-1])
        return True

    def step(self, batch: Batch) -> None:
        """One update of the weights."""
        state = self.state
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(state.step, self.total_steps, self.config)
        with autocast(self.device):
            logits = self.model(batch.input_ids, batch.lengths)  # [batch, num_labels]
        loss = F.cross_entropy(logits.float(), batch.labels)
        if not loss.isfinite():
            raise InputError(
                f"Training diverged at step {state.step}: the loss is {loss.item()}. "
                "Start again with a lower --learning-rate."
            )
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), self.config.max_grad_norm)
        self.optimizer.step()
        state.step += 1
        state.batch += 1
        state.reviews += len(batch.labels)
        state.loss_sum += loss.item() * len(batch.labels)
        state.correct += int((logits.argmax(dim=1) == batch.labels).sum())

    def end_epoch(self, validation_loss: float, validation_accuracy: float) -> None:
        """Note the epoch's figures, and keep its weights if they are the best so far."""
        state = self.state
        state.epoch, state.batch = state.epoch + 1, 0
        state.history.append(
            {
                "epoch": state.epoch,
                "step": state.step,
                "train_loss": state.loss_sum / state.reviews,
                "train_accuracy": state.correct / state.reviews,
                "validation_loss": validation_loss,
                "validation_accuracy": validation_accuracy,
                "seconds": state.seconds,
            }
        )
        state.loss_sum, state.correct, state.reviews = 0.0, 0, 0
        if state.best_loss is None or validation_loss < state.best_loss:
            state.best_loss, state.best_epoch = validation_loss, state.epoch
            save_bundle(self.bundle, self.out)

    def validate(self) -> tuple[float, float]:
        """Loss and accuracy over the validation reviews."""
        logits = predict_logits(self.model, [ids for ids, _ in self.data.validation])
        labels = torch.tensor([label for _, label in self.data.validation])
        loss = F.cross_entropy(logits, labels).item()
        return loss, (logits.argmax(dim=1) == labels).float().mean().item()

    def has_stalled(self) -> bool:
        """Whether the last `patience` epochs brought no lower validation loss."""
        return self.state.epoch - self.state.best_epoch >= self.config.patience

    def save_checkpoint(self) -> None:
        """Write down where the run stands; `metrics.jsonl` is a view of the same state."""
        run = {"config": self.bundle.config.to_dict(), "data": self.data.facts}
        save_checkpoint(self.out, self.state, run, self.model, self.optimizer)
        with staged(self.out) as stage:
            lines = "".join(json.dumps(metrics) + "\n" for metrics in self.state.history)
            (stage / METRICS_FILE).write_text(lines, encoding="utf-8", newline="\n")

    def restore(self, checkpoint: Path) -> None:
        """Go back to where `checkpoint` was saved. Raises `InputError` if the data has changed."""
        self.state, run = read_state(checkpoint)
        for name, facts in self.data.facts.items():
            if run["data"].get(name) != facts:
                raise InputError(
                    f"The {name} data has changed since '{checkpoint}' was saved: it was "
                    f"{run['data'].get(name)}, now it is {facts}. "
                    "Put the old data back, or start a new run (--overwrite or another --out)."
                )
        restore(checkpoint, self.model, self.optimizer)

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
        state = self.state
        self.tokens += int(batch.lengths.sum())
        bar.set_description(f"epoch {state.epoch + 1}/{self.epochs}", refresh=False)
        bar.set_postfix(
            loss=f"{state.loss_sum / state.reviews:.3f}",
            accuracy=f"{state.correct / state.reviews:.1%}",
            tokens=f"{self.tokens / max(1e-9, bar.format_dict['elapsed']) / 1000:.1f}k/s",
            refresh=False,
        )
        bar.update()

    def summary(self, finished: bool) -> Summary:
        """How the run stands when `fit` returns."""
        history = self.state.history
        best = history[self.state.best_epoch - 1] if history else None
        return Summary(
            finished=finished,
            epochs=self.state.epoch,
            best_epoch=self.state.best_epoch,
            validation_loss=best["validation_loss"] if best else None,
            validation_accuracy=best["validation_accuracy"] if best else None,
            seconds=self.state.seconds,
            peak_memory=peak_memory(),
        )


def learning_rate(step: int, total_steps: int, config: TrainConfig) -> float:
    """Linear warm-up to `config.learning_rate`, then linear decay towards 0 at `total_steps`."""
    warmup_steps = config.warmup * total_steps
    if step < warmup_steps:
        return config.learning_rate * (step + 1) / (warmup_steps + 1)
    return config.learning_rate * (total_steps - step) / (total_steps - warmup_steps)


def autocast(device: torch.device) -> torch.autocast:
    """bf16 on GPUs that have it. On most CPUs it is slower than fp32."""
    enabled = device.type == "cuda" and torch.cuda.is_bf16_supported()
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=enabled)


@contextmanager
def stop_signals() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set, instead of stopping in the middle of a step.

    A second Ctrl-C stops at once: the last checkpoint is then the one to go on from.
    """
    stop_requested = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop_requested  # Python delivers signals to the main thread only.
        return

    def request_stop(number: int, frame: FrameType | None) -> None:
        if stop_requested.is_set():
            raise KeyboardInterrupt
        stop_requested.set()

    before = {number: signal.signal(number, request_stop) for number in STOP_SIGNALS}
    try:
        yield stop_requested
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
