"""The properties that `benchmarks/fuzz.py` fuzzes exist; the benchmark itself is run by hand."""

import subprocess
import sys

from support.paths import ROOT

TRY_EACH = """
import runpy
fuzz = runpy.run_path("benchmarks/fuzz.py")
for name in fuzz["PROPERTIES"]:
    fuzz["property_of"](name)(bytes(range(256)) * 4)
    print(name)
"""


def test_each_property_accepts_bytes_without_pytest():
    command = [sys.executable, "-W", "ignore", "-c", TRY_EACH]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert len(result.stdout.split()) >= 8
