"""spaCy's tokenizers by language: which exist, what they need, and how a language lower-cases."""

import importlib.metadata
import pkgutil
import warnings
from collections.abc import Callable
from typing import Any

import spacy
import spacy.lang
from spacy.language import Language

from sentiment.errors import ConfigError, DependencyError, describe

# spaCy tokenizes Chinese into characters, or into words if jieba is set as its segmenter. Each has
# its own name here, because a model must tokenize as in training whatever is installed.
JIEBA = "zh-jieba"
LANGUAGES = sorted({m.name for m in pkgutil.iter_modules(spacy.lang.__path__) if m.ispkg} | {JIEBA})

# The packages that the tokenizer of a language needs.
LANGUAGE_PACKAGES = {
    "ja": ("sudachipy", "sudachidict_core"),
    "ko": ("natto-py",),  # It also needs MeCab with a Korean dictionary, which pip cannot install.
    "th": ("pythainlp",),
    "vi": ("pyvi",),
    JIEBA: ("jieba",),
}

TURKIC = ("az", "tr")
TURKIC_I = str.maketrans("Iİ", "ıi")


def blank(language: str) -> Language:
    """Return `spacy.blank(language)`; for "zh-jieba", the Chinese one with jieba as segmenter.

    Raises:
        ConfigError: spaCy has no such language.
        DependencyError: the language needs a package that is not installed.
    """
    try:
        nlp = spacy.blank("zh" if language == JIEBA else language)
        tokenizer: Any = nlp.tokenizer
        if language == JIEBA:
            tokenizer.segmenter, tokenizer.jieba_seg = "jieba", _jieba()
        tokenizer("a")  # Korean loads its library on the first call only.
    except Exception as error:
        if packages := LANGUAGE_PACKAGES.get(language):
            raise DependencyError(
                f"language {language!r} needs: pip install {' '.join(packages)}. {describe(error)}"
            ) from error
        if language in LANGUAGES:
            raise
        raise ConfigError(
            f"spaCy has no language {language!r}. Choose one of {', '.join(LANGUAGES)}."
        ) from error
    # Without these, spaCy computes twenty attributes of each new word, none of which is used.
    nlp.vocab.lex_attr_getters = {}  # type: ignore[attr-defined]
    return nlp


def _jieba() -> Any:
    """Return a jieba tokenizer with its own dictionary, without words that a program has added.

    The dictionary is loaded directly: jieba would log to stderr, and first read a cache in the
    temporary folder, where any user can put a file.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Invalid escapes in its strings, and `pkg_resources`.
        import jieba

    tokenizer = jieba.Tokenizer()
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True
    return tokenizer


def lowercase_function(language: str) -> Callable[[str], str]:
    """Return the function that lower-cases a word: `str.lower`, except that Turkic I becomes ı."""
    if language in TURKIC:
        return lambda word: word.translate(TURKIC_I).lower()
    return str.lower


def package_versions(language: str) -> tuple[str, ...]:
    """Return the versions of the packages, spaCy aside, that the tokens of a language depend on."""
    packages = LANGUAGE_PACKAGES.get(language, ())
    return tuple(importlib.metadata.version(package) for package in packages)
