"""What a run is: every setting, its default, its range and its reason, once.

Each field is a flag of `sentiment train` (`max_length` is `--max-length`) and a key of the saved
`config.json`. The other rooms take the section that concerns them. The defaults are those of a
classifier that starts from the shipped encoder; the presets at the end hold what differs elsewhere.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args, get_origin, get_type_hints

from sentiment.errors import InputError

# Names of the models in this package.
SHIPPED_ENCODER, SHIPPED_CLASSIFIER = "shipped-encoder", "shipped-classifier"
LANGUAGES = {"sample-zh": "zh"}  # Of built-in reviews that are not English.
MAX_LABELS = 1000
POOLINGS = ("last", "mean", "max", "attention")
ENCODER_TEXT = ("language", "lowercase", "min_freq", "max_vocab")
ENCODER_MODEL = ("embedding_dim", "hidden_size", "num_layers", "bidirectional")


def setting(default: Any, help: str, least: float | None = None, most: float | None = None) -> Any:
    """A field with the help line of its flag and, for a number, the range it must lie in."""
    metadata = {"help": help, "least": least, "most": most}
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Section:
    """A group of settings. Raises `InputError` on a value that no run could use."""

    def __post_init__(self) -> None:
        hints = get_type_hints(type(self))
        for field in dataclasses.fields(self):
            check(field.name, getattr(self, field.name), hints[field.name], field.metadata)


def check(name: str, value: Any, hint: Any, limits: Any) -> None:
    """Raise `InputError` unless `value` has the type of `hint` and lies within `limits`."""
    choices = get_args(hint) if get_origin(hint) is not None or get_args(hint) else (hint,)
    if get_origin(hint) is Literal:
        if value not in choices:
            raise InputError(f"{name} must be one of {', '.join(choices)}, not {value!r}.")
        return
    if value is None and type(None) in choices:
        return
    # An int is a fine float, but a bool is no number although Python counts it as an int.
    accepted = (*choices, int) if float in choices else choices
    if type(value) not in accepted:
        wanted = " or ".join(choice.__name__ for choice in choices if choice is not type(None))
        raise InputError(f"{name} must be of type {wanted}, not {value!r}.")
    least, most = limits["least"], limits["most"]
    if least is not None and not value >= least:
        raise InputError(f"{name} must be at least {least}, not {value!r}.")
    if most is not None and not value <= most:
        raise InputError(f"{name} must be at most {most}, not {value!r}.")


@dataclass(frozen=True, kw_only=True)
class DataConfig(Section):
    """Where reviews come from, and which of them are held out."""

    dataset: str = setting(
        "stanfordnlp/imdb",
        "Reviews: a Hub id; a file (.csv, .tsv, .jsonl, .parquet); a folder of such files, or of a "
        "folder per class; aclImdb/, aclImdb_v1.tar.gz; or built in: `sample`, `sample-zh`, "
        "`lessons`.",
    )
    revision: str | None = setting(None, "Branch, tag or commit of a Hub data set.")
    subset: str | None = setting(None, "Which of several subsets of a Hub data set.")
    text_column: str | None = setting(
        None, "Column of the texts; by default `text`, or the only one it can be."
    )
    label_column: str | None = setting(
        None, "Column of the labels; by default `label`, or the only one it can be."
    )
    group_column: str | None = setting(
        None, "Column of what reviews are about: none of it then stands in two splits."
    )
    validation_file: str | None = setting(None, "Validation reviews, where --dataset is a file.")
    test_file: str | None = setting(None, "Test reviews, where --dataset is a file.")
    unlabelled_file: str | None = setting(
        None,
        "Reviews without labels, where --dataset is a file: training begins with their sentences.",
    )
    validation: Literal["auto", "contiguous", "random"] = setting(
        "auto",
        "How to hold reviews out: the last of each label, or at random. IMDB stands in order of "
        "movie, so a random split shares movies with training and reads too high; auto: at random "
        "from one's own file, else the last.",
    )
    validation_fraction: float = setting(
        0.1, "Part of the training split held out, if there is no validation split.", 0.001, 0.9
    )
    test_fraction: float = setting(
        0.1, "The same for testing, if there is no test split; 0: train on all.", 0.0, 0.9
    )
    lessons: int | None = setting(
        None,
        "Short English sentences about movies to learn from beside the reviews: praise, blame, and "
        "what turns them, which whole reviews hardly teach. By default 34,724 where reviews are "
        "English, and either negative or positive.",
        0,
    )


@dataclass(frozen=True, kw_only=True)
class TextConfig(Section):
    """From text to ids."""

    language: str = setting(
        "en",
        "Language of the tokenizer, as in spacy.blank(language). Chinese is read in characters "
        "(zh) or, where jieba is installed, in words (zh-jieba).",
    )
    lowercase: bool = setting(True, "Lower-case the tokens.")
    min_freq: int = setting(2, "A word enters the vocabulary if training has it so often.", 1)
    max_vocab: int | None = setting(
        30_000,
        "Most entries of the vocabulary, specials included.",
        2,
    )
    new_word_freq: int = setting(
        15,
        "A word that is not in the vocabulary of --init enters it if training has it so often.",
        1,
    )
    max_length: int = setting(800, "Tokens kept of a longer review, head and tail.", 1)
    head_fraction: float = setting(
        0.25, "Part of max_length that comes from the head; the verdict is in the tail.", 0.0, 1.0
    )


@dataclass(frozen=True, kw_only=True)
class ModelConfig(Section):
    """The network's shape, its dropouts, and where its weights start."""

    init: str | None = setting(
        SHIPPED_ENCODER,
        "What to start from: the folder of an encoder or of a trained model, `shipped-encoder` (of "
        "English reviews) or `shipped-classifier`. Language, vocabulary and shape are then its "
        "own, and its Linear where the labels are too.",
    )
    vectors: str | None = setting(
        None,
        "File of word vectors to start the embedding from, without an encoder: GloVe, word2vec or "
        "fastText as text, .gz too. embedding_dim is then the file's.",
    )
    freeze_embeddings: bool = setting(False, "Leave the word vectors of that file as they are.")
    embedding_dim: int = setting(200, "Width of a word vector.", 1)
    hidden_size: int = setting(256, "Width of the LSTM, each direction.", 1)
    num_layers: int = setting(1, "LSTM layers, each direction.", 1, 16)
    bidirectional: bool = setting(True, "Read the review backwards too.")
    pooling: str = setting(
        "last+max+mean+attention",
        "From token states to one vector: last, mean, max, attention, or several joined by '+'.",
    )
    word_dropout: float = setting(0.05, "Part of the words replaced by <unk> in training.", 0, 1)
    embedding_dropout: float = setting(
        0.15, "Dropout on the word vectors: the same dimensions for all words of a review.", 0, 1
    )
    lstm_dropout: float = setting(0.3, "Dropout between LSTM layers.", 0, 1)
    output_dropout: float = setting(0.4, "Dropout on the pooled vector.", 0, 1)

    def __post_init__(self) -> None:
        super().__post_init__()
        kinds = self.pooling.split("+")
        if not set(kinds) <= set(POOLINGS) or len(set(kinds)) < len(kinds):
            raise InputError(
                f"pooling must be {', '.join(POOLINGS)}, or some of them joined by '+' "
                f"(max+mean), not {self.pooling!r}."
            )
        if self.vectors is not None and self.init is not None:
            raise InputError(
                "vectors are for an embedding that starts from scratch, and init brings its own. "
                "Add --from-scratch, or leave --vectors out."
            )
        if self.freeze_embeddings and self.vectors is None:
            raise InputError("freeze_embeddings is for word vectors from a file: add --vectors.")


