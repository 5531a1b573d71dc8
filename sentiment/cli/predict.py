"""`sentiment predict`."""

import sys
import warnings
from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Literal

import typer

from sentiment.cli.flags import Model
from sentiment.cli.show import print_explanations, print_human, print_jsonl
from sentiment.errors import InputError

LINES_AT_ONCE = 1024  # Of --file: enough to batch by length, little enough to hold in memory.


def predict(
    texts: Annotated[list[str] | None, typer.Argument(help="One or more texts.")] = None,
    file: Annotated[
        str | None, typer.Option(help="A file with a text on each line; - is standard input.")
    ] = None,
    model: Model = None,
    output_format: Annotated[
        Literal["human", "jsonl", "html"],
        typer.Option("--format", help="For people, for programs, or a page of explanations."),
    ] = "human",
    all_scores: Annotated[
        bool, typer.Option("--all-scores", help="The probability of every label.")
    ] = False,
    why: Annotated[
        bool, typer.Option("--explain", help="What each word contributes. Needs Captum.")
    ] = False,
) -> None:
    """Label texts: the label, and its probability as the score."""
    if bool(texts) == (file is not None):
        raise InputError('Give either texts ("A joy from start to finish.") or --file PATH.')
    if output_format == "html" and not why:
        raise InputError("--format html is a page of explanations: add --explain.")
    from sentiment.bundle import SHIPPED_CLASSIFIER
    from sentiment.predict import Classifier, UnknownWordsWarning

    warnings.simplefilter("always", UnknownWordsWarning)
    warnings.showwarning = lambda message, *_: print(f"Warning: {message}", file=sys.stderr)
    classifier = Classifier.from_pretrained(model or SHIPPED_CLASSIFIER)
    show = print_human if output_format == "human" else print_jsonl
    waiting = read_lines(file) if file is not None else iter(texts or [])
    if why:
        from sentiment.explain import explain

        explanations = (explain(classifier, text) for text in waiting)
        print_explanations(explanations, output_format, all_scores)
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
