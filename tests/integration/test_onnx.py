"""Export to ONNX, and predictions with ONNX Runtime, without PyTorch."""

import json
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import threading
from itertools import combinations

import numpy as np
import pytest
import torch
from support.checksums import reseal
from support.small_models import small_classifier

from sentiment import Classifier, ConfigError, DependencyError, ModelError
from sentiment.artifacts.model_folder import save_model
from sentiment.config import POOLINGS, ModelConfig
from sentiment.data.review_splits import from_reviews
from sentiment.inference.batched import uncalibrated_logits
from sentiment.inference.explain import explain
from sentiment.inference.unknown_words import UnknownWordsWarning
from sentiment.models.lstm import LSTMClassifier
from sentiment.models.sizes import weight_shapes

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

import sentiment.inference.onnx  # noqa: E402
from sentiment.inference import export as export_module  # noqa: E402
from sentiment.inference.export import export  # noqa: E402
from sentiment.inference.onnx import OnnxModel  # noqa: E402
from sentiment.models.onnx_graph import build_model  # noqa: E402

FILES = ["config.json", "model.onnx", "vocab.txt"]
TEXTS = ["a good film .", "bad", "a dull film , and a bad film .", "good , and good ."]
# Empty, of unknown words, of one word, longer than one batch's others, with every word.
REVIEWS = [[], [1] * 7, [2], [3, 4, 5, 6] * 10, [9, 8, 7, 6, 5, 4, 3, 2], [4, 5], [1], [2, 1, 2]]
EVERY_POOLING = [
    "+".join(kinds) for size in range(1, 5) for kinds in combinations(POOLINGS, size)
] + ["attention+max+last"]
QUANTIZATIONS = [None, "int8"]


def random_classifier(**settings):
    """A classifier whose random weights are large enough that padding would change its logits."""
    classifier = small_classifier(**{"dataset": "sample", **settings})
    with torch.no_grad():
        for weight in classifier.model.parameters():
            weight.uniform_(-1, 1)
    return classifier


def onnx_model(classifier, quantize=None):
    weights = {name: tensor.numpy() for name, tensor in classifier.model.state_dict().items()}
    model = build_model(classifier.config.model, weights, classifier.temperature, quantize)
    return OnnxModel(model.SerializeToString())


def torch_logits(classifier, reviews):
    logits = uncalibrated_logits(classifier.model, reviews, precision="float32")
    return logits.numpy() / classifier.temperature


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """The folders of a small classifier's exports, by their quantization, and the classifier."""
    classifier = small_classifier()
    folder = tmp_path_factory.mktemp("exports")
    for quantize in QUANTIZATIONS:
        export(classifier, folder / str(quantize), quantize=quantize)
    return folder, classifier


@pytest.fixture(params=QUANTIZATIONS)
def folder(exported, request, tmp_path):
    """A copy of an export."""
    return shutil.copytree(exported[0] / str(request.param), tmp_path / "export")


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("pooling", EVERY_POOLING)
@pytest.mark.parametrize("num_layers", [1, 3])
@pytest.mark.parametrize("num_labels", [2, 5])
def test_logits_equal_those_of_pytorch(bidirectional, pooling, num_layers, num_labels):
    settings = {"bidirectional": bidirectional, "pooling": pooling, "num_layers": num_layers}
    classifier = random_classifier(labels="abcde"[:num_labels], **settings)
    expected = torch_logits(classifier, REVIEWS)
    assert np.ptp(expected) > 0.5
    model = onnx_model(classifier)
    for batch_size in (1, 3, 64):
        np.testing.assert_allclose(model.logits(REVIEWS, batch_size), expected, atol=1e-4)
    quantized = onnx_model(classifier, "int8").logits(REVIEWS)
    np.testing.assert_allclose(quantized, expected, rtol=0, atol=0.05 * np.ptp(expected))


