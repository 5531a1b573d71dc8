"""Labelling the rows of a table file from Python."""

import io
from contextlib import closing

import pytest
from support.fake_classifier import FakeClassifier

from sentiment.config import ReaderConfig
from sentiment.errors import DataError
from sentiment.inference.label_files import MalformedRowError, Progress, label_file

SKIP = ReaderConfig(on_error="skip")


def label(file, output, **options):
    """Label `file` and return every `Progress`."""
    return list(label_file(FakeClassifier(), str(file), output, **options))


@pytest.fixture
def table(tmp_path):
    """A CSV file with 3,000 rows, of which 1,500 are positive and two are malformed."""
    path = tmp_path / "reviews.csv"
    rows = ["text,n", *("good,1", "bad?,2") * 1500]
    rows[2000:2000] = ["malformed"]
    path.write_text("\n".join([*rows, "1,2,3"]) + "\n")
    return path


def test_progress_counts_rows_and_ends_at_the_whole_file(table, tmp_path):
    steps = label(table, tmp_path / "labelled.csv", reader=SKIP)
    last = steps[-1]
    assert (last.labelled, last.skipped, last.rows, last.fraction) == (3000, 2, 3002, 1.0)
    assert (last.mostly_unknown, last.first_mostly_unknown) == (1500, "line 3")
    rows, fractions = ([getattr(step, name) for step in steps] for name in ("rows", "fraction"))
    assert rows == sorted(rows)
    assert fractions == sorted(fractions)
    messages = [message for step in steps for message in step.messages]
    assert messages == [
        f"'{table}', line 2001: 1 field, where the header has 2: 'text', 'n'.",
        f"'{table}', line 3003: 3 fields, where the header has 2: 'text', 'n'.",
    ]


def test_rows_per_step_changes_the_progress_and_not_the_output(table, tmp_path):
    outputs = [tmp_path / name for name in ("one.csv", "two.csv")]
    few, many = (
        label(table, output, reader=SKIP, rows_per_step=rows)
        for output, rows in zip(outputs, (2000, 100), strict=True)
    )
    assert len(few) < 30 < len(many)
    assert max(b.rows - a.rows for a, b in zip([Progress(), *many], many, strict=False)) <= 102
    assert outputs[0].read_bytes() == outputs[1].read_bytes()
    header, first, *_ = outputs[0].read_text().splitlines()
    assert (header, first) == ("text,n,label,score", "good,1,pos,0.75")


def test_plain_text_becomes_csv_with_a_header(tmp_path):
    (tmp_path / "reviews.txt").write_text('good\n"bad", he said\n')
    output = io.BytesIO()
    label(tmp_path / "reviews.txt", output, prefix="predicted_", all_scores=True)
    assert output.getvalue().decode().splitlines() == [
        "text,predicted_label,predicted_score,predicted_score_neg,predicted_score_pos",
        "good,pos,0.75,0.25,0.75",
        '"""bad"", he said",neg,0.75,0.75,0.25',
    ]


def test_malformed_row_is_an_error_unless_skipped(table, tmp_path):
    with pytest.raises(
        MalformedRowError, match=r"reviews.csv', line 2001: 1 field, .* 2 rows cannot be used"
    ):
        label(table, tmp_path / "labelled.csv")
    assert not (tmp_path / "labelled.csv").exists()


@pytest.mark.parametrize("malformed", [False, True])
def test_more_rows_than_max_rows_are_an_error(tmp_path, malformed):
    path = tmp_path / "reviews.csv"
    path.write_text("text\n" + ("a,b\n" if malformed else "good\n") * 11)
    label_options = {"reader": SKIP, "max_rows": 10}
    with pytest.raises(DataError, match=r"reviews.csv' has more than 10 rows"):
        label(path, tmp_path / "labelled.csv", **label_options)
    assert not (tmp_path / "labelled.csv").exists()


def test_file_with_malformed_rows_only_is_an_error(tmp_path):
    (tmp_path / "reviews.jsonl").write_text("text,n\n" * 10)
    with pytest.raises(DataError, match=r"No row of .*reviews.jsonl' can be labelled"):
        label(tmp_path / "reviews.jsonl", tmp_path / "labelled.jsonl", reader=SKIP)


def test_closing_the_iterator_early_leaves_no_output(table, tmp_path):
    output = tmp_path / "labelled.csv"
    with closing(label_file(FakeClassifier(), str(table), output, reader=SKIP)) as steps:
        next(steps)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["reviews.csv"]


def test_empty_table_gives_the_header_and_one_progress(tmp_path):
    (tmp_path / "reviews.csv").write_text("text\n")
    assert label(tmp_path / "reviews.csv", tmp_path / "labelled.csv") == [Progress(fraction=1.0)]
    assert (tmp_path / "labelled.csv").read_text() == "text,label,score\n"
