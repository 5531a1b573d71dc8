"""Downloads from and uploads to the Hub: the real client against a local server."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import huggingface_hub
import numpy as np
import pytest
from huggingface_hub import constants
from support.local_hub import TOKEN, commit_of, serving_hub
from support.paths import ROOT
from support.small_models import small_classifier

from sentiment import Classifier
from sentiment.artifacts.checksums import FILES, VOCAB_FILE, WEIGHTS_FILE
from sentiment.artifacts.sharing import SHARED_FILES
from sentiment.errors import ConfigError, HubError, ModelError
from sentiment.runtime import network
from sentiment.runtime.network import is_hub_id, with_time_limit

pytestmark = pytest.mark.filterwarnings(
    "ignore::sentiment.inference.classifier.UnknownWordsWarning"
)

TEXTS = ["A good film.", "A bad film, and dull.", "gut"]


@pytest.fixture
def classifier():
    return small_classifier()


@pytest.fixture
def saved(classifier, tmp_path):
    """The files of the classifier, by name."""
    classifier.save_pretrained(tmp_path / "saved")
    return {path.name: path.read_bytes() for path in (tmp_path / "saved").iterdir()}


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """The server that the client of this process uses, with an empty cache and no login."""
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
    return classifier.predict_proba(TEXTS)


def test_a_pushed_model_arrives_unchanged_and_predicts_the_same(hub, classifier, saved):
    page = classifier.push_to_hub("user/mine", token=TOKEN)
    assert page == f"{hub.endpoint}/user/mine"
    arrived = hub.models["user/mine"]["main"]
    assert set(arrived) == set(SHARED_FILES) == {*FILES, "README.md"}
    for name in FILES:
        assert arrived[name] == saved[name], name
    assert hub.commits == [sorted(SHARED_FILES)]  # One commit: the model is never incomplete.
    assert [*hub.uploads.values()] == [saved[WEIGHTS_FILE]]
    assert hub.models["user/mine"]["private"] is False

    fetched = Classifier.from_pretrained("user/mine")
    assert fetched.labels == classifier.labels
    np.testing.assert_array_equal(scores(fetched), scores(classifier))
    assert set(hub.sent("user/mine")) == set(FILES)


def test_only_the_three_files_of_a_model_are_downloaded(hub, saved, tmp_path):
    hostile = {
        "pytorch_model.bin": b"\x80\x04cos\nsystem\n",
        "code.py": b"1 / 0",
        "x/config.json": b"{}",
    }
    hub.add("user/mine", {**saved, **hostile})
    Classifier.from_pretrained("user/mine")
    assert sorted(hub.sent("user/mine")) == sorted(FILES)
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.name in hostile]


def test_a_downloaded_model_loads_without_a_network(hub, saved, monkeypatch):
    hub.add("user/mine", saved)
    online = scores(Classifier.from_pretrained("user/mine"))
    hub.shutdown()
    hub.server_close()
    np.testing.assert_allclose(scores(Classifier.from_pretrained("user/mine")), online)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    np.testing.assert_allclose(scores(Classifier.from_pretrained("user/mine")), online)
    with pytest.raises(HubError, match="folder 'user/other'.*cannot be reached.*HF_ENDPOINT"):
        Classifier.from_pretrained("user/other")


def test_a_hub_that_does_not_answer_is_an_error_after_the_time_limit(hub, monkeypatch):
    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", lambda *_, **__: time.sleep(60))
    monkeypatch.setattr(huggingface_hub.HfApi, "create_repo", lambda *_, **__: time.sleep(60))
    monkeypatch.setattr(network, "HUB_TIMEOUT", 0.1)
    with pytest.raises(HubError, match="folder 'user/mine'.*no answer within 0.1 seconds"):
        Classifier.from_pretrained("user/mine")
    with pytest.raises(HubError, match="cannot be reached for 'user/mine': no answer within"):
        small_classifier().push_to_hub("user/mine", token=TOKEN)


def test_a_revision_can_be_pushed_and_downloaded(hub, classifier, saved):
    hub.add("user/mine", {"README.md": b"# By hand"})
    with pytest.raises(HubError, match="'user/mine' has no revision 'v2' on the Hub"):
        Classifier.from_pretrained("user/mine", revision="v2")
    classifier.push_to_hub("user/mine", token=TOKEN, revision="v2")
    assert hub.models["user/mine"]["main"] == {"README.md": b"# By hand"}
    assert hub.models["user/mine"]["v2"][WEIGHTS_FILE] == saved[WEIGHTS_FILE]
    fetched = Classifier.from_pretrained("user/mine", revision="v2")
    np.testing.assert_allclose(scores(fetched), scores(classifier))
    with pytest.raises(HubError, match="not a model saved by sentiment: config.json and voc"):
        Classifier.from_pretrained("user/mine")


def test_a_revision_of_a_local_folder_is_an_error(classifier, tmp_path):
    classifier.save_pretrained(tmp_path / "user")
    with pytest.raises(ConfigError, match="revision is for a model on the Hub"):
        Classifier.from_pretrained(tmp_path / "user", revision="main")


def test_a_local_folder_has_precedence_over_the_hub(hub, classifier, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    classifier.save_pretrained("user/mine")
    Classifier.from_pretrained("user/mine")
    assert hub.requests == []


def test_each_refusal_of_the_hub_says_what_to_do(hub, saved):
    with pytest.raises(HubError, match="no model of that name.*you can read.*hf auth login"):
        Classifier.from_pretrained("user/nothing")
    hub.add("user/secret", saved, private=True)
    with pytest.raises(HubError, match="no model of that name.*you can read.*hf auth login"):
        Classifier.from_pretrained("user/secret")
    hub.add("user/gated", saved)
    hub.gated.add("user/gated")
    with pytest.raises(HubError, match="'user/gated' is gated: accept its terms"):
        Classifier.from_pretrained("user/gated")
    with pytest.raises(HubError, match="no model of that name"):
        Classifier.from_pretrained("user/na--me")


def test_a_private_model_is_downloaded_with_the_token(hub, saved, monkeypatch):
    hub.add("user/secret", saved, private=True)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert Classifier.from_pretrained("user/secret").labels == ["neg", "pos"]


def test_the_commit_whose_sizes_were_checked_is_downloaded(hub, classifier, saved, monkeypatch):
    hub.add("user/mine", saved)
    model_info = huggingface_hub.HfApi.model_info

    def push_after_info(*arguments, **options):
        info = model_info(*arguments, **options)
        newer = dict.fromkeys(saved, b"x" * 1000)
        hub.models["user/mine"] = {"private": False, "main": newer, "before": saved}
        return info

    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", push_after_info)
    np.testing.assert_allclose(scores(Classifier.from_pretrained("user/mine")), scores(classifier))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    np.testing.assert_allclose(scores(Classifier.from_pretrained("user/mine")), scores(classifier))


@pytest.mark.parametrize("revision", [None, "v2", "commit"])
def test_each_revision_is_found_again_without_a_network(hub, saved, monkeypatch, revision):
    hub.models["user/mine"] = {"private": False, "main": saved, "v2": saved}
    revision = commit_of(saved) if revision == "commit" else revision
    online = scores(Classifier.from_pretrained("user/mine", revision=revision))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    offline = scores(Classifier.from_pretrained("user/mine", revision=revision))
    np.testing.assert_array_equal(offline, online)
    with pytest.raises(HubError, match="cannot be reached"):
        Classifier.from_pretrained("user/mine", revision="v3")


def test_a_cache_that_cannot_be_written_to_is_read(hub, classifier, saved, monkeypatch):
    hub.add("user/mine", saved)
    Classifier.from_pretrained("user/mine")

    def refuse(*_, **__):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "write_text", refuse)
    np.testing.assert_allclose(scores(Classifier.from_pretrained("user/mine")), scores(classifier))


def test_a_file_too_large_is_not_downloaded(hub, saved):
    hub.add("user/mine", saved)
    hub.sizes[VOCAB_FILE] = 2**40
    with pytest.raises(HubError, match=r"vocab.txt of 'user/mine'.*1,099,511,627,776 bytes"):
        Classifier.from_pretrained("user/mine")
    assert hub.sent("user/mine") == []


def test_downloaded_weights_are_checked_against_the_config(hub, saved):
    changed = bytearray(saved[WEIGHTS_FILE])
    changed[-1] ^= 1
    hub.add("user/mine", {**saved, WEIGHTS_FILE: bytes(changed)})
    with pytest.raises(ModelError, match=r"model\.safetensors' is not what was saved with"):
        Classifier.from_pretrained("user/mine")


def test_an_interrupted_download_is_an_error_and_can_be_repeated(
    hub, saved, classifier, monkeypatch
):
    monkeypatch.setattr(time, "sleep", lambda _: None)  # The client waits between its attempts.
    hub.add("user/mine", saved)
    hub.cut.add(WEIGHTS_FILE)
    with pytest.raises(HubError, match="Could not download 'user/mine' from the Hub: .*body"):
        Classifier.from_pretrained("user/mine")
    hub.cut.clear()
    fetched = Classifier.from_pretrained("user/mine")
    np.testing.assert_allclose(scores(fetched), scores(classifier))


def test_a_refused_push_says_why_and_uploads_nothing(hub, classifier):
    with pytest.raises(HubError, match="needs a token: log in.*HF_TOKEN"):
        classifier.push_to_hub("user/mine")
    assert hub.requests == []
    with pytest.raises(HubError, match=r"does not let you write 'user/mine' \(401\)"):
        classifier.push_to_hub("user/mine", token="hf_wrong")
    with pytest.raises(HubError, match=r"does not let you write 'others/mine' \(403\)"):
        classifier.push_to_hub("others/mine", token=TOKEN)
    for name in ("mine", "user/", "../mine", "user/mine/more"):
        with pytest.raises(HubError, match="expected user/name"):
            classifier.push_to_hub(name, token=TOKEN)
    assert (hub.models, hub.uploads) == ({}, {})


def test_no_error_message_contains_the_token(hub, classifier):
    for token in ("hf_with\na_line_feed", "hf_with a space", "hf_with_é"):
        with pytest.raises(HubError, match="token has characters that no token has") as raised:
            classifier.push_to_hub("user/mine", token=token)
        assert "hf_with" not in str(raised.value)


def test_a_private_push_to_a_public_model_uploads_nothing(hub, classifier):
    classifier.push_to_hub("user/mine", private=True, token=TOKEN)
    assert hub.models["user/mine"]["private"] is True
    classifier.push_to_hub("user/mine", private=True, token=TOKEN)
    hub.add("user/public", {})
    with pytest.raises(HubError, match="'user/public' is public on the Hub"):
        classifier.push_to_hub("user/public", private=True, token=TOKEN)
    assert hub.models["user/public"]["main"] == {}


def sentiment(*arguments, **options):
    """Run the command `sentiment` with a client that uses the local server."""
    return run_python("-m", "sentiment", *map(str, arguments), **options)


def run_python(*arguments, hub, home, **environment):
    """Run Python with a client that uses the local server."""
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        cwd=home,
        env=os.environ
        | {"PYTHONPATH": str(ROOT), "HF_ENDPOINT": hub.endpoint, "HF_HOME": str(home / "hf")}
        | {"HF_HUB_DISABLE_XET": "1", "HF_TOKEN": TOKEN}
        | environment,
    )


@pytest.mark.slow
def test_commands_push_download_and_leave_the_cache_unchanged(classifier, tmp_path):
    classifier.save_pretrained(tmp_path / "run")
    with serving_hub() as hub:
        at = {"hub": hub, "home": tmp_path}
        refused = sentiment("push", "user/mine", "--model", "run", HF_TOKEN="hf_wrong", **at)
        assert refused.returncode == 2
        assert re.fullmatch(r"Error: The Hub does not let you write.*\(401\).*\n", refused.stderr)
        pushed = sentiment("push", "user/mine", "--model", "run", "--private", **at)
        assert (pushed.returncode, pushed.stderr) == (0, "")
        assert f"Uploaded to {hub.endpoint}/user/mine" in pushed.stdout
        assert hub.models["user/mine"]["private"] is True

        model = ("--model", "user/mine")
        fetched = sentiment("predict", *TEXTS, "--format", "jsonl", *model, **at)
        assert fetched.returncode == 0, fetched.stderr
        labels = [json.loads(line)["label"] for line in fetched.stdout.splitlines()]
        assert labels == classifier.predict(TEXTS)
        before = {path for path in (tmp_path / "hf").rglob("*") if path.is_file()}
        measured = sentiment("eval", *model, "--dataset", "sample", "--json", **at)
        assert json.loads(measured.stdout)["n"] == 1000, measured.stderr
        refused = sentiment("calibrate", *model, "--dataset", "sample", **at)
        assert refused.returncode == 2
        assert re.search("no folder 'user/mine' to write.*hf download user/mine", refused.stderr)
    after = {path for path in (tmp_path / "hf").rglob("*") if path.is_file()}
    assert not [path for path in after - before if "models--" in str(path)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hf", "run"]


def test_push_requires_a_model(tmp_path):
    with serving_hub() as hub:
        refused = sentiment("push", "user/mine", hub=hub, home=tmp_path)
        assert refused.returncode == 2
        assert "Missing option '--model'" in refused.stderr
        assert hub.requests == []


@pytest.mark.slow
def test_the_command_line_prints_no_messages_of_the_client(classifier, tmp_path):
    classifier.save_pretrained(tmp_path / "run")
    with serving_hub() as hub:
        hub.add(
            "user/mine", {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
        )
        hub.cut.add(WEIGHTS_FILE)
        result = sentiment("predict", "A film.", "--model", "user/mine", hub=hub, home=tmp_path)
    assert result.returncode == 2
    assert re.fullmatch("Error: Could not download 'user/mine' from the Hub: .*\n", result.stderr)


LOAD_DATASET = """
import huggingface_hub, datasets
from sentiment.data.hub import from_hub

