"""The Makefile passes the values of its variables to the program as they are."""

import re
import shutil
import subprocess

import pytest
from support.make_commands import ROOT, commands_of_make, make

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")

DATA = [
    "a joy $(shell touch x) film, $(error no) ${HOME}",
    "it cost $5, $$ and $HOME",
    "`touch x` $(touch x) \"; touch x; '",
    "100% # not a comment \\ \\n *",
    "电影 – une soirée",
]
USED_BY = {
    "DATASET": ("train", "tune", "pretrain", "eval", "baseline", "report"),
    "OUT": ("train",),
    "MODEL": ("eval", "baseline", "predict", "check", "report", "demo"),
    "ENCODER": ("pretrain",),
    "REPORT": ("report",),
    "SEED": ("train", "tune"),
    "TEXT": ("predict",),
    "FILE": ("predict",),
    "OUTPUT": ("predict",),
}


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("variable", USED_BY)
@pytest.mark.parametrize("source", ["command line", "environment"])
def test_the_value_of_a_variable_is_data(tmp_path, source, variable, data):
    targets = USED_BY[variable]
    if source == "command line":
        commands = commands_of_make(*targets, f"{variable}={data}", cwd=tmp_path)
    else:
        commands = commands_of_make(*targets, cwd=tmp_path, **{variable: data})
    assert [command[0] for command in commands] == list(targets)
    assert all(data in command for command in commands)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("data", DATA)
def test_help_prints_the_values_of_variables_as_they_are(tmp_path, data):
    shutil.copy(ROOT / "Makefile", tmp_path)
    out = make("help", *(f"{variable}={data}" for variable in USED_BY), cwd=tmp_path)
    assert f"DATASET={data} OUT={data} MODEL={data} REPORT={data} SEED={data}" in out
    assert [path.name for path in tmp_path.iterdir()] == ["Makefile"]


@pytest.mark.parametrize("name", ["runs/mine", "runs/my run [1] $x"])
@pytest.mark.parametrize("target", USED_BY["MODEL"])
def test_the_model_is_the_one_in_out_if_there_is_one(tmp_path, target, name):
    [command] = commands_of_make(target, f"OUT={name}", cwd=tmp_path)
    assert "--model" not in command
    (tmp_path / name).mkdir(parents=True)
    (tmp_path / name / "model.safetensors").touch()
    [command] = commands_of_make(target, f"OUT={name}", cwd=tmp_path)
    assert command[command.index("--model") + 1] == name
    [command] = commands_of_make(target, f"OUT={name}", "MODEL=", cwd=tmp_path)
    assert "--model" not in command


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        *(([target], [""]) for target in ("install", "train", "pretrain", "eval", "baseline")),
        *(([target], [""]) for target in ("predict", "check")),
        (["predict", "ARGS=--explain --format html"], ["", "-explain"]),
        (["report"], ["", "-explain"]),
        (["tune"], ["", "-tune"]),
        (["demo"], ["", "-demo"]),
        (["install-all"], ["", "-dev"]),
        (["docs"], ["", "-docs"]),
    ],
    ids=str,
)
def test_target_installs_only_what_it_needs(tmp_path, words, parts):
    commands = subprocess.run(
        ["make", "--dry-run", *words, f"VENV={tmp_path}/venv"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=True,
    ).stdout
    installed = re.findall(r"pip install .*-r (\S+)", commands)
    assert installed == [f"requirements{part}.txt" for part in parts]
