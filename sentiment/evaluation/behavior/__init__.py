"""A predictor in, how often it fails each behavioural test out (Ribeiro et al. 2020, CheckList).

    from sentiment import Classifier
    from sentiment.evaluation.behavior import check, rates

    classifier = Classifier.from_pretrained()
    results = check(classifier.predict_proba, classifier.labels)  # a `Result` a test
    rates(results)                                                # {"negation": 0.31, …}

Accuracy on reviews says little of what a model makes of "not bad". So each test holds `CASES` short
texts of one kind, made from templates and the same on every call, and says which of three things is
expected of a case:

- minimum functionality: the text gets the label that it was written for;
- invariance: a change that says nothing about the film leaves the label as it was;
- directional: a stronger word of praise or blame does not lower the score of what it says, by more
  than `TOLERANCE` (scores near 0 or 1 are worth no order).

There are two parts with other templates and other words. `development` is for looking at while a
recipe is improved; figures are told of `held-out`, which nobody tunes on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from sentiment.data.labels import negative_positive_ids
from sentiment.errors import InputError
from sentiment.evaluation.behavior.suite import PARTS, Case, Kind, PartName, suite

if TYPE_CHECKING:
    import numpy as np

__all__ = ["LABELS", "PARTS", "TOLERANCE", "Failure", "PartName", "Result", "check", "rates"]

LABELS = ("neg", "pos")  # In this order a case's `label` counts.
TOLERANCE = 0.01
EXAMPLES = 3


@dataclass(frozen=True)
class Failure:
    """A case that failed."""

    texts: tuple[str, ...]
    expected: str
    got: tuple[str, ...]  # The label of each text.
    scores: tuple[float, ...]  # The probability of `pos` of each text.


@dataclass(frozen=True)
class Result:
    """What came of one test."""

    capability: str
    name: str
    kind: Kind
    description: str
    cases: int
    failures: int
    rate: float  # failures / cases
    examples: list[Failure]  # Three of the failures, or as many as there are.


def check(
    predict: Callable[[list[str]], "np.ndarray"],
    labels: Sequence[str],
    part: PartName = "held-out",
) -> list[Result]:
    """Run every test of `part` on `predict`, which turns texts into probabilities [texts, labels].

    `labels` names the columns. All texts are asked for in one call.

    Raises:
        InputError: the labels are not `neg` and `pos`, or `negative` and `positive`.
    """
    sides = negative_positive_ids(labels)
    if sides is None:
        raise InputError(
            f"The behavioural tests are for a classifier of the labels {' and '.join(LABELS)}, "
            f"not {', '.join(labels) if len(labels) < 8 else f'of {len(labels)} others'}."
        )
    tests = suite(part)
    texts = [text for test in tests for case in test.cases for text in case.texts]
    scores = iter(predict(texts)[:, sides[1]].tolist())
    results = []
    for test in tests:
        scored = [(case, tuple(next(scores) for _ in case.texts)) for case in test.cases]
        failures = [failure(*case, test.kind) for case in scored if fails(*case, test.kind)]
        results.append(
            Result(
                test.capability,
                test.name,
                test.kind,
                test.description,
                cases=len(test.cases),
                failures=len(failures),
                rate=len(failures) / len(test.cases),
                examples=spread(failures, EXAMPLES),
            )
        )
    return results


def rates(results: Sequence[Result]) -> dict[str, float]:
    """The failure rate of each capability, over the cases of all its tests."""
    return {
        capability: sum(result.failures for result in own) / sum(result.cases for result in own)
        for capability in dict.fromkeys(result.capability for result in results)
        if (own := [result for result in results if result.capability == capability])
    }


def fails(case: Case, scores: tuple[float, ...], kind: Kind) -> bool:
    """Whether the `scores`, the probability of `pos` for each text, are not what `kind` expects."""
    if kind == "minimum functionality":
        return label_of(scores[0]) != LABELS[case.label]
    if kind == "invariance":
        return any(label_of(score) != label_of(scores[0]) for score in scores)
    sign = 1 if case.label else -1
    return any(sign * (after - before) < -TOLERANCE for before, after in pairwise(scores))


def failure(case: Case, scores: tuple[float, ...], kind: Kind) -> Failure:
    """What there is to show of a case that failed."""
    label = LABELS[case.label]
    expected = {
        "minimum functionality": label,
        "invariance": "the same label",
        "directional": f"a score of {label} that does not fall",
    }[kind]
    return Failure(case.texts, expected, tuple(map(label_of, scores)), scores)


def label_of(score: float) -> str:
    """The label of a text whose probability of `pos` is `score`."""
    return LABELS[score >= 0.5]


def spread(failures: list[Failure], count: int) -> list[Failure]:
    """`count` of the failures, evenly spaced: neighbours are made from one template."""
    if len(failures) <= count:
        return failures
    return [failures[number * (len(failures) - 1) // (count - 1)] for number in range(count)]
