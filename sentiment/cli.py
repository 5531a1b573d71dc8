"""Words on a command line in, one call of the other rooms out: parsing and printing, nothing else.

The rooms are imported inside the commands, so that each waits only for what it needs.
"""

import dataclasses
import inspect
import json
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

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

if TYPE_CHECKING:
    from sentiment.trainer import Summary

DEFAULT_OUT = Path("runs/imdb")
PRETRAIN_OUT = Path("runs/encoder")
BAR_WIDTH = 20
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


def with_settings(
    *sections: type, recipe: Mapping[str, Any] = MappingProxyType({}), without: Iterable[str] = ()
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command one flag for each field of the config `sections` but those in `without`.

    Defaults are those of `recipe`, else of the config. The command gets those that were named on
    the command line as its argument `settings`.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = [
            parameter
            for parameter in inspect.signature(command, eval_str=True).parameters.values()
            if parameter.name != "settings"
        ]
        flags = [
            flag(section, field, recipe.get(field.name, field.default))
            for section in sections
            for field in dataclasses.fields(section)
            if field.name not in without
        ]

        def run(context: typer.Context, **arguments: Any) -> None:
            settings = {}
            for parameter in flags:
                value = arguments.pop(parameter.name)
                if context.get_parameter_source(parameter.name).name != "DEFAULT":  # type: ignore[union-attr]
                    settings[parameter.name] = value
            command(**arguments, settings=settings)

        context = inspect.Parameter(
            "context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context
        )
        parameters = [context, *own, *flags]
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        run.__doc__ = command.__doc__
        run.__name__ = command.__name__
        return run

    return decorate


def flag(section: type, field: dataclasses.Field[Any], default: Any) -> inspect.Parameter:
    """The command-line flag of a config field."""
    return inspect.Parameter(
        field.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[
            get_type_hints(section)[field.name], typer.Option(help=field.metadata["help"])
        ],
    )


def as_flags(recipe: dict[str, Any]) -> str:
    """Settings as they are typed: `--epochs 4, --pooling max+mean`."""
    return ", ".join(
        f"--{name.replace('_', '-')} {value}" for name, value in recipe.items() if value is not None
    )


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


def print_epoch(metrics: dict[str, float]) -> None:
    """An epoch's line of `metrics.jsonl`, above the progress bar."""
    from tqdm import tqdm

    training = named(metrics, "train_")
    validation = named(metrics, "validation_")
    tqdm.write(
        f"epoch {metrics['epoch']}: training {training}; validation {validation}; "
        f"{clock(metrics['seconds'])}",
        file=sys.stdout,
    )


def print_summary(summary: "Summary", command: str, out: Path) -> None:
    """How a run ended; one that was stopped ends the program."""
    if not summary.finished:
        print(f"Stopped and saved. Go on with: sentiment {command} --resume --out {out}")
        sys.exit(130)
    memory = f", peak memory {summary.peak_memory / 2**30:.1f} GiB" if summary.peak_memory else ""
    print(
        f"The best of {summary.epochs} epochs is {summary.best_epoch}: validation "
        f"{named(summary.validation)}. {clock(summary.seconds)}{memory}."
    )


def named(metrics: dict[str, float], prefix: str = "") -> str:
    """The figures whose name begins with `prefix`: `loss 0.2854, accuracy 89.44%`."""
    return ", ".join(
        f"{name.removeprefix(prefix).replace('_', ' ')} "
        + (f"{figure:.2%}" if name.endswith("accuracy") else f"{figure:.4g}")
        for name, figure in metrics.items()
        if name.startswith(prefix)
    )


def clock(seconds: float) -> str:
    """12.3 as `12 s`, 754 as `12 min 34 s`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


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


def print_metrics(result: dict[str, Any], labels: list[str]) -> None:
    """The metrics as a table, and the confusion counts as another."""
    from rich.console import Console
    from rich.table import Table

    low, high = result["accuracy_interval"]
    roc_auc = "only one label" if result["roc_auc"] is None else f"{result['roc_auc']:.4f}"
    metrics = Table(title=f"{result['dataset']}, {result['split']}", title_justify="left")
    metrics.add_column("metric")
    metrics.add_column("value", justify="right")
    metrics.add_row("reviews", f"{result['n']:,}")
    metrics.add_row("accuracy", f"{result['accuracy']:.2%}")
    metrics.add_row("95% interval", f"{low:.2%} to {high:.2%}")
    metrics.add_row("F1", f"{result['f1']:.4f}")
    metrics.add_row("ROC-AUC", roc_auc)
    metrics.add_row("loss", f"{result['loss']:.4f}")
    metrics.add_row("calibration error", f"{result['ece']:.4f}")
    confusion = Table(title="Confusion", title_justify="left")
    confusion.add_column("true \\ predicted")
    for label in labels:
        confusion.add_column(label, justify="right")
    for label, counts in zip(labels, result["confusion"], strict=True):
        confusion.add_row(label, *(f"{count:,}" for count in counts))
    slices = Table(title="By length", title_justify="left")
    slices.add_column("reviews of")
    for heading in ("reviews", "accuracy", "95% interval"):
        slices.add_column(heading, justify="right")
    for part in result["slices"]:
        low, high = part["accuracy_interval"]
        slices.add_row(
            part["name"], f"{part['n']:,}", f"{part['accuracy']:.2%}", f"{low:.2%} to {high:.2%}"
        )
    console = Console()
    for table in (metrics, confusion, slices):
        console.print(table)


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


def print_jsonl(texts: list[str], predictions: list[dict[str, Any]], all_scores: bool) -> None:
    """One JSON object a line."""
    for prediction in predictions:
        if not all_scores:
            del prediction["scores"]
        print(json.dumps(prediction, ensure_ascii=False))


def print_human(texts: list[str], predictions: list[dict[str, Any]], all_scores: bool) -> None:
    """Label, score, a bar and the text, in colour where a terminal can show it."""
    from sentiment.tokenizer import clean

    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    for text, prediction in zip(texts, predictions, strict=True):
        scores = prediction["scores"]
        shown = scores if all_scores else {prediction["label"]: prediction["score"]}
        for label, score in shown.items():
            bar = "█" * round(score * BAR_WIDTH)
            line = f"{label:>{max(map(len, scores))}} {score:6.1%} {bar:░<{BAR_WIDTH}}"
            if colour and label == prediction["label"]:
                line = typer.style(line, fg="red" if label == "neg" else "green")
            print(f"{line}  {clean(text)}" if label == prediction["label"] else line)
