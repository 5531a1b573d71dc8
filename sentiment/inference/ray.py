"""Batch inference on a Ray cluster: a Ray dataset, or many files as one job.

Each worker is an actor that loads the model once and uses one CPU, or one GPU. The model is read by
the calling process and sent to the nodes through Ray's object store.
"""

from collections import Counter, deque
from collections.abc import Generator, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal, get_args

from sentiment.config import SHIPPED_CLASSIFIER
from sentiment.data.rows import BadRowError, row_text
from sentiment.data.tables.table import BATCH_ROWS
from sentiment.errors import (
    ClusterError,
    ConfigError,
    DataError,
    SentimentError,
    listed,
    missing_packages,
)
from sentiment.inference.backends import Backend
from sentiment.inference.label_files import output_values
from sentiment.inference.label_parts import Job, LabelledPart, Part, label_part
from sentiment.inference.worker_model import WorkerDevice, WorkerModel, read_worker_model

try:
    import pyarrow as pa
    import ray
    from ray.exceptions import RayError, RayTaskError
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy
except ImportError as missing:
    raise missing_packages("Ray", ["'ray[data]'"], extra="ray") from missing

if TYPE_CHECKING:
    from ray.data import Dataset

OnBadRow = Literal["stop", "keep", "drop"]

MAX_LOSSES = 3  # Workers lost one after the other, or at the same part, before the job stops.
# Batches that wait for a worker while it computes one. More would only fill the object store.
TASKS_PER_WORKER = 2


def label_dataset(
    ds: "Dataset",
    model: str | PathLike[str] = SHIPPED_CLASSIFIER,
    column: str = "text",
    *,
    on_error: OnBadRow = "stop",
    dropped: "DroppedRows | None" = None,
    prefix: str = "",
    all_scores: bool = False,
    backend: Backend = "onnx",
    device: WorkerDevice = "cpu",
    workers: int | None = None,
) -> "Dataset":
    """Label the texts of a Ray dataset.

    The result is computed when it is read, and has the columns of `ds` and the new columns `label`,
    `score` (the probability of the label) and, with `all_scores`, `score_<label>` for each label.
    Texts of similar length share a batch, whose size is limited in tokens. The blocks that wait
    for a worker or for the reader are limited by Ray's budget of object store memory.

    Args:
        ds: the dataset; its columns stay as they are.
        model: a folder or a Hub id, which only this process needs access to.
        column: the column of the texts.
        on_error: what to do with a row without a usable text: raise `DataError`; `keep` it with
            the reason in the new column `error`, null in all other rows, and without a label; or
            `drop` it.
        dropped: counts the rows that are dropped.
        prefix: put before the names of the new columns.
        all_scores: add the probability of every label.
        backend: as for `Classifier.from_pretrained`; `auto` is decided by this process.
        device: `cpu` or `cuda`, one for each worker.
        workers: number of workers; None: from one to as many as the cluster has room for.

    Raises:
        DataError: the dataset has no such column, or already has one of the new columns.
        ModelError, HubError, ConfigError, DependencyError: as `Classifier.from_pretrained`.
    """
    from ray.data import ActorPoolStrategy

    if on_error not in get_args(OnBadRow):
        raise ConfigError(f"on_error must be one of {', '.join(get_args(OnBadRow))}.")
    worker_model = read_worker_model(model, backend, device)
    labels = worker_model.load().labels  # Ray would hide an error of a worker that starts.
    scores = [f"score_{label}" for label in labels] if all_scores else []
    names = [prefix + name for name in ("label", "score", *scores)]
    if on_error == "keep":
        names.append(f"{prefix}error")
    if (schema := ds.schema()) is not None:
        check_columns(schema.names, column, names)
    return ds.map_batches(
        BatchLabeller,
        fn_constructor_args=(ray.put(worker_model), column, names, on_error, all_scores, dropped),
        batch_size=BATCH_ROWS,
        batch_format="pyarrow",
        zero_copy_batch=True,
        compute=ActorPoolStrategy(
            size=workers,
            min_size=None if workers else 1,
            max_tasks_in_flight_per_actor=TASKS_PER_WORKER,
        ),
        **resources(device),
    )