@pytest.mark.parametrize("quantize", [None, "int8"])
@pytest.mark.parametrize("pooling", EVERY_POOLING)
@pytest.mark.parametrize("num_layers", [1, 2])
def test_logits_do_not_depend_on_the_other_reviews_of_a_batch(quantize, pooling, num_layers):
    classifier = random_classifier(labels="abc", pooling=pooling, num_layers=num_layers)
    model = onnx_model(classifier, quantize)
    alone = np.concatenate([model.logits([review]) for review in REVIEWS])
    assert np.ptp(alone) > 0.5
    np.testing.assert_allclose(model.logits(REVIEWS), alone, atol=1e-5)


def test_reviews_are_computed_in_windows(monkeypatch):
    monkeypatch.setattr(sentiment.inference.onnx, "usable_cpus", lambda: 4)
    model = onnx_model(random_classifier())
    expected = model.logits(REVIEWS)
    for window in range(1, len(REVIEWS) + 2):
        monkeypatch.setattr(sentiment.inference.onnx, "WINDOW", window)
        np.testing.assert_allclose(model.logits(iter(REVIEWS)), expected, atol=1e-5)


def test_batches_have_a_limited_number_of_tokens(monkeypatch):
    model = onnx_model(random_classifier())
    expected = model.logits(REVIEWS)
    sizes = []
    pad_reviews = sentiment.inference.onnx.pad

    def recording_pad(reviews):
        padded = pad_reviews(reviews)
        sizes.append(padded[0].size)
        return padded

    monkeypatch.setattr(sentiment.inference.onnx, "pad", recording_pad)
    monkeypatch.setattr(sentiment.inference.onnx, "MAX_BATCH_TOKENS", 16)
    np.testing.assert_allclose(model.logits(REVIEWS), expected, atol=1e-5)
    assert sorted(sizes)[-2:] == [16, 40]  # A longer review is a batch of its own.


@pytest.mark.parametrize("place", [0, 4, 8])
def test_error_of_a_batch_reaches_the_caller_and_leaves_no_thread(monkeypatch, place):
    monkeypatch.setattr(sentiment.inference.onnx, "usable_cpus", lambda: 4)
    model, unknown_id = onnx_model(random_classifier()), 10**6
    expected, threads = model.logits(REVIEWS), threading.active_count()
    with pytest.raises(Exception, match="out of data bounds"):
        model.logits([*REVIEWS[:place], [unknown_id], *REVIEWS[place:]], batch_size=1)
    assert threading.active_count() == threads
    np.testing.assert_allclose(model.logits(REVIEWS, batch_size=1), expected, atol=1e-5)


def test_no_reviews_have_no_logits():
    assert onnx_model(small_classifier(labels="abc")).logits([]).shape == (0, 3)


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("pooling", ["last", "max+mean+attention"])
@pytest.mark.parametrize("num_layers", [1, 2])
def test_shapes_of_weights_are_those_of_the_model(bidirectional, pooling, num_layers):
    config = ModelConfig(
        bidirectional=bidirectional,
        pooling=pooling,
        num_layers=num_layers,
        embedding_dim=7,
        hidden_size=5,
    )
    weights = LSTMClassifier(config, 11, 3).state_dict()
    shapes = {name: tuple(weight.shape) for name, weight in weights.items()}
    assert weight_shapes(config, 11, 3) == shapes


def test_export_has_three_files_and_no_local_path(folder):
    assert sorted(path.name for path in folder.iterdir()) == FILES
    content = json.loads((folder / "config.json").read_text())
    assert content["settings"]["data"]["dataset"] == "reviews.csv"
    assert "alice" not in (folder / "config.json").read_text()
    assert content["export"]["texts"] > 1000
    assert content["export"]["changed_labels"] <= 10
    onnx.checker.check_model(onnx.load(folder / "model.onnx"))


