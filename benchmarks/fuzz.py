"""Coverage-guided fuzzing: atheris mutates the inputs of the property tests.

    pip install atheris
    python benchmarks/fuzz.py --seconds 300

Inputs that reach a new branch of `sentiment/` are kept and mutated further, for the given time per
property. Without atheris, the same properties run on 20,000 random inputs each:

    python -m pytest tests --hypothesis-profile long -k "any_ or cover"
"""

import argparse
import importlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PROPERTIES = (
    "support.texts.tokens_cover_text",
    "unit.test_tokenizer.test_cleaning_loses_nothing_but_line_breaks_and_control_characters",
    "unit.test_vocab.test_any_file_loads_or_is_an_error_of_one_line",
    "unit.test_vocab.test_the_tokens_of_any_texts_make_a_vocabulary",
    "unit.test_tables.test_any_bytes_are_rows_or_an_error_of_one_line",
    "unit.test_tables.test_any_texts_are_read_unchanged_from_csv_and_json_lines",
    "unit.test_vectors.test_any_bytes_are_vectors_or_an_error_of_one_line",
    "integration.test_classifier.every_text_gets_a_label",
)


def property_of(name: str) -> Callable[[bytes], object]:
    """Return a function that tests a property on the input encoded in some bytes.

    Args:
        name: a module of `tests/` and a property test, or a function that returns one.
    """
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]  # As pytest sets it.
    module, _, attribute = name.rpartition(".")
    found: Any = getattr(importlib.import_module(f"tests.{module}"), attribute)
    property_ = found if hasattr(found, "hypothesis") else found()
    takes_bytes: Callable[[bytes], object] = property_.hypothesis.fuzz_one_input
    return takes_bytes


def fuzz(name: str, seconds: int) -> None:
    """Fuzz one property. Does not return: libFuzzer ends the process."""
    import atheris

    with atheris.instrument_imports(include=["sentiment"]):
        takes_bytes = property_of(name)
    # A failing input is written to the folder of temporary files.
    flags = [f"-max_total_time={seconds}", f"-artifact_prefix={tempfile.gettempdir()}/"]
    atheris.Setup([name, *flags], takes_bytes)
    atheris.Fuzz()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=int, default=60, help="time per property")
    parser.add_argument("--only", choices=PROPERTIES, help="a single property, in this process")
    args = parser.parse_args()
    if args.only:
        fuzz(args.only, args.seconds)
    failed = 0
    for name in PROPERTIES:
        command = [sys.executable, __file__, "--seconds", str(args.seconds), "--only", name]
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        done = re.search(r"Done (\d+) runs", result.stderr)
        failed += result.returncode != 0
        print(f"{name}: {int(done[1]):,} inputs" if done else f"{name}:\n{result.stderr[-2000:]}")
        sys.stdout.flush()
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
