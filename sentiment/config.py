"""Settings: each with its default, its range and a one-line description.

A field is a flag of `sentiment train` (`max_length` is `--max-length`), an argument of
`sentiment.train`, and a key of `config.json`. The defaults are those of a classifier that starts
from pretrained weights; a preset changes several of them for another kind of run.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args, get_origin, get_type_hints

from sentiment.errors import ConfigError

# Names of the models in this package.
SHIPPED_ENCODER, SHIPPED_CLASSIFIER = "shipped-encoder", "shipped-classifier"
AUTO = "auto"
MAX_LABELS = 1000
POOLINGS = ("last", "mean", "max", "attention")
# Settings that the weights of a pretrained encoder depend on, by section.
ENCODER_SETTINGS = {
    "text": ("language", "lowercase", "min_freq", "max_vocab"),
    "model": ("embedding_dim", "hidden_size", "num_layers", "bidirectional"),
}


def setting(default: Any, help: str, min: float | None = None, max: float | None = None) -> Any:
    """Return a dataclass field with its help line and, for a number, its range."""
    return dataclasses.field(default=default, metadata={"help": help, "min": min, "max": max})


@dataclass(frozen=True, kw_only=True)
class Section:
    """A group of settings.

    Raises:
        ConfigError: a value has the wrong type or is out of range.
    """

    def __post_init__(self) -> None:
        hints = get_type_hints(type(self))
        for field in dataclasses.fields(self):
            check_value(field.name, getattr(self, field.name), hints[field.name], field.metadata)


def check_value(name: str, value: Any, hint: Any, limits: Mapping[str, Any]) -> None:
    """Raise `ConfigError` unless `value` has the type of `hint` and lies within `limits`."""
    choices = get_args(hint) or (hint,)
    if get_origin(hint) is Literal:
        if value not in choices:
            raise ConfigError(f"{name} must be one of {', '.join(choices)}, not {value!r}.")
        return
    if value is None and type(None) in choices:
        return
    # An int is accepted as a float. A bool is not a number, although Python makes it an int.
    accepted = (*choices, int) if float in choices else choices
    if type(value) not in accepted:
        expected = " or ".join(choice.__name__ for choice in choices if choice is not type(None))
        raise ConfigError(f"{name} must be of type {expected}, not {value!r}.")
    if isinstance(value, str) and not is_text(value):
        raise ConfigError(f"{name} must be UTF-8 without null characters, not {value!r}.")
    if limits["min"] is not None and not value >= limits["min"]:
        raise ConfigError(f"{name} must be at least {limits['min']}, not {value!r}.")
    if limits["max"] is not None and not value <= limits["max"]:
        raise ConfigError(f"{name} must be at most {limits['max']}, not {value!r}.")


def is_text(value: str) -> bool:
    """Return whether a file can hold `value` and the system can use it as a path.

    A path on the command line that is not UTF-8 has lone surrogates in place of its bytes.
    """
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in value


@dataclass(frozen=True, kw_only=True)
class ReaderConfig(Section):
    """How to read a table: its texts, and what its file does not say itself."""

    text_column: str | None = setting(
        None,
        "Column of the texts; several, as in title,body, are joined. Default: `text`, or the only "
        "possible one.",
    )
    input_format: Literal[
        "auto", "text", "fasttext", "csv", "tsv", "jsonl", "json", "parquet", "excel"
    ] = setting(
        "auto",
        "Format of a file. text has one text a line, csv any delimiter, jsonl an object a line, "
        "json an array of objects. auto: by suffix and content.",
    )
    delimiter: str | None = setting(
        None, "Delimiter of CSV fields: one character, or tab. Default: detected."
    )
    quoting: Literal["auto", "double", "backslash", "none"] = setting(
        "auto",
        'How CSV writes a quote within quotes: "" or \\"; none: quotes have no meaning.',
    )
    header: bool = setting(
        True, "Whether the first line has the names of the columns; if not, they are 1, 2, 3 …"
    )
    encoding: str | None = setting(
        None, "Encoding of a file. Default: UTF-8, or UTF-16 where its byte order mark says so."
    )
    encoding_errors: Literal["strict", "replace"] = setting(
        "strict", "What to do with bytes that the encoding does not have: an error, or U+FFFD."
    )
    on_error: Literal["stop", "skip"] = setting(
        "stop", "What to do with a row that is malformed or has no text or no label."
    )


@dataclass(frozen=True, kw_only=True)
class DataConfig(ReaderConfig):
    """The dataset and its splits."""

    dataset: str = setting(
        "stanfordnlp/imdb",
        "Reviews: a Hub id; a file (.csv, .tsv, .jsonl, .json, .parquet, .xlsx, fastText's .txt; "
        "also .gz); a folder of such files, or with a folder per class; aclImdb/ or "
        "aclImdb_v1.tar.gz; or built in: sample, sample-zh, synthetic.",
    )
    revision: str | None = setting(None, "Branch, tag or commit of a Hub dataset.")
    subset: str | None = setting(None, "Subset (configuration) of a Hub dataset.")
    label_column: str | None = setting(
        None, "Column of the labels. Default: `label`, or the only possible one."
    )
    group_column: str | None = setting(
        None, "Column of groups, such as movies: no group is in two splits."
    )
    split_column: str | None = setting(
        None,
        "Column that assigns each row of a file to train, validation or test. Default: `split`, if "
        "it has only such names.",
    )
    validation_file: str | None = setting(None, "Validation reviews, if dataset is a file.")
    test_file: str | None = setting(None, "Test reviews, if dataset is a file.")
    unlabelled_file: str | None = setting(
        None, "Reviews without labels, if dataset is a file; used for pseudo-labelled sentences."
    )
    validation_split: Literal["auto", "contiguous", "random"] = setting(
        "auto",
        "How validation reviews are held out: the last of each label, or at random. IMDB is sorted "
        "by movie, so a random split shares movies with training and overestimates accuracy. auto: "
        "random for your own files, else contiguous.",
    )
    validation_fraction: float = setting(
        0.1, "Fraction of train to hold out for validation, if there is no such split.", 0.001, 0.9
    )
    test_fraction: float = setting(
        0.1, "Fraction to hold out for testing, if there is no test split; 0: none.", 0.0, 0.9
    )
    synthetic_sentences: int | None = setting(
        None,
        "Labelled synthetic English sentences to add to the training reviews; 0: none. Default: "
        "34,724 on IMDB, with a teacher 69,448, else none.",
        0,
    )


@dataclass(frozen=True, kw_only=True)
class TextConfig(Section):
    """From text to ids."""

    language: str = setting(
        "en",
        "Language of the tokenizer, as in spacy.blank(language). Chinese is split into characters "
        "(zh) or, if jieba is installed, into words (zh-jieba).",
    )
    lowercase: bool = setting(True, "Lower-case the tokens.")
    min_freq: int = setting(2, "Occurrences in training that a word of the vocabulary needs.", 1)
    max_vocab: int | None = setting(
        30_000, "Maximum size of the vocabulary, special tokens included.", 2
    )
    new_word_freq: int = setting(
        15, "The same as min_freq for words that the vocabulary of init does not have.", 1
    )
    max_length: int = setting(
        800, "Maximum tokens of a review; a longer one is cut to its head and tail.", 1
    )
    head_fraction: float = setting(
        0.25, "Fraction of max_length from the head; most conclusions are in the tail.", 0.0, 1.0
    )


@dataclass(frozen=True, kw_only=True)
class ModelConfig(Section):
    """Initial weights, sizes and dropouts of the network."""

    init: str | None = setting(
        AUTO,
        "Initial weights: folder or Hub id of a model, shipped-encoder or shipped-classifier. Its "
        "language, vocabulary and sizes are used. auto: shipped-classifier for negative and "
        "positive labels, else shipped-encoder; always shipped-encoder on IMDB reviews, which the "
        "classifier was trained on.",
    )
    word_vectors: str | None = setting(
        None,
        "File of pretrained word vectors for the embedding, to train from scratch: GloVe, word2vec "
        "or fastText in text format, also .gz. embedding_dim is that of the file.",
    )
    tie_terms: bool | None = setting(
        None,
        "Give words for groups of people (religion, sexual orientation, nationality, ethnicity, "
        "gender, disability), given names and cities one word vector for each kind, so that "
        "swapping them does not change a score. Default: for English reviews with the labels "
        "negative and positive.",
    )
    freeze_embeddings: bool = setting(False, "Do not train the vectors of word_vectors.")
    embedding_dim: int = setting(200, "Size of a word vector.", 1)
    hidden_size: int = setting(256, "Size of the LSTM state, each direction.", 1)
    num_layers: int = setting(1, "LSTM layers, each direction.", 1, 16)
    bidirectional: bool = setting(True, "Read the review backward too.")
    pooling: str = setting(
        "last+max+mean+attention",
        "From token states to one vector: last, mean, max, attention, or several joined by '+'.",
    )
    word_dropout: float = setting(
        0.05, "Probability that a word is replaced by <unk> in training.", 0, 1
    )
    embedding_dropout: float = setting(
        0.15, "Dropout on word vectors: the same dimensions for all words of a review.", 0, 1
    )
    lstm_dropout: float = setting(0.3, "Dropout between LSTM layers.", 0, 1)
    output_dropout: float = setting(0.4, "Dropout on the pooled vector.", 0, 1)

    def __post_init__(self) -> None:
        super().__post_init__()
        kinds = self.pooling.split("+")
        if not set(kinds) <= set(POOLINGS) or len(set(kinds)) < len(kinds):
            raise ConfigError(
                f"pooling must be {', '.join(POOLINGS)}, or some of them joined by '+' "
                f"(max+mean), not {self.pooling!r}."
            )
        if self.word_vectors is not None and self.init not in (None, AUTO):
            raise ConfigError(
                "word_vectors are for training from scratch, and init has its own. Leave out one "
                "of them."
            )
        if self.freeze_embeddings and self.word_vectors is None:
            raise ConfigError("freeze_embeddings needs word_vectors.")


@dataclass(frozen=True, kw_only=True)
class TrainConfig(Section):
    """Optimization."""

    seed: int = setting(0, "Seed of initial weights, order and dropout.", 0, 2**31)
    epochs: int = setting(2, "Passes over the training reviews.", 1)
    sentence_epochs: int = setting(
        1,
        "Number of initial epochs on single sentences, each with the label or pseudo-label of its "
        "review. Only if there are unlabelled reviews.",
        0,
    )
    teacher: str | None = setting(
        None,
        "Folder or Hub id of a classifier with the same labels, or shipped-classifier. Its "
        "predictions, averaged with those of NB-SVM, are targets of the unlabelled reviews, which "
        "are trained on whole, too (distillation). Training starts from its weights.",
    )
    min_steps: int = setting(200, "Minimum steps: adds epochs if training reviews are few.", 0)
    min_epoch_steps: int = setting(
        50, "Minimum steps of an epoch: adds passes, so that validation takes less of the time.", 1
    )
    balance_labels: bool = setting(False, "Weight labels equally, whatever their frequency.")
    batch_size: int = setting(64, "Reviews in a batch.", 1)
    max_tokens: int | None = setting(None, "Maximum tokens in a batch, padding included.", 1)
    learning_rate: float = setting(8e-3, "Peak of the schedule: linear up, then down to 0.", 0)
    layer_decay: float = setting(
        0.5,
        "Factor on the learning rate for each layer below the classification head: LSTMs, "
        "embedding.",
        0,
        1,
    )
    warmup_ratio: float = setting(
        0.1, "Fraction of all steps in which the learning rate rises.", 0, 1
    )
    weight_decay: float = setting(0.01, "Decoupled weight decay of AdamW.", 0)
    max_grad_norm: float = setting(1.0, "Norm to which gradients are clipped; 0: not clipped.", 0)
    adversarial_norm: float = setting(
        1.0,
        "Norm of the adversarial perturbation of a review's word vectors; 0: none, which halves "
        "the time.",
        0,
    )
    ema_decay: float = setting(
        0.0, "Decay per step of the moving average of the weights that is kept; 0: none.", 0, 1
    )
    patience: int = setting(3, "Stop after so many epochs without a lower validation loss.", 1)
    checkpoint_steps: int = setting(200, "Steps between checkpoints within an epoch.", 1)
    device: Literal["auto", "cpu", "cuda", "mps"] = setting("auto", "Where to compute.")
    precision: Literal["auto", "float32", "bfloat16"] = setting(
        "auto",
        "Number format of matrix products in training; auto: bfloat16 where the CPU or GPU has it.",
    )


SECTIONS: dict[str, type[Section]] = {
    "data": DataConfig,
    "text": TextConfig,
    "model": ModelConfig,
    "train": TrainConfig,
}


@dataclass(frozen=True, kw_only=True)
class Config:
    """All settings of one run."""

    data: DataConfig = DataConfig()
    text: TextConfig = TextConfig()
    model: ModelConfig = ModelConfig()
    train: TrainConfig = TrainConfig()

    @classmethod
    def from_flat(cls, **settings: Any) -> Self:
        """Sort settings by name into sections: `from_flat(epochs=3, hidden_size=64)`."""
        sections: dict[str, Any] = {}
        for name, section in SECTIONS.items():
            fields = [field.name for field in dataclasses.fields(section)]
            sections[name] = section(
                **{key: settings.pop(key) for key in fields if key in settings}
            )
        if settings:
            raise ConfigError(f"There is no setting {', '.join(sorted(settings))}.")
        return cls(**sections)

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any]) -> Self:
        """Return the inverse of `to_dict`. A setting that is absent gets its default.

        Raises:
            ConfigError: a section is missing, a setting is unknown to this version, or a value has
                the wrong type or is out of range.
        """
        sections: dict[str, Any] = {}
        for name, section in SECTIONS.items():
            values = settings.get(name)
            known = {field.name for field in dataclasses.fields(section)}
            if not isinstance(values, dict) or not set(values) <= known:
                raise ConfigError(f"The settings of '{name}' are not those of this version.")
            sections[name] = section(**values)
        return cls(**sections)

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Return nested plain values, ready for JSON."""
        return dataclasses.asdict(self)

    def to_flat(self) -> dict[str, Any]:
        """Return all settings by name, without sections."""
        return {
            name: value for section in self.to_dict().values() for name, value in section.items()
        }
