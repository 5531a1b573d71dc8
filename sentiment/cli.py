"""Words on a command line in, one call of the other rooms out.

The rooms are imported inside the commands, so that each waits only for what it needs.
"""

import json
import sys
import warnings
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

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
from sentiment.flags import as_flags, with_settings
from sentiment.show import print_epoch, print_human, print_jsonl, print_metrics, print_summary

DEFAULT_OUT = Path("runs/imdb")
PRETRAIN_OUT = Path("runs/encoder")
LINES_AT_ONCE = 1024  # Of --file: enough to batch by length, little enough to hold in memory.

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Sentiment classification with an LSTM: train, eval, predict.",
)

Model = Annotated[
    Path | None, typer.Option(help="Folder of a trained model.", show_default="the shipped one")
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace that run.")]


def main() -> None:
    """Run the command line. Errors that the user can mend exit with code 2, on one line."""
    try:
        app()
    except InputError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:  # The reader of our output, `head` say, has seen enough.
        sys.stderr.close()
        sys.exit(0)


@app.command()
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
    from sentiment.train import train

    if from_scratch and "encoder" in settings:
        raise InputError("--encoder and --from-scratch exclude each other.")
    if not (from_scratch or resume):
        check_shape(settings, "add --from-scratch")
    config = run_config(out, resume, FROM_SCRATCH if from_scratch else {}, settings)
    print_summary(train(config, out, resume, overwrite, print_epoch), "train", out)
    print(f"Model in {out}. Next: sentiment eval --model {out}")


@app.command()
@with_settings(
    DataConfig,
    TextConfig,
    ModelConfig,
    TrainConfig,
    recipe=PRETRAINING,
    without=("pooling", "head_fraction", "adversarial", "layer_decay"),
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


def check_shape(settings: dict[str, Any], remedy: str) -> None:
    """Raise `InputError` where `settings` name what is for the encoder to decide."""
    for name in (*ENCODER_TEXT, *ENCODER_MODEL):
        if name in settings:
            raise InputError(f"{name} is the encoder's; leave it out, or {remedy}.")


def run_config(out: Path, resume: bool, recipe: dict[str, Any], settings: dict[str, Any]) -> Config:
    """The settings of the run in `out` where one goes on, else `recipe` changed by `settings`."""
    from sentiment.checkpoint import SUMMARY_FILE, resumed_config

    if resume and (out / SUMMARY_FILE).exists():
        print(f"The run in '{out}' is finished already. To train anew: --overwrite.")
        sys.exit(0)
    saved = resumed_config(out, settings) if resume else None
    return saved or Config.from_flat(**{**recipe, **settings})


@app.command("eval")
def evaluate(
    model: Model = None,
    dataset: Annotated[
        str | None, typer.Option(help="Reviews, as for train.", show_default="the model's")
    ] = None,
    revision: Annotated[
        str | None, typer.Option(help="Branch, tag or commit of a Hub data set.")
    ] = None,
    split: Annotated[str, typer.Option(help="Split to measure on.")] = "test",
    device: Annotated[
        Literal["auto", "cpu", "cuda", "mps"], typer.Option(help="Where to compute.")
    ] = TrainConfig.device,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Measure a model on a labelled split; writes metrics-<split>.json beside a named model."""
    from sentiment.bundle import SHIPPED_CLASSIFIER, load_bundle, staged, write_json
    from sentiment.corpus import load_corpus, split_of
    from sentiment.evaluate import evaluate
    from sentiment.model import choose_device

    bundle = load_bundle(model or SHIPPED_CLASSIFIER, choose_device(device))
    data = bundle.config.data
    if dataset is None:
        dataset, revision = data.dataset, revision or data.revision
    corpus = load_corpus(dataset, revision)
    train = corpus["train"] if split != "train" and "train" in corpus else None
    metrics = evaluate(bundle, split_of(corpus, split, dataset), train)
    result = {"dataset": dataset, "split": split, **metrics.to_dict()}
    if as_json:
        print(json.dumps(result))
    else:
        print_metrics(result, bundle.labels)
    if model is not None:
        with staged(model) as stage:
            write_json(stage / f"metrics-{split}.json", result)


@app.command()
def predict(
    texts: Annotated[list[str] | None, typer.Argument(help="One or more texts.")] = None,
    file: Annotated[
        str | None, typer.Option(help="A file with a text on each line; - is standard input.")
    ] = None,
    model: Model = None,
    output_format: Annotated[
        Literal["human", "jsonl"], typer.Option("--format", help="For people, or for programs.")
    ] = "human",
    all_scores: Annotated[
        bool, typer.Option("--all-scores", help="The probability of every label.")
    ] = False,
) -> None:
    """Label texts: the label, and its probability as the score."""
    if bool(texts) == (file is not None):
        raise InputError('Give either texts ("A joy from start to finish.") or --file PATH.')
    from sentiment.bundle import SHIPPED_CLASSIFIER
    from sentiment.predict import Classifier, UnknownWordsWarning

    warnings.simplefilter("always", UnknownWordsWarning)
    warnings.showwarning = lambda message, *_: print(f"Warning: {message}", file=sys.stderr)
    classifier = Classifier.from_pretrained(model or SHIPPED_CLASSIFIER)
    show = print_human if output_format == "human" else print_jsonl
    waiting = read_lines(file) if file is not None else iter(texts or [])
    while some := list(islice(waiting, LINES_AT_ONCE)):
        show(some, classifier(some, all_scores=True), all_scores)


def read_lines(file: str) -> Iterator[str]:
    """The lines of a UTF-8 file, or of standard input. Bytes that are not UTF-8 become U+FFFD."""
    try:
        # Only \n and \r\n end a line: a review may hold any other of Unicode's line breaks.
        source = sys.stdin.fileno() if file == "-" else file
        with open(source, encoding="utf-8-sig", errors="replace", newline="\n") as lines:
            for line in lines:
                yield line.removesuffix("\n").removesuffix("\r")
    except OSError as error:
        raise InputError(f"Could not read '{file}': {error.strerror}.") from error
