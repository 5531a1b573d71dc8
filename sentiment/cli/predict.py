"""`sentiment predict`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from sentiment.cli.flags import Backend, Device, Model, as_flags, with_settings
from sentiment.cli.formatting import use_color
from sentiment.cli.predict_file import FileOptions, predict_table, texts_to_explain
from sentiment.cli.predict_ray import predict_on_ray
from sentiment.config import SHIPPED_CLASSIFIER, ReaderConfig, TrainConfig
from sentiment.data.tables import open_table
from sentiment.data.tables.sources import STANDARD_STREAM
from sentiment.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sentiment.inference.classifier import Classifier


@with_settings(ReaderConfig)
def predict(
    settings: dict[str, Any],
    texts: Annotated[list[str] | None, typer.Argument(help="One or more texts.")] = None,
    file: Annotated[
        str | None,
        typer.Option(
            help="File of texts: .csv, .tsv, .jsonl, .json, .parquet, .xlsx or fastText's .txt, "
            "also with .gz; any other file is plain text with one text a line; - is standard "
            "input. With --engine ray also a pattern or a URL: 'reviews/*.csv', 's3://bucket/*.parquet'."
        ),
    ] = None,
    model: Model = None,
    device: Device = TrainConfig.device,
    backend: Backend = "auto",
    output_format: Annotated[
        Literal["human", "jsonl", "html"],
        typer.Option(
            "--format",
            help="Output for texts: lines to read, JSON Lines, or a page of explanations.",
        ),
    ] = "human",
    all_scores: Annotated[
        bool, typer.Option("--all-scores", help="Print the probability of every label.")
    ] = False,
    explained: Annotated[
        bool,
        typer.Option(
            "--explain", help='Print the attribution of each word. Needs the extra "explain".'
        ),
    ] = False,
    output: Annotated[
        str | None,
        typer.Option(
            help="File to write the rows of --file to, with their labels and scores. It appears "
            "when the last row is written. With --engine ray a folder or its URL.",
            show_default="standard output",
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace --output if it exists.")
    ] = False,
    prefix: Annotated[
        str, typer.Option(help="Prefix of the names of the new columns.", show_default="none")
    ] = "",
    engine: Annotated[
        Literal["local", "ray"],
        typer.Option(
            help="Where rows are labelled: in this process, or file by file on a Ray cluster. A "
            'stopped job is continued by the same command. ray needs the extra "ray".'
        ),
    ] = "local",
    address: Annotated[
        str | None,
        typer.Option(
            help="Address of a Ray cluster; auto is the one that this machine belongs to.",
            show_default="this machine alone",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            help="Number of workers of --engine ray, each of one CPU or GPU.",
            min=1,
            max=100_000,
            show_default="one for each CPU",
        ),
    ] = None,
) -> None:
    """Label texts. The score of a label is its probability."""
    if bool(texts) == (file is not None):
        raise ConfigError('Give either texts ("A joy from start to finish.") or --file PATH.')
    if output_format == "html" and not explained:
        raise ConfigError("--format html writes a page of explanations: add --explain.")
    if engine == "ray":
        if file is None or output is None or file == STANDARD_STREAM:
            raise ConfigError("--engine ray reads --file PATTERN and writes --output FOLDER.")
        if explained or output_format != "human" or overwrite:
            raise ConfigError("--engine ray: leave out --explain, --format and --overwrite.")
        predict_on_ray(
            file,
            output,
            ReaderConfig(**settings),
            model=model,
            backend=backend,
            device=device,
            prefix=prefix,
            all_scores=all_scores,
            address=address,
            workers=workers,
        )
        return
    if address is not None or workers is not None:
        given = as_flags({"address": address, "workers": workers})
        raise ConfigError(f"{given} requires --engine ray.")
    if explained:
        if backend in ("onnx", "onnx-int8"):
            raise ConfigError(f"--explain computes gradients, which --backend {backend} cannot.")
        backend = "torch"
    if file is None:
        if output or overwrite or prefix or settings:
            given = as_flags({"output": output, "overwrite": overwrite or None, **settings})
            raise ConfigError(f"{given or '--prefix'} requires --file.")
        classifier = load_classifier(model, device, backend)
        if explained:
            print_explanations(classifier, texts or [], output_format, all_scores)
        else:
            print_predictions(classifier, texts or [], output_format, all_scores)
        return
    path = None if output is None else Path(output)
    options = FileOptions(file, ReaderConfig(**settings), prefix, path, overwrite)
    with open_table(file, options.reader) as table:
        options.check(table, output_format, explained)
        classifier = load_classifier(model, device, backend)
        if explained:
            read = texts_to_explain(table, options.reader)
            print_explanations(classifier, read, output_format, all_scores)
        else:
            predict_table(classifier, table, options, output_format, all_scores)


def load_classifier(
    model: Path | None, device: str, backend: Literal["auto", "torch", "onnx", "onnx-int8"]
) -> "Classifier":
    """Load the model to predict with."""
    if backend in ("onnx", "onnx-int8"):
        sys.modules.setdefault("torch", None)  # type: ignore[arg-type]  # spaCy would import it.
    from sentiment.inference.classifier import Classifier

    return Classifier.from_pretrained(model or SHIPPED_CLASSIFIER, device=device, backend=backend)


def print_predictions(
    classifier: "Classifier", texts: "Sequence[str]", output_format: str, all_scores: bool
) -> None:
    """Print the prediction of each text."""
    from sentiment.cli.prediction_text import prediction_formatter
    from sentiment.inference.label_files import output_values

    values = output_values(classifier.labels, classifier.predict_proba(texts).tolist(), all_scores)
    formatted = prediction_formatter(output_format, classifier.labels, use_color())
    text = formatted(texts, values)
    if output_format == "jsonl":  # In UTF-8, as for files, also where a console has cp1252.
        sys.stdout.buffer.write(text.encode())
    else:
        sys.stdout.write(text)


def print_explanations(
    classifier: "Classifier", texts: "Iterable[str]", output_format: str, all_scores: bool
) -> None:
    """Print the explanation of each text: a page as a whole, other formats text by text.

    Raises:
        ExplanationError: at the end, if there are texts without an explanation.
    """
    from sentiment.cli.prediction_text import explanation_json, explanation_lines
    from sentiment.inference.explain import Explanation, ExplanationError, Unexplained, explain

    explained, unexplained = 0, 0

    def explanations() -> "Iterator[Explanation | Unexplained]":
        nonlocal explained, unexplained
        for text in texts:
            try:
                yield explain(classifier, text)
                explained += 1
            except ExplanationError as error:
                yield Unexplained(text, str(error))
                unexplained += 1

    if output_format == "html":
        from sentiment.inference.explanation_html import page

        # Character references, because a console or a pipe may have any encoding.
        html = page(explanations()).encode("ascii", "xmlcharrefreplace").decode()
        sys.stdout.write(f"{html}\n")
    else:
        for explanation in explanations():
            if output_format == "human":
                sys.stdout.write(explanation_lines(explanation, all_scores, use_color()))
            else:
                sys.stdout.write(explanation_json(explanation, all_scores))
    if unexplained:
        raise ExplanationError(
            f"{unexplained:,} of {explained + unexplained:,} texts have no explanation; the output "
            "gives the reasons."
        )
