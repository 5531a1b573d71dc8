"""The lines of a text file, with their numbers, in any encoding."""

import codecs
import io
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from sentiment.config import ReaderConfig
from sentiment.data.tables.sources import BUFFER_BYTES, Source
from sentiment.data.tables.table import BATCH_ROWS, MAX_ROW_BYTES, MalformedRow
from sentiment.errors import ConfigError, DataError, describe

SAMPLE_BYTES = 2**20
ESCAPED_BYTES = 0xDC00  # Python's "surrogateescape" adds it to the bytes that it cannot decode.
ESCAPED_BYTE = re.compile("[\udc80-\udcff]")
BYTE_ORDER_MARK = "\ufeff"
# UTF-32 comes first, because its mark begins with that of UTF-16.
WIDE_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# Common encodings that are not UTF-8; those of Latin letters are hard to tell apart.
LATIN = ("cp1252", "cp1250", "cp1254")
OTHER_ENCODINGS = ("cp1251", "cp1253", "cp1255", "cp1256", "gb18030", "big5", "shift_jis", "euc_kr")


class Line(NamedTuple):
    """A line of a file."""

    number: int  # From 1.
    text: str  # With its line end, if any.


class LineQueue:
    """An iterator over lines that takes lines back. It raises those that are malformed."""

    def __init__(self, lines: Iterable[Line | MalformedRow] = ()) -> None:
        self.queue = deque(lines)

    def __iter__(self) -> Iterator[Line]:
        return self

    def __next__(self) -> Line:
        if not self.queue:
            raise StopIteration
        line = self.queue.popleft()
        if isinstance(line, MalformedRow):
            raise line
        return line

    def push_back(self, lines: Sequence[Line | MalformedRow]) -> None:
        """Return these lines again, in their order, before all others."""
        self.queue.extendleft(reversed(lines))


