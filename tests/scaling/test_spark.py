"""Predictions in Spark, in `local-cluster` mode: two executors, each in a process of its own."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from support.paths import ROOT
from support.small_models import small_classifier

from sentiment import Classifier
from sentiment.artifacts.model_folder import save_model
from sentiment.errors import DataError, ModelError

pytest.importorskip("pyspark", reason="needs: pip install -r requirements-spark.txt")
from pyspark.sql import SparkSession

from sentiment.inference.spark import label_dataframe, predict_frames, predict_udf

TEXTS = ["A joy from start to finish.", None, "I want my evening back.", "  ", "Dull, " * 50]


def java_version():
    """Return the major version of Java, 0 if there is none."""
    try:
        found = subprocess.run(["java", "-version"], capture_output=True, text=True).stderr
    except FileNotFoundError:
        return 0
    return int(found.split('"')[1].split(".")[0])


pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="local-cluster mode needs POSIX"),
    pytest.mark.skipif(java_version() < 17, reason="Spark 4 needs Java 17 or newer"),
]


@pytest.fixture(scope="module")
def spark():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("PYSPARK_DRIVER_PYTHON", sys.executable)
        session = (
            SparkSession.builder.master("local-cluster[2,1,1024]")
            .appName("sentiment tests")
            .config("spark.ui.enabled", "false")
            .config("spark.executorEnv.PYTHONPATH", str(ROOT))
            .config("spark.executor.memory", "512m")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.sql.shuffle.partitions", "2")
            .config("spark.sql.execution.arrow.maxRecordsPerBatch", "100")
            .getOrCreate()
        )
        yield session
        session.stop()


@pytest.fixture(scope="module")
def expected():
    """The results of one process for `TEXTS`."""
    classifier = Classifier.from_pretrained(backend="onnx")
    results = []
    for text in TEXTS:
        one = classifier(text) if text and text.strip() else {"label": None, "score": None}
        results.append((one["label"], one["score"]))
    return results


def assert_same(found, expected):
    assert [label for label, _ in found] == [label for label, _ in expected]
    scores = (
        [np.nan if score is None else score for _, score in rows] for rows in (found, expected)
    )
    np.testing.assert_allclose(*scores, atol=1e-6)


def test_data_frame_is_labelled_as_in_one_process(spark, expected):
    rows = [
        (number, text, None if number == 1 else 2**60 + number) for number, text in enumerate(TEXTS)
    ]
    df = spark.createDataFrame(rows, "id int, text string, big long").repartition(2)
    labelled = label_dataframe(df, prefix="predicted_")
    assert labelled.columns == ["id", "text", "big", "predicted_label", "predicted_score"]
    found = sorted(tuple(row) for row in labelled.collect())
    assert [row[:3] for row in found] == rows
    assert_same([row[3:] for row in found], expected)


def test_udf_works_in_sql(spark, expected):
    spark.udf.register("predict", predict_udf())
    spark.createDataFrame(list(enumerate(TEXTS)), "id int, text string").createOrReplaceTempView(
        "reviews"
    )
    query = "SELECT p.label, p.score FROM (SELECT id, predict(text) AS p FROM reviews) ORDER BY id"
    assert_same([tuple(row) for row in spark.sql(query).collect()], expected)


def test_function_works_in_map_in_pandas(spark, expected):
    df = spark.createDataFrame(list(enumerate(TEXTS)), "id int, review string")
    schema = "id int, review string, label string, score double"
    found = df.mapInPandas(predict_frames(column="review"), schema).orderBy("id").collect()
    assert_same([tuple(row)[2:] for row in found], expected)


def test_own_model_needs_to_be_on_the_driver_only(spark, tmp_path):
    classifier = small_classifier(labels=("bad", "good"))
    save_model(tmp_path / "model", classifier.saved())
    df = label_dataframe(
        spark.createDataFrame([("a good film",)], "text string"), tmp_path / "model"
    )
    (tmp_path / "model").rename(tmp_path / "moved")
    [row] = df.collect()
    expected = classifier("a good film")
    assert row.label == expected["label"]
    assert row.score == pytest.approx(expected["score"], abs=1e-4)


def test_wrong_columns_and_models_are_refused_by_the_driver(spark, tmp_path):
    df = spark.createDataFrame([(1, "fine", "x")], "id int, text string, Label string")
    with pytest.raises(DataError, match="no column 'review'. Its columns are 'id', 'text'"):
        label_dataframe(df, column="review")
    with pytest.raises(DataError, match="The column 'id' is int, and texts are strings"):
        label_dataframe(df, column="id")
    with pytest.raises(DataError, match="already has a column 'label'"):
        label_dataframe(df)
    with pytest.raises(ModelError):
        label_dataframe(df, tmp_path, prefix="predicted_")


def test_killed_executor_changes_no_row(spark):
    count = 4000
    texts = [f"A joy number {number}, {'dull' * (number % 3)}." for number in range(count)]
    expected = Classifier.from_pretrained(backend="onnx").predict_proba(texts).max(axis=1)
    df = spark.createDataFrame(list(enumerate(texts)), "id int, text string").repartition(40)
    spark.sparkContext.setJobGroup("killed", "a job of which an executor is killed")
    killed = []

    def kill_an_executor():
        tracker = spark.sparkContext.statusTracker()
        while not killed:
            for job in tracker.getJobIdsForGroup("killed"):
                for stage in tracker.getJobInfo(job).stageIds:
                    info = tracker.getStageInfo(stage)
                    if info and info.numTasks == 40 and info.numCompletedTasks >= 3:
                        process = executors()[0]
                        os.kill(process, signal.SIGKILL)
                        killed.append(process)
                        return
            time.sleep(0.05)

    thread = threading.Thread(target=kill_an_executor, daemon=True)
    thread.start()
    found = sorted(tuple(row) for row in label_dataframe(df).select("id", "score").collect())
    assert killed
    assert [id for id, _ in found] == list(range(count))
    np.testing.assert_allclose([score for _, score in found], expected, atol=1e-6)


def executors():
    """Return the process ids of the executors of this process."""
    listed = subprocess.run(
        ["ps", "-eww", "-o", "pid,args"], capture_output=True, text=True, check=True
    ).stdout
    url = f"@{SparkSession.active().conf.get('spark.driver.host')}:"
    port = SparkSession.active().conf.get("spark.driver.port")
    return [
        int(line.split()[0])
        for line in listed.splitlines()
        if "CoarseGrainedExecutorBackend" in line and f"{url}{port}" in line
    ]
