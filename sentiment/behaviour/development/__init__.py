"""The development part: words, sentences and plots, as plain data."""

from sentiment.behaviour.development import plots, templates, words

__all__ = ["plots", "templates", "words"]
