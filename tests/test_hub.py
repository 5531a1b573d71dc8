"""Models of the Hub and for the Hub: the real client, and a server on loopback that it talks to."""

import json
import os
import re
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import huggingface_hub
import pytest
import torch
from conftest import SMALL
from huggingface_hub import ModelCard, constants
from local_hub import TOKEN, serving_hub

from sentiment import Classifier, InputError
from sentiment.artifacts.bundle import Bundle, save_bundle
from sentiment.artifacts.checksums import CONFIG_FILE, FILES, VOCAB_FILE, WEIGHTS_FILE
from sentiment.artifacts.model_card import SHARED_FILES, model_card, shareable, without_paths
from sentiment.config import Config
from sentiment.data.reviews import load_reviews
from sentiment.evaluation.metrics import evaluate
from sentiment.text.vocab import Vocab

pytestmark = pytest.mark.filterwarnings(
    "ignore::sentiment.inference.classifier.UnknownWordsWarning"
)

ROOT = Path(__file__).parent.parent
TEXTS = ["A good film.", "A bad film, and dull.", "gut"]
PRIVATE = "/home/alice/clients of ours/reviews.csv"


def untrained(**settings):
    """A small bundle whose data set has the private path."""
    torch.manual_seed(0)
    config = Config.from_flat(**{**SMALL, "dataset": PRIVATE, **settings})
    vocab = Vocab.build([["good", "bad", "film", "a", "and", "dull", ".", ","]] * 2)
    data = {
        "train": {"rows": 900, "fingerprint": "aa"},
        "calibration": {"dataset": r"C:\Users\alice\more.csv", "rows": 100, "fingerprint": "bb"},
        "metrics": {"epoch": 1, "validation_loss": 0.41, "validation_accuracy": 0.875},
    }
    return replace(Bundle.new(config, ["neg", "pos"], vocab, data), temperature=1.25)


@pytest.fixture
def classifier():
    bundle = untrained()
    bundle.model.eval()
    return Classifier(bundle)


@pytest.fixture
def saved(classifier, tmp_path):
    """The files of the classifier, by name."""
    classifier.save_pretrained(tmp_path / "saved")
    return {path.name: path.read_bytes() for path in (tmp_path / "saved").iterdir()}


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """The Hub that the client of this process talks to, with an empty cache and no login."""
    with serving_hub() as hub:
        settings = {
            "ENDPOINT": hub.endpoint,
            "HUGGINGFACE_CO_URL_TEMPLATE": hub.endpoint
            + "/{repo_id}/resolve/{revision}/{filename}",
            "HF_HUB_CACHE": str(tmp_path / "cache"),
            "HF_TOKEN_PATH": str(tmp_path / "no-token"),
            "HF_HUB_DISABLE_XET": True,
        }
        for name, value in settings.items():
            monkeypatch.setattr(constants, name, value)
        for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
            monkeypatch.delenv(name, raising=False)
        yield hub


def scores(classifier):
    return torch.tensor([[*one["scores"].values()] for one in classifier(TEXTS, all_scores=True)])


def test_what_is_pushed_arrives_byte_for_byte_and_answers_the_same(hub, classifier, saved):
    page = classifier.push_to_hub("user/mine", token=TOKEN)
    assert page == f"{hub.endpoint}/user/mine"
    arrived = hub.models["user/mine"]["main"]
    assert set(arrived) == set(SHARED_FILES) == {*FILES, "README.md"}
    for name in FILES:
        assert arrived[name] == saved[name], name
    assert hub.commits == [sorted(SHARED_FILES)]  # one commit: no half a model is ever there
    assert [*hub.uploads.values()] == [saved[WEIGHTS_FILE]]
    assert hub.models["user/mine"]["private"] is False

    fetched = Classifier.from_pretrained("user/mine")
    assert fetched.labels == classifier.labels
    torch.testing.assert_close(scores(fetched), scores(classifier), rtol=0, atol=0)
    assert set(hub.sent("user/mine")) == set(FILES)


