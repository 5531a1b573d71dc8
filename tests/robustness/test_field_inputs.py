"""Files as users bring them: each is read in full or refused with one line, by every command.

A case is read as `train` and `eval` read it, as `predict --file` and the Python API read it, and as
the demo page reads it. Where they read it, they read the same texts.
"""

import csv
import datetime
import gzip
import io
import json
import multiprocessing
import os
import re
import sys
import threading
import warnings
from html import unescape
from typing import Any, NamedTuple

import pyarrow as pa
import pytest
from support.small_models import SMALL, small_classifier
from support.table_files import (
    RecordingClassifier,
    parquet,
    read_for_labelling,
    read_for_training,
    workbook,
)

from sentiment.cli.flags import as_words
from sentiment.errors import Notice, SentimentError
from sentiment.training.trainer import Trainer

pytestmark = pytest.mark.filterwarnings("ignore::sentiment.errors.Notice")

LABELS = ("neg", "pos")
ROWS = [
    ("the soup was cold and late", "neg"),
    ("a kind waiter and great bread", "pos"),
    ("never again in this place", "neg"),
    ("the best lunch of the year", "pos"),
    ("dry cake and a rude cook", "neg"),
    ("we stayed until they closed", "pos"),
    ("too loud to hear a word", "neg"),
    ("fresh fish at a fair price", "pos"),
    ("the bill was wrong twice", "neg"),
    ("a table with a fine view", "pos"),
    ("two hours for a cold pizza", "neg"),
    ("our new place for birthdays", "pos"),
    ("sour wine and stale bread", "neg"),
    ("they even fed the dog", "pos"),
]
TEXTS = [text for text, _ in ROWS]
SENTENCES = [(f"{text}, said my friend", label) for text, label in ROWS]
QUOTED = [(f'{text}, "so to speak"', label) for text, label in ROWS]


class Case(NamedTuple):
    """A file and what is in it."""

    kind: str
    what: str
    content: bytes
    expected: list[tuple[str, str]] | str  # Rows, or a pattern of the message.
    name: str = "reviews.csv"
    labelling: list[str] | str | None = None  # Of `predict`, where it differs from training.
    notice: str = ""  # A pattern of what is reported.
    settings: dict[str, Any] = {}  # noqa: RUF012


def replaced(rows, *changes):
    """Return rows with others at some indices."""
    rows = list(rows)
    for index, row in changes:
        rows[index] = row
    return rows


def joined(rows, header="text,label", delimiter=",", end="\n"):
    """Return the lines of rows as they are, without quotes."""
    lines = ([header] if header is not None else []) + [delimiter.join(row) for row in rows]
    return "".join(f"{line}{end}" for line in lines).encode()