def check_columns(columns: Sequence[str], text: str, new: Sequence[str]) -> None:
    """Check the columns of a dataset.

    Raises:
        DataError: there is no column `text`, or there is one of the `new` columns.
    """
    if text not in columns:
        raise DataError(f"The dataset has no column {text!r}. Its columns are {listed(columns)}.")
    for name in new:
        if name in columns:
            raise DataError(
                f"The dataset already has a column {name!r}. Set a prefix for the names of the new "
                "columns, such as predicted_."
            )


def resources(device: WorkerDevice) -> dict[str, Any]:
    """Return the resources of a worker."""
    return {"num_cpus": 1, "num_gpus": 1} if device == "cuda" else {"num_cpus": 1}


class DroppedRows:
    """Counts the rows that the workers drop. Ray must be running."""

    def __init__(self) -> None:
        # On this node, so that the counts are not lost with a node of workers.
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        actor_class: Any = ray.remote(DroppedRowCounter)
        self.counter = actor_class.options(num_cpus=0, scheduling_strategy=here).remote()

    def counts(self) -> dict[str, int]:
        """Return the number of dropped rows of each kind, such as `no text`.

        A dataset that is computed twice is counted twice.
        """
        return dict(ray.get(self.counter.total.remote()))


class DroppedRowCounter:
    """The actor of `DroppedRows`.

    Ray repeats a task whose node is lost, under the same id. Its counts then replace the old ones.
    """

    def __init__(self) -> None:
        self.by_task: dict[str, Counter[str]] = {}

    def set(self, task: str, counts: Counter[str]) -> None:
        """Set the counts of a task up to now."""
        self.by_task[task] = counts

    def total(self) -> Counter[str]:
        """Return the counts of all tasks."""
        return sum(self.by_task.values(), Counter())


class BatchLabeller:
    """The actor that labels batches of a dataset; arguments as of `label_dataset`."""

    def __init__(
        self,
        model: Any,
        column: str,
        names: Sequence[str],
        on_error: OnBadRow,
        all_scores: bool,
        dropped: DroppedRows | None,
    ) -> None:
        worker_model: WorkerModel = ray.get(model)
        self.classifier = worker_model.load()
        self.column, self.names = column, names
        self.on_error, self.all_scores, self.dropped = on_error, all_scores, dropped
        self.task = ""
        self.counts: Counter[str] = Counter()

    def __call__(self, rows: pa.Table) -> pa.Table:
        """Return rows with their labels."""
        check_columns(rows.column_names, self.column, self.names)
        texts, indices, errors = self.read_texts(rows)
        _, probabilities = self.classifier.encode_and_score(texts)
        values = output_values(self.classifier.labels, probabilities.tolist(), self.all_scores)
        if self.on_error == "drop":
            if len(indices) < len(rows):
                rows = rows.take(pa.array(indices, pa.int64()))
            return self.with_columns(rows, values)
        by_row: list[list[Any]] = [[None] * len(self.names) for _ in range(len(rows))]
        for index, row in zip(indices, values, strict=True):
            by_row[index][: len(row)] = row
        for index, reason in errors.items():
            by_row[index][-1] = reason
        return self.with_columns(rows, by_row)

    def read_texts(self, rows: pa.Table) -> tuple[list[str], list[int], dict[int, str]]:
        """Return the texts, the indices of their rows, and what is wrong in the other rows."""
        from sentiment.data.tables.arrow import python_values

        texts: list[str] = []
        indices: list[int] = []
        errors: dict[int, str] = {}
        kinds: Counter[str] = Counter()
        for chunk in rows.column(self.column).chunks:
            for value in python_values(chunk):
                index = len(texts) + len(errors)
                try:
                    texts.append(row_text((self.column,), (value,), keep_blank=False))
                    indices.append(index)
                except BadRowError as error:
                    if self.on_error == "stop":
                        raise DataError(
                            f"A row of the dataset cannot be used: {error} Correct it, or set "
                            "on_error to keep or drop."
                        ) from None
                    errors[index] = str(error)
                    kinds[error.kind] += 1
        if self.on_error == "drop":
            self.count(kinds)
        return texts, indices, errors

    def count(self, kinds: Counter[str]) -> None:
        """Report the rows of each kind that are dropped."""
        if self.dropped is None or not kinds:
            return
        task = ray.get_runtime_context().get_task_id() or ""
        if task != self.task:
            self.task, self.counts = task, Counter()
        self.counts += kinds
        # Waits, so that the count is complete when the dataset is.
        ray.get(self.dropped.counter.set.remote(task, self.counts))

    def with_columns(self, rows: pa.Table, values: Sequence[Sequence[Any]]) -> pa.Table:
        """Return rows with the new columns."""
        for position, name in enumerate(self.names):
            is_string = position == 0 or (self.on_error == "keep" and name == self.names[-1])
            type_ = pa.string() if is_string else pa.float64()
            rows = rows.append_column(name, pa.array([row[position] for row in values], type_))
        return rows


