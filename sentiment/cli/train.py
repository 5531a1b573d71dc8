"""`sentiment train` and `sentiment pretrain`."""

import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sentiment.cli.flags import as_flags, given_path, with_settings
from sentiment.cli.formatting import duration
from sentiment.cli.messages import print_line
from sentiment.config import DataConfig, ModelConfig, TextConfig, TrainConfig
from sentiment.errors import ConfigError
from sentiment.presets import FEW_SHOT, FROM_SCRATCH, PRETRAINING
from sentiment.runtime.malloc import keep_freed_memory
from sentiment.runtime.paths import user_path

if TYPE_CHECKING:
    from sentiment.runtime.distributed import Processes
    from sentiment.training.classification import ClassificationTrainer
    from sentiment.training.run_folder import Run, Summary
    from sentiment.training.trainer import Trainer

RUNS = Path("runs")
PRETRAIN_OUT = RUNS / "encoder"

Resume = Annotated[bool, typer.Option("--resume", help="Continue the run in --out.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the run in --out.")]
FromScratch = Annotated[
    bool,
    typer.Option(
        "--from-scratch",
        help="Start from random weights, with other defaults: "
        f"{as_flags({name: value for name, value in FROM_SCRATCH.items() if name != 'init'})}.",
    ),
]


@with_settings(DataConfig, TextConfig, ModelConfig, TrainConfig)
def train(
    settings: dict[str, Any],
    out: Annotated[
        Path | None,
        typer.Option(
            help="Run folder.",
            show_default="runs/ and the name of the dataset",
            callback=given_path,
        ),
    ] = None,
    from_scratch: FromScratch = False,
    few_shot: Annotated[
        bool,
        typer.Option(
            "--few-shot",
            help="Other defaults, for some dozens to a thousand labelled texts: "
            f"{as_flags(FEW_SHOT)}.",
        ),
    ] = False,
    resume: Resume = False,
    overwrite: Overwrite = False,
) -> None:
    """Train a classifier and save it in the folder --out.

    In another language than English, and with --word-vectors, the defaults are those of
    --from-scratch. For --dataset sample, they are one epoch and no --min-steps. With --teacher,
    they are one epoch on whole reviews, --learning-rate 0.004 and no adversarial training.

    Several processes: torchrun --nproc-per-node 2 -m sentiment train …
    """
    from sentiment.training.classification import make_trainer
    from sentiment.training.run_folder import open_run

    if few_shot and from_scratch:
        raise ConfigError("--few-shot and --from-scratch exclude each other.")
    if few_shot and resume:
        raise ConfigError("--few-shot has no effect on a run that is resumed: leave it out.")
    keep_freed_memory()
    preset = preset_of_options(settings, from_scratch, few_shot)
    out = out or RUNS / run_name(settings.get("dataset", DataConfig.dataset))
    with (
        training_processes() as processes,
        open_run(out, resume, overwrite, processes=processes) as run,
    ):
        exit_if_finished(run)
        trainer = make_trainer(run, settings, None if resume else preset)
        print_setup(trainer)
        run_epochs(trainer)
    print_summary(trainer.summary(), "train", out)
    print_line(f"Model in {out}. Next: sentiment eval --model {out}")


@with_settings(
    DataConfig,
    TextConfig,
    ModelConfig,
    TrainConfig,
    preset=PRETRAINING,
    without=(
        *("synthetic_sentences", "pooling", "head_fraction", "new_word_freq", "word_vectors"),
        *("freeze_embeddings", "balance_labels", "adversarial_norm", "layer_decay"),
        *("sentence_epochs", "label_column", "unlabelled_file", "tie_terms", "teacher"),
    ),
)
def pretrain(
    settings: dict[str, Any],
    out: Annotated[Path, typer.Option(help="Run folder.", callback=given_path)] = PRETRAIN_OUT,
    resume: Resume = False,
    overwrite: Overwrite = False,
) -> None:
    """Train an encoder on reviews without their labels, and save it in the folder --out.

    With --init, training continues from that encoder, on other reviews.

    Several processes: torchrun --nproc-per-node 2 -m sentiment pretrain …
    """
    from sentiment.training.language_modeling import make_trainer
    from sentiment.training.run_folder import open_run

    keep_freed_memory()
    with (
        training_processes() as processes,
        open_run(out, resume, overwrite, processes=processes) as run,
    ):
        exit_if_finished(run)
        trainer = make_trainer(run, settings)
        print_plan(trainer)
        run_epochs(trainer)
    print_summary(trainer.summary(), "pretrain", out)
    print_line(f"Encoder in {out}. Next: sentiment train --init {out}")


@contextmanager
def training_processes() -> Iterator["Processes"]:
    """Join the processes that `torchrun` started. Only the first one prints."""
    from sentiment.runtime.distributed import join_processes

    with join_processes() as processes:
        if not processes.is_first:
            sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
            warnings.simplefilter("ignore")
            logging.getLogger("sentiment").setLevel(logging.ERROR)
        yield processes