def table(rows, header=("text", "label"), **dialect):
    """Return rows as `csv` writes them."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, **{"lineterminator": "\n", **dialect})
    writer.writerows([header, *rows])
    return out.getvalue().encode()


def escaped(rows, **dialect):
    """Return rows whose quotes are escaped by backslashes, as MySQL and Spark write them."""
    return table(rows, doublequote=False, escapechar="\\", **dialect)


def objects(rows, **more):
    """Return rows as objects."""
    return [{"text": text, "label": label, **more} for text, label in rows]


def jsonl(values):
    return "".join(f"{json.dumps(value, ensure_ascii=False)}\n" for value in values).encode()


def columns_of(rows, names=("text", "label")):
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))


def numbered(rows, labels):
    """Return rows whose labels are replaced: `labels` by the names in `LABELS`."""
    return [(text, labels[LABELS.index(label)]) for text, label in rows]


def case(kind, what, content, expected, name="reviews.csv", labelling=None, notice="", **settings):
    return Case(kind, what, content, expected, name, labelling, notice, settings)


OPENS = replaced(ROWS, (2, ('"never again in this place', "neg")))
TWO_OPEN = replaced(OPENS, (9, ('"a table with a fine view', "pos")))
TURKISH = [(f"{text} ğüşıöç", label) for text, label in ROWS]
BLANK = replaced(ROWS, (3, ("", "pos")), (7, ("  ", "pos")))
NO_BLANK = [row for row in ROWS if row not in (ROWS[3], ROWS[7])]
UNLABELLED = replaced(ROWS, (4, (ROWS[4][0], "")))
LINES = [(f"{text},\n\nsaid my friend", label) for text, label in ROWS]
VARIANTS = [
    (text, spelling)
    for (text, _), spelling in zip(
        ROWS, ["neg", "pos", "Neg", "POS", " neg", "pos ", *["neg", "pos"] * 4], strict=True
    )
]
SPLIT_ROWS = [
    (text, label, split)
    for (text, label), split in zip(
        ROWS, ["train"] * 8 + ["validation"] * 4 + ["test"] * 2, strict=True
    )
]
TITLES = [(f"Visit {number}", text, label) for number, (text, label) in enumerate(ROWS)]
FLAGS = [(text, str(int(label == "neg")), "0") for text, label in ROWS]
IDS = [(f"b{number:03}", text, label) for number, (text, label) in enumerate(ROWS)]

STRAY_QUOTES = [
    case(
        "stray quote",
        "opens a TSV field",
        joined(OPENS, "text\tlabel", "\t"),
        OPENS,
        "reviews.tsv",
        notice="quotes do not enclose",
    ),
    case("stray quote", "opens a CSV field", joined(OPENS), OPENS),
    case("stray quote", "opens two fields far apart", joined(TWO_OPEN), TWO_OPEN),
    case(
        "stray quote",
        "opens the last of two columns",
        joined([(label, text) for text, label in OPENS], "label,text"),
        OPENS,
    ),
    case(
        "stray quote",
        "opens the fields of two adjacent rows",
        joined(replaced(OPENS, (3, ('"the best lunch of the year', "pos")))),
        replaced(OPENS, (3, ('"the best lunch of the year', "pos"))),
    ),
    case(
        "stray quote",
        "opens the last row",
        joined(replaced(ROWS, (-1, ('"they even fed the dog', "pos")))),
        replaced(ROWS, (-1, ('"they even fed the dog', "pos"))),
    ),
    case(
        "stray quote",
        "within a text",
        joined(replaced(ROWS, (2, ('a 5" slice of 7" pizza', "neg")))),
        replaced(ROWS, (2, ('a 5" slice of 7" pizza', "neg"))),
    ),
    case(
        "stray quote",
        "in a file of quoted fields",
        table(SENTENCES[:6]) + b'"never closed, neg\n' + table(SENTENCES[6:]).split(b"\n", 1)[1],
        "line 8: .*quot",
    ),
    case(
        "stray quote",
        "left out",
        table(SENTENCES[:6]) + b'"never closed, neg\n' + table(SENTENCES[6:]).split(b"\n", 1)[1],
        SENTENCES,
        notice=r"Skipped 1 row of .*line 8",
        on_error="skip",
    ),
    case(
        "stray quote",
        "with quoting none",
        joined(TWO_OPEN),
        TWO_OPEN,
        quoting="none",
    ),
]

BACKSLASHES = [
    case("backslash", "before quotes in quotes", escaped(QUOTED), QUOTED, notice="backslashes"),
    case(
        "backslash",
        "all fields quoted",
        escaped(QUOTED, quoting=csv.QUOTE_ALL),
        QUOTED,
        notice="backslashes",
    ),
    case(
        "backslash",
        "before a quote at the end of a field",
        escaped([(f'{text}, "oh"', label) for text, label in ROWS]),
        [(f'{text}, "oh"', label) for text, label in ROWS],
    ),
    case(
        "backslash",
        "before quotes outside quotes",
        joined(replaced(ROWS, (2, (r"I said \"no\" twice", "neg")))),
        replaced(ROWS, (2, ('I said "no" twice', "neg"))),
    ),
    case(
        "backslash",
        "in one row of many",
        escaped([*ROWS, *QUOTED[:1], *ROWS]),
        [*ROWS, *QUOTED[:1], *ROWS],
    ),
    case(
        "backslash",
        "before a backslash at the end of a field",
        escaped([*QUOTED, ("saved in C:\\", "neg")]),
        [*QUOTED, ("saved in C:\\", "neg")],
        quoting="backslash",
    ),
    case(
        "backslash",
        "of a path, which escapes nothing",
        table(replaced(QUOTED, (2, (r"in C:\new\table, he said", "neg")))),
        replaced(QUOTED, (2, (r"in C:\new\table, he said", "neg"))),
    ),
    case(
        "backslash",
        "two, before a closing quote, which escape nothing",
        table(replaced(ROWS, (2, (r"in \\\\host\\", "neg"))), quoting=csv.QUOTE_ALL),
        replaced(ROWS, (2, (r"in \\\\host\\", "neg"))),
    ),
    case(
        "backslash",
        "in TSV",
        escaped(QUOTED, header=("text", "label"), delimiter="\t", quoting=csv.QUOTE_ALL),
        QUOTED,
        "reviews.tsv",
    ),
]

OTHER_WIDTHS = [
    case(
        "fields",
        "one more than the header in each row",
        joined([(*row, "anna") for row in ROWS]),
        r"line 2: 3 fields, where the header has 2.*14 rows",
    ),
    case(
        "fields",
        "one more in one row",
        joined(replaced(ROWS, (5, ("we stayed, until they closed", "pos")))),
        "line 7: 3 fields, where the header has 2",
    ),
    case(
        "fields",
        "one less in one row",
        joined(replaced(ROWS, (5, ("we stayed until they closed",)))),
        "line 7: 1 field, where the header has 2",
    ),
    case(
        "fields",
        "one more, left out",
        joined(replaced(ROWS, (5, ("we stayed, until they closed", "pos")))),
        [*ROWS[:5], *ROWS[6:]],
        notice=r"Skipped 1 row of .*line 7",
        on_error="skip",
    ),
    case(
        "fields",
        "after a record of several lines",
        table(LINES[:2]) + b"one,two,three\n",
        "line 8: 3 fields",
    ),
]

HEADERLESS = [
    case(
        "no header",
        "one column",
        joined([(f"{text}.",) for text in TEXTS], None),
        "[Ss]et header to false",
    ),
    case(
        "no header",
        "two columns",
        joined([(f"{text}.", label) for text, label in ROWS], None),
        "[Ss]et header to false",
    ),
    case(
        "no header",
        "the label first",
        joined([(label, text) for text, label in numbered(ROWS, "01")], None),
        "[Ss]et header to false",
    ),
    case("no header", "header false", joined(ROWS, None), ROWS, header=False),
    case(
        "no header",
        "columns by number",
        joined(IDS, None),
        ROWS,
        header=False,
        text_column="2",
        label_column="3",
    ),
    case(
        "no header",
        "TSV",
        joined(ROWS, None, "\t"),
        ROWS,
        "reviews.tsv",
        header=False,
    ),
    case(
        "no header",
        "workbook",
        workbook(ROWS),
        ROWS,
        "reviews.xlsx",
        header=False,
    ),
    case(
        "no header",
        "JSON has none",
        jsonl(objects(ROWS)),
        "header line: leave header out",
        "reviews.jsonl",
        header=False,
    ),
]

FLOATS = [
    case(
        "float label",
        "JSON Lines",
        jsonl(objects(numbered(ROWS, (0.0, 1.0)))),
        numbered(ROWS, "01"),
        "reviews.jsonl",
    ),
    case(
        "float label",
        "CSV of stars",
        joined(numbered(ROWS, ("2.0", "5.0")), "Review Text,Rating"),
        numbered(ROWS, "25"),
        notice="'Review Text', labels from 'Rating'",
    ),
    case(
        "float label",
        "beside identifiers",
        jsonl(
            {"review_id": f"r{n}", "business_id": f"b{n % 3}", "stars": stars, "text": text}
            for n, (text, stars) in enumerate(numbered(ROWS, (2.0, 4.0)))
        ),
        numbered(ROWS, "24"),
        "reviews.json",
    ),
    case(
        "float label",
        "Parquet, with a missing one",
        parquet({"text": TEXTS, "label": [None, *[1.0, 2.0] * 6, 1.0]}),
        "row 1: no label",
        "reviews.parquet",
        labelling=TEXTS,
    ),
    case(
        "float label",
        "halves",
        joined(numbered(ROWS, ("2.5", "4.0"))),
        numbered(ROWS, ("2.5", "4.0")),
    ),
    case(
        "float label",
        "only identifiers",
        joined([(text, f"b{n % 3}") for n, text in enumerate(TEXTS)], "text,business_id"),
        "no column of labels",
        labelling=TEXTS,
    ),
]

VARIANTS_OF_LABELS = [
    case("label variants", "case and spaces", joined(VARIANTS), ROWS, notice="merged: 'Neg' as"),
    case(
        "label variants",
        "JSON Lines",
        jsonl(objects(VARIANTS)),
        ROWS,
        "reviews.jsonl",
        notice="merged",
    ),
    case(
        "label variants",
        "the usual spelling wins",
        joined([*numbered(ROWS, ("Bad", "Good")), ("no", "bad"), ("yes", "GOOD")]),
        [*numbered(ROWS, ("Bad", "Good")), ("no", "Bad"), ("yes", "Good")],
        notice="merged",
    ),
    case(
        "label variants",
        "1 and 1.0",
        joined([*numbered(ROWS, "01"), ("no", "0.0"), ("yes", "1.0")]),
        [*numbered(ROWS, "01"), ("no", "0"), ("yes", "1")],
    ),
]

NOT_UTF8 = "the byte 0x.. is not UTF-8.*encoding"
ENCODINGS = [
    case(
        "encoding", "Windows-1254", joined(TURKISH).decode().encode("cp1254"), f"line 2: {NOT_UTF8}"
    ),
    case(
        "encoding",
        "Windows-1254, set",
        joined(TURKISH).decode().encode("cp1254"),
        TURKISH,
        encoding="cp1254",
    ),
    case(
        "encoding",
        "one byte of Latin-1",
        joined(replaced(ROWS, (8, ("café", "neg")))).decode().encode("latin-1"),
        f"line 10: {NOT_UTF8}",
    ),
    case(
        "encoding",
        "replaced",
        joined(replaced(ROWS, (8, ("café", "neg")))).decode().encode("latin-1"),
        replaced(ROWS, (8, ("caf\ufffd", "neg"))),
        encoding_errors="replace",
    ),
    case(
        "encoding",
        "left out, in a text of several lines",
        table(replaced(LINES, (1, ("fine,\nolé\nand more", "pos")))).decode().encode("latin-1"),
        [*LINES[:1], *LINES[2:]],
        notice=r"Skipped 1 row of .*line 5",
        on_error="skip",
    ),
    case(
        "encoding",
        "GB 18030",
        joined([(f"{text}，好", label) for text, label in ROWS]).decode().encode("gb18030"),
        [(f"{text}，好", label) for text, label in ROWS],
        encoding="gb18030",
    ),
    case("encoding", "EBCDIC", joined(ROWS).decode().encode("cp037"), ROWS, encoding="cp037"),
    case(
        "encoding",
        "JSON Lines in Latin-1",
        jsonl(objects(replaced(ROWS, (2, ("café", "neg"))))).decode().encode("latin-1"),
        f"line 3: {NOT_UTF8}",
        "reviews.jsonl",
    ),
    case(
        "encoding",
        "JSON array in Latin-1",
        json.dumps(
            objects(replaced(ROWS, (2, ("café", "neg")))), indent=0, ensure_ascii=False
        ).encode("latin-1"),
        f"line 11: {NOT_UTF8}",
        "reviews.json",
    ),
    case(
        "encoding",
        "unknown",
        joined(ROWS),
        "There is no text encoding 'utf-7bit'",
        encoding="utf-7bit",
    ),
]

WIDE = [
    case("UTF-16", "CSV", joined(ROWS).decode().encode("utf-16"), ROWS),
    case(
        "UTF-16",
        "big-endian TSV named .txt, as of Excel",
        ("\ufeff" + joined(ROWS, "text\tlabel", "\t", "\r\n").decode()).encode("utf-16-be"),
        ROWS,
        "reviews.txt",
    ),
    case(
        "UTF-16",
        "JSON Lines",
        jsonl(objects(TURKISH)).decode().encode("utf-16"),
        TURKISH,
        "reviews.jsonl",
    ),
    case(
        "UTF-16",
        "JSON array",
        json.dumps(objects(TURKISH)).encode("utf-16"),
        TURKISH,
        "reviews.json",
    ),
    case(
        "UTF-16",
        "without a byte order mark",
        joined(ROWS).decode().encode("utf-16-le"),
        "UTF-16 without a byte order mark. Set encoding to utf-16-le",
    ),
    case(
        "UTF-16",
        "without a byte order mark, set to utf-16-le",
        joined(ROWS).decode().encode("utf-16-le"),
        ROWS,
        encoding="utf-16-le",
    ),
    case(
        "UTF-16",
        "without a byte order mark, set to utf-16",
        joined(ROWS).decode().encode("utf-16-le"),
        "no byte order mark. Set encoding to utf-16-le",
        encoding="utf-16",
    ),
    case("UTF-16", "UTF-32", joined(ROWS).decode().encode("utf-32"), ROWS),
    case("UTF-16", "UTF-8 with a byte order mark", b"\xef\xbb\xbf" + joined(ROWS), ROWS),
]

DELIMITERS = [
    case(
        "delimiter",
        "semicolons, with commas in texts",
        joined(SENTENCES, "text;label", ";"),
        SENTENCES,
        notice="semicolons",
    ),
    case("delimiter", "vertical bars", joined(ROWS, "text|label", "|"), ROWS, notice="bars"),
    case("delimiter", "tabs in .csv", joined(SENTENCES, "text\tlabel", "\t"), SENTENCES),
    case("delimiter", "commas in .tsv", joined(ROWS), ROWS, "reviews.tsv", notice="commas"),
    case(
        "delimiter", "named by sep=", b"sep=;\r\n" + joined(SENTENCES, "text;label", ";"), SENTENCES
    ),
    case("delimiter", 'named by "sep="', b'"sep=|"\n' + joined(ROWS, "text|label", "|"), ROWS),
    case("delimiter", "any that is set", joined(ROWS, "text^label", "^"), ROWS, delimiter="^"),
    case(
        "delimiter",
        "colons",
        joined(ROWS, "text:label", ":"),
        "columns 'text', 'label'. Set delimiter",
    ),
    case(
        "delimiter",
        "spaces before quotes",
        "".join(f'{n}, "{text}", {label}\n' for n, (text, label) in enumerate(SENTENCES)).encode(),
        [],
    ),
    case("delimiter", "of two characters", joined(ROWS), "delimiter must be one", delimiter=",,"),
]
DELIMITERS[-2] = DELIMITERS[-2]._replace(
    content=b"number, text, label\n" + DELIMITERS[-2].content, expected=SENTENCES
)

ARRAYS = [
    case("JSON array", "one line", json.dumps(objects(ROWS)).encode(), ROWS, "reviews.json"),
    case("JSON array", "indented", json.dumps(objects(ROWS), indent=2).encode(), ROWS, "a.json"),
    case("JSON array", "named .jsonl", json.dumps(objects(ROWS)).encode(), ROWS, "a.jsonl"),
    case(
        "JSON array",
        "with a byte order mark",
        json.dumps(objects(TURKISH), ensure_ascii=False).encode("utf-8-sig"),
        TURKISH,
        "a.json",
    ),
    case(
        "JSON array",
        "truncated",
        json.dumps(objects(ROWS), indent=0).encode()[:-9],
        "line 5[0-9]: not JSON",
        "a.json",
    ),
    case("JSON array", "empty", b"[]", "is empty", "a.json", labelling=[]),
    case(
        "JSON array",
        "an object of columns",
        json.dumps(columns_of(ROWS)).encode(),
        "one object with a list for each column",
        "a.json",
    ),
    case(
        "JSON array",
        "a key twice",
        b'[{"text": "a", "label": "x", "text": "b"}]',
        "line 1: a key that occurs twice",
        "a.json",
    ),
]

MISSING = [
    case("missing", "text in CSV", joined(BLANK), "line 5: no text.*2 rows.*on_error"),
    case(
        "missing",
        "text, left out",
        joined(BLANK),
        NO_BLANK,
        notice=r"Skipped 2 rows.*no text: 2.*line 5",
        on_error="skip",
    ),
    case(
        "missing",
        "label in CSV",
        joined(UNLABELLED),
        "line 6: no label in the column 'label'",
        labelling=TEXTS,
    ),
    case(
        "missing",
        "label, left out",
        joined(UNLABELLED),
        [*ROWS[:4], *ROWS[5:]],
        labelling=TEXTS,
        notice=r"Skipped 1 row of .*line 6",
        on_error="skip",
    ),
    case(
        "missing",
        "null text in Parquet",
        parquet(columns_of(replaced(ROWS, (3, (None, "pos")), (8, (None, "neg"))))),
        "row 4: no text.*2 rows",
        "reviews.parquet",
    ),
    case(
        "missing",
        "null text in JSON Lines",
        jsonl(objects(replaced(ROWS, (3, (None, "pos"))))),
        "line 4: no text",
        "reviews.jsonl",
    ),
    case(
        "missing",
        "key in JSON Lines",
        jsonl([*objects(ROWS), {"text": "no label"}]),
        "line 15: no label",
        "reviews.jsonl",
        labelling=[*TEXTS, "no label"],
    ),
    case(
        "missing",
        "cell in a workbook",
        workbook([("text", "label"), *replaced(ROWS, (2, (None, "neg")))]),
        "row 4: no text",
        "reviews.xlsx",
    ),
    case("missing", "all rows", b"text,label\n", "empty", labelling=[]),
    case("missing", "all bytes", b"", "empty"),
    case(
        "missing",
        "all rows of Parquet",
        parquet({"text": [], "label": []}, pa.schema([("text", "string"), ("label", "string")])),
        "empty",
        "reviews.parquet",
        labelling=[],
    ),
]

TITLE_LINES = [
    case(
        "title",
        "with a comma, above a blank line",
        b"Survey export 2024,\n\n" + joined(ROWS),
        "header seems to be in line 3",
    ),
    case(
        "title",
        "of one field",
        b"Survey export 2024\n" + joined(ROWS),
        "header seems to be in line 2",
    ),
    case(
        "title",
        "above another delimiter",
        b"Survey export 2024\n" + joined(ROWS, "text;label", ";"),
        "header seems to be in line 2",
    ),
    case(
        "title",
        "as a comment",
        b"# exported by anna\n# in May\n" + joined(ROWS, "text\tlabel", "\t"),
        "header seems to be in line 3",
        "reviews.tsv",
    ),
]

LINE_ENDS = [
    case("line ends", "CR in CSV", joined(ROWS, end="\r"), ROWS),
    case("line ends", "CR in TSV", joined(ROWS, "text\tlabel", "\t", "\r"), ROWS, "a.tsv"),
    case(
        "line ends", "CR in JSON Lines", jsonl(objects(ROWS)).replace(b"\n", b"\r"), ROWS, "a.jsonl"
    ),
    case("line ends", "CR in UTF-16", joined(ROWS, end="\r").decode().encode("utf-16"), ROWS),
    case("line ends", "CR LF", joined(ROWS, end="\r\n"), ROWS),
    case("line ends", "LF and CR LF", joined(ROWS[:5]) + joined(ROWS[5:], None, end="\r\n"), ROWS),
    case("line ends", "none at the end", joined(ROWS)[:-1], ROWS),
    case("line ends", "blank lines between rows", joined(ROWS, end="\n\n"), ROWS),
]


def fasttext(rows, form="__label__{1} {0}"):
    return "".join(f"{form.format(*row)}\n" for row in rows).encode()


FASTTEXT = [
    case("fastText", "labels first", fasttext(ROWS), ROWS, "rows.txt"),
    case("fastText", "tabs after labels", fasttext(ROWS, "__label__{1}\t{0}"), ROWS, "rows.txt"),
    case("fastText", "labels last", fasttext(ROWS, "{0} __label__{1}"), ROWS, "rows.txt"),
    case(
        "fastText",
        "two thirds labelled",
        fasttext(ROWS[:9]) + b"".join(b"a line without one\n" for _ in range(5)),
        "line 10: no label.*5 rows",
        "rows.txt",
        labelling=[*TEXTS[:9], *["a line without one"] * 5],
    ),
    case(
        "fastText",
        "several labels in a line",
        fasttext(ROWS) + b"__label__neg __label__pos so so\n",
        "line 15: 2 labels",
        "rows.txt",
    ),
    case(
        "fastText",
        "in the texts of a CSV file",
        joined([(f"{text} __label__{label}", label) for text, label in ROWS]),
        [(f"{text} __label__{label}", label) for text, label in ROWS],
    ),
    case("fastText", "Windows line ends", fasttext(ROWS).replace(b"\n", b"\r\n"), ROWS, "rows.ft"),
]

TEXT_TABLES = [
    case(
        ".txt table",
        "TSV with a header",
        "".join(
            ["id\tdocument\tlabel\n", *(f"{n}\t{a}\t{b}\n" for n, (a, b) in enumerate(ROWS))]
        ).encode(),
        ROWS,
        "ratings.txt",
    ),
    case(
        ".txt table",
        "TSV with a stray quote",
        joined(OPENS, "document\tlabel", "\t"),
        OPENS,
        "ratings.txt",
    ),
    case(
        ".txt table",
        "TSV without usual names",
        joined(numbered(ROWS, "01"), "document\tscore", "\t"),
        numbered(ROWS, "01"),
        "ratings.txt",
    ),
    case(".txt table", "CSV", table(SENTENCES), SENTENCES, "reviews.txt"),
    case(
        ".txt table",
        "sep= line",
        b"sep=;\n" + joined(SENTENCES, "text;label", ";"),
        SENTENCES,
        "reviews.txt",
    ),
    case(
        ".txt table",
        "one line of text",
        b"Content, direction\n",
        "no column of labels",
        "reviews.txt",
        labelling=["Content, direction"],
    ),
    case(
        ".txt table",
        "texts with commas",
        joined([(text,) for text, _ in SENTENCES], None),
        "no column of labels",
        "reviews.txt",
        labelling=[text for text, _ in SENTENCES],
    ),
    case(
        ".txt table",
        "plain text, if set",
        joined(ROWS),
        "no column of labels",
        "reviews.txt",
        labelling=["text,label", *map(",".join, ROWS)],
        input_format="text",
    ),
]

TOKENS = [
    case(
        "tokens",
        "JSON Lines",
        jsonl({"text": text.split(), "label": label} for text, label in ROWS),
        ROWS,
        "tokens.jsonl",
    ),
    case(
        "tokens",
        "JSON array",
        json.dumps([{"text": text.split(), "label": label} for text, label in ROWS]).encode(),
        ROWS,
        "tokens.json",
    ),
    case(
        "tokens",
        "Parquet",
        parquet({"text": [t.split() for t in TEXTS], "label": [label for _, label in ROWS]}),
        ROWS,
        "tokens.parquet",
    ),
    case(
        "tokens",
        "numbers",
        jsonl({"text": [1, 2, 3], "label": label} for _, label in ROWS),
        "a list",
        "tokens.jsonl",
        text_column="text",
    ),
    case(
        "tokens",
        "beside strings",
        jsonl([*objects(ROWS), {"text": ["so", "so"], "label": "neg"}]),
        [*ROWS, ("so so", "neg")],
        "tokens.jsonl",
    ),
]

MIXED = [
    case(
        "mixed labels",
        'numbers and "numbers"',
        jsonl(objects(numbered(ROWS, ("0", 1)))),
        numbered(ROWS, "01"),
        "mixed.jsonl",
    ),
    case(
        "mixed labels",
        "the same number in both types",
        jsonl(objects([*numbered(ROWS, "01"), *numbered(ROWS, (0, 1.0))])),
        [*numbered(ROWS, "01")] * 2,
        "mixed.jsonl",
    ),
    case(
        "mixed labels",
        "a string and a number",
        jsonl(objects(numbered(ROWS, ("neg", 1)))),
        "mixed types: .*line 1.*line 2",
        "mixed.jsonl",
        labelling=TEXTS,
    ),
    case(
        "mixed labels",
        "an object",
        jsonl(objects(replaced(ROWS, (4, (TEXTS[4], {"stars": 1}))))),
        "line 5: 'label' is the label",
        "mixed.jsonl",
        labelling=TEXTS,
    ),
    case(
        "mixed labels",
        "true and false",
        jsonl(objects(numbered(ROWS, (False, True)))),
        numbered(ROWS, ("false", "true")),
        "mixed.jsonl",
    ),
]

JOINED = [(f"{title} {text}", label) for title, text, label in TITLES]
TWO_COLUMNS = [
    case(
        "two text columns",
        "joined",
        joined(TITLES, "title,body,stars"),
        JOINED,
        text_column="title,body",
        label_column="stars",
    ),
    case(
        "two text columns",
        "a blank title",
        joined(replaced(TITLES, (2, ("", TEXTS[2], "neg"))), "title,body,stars"),
        replaced(JOINED, (2, ROWS[2])),
        text_column="title, body",
    ),
    case(
        "two text columns",
        "without a choice",
        joined([(f"{text} again", text, label) for text, label in ROWS], "title,body,stars"),
        "several columns that could hold the texts: 'title', 'body'",
    ),
    case(
        "two text columns",
        "one that is missing",
        joined(TITLES, "title,body,stars"),
        "no column 'heading'",
        text_column="heading,body",
    ),
    case(
        "two text columns",
        "JSON Lines",
        jsonl(
            {"title": title, "body": text, "stars": n % 2}
            for n, (title, text, _) in enumerate(TITLES)
        ),
        [(text, "01"[n % 2]) for n, (text, _) in enumerate(JOINED)],
        "reviews.jsonl",
        text_column="title,body",
    ),
    case(
        "two text columns",
        "one whose name has a comma",
        table(ROWS, ("what, in words", "label")),
        ROWS,
        text_column="what, in words",
    ),
]

SPLITS = [
    case(
        "split column",
        "Parquet",
        parquet(columns_of(SPLIT_ROWS, ("text", "label", "split"))),
        ROWS,
        "reviews.parquet",
        notice="splits from the column 'split'",
    ),
    case(
        "split column",
        "CSV, other names of splits",
        joined(SPLIT_ROWS, "text,label,split").replace(b"validation", b"Dev"),
        ROWS,
        notice="splits from",
    ),
    case(
        "split column",
        "set",
        joined(SPLIT_ROWS, "text,label,fold"),
        ROWS,
        split_column="fold",
    ),
    case(
        "split column",
        "an unknown value",
        joined(replaced(SPLIT_ROWS, (5, (*ROWS[5], "holdout"))), "text,label,split"),
        "line 7: the split 'holdout'",
        labelling=TEXTS,
    ),
    case(
        "split column",
        "without any split in it",
        joined([(*row, "page 1") for row in ROWS], "text,label,split"),
        ROWS,
    ),
]

KEPT = [
    case(
        "usual",
        "an index column",
        "".join([",text,label\n", *(f"{n},{a},{b}\n" for n, (a, b) in enumerate(ROWS))]).encode(),
        ROWS,
    ),
    case("usual", "quoted line ends", table(LINES), LINES),
    case("usual", "quoted line ends, CR LF", table(LINES, lineterminator="\r\n"), LINES),
    case(
        "usual",
        "TRUE and FALSE",
        joined(numbered(ROWS, ("FALSE", "TRUE")), "text,is_positive"),
        numbered(ROWS, ("FALSE", "TRUE")),
    ),
    case(
        "usual",
        "texts of digits",
        joined([("10", "neg"), ("11", "pos")] * 7),
        [("10", "neg"), ("11", "pos")] * 7,
    ),
    case(
        "usual",
        "texts of digits, by name of the column",
        joined([(str(n), label) for n, (_, label) in enumerate(ROWS)], "number,label"),
        [(str(n), label) for n, (_, label) in enumerate(ROWS)],
        text_column="number",
    ),
    case("usual", "spaces around the names", joined(ROWS, " text , label "), ROWS),
    case(
        "usual",
        "lines of a text that look like rows",
        table(replaced(ROWS, (3, ("the best\nlunch of all,neg\nof the year", "pos")))),
        "line 5: .*line 6, which looks like a row.*double",
    ),
    case(
        "usual",
        "lines of a text that look like rows, with quoting double",
        table(replaced(ROWS, (3, ("the best\nlunch of all,neg\nof the year", "pos")))),
        replaced(ROWS, (3, ("the best\nlunch of all,neg\nof the year", "pos"))),
        quoting="double",
    ),
    case(
        "usual",
        "few texts that end with a line end",
        table([("great, fine\n", "pos"), ("bad, awful\n", "neg")]),
        "line 2: .*line 3, which looks like a row.*double",
    ),
    case(
        "usual",
        "a NUL byte",
        joined(replaced(ROWS, (6, ("too\0loud", "neg")))),
        "line 8: a NUL byte",
    ),
]

MULTILABEL = [
    case(
        "several labels",
        "columns of 0 and 1",
        joined(
            [(text, flag, str(n % 3 // 2)) for n, (text, flag, _) in enumerate(FLAGS)],
            "comment_text,toxic,insult",
        ),
        "'toxic', 'insult'.*several labels is not supported",
        labelling=TEXTS,
    ),
    case(
        "several labels",
        "one column of them",
        joined(FLAGS, "comment_text,toxic,insult"),
        [(text, flag) for text, flag, _ in FLAGS],
        label_column="toxic",
    ),
    case(
        "several labels",
        "numbers in Parquet",
        parquet({"comment_text": TEXTS, "toxic": [0, 1] * 7, "insult": [1, 0] * 7}),
        "'toxic', 'insult'.*several labels is not supported",
        "reviews.parquet",
        labelling=TEXTS,
    ),
    case(
        "several labels",
        "a list of them",
        jsonl({"text": text, "labels": [label, "x"]} for text, label in ROWS),
        "line 1: 'labels' is the label",
        "reviews.jsonl",
        labelling=TEXTS,
    ),
]

WORKBOOKS = [
    case("Excel", "one sheet", workbook([("text", "label"), *ROWS]), ROWS, "book.xlsx"),
    case(
        "Excel",
        "several sheets, numbers, an empty row",
        workbook(
            [("text", "stars"), *numbered(ROWS[:7], (1, 5)), (), *numbered(ROWS[7:], (1.0, 5.0))],
            [(1, 2)],
        ),
        numbered(ROWS, "15"),
        "book.xlsx",
        notice="only the first of 2 sheets",
    ),
    case(
        "Excel",
        "line ends as _x000D_",
        workbook([("text", "label"), *replaced(ROWS, (2, ("never_x000D_\nagain", "neg")))]),
        replaced(ROWS, (2, ("never\r\nagain", "neg"))),
        "book.xlsx",
    ),
    case(
        "Excel", "damaged", workbook([("text", "label"), *ROWS])[:-300], "Excel workbook", "a.xlsx"
    ),
    case("Excel", "the old format", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 9, "old Excel", "a.xls"),
    case(
        "Excel",
        "a date",
        workbook([("text", "label", "on"), *((*row, datetime.date(2024, 5, 1)) for row in ROWS)]),
        ROWS,
        "a.xlsx",
    ),
]

GZIP = [
    case("gzip", "CSV", gzip.compress(joined(ROWS)), ROWS, "rows.csv.gz"),
    case("gzip", "JSON Lines", gzip.compress(jsonl(objects(ROWS))), ROWS, "rows.jsonl.gz"),
    case(
        "gzip", "JSON array", gzip.compress(json.dumps(objects(ROWS)).encode()), ROWS, "a.json.gz"
    ),
    case("gzip", "Parquet", gzip.compress(parquet(columns_of(ROWS))), ROWS, "rows.parquet.gz"),
    case("gzip", "fastText", gzip.compress(fasttext(ROWS)), ROWS, "rows.txt.gz"),
    case("gzip", "without the suffix", gzip.compress(joined(ROWS)), ROWS),
    case("gzip", "truncated", gzip.compress(joined(ROWS))[:-9], "could not be read", "a.csv.gz"),
    case("gzip", "bzip2", b"BZh91AY&SY", "bzip2. Decompress it", "a.csv.bz2"),
]

CASES = [
    *STRAY_QUOTES,
    *BACKSLASHES,
    *OTHER_WIDTHS,
    *HEADERLESS,
    *FLOATS,
    *VARIANTS_OF_LABELS,
    *ENCODINGS,
    *WIDE,
    *DELIMITERS,
    *ARRAYS,
    *MISSING,
    *TITLE_LINES,
    *LINE_ENDS,
    *FASTTEXT,
    *TEXT_TABLES,
    *TOKENS,
    *MIXED,
    *TWO_COLUMNS,
    *SPLITS,
    *KEPT,
    *MULTILABEL,
    *WORKBOOKS,
    *GZIP,
]

DEMO_CASES = [one for one in CASES if set(one.settings) <= {"text_column", "on_error"}]


def each(cases):
    return pytest.mark.parametrize("one", cases, ids=lambda one: f"{one.kind}: {one.what}")


def written(one, folder):
    """Write the file of a case and return its path."""
    path = folder / one.name
    path.write_bytes(one.content)
    return path


def check_message(path, message, pattern):
    """Check that a message is one line that names the file, unless a setting is wrong."""
    assert message is not None, "the file was read"
    assert re.search(pattern, message), message
    assert message.isprintable(), message
    assert path.name in message or "There is no text encoding" in message or "must be" in message


@each(CASES)
def test_training_and_labelling_read_all_rows_or_refuse_the_file(tmp_path, one):
    path = written(one, tmp_path)
    training = read_for_training(path, **one.settings)
    labelling = read_for_labelling(path, **one.settings)
    if isinstance(one.expected, str):
        check_message(path, training.error, one.expected)
    else:
        assert training.error is None
        assert list(zip(training.texts, training.labels, strict=True)) == one.expected
        assert re.search(one.notice, "\n".join(training.notices)), training.notices
    expected = one.expected if one.labelling is None else one.labelling
    if isinstance(expected, str):
        check_message(path, labelling.error, expected)
        assert list(tmp_path.iterdir()) == [path]
    else:
        assert labelling.error is None
        assert labelling.texts == (training.texts if one.labelling is None else expected)


@each(DEMO_CASES)
def test_demo_reads_what_labelling_reads(tmp_path, one):
    handlers = pytest.importorskip("sentiment.apps.demo.handlers")
    storage = pytest.importorskip("sentiment.apps.demo.storage")
    path = written(one, tmp_path)
    column = one.settings.get("text_column", "")
    labelling = read_for_labelling(path, text_column=column or None, on_error="skip")
    stopping = read_for_labelling(path, io.BytesIO(), text_column=column or None)
    classifier = RecordingClassifier()
    demo = handlers.Handlers(classifier, storage.Storage(tmp_path / "demo"))
    (tmp_path / "demo").mkdir()
    page, button = demo.label_file({"path": str(path)}, column)
    page = unescape(page)
    if path.suffix not in handlers.FILE_TYPES:
        assert "A file must be one of" in page
        return
    assert classifier.texts == labelling.texts
    assert button.visible == bool(labelling.texts)
    assert str(tmp_path) not in page
    if labelling.error is not None:
        assert labelling.error.replace(str(path), path.name) in page
    elif stopping.error is not None:  # A row that the page leaves out, and says so.
        assert stopping.error.split(": ")[0].replace(str(path), path.name) in page
    assert labelling.texts or labelling.error or "has no rows" in page


# Folders.


def write_folder(folder, files):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


CLASS_FOLDER = {f"{label}/{number}.txt": text.encode() for number, (text, label) in enumerate(ROWS)}


@pytest.mark.parametrize(
    ("files", "expected", "notice"),
    [
        pytest.param(
            {"train.csv": joined(ROWS), "test.csv": joined([(text,) for text in TEXTS], "text")},
            ROWS,
            r"test\.csv' has no labels",
            id="unlabelled test.csv",
        ),
        pytest.param(
            {
                "train.csv": joined(ROWS),
                "test.csv": joined([(str(n), text) for n, text in enumerate(TEXTS)], "id,text"),
                "sample_submission.csv": joined([(str(n), "neg") for n in range(9)], "id,label"),
            },
            ROWS,
            r"others are left out: 'sample_submission\.csv'",
            id="a table of no split",
        ),
        pytest.param(
            {"train.csv": joined(ROWS), "train.csv.gz": gzip.compress(joined(ROWS))},
            r"the same rows twice: 'train\.csv', 'train\.csv\.gz'",
            "",
            id="train.csv twice",
        ),
        pytest.param(
            {"train.csv": joined(ROWS), "train.jsonl": jsonl(objects(ROWS))},
            "several formats",
            "",
            id="two formats",
        ),
        pytest.param(
            {"train.csv": joined(ROWS[:8]), "test.csv": joined(ROWS[8:])},
            ROWS,
            "",
            id="two splits",
        ),
        pytest.param(
            {"train.csv": joined(OPENS[:5]) + b"a,b,c\n", "test.csv": joined(ROWS)},
            r"train\.csv', line 7: 3 fields",
            "",
            id="a row with other fields",
        ),
        pytest.param(
            {**CLASS_FOLDER, "pos/more.md": b"A joy.", "neg/old/1.txt": b"Dull."},
            sorted(ROWS, key=lambda row: row[1]),
            r"2 files are not read.*'neg/old/1\.txt', 'pos/more\.md'",
            id="a folder per class, with other files",
        ),
        pytest.param(
            {**CLASS_FOLDER, "neg/0.txt": b"caf\xe9"},
            r"neg/0\.txt': not utf-8. Set encoding",
            "",
            id="a folder per class, with Latin-1",
        ),
    ],
)
def test_folder_is_read_or_refused(tmp_path, files, expected, notice):
    folder = write_folder(tmp_path / "reviews", files)
    training = read_for_training(folder)
    if isinstance(expected, str):
        check_message(folder, training.error, expected)
    else:
        assert training.error is None
        found = list(zip(training.texts, training.labels, strict=True))
        assert sorted(found) == sorted(expected)
        assert re.search(notice, "\n".join(training.notices)), training.notices
    check_message(folder, read_for_labelling(folder).error, "Could not read .*directory")


# Other ways to bring a file.

STREAMED = {
    "CSV": ("a.csv", table(SENTENCES), SENTENCES),
    "CSV, backslashes": ("a.csv", escaped(QUOTED), QUOTED),
    "UTF-16": ("a.csv", joined(ROWS).decode().encode("utf-16"), ROWS),
    "CR": ("a.csv", joined(ROWS, end="\r"), ROWS),
    "JSON Lines": ("a.jsonl", jsonl(objects(ROWS)), ROWS),
    "JSON array": ("a.json", json.dumps(objects(ROWS), indent=1).encode(), ROWS),
    "fastText": ("a.txt", fasttext(ROWS), ROWS),
    "TSV in .txt": ("a.txt", joined(ROWS, "document\tscore", "\t"), ROWS),
    "Parquet": ("a.parquet", parquet(columns_of(ROWS)), ROWS),
    "Excel": ("a.xlsx", workbook([("text", "label"), *ROWS]), ROWS),
    "gzip": ("a.csv.gz", gzip.compress(joined(ROWS)), ROWS),
}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("read", [read_for_training, read_for_labelling])
@pytest.mark.parametrize("what", STREAMED)
def test_pipe_with_small_chunks_is_read_like_its_file(tmp_path, what, read):
    name, content, rows = STREAMED[what]
    path = tmp_path / name
    os.mkfifo(path)

    def write():
        with open(path, "wb", buffering=0) as pipe:
            for start in range(0, len(content), 100):
                pipe.write(content[start : start + 100])

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    found = read(path)
    writer.join(timeout=60)
    assert found.error is None
    assert found.texts == [text for text, _ in rows]


def send_read(sender, paths):
    """Send what is read in some files; test_forks.py has the predictions of forked processes."""
    sender.send([(read_for_training(path).texts, read_for_labelling(path).texts) for path in paths])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_forked_process_reads_every_format(tmp_path):
    paths = []
    for number, (name, content, _) in enumerate(STREAMED.values()):
        paths.append(tmp_path / str(number) / name)
        paths[-1].parent.mkdir()
        paths[-1].write_bytes(content)
    read_for_training(paths[-1])  # Threads of the parent must not be needed.
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=send_read, args=(sender, paths))
    child.start()
    try:
        assert receiver.poll(60), "the forked process does not answer"
        texts = [[text for text, _ in rows] for *_, rows in STREAMED.values()]
        assert receiver.recv() == [(one, one) for one in texts]
    finally:
        child.kill()
        child.join()


def test_workbook_without_openpyxl_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "book.xlsx"
    path.write_bytes(workbook([("text", "label"), *ROWS]))
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    for read in (read_for_training, read_for_labelling):
        check_message(
            path, read(path).error, r"needs openpyxl: pip install openpyxl \(the extra 'excel'\)"
        )


# The commands.

REFUSED = {
    "stray quote": ("a.csv", STRAY_QUOTES[-3].content, "line 8: "),
    "fields": ("a.csv", OTHER_WIDTHS[0].content, "line 2: 3 fields"),
    "no header": ("a.csv", HEADERLESS[0].content, "--no-header"),
    "encoding": ("a.csv", ENCODINGS[0].content, "line 2: .*--encoding"),
    "missing": ("a.jsonl", jsonl(objects(BLANK)), "line 4: no text.*--on-error"),
    "title": ("a.csv", TITLE_LINES[0].content, "line 3"),
    "columns": ("a.json", json.dumps(columns_of(ROWS)).encode(), "one object for each row"),
}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Return the folder of an untrained model."""
    folder = tmp_path_factory.mktemp("models") / "small"
    small_classifier().save_pretrained(folder)
    return folder


