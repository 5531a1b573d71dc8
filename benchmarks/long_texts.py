"""Whether time is linear in the length of a text, whatever it is made of: 1 MB against 10 MB.

    python benchmarks/long_texts.py

Seconds of CPU that a label takes, from raw text to the score, with a cache that is empty. Linear is
a ratio of about 10, or less where something takes the same time for any text.
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
    "line ends": "\r\n",
    "NULs": "\0",
    "exclamation marks": "!",
    "punctuation of all kinds": "!?.,;:'\"()[]{}-_/\\@#$%^&*<>|~`+=",
    "emoticons in pieces": ":) ) ",
    "brackets and spaces": ") ",
    "half of a line break": "<br",
    "line breaks": "<br />",
    "zero-width spaces": "\u200b",
    "right-to-left overrides": "\u202eabc\u200f ",
    "lone surrogates": "\ud800",
    "accents on one letter": "\u0301",
    "an address without an end": "http://a.b/c?",
}


def texts(length: int) -> dict[str, str]:
    """A text of `length` characters of each kind."""
    of_pieces = {
        name: (piece * (length // len(piece) + 1))[:length] for name, piece in PIECES.items()
    }
    numbers = random.Random(0).sample(range(10**8), length // 9)
    return of_pieces | {"words, each another one": " ".join(map("{:08}".format, numbers))}


def main() -> None:
    warnings.simplefilter("ignore", UnknownWordsWarning)
    classifier = Classifier.from_pretrained()
    config = classifier.config.text
    table = Table("one text of", *(f"{length / 10**6:.0f} MB, s" for length in LENGTHS), "ratio")
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
