"""`sentiment check`."""

import dataclasses
import json
import warnings
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from sentiment.cli.flags import AsJson, Device, Model, save_result
from sentiment.cli.formatting import new_table, print_tables
from sentiment.cli.messages import print_line
from sentiment.config import SHIPPED_CLASSIFIER, TrainConfig
from sentiment.errors import DataError

if TYPE_CHECKING:
    from sentiment.evaluation.behavior import BehaviorResult, Failure

MAX_CHARACTERS = 200  # Of a printed text; of a longer one its start and end are printed.


def check(
    model: Model = None,
    part: Annotated[
        Literal["held-out", "development"],
        typer.Option(
            help="Half of the test templates: held-out to report, development to look at while "
            "improving a model."
        ),
    ] = "held-out",
    device: Device = TrainConfig.device,
    as_json: AsJson = False,
) -> None:
    """Run behavioral tests: negation, contrast, typos, names, fairness and more.

    Writes check-<part>.json into the folder given by --model.
    """
    from sentiment.evaluation.behavior import failure_rates, run_tests
    from sentiment.inference.classifier import Classifier, UnknownWordsWarning

    classifier = Classifier.from_pretrained(model or SHIPPED_CLASSIFIER, device=device)
    language = classifier.config.text.language
    if language != "en":
        raise DataError(
            f"The behavioral tests are in English, but the language of the model is '{language}'."
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnknownWordsWarning)
        results = run_tests(classifier.predict_proba, classifier.labels, part)
    tests = [dataclasses.asdict(result) for result in results]
    result = {
        "part": part,
        "temperature": classifier.temperature,
        "rates": failure_rates(results),
        "tests": tests,
    }
    if as_json:
        print_line(json.dumps(result))
    else:
        print_results(results, failure_rates(results), part)
    save_result(model, f"check-{part}.json", result)


def print_results(results: "list[BehaviorResult]", rates: dict[str, float], part: str) -> None:
    """Print the failure rates as a table, then the failed cases."""
    table = new_table(f"Behavior, {part} templates", "capability")
    table.add_column("test")
    for heading in ("cases", "failures", "rate"):
        table.add_column(heading, justify="right")
    for capability, rate in rates.items():
        tests = [result for result in results if result.capability == capability]
        for test in tests:
            table.add_row(
                capability, test.name, f"{test.cases}", f"{test.failures}", f"{test.rate:.1%}"
            )
        cases, failures = sum(test.cases for test in tests), sum(test.failures for test in tests)
        table.add_row(capability, "all", f"{cases}", f"{failures}", f"{rate:.1%}", style="bold")
        table.add_section()
    print_tables(table)
    for result in results:
        if result.examples:
            print_line()
            print_line(
                f"{result.name} ({result.description}): {result.failures} of {result.cases} fail"
            )
            for example in result.examples:
                print_failure(example)


def print_failure(failure: "Failure") -> None:
    """Print the texts of a failed case, the expectation and the predictions."""
    print_line(f"  expected {failure.expected}, got")
    for text, label, score in zip(failure.texts, failure.got, failure.scores, strict=True):
        half = MAX_CHARACTERS // 2
        shown = text if len(text) <= MAX_CHARACTERS else f"{text[:half]} … {text[-half:]}"
        print_line(f"    {label} (pos {score:.1%})  {shown}")
