"""Load damaged and hostile model folders.

    python benchmarks/mutations.py
    python benchmarks/mutations.py --count 300 --seed 1

Trains a small classifier on the built-in reviews, and changes copies of it and of its encoder. Each
copy must load to the same predictions, or be refused in one line that names a file. For half of the
kinds the checksums are computed again, as an attacker would; such a copy may also be a valid other
model, if it returns probabilities. The copies are loaded in a process where an allocation of 1 GiB
fails, and where running a program, unpickling, writing a file, network access and importing another
package count as failures. Linux only.
"""

import argparse
import multiprocessing
import random
import re
import resource
import shutil
import sys
import tempfile
import time
import warnings
from collections import Counter
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch
from breakage import DAMAGE, HOSTILE, update_checksums
from rich.console import Console
from rich.table import Table

from sentiment.artifacts.checksums import FILES
from sentiment.artifacts.model_folder import load_model, save_model
from sentiment.errors import SentimentError
from sentiment.inference.classifier import Classifier
from sentiment.text.vocab import Vocab

TIMEOUT = 120  # Seconds for a copy; most take hundredths.
MAX_MEMORY = 2**30
ORIGINALS = ("original-classifier", "original-encoder", "original-other")
TEXTS = ["A joy from start to finish.", "Dull, and far too long.", ""]
SMALL = {"dataset": "sample", "epochs": 1, "min_steps": 0, "adversarial_norm": 0.0, "device": "cpu"}
SMALL |= {"embedding_dim": 16, "hidden_size": 16, "max_length": 60}


def load(folder: Path, as_encoder: bool) -> Any:
    """Return what predictions depend on: weights of an encoder, probabilities of a classifier."""
    if as_encoder:
        saved = load_model(folder)
        return saved.vocab.tokens, saved.encoder.state_dict()
    return torch.from_numpy(Classifier.from_pretrained(folder).predict_proba(TEXTS))


def equal(found: Any, expected: Any) -> bool:
    """Return whether two results of `load` are equal."""
    if isinstance(found, torch.Tensor):
        return torch.equal(found, expected)
    (tokens, weights), (other_tokens, other_weights) = found, expected
    same_weights = all(torch.equal(weights[name], other_weights[name]) for name in weights)
    return tokens == other_tokens and same_weights


def outcome(folder: Path, as_encoder: bool, expected: Any, events: list[str]) -> str:
    """Load a changed copy and describe the result; that of a failure starts with FAILED."""
    events.clear()
    try:
        found = load(folder, as_encoder)
    except SentimentError as error:
        message = str(error)
        if "\n" in message or len(message) > 1000 or not any(name in message for name in FILES):
            return f"FAILED: the message {message[:300]!r}"
        result = "refused"
    except BaseException as error:
        return f"FAILED: {type(error).__name__}: {str(error)[:300]}"
    else:
        result = "the same predictions" if equal(found, expected) else "another model"
        if not as_encoder and not torch.allclose(found.sum(dim=1), torch.ones(len(TEXTS))):
            return f"FAILED: the probabilities {found.tolist()}"
    return f"FAILED: {events[:3]}" if events else result


def record_forbidden(events: list[str]) -> None:
    """Add every event to `events` that loading a model must not cause."""
    forbidden = (
        *("os.system", "os.exec", "os.posix_spawn", "os.fork", "subprocess.", "pickle.find_class"),
        *("socket.", "urllib.", "os.remove", "os.rename", "shutil.", "ctypes.dlopen"),
    )

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & 3
        package = str(arguments[0]).split(".")[0] if event == "import" else "sys"
        is_new = package not in sys.modules and package != "google"  # spaCy tests for Colab.
        if event.startswith(forbidden) or writes or is_new:
            events.append(f"{event} {arguments[:1]}")

    sys.addaudithook(hook)


