"""Text to tokens: spaCy's own, faster.

spaCy's rule-based tokenizer first splits each chunk between spaces on its own, so the tokens of a
chunk can be remembered. Then it looks for special cases (`:))`, `EE. UU.`) in the tokens of the
whole text, and these may reach across a space: `:) )` comes out as `: ) )`. Such a match needs a
token at the end of one chunk and a token at the start of the next that stand side by side in some
special case. `_joints` finds each space whose two neighbours allow that, and the chunks around it
are tokenized, and remembered, as one. No match reaches across more than one space, because spaCy
makes a token of any other whitespace and no special case holds such a token. Where one does, and in
languages with a tokenizer of another kind (Chinese, Japanese, Korean, Thai, Vietnamese), each text
goes to spaCy whole.
"""

import re
import threading
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any

import spacy
import spacy.tokenizer

from sentiment.errors import InputError
from sentiment.text.languages import blank, lower_of, versions

if TYPE_CHECKING:
    from datasets import Dataset

# Part of the key of each cache on disk. Raise it when a change here changes any text's tokens.
RULES = 2

# spaCy's time is quadratic in the length of a chunk: 26 s for 16,000 exclamation marks. The longest
# chunk of the 100,000 IMDB reviews has 91 characters.
MAX_CHUNK = 128

# Of what goes to spaCy whole. Sudachi takes 49,149 bytes, and 65,535 of what it makes of them: 33
# for the one character ﷺ.
MAX_PIECE = 1024

# 10 MB at most, so that a process that reads new words for ever does not grow by more
# (`benchmarks/service.py`). Longer chunks are one in ten thousand of those that differ.
MAX_CACHED = 2**16
MAX_CACHED_CHUNK = 64
# While a data set is tokenized: IMDB's 25,000 training reviews have 275,517, in 42 MB.
MAX_CACHED_OF_DATASET = 2**20

# spaCy keeps an empty place of 32 bytes for each word that it has forgotten. After so many words it
# is loaded anew, in a fraction of a second.
MAX_SPACY_WORDS = 2**17

# Two spaces, because no special case reaches across the token that spaCy makes of the second.
BREAK = "  "
# Between two chunks that are one, and between two tokens. In no cleaned text, nor whitespace.
JOINT = "\0"

LINE_BREAK = re.compile(r"<[bB][rR]\s*/?>")
LONG_CHUNK = re.compile(rf"\S{{{MAX_CHUNK}}}(?=\S)")
# To the end, or the last end of a sentence or space that is near enough, or as far as may be.
PIECE = re.compile(rf"(?s:.{{1,{MAX_PIECE}}}(?:\Z|(?<=[\s。！？；…!?]))|.{{{MAX_PIECE}}})")
CONTROL = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)], " ")
SURROGATES = dict.fromkeys(range(0xD800, 0xE000), "\N{REPLACEMENT CHARACTER}")
UNREADABLE = CONTROL | SURROGATES


def clean(text: str) -> str:
    """Return `text` as the tokenizer reads it.

    `<br />`, in any spelling, becomes two spaces; a control character (U+0000 to U+001F, U+007F to
    U+009F) one space; a lone surrogate, which UTF-8 cannot hold, U+FFFD. Everything else stays.
    """
    if not text.isprintable():
        text = text.translate(UNREADABLE)
    return LINE_BREAK.sub(BREAK, text) if "<" in text else text


