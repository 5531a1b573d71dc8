"""Speed of the tokenizer compared with spaCy's, and equality of their tokens.

    python benchmarks/tokenizer.py                 speed
    python benchmarks/tokenizer.py --equality      speed, and the tokens of all reviews

One process, one thread, CPU time. The tokenizers alternate every 2,500 reviews, so that other load
on the machine slows down all of them. All read the output of `clean`. The rows: an empty cache, new
reviews, and new texts of the words of these reviews. Memory is that of the cache:
`sys.getsizeof` of its dicts and strings.
"""

import argparse
import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from importlib.metadata import version

import datasets
import spacy

from sentiment.text.tokenizer import Tokenizer, clean

# Reviews per turn: 0.1 s or more, so that alternating does not empty the CPU caches.
TURN = 2500


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare the tokenizer with spaCy's.")
    parser.add_argument("--dataset", default=os.environ.get("DATASET", "stanfordnlp/imdb"))
    parser.add_argument("--equality", action="store_true", help="compare the tokens of all reviews")
    args = parser.parse_args()
    splits = datasets.load_dataset(args.dataset)
    reviews = {name: [clean(text) for text in split["text"]] for name, split in splits.items()}

    tokenizer = Tokenizer()
    ours = tokenizer.tokenize
    others = {"spaCy": spacy_tokens(), "spaCy, same tokens": spacy_lowercase_words()}
    print(f"spaCy {version('spacy')}; reviews per second, and speedup of ours (quartiles)\n")
    print(f"{'':34}{'ours':>8}" + "".join(f"{name:>26}" for name in others))
    report("cold: train", ours, others, reviews["train"])
    report("new: test", ours, others, reviews["test"])
    known = shuffled(reviews["test"][-5000:])
    report("new texts of known words", ours, others, known)
    print(f"memory of the cache: {cache_bytes(tokenizer) / 1e6:.0f} MB")

    if args.equality:
        print()
        same = spacy_lowercase_words()
        for name, texts in reviews.items():
            differing = [row for row, text in enumerate(texts) if ours(text) != same(text)]
            print(f"{name:16}{len(texts):>8} reviews, {len(differing)} differ {differing[:5]}")


def shuffled(texts: list[str]) -> list[str]:
    """Return new texts of the words of `texts`, as long as these, in reproducible order."""
    words = [word for text in texts for word in text.split()]
    random.Random(0).shuffle(words)
    remaining = iter(words)
    return [" ".join(next(remaining) for _ in text.split()) for text in texts]


def cache_bytes(tokenizer: Tokenizer) -> int:
    """Return the memory of the chunks and tokens that the tokenizer has cached."""
    caches = tokenizer._cache, tokenizer._old_cache
    strings = {id(s): s for cache in caches for item in cache.items() for s in item}
    return sum(map(sys.getsizeof, [*caches, *strings.values()]))


def spacy_tokens() -> Callable[[str], list[str]]:
    """Return spaCy's tokenizer as a function."""
    tokenizer = spacy.blank("en").tokenizer
    return lambda text: [token.text for token in tokenizer(text)]


def spacy_lowercase_words() -> Callable[[str], list[str]]:
    """Return spaCy's tokenizer with our lower-casing and without whitespace tokens."""
    tokenizer = spacy.blank("en").tokenizer
    return lambda text: [token.lower_ for token in tokenizer(text) if not token.is_space]


def report(
    title: str,
    ours: Callable[[str], list[str]],
    others: dict[str, Callable[[str], list[str]]],
    texts: list[str],
) -> None:
    """Print one row of the table."""
    turns = [texts[start : start + TURN] for start in range(0, len(texts), TURN)]
    seconds = [[cpu_seconds(f, turn) for f in (ours, *others.values())] for turn in turns]
    totals = [sum(column) for column in zip(*seconds, strict=True)]
    row = f"{title:34}{len(texts) / totals[0]:>8,.0f}"
    for other, total in enumerate(totals[1:], 1):
        low, _, high = statistics.quantiles((turn[other] / turn[0] for turn in seconds), n=4)
        ratio = f"x {total / totals[0]:.1f} ({low:.1f}-{high:.1f})"
        row += f"{len(texts) / total:>10,.0f}{ratio:>16}"
    print(row, flush=True)


def cpu_seconds(tokenize: Callable[[str], list[str]], texts: list[str]) -> float:
    """Return the CPU time of tokenizing `texts`, in seconds."""
    start = time.process_time()
    for text in texts:
        tokenize(text)
    return time.process_time() - start


if __name__ == "__main__":
    main()
