"""Any table that another program writes is read row for row or, if it is ambiguous, refused."""

import csv
import gzip
import io
import json
import multiprocessing
import os
import random
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support.table_files import parquet, read_for_labelling, read_for_training, workbook

DELIMITERS = ",;\t|"
# Parts that are special in one of the formats, and lines that look like rows.
PARTS = (
    *('"', '""', "'", "\\", '\\"', "\\\\", "\\n", ",", ";", "\t", "|", ", ", '",', ',"', '"\n"'),
    *("\n", "\r", "\r\n", "\n\n", " ", "\u2028", "\x85", "\x1c", "\ufeff", "\u3000"),
    *("fine", "a dull film", "007", "1,5", "-1.0", "nan", "NULL", "True", "é", "好", "😀"),
    *("bad,neg\n", "good\tpos\n", "1;good;pos\n", '"bad",neg\n', "text,label\n", "\nok,pos"),
    *("__label__pos", "{", "[{", "#", "sep=;", "=1+1", "C:\\new\\table"),
)
CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
TEXTS = st.lists(
    st.one_of(st.sampled_from(PARTS), st.text(CHARACTERS, max_size=5)), max_size=6
).map("".join)
LABELS = st.sampled_from([("neg", "pos"), ("1", "2", "3"), ("good film", "bad film"), ("0", "1")])
WITH_MARK = ("utf-8", "utf-8-sig", "utf-16", "utf-32")  # Recognized, unlike the others.
ENCODINGS = (*WITH_MARK, "cp1252", "gb18030", "shift_jis")
COLUMNS = {"text_column": "text", "label_column": "label"}


class Written(NamedTuple):
    """A table file: its bytes, its name, its rows, and the settings that describe it."""

    content: bytes
    name: str
    texts: list[str]
    labels: list[str]
    needed: dict[str, Any]  # What cannot be detected.
    exact: dict[str, Any]


@st.composite
def frames(draw, encoding="utf-8", blank=False):
    """Draw a table with the columns `text` and `label`, and perhaps others, in any order.

    Some texts are blank if `blank`, otherwise none.
    """
    names = draw(LABELS)
    texts = TEXTS.map(lambda text: text.encode(encoding, "ignore").decode(encoding, "ignore"))
    rows = draw(st.lists(st.tuples(texts, st.sampled_from(names)), min_size=1, max_size=8))
    rows *= draw(st.sampled_from([1, 1, 3]))  # Columns are recognized from ten rows on.
    if not blank:
        rows = [(text if text.strip() else f"{text}x", label) for text, label in rows]
    columns = {"text": [text for text, _ in rows], "label": [label for _, label in rows]}
    if draw(st.booleans()):
        columns["number"] = [str(number) for number in range(len(rows))]
    order = draw(st.permutations(list(columns)))
    return pd.DataFrame({name: columns[name] for name in order})


def compressed(draw, content, name):
    """Return content and name of a file, which may be a gzip file."""
    if draw(st.booleans()):
        return gzip.compress(content, mtime=0), f"{name}.gz"
    return content, name


def written_by_csv(table, **dialect):
    """Return a table as `csv` writes it."""
    out = io.StringIO(newline="")
    csv.writer(out, **dialect).writerows([list(table.columns), *table.itertuples(index=False)])
    return out.getvalue()


def written_by_pandas(table, delimiter, index, **dialect):
    """Return a table as `pandas` writes it."""
    return table.to_csv(sep=delimiter, index=index, **dialect)


def written_by_pyarrow(table, delimiter, quoting_style):
    """Return a table as `pyarrow` writes it."""
    out = io.BytesIO()
    options = pa.csv.WriteOptions(delimiter=delimiter, quoting_style=quoting_style)
    pa.csv.write_csv(pa.Table.from_pandas(table, preserve_index=False), out, options)
    return out.getvalue().decode()


