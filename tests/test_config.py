import dataclasses

import pytest

from sentiment.config import SECTIONS, Config, ModelConfig, TrainConfig
from sentiment.errors import InputError


def test_settings_survive_the_way_to_json_and_back():
    config = Config.from_flat(epochs=3, pooling="last+max", language="de", dataset="sample")
    assert Config.from_dict(config.to_dict()) == config
    assert config.train.epochs == 3


def test_no_two_settings_share_a_name_and_each_has_a_help_line():
    fields = [field for section in SECTIONS.values() for field in dataclasses.fields(section)]
    names = [field.name for field in fields]
    assert len(names) == len(set(names))
    assert all(field.metadata["help"].endswith(".") for field in fields)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, "epochs must be at least 1, not 0"),
        ({"word_dropout": 1.5}, "word_dropout must be at most 1"),
        ({"learning_rate": float("nan")}, "learning_rate must be at least"),
        ({"epochs": 1.5}, "epochs must be of type int"),
        ({"bidirectional": 1}, "bidirectional must be of type bool"),
        ({"epochs": True}, "epochs must be of type int"),
        ({"validation": "first"}, "validation must be one of auto, contiguous, random"),
        ({"pooling": "max+"}, "pooling must be"),
        ({"pooling": "max+max"}, "pooling must be"),
        ({"layers": 2}, "Unknown setting layers"),
    ],
)
def test_a_value_that_no_run_could_use_is_named(settings, message):
    with pytest.raises(InputError, match=message.replace("+", r"\+")):
        Config.from_flat(**settings)


@pytest.mark.parametrize(
    "change",
    [
        lambda settings: settings.pop("model"),
        lambda settings: settings["model"].update(attention=True),
        lambda settings: settings.update(model=[]),
    ],
)
def test_settings_that_this_version_does_not_know_are_refused(change):
    settings = Config().to_dict()
    change(settings)
    with pytest.raises(InputError, match="'model' are not those of this version"):
        Config.from_dict(settings)


def test_a_setting_that_an_older_version_did_not_know_gets_its_default():
    settings = Config.from_flat(epochs=7).to_dict()
    del settings["train"]["precision"]
    assert Config.from_dict(settings) == Config.from_flat(epochs=7)


def test_what_was_learned_before_there_were_lessons_or_sentences_was_learned_without():
    settings = Config.from_flat(epochs=7).to_dict()
    assert settings["data"].pop("lessons") is None  # as many as there should be
    assert settings["train"].pop("sentence_epochs") == 1
    assert Config.from_dict(settings) == Config.from_flat(epochs=7, lessons=0, sentence_epochs=0)


def test_what_a_setting_was_once_called_is_still_read():
    settings = Config.from_flat(init="runs/encoder").to_dict()
    settings["model"]["encoder"] = settings["model"].pop("init")
    assert Config.from_dict(settings) == Config.from_flat(init="runs/encoder")


def test_an_int_serves_as_a_float_but_settings_cannot_be_changed():
    assert TrainConfig(learning_rate=1).learning_rate == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        ModelConfig().hidden_size = 3
