"""Batch inference on Ray: rows a second, overhead, memory of the workers, and a model of scaling.

    python -m benchmarks.ray_scaling                     measure one process, 1 and 2 workers
    python -m benchmarks.ray_scaling --rows 1000000 --workers 2 --files 40 --compared 1

One process and the workers label the same files of short texts in one run, so that their ratio
holds on a machine that is shared with other work. The workers are on a cluster of two nodes, which
`ray.cluster_utils.Cluster` starts on this machine. The outputs are compared byte by byte.

The last table is a model and not a measurement: it computes the time for many nodes from the
measured costs. It assumes that files and nodes do not limit each other (network, store, driver).
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import ray
from ray.cluster_utils import Cluster

from sentiment.config import SHIPPED_CLASSIFIER, ReaderConfig
from sentiment.data.synthetic.sample import sample_reviews
from sentiment.inference.label_files import label_file
from sentiment.inference.label_parts import Job, begin_job, find_parts
from sentiment.inference.ray import PartLabeller, label_parts
from sentiment.inference.worker_model import WorkerModel, read_worker_model
from sentiment.runtime.malloc import resident_memory

NODES = (1, 10, 100, 1000)
MODELLED_ROWS, MODELLED_FILE_ROWS, CPUS_PER_NODE = 10_000_000_000, 1_000_000, 16


class Costs(NamedTuple):
    """Measured costs in seconds."""

    startup: float  # Of the workers' processes.
    load: float  # Of the model in a worker.
    part: float  # Of a file without rows: scheduling, reading, writing, manifest.
    row: float  # Of a row in a worker.


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--files", type=int, default=8)
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2])
    parser.add_argument(
        "--compared", type=int, help="files that one process labels too; default: all"
    )
    parser.add_argument("--model", default=SHIPPED_CLASSIFIER)
    args = parser.parse_args(arguments)
    model = read_worker_model(args.model, "auto", "cpu")
    with tempfile.TemporaryDirectory() as name, two_nodes():
        folder = Path(name)
        write_files(folder / "in", args.rows, args.files)
        print(f"{args.rows:,} rows in {args.files} files, backend {model.backend}")
        compared = args.compared or args.files
        # In proportion: all files have the same number of rows.
        alone = time_one_process(model, folder, compared) * args.files / compared
        print_rate("one process", args.rows, alone, alone)
        seconds = {}
        for workers in args.workers:
            costs, seconds[workers] = time_workers(model, folder, workers, args.rows)
            print_rate(f"Ray, {workers} workers", args.rows, seconds[workers], alone)
            print(f"    started in {costs.startup:.1f} s, model loaded in {costs.load:.1f} s")
            print(f"    a file without rows: {1000 * costs.part:.0f} ms")
            if workers == args.workers[0]:
                first = costs
    print_model(first)


def write_files(folder: Path, rows: int, files: int) -> None:
    """Write files of short texts, each with a word that no other text has."""
    folder.mkdir()
    sentences = [
        sentence for review, _ in sample_reviews("train") for sentence in review.split(". ")
    ]
    texts = ((n, f"{sentences[n % len(sentences)]} w{n}") for n in range(rows))
    for number in range(files):
        count = rows // files + (number < rows % files)
        with (folder / f"{number:04}.jsonl").open("w") as file:
            file.writelines(
                json.dumps({"id": n, "text": text}) + "\n" for n, text in islice(texts, count)
            )


@contextmanager
def two_nodes() -> Iterator[None]:
    """Start a cluster of two nodes of one CPU each on this machine."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["PYTHONPATH"] = str(Path(__file__).parents[1])
    node: dict[str, Any] = {"num_cpus": 1}
    cluster: Any = Cluster(
        initialize_head=True, head_node_args={**node, "include_dashboard": False}
    )
    try:
        cluster.add_node(**node)
        cluster.wait_for_nodes()
        ray.init(cluster.address, log_to_driver=False, logging_level=40)
        yield
    finally:
        ray.shutdown()
        cluster.shutdown()


def time_one_process(model: WorkerModel, folder: Path, files: int) -> float:
    """Return the seconds that a process needs to label files, after the model is loaded.

    It computes one batch at a time, as a worker does.
    """
    classifier = model.load()
    (folder / "alone").mkdir()
    start = time.perf_counter()
    for path in sorted((folder / "in").iterdir())[:files]:
        for _ in label_file(classifier, str(path), folder / "alone" / path.name):
            pass
    return time.perf_counter() - start