def test_exported_classifier_has_the_same_api(folder, exported):
    classifier = exported[1]
    loaded = Classifier.from_pretrained(folder, backend="onnx")
    expected = classifier.predict_proba(TEXTS)
    np.testing.assert_allclose(loaded.predict_proba(TEXTS), expected, atol=0.02)
    assert loaded.predict(TEXTS) == classifier.predict(TEXTS)
    assert loaded(TEXTS[0])["label"] == classifier(TEXTS[0])["label"]
    assert loaded.predict_logits(loaded.encode(TEXTS)).shape == (4, 2)
    assert loaded.temperature == classifier.temperature
    assert "backend='onnx'" in repr(loaded)
    dataset = from_reviews({"test": [(text, id % 2) for id, text in enumerate(TEXTS)]})["test"]
    metrics, own = loaded.evaluate(dataset), classifier.evaluate(dataset)
    assert metrics.accuracy == own.accuracy
    assert metrics.loss == pytest.approx(own.loss, abs=0.02)
    with pytest.warns(UnknownWordsWarning, match="the model knows 0 of the 2 words"):
        loaded("quite unknown")


def test_trained_model_is_converted_when_it_is_loaded(tmp_path):
    classifier = random_classifier(num_layers=2)
    for half in (False, True):
        save_model(tmp_path / "model", classifier.saved(), half=half)
        loaded = Classifier.from_pretrained(tmp_path / "model", backend="onnx")
        same = Classifier.from_pretrained(tmp_path / "model")
        np.testing.assert_allclose(
            loaded.predict_logits(REVIEWS), torch_logits(same, REVIEWS), atol=1e-4
        )


@pytest.mark.parametrize("name", ["explain", "to", "save_pretrained", "device"])
def test_what_needs_pytorch_names_the_backend(exported, name, tmp_path):
    classifier = Classifier.from_pretrained(exported[0] / "int8", backend="onnx")
    actions = {
        "explain": lambda: explain(classifier, TEXTS[0]),
        "to": lambda: classifier.to("cpu"),
        "save_pretrained": lambda: classifier.save_pretrained(tmp_path / "copy"),
        "device": lambda: classifier.device,
    }
    with pytest.raises(ConfigError, match="load it with backend 'torch'"):
        actions[name]()
    assert not (tmp_path / "copy").exists()


def test_pytorch_refuses_an_export(folder):
    with pytest.raises(ModelError, match="is an export.* Set backend to 'onnx'"):
        Classifier.from_pretrained(folder)


@pytest.mark.parametrize(
    ("device", "is_installed", "gpu", "expected"),
    [
        ("auto", True, False, OnnxModel),
        ("auto", True, True, LSTMClassifier),
        ("auto", False, False, LSTMClassifier),
        ("cpu", True, True, OnnxModel),
    ],
)
def test_auto_is_onnx_on_a_cpu_where_it_is_installed(
    tmp_path, monkeypatch, device, is_installed, gpu, expected
):
    save_model(tmp_path / "model", small_classifier().saved())
    monkeypatch.setattr("sentiment.inference.backends.has_onnx_runtime", lambda: is_installed)
    monkeypatch.setattr("sentiment.inference.backends.has_gpu", lambda: gpu)
    loaded = Classifier.from_pretrained(tmp_path / "model", device=device, backend="auto")
    assert isinstance(loaded.model, expected)


def test_int8_backend_has_the_predictions_of_an_int8_export(tmp_path):
    classifier = random_classifier()
    save_model(tmp_path / "model", classifier.saved())
    export(classifier, tmp_path / "int8", quantize="int8")
    export(classifier, tmp_path / "float32")
    expected = Classifier.from_pretrained(tmp_path / "int8", backend="onnx").predict_proba(TEXTS)
    for folder, backend in (("model", "onnx-int8"), ("model", "auto"), ("int8", "onnx-int8")):
        found = Classifier.from_pretrained(tmp_path / folder, device="cpu", backend=backend)
        np.testing.assert_array_equal(found.predict_proba(TEXTS), expected)
    with pytest.raises(ModelError, match="is a float32 export: set backend to 'onnx'"):
        Classifier.from_pretrained(tmp_path / "float32", backend="onnx-int8")


def test_auto_is_onnx_for_an_export(folder, monkeypatch):
    monkeypatch.setattr("sentiment.inference.backends.has_gpu", lambda: True)
    assert isinstance(Classifier.from_pretrained(folder, backend="auto").model, OnnxModel)


