"""The held-out part: words, sentences and plots, as plain data."""

from sentiment.evaluation.behavior.heldout import plots, templates, words

__all__ = ["plots", "templates", "words"]