def preset_of_options(settings: dict[str, Any], from_scratch: bool, few_shot: bool) -> str | None:
    """Return the preset that the options name; None where the library chooses it."""
    if not from_scratch:
        return "few-shot" if few_shot else None
    if "init" in settings:
        raise ConfigError("--init and --from-scratch exclude each other.")
    settings["init"] = None  # A run with an initial model then refuses to resume.
    return "from-scratch"


def run_name(dataset: str) -> str:
    """Return the name of a dataset's run folder: `imdb` for `stanfordnlp/imdb` and `imdb.csv`."""
    name = user_path(dataset).resolve().name
    return name.split(".")[0] or "reviews"


def exit_if_finished(run: "Run") -> None:
    """End the program if the run that was asked to resume is finished."""
    if run.summary is not None:
        print_line(f"The run in '{run.folder}' is finished. To train again: --overwrite.")
        sys.exit(0)


def run_epochs(trainer: "Trainer[Any]") -> None:
    """Train, and print the metrics of each epoch above the progress bar."""
    from tqdm import tqdm

    for metrics in trainer.epochs():
        line = (
            f"epoch {metrics['epoch']}: training {named_metrics(metrics, 'train_')}; validation "
            f"{named_metrics(metrics, 'validation_')}; {duration(metrics['seconds'])}"
        )
        tqdm.write(line, file=sys.stdout)


def print_setup(trainer: "ClassificationTrainer") -> None:
    """Print the data of a run, what it starts from, and the planned steps."""
    facts = trainer.facts
    print_line(f"Dataset: {trainer.config.data.dataset}")
    columns = [f"{target} from '{name}'" for target, name in facts["train"]["columns"].items()]
    if columns:
        print_line(f"Columns: {', '.join(columns)}")
    parts = ("train", "validation", "test", "unlabelled")
    rows = [f"{name} {facts[name]['rows']:,}" for name in parts if name in facts]
    print_line(f"Reviews: {', '.join(rows)}")
    labels = [f"{label} {count:,}" for label, count in facts["train"]["labels"].items()]
    shown = labels if len(labels) <= 20 else [*labels[:20], f"and {len(labels) - 20:,} more"]
    print_line(f"Labels in train: {', '.join(shown)}")
    print_line(trainer.start_reason)
    synthetic = facts["synthetic_sentences"]
    if synthetic["rows"]:
        print_line(
            f"Adding {synthetic['rows']:,} synthetic sentences ({synthetic['fraction']:.0%} of the "
            "training examples); --synthetic-sentences 0 leaves them out."
        )
    if trainer.config.model.tie_terms:
        print_line(
            "Words for groups of people, given names and cities share one vector for each kind; "
            "--no-tie-terms keeps them apart."
        )
    if "vectors" in facts:
        print_word_vectors(facts["vectors"])
    print_plan(trainer)


def print_word_vectors(coverage: dict[str, Any]) -> None:
    """Print how much of the vocabulary and of the training reviews the word vectors cover."""
    parts = (
        f"{coverage[f'{name}_found']:,} of {coverage[name]:,} {what} "
        f"({coverage[f'{name}_found'] / max(1, coverage[name]):.1%})"
        for name, what in (("words", "words of the vocabulary"), ("tokens", "training tokens"))
    )
    print_line(f"Word vectors of {coverage['width']} dimensions for {', '.join(parts)}.")


def print_plan(trainer: "Trainer[Any]") -> None:
    """Print the planned epochs and steps, and an estimate of the time they take."""
    steps, done = trainer.total_steps, trainer.state.step
    seconds = trainer.estimate_seconds() * (1 - done / max(1, steps))
    resumed = f", {done:,} of them done" if done else ""
    count = len(trainer.epoch_stages)
    epochs = f"{count} epochs" if count > 1 else "1 epoch"
    print_line(f"Plan: {epochs}, {steps:,} steps{resumed}, about {duration(seconds)}.", flush=True)


def print_summary(summary: "Summary", command: str, out: Path) -> None:
    """Print the result of a run. A run that was stopped ends the program with exit code 130."""
    if not summary.finished:
        print_line(f"Stopped and saved. Resume with: sentiment {command} --resume --out {out}")
        sys.exit(130)
    memory = f", peak memory {summary.peak_memory / 2**30:.1f} GiB" if summary.peak_memory else ""
    print_line(
        f"Best of {summary.epochs} epochs: {summary.best_epoch}, validation "
        f"{named_metrics(summary.validation)}. {duration(summary.seconds)}{memory}."
    )


def named_metrics(metrics: dict[str, float], prefix: str = "") -> str:
    """Return the metrics whose names begin with `prefix`: `loss 0.2854, accuracy 89.44%`."""
    return ", ".join(
        f"{name.removeprefix(prefix).replace('_', ' ')} "
        + (f"{value:.2%}" if name.endswith("accuracy") else f"{value:.4g}")
        for name, value in metrics.items()
        if name.startswith(prefix)
    )