def time_workers(model: WorkerModel, folder: Path, workers: int, rows: int) -> tuple[Costs, float]:
    """Return the costs, and the seconds of a job from the first loaded worker to the last file."""
    startup, load, part = time_overheads(model, folder, workers)
    job = Job(str(folder / f"out-{workers}"), ReaderConfig())
    parts, _ = begin_job(job, model.identity(), find_parts(f"{folder}/in/*.jsonl", job.output))
    start = time.perf_counter()
    with closing(label_parts(job, model, parts, workers)) as steps:
        for number, _ in enumerate(steps, 1):
            if number % max(1, len(parts) // 8) == 0:
                print(f"    {number} files: {memory_of_workers()} MiB", flush=True)
    seconds = time.perf_counter() - start
    check_rows(folder / "in", Path(job.output))
    for path in (folder / "alone").iterdir():
        assert path.read_bytes() == (Path(job.output) / path.name).read_bytes(), path.name
    in_workers = seconds - startup - load - part * len(parts) / workers
    return Costs(startup, load, part, in_workers * workers / rows), seconds


def check_rows(inputs: Path, outputs: Path) -> None:
    """Check that each row of the input files is in the output once, with its text."""
    for path in inputs.iterdir():
        with path.open() as before, (outputs / path.name).open() as after:
            for row, labelled in zip(before, after, strict=True):
                values = json.loads(labelled)
                assert values["label"] in ("neg", "pos"), values
                assert json.loads(row) == {name: values[name] for name in ("id", "text")}


def time_overheads(model: WorkerModel, folder: Path, workers: int) -> tuple[float, float, float]:
    """Return the seconds to start workers, to load the model, and for a file without rows."""
    actor: Any = ray.remote(num_cpus=1)(PartLabeller)
    stored = ray.put(model)
    start = time.perf_counter()
    actors = [actor.remote() for _ in range(workers)]
    ray.get([one.__ray_ready__.remote() for one in actors])
    started = time.perf_counter()
    ray.get([one.load.remote(stored) for one in actors])
    loaded = time.perf_counter()
    empty = folder / f"empty-{workers}"
    empty.mkdir()
    for number in range(20):
        (empty / f"{number}.csv").write_text("id,text\n")
    job = Job(str(folder / f"empty-out-{workers}"), ReaderConfig())
    parts, _ = begin_job(job, model.identity(), find_parts(f"{empty}/*.csv", job.output))
    begin = time.perf_counter()
    for part in parts:
        ray.get(actors[0].label.remote(job, part))
    seconds = (time.perf_counter() - begin) / len(parts)
    for one in actors:
        ray.kill(one)
    return started - start, loaded - started, seconds


def memory_of_workers() -> list[int]:
    """Return the resident memory in MiB of each worker process on this machine (Linux)."""
    sizes = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            name = (folder / "cmdline").read_bytes()
            pages = int((folder / "statm").read_text().split()[1])
        except OSError:  # The process has ended.
            continue
        if name.startswith(b"ray::PartLabeller"):
            sizes.append(pages * os.sysconf("SC_PAGE_SIZE") >> 20)
    return sorted(sizes)


def print_rate(what: str, rows: int, seconds: float, alone: float) -> None:
    ratio = alone / seconds
    print(f"{what}: {rows / seconds:,.0f} rows per second, {ratio:.2f} times one process")


def print_model(costs: Costs) -> None:
    """Print the modelled time of a large job on many nodes."""
    print(
        f"\nMODEL, not measured: {MODELLED_ROWS:,} rows in files of {MODELLED_FILE_ROWS:,} rows, "
        f"{CPUS_PER_NODE} workers per node; start {costs.startup:.1f} s, model {costs.load:.1f} s, "
        f"file {1000 * costs.part:.0f} ms, row {1e6 * costs.row:.0f} µs"
    )
    parts = MODELLED_ROWS / MODELLED_FILE_ROWS
    one = None
    for nodes in NODES:
        workers = nodes * CPUS_PER_NODE
        rounds = -(-parts // workers)  # The last file of the busiest worker ends the job.
        seconds = costs.startup + costs.load
        seconds += rounds * (costs.part + MODELLED_FILE_ROWS * costs.row)
        one = one or seconds
        print(
            f"{nodes:>5} nodes: {seconds / 3600:>8.2f} hours, {one / seconds:>6.1f} times one node"
        )


if __name__ == "__main__":
    print(f"this process: {(resident_memory() or 0) >> 20} MiB")
    main()
