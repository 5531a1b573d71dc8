"""Streaming of tables: rows are read in batches and written back unchanged with new columns."""

import csv
import io
import json
import os
import re
import tempfile
import tracemalloc
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.texts import any_text

from sentiment.config import ReaderConfig
from sentiment.data.columns import choose_text
from sentiment.data.rows import BadRows, read_texts
from sentiment.data.tables import lines, open_table, records
from sentiment.data.tables.outputs import check_output
from sentiment.data.tables.table import BATCH_ROWS, WritableTable
from sentiment.errors import ConfigError, DataError
from sentiment.inference.label_files import check_new_columns

ADDED = ["label", "score"]
VALUES = ["pos", 0.75]


def table_file(folder, content, name="t.csv"):
    path = folder / name
    if isinstance(content, pa.Table):
        pq.write_table(content, path)
    else:
        path.write_bytes(content)
    return path


def read(path, column=None, **settings):
    """Return the texts and row numbers of a file, and the messages about rows without a text."""
    config = ReaderConfig(text_column=column, **settings)
    texts, numbers, messages = [], [], []
    with open_table(str(path), config) as table:
        bad_rows = BadRows(table)
        for batch in read_texts(table, choose_text(table, config), table.format == "text"):
            texts += batch.texts
            messages += bad_rows.add(batch.bad)
            numbers += batch.rows.numbers
    return texts, numbers, [message.removeprefix(f"'{path}', ") for message in messages]


def labelled(path, column=None, added=ADDED, values=VALUES):
    """Return the bytes of a file with the same new values in each row with a text."""
    out = io.BytesIO()
    config = ReaderConfig(text_column=column)
    with open_table(str(path), config) as table, table.writer(out, added) as write:
        check_new_columns(table, added)
        for batch in read_texts(table, choose_text(table, config)):
            if batch.texts:
                write(batch.rows, [values] * len(batch.texts))
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("t.csv", b"text,n\na,1\nb,2\n", b"text,n,label,score\na,1,pos,0.75\nb,2,pos,0.75\n"),
        # Quotes, spaces and numbers are not reformatted.
        (
            "t.csv",
            b'"text",n\n"a ""b"", c", 007\n\'d\',1.50\n',
            b'"text",n,label,score\n"a ""b"", c", 007,pos,0.75\n\'d\',1.50,pos,0.75\n',
        ),
        # Nor are a byte order mark, line ends and a last line without one.
        (
            "t.CSV",
            b'\xef\xbb\xbftext,n\r\n"a\nb",1\r\nc,2',
            b'\xef\xbb\xbftext,n,label,score\r\n"a\nb",1,pos,0.75\r\nc,2,pos,0.75',
        ),
        ("t.csv", b"n,text\n\n1,a\n\n", b"n,text,label,score\n1,a,pos,0.75\n"),
        ("t.csv", b"n;text\n1,5;a\n", b"n;text;label;score\n1,5;a;pos;0.75\n"),
        ("t.csv", b"text,n\n", b"text,n,label,score\n"),
        ("t.csv", b"text", b"text,label,score"),
        ("t.csv", b"n|text\n1|a,b\n", b"n|text|label|score\n1|a,b|pos|0.75\n"),
        (
            "t.csv",
            b'text,n\n"a \\"b\\", c",1\n',
            b'text,n,label,score\n"a \\"b\\", c",1,pos,0.75\n',
        ),
        ("t.tsv", b'n\ttext\n1\t"a\n', b'n\ttext\tlabel\tscore\n1\t"a\tpos\t0.75\n'),
        (
            "t.json",
            b'[{"text":"a","n":1.50},\n { "text": "b" } ]\n',
            b'[\n{"text":"a","n":1.50, "label": "pos", "score": 0.75},\n'
            b'{ "text": "b", "label": "pos", "score": 0.75}\n]\n',
        ),
        ("t.json", b"[]", b"[\n\n]\n"),
        ("t.tsv", b"n\ttext\n1\ta, b\n", b"n\ttext\tlabel\tscore\n1\ta, b\tpos\t0.75\n"),
        (
            "t.jsonl",
            b'{"text":"a\\u00e9","n":1.50}\n\n{ "big": 1E999, "text": "\xc3\xa9" } \r\n',
            b'{"text":"a\\u00e9","n":1.50, "label": "pos", "score": 0.75}\n'
            b'{ "big": 1E999, "text": "\xc3\xa9", "label": "pos", "score": 0.75} \r\n',
        ),
        ("t.ndjson", b"", b""),
    ],
)
def test_only_the_new_columns_are_added(tmp_path, name, before, after):
    assert labelled(table_file(tmp_path, before, name)) == after


