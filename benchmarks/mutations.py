"""What becomes of broken bundles: files damaged at random, and files made to do harm.

    python benchmarks/mutations.py
    python benchmarks/mutations.py --count 300 --seed 1

Trains a small classifier on the built-in reviews, and breaks copies of it, and of its encoder. Each
copy must load to the same predictions or be refused in one line that names a file. In half of the
kinds the checksums are computed anew, as one would who means harm; then a copy may also be whole
and another model, whose probabilities must be some. A process of its own loads them, in which an
allocation of 1 GiB fails, and where running a program, unpickling, writing a file, the network and
importing another package count as failures. Linux only.
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
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch
from breakage import DAMAGE, HARM, seal
from rich.console import Console
from rich.table import Table

from sentiment.artifacts.checksums import FILES
from sentiment.artifacts.model_folder import load_model, save_model
from sentiment.errors import SentimentError
from sentiment.inference.classifier import Classifier
from sentiment.text.vocab import Vocab

PATIENCE = 120  # Seconds for a copy, of which most take hundredths.
MEMORY = 2**30
WHOLE = ("whole-classifier", "whole-encoder", "whole-other")
TEXTS = ["A joy from start to finish.", "Dull, and far too long.", ""]
SMALL = {"dataset": "sample", "epochs": 1, "min_steps": 0, "adversarial_norm": 0.0, "device": "cpu"}
SMALL |= {"embedding_dim": 16, "hidden_size": 16, "max_length": 60}


def load(folder: Path, as_encoder: bool) -> Any:
    """What predictions depend on: the weights of an encoder, or probabilities."""
    if as_encoder:
        saved = load_model(folder)
        return saved.vocab.tokens, saved.encoder.state_dict()
    return torch.from_numpy(Classifier.from_pretrained(folder).predict_proba(TEXTS))


def same(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    (tokens, weights), (others, other_weights) = one, other
    return tokens == others and all(torch.equal(weights[n], other_weights[n]) for n in weights)


def outcome(folder: Path, as_encoder: bool, whole: Any, noted: list[str]) -> str:
    """What becomes of a broken copy, in words; those of a failure begin with FAILED."""
    noted.clear()
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
        result = "the same predictions" if same(found, whole) else "another model"
        if not as_encoder and not torch.allclose(found.sum(dim=1), torch.ones(len(TEXTS))):
            return f"FAILED: the probabilities {found.tolist()}"
    return f"FAILED: {noted[:3]}" if noted else result


def watch(noted: list[str]) -> None:
    """Note what no loading may do."""
    forbidden = (
        *("os.system", "os.exec", "os.posix_spawn", "os.fork", "subprocess.", "pickle.find_class"),
        *("socket.", "urllib.", "os.remove", "os.rename", "shutil.", "ctypes.dlopen"),
    )

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & 3
        package = str(arguments[0]).split(".")[0] if event == "import" else "sys"
        foreign = package not in sys.modules and package != "google"  # spaCy asks: is this Colab?
        if event.startswith(forbidden) or writes or foreign:
            noted.append(f"{event} {arguments[:1]}")

    sys.addaudithook(hook)


def loader(pipe: Connection, root: Path) -> None:
    """Load what is asked for, and tell what became of it, until the parent hangs up."""
    sys.dont_write_bytecode = True
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    whole = [load(root / name, name == WHOLE[1]) for name in WHOLE]
    held = status("VmSize")
    resource.setrlimit(resource.RLIMIT_AS, (held + MEMORY, held + MEMORY))
    noted: list[str] = []
    pipe.send(status("VmRSS"))
    watch(noted)
    while (request := pipe.recv()) is not None:
        folder, as_encoder = request
        result = outcome(folder, as_encoder, whole[as_encoder], noted)
        pipe.send((result, status("VmHWM")))


def status(field: str) -> int:
    """Bytes of memory that this process has taken, as Linux counts them."""
    (line,) = re.findall(rf"^{field}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.M)
    return int(line) * 1024


def write_whole(root: Path, model: Path | None) -> None:
    """The bundles to break, or to take files from."""
    if model is None:
        from sentiment.training.classification import train_classifier

        model = root / "run"
        train_classifier(SMALL, model, preset="from-scratch")
    saved = load_model(model)
    save_model(root / WHOLE[0], saved, half=True)
    save_model(root / WHOLE[1], saved._replace(model=saved.encoder, labels=None))
    # A third model, of which no two files make a whole model with a file of the first.
    vocab = Vocab(reversed(saved.vocab.tokens[2:]))
    save_model(root / WHOLE[2], saved._replace(labels=["bad", "good"], vocab=vocab))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", type=Path, help="a small bundle; without: trains one")
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    counts: dict[str, Counter[str]] = {kind.__name__: Counter() for kind in DAMAGE + HARM}
    failures, slowest, at_most = [], 0.0, 0
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_whole(root, arguments.model)
        context = multiprocessing.get_context("spawn")
        pipe, theirs = context.Pipe()
        process = context.Process(target=loader, args=(theirs, root), daemon=True)
        process.start()
        theirs.close()
        at_start = pipe.recv()
        for number in range(arguments.count):
            as_encoder, kind = rng.random() < 0.25, (DAMAGE + HARM)[number % len(DAMAGE + HARM)]
            copy = root / f"copy-{number}"
            shutil.copytree(root / WHOLE[as_encoder], copy)
            kind(rng, copy)
            if kind in HARM:
                seal(copy)
            started = time.perf_counter()
            pipe.send((copy, as_encoder))
            if not pipe.poll(PATIENCE):
                failures.append(f"{number} {kind.__name__}: hangs")
                break
            result, at_most = pipe.recv()
            slowest = max(slowest, time.perf_counter() - started)
            if result == "another model" and kind in DAMAGE:
                result = "FAILED: damage unnoticed"
            if result.startswith("FAILED"):
                failures.append(f"{number} {kind.__name__}: {result}")
            counts[kind.__name__][result.split(":")[0]] += 1
            shutil.rmtree(copy)
        pipe.send(None) if not failures or "hangs" not in failures[-1] else process.kill()
        process.join()
    table = Table(title=f"{sum(c.total() for c in counts.values()):,} broken bundles")
    columns = ("refused", "the same predictions", "another model", "FAILED")
    for heading in ("", *columns):
        table.add_column(heading, justify="right" if heading else "left")
    for name, count in counts.items():
        table.add_row(name.replace("_", " "), *(f"{count[column]:,}" for column in columns))
    Console(width=100).print(table)
    print(f"memory: {at_start / 2**20:,.0f} MiB at the start, {at_most / 2**20:,.0f} MiB at most")
    print(f"slowest: {slowest:.2f} s")
    print("\n".join(failures[:20]))
    sys.exit(bool(failures) or at_most > MEMORY)


if __name__ == "__main__":
    main()
