"""What is installed: exact versions, and the ranges of versions are those that are tested."""

import re
import subprocess
import sys
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from support.paths import ROOT
from support.small_models import SMALL

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
RANGES = {
    canonicalize_name(requirement.name): requirement.specifier
    for texts in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values())
    for requirement in map(Requirement, texts)
}
# No test needs them, or only one that is skipped without them: schemathesis needs a newer rich.
LEFT_OUT = {"coverage", "import-linter", "mypy", "ruff", "schemathesis"}
FILES = ("", "-onnx", "-explain", "-tune", "-demo", "-serve", "-ray", "-spark", "-dev", "-docs")
PINS = [f"requirements{part}.txt" for part in FILES]


def pinned(file):
    """The version of each package in a requirements file."""
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    found = [re.match(r"([\w-]+)(?:\[[\w,]+\])?==(\S+)", line) for line in lines]
    return {canonicalize_name(pin[1]): Version(pin[2]) for pin in found if pin}


def installed(file):
    """The names of the packages that a requirements file and those that it includes pin."""
    included = re.findall(r"^-r (\S+)$", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)
    return set(pinned(file)).union(*map(installed, included))


def names(*texts):
    return {canonicalize_name(Requirement(text).name) for text in texts}


@pytest.mark.parametrize("file", PINS)
def test_every_version_is_exact(file):
    allowed = re.compile(r"#|-r requirements[\w-]*\.txt$|[\w-]+(\[[\w,]+\])?==[\w.]+( |$)")
    for line in (ROOT / file).read_text(encoding="utf-8").splitlines():
        assert allowed.match(line), line


def test_what_is_pinned_is_all_that_is_needed_and_within_its_range():
    pins = {name: version for file in PINS for name, version in pinned(file).items()}
    assert pins.keys() == RANGES.keys()
    for name, version in pins.items():
        assert version in RANGES[name], name


def test_the_oldest_that_are_tested_are_the_oldest_that_are_allowed():
    oldest = pinned("requirements-min.txt")
    assert oldest.pop("torch") == pinned("requirements.txt")["torch"]
    allowed = {
        name: Version(clause.version)
        for name, specifier in RANGES.items()
        for clause in specifier
        if clause.operator == ">="
    }
    extras = PROJECT["optional-dependencies"]
    unneeded = LEFT_OUT | names(*extras["docs"]) - names(*extras["dev"]) | {"torch"}
    assert oldest == {name: allowed[name] for name in allowed.keys() - unneeded}


def test_what_is_installed_by_default_is_what_pip_installs_and_onnx_runtime():
    extras = PROJECT["optional-dependencies"]
    assert installed("requirements.txt") == names(*PROJECT["dependencies"], *extras["onnx"])


@pytest.mark.parametrize(
    ("extra", "file"),
    [
        *(
            (extra, f"requirements-{extra}.txt")
            for extra in ("onnx", "explain", "serve", "tune", "demo", "ray", "spark")
        ),
        ("report", "requirements-explain.txt"),
        ("dev", "requirements-dev.txt"),
        ("docs", "requirements-docs.txt"),
        ("notebooks", "requirements-dev.txt"),
    ],
)
def test_requirements_of_an_extra_have_its_packages(extra, file):
    assert names(*PROJECT["optional-dependencies"][extra]) <= installed(file)


def test_requirements_of_an_extra_add_only_its_own_packages():
    base, tune = installed("requirements.txt"), installed("requirements-tune.txt")
    assert tune - base == {"optuna"}
    assert installed("requirements-explain.txt") - base == {"captum", "matplotlib"}
    assert not {"torch", "datasets", "pyarrow"} & installed("requirements-onnx.txt")


def test_training_evaluation_and_prediction_need_no_extra(tmp_path):
    missing = ["captum", "gradio", "matplotlib", "openpyxl", "optuna"]
    path = tmp_path / "reviews.csv"
    path.write_text("text,label\n" + "A fine film.,pos\nA dull film.,neg\n" * 30, encoding="utf-8")
    settings = {**SMALL, "dataset": str(path), "min_freq": 1}
    code = f"""
import sys
sys.modules.update(dict.fromkeys({missing}))
from sentiment import load_reviews, train
classifier = train(out={str(tmp_path / "run")!r}, **{settings})
classifier.evaluate(load_reviews({str(path)!r})["train"])
print(classifier("A joy.")["label"])
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
    assert result.returncode == 0, result.stderr
    assert result.stdout.split()[-1] in ("neg", "pos")
