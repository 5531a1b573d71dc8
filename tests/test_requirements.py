"""What is installed: every pin has its reason, and the ranges are those that are tested."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
RANGES = {
    canonicalize_name(requirement.name): requirement.specifier
    for texts in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values())
    for requirement in map(Requirement, texts)
}
LINTERS = {"import-linter", "mypy", "ruff"}  # No test needs them.
PINS = [f"requirements{part}.txt" for part in ("", "-onnx", "-demo", "-dev")]


def pinned(file):
    """The version of each package in a requirements file."""
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    found = [re.match(r"([\w-]+)==(\S+)", line) for line in lines]
    return {canonicalize_name(pin[1]): Version(pin[2]) for pin in found if pin}


@pytest.mark.parametrize("file", PINS)
def test_every_pin_is_exact_and_has_a_reason(file):
    for line in (ROOT / file).read_text(encoding="utf-8").splitlines():
        assert re.match(r"#|-r requirements[\w-]*\.txt$|[\w-]+==[\w.]+ +# \w", line), line


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
    assert oldest == {name: allowed[name] for name in allowed.keys() - LINTERS - {"torch"}}