def test_nothing_but_the_three_files_is_fetched(hub, saved, tmp_path):
    hostile = {
        "pytorch_model.bin": b"\x80\x04cos\nsystem\n",
        "code.py": b"1 / 0",
        "x/config.json": b"{}",
    }
    hub.add("user/mine", {**saved, **hostile})
    Classifier.from_pretrained("user/mine")
    assert sorted(hub.sent("user/mine")) == sorted(FILES)
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.name in hostile]


def test_what_was_fetched_once_works_without_a_network(hub, saved, monkeypatch):
    hub.add("user/mine", saved)
    online = scores(Classifier.from_pretrained("user/mine"))
    hub.shutdown()
    hub.server_close()
    torch.testing.assert_close(scores(Classifier.from_pretrained("user/mine")), online)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    torch.testing.assert_close(scores(Classifier.from_pretrained("user/mine")), online)
    with pytest.raises(InputError, match="no folder 'user/other'.*cannot be reached.*HF_ENDPOINT"):
        Classifier.from_pretrained("user/other")


def test_a_hub_that_does_not_answer_is_said_within_ten_seconds(hub, monkeypatch):
    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", lambda *_, **__: time.sleep(60))
    monkeypatch.setattr(huggingface_hub.HfApi, "create_repo", lambda *_, **__: time.sleep(60))
    monkeypatch.setattr("sentiment.artifacts.hub.HUB_TIMEOUT", 0.1)
    with pytest.raises(InputError, match="no folder 'user/mine'.*no answer within 0.1 seconds"):
        Classifier.from_pretrained("user/mine")
    with pytest.raises(InputError, match="cannot be reached for 'user/mine': no answer within"):
        Classifier(untrained()).push_to_hub("user/mine", token=TOKEN)


def test_a_revision_is_fetched_and_pushed(hub, classifier, saved):
    hub.add("user/mine", {"README.md": b"# By hand"})
    with pytest.raises(InputError, match="'user/mine' has no revision 'v2' on the Hub"):
        Classifier.from_pretrained("user/mine", revision="v2")
    classifier.push_to_hub("user/mine", token=TOKEN, revision="v2")
    assert hub.models["user/mine"]["main"] == {"README.md": b"# By hand"}
    assert hub.models["user/mine"]["v2"][WEIGHTS_FILE] == saved[WEIGHTS_FILE]
    fetched = Classifier.from_pretrained("user/mine", revision="v2")
    torch.testing.assert_close(scores(fetched), scores(classifier))
    with pytest.raises(InputError, match="no model that sentiment has saved: config.json and voc"):
        Classifier.from_pretrained("user/mine")


def test_a_revision_is_for_the_hub_alone(classifier, tmp_path):
    classifier.save_pretrained(tmp_path / "user")
    with pytest.raises(InputError, match="revision is for a model of the Hub"):
        Classifier.from_pretrained(tmp_path / "user", revision="main")