@dataclass(frozen=True, kw_only=True)
class TrainConfig(Section):
    """The optimisation."""

    seed: int = setting(0, "Decides initial weights, order and dropout.", 0, 2**31)
    epochs: int = setting(2, "Passes over the training reviews.", 1)
    sentence_epochs: int = setting(
        1,
        "So many of the epochs, the first, are over single sentences, each with the label of its "
        "review, where there are unlabelled reviews too (a split `unsupervised`, or the file); "
        "the label of one of these is what its words make plain. The last is over whole reviews.",
        0,
    )
    min_steps: int = setting(
        200, "Steps at least: more epochs than `epochs` where the training reviews are few.", 0
    )
    epoch_steps: int = setting(
        50,
        "Steps of an epoch at least: several passes where the training reviews are few, so that "
        "validation does not take most of the time.",
        1,
    )
    balance: bool = setting(
        False, "Give each label the same weight, however many of the reviews have it."
    )
    batch_size: int = setting(64, "Reviews a batch.", 1)
    max_tokens: int | None = setting(None, "Most tokens a batch, padding included.", 1)
    learning_rate: float = setting(8e-3, "Peak of the schedule: linear up, then down to 0.", 0)
    layer_decay: float = setting(
        0.5,
        "Factor on the learning rate for each layer below the Linear: the LSTMs, the embedding.",
        0,
        1,
    )
    warmup: float = setting(0.1, "Part of all steps in which the learning rate rises.", 0, 1)
    weight_decay: float = setting(0.01, "AdamW's decoupled weight decay.", 0)
    max_grad_norm: float = setting(1.0, "Gradients are clipped to this norm.", 0)
    adversarial: float = setting(
        1.0,
        "Length of the step by which each review's word vectors are also moved against the model; "
        "0: not, which takes half the time.",
        0,
    )
    average: float = setting(
        0.0, "Decay, each step, of the running average of the weights that is kept; 0: none.", 0, 1
    )
    patience: int = setting(3, "Stop after so many epochs with no lower validation loss.", 1)
    checkpoint_steps: int = setting(200, "Steps between checkpoints within an epoch.", 1)
    device: Literal["auto", "cpu", "cuda", "mps"] = setting("auto", "Where to compute.")
    precision: Literal["auto", "float32", "bfloat16"] = setting(
        "auto",
        "Of products of matrices in training; auto: bfloat16 where the device is made for it.",
    )

    @property
    def epochs_of_sentences(self) -> int:
        """Those of the `epochs` that are over sentences, if there are any: never the last."""
        return min(self.sentence_epochs, self.epochs - 1)


