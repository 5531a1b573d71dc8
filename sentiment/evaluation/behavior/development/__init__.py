"""The development part: words, sentences and plots, as plain data."""

from sentiment.evaluation.behavior.development import plots, templates, words

__all__ = ["plots", "templates", "words"]
