"""Behavioral tests: failure rates on short texts of one kind (CheckList, Ribeiro et al. 2020).

    from sentiment import Classifier
    from sentiment.evaluation.behavior import failure_rates, run_tests

    classifier = Classifier.from_pretrained()
    results = run_tests(classifier.predict_proba, classifier.labels)  # a `BehaviorResult` per test
    failure_rates(results)  # {"negation": 0.31, ...}

Accuracy on reviews does not show how a model reads "not bad". Each test here has 200 cases of one
or more short texts, generated from templates and the same on every call, and one of four expected
results:

- minimum functionality: the text gets the label that it was written for.
- invariance: a change that does not concern the film does not change the label.
- directional: stronger praise or criticism does not lower the probability of its label.
- equal scores: another name, place or word for a group of people changes neither the label nor the
  probability by more than 0.1.

The suite has two parts with different templates and words. Use `development` while you improve a
model; report the figures of `held-out`, which no training recipe was chosen by.
"""

from sentiment.evaluation.behavior.runner import (
    MAX_DIFFERENCE,
    TOLERANCE,
    BehaviorResult,
    Failure,
    failure_rates,
    run_tests,
)
from sentiment.evaluation.behavior.suite import PARTS, PartName

__all__ = [
    "MAX_DIFFERENCE",
    "PARTS",
    "TOLERANCE",
    "BehaviorResult",
    "Failure",
    "PartName",
    "failure_rates",
    "run_tests",
]