def serve(pipe: Connection, root: Path) -> None:
    """Load each folder received through `pipe` and send the outcome, until None is received."""
    sys.dont_write_bytecode = True
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    expected = [load(root / name, name == ORIGINALS[1]) for name in ORIGINALS]
    limit = status("VmSize") + MAX_MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    events: list[str] = []
    pipe.send(status("VmRSS"))
    record_forbidden(events)
    while (request := pipe.recv()) is not None:
        folder, as_encoder = request
        result = outcome(folder, as_encoder, expected[as_encoder], events)
        pipe.send((result, status("VmHWM")))


def status(field: str) -> int:
    """Return a memory figure of this process in bytes."""
    (line,) = re.findall(rf"^{field}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.M)
    return int(line) * 1024


def write_originals(root: Path, model: Path | None) -> None:
    """Write the models that are copied and changed."""
    if model is None:
        from sentiment.training.classification import train_classifier

        model = root / "run"
        train_classifier(SMALL, model, preset="from-scratch")
    saved = load_model(model)
    save_model(root / ORIGINALS[0], saved, half=True)
    save_model(root / ORIGINALS[1], saved._replace(model=saved.encoder, labels=None))
    # A third model: no file of it is valid together with those of the first.
    vocab = Vocab(reversed(saved.vocab.tokens[2:]))
    save_model(root / ORIGINALS[2], saved._replace(labels=["bad", "good"], vocab=vocab))


@dataclass
class Report:
    """The outcomes of all copies."""

    counts: dict[str, Counter[str]]  # By kind of change.
    failures: list[str]
    slowest: float = 0.0  # Seconds.
    memory_at_start: int = 0  # Bytes.
    peak_memory: int = 0  # Bytes.

    def print(self) -> None:
        """Print a table of the outcomes and the first failures."""
        total = sum(count.total() for count in self.counts.values())
        table = Table(title=f"{total:,} changed model folders")
        columns = ("refused", "the same predictions", "another model", "FAILED")
        for heading in ("", *columns):
            table.add_column(heading, justify="right" if heading else "left")
        for name, count in self.counts.items():
            table.add_row(name.replace("_", " "), *(f"{count[column]:,}" for column in columns))
        Console(width=100).print(table)
        start, peak = self.memory_at_start / 2**20, self.peak_memory / 2**20
        print(f"memory: {start:,.0f} MiB at the start, peak {peak:,.0f} MiB")
        print(f"slowest: {self.slowest:.2f} s")
        print("\n".join(self.failures[:20]))


def check_copies(root: Path, num_copies: int, rng: random.Random) -> Report:
    """Change copies of the originals in `root` and load them in another process."""
    kinds = DAMAGE + HOSTILE
    report = Report({kind.__name__: Counter() for kind in kinds}, [])
    context = multiprocessing.get_context("spawn")
    pipe, other_end = context.Pipe()
    process = context.Process(target=serve, args=(other_end, root), daemon=True)
    process.start()
    other_end.close()
    report.memory_at_start = pipe.recv()
    for number in range(num_copies):
        as_encoder, kind = rng.random() < 0.25, kinds[number % len(kinds)]
        copy = root / f"copy-{number}"
        shutil.copytree(root / ORIGINALS[as_encoder], copy)
        kind(rng, copy)
        if kind in HOSTILE:
            update_checksums(copy)
        started = time.perf_counter()
        pipe.send((copy, as_encoder))
        if not pipe.poll(TIMEOUT):
            report.failures.append(f"{number} {kind.__name__}: no result after {TIMEOUT} s")
            process.kill()
            return report
        result, report.peak_memory = pipe.recv()
        report.slowest = max(report.slowest, time.perf_counter() - started)
        if result == "another model" and kind in DAMAGE:
            result = "FAILED: damage not detected"
        if result.startswith("FAILED"):
            report.failures.append(f"{number} {kind.__name__}: {result}")
        report.counts[kind.__name__][result.split(":")[0]] += 1
        shutil.rmtree(copy)
    pipe.send(None)
    process.join()
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", type=Path, help="folder of a small model; by default trains one")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        write_originals(Path(folder), arguments.model)
        report = check_copies(Path(folder), arguments.count, random.Random(arguments.seed))
    report.print()
    sys.exit(bool(report.failures) or report.peak_memory > MAX_MEMORY)


if __name__ == "__main__":
    main()
