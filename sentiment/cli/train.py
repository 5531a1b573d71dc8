"""`sentiment train` and `sentiment pretrain`."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from sentiment.cli.flags import as_flags, with_settings
from sentiment.cli.show import print_epoch, print_summary, print_vectors, show_warnings
from sentiment.config import (
    ENCODER_MODEL,
    ENCODER_TEXT,
    FROM_SCRATCH,
    PRETRAINING,
    Config,
    DataConfig,
    ModelConfig,
    TextConfig,
    TrainConfig,
)
from sentiment.errors import InputError

DEFAULT_OUT = Path("runs/imdb")
PRETRAIN_OUT = Path("runs/encoder")

Resume = Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace that run.")]


@with_settings(DataConfig, TextConfig, ModelConfig, TrainConfig)
def train(
    settings: dict[str, Any],
    out: Annotated[Path, typer.Option(help="The run folder.")] = DEFAULT_OUT,
    from_scratch: Annotated[
        bool,
        typer.Option(
            "--from-scratch", help=f"No encoder, and other defaults: {as_flags(FROM_SCRATCH)}."
        ),
    ] = False,
    resume: Resume = False,
    overwrite: Overwrite = False,
) -> None:
    """Train a classifier, and leave it in the folder --out."""
    from sentiment.corpus import SharedReviewsWarning
    from sentiment.train import train

    show_warnings(SharedReviewsWarning)
    check_start(settings, from_scratch, resume)
    if from_scratch:
        settings["encoder"] = FROM_SCRATCH["encoder"]  # So that a run with one refuses to resume.
    config = run_config(out, resume, FROM_SCRATCH if from_scratch else {}, settings)
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
        *("lessons", "pooling", "head_fraction", "adversarial", "layer_decay"),
        *("vectors", "freeze_embeddings"),
    ),
)
def pretrain(
    settings: dict[str, Any],
    out: Annotated[Path, typer.Option(help="The run folder.")] = PRETRAIN_OUT,
    resume: Resume = False,
    overwrite: Overwrite = False,
) -> None:
    """Train an encoder on reviews without their labels, and leave it in the folder --out.

    With --encoder it goes on from that one, to learn the words of other reviews than it has read.
    """
    from sentiment.pretrain import pretrain

    if "encoder" in settings and not resume:
        check_shape(settings, "leave out --encoder")
    config = run_config(out, resume, PRETRAINING, settings)
    print_summary(pretrain(config, out, resume, overwrite, print_epoch), "pretrain", out)
    print(f"Encoder in {out}. Next: sentiment train --encoder {out}")


def check_start(settings: dict[str, Any], from_scratch: bool, resume: bool) -> None:
    """Raise `InputError` where `settings` do not go with what a classifier starts from."""
    if from_scratch and "encoder" in settings:
        raise InputError("--encoder and --from-scratch exclude each other.")
    if not (from_scratch or resume):
        check_shape(settings, "add --from-scratch")
    if "vectors" in settings and "embedding_dim" in settings and not resume:
        raise InputError("embedding_dim is that of the file of vectors; leave it out.")


def check_shape(settings: dict[str, Any], remedy: str) -> None:
    """Raise `InputError` where `settings` name what is for the encoder to decide."""
    for name in (*ENCODER_TEXT, *ENCODER_MODEL):
        if name in settings:
            raise InputError(f"{name} is the encoder's; leave it out, or {remedy}.")


def run_config(out: Path, resume: bool, recipe: dict[str, Any], settings: dict[str, Any]) -> Config:
    """The settings of the run in `out` where one goes on, else `recipe` changed by `settings`."""
    from sentiment.checkpoint import is_finished, resumed_config
    from sentiment.writing import locked

    if resume and is_finished(out):
        with locked(out):  # It sweeps up what a kill at the very end has left.
            pass
        print(f"The run in '{out}' is finished already. To train anew: --overwrite.")
        sys.exit(0)
    saved = resumed_config(out, settings) if resume else None
    return saved or Config.from_flat(**{**recipe, **settings})