def test_label_is_quoted_if_needed(tmp_path):
    values = ['so, "so"', 0.5]
    assert labelled(table_file(tmp_path, b"text\na\n"), values=values).endswith(
        b'\na,"so, ""so""",0.5\n'
    )
    path = table_file(tmp_path, b'{"text": "a"}\n', "t.jsonl")
    assert json.loads(labelled(path, values=values))["label"] == 'so, "so"'


@pytest.fixture
def columns():
    size = 2 * BATCH_ROWS + 5
    return pa.table(
        {
            "text": [f"text {n}" for n in range(size)],
            "n": pa.array(range(size), pa.uint16()),
            "when": pa.array(range(size), pa.timestamp("us", "Europe/Berlin")),
            "kind": pa.array(["a", None, "b"] * (size // 3 + 1))[:size].dictionary_encode(),
            "nested": [{"x": [n], "y": None if n % 2 else "z"} for n in range(size)],
        }
    ).replace_schema_metadata({"about": "these"})


def test_parquet_keeps_column_types_and_metadata(tmp_path, columns):
    path = tmp_path / "t.parquet"
    pq.write_table(columns, path, row_group_size=1000, compression="zstd")
    result = pq.ParquetFile(io.BytesIO(labelled(path)))
    table = result.read()
    assert table.drop_columns(ADDED).equals(pq.read_table(path), check_metadata=True)
    assert table.schema.metadata == columns.schema.metadata
    assert table.schema.field("kind").type == columns.schema.field("kind").type
    assert table.schema.field("label").type == pa.string()
    assert table.schema.field("score").type == pa.float64()
    assert table["score"].unique().to_pylist() == [0.75]
    assert result.metadata.row_group(0).column(0).compression == "ZSTD"


def test_parquet_rows_without_text_are_rejected(tmp_path):
    texts = ["a", None, "b"] * 1000
    path = table_file(tmp_path, pa.table({"text": texts, "n": range(3000)}), "t.parquet")
    kept, numbers, wrong = read(path)
    assert kept == ["a", "b"] * 1000
    assert numbers == [n for n in range(1, 3001) if n % 3 != 2]
    assert wrong[1] == "row 5: no text in the column 'text'."
    assert len(wrong) == 1000
    table = pq.read_table(io.BytesIO(labelled(path)))
    assert table["n"].to_pylist() == [n for n in range(3000) if n % 3 != 1]


@pytest.mark.parametrize("type_", [pa.string(), pa.large_string(), pa.string_view()])
def test_every_string_type_is_text(tmp_path, type_):
    table = pa.table({"t": pa.array(["a", "é"], type_), "n": [1, 2]})
    path = table_file(tmp_path, table, "t.parquet")
    assert read(path)[0] == ["a", "é"]
    assert pq.read_table(io.BytesIO(labelled(path))).drop_columns(ADDED).equals(table)


def test_parquet_with_dictionary_invalid_utf8_or_no_rows_is_read(tmp_path):
    encoded = pa.table({"text": pa.array(["a", "b", "a", None]).dictionary_encode()})
    assert read(table_file(tmp_path, encoded, "t.parquet"))[0] == ["a", "b", "a"]
    _, *buffers = pa.array([b"a\xff", b"b"]).buffers()
    broken = pa.table({"text": pa.StringArray.from_buffers(2, *buffers)})
    path = table_file(tmp_path, broken, "t.parquet")
    assert read(path, encoding_errors="replace")[0] == ["a\ufffd", "b"]
    texts, _, (message,) = read(path)
    assert texts == ["b"]
    assert message.startswith("row 1: bytes that are not UTF-8 in the column 'text'.")
    empty = table_file(tmp_path, pa.table({"text": pa.array([], pa.string())}), "t.parquet")
    assert read(empty) == ([], [], [])
    assert pq.read_table(io.BytesIO(labelled(empty))).column_names == ["text", *ADDED]


@pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "zstd", "lz4", "brotli"])
def test_output_has_the_compression_of_the_input(tmp_path, compression):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"text": ["a", "b"]}), path, compression=compression)
    metadata = pq.ParquetFile(io.BytesIO(labelled(path))).metadata
    expected = pq.ParquetFile(path).metadata.row_group(0).column(0).compression
    assert metadata.row_group(0).column(0).compression == expected


