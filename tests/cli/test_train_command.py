"""The commands `train` and `pretrain`: what they print, their options, and their exit codes."""

import pytest
from support.small_models import SMALL
from support.stopping import stop_after

import sentiment.training.initialization
import sentiment.training.language_modeling
from sentiment.artifacts.model_folder import SavedModel
from sentiment.cli.flags import as_words
from sentiment.config import Config
from sentiment.inference.classifier import Classifier
from sentiment.models.lstm import LSTMClassifier
from sentiment.presets import FEW_SHOT, FROM_SCRATCH
from sentiment.text.vocab import Vocab

pytestmark = [
    pytest.mark.usefixtures("few_reviews", "no_fsync"),
    pytest.mark.filterwarnings("ignore:The vocabulary of the initial model"),
]

# Settings of a quick run: from scratch, and from a model that determines the sizes.
QUICK = {"epochs": 2, "max_length": 20, "checkpoint_steps": 3, "min_steps": 0}
QUICK |= {name: SMALL[name] for name in ("min_epoch_steps", "batch_size", "dataset", "device")}
QUICK |= {"adversarial_norm": 0.0}
SIZES = {"embedding_dim": 8, "hidden_size": 8}
SCRATCH = ["train", "--from-scratch", *as_words({**QUICK, **SIZES})]
PRETRAINED = ["train", *as_words(QUICK)]


@pytest.fixture
def shipped(monkeypatch):
    """Replace the shipped models by small ones."""

    def load_small(folder):
        config = Config.from_flat(**SIZES, pooling="mean")
        vocab = Vocab(["good", "bad", "film"])
        model = LSTMClassifier(config.model, len(vocab), 2)
        if folder.name == "encoder":
            return SavedModel(config, vocab, model.encoder, None, 1.0, {})
        return SavedModel(config, vocab, model, ["neg", "pos"], 1.0, {})

    monkeypatch.setattr(sentiment.training.initialization, "load_model", load_small)


def saved_settings(folder):
    return Classifier.from_pretrained(folder, device="cpu").config.to_flat()


# What is printed.


def test_setup_is_printed_before_the_first_epoch(run_command):
    result = run_command(*SCRATCH, "--out", "run")
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[:4] == [
        "Dataset: sample",
        "Reviews: train 120, validation 40",
        "Labels in train: neg 60, pos 60",
        "Training from scratch.",
    ]
    assert "--no-tie-terms" in lines[4]
    assert lines[5].startswith("Plan: 2 epochs, 8 steps, about ")
    assert lines[6].startswith("epoch 1: training loss ")
    assert lines[7].startswith("epoch 2: training loss ")
    assert lines[8].startswith("Best of 2 epochs: ")
    assert lines[9] == "Model in run. Next: sentiment eval --model run"


def test_initial_model_is_printed_with_the_reason(run_command, shipped):
    result = run_command(*PRETRAINED, "--out", "run")
    assert result.returncode == 0, result.stderr
    reason = "Starting from the shipped classifier, because the labels are negative and positive."
    assert reason in result.stdout.splitlines()
    assert "synthetic" not in result.stdout
    assert saved_settings("run")["init"] == "shipped-classifier"


def test_imdb_starts_from_the_encoder_and_synthetic_sentences_are_printed(
    run_command, shipped, monkeypatch
):
    monkeypatch.setattr(
        sentiment.training.initialization, "count_known", lambda texts: len(list(texts))
    )
    monkeypatch.setattr(
        sentiment.training.initialization, "short_opinions", lambda: [("Good.", 1)] * 15
    )
    result = run_command(*PRETRAINED, "--out", "run")
    assert result.returncode == 0, result.stderr
    assert "Starting from the shipped encoder, because 100% of the reviews are IMDB reviews" in (
        result.stdout
    )
    assert (
        "Adding 30 synthetic sentences (20% of the training examples); --synthetic-sentences 0 "
        "leaves them out.\n" in result.stdout
    )
    assert saved_settings("run")["init"] == "shipped-encoder"
    metadata = Classifier.from_pretrained("run", device="cpu").metadata
    assert metadata["synthetic_sentences"]["rows"] == 30
    assert metadata["synthetic_sentences"]["fraction"] == 0.2
    without = run_command(*PRETRAINED, "--synthetic-sentences", 0, "--out", "without")
    assert "synthetic" not in without.stdout


