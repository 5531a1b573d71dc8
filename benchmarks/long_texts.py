"""CPU time of one prediction for texts of 1 MB and 10 MB, of many kinds.

    python benchmarks/long_texts.py

Measures the seconds from raw text to score, with an empty cache. A linear algorithm has a ratio of
about 10, or less if a part of the time is constant.
"""

import random
import time
import warnings

from rich.console import Console
from rich.table import Table

from sentiment import Classifier
from sentiment.inference.classifier import UnknownWordsWarning
from sentiment.text.tokenizer import Tokenizer

LENGTHS = (10**6, 10**7)
PIECES = {
    "one word": "a",
    "spaces": " ",
    "line breaks (CRLF)": "\r\n",
    "NULs": "\0",
    "exclamation marks": "!",
    "mixed punctuation": "!?.,;:'\"()[]{}-_/\\@#$%^&*<>|~`+=",
    "parts of emoticons": ":) ) ",
    "brackets and spaces": ") ",
    "incomplete HTML line breaks": "<br",
    "HTML line breaks": "<br />",
    "zero-width spaces": "\u200b",
    "right-to-left overrides": "\u202eabc\u200f ",
    "lone surrogates": "\ud800",
    "combining accents": "\u0301",
    "a long URL": "http://a.b/c?",
}


def texts(length: int) -> dict[str, str]:
    """Return a text of `length` characters of each kind."""
    repeated = {
        name: (piece * (length // len(piece) + 1))[:length] for name, piece in PIECES.items()
    }
    numbers = random.Random(0).sample(range(10**8), length // 9)
    return repeated | {"different words": " ".join(map("{:08}".format, numbers))}


def main() -> None:
    warnings.simplefilter("ignore", UnknownWordsWarning)
    classifier = Classifier.from_pretrained()
    config = classifier.config.text
    table = Table("text", *(f"{length / 10**6:.0f} MB, s" for length in LENGTHS), "ratio")
    for name in texts(LENGTHS[0]):
        seconds = []
        for length in LENGTHS:
            text = texts(length)[name]
            classifier.tokenizer = Tokenizer(config.language, config.lowercase)
            start = time.process_time()
            classifier(text)
            seconds.append(time.process_time() - start)
        table.add_row(
            name, *(f"{figure:.2f}" for figure in seconds), f"{seconds[1] / seconds[0]:.1f}"
        )
    Console().print(table)


if __name__ == "__main__":
    main()