def test_onnx_refuses_a_gpu_and_unknown_backends_are_refused(folder):
    for backend in ("onnx", "onnx-int8", "auto"):
        with pytest.raises(ConfigError, match="device must be auto or cpu, not 'cuda'"):
            Classifier.from_pretrained(folder, backend=backend, device="cuda")
    with pytest.raises(ConfigError, match="backend must be one of torch, onnx, onnx-int8, auto, "):
        Classifier.from_pretrained(folder, backend="tpu")


def test_onnx_refuses_an_encoder(tmp_path):
    saved = small_classifier().saved()
    save_model(tmp_path / "encoder", saved._replace(model=saved.encoder, labels=None))
    with pytest.raises(ModelError, match="is an encoder"):
        Classifier.from_pretrained(tmp_path / "encoder", backend="onnx")


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_missing_package_is_named(folder, monkeypatch, package):
    for name in [name for name in sys.modules if name.split(".")[0] == package]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, package, None)
    for module in ("models.onnx_check", "models.onnx_graph", "inference.export"):
        monkeypatch.delitem(sys.modules, f"sentiment.{module}")
    with pytest.raises(DependencyError, match=r"pip install onnx onnxruntime \(the extra 'onnx'\)"):
        Classifier.from_pretrained(folder, backend="onnx")


@pytest.mark.parametrize("package", ["torch", "onnx"])
def test_missing_package_of_a_command_is_one_line(monkeypatch, package, run_command):
    monkeypatch.setattr("sentiment.inference.backends.has_torch", lambda: package != "torch")
    monkeypatch.setattr("sentiment.inference.backends.has_onnx_runtime", lambda: package != "onnx")
    if package == "torch":
        result = run_command("predict", "--backend", "torch", "good")
        assert result.stderr.startswith("Error: backend 'torch' needs PyTorch")
    else:
        for module in ("models.onnx_check", "models.onnx_graph", "inference.export"):
            monkeypatch.delitem(sys.modules, f"sentiment.{module}")
        monkeypatch.setitem(sys.modules, "onnx", None)
        result = run_command("export", "--out", "export")
        assert result.stderr == (
            "Error: export needs onnx and onnxruntime: pip install onnx onnxruntime "
            "(the extra 'onnx').\n"
        )
    assert result.returncode == 2


