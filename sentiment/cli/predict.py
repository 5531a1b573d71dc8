"""`sentiment predict`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from sentiment.cli.flags import Model
from sentiment.cli.predict_file import FileJob, label_and_scores, predict_file, texts_of
from sentiment.cli.show import print_explanations, print_human, print_jsonl, show_warnings
from sentiment.config import SHIPPED_CLASSIFIER
from sentiment.data.tables import Format, format_of
from sentiment.errors import InputError


def predict(
    texts: Annotated[list[str] | None, typer.Argument(help="One or more texts.")] = None,
    file: Annotated[
        str | None,
        typer.Option(
            help="A file of texts: .csv, .tsv, .jsonl, .parquet, else a text a line; - is standard "
            "input. In UTF-8: bytes that are not become U+FFFD."
        ),
    ] = None,
    model: Model = None,
    output_format: Annotated[
        Literal["human", "jsonl", "html"],
        typer.Option(
            "--format", help="Of what is printed: for people, for programs, a page of explanations."
        ),
    ] = "human",
    all_scores: Annotated[
        bool, typer.Option("--all-scores", help="The probability of every label.")
    ] = False,
    why: Annotated[
        bool, typer.Option("--explain", help="What each word contributes. Needs Captum.")
    ] = False,
    column: Annotated[
        str | None,
        typer.Option(help="Column of the texts.", show_default="text, or the only one it can be"),
    ] = None,
    input_format: Annotated[
        Format | None, typer.Option(help="Format of --file.", show_default="by its suffix")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            help="For --file: the same with label and score, there when whole.",
            show_default="standard output",
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace --output.")] = False,
    on_error: Annotated[
        Literal["stop", "skip"], typer.Option(help="What to do at a malformed row.")
    ] = "stop",
    prefix: Annotated[str, typer.Option(help="Begins the names of the new columns.")] = "",
) -> None:
    """Label texts: the label, and its probability as the score."""
    if bool(texts) == (file is not None):
        raise InputError('Give either texts ("A joy from start to finish.") or --file PATH.')
    if output_format == "html" and not why:
        raise InputError("--format html is a page of explanations: add --explain.")
    job = None
    if file is not None:
        input_format = input_format or format_of(file)
        job = FileJob(file, input_format, column, prefix, on_error == "skip", output, overwrite)
        job.check(output_format, why)
    elif column or input_format or output:
        raise InputError("--column, --input-format and --output go with --file.")
    from sentiment.inference.classifier import Classifier, UnknownWordsWarning

    show_warnings(UnknownWordsWarning)
    classifier = Classifier.from_pretrained(model or SHIPPED_CLASSIFIER)
    show = print_human if output_format == "human" else print_jsonl
    if why:
        from sentiment.inference.explain import explain

        waiting = texts if job is None else texts_of(job)
        explanations = (explain(classifier, text) for text in waiting or ())
        print_explanations(explanations, output_format, all_scores)
    elif job is not None:
        predict_file(classifier, job, show, all_scores)
    elif texts:
        show(texts, label_and_scores(classifier, texts), all_scores)