@pytest.mark.parametrize("is_dictionary", [True, False])  # Or strings, once they are read.
def test_rows_that_refer_to_one_long_string_are_read_in_small_batches(tmp_path, is_dictionary):
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * 3000), ["x " * 2**20])
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"text": texts}), path, store_schema=is_dictionary)
    assert path.stat().st_size < 2**20
    before = pa.total_allocated_bytes()
    with open_table(str(path)) as table:
        batches = table.batches()
        sizes = [len(next(batches).numbers) for _ in range(20)]
        assert pa.total_allocated_bytes() - before < 2**27
    assert max(sizes) <= 2


@pytest.mark.parametrize("cut", [0, 3, 500])
def test_truncated_parquet_is_an_error(tmp_path, columns, cut):
    path = table_file(tmp_path, columns, "t.parquet")
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(DataError, match=r"'.*t\.parquet' could not be read as Parquet"):
        read(path)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("t.txt", lambda n: f"text {n}\n"),
        ("t.csv", lambda n: f'"text {n}",{n}\n' if n else "text,n\n"),
        ("t.jsonl", lambda n: json.dumps({"text": f"text {n}"}) + "\n"),
    ],
)
def test_rows_are_streamed_in_order(tmp_path, name, write):
    path = table_file(tmp_path, "".join(map(write, range(5000))).encode(), name)
    with open_table(str(path)) as table:
        batches = read_texts(table, choose_text(table, ReaderConfig()))
        first = next(batches)
        assert 0 < table.done < table.total / 2
        texts = [*first.texts, *(text for batch in batches for text in batch.texts)]
        assert table.done == table.total == path.stat().st_size
    start = 1 if name == "t.csv" else 0
    assert texts == [f"text {n}" for n in range(start, 5000)]


def test_batches_of_long_texts_have_fewer_rows(tmp_path):
    path = table_file(tmp_path, b"".join(b"x" * 2**20 + b"\n" for _ in range(20)), "t.txt")
    table = pa.table({"text": [f"{n:02}" * 2**19 for n in range(20)]})
    for name in (path, table_file(tmp_path, table, "t.parquet")):
        with open_table(str(name)) as rows:
            sizes = [len(batch.numbers) for batch in rows.batches()]
        assert max(sizes) <= 8
        assert sum(sizes) == 20


def test_large_row_group_is_not_read_at_once(tmp_path):
    texts = [os.urandom(500).hex() for _ in range(40_000)]
    path = table_file(tmp_path, pa.table({"text": texts}), "t.parquet")
    assert pq.ParquetFile(path).num_row_groups == 1
    before = pa.total_allocated_bytes()
    tracemalloc.start()  # pyarrow reads through a Python file, so Python allocates.
    with open_table(str(path)) as table:
        next(table.batches())
        held = tracemalloc.get_traced_memory()[1] + pa.total_allocated_bytes() - before
    tracemalloc.stop()
    assert held < 8 * 2**20 < path.stat().st_size