def test_damaged_file_is_named(folder):
    content = (folder / "model.onnx").read_bytes()
    for damaged in (content[:-1], content[: len(content) // 2], b"", content + b"\0"):
        (folder / "model.onnx").write_bytes(damaged)
        with pytest.raises(ModelError, match=r"model\.onnx' is not what was saved"):
            Classifier.from_pretrained(folder, backend="onnx")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_damaged_file_with_correct_checksums_is_refused_or_has_other_weights(folder, seed):
    content = (folder / "model.onnx").read_bytes()
    rng = random.Random(seed)
    for _ in range(10):
        damaged = bytearray(content)
        damaged[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        damaged = damaged[: rng.choice([None, rng.randrange(len(content))])]
        (folder / "model.onnx").write_bytes(damaged)
        reseal(folder)
        try:
            loaded = Classifier.from_pretrained(folder, backend="onnx")
        except ModelError as error:
            assert "model.onnx' cannot be used" in str(error)  # noqa: PT017
        else:
            assert np.isfinite(loaded.predict_proba(TEXTS)).all()


def external_data(model, location):
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)


def huge_constant(model):
    model.graph.node[0].CopyFrom(
        onnx.helper.make_node(
            "ConstantOfShape", ["shape"], list(model.graph.node[0].output), "Transpose_0"
        )
    )
    model.graph.initializer.append(
        onnx.helper.make_tensor("shape", onnx.TensorProto.INT64, [2], [2**20, 2**20])
    )


def add_function(model):
    node = onnx.helper.make_node("Identity", ["x"], ["y"])
    opset = [onnx.helper.make_opsetid("", 17)]
    model.functions.append(onnx.helper.make_function("own", "f", ["x"], ["y"], [node], opset))


HOSTILE = {
    "absolute external data": lambda model: external_data(model, "/etc/passwd"),
    "relative external data": lambda model: external_data(model, "../vocab.txt"),
    "external data in the folder": lambda model: external_data(model, "vocab.txt"),
    "huge constant": huge_constant,
    "function": add_function,
    "other operator": lambda model: setattr(model.graph.node[-1], "op_type", "Mul"),
    "other domain": lambda model: setattr(model.graph.node[-1], "domain", "evil"),
    "other attribute": lambda model: model.graph.node[0].attribute[0].ints.reverse(),
    "other opset": lambda model: setattr(model.opset_import[0], "version", 18),
    "metadata": lambda model: model.metadata_props.add(key="a", value="b"),
    "another output": lambda model: model.graph.output.add(name="more"),
    "another weight": lambda model: model.graph.initializer.add(name="more", dims=[1], data_type=1),
    "sparse weight": lambda model: model.graph.sparse_initializer.add(),
    "larger weight": lambda model: model.graph.initializer[0].dims.__setitem__(0, 2**40),
    "weight in another field": lambda model: model.graph.initializer[-1].float_data.append(1.0),
    "too few numbers": lambda model: model.graph.initializer[0].ClearField("raw_data"),
}


@pytest.mark.parametrize("attack", HOSTILE)
def test_hostile_model_with_correct_checksums_is_refused(folder, attack):
    model = onnx.load(folder / "model.onnx")
    HOSTILE[attack](model)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    reseal(folder)
    with pytest.raises(ModelError, match=r"model\.onnx' cannot be used: \w+ is "):
        Classifier.from_pretrained(folder, backend="onnx")


@pytest.mark.parametrize(
    "appended",
    [
        b"\xf8\x3f\x01",  # The integer 1 as field 1023, which no version of ONNX has.
        onnx.ModelProto(ir_version=8).SerializeToString(),
        onnx.ModelProto(graph=onnx.GraphProto(name="sentiment-lstm")).SerializeToString(),
    ],
)
def test_fields_that_are_unknown_or_repeated_are_refused(folder, appended):
    path = folder / "model.onnx"
    path.write_bytes(path.read_bytes() + appended)
    reseal(folder)
    with pytest.raises(ModelError, match="it is not the model that the settings describe"):
        Classifier.from_pretrained(folder, backend="onnx")


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -1e30])
def test_numbers_that_are_too_large_are_refused(folder, number):
    model = onnx.load(folder / "model.onnx")
    tensor = model.graph.initializer[-1]  # The bias of the classification head.
    tensor.raw_data = np.float32(number).tobytes() + tensor.raw_data[4:]
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    reseal(folder)
    with pytest.raises(ModelError, match=r"linear\.bias has numbers over 65,504"):
        Classifier.from_pretrained(folder, backend="onnx")


@pytest.mark.parametrize(
    "changes",
    [
        {"temperature": 2.0},
        {"id2label": {"0": "a", "1": "b", "2": "c"}},
        {"export": {"quantize": "int4"}},
        {"export": {"quantize": []}},
        {"export": []},
    ],
)
def test_settings_of_another_model_are_refused(folder, changes):
    reseal(folder, **changes)
    with pytest.raises(ModelError, match="cannot be used|has the quantization|has no object"):
        Classifier.from_pretrained(folder, backend="onnx")


def test_huge_settings_are_refused_before_memory_is_allocated(folder):
    content = json.loads((folder / "config.json").read_text())
    content["settings"]["model"]["hidden_size"] = 10**9
    reseal(folder, settings=content["settings"])
    with pytest.raises(ModelError, match="parameters"):
        Classifier.from_pretrained(folder, backend="onnx")


def test_export_does_not_replace_what_it_should_not(tmp_path):
    classifier = small_classifier()
    export(classifier, tmp_path / "export")
    with pytest.raises(ConfigError, match="already exists"):
        export(classifier, tmp_path / "export")
    export(classifier, tmp_path / "export", quantize="int8", overwrite=True)
    Classifier.from_pretrained(tmp_path / "export", backend="onnx")
    save_model(tmp_path / "trained", classifier.saved())
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    for name in ("trained", "empty", "file"):
        with pytest.raises(ConfigError, match="has no export to overwrite"):
            export(classifier, tmp_path / name, overwrite=True)
    Classifier.from_pretrained(tmp_path / "trained")


