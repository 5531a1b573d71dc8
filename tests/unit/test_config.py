import dataclasses

import pytest

from sentiment.config import SECTIONS, Config, ModelConfig, TrainConfig
from sentiment.errors import ConfigError
from sentiment.presets import FEW_SHOT, PRESETS, resolve
from sentiment.training.initialization import choose_preset, normalize


def test_settings_survive_conversion_to_json_and_back():
    config = Config.from_flat(epochs=3, pooling="last+max", language="de", dataset="sample")
    assert Config.from_dict(config.to_dict()) == config
    assert Config.from_flat(**config.to_flat()) == config
    assert config.train.epochs == 3


def test_no_two_settings_share_a_name_and_each_has_a_help_line():
    fields = [field for section in SECTIONS.values() for field in dataclasses.fields(section)]
    names = [field.name for field in fields]
    assert len(names) == len(set(names))
    assert all(field.metadata["help"] for field in fields)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, "epochs must be at least 1, not 0"),
        ({"word_dropout": 1.5}, "word_dropout must be at most 1"),
        ({"learning_rate": float("nan")}, "learning_rate must be at least"),
        ({"epochs": 1.5}, "epochs must be of type int"),
        ({"bidirectional": 1}, "bidirectional must be of type bool"),
        ({"epochs": True}, "epochs must be of type int"),
        ({"validation_split": "first"}, "validation_split must be one of auto, contiguous, random"),
        ({"pooling": "max+"}, "pooling must be"),
        ({"pooling": "max+max"}, "pooling must be"),
        ({"layers": 2}, "no setting layers"),
    ],
)
def test_invalid_value_is_an_error_that_names_the_setting(settings, message):
    with pytest.raises(ConfigError, match=message):
        Config.from_flat(**settings)


@pytest.mark.parametrize(
    "change",
    [
        lambda settings: settings.pop("model"),
        lambda settings: settings["model"].update(attention=True),
        lambda settings: settings.update(model=[]),
    ],
)
def test_unknown_or_missing_section_is_refused(change):
    settings = Config().to_dict()
    change(settings)
    with pytest.raises(ConfigError, match="'model' are not those of this version"):
        Config.from_dict(settings)


def test_missing_setting_gets_its_default():
    settings = Config.from_flat(epochs=7).to_dict()
    del settings["train"]["precision"]
    assert Config.from_dict(settings) == Config.from_flat(epochs=7)


def test_int_is_accepted_as_float_and_settings_are_immutable():
    assert TrainConfig(learning_rate=1).learning_rate == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        ModelConfig().hidden_size = 3


# Presets, and how settings are resolved.


@pytest.mark.parametrize("preset", PRESETS)
def test_given_settings_override_the_preset_and_the_preset_the_defaults(preset):
    defaults, values = Config().to_flat(), PRESETS[preset]
    config = resolve(preset, {"batch_size": 7})
    assert config.to_flat() == {**defaults, **values, "batch_size": 7}


def test_unknown_preset_is_an_error_that_lists_the_presets():
    with pytest.raises(ConfigError, match="one of default, from-scratch, few-shot.*not 'tiny'"):
        resolve("tiny", {})


def test_sizes_language_and_vocabulary_come_from_the_initial_model():
    start = Config.from_flat(hidden_size=10, embedding_dim=12, language="de", min_freq=1, epochs=9)
    config = resolve("few-shot", {"max_length": 30}, start, "my/model")
    assert (config.model.hidden_size, config.model.embedding_dim) == (10, 12)
    assert (config.text.language, config.text.min_freq) == ("de", 1)
    assert config.text.max_length == 30
    assert config.train.epochs == FEW_SHOT["epochs"]


def test_hidden_size_of_the_initial_model_is_accepted_and_another_one_is_an_error():
    start = Config.from_flat(hidden_size=10)
    assert resolve("default", {"hidden_size": 10}, start, "my/model").model.hidden_size == 10
    with pytest.raises(ConfigError, match="hidden_size is 10 in 'my/model', which.*cannot be 99"):
        resolve("default", {"hidden_size": 99}, start, "my/model")
    assert resolve("from-scratch", {"hidden_size": 99}).model.hidden_size == 99


@pytest.mark.parametrize(
    ("settings", "preset"),
    [
        ({}, "default"),
        ({"language": "en"}, "default"),
        ({"language": "de"}, "from-scratch"),
        ({"word_vectors": "glove.txt"}, "from-scratch"),
        ({"language": "de", "init": "my/model"}, "default"),
        ({"dataset": "sample-zh"}, "from-scratch"),
        ({"dataset": "sample-zh", "language": "en"}, "default"),
        ({"dataset": "sample"}, "sample"),
        ({"dataset": "sample", "init": "my/model"}, "default"),
        ({"dataset": "data/sample"}, "default"),
        ({"dataset": "sample.csv"}, "default"),
        ({"dataset": "stanfordnlp/imdb"}, "default"),
        ({"teacher": "my/model", "language": "de"}, "distillation"),
        ({"teacher": "my/model", "init": "my/other"}, "distillation"),
    ],
)
def test_preset_depends_on_whether_a_shipped_model_fits_and_on_built_in_reviews(settings, preset):
    assert choose_preset(normalize(settings)) == preset
    config = resolve(preset, settings)
    assert (config.model.init is None) == (preset == "from-scratch")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"word_vectors": "v.txt", "init": "my/model"}, "word_vectors are for training from"),
        ({"freeze_embeddings": True}, "freeze_embeddings needs word_vectors"),
    ],
)
def test_word_vectors_and_an_initial_model_exclude_each_other(settings, message):
    with pytest.raises(ConfigError, match=message):
        Config.from_flat(**settings)