class Lines(LineQueue):
    """The lines of a file.

    A line ends at a line feed or, in a file that has none, at a carriage return.

    Args:
        source: the file.
        config: the encoding; by default UTF-8, or UTF-16 if a byte order mark says so.

    Raises:
        ConfigError: there is no such encoding.
        DataError: the file is not text.
    """

    def __init__(self, source: Source, config: ReaderConfig) -> None:
        super().__init__()
        self.source = source
        self.where = source.where
        self.number = 0
        self.byte_order_mark = ""
        self.at_end = False
        self.errors = config.encoding_errors
        self.suggestion: str | None = None  # For bytes that are not in the encoding.
        mark = next((name for mark, name in WIDE_MARKS.items() if source.head.startswith(mark)), "")
        self.encoding = encoding_name(config.encoding or mark or "utf-8")
        self.stream = source.stream
        self.decoding = self.encoding
        if source.head.startswith(codecs.BOM_UTF8) and self.encoding != "utf-8":
            raise DataError(
                f"{self.where} has the byte order mark of UTF-8, and encoding is {self.encoding}. "
                "Leave encoding out."
            )
        if self.encoding in WIDE_MARKS.values() and source.head and not mark:
            raise DataError(
                f"{self.where} has no byte order mark. Set encoding to {self.encoding}-le or "
                f"{self.encoding}-be."
            )
        if "\n".encode(self.encoding) != b"\n":
            self.recode_to_utf8()
        elif source.head.count(b"\0") > len(source.head) // 4:
            raise DataError(
                f"{self.where} is not text: a binary file, or UTF-16 without a byte order mark. "
                "Set encoding to utf-16-le or utf-16-be if it is the latter."
            )
        with self.reading():
            head = self.stream.peek(BUFFER_BYTES)
        if b"\r" in head[:-1] and b"\n" not in head:
            self.recode(lambda data, final: data.replace(b"\r", b"\n"))
        self.decoder = codecs.getincrementaldecoder(self.decoding)(self.errors)  # Of `read_text`.
        self.line_errors = "surrogateescape" if self.errors == "strict" else self.errors

    def recode_to_utf8(self) -> None:
        """Recode an encoding whose line feed is another byte or several, such as UTF-16."""
        decoder = codecs.getincrementaldecoder(self.encoding)(self.errors)
        self.decoding = "utf-8"
        self.recode(lambda data, final: decoder.decode(data, final).encode())

    def recode(self, change: Callable[[bytes, bool], bytes]) -> None:
        """Change all bytes as they are read."""
        self.stream = io.BufferedReader(Recoded(self.stream, change), BUFFER_BYTES)

    def __next__(self) -> Line:
        """Return the next line.

        Raises:
            MalformedRow: the line is too long; the next call continues after it.
        """
        if self.queue:
            return super().__next__()
        content = self.read()
        if not content:
            raise StopIteration
        self.number += 1
        if len(content) > MAX_ROW_BYTES:
            while content and not content.endswith(b"\n"):
                content = self.read()
            raise MalformedRow(
                self.number, "more than 16 MiB", f"longer than {MAX_ROW_BYTES >> 20} MiB."
            )
        # A byte that is not in the encoding becomes half of a surrogate pair, see `check_row`.
        text = content.decode(self.decoding, self.line_errors)
        if self.number == 1 and text.startswith(BYTE_ORDER_MARK):
            self.byte_order_mark, text = text[:1], text[1:]
            if not text:
                raise StopIteration
        return Line(self.number, text)

    def read(self) -> bytes:
        """Read a line, or the start of one that is too long."""
        with self.reading():
            return self.stream.readline(MAX_ROW_BYTES + 1)

    def read_text(self, size: int) -> str:
        """Return about `size` more characters, whatever their lines; none at the end of the file.

        Raises:
            DataError: bytes that are not in the encoding.
        """
        with self.reading():
            content = self.stream.read(size)
            try:
                text = self.decoder.decode(content, final=not content)
            except UnicodeDecodeError as error:
                number = max(1, self.number) + content.count(b"\n", 0, error.start)
                byte = content[error.start]
                raise self.undecodable(number, byte).located(self.where) from None
        if self.number == 0:
            self.number, text = 1, text.removeprefix(BYTE_ORDER_MARK)
        self.number += text.count("\n")
        return text

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Turn the errors of reading and recoding into a `DataError`."""
        try:
            with self.source.errors():
                yield
        except UnicodeError as error:
            raise DataError(
                f"{self.where}, after line {self.number}: not valid {self.encoding} "
                f"({describe(error)}). Set encoding, or encoding_errors to replace."
            ) from None

    def check_row(self, number: int, text: str) -> None:
        """Check that a row has no bytes that are not in the encoding, and no NUL byte.

        Raises:
            MalformedRow: it has some.
        """
        if not text.isascii() and (match := ESCAPED_BYTE.search(text)):
            raise self.undecodable(number, ord(match[0]) - ESCAPED_BYTES)
        if "\0" in text:
            raise MalformedRow(number, "a NUL byte", "a NUL byte, which no text has.")

    def undecodable(self, number: int, byte: int) -> MalformedRow:
        """Return the error for a row with a byte that the encoding does not have."""
        if self.suggestion is None:
            self.suggestion = suggested_encoding(self.source.head)
        encoding = self.encoding.upper()
        return MalformedRow(
            number,
            f"bytes that are not {encoding}",
            f"the byte 0x{byte:02X} is not {encoding}. {self.suggestion}, or encoding_errors to "
            "replace.",
        )

    def sample(self) -> list[Line]:
        """Return the first lines, except malformed ones. They are all read again."""
        found: list[Line | MalformedRow] = []
        size = 0
        while len(found) < BATCH_ROWS and size < SAMPLE_BYTES:
            try:
                line = next(self)
                size += len(line.text)
                found.append(line)
            except MalformedRow as malformed:
                found.append(malformed)
            except StopIteration:
                self.at_end = True
                break
        self.push_back(found)
        return [line for line in found if isinstance(line, Line)]


class Recoded(io.RawIOBase):
    """A stream of bytes that are changed as they are read.

    Args:
        stream: the bytes to change.
        change: takes some bytes and whether they are the last, and returns the new bytes.
    """

    def __init__(self, stream: io.BufferedReader, change: Callable[[bytes, bool], bytes]) -> None:
        self.stream, self.change = stream, change
        self.pending = b""
        self.at_end = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        while not self.pending and not self.at_end:
            data = self.stream.read1(BUFFER_BYTES)
            self.at_end = not data
            self.pending = self.change(data, self.at_end)
        size = min(len(buffer), len(self.pending))
        buffer[:size] = self.pending[:size]
        self.pending = self.pending[size:]
        return size


def decode_text(content: bytes, config: ReaderConfig) -> str:
    """Return the text of a whole file, with line feeds as line ends.

    Raises:
        UnicodeDecodeError: bytes that are not in the encoding.
    """
    mark = next((name for mark, name in WIDE_MARKS.items() if content.startswith(mark)), "")
    encoding = encoding_name(config.encoding or mark or "utf-8")
    text = content.decode(encoding, config.encoding_errors).removeprefix(BYTE_ORDER_MARK)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def encoding_name(encoding: str) -> str:
    """Return the usual name of an encoding.

    Raises:
        ConfigError: there is no such text encoding.
    """
    try:
        name = codecs.lookup(encoding).name
        "\n".encode(name)
    except (LookupError, ValueError):
        raise ConfigError(
            f"There is no text encoding {encoding!r}. Set encoding to one such as utf-8, cp1252 or "
            "gb18030."
        ) from None
    return "utf-8" if name == "utf-8-sig" else name  # A byte order mark is removed in any case.


def suggested_encoding(content: bytes) -> str:
    """Return advice on the encoding of some bytes that are not in the present one."""
    try:
        import charset_normalizer
    except ImportError:
        best = None
    else:
        best = charset_normalizer.from_bytes(
            content[:BUFFER_BYTES], cp_isolation=[*LATIN, *OTHER_ENCODINGS]
        ).best()
    if best is None or best.encoding in LATIN:
        # They have the same bytes for different letters.
        return "Set encoding to that of the file, such as cp1252 (Western), cp1250 or cp1254"
    return f"It may be {best.encoding}: set encoding to that of the file"