dataset = from_hub("user/reviews", None, None)
print([(split, *row.values()) for split, rows in dataset.items() for row in rows])
assert not huggingface_hub.constants.HF_HUB_OFFLINE
assert not datasets.config.HF_HUB_OFFLINE
"""


def test_a_downloaded_dataset_loads_without_a_network(tmp_path):
    files = {"train.csv": b"text,label\ngood,1\nbad,0\n", "test.csv": b"text,label\nfine,1\n"}
    expected = [("train", "good", 1), ("train", "bad", 0), ("test", "fine", 1)]
    with serving_hub() as hub:
        at = {"hub": hub, "home": tmp_path}
        never = run_python("-c", LOAD_DATASET, **at)
        assert "HubError" in never.stderr
        assert "no dataset of that name" in never.stderr
        hub.add("datasets/user/reviews", files)
        online = run_python("-c", LOAD_DATASET, **at)
        assert online.stdout == f"{expected}\n", online.stderr
    offline = run_python("-c", LOAD_DATASET, **at)
    assert offline.stdout == f"{expected}\n", offline.stderr


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("stanfordnlp/imdb", True),
        ("imdb", True),
        ("user/model-v2.5", True),
        ("data/reviews.csv", False),
        ("reviews.JSONL", False),
        ("data.tar.gz", False),
        ("a/b/c", False),
        ("./reviews", False),
        ("~/reviews", False),
        (r"data\reviews", False),
    ],
)
def test_file_names_and_paths_are_no_hub_ids(name, expected):
    assert is_hub_id(name) == expected


def test_a_time_limit_passes_on_results_and_errors():
    assert with_time_limit(lambda: 3) == 3
    with pytest.raises(ZeroDivisionError):
        with_time_limit(lambda: 1 / 0)
    with pytest.raises(TimeoutError, match=r"no answer within 0\.01 seconds"):
        with_time_limit(lambda: time.sleep(1), seconds=0.01)
