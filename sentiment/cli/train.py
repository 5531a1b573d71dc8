"""`sentiment train` and `sentiment pretrain`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sentiment.cli.flags import as_flags, with_settings
from sentiment.cli.formatting import duration
from sentiment.config import (
    ENCODER_MODEL,
    ENCODER_TEXT,
    FEW_LABELS,
    FROM_SCRATCH,
    LANGUAGES,
    PRETRAINING,
    Config,
    DataConfig,
    ModelConfig,
    TextConfig,
    TrainConfig,
)
from sentiment.errors import InputError
from sentiment.runtime.malloc import keep_freed_memory

if TYPE_CHECKING:
    from sentiment.training.trainer import Summary

RUNS = Path("runs")
PRETRAIN_OUT = RUNS / "encoder"

Resume = Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace that run.")]


@with_settings(DataConfig, TextConfig, ModelConfig, TrainConfig)
def train(
    settings: dict[str, Any],
    out: Annotated[
        Path | None, typer.Option(help="The run folder.", show_default="runs/ and the data's name")
    ] = None,
    from_scratch: Annotated[
        bool,
        typer.Option(
            "--from-scratch",
            help=f"Start from nothing, with other defaults: {as_flags(FROM_SCRATCH)}.",
        ),
    ] = False,
    few_labels: Annotated[
        bool,
        typer.Option(
            "--few-labels",
            help="For some dozens to a thousand labelled texts other defaults: "
            f"{as_flags(FEW_LABELS)}.",
        ),
    ] = False,
    resume: Resume = False,
    overwrite: Overwrite = False,
) -> None:
    """Train a classifier, and leave it in the folder --out.

    In another language than English it starts from nothing, unless --init says from what.
    """
    from sentiment.training.classification import train

    keep_freed_memory()
    dataset = settings.get("dataset", DataConfig.dataset)
    out = out or RUNS / name_of(dataset)
    if few_labels and from_scratch:
        raise InputError("--few-labels and --from-scratch exclude each other.")
    if not resume:
        from_scratch = choose_start(settings, from_scratch)
    if from_scratch:
        settings["init"] = FROM_SCRATCH["init"]  # So that a run with one refuses to resume.
    recipe = FROM_SCRATCH if from_scratch else FEW_LABELS if few_labels else {}
    config = run_config(out, resume, recipe, settings)
    summary = train(config, out, resume, overwrite, print_epoch, print_vectors)
    print_summary(summary, "train", out)
    print(f"Model in {out}. Next: sentiment eval --model {out}")


@with_settings(
    DataConfig,
    TextConfig,
    ModelConfig,
    TrainConfig,
    recipe=PRETRAINING,
    without=(
        *("lessons", "pooling", "head_fraction", "new_word_freq", "vectors", "freeze_embeddings"),
        *("balance", "adversarial", "layer_decay", "sentence_epochs"),
    ),
)
def pretrain(
    settings: dict[str, Any],
    out: Annotated[Path, typer.Option(help="The run folder.")] = PRETRAIN_OUT,
    resume: Resume = False,
    overwrite: Overwrite = False,
) -> None:
    """Train an encoder on reviews without their labels, and leave it in the folder --out.

    With --init it goes on from that one, to learn the words of other reviews than it has read.
    """
    from sentiment.training.language_modeling import pretrain

    keep_freed_memory()
    if "init" in settings and not resume:
        check_shape(settings, "leave out --init")
    config = run_config(out, resume, PRETRAINING, settings)
    print_summary(pretrain(config, out, resume, overwrite, print_epoch), "pretrain", out)
    print(f"Encoder in {out}. Next: sentiment train --init {out}")


def name_of(dataset: str) -> str:
    """What a data set's run folder is called: `imdb` for `stanfordnlp/imdb` and for `imdb.csv`."""
    name = Path(dataset).expanduser().resolve().name
    return name.split(".")[0] or "reviews"


def choose_start(settings: dict[str, Any], from_scratch: bool) -> bool:
    """Whether a run begins from nothing; `settings` get the language of built-in reviews.

    Raises `InputError` where they do not go with what the run begins from.
    """
    dataset = settings.get("dataset", DataConfig.dataset)
    if dataset in LANGUAGES:
        settings.setdefault("language", LANGUAGES[dataset])
    language = settings.get("language", TextConfig.language)
    if from_scratch and "init" in settings:
        raise InputError("--init and --from-scratch exclude each other.")
    if not from_scratch and "init" not in settings:
        from_scratch = language != TextConfig.language or "vectors" in settings
        if from_scratch:
            reads = "has these vectors" if "vectors" in settings else f"reads '{language}'"
            print(f"Note: nothing to start from {reads}: training from scratch.")
    if not from_scratch:
        check_shape(settings, "add --from-scratch")
    if "vectors" in settings and "embedding_dim" in settings:
        raise InputError("embedding_dim is that of the file of vectors; leave it out.")
    return from_scratch


def check_shape(settings: dict[str, Any], remedy: str) -> None:
    """Raise `InputError` where `settings` name what is for the encoder to decide."""
    for name in (*ENCODER_TEXT, *ENCODER_MODEL):
        if name in settings:
            raise InputError(f"{name} is the encoder's; leave it out, or {remedy}.")


def run_config(out: Path, resume: bool, recipe: dict[str, Any], settings: dict[str, Any]) -> Config:
    """The settings of the run in `out` where one goes on, else `recipe` changed by `settings`."""
    from sentiment.runtime.locks import locked
    from sentiment.training.checkpoint import is_finished, resumed_config

    if resume and is_finished(out):
        with locked(out):  # It sweeps up what a kill at the very end has left.
            pass
        print(f"The run in '{out}' is finished already. To train anew: --overwrite.")
        sys.exit(0)
    saved = resumed_config(out, settings) if resume else None
    return saved or Config.from_flat(**{**recipe, **settings})


def print_epoch(metrics: dict[str, float]) -> None:
    """Print the metrics of an epoch, above the progress bar."""
    from tqdm import tqdm

    training = named_metrics(metrics, "train_")
    validation = named_metrics(metrics, "validation_")
    tqdm.write(
        f"epoch {metrics['epoch']}: training {training}; validation {validation}; "
        f"{duration(metrics['seconds'])}",
        file=sys.stdout,
    )


def print_vectors(coverage: dict[str, Any]) -> None:
    """Print how much of the vocabulary and of the training reviews the word vectors cover."""
    parts = (
        f"{coverage[f'{name}_found']:,} of {coverage[name]:,} {what} "
        f"({coverage[f'{name}_found'] / max(1, coverage[name]):.1%})"
        for name, what in (("words", "words of the vocabulary"), ("tokens", "training tokens"))
    )
    print(f"Word vectors of {coverage['width']} dimensions for {', '.join(parts)}.", flush=True)


def print_summary(summary: "Summary", command: str, out: Path) -> None:
    """Print the result of a run. A run that was stopped ends the program with exit code 130."""
    if not summary.finished:
        print(f"Stopped and saved. Resume with: sentiment {command} --resume --out {out}")
        sys.exit(130)
    memory = f", peak memory {summary.peak_memory / 2**30:.1f} GiB" if summary.peak_memory else ""
    print(
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
