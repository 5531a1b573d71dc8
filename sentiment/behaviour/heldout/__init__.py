"""The held-out part: words, sentences and plots, as plain data."""

from sentiment.behaviour.heldout import plots, templates, words

__all__ = ["plots", "templates", "words"]