@pytest.mark.parametrize(
    ("content", "texts", "wrong"),
    [
        (b"text,n\na\nb,1\n", ["b"], "line 2: 1 field, where the header has 2: 'text', 'n'."),
        (b"text,n\nb,1\na, b,1\n", ["b"], "line 3: 3 fields, where the header has 2: 'text', 'n'."),
        # The number is that of the row's first line.
        (b'text,n\n"a\nb",1\n"c\n\nd"\ne,2\n', ["a\nb", "e"], "line 4: 1 field, .*"),
        (b'text,n\n"a" b,1\nc,2\n', ["c"], "line 2: not CSV: ',' expected.*"),
        # An unclosed quote invalidates its own line only.
        (
            b'text,n\n"a,1\nb,2\nc,3\n',
            ["b", "c"],
            "line 2: not CSV: unexpected end .*",
        ),
        (b'text,n\n"a,1\nb,2\n"c",3\n', ["b", "c"], "line 2: not CSV: .*"),
        (b"text,n\na\0,1\nb,2\n", ["b"], "line 2: a NUL byte.*"),
        (b'text,n\n"a\n\0",1\nb,2\n', ["b"], "line 2: a NUL byte.*"),
        (b"text,n\na\rb,1\nc,2\n", ["c"], "line 2: a carriage return outside quotes.*"),
    ],
)
def test_malformed_csv_row_is_rejected_alone(tmp_path, content, texts, wrong):
    found, _, messages = read(table_file(tmp_path, content), quoting="double")
    assert found == texts
    assert len(messages) == 1
    assert re.fullmatch(wrong, messages[0]), messages


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (b'{"text": "b"}\n{"n": 2}\n', "line 2: no text in the column 'text'."),
        (b'{"text": null, "n": 1}\n{"text": "b"}', "line 1: no text in the column 'text'."),
        (b'{"text": "b"}\n{"text": 1}\n', "line 2: no text in the column 'text', but a number."),
        (b'["b"]\n{"text": "b"}\n', "line 1: not a JSON object on a line of its own."),
        (b'{"text": \n{"text": "b"}\n', "line 1: not JSON: Expecting value at character .*"),
        (b'{"text": "a\0"}\n{"text": "b"}\n', "line 1: not JSON: Invalid control character.*"),
        (b'{"text": %s1%s}\n{"text": "b"}\n' % (b"[" * 10**5, b"]" * 10**5), "line 1: .*"),
        (b'{"text": "a", "n": %s}\n{"text": "b"}\n' % (b"1" * 5000), "line 1: .*"),
    ],
)
def test_malformed_json_row_is_rejected_alone(tmp_path, content, wrong):
    found, _, messages = read(table_file(tmp_path, content, "t.jsonl"))
    assert found == ["b"]
    assert len(messages) == 1
    assert re.fullmatch(wrong, messages[0]), messages


def test_message_about_malformed_tsv_shows_the_tab_as_an_escape(tmp_path):
    path = table_file(tmp_path, b'text\tn\n"a"b\t1\n', "t.tsv")
    _, _, (message,) = read(path, quoting="double")
    assert message.startswith(r"""line 2: not CSV: '\t' expected after '"'.""")


def test_row_length_is_limited(tmp_path, monkeypatch):
    long = "word " * 2**21  # 10 MiB
    for name, content in [("t.csv", f'text\n"{long}"\n'), ("t.txt", f"{long}\n")]:
        assert read(table_file(tmp_path, content.encode(), name))[0] == [long]
    monkeypatch.setattr(lines, "MAX_ROW_BYTES", 1000)
    monkeypatch.setattr(records, "MAX_ROW_BYTES", 1000)
    lengthy = b"text,n\n" + b"a" * 5000 + b",1\nb,2\n"
    assert read(table_file(tmp_path, lengthy)) == (["b"], [3], ["line 2: longer than 0 MiB."])
    unclosed = b'text,n\n"a,1\n' + b"b,2\n" * 1000
    texts, _, (message,) = read(table_file(tmp_path, unclosed), quoting="double")
    assert texts == ["b"] * 1000
    assert message.startswith("line 2: not CSV: a quoted field without an end within 0 MiB")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_byte_order_mark_gives_the_encoding(tmp_path, encoding, line_end):
    content = line_end.join(["\ufefftext,n", "é,1", "😀,2", ""]).encode(encoding)
    assert read(table_file(tmp_path, content))[0] == ["é", "😀"]
    unmarked = table_file(tmp_path, content[len("\ufeff".encode(encoding)) :])
    assert read(unmarked, encoding=encoding)[0] == ["é", "😀"]
    with pytest.raises(DataError, match="UTF-16 without a byte order mark"):
        read(unmarked)


