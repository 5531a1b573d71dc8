"""The name of a language in, spaCy's tokenizer for it out."""

import importlib.metadata
import pkgutil
import warnings
from collections.abc import Callable
from typing import Any

import spacy
import spacy.lang

from sentiment.errors import InputError

# spaCy cuts Chinese into characters, and with jieba into words. Each has a name, rather than what
# happens to be installed: a model must read texts as it did in training, on any machine.
JIEBA = "zh-jieba"
LANGUAGES = sorted({m.name for m in pkgutil.iter_modules(spacy.lang.__path__) if m.ispkg} | {JIEBA})

# What `pip install` has to bring for a language.
PACKAGES = {
    "ja": ("sudachipy", "sudachidict_core"),
    "ko": ("natto-py",),  # It looks for MeCab with a Korean dictionary, which pip does not bring.
    "th": ("pythainlp",),
    "vi": ("pyvi",),
    JIEBA: ("jieba",),
}

TURKIC = ("az", "tr")
DOTLESS = str.maketrans("Iİ", "ıi")


def blank(language: str) -> spacy.Language:
    """Return `spacy.blank(language)`; for "zh-jieba" the one for Chinese that uses jieba.

    Raises:
        InputError: spaCy has no such language, or it needs a package that is not installed.
    """
    try:
        nlp = spacy.blank("zh" if language == JIEBA else language)
        tokenizer: Any = nlp.tokenizer
        if language == JIEBA:
            tokenizer.segmenter, tokenizer.jieba_seg = "jieba", _jieba()
        tokenizer("a")  # Korean looks for its library only now.
    except Exception as error:
        if packages := PACKAGES.get(language):
            reason = " ".join(str(error).split())
            message = f"language {language!r} needs: pip install {' '.join(packages)}. {reason}"
        elif language in LANGUAGES:
            raise
        else:
            message = f"spaCy has no language {language!r}. Choose one of {', '.join(LANGUAGES)}."
        raise InputError(message) from error
    # spaCy would compute twenty attributes of each new word, of which none is read.
    nlp.vocab.lex_attr_getters = {}  # type: ignore[attr-defined]
    return nlp


def _jieba() -> Any:
    """jieba with the dictionary that it ships, whatever words a program has added to its own.

    Loaded by hand: jieba would log it to stderr, and first look for it in a file of the temporary
    folder, which anyone may have put there.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Of the escapes in its strings, and of `pkg_resources`.
        import jieba

    own = jieba.Tokenizer()
    own.FREQ, own.total = own.gen_pfdict(own.get_dict_file())
    own.initialized = True
    return own


def lower_of(language: str) -> Callable[[str], str]:
    """What lower-cases a word of `language`: `str.lower`, but in Turkish I is ı, and İ is i."""
    if language in TURKIC:
        return lambda word: word.translate(DOTLESS).lower()
    return str.lower


def versions(language: str) -> tuple[str, ...]:
    """The versions of the packages, beside spaCy, that decide about the tokens of `language`."""
    return tuple(importlib.metadata.version(package) for package in PACKAGES.get(language, ()))
