"""What `benchmarks/fuzz.py` fuzzes is there to be fuzzed: it is run by hand, and seldom."""

import runpy
from pathlib import Path

import pytest

FUZZ = runpy.run_path(str(Path(__file__).parents[1] / "benchmarks/fuzz.py"))


@pytest.mark.filterwarnings("ignore::sentiment.predict.UnknownWordsWarning")
@pytest.mark.parametrize("name", FUZZ["PROPERTIES"])
def test_each_property_takes_bytes(name):
    FUZZ["property_of"](name)(bytes(range(256)) * 4)
