"""Compare training steps of two LSTM stacks and of PyTorch's packed bidirectional LSTM on a CPU.

    python benchmarks/lstm.py

1. One training step (forward and backward; embedding 100, BiLSTM 128) on 64 reviews of 200 to 400
   tokens: packed with PyTorch's defaults, packed with `keep_freed_memory`, and two stacks with
   `keep_freed_memory`. The speedup should be at least 20.
2. The same step of the two stacks by length of the reviews: the time per token must not grow.
3. Steps on batches of varying length, with and without `keep_freed_memory`.

`keep_freed_memory` cannot be undone, so measurements without it run in a separate process.
"""

import argparse
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from sentiment.config import ModelConfig
from sentiment.models.lstm import Encoder
from sentiment.runtime.malloc import keep_freed_memory
from sentiment.text.batching import Batch, collate

VOCAB_SIZE, BATCH_SIZE = 30_000, 64
CONFIG = ModelConfig(word_dropout=0.0, embedding_dropout=0.0)


class PackedEncoder(nn.Module):
    """The same network with packed sequences, as in the common tutorial."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(VOCAB_SIZE, CONFIG.embedding_dim)
        self.lstm = nn.LSTM(
            CONFIG.embedding_dim, CONFIG.hidden_size, batch_first=True, bidirectional=True
        )

    def forward(self, input_ids: Tensor, lengths: Tensor) -> Tensor:
        """Return the states of the tokens: [batch, seq] to [batch, seq, 2 * hidden]."""
        packed = pack_padded_sequence(
            self.embedding(input_ids), lengths, batch_first=True, enforce_sorted=False
        )
        return pad_packed_sequence(self.lstm(packed)[0], batch_first=True)[0]


def random_batch(shortest: int, longest: int, seed: int = 0) -> Batch:
    """Return a batch of random words and random lengths, including `longest`."""
    lengths = [longest] + [
        random.Random(seed + row).randint(shortest, longest) for row in range(1, BATCH_SIZE)
    ]
    return collate([(torch.randint(2, VOCAB_SIZE, (n,)).tolist(), 0) for n in lengths])


def seconds(call: Callable[[], object], repeats: int) -> float:
    """Return the median wall time of `call` after one warm-up call."""
    call()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def training_step(encoder: nn.Module, batch: Batch) -> None:
    """Run a forward and a backward pass."""
    encoder.zero_grad()
    encoder(batch.input_ids, batch.lengths).mean().backward()


def steps_of_varying_length(encoder: nn.Module) -> float:
    """Return the tokens per second on batches of different lengths, as in an epoch."""
    batches = [random_batch(n * 9 // 10, n) for n in (150, 400, 200, 250, 120, 300, 180, 220) * 2]

    def all_steps() -> None:
        for batch in batches:
            training_step(encoder, batch)

    elapsed = seconds(all_steps, repeats=3)
    return sum(int(batch.lengths.sum()) for batch in batches) / elapsed


def packed_step() -> float:
    """Return the seconds of one step of the packed network."""
    network, batch = PackedEncoder(), random_batch(200, 400)
    return seconds(lambda: training_step(network, batch), repeats=3)


MEASURES: dict[str, Callable[[], float]] = {
    "packed step": packed_step,
    "varying": lambda: steps_of_varying_length(Encoder(CONFIG, VOCAB_SIZE)),
}


def in_a_fresh_process(measure: str, *flags: str) -> float:
    """Run one of `MEASURES` in a new process."""
    command = [sys.executable, __file__, "--measure", measure, *flags]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--measure", choices=MEASURES, help=argparse.SUPPRESS)
    parser.add_argument("--keep", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.manual_seed(0)
    if arguments.measure:
        if arguments.keep:
            keep_freed_memory()
        print(MEASURES[arguments.measure]())
        return

    console = Console()
    console.print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
    packed, packed_kept, without, kept = (
        in_a_fresh_process(measure, *flags) for measure in MEASURES for flags in ((), ("--keep",))
    )
    keep_freed_memory()

    encoder, batch = Encoder(CONFIG, VOCAB_SIZE), random_batch(200, 400)
    ours = seconds(lambda: training_step(encoder, batch), repeats=5)
    table = Table(title="One step, 64 reviews of 200 to 400 tokens", title_justify="left")
    for heading in ("", "seconds", "relative"):
        table.add_column(heading, justify="right" if heading else "left")
    table.add_row("packed nn.LSTM", f"{packed:.2f}", f"{packed / ours:.0f}")
    table.add_row("packed, keep_freed_memory", f"{packed_kept:.2f}", f"{packed_kept / ours:.0f}")
    table.add_row("two stacks", f"{ours:.2f}", "1")
    console.print(table)

    table = Table(title="Step of two stacks by length", title_justify="left")
    for heading in ("tokens", "seconds", "µs per token"):
        table.add_column(heading, justify="right")
    for length in (200, 400, 800, 1600):
        batch = random_batch(length, length)
        step = seconds(lambda batch=batch: training_step(encoder, batch), repeats=3)  # type: ignore[misc]
        table.add_row(str(length), f"{step:.2f}", f"{step / length / BATCH_SIZE * 1e6:.1f}")
    console.print(table)

    table = Table(title="Steps on batches of varying length", title_justify="left")
    for heading in ("", "tokens/s", "ratio"):
        table.add_column(heading, justify="right" if heading else "left")
    table.add_row("glibc default", f"{without:,.0f}", "1")
    table.add_row("keep_freed_memory", f"{kept:,.0f}", f"{kept / without:.2f}")
    console.print(table)


if __name__ == "__main__":
    main()
