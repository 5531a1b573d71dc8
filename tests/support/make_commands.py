"""The commands that `make` runs."""

import json
import os
import subprocess
import sys

from support.paths import ROOT

PRINT_ARGUMENTS = "import json, sys; print(json.dumps(sys.argv[1:]))"
PARTS = ("", "-explain", "-tune", "-demo", "-dev")  # Of what is installed.
VARIABLES = ("DATASET", "OUT", "MODEL", "ENCODER", "REPORT", "SEED", "TEXT", "FILE", "OUTPUT")


def commands_of_make(*words, cwd=ROOT, **environment):
    """Return the arguments of each `sentiment` command that `make` runs, without running it.

    Args:
        words: targets and variables.
        cwd: the folder to run in.
        environment: variables that are passed through the environment.
    """
    return [json.loads(line) for line in make(*words, cwd=cwd, **environment).splitlines()]


def make(*words, cwd, **environment):
    """Return what `make` prints; its `sentiment` commands print their arguments only."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in VARIABLES and not name.startswith("MAKE")
    }
    installed = [f"-o.venv/installed{part}" for part in PARTS]  # Do not install.
    run = f"RUN={sys.executable} -c '{PRINT_ARGUMENTS}'"
    return subprocess.run(
        ["make", "-s", "-f", ROOT / "Makefile", *installed, run, *words],
        cwd=cwd,
        env={**inherited, **environment},
        capture_output=True,
        encoding="utf-8",
        check=True,
    ).stdout