def test_a_folder_comes_before_the_hub(hub, classifier, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    classifier.save_pretrained("user/mine")
    Classifier.from_pretrained("user/mine")
    assert hub.requests == []


def test_what_the_hub_does_not_give_is_said_in_words(hub, saved):
    with pytest.raises(InputError, match="no such model that you may read.*hf auth login"):
        Classifier.from_pretrained("user/nothing")
    hub.add("user/secret", saved, private=True)
    with pytest.raises(InputError, match="no such model that you may read.*hf auth login"):
        Classifier.from_pretrained("user/secret")
    hub.add("user/gated", saved)
    hub.gated.add("user/gated")
    with pytest.raises(InputError, match="'user/gated' is gated: accept its terms"):
        Classifier.from_pretrained("user/gated")
    with pytest.raises(InputError, match="no such model"):
        Classifier.from_pretrained("user/na--me")


def test_a_private_model_is_fetched_with_the_token(hub, saved, monkeypatch):
    hub.add("user/secret", saved, private=True)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert Classifier.from_pretrained("user/secret").labels == ["neg", "pos"]


def test_a_file_too_large_is_not_downloaded(hub, saved):
    hub.add("user/mine", saved)
    hub.sizes[VOCAB_FILE] = 2**40
    with pytest.raises(InputError, match=r"vocab.txt of 'user/mine'.*1,099,511,627,776 bytes"):
        Classifier.from_pretrained("user/mine")
    assert hub.sent("user/mine") == []


def test_weights_that_are_not_those_of_the_config_are_refused(hub, saved):
    changed = bytearray(saved[WEIGHTS_FILE])
    changed[-1] ^= 1
    hub.add("user/mine", {**saved, WEIGHTS_FILE: bytes(changed)})
    with pytest.raises(InputError, match=r"model\.safetensors' is not what was saved with"):
        Classifier.from_pretrained("user/mine")


def test_a_download_that_breaks_off_is_an_error_and_is_made_good_by_the_next(
    hub, saved, classifier, monkeypatch, capfd
):
    monkeypatch.setattr(time, "sleep", lambda _: None)  # The client waits between its attempts.
    hub.add("user/mine", saved)
    hub.cut.add(WEIGHTS_FILE)
    with pytest.raises(InputError, match="Could not download 'user/mine' from the Hub: .*body"):
        Classifier.from_pretrained("user/mine")
    assert capfd.readouterr().err == ""  # The client would tell of each of its attempts.
    hub.cut.clear()
    fetched = Classifier.from_pretrained("user/mine")
    torch.testing.assert_close(scores(fetched), scores(classifier))


def test_a_push_that_is_refused_says_why_and_uploads_nothing(hub, classifier):
    with pytest.raises(InputError, match="must know who you are: log in.*HF_TOKEN"):
        classifier.push_to_hub("user/mine")
    assert hub.requests == []
    with pytest.raises(InputError, match=r"does not let you write 'user/mine' \(401\)"):
        classifier.push_to_hub("user/mine", token="hf_wrong")
    with pytest.raises(InputError, match=r"does not let you write 'others/mine' \(403\)"):
        classifier.push_to_hub("others/mine", token=TOKEN)
    for name in ("mine", "user/", "../mine", "user/mine/more"):
        with pytest.raises(InputError, match="give it as user/name"):
            classifier.push_to_hub(name, token=TOKEN)
    assert (hub.models, hub.uploads) == ({}, {})


def test_the_token_stands_in_no_message(hub, classifier):
    for token in ("hf_with\na_line_feed", "hf_with a space", "hf_with_é"):
        with pytest.raises(InputError, match="token has characters that none has") as raised:
            classifier.push_to_hub("user/mine", token=token)
        assert "hf_with" not in str(raised.value)


def test_private_is_private_or_nothing_is_uploaded(hub, classifier):
    classifier.push_to_hub("user/mine", private=True, token=TOKEN)
    assert hub.models["user/mine"]["private"] is True
    classifier.push_to_hub("user/mine", private=True, token=TOKEN)
    hub.add("user/public", {})
    with pytest.raises(InputError, match="'user/public' is public on the Hub"):
        classifier.push_to_hub("user/public", private=True, token=TOKEN)
    assert hub.models["user/public"]["main"] == {}


def test_no_path_of_this_disk_is_shared(saved):
    for name in (CONFIG_FILE, "README.md"):
        said = saved[name].decode()
        assert "alice" not in said
        assert "clients" not in said
        assert "reviews.csv" in said
    assert json.loads(saved[CONFIG_FILE])["data"]["calibration"]["dataset"] == "more.csv"


@pytest.mark.parametrize(
    ("value", "shared"),
    [
        ("stanfordnlp/imdb", "stanfordnlp/imdb"),
        ("sample", "sample"),
        ("data/reviews.csv", "reviews.csv"),
        ("../reviews", "reviews"),
        ("~/reviews/", "reviews"),
        (r"D:\work\reviews.tsv", "reviews.tsv"),
        (r"\\server\share\reviews", "reviews"),
        ("https://name:word@host/reviews.csv", "reviews.csv"),
        ("/", "folder"),
        ("tests/here", "here"),
        ({"a": ["/b/c", 1, None]}, {"a": ["c", 1, None]}),
    ],
)
def test_of_a_path_the_last_part_is_told_and_an_id_is_kept(value, shared, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("tests/here").mkdir(parents=True)
    assert without_paths(value) == shared


def test_a_readme_that_is_no_card_stays(classifier, tmp_path):
    (tmp_path / "README.md").write_text("# My project\n")
    classifier.save_pretrained(tmp_path)
    assert (tmp_path / "README.md").read_text() == "# My project\n"
    (tmp_path / "README.md").unlink()
    classifier.save_pretrained(tmp_path)
    card = (tmp_path / "README.md").read_text()
    (tmp_path / "README.md").write_text(card + "more")
    classifier.save_pretrained(tmp_path)
    assert (tmp_path / "README.md").read_text() == card


def test_a_card_tells_of_the_run(tmp_path):
    folder = tmp_path / "run"
    save_bundle(untrained(dataset="sample"), folder)
    split = load_reviews("sample")["test"].select(range(0, 1000, 5))
    metrics = evaluate(Classifier.from_pretrained(folder).bundle, split)
    result = {"dataset": "sample", "split": "test", **metrics.to_dict()}
    (folder / "metrics-test.json").write_text(json.dumps(result))
    Classifier.from_pretrained(folder).save_pretrained(tmp_path / "copy")
    card = ModelCard.load(tmp_path / "copy" / "README.md")
    low, high = metrics.accuracy_interval
    for part in (
        "labels neg, pos",
        'Classifier.from_pretrained("FOLDER")',
        "| train | 900 | aa |",
        "| hidden\\_size | 16 |",
        f"| accuracy | {metrics.accuracy:.2%} | {low:.2%} to {high:.2%} |",
        f"| expected calibration error | {metrics.ece:.4f} |",
        f"(temperature {metrics.temperature:.2f})",
        "| accuracy | 87.50% |",
        "Irony",
        f"| torch | {torch.__version__} |",
    ):
        assert part in card.text, part
    assert card.data.library_name == "sentiment-lstm"
    assert card.data.pipeline_tag == "text-classification"
    assert card.data.language == "en"
    assert card.data.license is None
    assert card.data.datasets is None  # `sample` is none of the Hub's
    found = {one.metric_type: one.metric_value for one in card.data.eval_results}
    assert found == {"accuracy": metrics.accuracy, "f1": metrics.f1, "roc_auc": metrics.roc_auc}


def test_figures_of_another_model_do_not_stand_in_a_card():
    bundle = shareable(untrained(dataset="stanfordnlp/imdb"))
    measured = {"dataset": "d", "accuracy": 0.9, "confusion": [[1, 0], [0, 1]]}
    of_this = model_card(bundle, {}, {**measured, "temperature": 1.25})
    assert "90.00%" in of_this
    assert "datasets:\n- stanfordnlp/imdb" in of_this
    for other in ({"temperature": 1.26}, {}, {"temperature": 1.25, "confusion": [[1]]}):
        assert "90.00%" not in model_card(bundle, {}, {**measured, **other})


def test_a_card_tells_of_texts_without_labels_and_of_lessons():
    bundle = shareable(untrained(dataset="sample"))
    assert "without a label" not in model_card(bundle, {}, {})
    bundle.data |= {"unlabelled": {"rows": 1200, "labelled": 900}, "lessons": {"rows": 1300}}
    card = model_card(bundle, {}, {})
    assert "those of 900 texts without a label too (1,200 were there" in card
    assert "Beside it 1,300 short sentences" in card


def test_odd_names_are_text_in_a_card_and_missing_facts_are_left_out():
    odd = "a|b <script>`x`\n---\n# [l](http://x) \x1b[31m &amp; *"
    bundle = untrained(dataset=odd, language="xx")
    bundle.labels = [odd, "ok", "x" * 10_000]
    bundle.data = {
        "train": {"rows": odd, "fingerprint": [odd]},
        "metrics": {"validation_loss": odd},
    }
    measured = {
        "temperature": 1.25,
        "confusion": [[], [], []],
        "dataset": odd,
        "n": 10**400,
        "accuracy": float("nan"),
        "accuracy_interval": "no",
        "f1": True,
        "roc_auc": 0.5,
        "slices": [1, {"name": odd, "accuracy": 0.5, "accuracy_interval": [None, 2]}],
    }
    text = model_card(bundle, {"torch": odd}, measured)
    card = ModelCard(text)
    assert "language: multilingual" in text
    assert "<script>" not in card.text
    assert "\x1b" not in text
    assert "nan" not in text
    assert card.text.count("\n# ") == 1
    for row in card.text.splitlines():
        if row.startswith("| "):
            cells = re.split(r"(?<!\\)\|", row)
            assert len(cells) in (4, 5), row
    empty = untrained()
    empty.data = {}
    assert "How well it does" not in model_card(empty, {}, {})


def sentiment(*arguments, hub, home, **environment):
    """The command `sentiment`, as a user types it, with a client that knows no other Hub."""
    return subprocess.run(
        [sys.executable, "-m", "sentiment", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=home,
        env=os.environ
        | {"PYTHONPATH": str(ROOT), "HF_ENDPOINT": hub.endpoint, "HF_HOME": str(home / "hf")}
        | {"HF_HUB_DISABLE_XET": "1", "HF_TOKEN": TOKEN}
        | environment,
    )


def test_the_commands_push_fetch_and_leave_the_cache_as_it_was(classifier, tmp_path):
    classifier.save_pretrained(tmp_path / "run")
    with serving_hub() as hub:
        at = {"hub": hub, "home": tmp_path}
        refused = sentiment("push", "user/mine", "--model", "run", HF_TOKEN="hf_wrong", **at)
        assert refused.returncode == 2
        assert re.fullmatch(r"Error: The Hub does not let you write.*\(401\).*\n", refused.stderr)
        pushed = sentiment("push", "user/mine", "--model", "run", "--private", **at)
        assert (pushed.returncode, pushed.stderr) == (0, "")
        assert f"The model is at {hub.endpoint}/user/mine" in pushed.stdout
        assert hub.models["user/mine"]["private"] is True

        model = ("--model", "user/mine")
        fetched = sentiment("predict", *TEXTS, "--format", "jsonl", *model, **at)
        assert fetched.returncode == 0, fetched.stderr
        predictions = [json.loads(line) for line in fetched.stdout.splitlines()]
        assert [one["label"] for one in predictions] == [one["label"] for one in classifier(TEXTS)]
        before = {path for path in (tmp_path / "hf").rglob("*") if path.is_file()}
        measured = sentiment("eval", *model, "--dataset", "sample", "--json", **at)
        assert json.loads(measured.stdout)["n"] == 1000, measured.stderr
        refused = sentiment("calibrate", *model, "--dataset", "sample", **at)
        assert refused.returncode == 2
        assert re.search("no folder 'user/mine' to write.*hf download user/mine", refused.stderr)
    after = {path for path in (tmp_path / "hf").rglob("*") if path.is_file()}
    assert not [path for path in after - before if "models--" in str(path)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hf", "run"]


def test_the_shipped_model_is_not_pushed_by_oversight(tmp_path):
    with serving_hub() as hub:
        refused = sentiment("push", "user/mine", hub=hub, home=tmp_path)
        assert refused.returncode == 2
        assert "Missing option '--model'" in refused.stderr
        assert hub.requests == []
