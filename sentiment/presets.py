"""Presets: settings for other kinds of runs than the default, and how settings are resolved."""

from collections.abc import Mapping
from typing import Any

from sentiment.config import ENCODER_SETTINGS, Config
from sentiment.errors import ConfigError

FROM_SCRATCH: dict[str, Any] = {
    "synthetic_sentences": 0,
    "sentence_epochs": 0,
    "init": None,
    "max_vocab": 10_000,  # Rarer words are mostly names in one movie, which do not generalize.
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
}
FEW_SHOT: dict[str, Any] = {  # Some dozens to a thousand labelled texts.
    "synthetic_sentences": 0,
    "sentence_epochs": 0,
    "embedding_dropout": 0.5,
    "epochs": 1,  # The last weights are kept: few validation reviews cannot select an epoch.
    "min_epoch_steps": 150,
    "min_steps": 150,
    "batch_size": 16,
}
DISTILLATION: dict[str, Any] = {  # One more epoch, from the teacher's weights.
    "sentence_epochs": 0,
    "epochs": 1,
    "learning_rate": 4e-3,
    "adversarial_norm": 0.0,  # Soft targets regularize, too.
}
SAMPLE: dict[
    str, Any
] = {  # The built-in English reviews, which the shipped classifier soon learns.
    "epochs": 1,
    "min_steps": 0,
}
PRETRAINING: dict[str, Any] = {
    "synthetic_sentences": 0,
    "sentence_epochs": 0,
    "init": None,
    "max_length": 400,  # Of a piece: a longer review is split.
    "word_dropout": 0.0,  # Dropout does not lower the loss in a few passes over this much text.
    "embedding_dropout": 0.0,
    "output_dropout": 0.0,
    "epochs": 6,
    "min_steps": 500,
    "batch_size": 32,  # Twice the steps of 64, and a lower perplexity for it.
    "warmup_ratio": 0.02,
    "weight_decay": 0.0,
    "adversarial_norm": 0.0,
    "ema_decay": 0.998,
}
DEFAULT = "default"
PRESETS: dict[str, dict[str, Any]] = {
    DEFAULT: {},
    "from-scratch": FROM_SCRATCH,
    "few-shot": FEW_SHOT,
    "distillation": DISTILLATION,
    "sample": SAMPLE,
    "pretraining": PRETRAINING,
}


def resolve(
    preset: str, settings: Mapping[str, Any], start: Config | None = None, start_name: str = ""
) -> Config:
    """Return the settings of a run.

    In increasing precedence: defaults, preset, encoder settings of the initial model, `settings`. A
    setting that the weights of the initial model do not allow is an error.

    Args:
        preset: a name in `PRESETS`.
        settings: settings chosen for this run, by name.
        start: settings of the initial model. Language, vocabulary and sizes are taken from it.
        start_name: its name, for messages.

    Raises:
        ConfigError: an unknown preset or setting, a value out of range, or a setting that differs
            from `start` where its weights do not allow that.
    """
    if preset not in PRESETS:
        raise ConfigError(f"preset must be one of {', '.join(PRESETS)}, not {preset!r}.")
    inherited: dict[str, Any] = {}
    if start is not None:
        for section, names in ENCODER_SETTINGS.items():
            inherited |= {name: getattr(getattr(start, section), name) for name in names}
    for name, value in inherited.items():
        if name in settings and settings[name] != value:
            raise ConfigError(
                f"{name} is {value!r} in '{start_name}', which training starts from, and cannot be "
                f"{settings[name]!r}. Leave it out, or train from scratch."
            )
    return Config.from_flat(**{**PRESETS[preset], **inherited, **settings})