@dataclass(frozen=True, kw_only=True)
class Config:
    """All settings of one run."""

    data: DataConfig = DataConfig()
    text: TextConfig = TextConfig()
    model: ModelConfig = ModelConfig()
    train: TrainConfig = TrainConfig()

    @classmethod
    def from_flat(cls, **settings: Any) -> Self:
        """Sort settings by name into their sections: `from_flat(epochs=3, hidden_size=64)`."""
        sections: dict[str, Any] = {}
        for name, section in SECTIONS.items():
            own = [field.name for field in dataclasses.fields(section)]
            sections[name] = section(**{key: settings.pop(key) for key in own if key in settings})
        if settings:
            raise InputError(f"Unknown setting {', '.join(sorted(settings))}.")
        return cls(**sections)

    def starting_from(self, start: "Config", classifier: bool = False) -> Self:
        """These settings, with those that decide what the weights of `start` mean.

        Of a `classifier` they also decide how it pools.
        """
        text = {name: getattr(start.text, name) for name in ENCODER_TEXT}
        model = {name: getattr(start.model, name) for name in ENCODER_MODEL}
        if classifier:
            model["pooling"] = start.model.pooling
        return dataclasses.replace(
            self,
            text=dataclasses.replace(self.text, **text),
            model=dataclasses.replace(self.model, **model),
        )

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Nested plain values, ready for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, settings: dict[str, dict[str, Any]]) -> Self:
        """The reverse of `to_dict`.

        Raises:
            InputError: a setting that this version does not know.
        """
        sections: dict[str, Any] = {}
        for name, section in SECTIONS.items():
            values = settings.get(name)
            known = {field.name for field in dataclasses.fields(section)}
            if not isinstance(values, dict) or not set(values) <= known:
                raise InputError(f"The settings of '{name}' are not those of this version.")
            sections[name] = section(**values)
        return cls(**sections)


SECTIONS: dict[str, type[Section]] = {
    "data": DataConfig,
    "text": TextConfig,
    "model": ModelConfig,
    "train": TrainConfig,
}

# What differs from the defaults, which are those of a classifier from the shipped encoder.
FROM_SCRATCH: dict[str, Any] = {
    "lessons": 0,
    "sentence_epochs": 0,
    "init": None,
    "max_vocab": 10_000,  # Rarer words are mostly names: of one movie, and of no use for another.
    "max_length": 400,
    "embedding_dim": 100,
    "hidden_size": 128,
    "pooling": "max+mean",
    "word_dropout": 0.2,
    "embedding_dropout": 0.5,
    "output_dropout": 0.5,
    "epochs": 4,
    "min_steps": 500,
    "learning_rate": 3e-3,
    "layer_decay": 1.0,
    "adversarial": 1.0,
}
FEW_LABELS: dict[str, Any] = {  # Some dozens to a thousand.
    "lessons": 0,
    "sentence_epochs": 0,
    "embedding_dropout": 0.5,
    "epochs": 1,  # The last weights are kept: so few validation reviews cannot tell better ones.
    "epoch_steps": 150,
    "min_steps": 150,
    "batch_size": 16,
}
PRETRAINING: dict[str, Any] = {
    "lessons": 0,
    "sentence_epochs": 0,
    "init": None,
    "max_length": 400,  # Of a piece: a longer review is cut into several.
    "word_dropout": 0.0,  # In a few passes over so much text no dropout pays.
    "embedding_dropout": 0.0,
    "output_dropout": 0.0,
    "epochs": 6,
    "min_steps": 500,
    "batch_size": 32,  # Twice the steps of 64, and so much the lower perplexity.
    "learning_rate": 8e-3,
    "warmup": 0.02,
    "weight_decay": 0.0,
    "adversarial": 0.0,
    "average": 0.998,
}