@st.composite
def csv_files(draw, escaped=False, blank=False):
    """Draw a CSV file whose quotes are doubled or, if `escaped`, escaped by a backslash."""
    encoding = draw(st.sampled_from(ENCODINGS))
    table = draw(frames(encoding, blank))
    delimiter = draw(st.sampled_from(DELIMITERS))
    program = draw(st.sampled_from(["csv", "pandas"] if escaped else ["csv", "pandas", "pyarrow"]))
    quotings = [csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]
    dialect = {
        "quoting": draw(st.sampled_from([*quotings, csv.QUOTE_NONE] if escaped else quotings)),
        "lineterminator": draw(st.sampled_from(["\n", "\r\n"])),
        "doublequote": not escaped,
        "escapechar": "\\" if escaped else None,
    }
    if program == "pyarrow":
        style = draw(st.sampled_from(["needed", "all_valid"]))
        content = written_by_pyarrow(table, delimiter, style)
    else:
        # Python 3.11 writes a carriage return without quotes, unless all fields have some.
        has_quotes = dialect["quoting"] in (csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC)
        assume(has_quotes or not any("\r" in text for text in table["text"]))
        # Without quoting, pandas takes a quote for a character like any other.
        has_escaped_quotes = program == "csv" or dialect["quoting"] != csv.QUOTE_NONE
        assume(has_escaped_quotes or not any('"' in text for text in table["text"]))
        if program == "csv":
            content = written_by_csv(table, delimiter=delimiter, **dialect)
        else:
            content = written_by_pandas(table, delimiter, draw(st.booleans()), **dialect)
    needed = {} if encoding in WITH_MARK else {"encoding": encoding}
    quoting = "backslash" if escaped else "double"
    exact = {**COLUMNS, **needed, "delimiter": delimiter, "quoting": quoting}
    name = draw(st.sampled_from(["t.csv", "t.tsv" if delimiter == "\t" else "t.CSV"]))
    content, name = compressed(draw, content.encode(encoding), name)
    return Written(content, name, list(table["text"]), list(table["label"]), needed, exact)


def json_file(draw, table, lines):
    """Return the content of JSON Lines or an array, and its suffix."""
    indent = 0 if lines else draw(st.sampled_from([0, 2]))
    ascii_only = draw(st.booleans())
    text = table.to_json(orient="records", lines=lines, force_ascii=ascii_only, indent=indent)
    return text.encode(draw(st.sampled_from(WITH_MARK))), draw(st.sampled_from([".jsonl", ".json"]))


def parquet_file(draw, table):
    """Return the content of a Parquet file that `pandas` or `pyarrow` writes."""
    out = io.BytesIO()
    if draw(st.booleans()):
        table.to_parquet(out)
    else:
        types = [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())]
        schema = pa.schema([(name, draw(st.sampled_from(types))) for name in table.columns])
        rows = pa.Table.from_pandas(table, preserve_index=False).cast(schema)
        pq.write_table(rows, out, row_group_size=draw(st.integers(1, 9)))
    return out.getvalue()


@st.composite
def typed_files(draw, blank=False):
    """Draw JSON Lines, a JSON array or a Parquet file."""
    table = draw(frames(blank=blank))
    kind = draw(st.sampled_from(["jsonl", "json", "parquet"]))
    if kind == "parquet":
        content, suffix = parquet_file(draw, table), ".parquet"
    else:
        content, suffix = json_file(draw, table, kind == "jsonl")
    content, name = compressed(draw, content, f"t{suffix}")
    return Written(content, name, list(table["text"]), list(table["label"]), {}, COLUMNS)