def test_options_override_the_preset(run_command):
    assert run_command(*SCRATCH, "--pooling", "last", "--out", "run").returncode == 0
    given = {**QUICK, **SIZES, "pooling": "last", "tie_terms": True}
    assert saved_settings("run") == {**Config().to_flat(), **FROM_SCRATCH, **given}


def test_built_in_reviews_take_one_epoch_unless_options_say_otherwise(run_command, shipped):
    options = {**QUICK, "min_epoch_steps": 2}
    del options["epochs"], options["min_steps"]
    result = run_command("train", *as_words(options), "--out", "run")
    assert "Plan: 1 epoch, 4 steps, about " in result.stdout
    assert saved_settings("run")["epochs"] == 1
    result = run_command("train", *as_words(options), "--min-steps", 8, "--out", "longer")
    assert "Plan: 2 epochs, 8 steps, about " in result.stdout
    options["dataset"] = "mine"
    result = run_command("train", *as_words(options), "--out", "mine")
    assert saved_settings("mine")["min_steps"] == Config().train.min_steps


def test_few_shot_keeps_the_initial_model(run_command, shipped):
    options = {name: QUICK[name] for name in ("dataset", "device", "max_length")}
    options |= {"min_steps": 4, "min_epoch_steps": 4, "adversarial_norm": 0.0}
    result = run_command("train", "--few-shot", *as_words(options), "--out", "run")
    assert result.returncode == 0, result.stderr
    settings = saved_settings("run")
    assert settings["init"] == "shipped-classifier"
    assert {**FEW_SHOT, **options}.items() <= settings.items()


def test_presets_exclude_each_other_and_an_initial_model(run_command):
    both = run_command("train", "--few-shot", "--from-scratch")
    assert (both.returncode, both.stdout) == (2, "")
    assert "--few-shot and --from-scratch exclude each other" in both.stderr
    init = run_command("train", "--from-scratch", "--init", "my/model")
    assert (init.returncode, init.stdout) == (2, "")
    assert "--init and --from-scratch exclude each other" in init.stderr


def test_run_folder_is_named_after_the_dataset(run_command, tmp_path):
    assert run_command(*SCRATCH).returncode == 0
    assert (tmp_path / "runs" / "sample" / "config.json").exists()


# Stop and resume.


def test_stopped_run_exits_with_130_and_is_resumed(run_command, monkeypatch):
    with monkeypatch.context() as patch:
        stop_after(4, patch)
        stopped = run_command(*SCRATCH, "--out", "run")
    assert stopped.returncode == 130
    assert stopped.stdout.endswith(
        "Stopped and saved. Resume with: sentiment train --resume --out run\n"
    )
    resumed = run_command("train", "--resume", "--out", "run")
    assert resumed.returncode == 0, resumed.stderr
    assert "Plan: 2 epochs, 8 steps, 4 of them done, about " in resumed.stdout
    again = run_command("train", "--resume", "--out", "run")
    assert again.returncode == 0
    assert again.stdout == "The run in 'run' is finished. To train again: --overwrite.\n"


def test_from_scratch_does_not_resume_a_run_with_an_initial_model(
    run_command, shipped, monkeypatch
):
    with monkeypatch.context() as patch:
        stop_after(2, patch)
        assert run_command(*PRETRAINED, "--out", "run").returncode == 130
    refused = run_command("train", "--resume", "--from-scratch", "--out", "run")
    assert refused.returncode == 2
    assert "init = 'shipped-classifier'; a resumed run cannot change it to None" in refused.stderr
    assert run_command("train", "--resume", "--out", "run").returncode == 0


def test_pretrain_prints_its_plan_and_the_next_command(run_command, small_splits, monkeypatch):
    monkeypatch.setattr(
        sentiment.training.language_modeling, "load_reviews", lambda *_, **__: small_splits
    )
    options = {**QUICK, **SIZES}
    del options["adversarial_norm"]
    with monkeypatch.context() as patch:
        stop_after(2, patch)
        stopped = run_command("pretrain", *as_words(options), "--out", "encoder")
    assert stopped.returncode == 130
    assert stopped.stdout.startswith("Plan: 2 epochs, ")
    assert "Resume with: sentiment pretrain --resume --out encoder" in stopped.stdout
    result = run_command("pretrain", "--resume", "--out", "encoder")
    assert result.returncode == 0, result.stderr
    assert result.stdout.endswith("Encoder in encoder. Next: sentiment train --init encoder\n")