def check_refused(result, pattern):
    """Check that a command has ended with one error line and without a traceback."""
    lines = result.stderr.splitlines()
    assert result.returncode == 2, result.stderr
    assert re.search(f"^Error: .*{pattern}", lines[-1]), result.stderr
    assert sum(line.startswith("Error:") for line in lines) == 1
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.parametrize("command", ["train", "eval", "predict"])
def test_command_refuses_a_file_with_one_line(run_command, tmp_path, model, command, what):
    name, content, pattern = REFUSED[what]
    (tmp_path / name).write_bytes(content)
    words = {
        "train": ["--from-scratch", *as_words({**SMALL, "dataset": name}), "--out", "run"],
        "eval": ["--model", model, "--dataset", name],
        "predict": ["--model", model, "--file", name, "--prefix", "p_", "--output", "out"],
    }
    before = sorted(model.iterdir())
    check_refused(run_command(command, *words[command]), pattern)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert sorted(model.iterdir()) == before


MANY = [(f"{text} {number}", label) for number in range(3) for text, label in ROWS]
READ = {
    "CSV": ("a.csv", joined(MANY), "text from 'text', label from 'label'", ""),
    "merged": ("a.csv", joined([*MANY[:-1], (MANY[-1][0], "POS")]), "", "'POS' as 'pos'"),
    "semicolons": ("a.csv", joined(MANY, "text;label", ";"), "", "separated by semicolons"),
    "columns": ("a.csv", joined(MANY, "what,how"), "text from 'what', label from 'how'", "'how'"),
    "JSON array": ("a.json", json.dumps(objects(MANY)).encode(), "", ""),
}


@pytest.mark.parametrize("what", READ)
def test_train_prints_what_was_read_before_the_first_step(run_command, tmp_path, monkeypatch, what):
    name, content, pattern, notice = READ[what]
    (tmp_path / name).write_bytes(content)

    def step(*_):
        raise SentimentError("the first step")

    monkeypatch.setattr(Trainer, "step", step)
    settings = {**SMALL, "dataset": name, "test_fraction": 0.0}
    with warnings.catch_warnings(record=True) as caught:  # pytest does not let them be printed.
        warnings.simplefilter("always", Notice)
        result = run_command("train", "--from-scratch", *as_words(settings), "--out", "run")
    check_refused(result, "the first step")
    read = result.stderr.splitlines()[0]
    assert re.search("'train'.*: 42 rows; text from .*; labels: neg 21, pos 21", read)
    assert re.search(pattern, read)
    assert re.search(notice, " ".join(str(one.message) for one in caught))