class PartLabeller:
    """The actor that labels files."""

    def load(self, model: WorkerModel) -> None:
        """Load the model; not in `__init__`, whose errors Ray does not pass on."""
        self.classifier = model.load()

    def label(self, job: Job, part: Part) -> LabelledPart:
        """Label a file; see `label_part`."""
        return label_part(self.classifier, job, part)


def label_parts(
    job: Job, model: WorkerModel, parts: Sequence[Part], workers: int
) -> Generator[LabelledPart]:
    """Label the parts of a job, each by one worker, and yield those that are complete.

    A worker has one part at a time. The part of a worker that is lost, for instance with its node,
    goes to another one. Close the generator (`contextlib.closing`) to stop the workers.

    Args:
        job: the job, which `begin_job` has begun.
        model: the model.
        parts: the parts that are not complete. Their URLs and the output folder must be the same
            place on all nodes.
        workers: largest number of workers. Ray starts as many as the cluster has room for.

    Raises:
        SentimentError: the first error of a worker. Complete parts stay.
        ClusterError: workers are lost again and again.
    """
    actor_class: Any = ray.remote(PartLabeller).options(**resources(model.device))
    stored_model = ray.put(model)
    waiting = deque(parts)
    losses: Counter[Part | None] = Counter()  # None: while the model was loaded.
    running: dict[Any, tuple[Any, Part | None]] = {}  # The pending result of each worker.

    def start_worker() -> None:
        worker = actor_class.remote()
        running[worker.load.remote(stored_model)] = worker, None

    try:
        for _ in range(min(workers, len(parts))):
            start_worker()
        while waiting or any(part is not None for _, part in running.values()):
            (result,), _ = ray.wait(list(running))
            worker, part = running.pop(result)
            try:
                labelled = ray.get(result)
            except RayTaskError as error:
                raise sentiment_error(error) from error
            except RayError as error:  # The worker, its node or its result is lost.
                losses[part] += 1
                if losses[part] == MAX_LOSSES:
                    raise lost_worker(part, error) from error
                if part is not None:
                    waiting.appendleft(part)
                start_worker()
                continue
            losses[part] = 0
            if waiting:
                following = waiting.popleft()
                running[worker.label.remote(job, following)] = worker, following
            else:
                ray.kill(worker)  # Its CPU is free for a worker that replaces a lost one.
            if part is not None:
                yield labelled
    finally:
        for worker, _ in running.values():
            ray.kill(worker)


def sentiment_error(error: RayTaskError) -> BaseException:
    """Return the error that a worker raised, if a user can correct it; otherwise Ray's."""
    return error.cause if isinstance(error.cause, SentimentError) else error


def lost_worker(part: Part | None, error: RayError) -> ClusterError:
    """Return the error for workers that end without a result."""
    task = "loading the model" if part is None else f"labelling '{part.url}'"
    reason = str(error).strip().splitlines()[-1]  # The lines before it are a traceback.
    return ClusterError(
        f"A worker was lost {MAX_LOSSES} times while {task}: {reason.rstrip('.')}. Check that all "
        "nodes have this version of the package and enough memory."
    )