@pytest.mark.parametrize(
    ("name", "content", "column", "texts"),
    [
        ("t.csv", b"id,text\n1,a\n", None, ["a"]),
        ("t.csv", b"review\na\n", None, ["a"]),
        ("t.csv", b"text,review\na,b\n", "review", ["b"]),
        ("t.jsonl", b'{"n": 1, "review": "a"}\n', None, ["a"]),
        ("t.jsonl", b'{"text": "a", "review": "b"}\n', "review", ["b"]),
        ("t.parquet", pa.table({"n": [1], "review": ["a"]}), None, ["a"]),
        ("t.parquet", pa.table({"text": ["a"], "review": ["b"]}), "review", ["b"]),
    ],
)
def test_text_column_is_the_named_one_or_text_or_the_only_one(
    tmp_path, name, content, column, texts
):
    assert read(table_file(tmp_path, content, name), column)[0] == texts


@pytest.mark.parametrize(
    ("name", "content", "column", "wrong"),
    [
        (
            "t.csv",
            b"title,body\na,b\n",
            None,
            "several columns that could hold the texts: 'title', 'body'. Set text_column",
        ),
        ("t.csv", b"id,review\n", "x", "no column 'x'. Its columns are 'id'"),
        ("t.csv", b"text,text\n", None, "more than one column 'text'"),
        ("t.csv", b"", None, "is empty: it has no header"),
        ("t.csv", b"\xef\xbb\xbf\n\n", None, "is empty: it has no header"),
        ("t.csv", b'"text\n', None, "line 1: not CSV"),
        ("t.csv", b"text,score\n", None, "already has a column 'score'.*prefix"),
        ("t.jsonl", b'{"text": "a", "label": 1}', None, "already has a column 'label'"),
        (
            "t.jsonl",
            b'{"text": "a"}\n' * 1024 + b'{"text": "a", "label": 1}',
            None,
            "line 1025, already has a column 'label'",
        ),
        ("t.parquet", pa.table({"n": [1]}), "n", "no text in its column 'n'"),
        (
            "t.parquet",
            pa.table({"a": ["b"], "c": ["d"]}),
            None,
            "several columns that could hold the texts: 'a', 'c'. Set text_column",
        ),
        (
            "t.parquet",
            pa.table({"text": ["a"], "label": [1]}),
            None,
            "already has a column 'label'",
        ),
    ],
)
def test_unusable_table_is_an_error(tmp_path, name, content, column, wrong):
    with pytest.raises(DataError, match=wrong):
        labelled(table_file(tmp_path, content, name), column)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", b"x" * 10**6 + b",b\n"),
        ("t.csv", b",".join(b"%d" % n for n in range(10**5)) + b"\n"),
        ("t.jsonl", json.dumps({str(n): n for n in range(10**5)}).encode()),
    ],
)
def test_error_about_a_long_header_is_short(tmp_path, name, content):
    path = table_file(tmp_path, content, name)
    with pytest.raises(DataError, match="'text'") as caught:
        read(path, "text")
    assert len(str(caught.value)) < 3000


# Parts of well-formed and malformed files.
PIECES = (
    *("text", "label", "n", "a film", "\u202e", "\u200b", "\ufeff", "é", "\u2028", "\x85", "😀"),
    *('"', '""', ",", ";", "\t", "\n", "\r\n", "\r", "\0", " ", "\\", "\\ud800", "\\u0000"),
    *("{", "}", '{"text": "a"}\n', '{"text": "', '"}\n', "[", "]", ":", "null", "1e999", "NaN"),
)
HEADERS = [b"", b"\xef\xbb\xbf", b"text\n", b"text,n\r\n", b"n\ttext\n", b"\xef\xbb\xbftext;n\n"]
any_bytes = st.tuples(
    st.sampled_from(HEADERS),
    st.binary()
    | st.lists(
        st.sampled_from([piece.encode() for piece in PIECES])
        | st.sampled_from([b"\xff", b"\xe2\x80", b"\xc0\x80", b"\xed\xa0\x80", b"PAR1"])
    ).map(b"".join),
).map(b"".join)