class Tokenizer:
    """spaCy's tokenizer for `language` with a memory, and lower-casing.

    For any text, the tokens are those of `spacy.blank(language).tokenizer(clean(text))`, whitespace
    tokens dropped, lower-cased one by one. Only chunks of more than `MAX_CHUNK` characters without
    whitespace differ: they are cut every `MAX_CHUNK` characters first, so that time is linear in
    the length of a text. In languages whose tokenizer is not spaCy's rule-based one it is texts of
    more than `MAX_PIECE` characters that are cut, if possible behind a sentence or a space.

    Threads may share a tokenizer. It pickles and hashes as its settings, whatever it has seen.

    Args:
        language: what `languages.blank` knows, such as "en", "zh" or "zh-jieba". No model is
            downloaded.
        lowercase: whether tokens are lower-cased.

    Raises:
        InputError: spaCy has no such language, or it needs a package that is not installed.
    """

    def __init__(self, language: str = "en", lowercase: bool = True) -> None:
        self.language = language
        self.lowercase = lowercase
        self._fold = lower_of(language) if lowercase else str
        self._nlp = blank(language)
        self._joints = _joints(self._nlp.tokenizer)
        # Chunk to its tokens, joined: a string has half the size of a tuple of strings.
        self._cache: dict[str, str] = {}
        self._older: dict[str, str] = {}  # What goes unless it is asked for again.
        self._max_cached = MAX_CACHED
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Tokenizer(language={self.language!r}, lowercase={self.lowercase!r})"

    def __reduce__(self) -> tuple[Callable[..., "Tokenizer"], tuple[str, bool]]:
        return Tokenizer, (self.language, self.lowercase)

    def tokenize(self, text: str) -> list[str]:
        """Return the tokens of `text`, in order. None is empty or holds a control character."""
        text = clean(text)
        if self._joints is None:
            return list(chain.from_iterable(self._spacy(PIECE.findall(text))))
        chunks = self._joints.sub(JOINT, text).split()
        try:
            joined = JOINT.join(map(self._cache.__getitem__, chunks))
        except KeyError:
            if max(map(len, chunks)) > MAX_CHUNK:
                chunks = self._joints.sub(JOINT, LONG_CHUNK.sub(rf"\g<0>{BREAK}", text)).split()
            joined = JOINT.join(map(self._with_unseen(chunks).__getitem__, chunks))
        return joined.split(JOINT) if joined else []

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """Return where each token of `text` stands: `text[start:end]`, cleaned, is the token.

        Lower-cased too, if the tokenizer does that.
        """
        # As long as the text, unlike `clean(text)`: a place in one is a place in the other.
        readable = LINE_BREAK.sub(lambda tag: " " * len(tag[0]), text.translate(UNREADABLE))
        # Lower-casing makes two characters of İ; it never makes fewer than there were. A space
        # within a token counts nothing, because a tag there became two.
        width = [0 if c.isspace() else len(self._fold(c)) for c in readable]
        places = []
        end = 0
        for token in self.tokenize(text):
            start = end
            while not width[start]:
                start += 1
            end, missing = start, len("".join(token.split()))
            while missing > 0:
                missing -= width[end]
                end += 1
            places.append((start, end))
        return places

    def pipe(self, texts: Iterable[str]) -> Iterator[list[str]]:
        """Yield the tokens of each text."""
        return map(self.tokenize, texts)

    @contextmanager
    def remembering(self, chunks: int) -> Iterator[None]:
        """With a memory for so many `chunks`. Later ones push out what is then too much."""
        before, self._max_cached = self._max_cached, chunks
        try:
            yield
        finally:
            self._max_cached = before

    def _with_unseen(self, chunks: list[str]) -> dict[str, str]:
        """What the cache would hold of `chunks` if nothing ever left it."""
        cache, older = self._cache, self._older
        known = {c: joined for c in chunks if (joined := cache.get(c) or older.get(c))}
        unseen = [chunk for chunk in dict.fromkeys(chunks) if chunk not in known]
        fresh = self._spacy(chunk.replace(JOINT, " ") for chunk in unseen)
        for chunk, tokens in zip(unseen, fresh, strict=True):
            joined = JOINT.join(tokens)
            # One string for both saves its memory for most chunks.
            known[chunk] = chunk if joined == chunk else joined
        for chunk, joined in known.items():
            if len(chunk) <= MAX_CACHED_CHUNK and chunk not in self._cache:
                if len(self._cache) >= self._max_cached // 2:
                    self._cache, self._older = {}, self._cache
                self._cache[chunk] = joined
        return known

    def _spacy(self, texts: Iterable[str]) -> list[list[str]]:
        """The tokens of each text from spaCy itself, but for whitespace."""
        # Outside a memory zone spaCy keeps every word it ever saw. Zones must not overlap.
        with self._lock:
            if len(self._nlp.vocab) > MAX_SPACY_WORDS:
                self._nlp = blank(self.language)
            with self._nlp.memory_zone():
                return [
                    [self._fold(word) for token in doc if not (word := token.text).isspace()]
                    for doc in map(self._nlp.tokenizer, texts)
                ]