def test_logits_that_differ_from_pytorch_are_not_exported(tmp_path, monkeypatch):
    monkeypatch.setattr(export_module, "TOLERANCE", 0.0)
    with pytest.raises(ModelError, match="a logit of ONNX Runtime differs"):
        export(small_classifier(), tmp_path / "export")
    assert not any(tmp_path.iterdir())


def test_command_exports_a_model_that_predict_reads_and_other_commands_refuse(
    run_command, tmp_path
):
    classifier = random_classifier()
    save_model(tmp_path / "model", classifier.saved())
    result = run_command("export", "--model", "model", "--out", "out", "--quantize", "int8")
    assert "labels changed, largest difference of a logit" in result.stdout
    assert result.returncode == 0, result.stderr
    again = run_command("export", "--model", "model", "--out", "out")
    assert again.returncode == 2
    assert again.stderr.startswith("Error: 'out' already exists.")
    for backend in ("auto", "onnx"):
        predicted = run_command("predict", "--model", "out", "--backend", backend, "a good film")
        assert predicted.returncode == 0, predicted.stderr
        assert predicted.stdout.split()[0] == classifier.predict("a good film")
    refused = run_command("predict", "--model", "out", "--backend", "onnx", "--explain", "good")
    assert refused.stderr.startswith("Error: --explain computes gradients")
    for command in (["calibrate"], ["predict", "--explain", "a good film"]):
        refused = run_command(*command, "--model", "out")
        assert refused.stderr.startswith("Error: 'out' is an export")
        assert refused.returncode == 2


WITHOUT_PYTORCH = """
import sys
for name in ("torch", "datasets", "pyarrow"):
    sys.modules[name] = None  # As if it were not installed.
from sentiment import Classifier
from sentiment.cli import main
model, *commands = sys.argv[1:]
print(Classifier.from_pretrained(model, backend="onnx").predict("a good film ."))
print(Classifier.from_pretrained(backend="onnx").predict("A joy from start to finish."))
for words in commands:
    sys.argv = ["sentiment", *words.split()]
    try:
        main()
    except SystemExit as end:
        print(end.code)
"""


def test_predictions_import_neither_torch_nor_datasets_nor_pyarrow(exported, tmp_path):
    (tmp_path / "reviews.csv").write_text("text,id\na good film .,1\n")
    (tmp_path / "reviews.jsonl").write_text('{"text": "a good film ."}\n')
    (tmp_path / "reviews.txt").write_text("a good film .\n")
    model = str(exported[0] / "int8")
    commands = [
        "predict good film",
        *(f"predict --model {model} --file reviews.{suffix}" for suffix in ("csv", "jsonl", "txt")),
        f"predict --model {model} --file reviews.csv --output labelled.csv",
        "predict --file reviews.parquet",
        f"eval --model {model}",
    ]
    result = subprocess.run(
        [sys.executable, "-c", WITHOUT_PYTORCH, model, *commands],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PATH": ""},
    )
    lines = result.stdout.splitlines()
    assert lines[1] == "pos"
    assert [line for line in lines if line.isdigit()] == ["0"] * 5 + ["2"] * 2
    assert (tmp_path / "labelled.csv").read_text().startswith("text,id,label,score\n")
    assert "Traceback" not in result.stderr
    assert "This needs the package datasets" in result.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_predictions_of_a_forked_process_are_those_of_its_parent(exported):
    classifier = Classifier.from_pretrained(exported[0] / "None", backend="onnx")
    expected = classifier.predict_proba(TEXTS * 40)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        found = pool.map_async(classifier.probabilities, [classifier.encode(TEXTS)] * 2).get(60)
    for probabilities in found:
        np.testing.assert_allclose(probabilities, expected[: len(TEXTS)], atol=1e-6)
