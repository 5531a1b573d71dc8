"""Runs the behavioral tests on a classifier."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from sentiment.data.labels import IMDB_LABELS, negative_positive_ids
from sentiment.errors import DataError
from sentiment.evaluation.behavior.suite import BehaviorTest, Case, PartName, behavior_tests

if TYPE_CHECKING:
    import numpy as np

TOLERANCE = 0.01  # Accepted decrease in a directional test: near 0 or 1 small changes mean little.
MAX_DIFFERENCE = 0.1  # Accepted difference of the scores in a test of equal scores.
MAX_EXAMPLES = 3


@dataclass(frozen=True)
class Failure:
    """A case that failed."""

    texts: tuple[str, ...]
    expected: str
    got: tuple[str, ...]  # The predicted label of each text.
    scores: tuple[float, ...]  # The probability of `pos` of each text.


@dataclass(frozen=True)
class BehaviorResult:
    """The result of one test."""

    capability: str
    name: str
    kind: str
    description: str
    cases: int
    failures: int
    rate: float  # failures / cases
    examples: list[Failure]  # At most `MAX_EXAMPLES` of the failures.


def run_tests(
    predict_proba: Callable[[list[str]], "np.ndarray"],
    labels: Sequence[str],
    part: PartName = "held-out",
) -> list[BehaviorResult]:
    """Run every test of one part on a classifier.

    Args:
        predict_proba: returns probabilities [texts, labels]; it is called once, with all texts.
        labels: the names of the columns.
        part: the templates to use.

    Raises:
        DataError: the labels are not `neg` and `pos`, or `negative` and `positive`.
    """
    columns = negative_positive_ids(labels)
    if columns is None:
        names = ", ".join(labels) if len(labels) < 8 else f"{len(labels)} others"
        raise DataError(
            f"The behavioral tests are for a classifier of the labels {' and '.join(IMDB_LABELS)}, "
            f"not {names}."
        )
    tests = behavior_tests(part)
    texts = [text for test in tests for case in test.cases for text in case.texts]
    scores = iter(predict_proba(texts)[:, columns[1]].tolist())
    return [
        result_of(test, [tuple(next(scores) for _ in case.texts) for case in test.cases])
        for test in tests
    ]


def failure_rates(results: Sequence[BehaviorResult]) -> dict[str, float]:
    """Return the failure rate of each capability, over the cases of all its tests."""
    rates = {}
    for capability in dict.fromkeys(result.capability for result in results):
        own = [result for result in results if result.capability == capability]
        rates[capability] = sum(one.failures for one in own) / sum(one.cases for one in own)
    return rates


def result_of(test: BehaviorTest, scores: Sequence[tuple[float, ...]]) -> BehaviorResult:
    """Return the result of a test from the scores of each of its cases."""
    failures = [
        Failure(case.texts, expected(case, test.kind), tuple(map(label_of, own)), own)
        for case, own in zip(test.cases, scores, strict=True)
        if fails(case, own, test.kind)
    ]
    return BehaviorResult(
        test.capability,
        test.name,
        test.kind,
        test.description,
        cases=len(test.cases),
        failures=len(failures),
        rate=len(failures) / len(test.cases),
        examples=evenly_spaced(failures, MAX_EXAMPLES),
    )


def fails(case: Case, scores: tuple[float, ...], kind: str) -> bool:
    """Return whether the scores of a case, probabilities of `pos`, are not as `kind` expects."""
    if kind == "minimum functionality":
        return label_of(scores[0]) != IMDB_LABELS[case.label]
    if kind in ("invariance", "equal scores"):
        differ = kind == "equal scores" and max(scores) - min(scores) > MAX_DIFFERENCE
        return differ or any(label_of(score) != label_of(scores[0]) for score in scores)
    sign = 1 if case.label else -1
    return any(sign * (after - before) < -TOLERANCE for before, after in pairwise(scores))


def expected(case: Case, kind: str) -> str:
    """Describe what is expected of a case."""
    if kind == "minimum functionality":
        return IMDB_LABELS[case.label]
    if kind == "invariance":
        return "the same label"
    if kind == "equal scores":
        return f"the same label and scores that differ by at most {MAX_DIFFERENCE}"
    return f"a score of {IMDB_LABELS[case.label]} that does not decrease"


def label_of(score: float) -> str:
    """Return the predicted label for a probability of `pos`."""
    return IMDB_LABELS[score >= 0.5]


def evenly_spaced(failures: list[Failure], count: int) -> list[Failure]:
    """Return `count` of the failures from first to last; adjacent ones share a template."""
    if len(failures) <= count:
        return failures
    return [failures[number * (len(failures) - 1) // (count - 1)] for number in range(count)]