def outcomes(written, **settings):
    """Return what is read in a file for training and for labelling."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, written.name)
        path.write_bytes(written.content)
        output = io.BytesIO()
        return read_for_training(path, **settings), read_for_labelling(path, output, **settings)


def check_read(written, training, labelling):
    """Check that all rows were read, by both."""
    assert training.error is None
    assert labelling.error is None
    assert training.texts == written.texts
    assert training.labels == written.labels
    assert labelling.texts == written.texts


def check_read_or_refused(written, training, labelling):
    """Check that both have read all rows, or that both have an error of one line."""
    if training.error is None:
        check_read(written, training, labelling)
        return
    for outcome in (training, labelling):
        assert outcome.error is not None
        assert len(outcome.error.splitlines()) == 1


any_files = st.one_of(csv_files(), csv_files(escaped=True), typed_files())


@given(any_files)
def test_file_is_read_row_for_row_with_the_settings_that_describe_it(written):
    check_read(written, *outcomes(written, **written.exact))


@given(typed_files())
def test_json_and_parquet_are_read_row_for_row_without_settings(written):
    check_read(written, *outcomes(written))


@given(csv_files())
def test_csv_is_read_row_for_row_or_refused_without_settings(written):
    check_read_or_refused(written, *outcomes(written, **written.needed))


@given(csv_files(escaped=True))
def test_csv_with_backslashes_is_read_row_for_row_or_refused_without_settings(written):
    # Nothing shows that other backslashes than those before quotes are escaped, and a quote at the
    # end of a line ends a row whose quotes are doubled.
    assume(not any("\\" in text or '"\n' in text for text in written.texts))
    assume(b'"' in written.content or not any("\n" in text for text in written.texts))
    check_read_or_refused(written, *outcomes(written, **written.needed))


@pytest.mark.parametrize("files", [csv_files(blank=True), typed_files(blank=True)])
def test_blank_texts_are_refused_or_left_out(files):
    @given(files)
    def check(written):
        rows = zip(written.texts, written.labels, strict=True)
        rows = [(text, label) for text, label in rows if text.strip()]
        blank = len(written.texts) - len(rows)
        for outcome in outcomes(written, **written.exact) if blank else ():
            assert "no text in the column 'text'" in outcome.error
            assert blank == 1 or f"{blank} rows cannot be used (no text: {blank})" in outcome.error
        assume(rows)
        kept = written._replace(texts=[text for text, _ in rows], labels=[one for _, one in rows])
        check_read(kept, *outcomes(written, **written.exact, on_error="skip"))

    check()


# Damaged files.

REVIEWS = [(f'a film, good "number" {number}\nor worse', "pos") for number in range(20)]
OBJECTS = [{"text": text, "label": label} for text, label in REVIEWS]
TABLE = pd.DataFrame(REVIEWS, columns=["text", "label"])
INTACT = {
    "t.csv": TABLE.to_csv(index=False).encode(),
    "t.tsv": TABLE.to_csv(index=False, sep="\t", doublequote=False, escapechar="\\").encode(),
    "utf16.csv": TABLE.to_csv(index=False).encode("utf-16"),
    "t.jsonl": "\n".join(map(json.dumps, OBJECTS)).encode(),
    "t.json": json.dumps(OBJECTS).encode(),
    "t.txt": "".join(f"__label__pos a film {number}\n" for number in range(20)).encode(),
    "t.csv.gz": gzip.compress(TABLE.to_csv(index=False).encode(), mtime=0),
    "t.xlsx": workbook([list(TABLE.columns), *REVIEWS]),
}
PARQUET = parquet({"text": [text for text, _ in REVIEWS], "label": ["pos"] * len(REVIEWS)})


def damaged(content, random):
    """Return a file with a few other bytes, or without its end or a part."""
    data = bytearray(content)
    start = random.randrange(len(data))
    match random.choice(["flip", "flip", "set", "cut", "remove", "repeat"]):
        case "flip":
            for _ in range(random.randint(1, 4)):
                data[random.randrange(len(data))] ^= 1 << random.randrange(8)
        case "set":
            data[start : start + 4] = random.choice([b"\0\0\0\0", b"\xff\xff\xff\x7f", b'"\n",'])
        case "cut":
            del data[start:]
        case "remove":
            del data[start : start + random.randint(1, 40)]
        case "repeat":
            data[start:start] = data[start : start + random.randint(1, 40)]
    return bytes(data)


def check_damaged(name, content, seeds):
    """Check that damaged files are read or refused with one line; other errors propagate."""
    for seed in seeds:
        changed = damaged(content, random.Random(seed))
        for on_error in ("stop", "skip"):
            written = Written(changed, name, [], [], {}, {})
            for outcome in outcomes(written, on_error=on_error):
                assert len((outcome.error or "read").splitlines()) == 1, (seed, outcome.error)


@pytest.mark.parametrize("name", INTACT)
def test_damaged_file_is_read_or_refused_with_one_line(name):
    check_damaged(name, INTACT[name], range(60))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_damaged_parquet_is_read_or_refused_with_one_line():
    # In a forked process, because a defect of pyarrow could end it.
    context = multiprocessing.get_context("fork")
    child = context.Process(target=check_damaged, args=("t.parquet", PARQUET, range(200)))
    child.start()
    child.join(timeout=120)
    assert child.exitcode == 0