@given(
    any_bytes,
    st.sampled_from(["t.txt", "t.csv", "t.tsv", "t.jsonl", "t.parquet"]),
    st.sampled_from([None, "text"]),
)
def test_any_bytes_are_rows_or_an_error_of_one_line(content, name, column):
    with tempfile.TemporaryDirectory() as folder:
        path = table_file(Path(folder), content, name)
        try:
            texts, numbers, wrong = read(path, column)
        except DataError as error:
            texts, numbers, wrong = [], [], [str(error)]
        assert all(message.isprintable() for message in wrong)
        assert len(texts) == len(numbers)
        assert numbers == sorted(set(numbers))
        if texts and name != "t.txt":
            with open_table(str(path)) as table:
                is_writable = isinstance(table, WritableTable)
            if is_writable:  # fastText is written as CSV.
                labelled(path, column).decode()


@given(any_bytes)
def test_plain_text_is_read_line_by_line(content):
    with tempfile.TemporaryDirectory() as folder:
        path = table_file(Path(folder), content, "t.txt")
        try:
            texts, numbers, _ = read(path, input_format="text")
        except DataError:
            return
        lines = content.removeprefix(b"\xef\xbb\xbf")
        if b"\n" not in content:
            lines = lines.replace(b"\r", b"\n")
        for text, number in zip(texts, numbers, strict=True):
            assert text.encode() == lines.split(b"\n")[number - 1].removesuffix(b"\r")


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf"])
def test_empty_file_or_byte_order_mark_has_no_text(tmp_path, content):
    assert read(table_file(tmp_path, content, "t.txt")) == ([], [], [])


def is_valid(text):
    """Return whether a text is not blank and has no half of a surrogate pair."""
    return bool(text.strip()) and text == text.encode("utf-8", "replace").decode()


@given(st.lists(any_text, min_size=1), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_any_texts_are_read_unchanged_from_csv_and_json_lines(texts, line_end, marked):
    with tempfile.TemporaryDirectory() as folder:
        rows = [[n, text.encode("utf-8", "replace").decode()] for n, text in enumerate(texts)]
        rows = [[n, text] for n, text in rows if "\0" not in text]
        file = io.StringIO(newline="")
        # Python's csv would leave a lone \r unquoted, and every reader takes it for a line end.
        writer = csv.writer(file, lineterminator=line_end, quoting=csv.QUOTE_NONNUMERIC)
        writer.writerows([["n", "text"], *rows])
        mark = "\ufeff" if marked else ""
        path = table_file(Path(folder), (mark + file.getvalue()).encode())
        # Without the setting, a text with a line like a row is refused.
        assert read(path, quoting="double")[0] == [text for _, text in rows if text.strip()]
        objects = (json.dumps({"text": text, "n": n}) + line_end for n, text in enumerate(texts))
        path = table_file(Path(folder), (mark + "".join(objects)).encode(), "t.jsonl")
        # JSON has escapes for all characters. Half of a surrogate pair is no text.
        assert read(path)[0] == [text for text in texts if is_valid(text)]


def test_other_names_of_new_columns(tmp_path):
    added = ["my_label", "my_score"]
    path = table_file(tmp_path, b"text,label\na,1\n")
    assert labelled(path, added=added) == b"text,label,my_label,my_score\na,1,pos,0.75\n"
    path = table_file(tmp_path, b'{"text": "a", "label": 1}\n', "t.jsonl")
    assert json.loads(labelled(path, added=added))["my_label"] == "pos"


def test_output_is_replaced_only_on_request_and_the_input_never(tmp_path):
    path, other = table_file(tmp_path, b"text\n"), table_file(tmp_path, b"", "other.csv")
    check_output(tmp_path / "new.csv", str(path), overwrite=False)
    check_output(other, str(path), overwrite=True)
    with pytest.raises(ConfigError, match="already exists. Set overwrite"):
        check_output(other, str(path), overwrite=False)
    os.link(path, tmp_path / "same.csv")
    for same in (path, tmp_path / "same.csv", tmp_path / ".." / tmp_path.name / "t.csv"):
        with pytest.raises(ConfigError, match="is the input file"):
            check_output(same, str(path), overwrite=True)
    for place in (tmp_path, Path(os.devnull)):
        with pytest.raises(ConfigError, match="is not a file"):
            check_output(place, str(path), overwrite=True)
