"""`sentiment check`."""

import dataclasses
import json
import warnings
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from sentiment.cli.flags import AsJson, Model, keep
from sentiment.config import SHIPPED_CLASSIFIER
from sentiment.errors import InputError

if TYPE_CHECKING:
    from sentiment.evaluation.behavior import Failure, Result

SHOWN = 200  # Characters of a text: of a longer one its two ends.


def check(
    model: Model = None,
    part: Annotated[
        Literal["held-out", "development"],
        typer.Option(help="Which half of the templates: to tell of, or to look at while tuning."),
    ] = "held-out",
    as_json: AsJson = False,
) -> None:
    """Test what a model makes of negation, contrast…; writes check-<part>.json into its folder."""
    from sentiment.evaluation.behavior import check, rates
    from sentiment.inference.classifier import Classifier, UnknownWordsWarning

    classifier = Classifier.from_pretrained(model or SHIPPED_CLASSIFIER)
    language = classifier.config.text.language
    if language != "en":
        raise InputError(f"The behavioural tests are in English; the model reads '{language}'.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnknownWordsWarning)
        results = check(classifier.predict_proba, classifier.labels, part)
    tests = [dataclasses.asdict(result) for result in results]
    result = {"part": part, "rates": rates(results), "tests": tests}
    if as_json:
        print(json.dumps(result))
    else:
        print_results(results, rates(results), part)
    keep(model, f"check-{part}.json", result)


def print_results(results: "list[Result]", rates: dict[str, float], part: str) -> None:
    """A table of failure rates, then what failed."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"Behaviour, {part} templates", title_justify="left")
    for heading in ("capability", "test"):
        table.add_column(heading)
    for heading in ("cases", "failures", "rate"):
        table.add_column(heading, justify="right")
    for capability, rate in rates.items():
        own = [result for result in results if result.capability == capability]
        for result in own:
            counts = f"{result.cases}", f"{result.failures}", f"{result.rate:.1%}"
            table.add_row(capability, result.name, *counts)
        cases, failures = sum(one.cases for one in own), sum(one.failures for one in own)
        table.add_row(capability, "all", f"{cases}", f"{failures}", f"{rate:.1%}", style="bold")
        table.add_section()
    Console().print(table)
    for result in results:
        if result.examples:
            print(
                f"\n{result.name} ({result.description}): {result.failures} of {result.cases} fail"
            )
            for example in result.examples:
                print_failure(example)


def print_failure(failure: "Failure") -> None:
    """The texts of a case that failed, what was expected of it and what came."""
    print(f"  expected {failure.expected}, got")
    for text, label, score in zip(failure.texts, failure.got, failure.scores, strict=True):
        end = SHOWN // 2
        shown = text if len(text) <= SHOWN else f"{text[:end]} … {text[-end:]}"
        print(f"    {label} (pos {score:.1%})  {shown}")