def _joints(tokenizer: Any) -> re.Pattern[str] | None:
    """What matches each space that a special case might reach across; None: perhaps any whitespace.

    May match too often, never too seldom: of two tokens that a special case puts side by side it
    only compares the last character of the first and the first character of the second.
    """
    if type(tokenizer) is not spacy.tokenizer.Tokenizer:
        return None
    # spaCy looks for a special case as the tokens it would have without special cases.
    bare = spacy.tokenizer.Tokenizer(
        tokenizer.vocab,
        prefix_search=tokenizer.prefix_search,
        suffix_search=tokenizer.suffix_search,
        infix_finditer=tokenizer.infix_finditer,
        token_match=tokenizer.token_match,
        url_match=tokenizer.url_match,
    )
    pairs: set[tuple[str, str]] = set()
    for rule in tokenizer.rules:
        if clean(rule) == rule:  # Else it is in no cleaned text.
            tokens = [token.text for token in bare(rule)]
            pairs.update((left[-1], right[0]) for left, right in pairwise(tokens))
    if any(character.isspace() for pair in pairs for character in pair):
        return None
    # The first lookahead is for speed: two alternatives, not fifty, and few spaces pass it.
    coarse = _alternatives(pairs, lambda pair: pair[1].isalnum())
    return re.compile(f" (?={coarse})(?={_alternatives(pairs, lambda pair: pair[1])})")


def _alternatives(pairs: set[tuple[str, str]], key: Callable[[tuple[str, str]], object]) -> str:
    """A pattern of what follows a space between any left and any right character of a group."""
    groups = defaultdict(list)
    for pair in sorted(pairs):
        groups[key(pair)].append(pair)
    boxes = []
    for group in groups.values():
        lefts, rights = ("".join(map(re.escape, side)) for side in zip(*group, strict=True))
        boxes.append(f"[{rights}](?<=[{lefts}] .)")
    return "|".join(boxes) or "(?!)"


def tokenize_dataset(dataset: "Dataset", tokenizer: Tokenizer) -> "Dataset":
    """Replace the column `text` by `tokens` (a list of strings a row). Other columns stay.

    The result is kept on disk, in `datasets.config.HF_DATASETS_CACHE / "sentiment"`, under a hash
    of the rows, the tokenizer's settings and the versions of spaCy and of what else tokenizes the
    language, also when the data set is in memory.
    A second call reads it. Processes may share it. Where it cannot be written the tokens stay in
    memory, with a warning.

    Raises:
        InputError: there is no column `text`.
    """
    import datasets  # 0.8 s, which a prediction need not spend.

    if "text" not in dataset.column_names:
        raise InputError(
            f"the data set has no column 'text', only {dataset.column_names}. Rename the column "
            "that holds the reviews."
        )
    dataset = dataset.with_format(None)
    features = dataset.features.copy()
    del features["text"]
    features["tokens"] = datasets.Sequence(datasets.Value("string"))
    if not len(dataset):  # To `map` nothing is done, so no column is added.
        return datasets.Dataset.from_dict({name: [] for name in features}, features)
    fingerprint = _fingerprint(dataset, tokenizer)
    folder = datasets.config.HF_DATASETS_CACHE / "sentiment"

    def tokenized(**where: Any) -> "Dataset":
        return dataset.map(
            lambda batch: {"tokens": list(tokenizer.pipe(batch["text"]))},
            batched=True,
            remove_columns=["text"],
            features=features,
            new_fingerprint=fingerprint,
            desc="Tokenizing",
            **where,
        )

    with tokenizer.remembering(MAX_CACHED_OF_DATASET):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            return tokenized(cache_file_name=str(folder / f"tokens-{fingerprint}.arrow"))
        except OSError as error:
            warnings.warn(f"tokens are not kept on disk, in {folder}: {error}", stacklevel=2)
            return tokenized(keep_in_memory=True, load_from_cache_file=False)


def _fingerprint(dataset: "Dataset", tokenizer: Tokenizer) -> str:
    digest = blake2b(digest_size=16)
    rules = (RULES, spacy.__version__, versions(tokenizer.language))
    digest.update(repr((*rules, tokenizer, dataset.features)).encode())
    # All columns, because all of them are in the file that is kept.
    for batch in dataset.iter(batch_size=1000):
        digest.update(repr(batch).encode())
    return digest.hexdigest()
