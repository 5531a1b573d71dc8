"""Predictions in Spark: a pandas UDF for columns and SQL, and a function for `mapInPandas`.

The model is read once, by the driver, and is part of the function: Spark sends it to each executor
once, and each Python worker loads it once. A worker uses one CPU, as a Spark task does.
"""

from collections.abc import Callable, Iterator, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

from sentiment.config import SHIPPED_CLASSIFIER
from sentiment.data.rows import BadRowError, row_text
from sentiment.errors import DataError, listed, missing_packages
from sentiment.inference.backends import Backend
from sentiment.inference.label_files import output_values
from sentiment.inference.worker_model import WorkerClassifier, WorkerModel, read_worker_model

try:
    import pandas as pd
    from pyspark.sql.functions import pandas_udf
except ImportError as missing:
    raise missing_packages("Spark", ["pyspark", "pandas"], extra="spark") from missing

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    FrameFunction = Callable[[Iterator[pd.DataFrame]], Iterator[pd.DataFrame]]

RESULT = "label string, score double"

# The classifier of this Python worker, which Spark uses for one task after another.
_loaded: dict[str, WorkerClassifier] = {}


def predict_udf(model: str | PathLike[str] = SHIPPED_CLASSIFIER, backend: Backend = "onnx") -> Any:
    """Return a pandas UDF that labels texts, for columns and for SQL.

    >>> reviews.withColumn("prediction", predict_udf()("text"))
    >>> spark.udf.register("predict", predict_udf())
    >>> spark.sql("SELECT text, predict(text).label FROM reviews")

    Its argument is a column of strings. Its result is a struct of `label` and `score`, the
    probability of the label; null for a row without a text.

    Args:
        model: a folder or a Hub id, which only the driver needs access to.
        backend: as for `Classifier.from_pretrained`; `auto` is decided by the driver.

    Raises:
        ModelError, HubError, ConfigError, DependencyError: as `Classifier.from_pretrained`.
    """
    worker_model, key = read_checked_model(model, backend)

    def predict(batches: Iterator[pd.Series]) -> Iterator[pd.DataFrame]:
        classifier = load_once(worker_model, key)
        for texts in batches:
            yield labelled(classifier, texts.tolist(), ["label", "score"])

    # Spark reads the kind of the UDF from these types.
    predict.__annotations__ = {"batches": Iterator[pd.Series], "return": Iterator[pd.DataFrame]}
    return pandas_udf(predict, RESULT)


def label_dataframe(
    df: "DataFrame",
    model: str | PathLike[str] = SHIPPED_CLASSIFIER,
    column: str = "text",
    *,
    prefix: str = "",
    backend: Backend = "onnx",
) -> "DataFrame":
    """Label the texts of a Spark data frame.

    Args:
        df: the data frame; its columns do not leave Spark and stay as they are.
        model: as for `predict_udf`.
        column: the column of the texts, strings.
        prefix: put before the names of the new columns.
        backend: as for `predict_udf`.

    Returns:
        The data frame with the new columns `label` and `score`, both null in rows without a text.

    Raises:
        DataError: there is no such column of strings, or one of the new columns exists already.
        ModelError, HubError, ConfigError, DependencyError: as `predict_udf`.
    """
    names = [f"{prefix}label", f"{prefix}score"]
    check_columns(df, column, names)
    prediction = predict_udf(model, backend)(df[column])
    return df.withColumns({names[0]: prediction["label"], names[1]: prediction["score"]})


def predict_frames(
    model: str | PathLike[str] = SHIPPED_CLASSIFIER,
    column: str = "text",
    *,
    prefix: str = "",
    backend: Backend = "onnx",
) -> "FrameFunction":
    """Return a function for `mapInPandas` that adds the columns `label` and `score`.

    pandas has no integers with nulls, so use `label_dataframe` if other columns have these.

    >>> reviews.mapInPandas(predict_frames(), "text string, label string, score double")

    Args: see `label_dataframe`.

    Raises:
        ModelError, HubError, ConfigError, DependencyError: as `predict_udf`.
    """
    worker_model, key = read_checked_model(model, backend)
    names = [f"{prefix}label", f"{prefix}score"]

    def add_columns(frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        classifier = load_once(worker_model, key)
        for frame in frames:
            new = labelled(classifier, frame[column].tolist(), names)
            yield frame.assign(**{name: new[name].to_numpy() for name in names})

    return add_columns


def check_columns(df: "DataFrame", column: str, new: Sequence[str]) -> None:
    """Check the columns of a data frame. Spark does not distinguish case in their names.

    Raises:
        DataError: there is no column `column` of strings, or there is one of the `new` columns.
    """
    types = dict(df.dtypes)
    if column not in types:
        raise DataError(
            f"The data frame has no column {column!r}. Its columns are {listed(df.columns)}."
        )
    if types[column] != "string":
        raise DataError(f"The column {column!r} is {types[column]}, and texts are strings.")
    taken = {name.lower() for name in df.columns}
    for name in new:
        if name.lower() in taken:
            raise DataError(
                f"The data frame already has a column {name!r}. Set a prefix for the names of the "
                "new columns, such as predicted_."
            )


def read_checked_model(model: str | PathLike[str], backend: Backend) -> tuple[WorkerModel, str]:
    """Return a model that can be loaded, and a hash of it."""
    worker_model = read_worker_model(model, backend, "cpu")
    worker_model.load()  # An error of an executor would have a long traceback.
    return worker_model, repr(worker_model.identity())


def load_once(model: WorkerModel, key: str) -> WorkerClassifier:
    """Return the classifier of this process for a model, loaded at the first call."""
    if key not in _loaded:
        _loaded.clear()
        _loaded[key] = model.load()
    return _loaded[key]


def labelled(
    classifier: WorkerClassifier, values: Sequence[object], names: Sequence[str]
) -> "pd.DataFrame":
    """Return the label and the score of each value, both None for one without a text.

    Raises:
        DataError: a value is neither a string nor missing.
    """
    texts, indices = [], []
    for index, value in enumerate(values):
        missing = value is None or (isinstance(value, float) and value != value)
        if not missing and not isinstance(value, str):
            raise DataError(
                f"The column of the texts has a value that is no string: {value!r:.100}"
            )
        try:
            texts.append(row_text(("text",), (None if missing else value,), keep_blank=False))
            indices.append(index)
        except BadRowError:
            continue
    _, probabilities = classifier.encode_and_score(texts)
    rows: list[list[object]] = [[None, None] for _ in values]
    results = output_values(classifier.labels, probabilities.tolist(), all_scores=False)
    for index, result in zip(indices, results, strict=True):
        rows[index] = result
    frame = pd.DataFrame(rows, columns=list(names))
    return frame.astype({names[0]: object, names[1]: float})
