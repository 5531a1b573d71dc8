"""Label many files, each a part of one job that can be stopped and continued.

    labelled/1.parquet                        a part: the rows of an input file, with their labels
    labelled/_manifest/job.json               the model and the settings of the job
    labelled/_manifest/parts/1.parquet.json   what the part was made from, its rows and checksums

A part is complete when its entry in the manifest exists, which is written after the part. Each
entry is a file of its own, so that workers on several machines need no lock. A part that was
written without its entry is written again.
"""

import json
import warnings
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, fields
from typing import Any, NamedTuple

from sentiment.config import ReaderConfig
from sentiment.data.tables import open_table
from sentiment.data.tables.table import Table, WritableTable
from sentiment.errors import ConfigError, DataError, Notice
from sentiment.inference.classifier import Classifier
from sentiment.inference.label_files import Progress, label_table, texts_of
from sentiment.runtime.stores import (
    FileState,
    OutputFolder,
    find_files,
    local_copy,
    sha256_of,
    state_of,
)

MANIFEST = "_manifest"  # Spark, Arrow and pandas do not take files below such a name for data.
JOB_FILE = f"{MANIFEST}/job.json"
ENTRIES = f"{MANIFEST}/parts"
FORMAT_VERSION = 1
MAX_MESSAGES = 20  # Skipped rows of a part that are described one by one.


class Part(NamedTuple):
    """An input file of a job."""

    name: str  # Relative to the output folder, and unique.
    url: str


@dataclass(frozen=True)
class Job:
    """The output folder and the settings of all parts."""

    output: str
    reader: ReaderConfig
    prefix: str = ""
    all_scores: bool = False


@dataclass(frozen=True)
class Entry:
    """The entry of a complete part in the manifest."""

    name: str
    input: str
    input_size: int
    input_version: str
    input_sha256: str
    output: str
    output_size: int
    output_sha256: str
    format: str
    text_columns: list[str]
    labelled: int
    skipped: int
    skipped_kinds: str
    mostly_unknown: int

    @property
    def input_state(self) -> FileState:
        """The state of the input file when it was read."""
        return FileState(self.input_size, self.input_version)


class LabelledPart(NamedTuple):
    """A part that was labelled, and what to report about it."""

    entry: Entry
    messages: list[str]  # The first rows that were skipped: where and why.
    notices: list[str]  # What was detected in the file.


def find_parts(pattern: str, output: str) -> list[Part]:
    """Return the files that a pattern matches as parts of a job.

    Args:
        pattern: path or URL with wildcards.
        output: the output folder.

    Raises:
        DataError: no file matches, or a file cannot be read.
        ConfigError: input files are in the output folder, or two parts would have the same name.
    """
    parts = [Part(file.name, file.url) for file in find_files(pattern)]
    folder = OutputFolder(output).url
    names = {part.name for part in parts}
    for part in parts:
        if part.url.startswith(f"{folder}/"):
            raise ConfigError(
                f"'{part.url}' is an input file in the output folder '{output}'. Choose another "
                "output folder."
            )
        if part.name.split("/")[0] == MANIFEST or csv_name(part.name) in names - {part.name}:
            raise ConfigError(
                f"The output of '{part.url}' would have the name of another file. Rename it."
            )
    return parts


def begin_job(
    job: Job, model: dict[str, Any], parts: Sequence[Part]
) -> tuple[list[Part], list[Entry]]:
    """Begin a job, or continue it after a stop.

    Args:
        job: the job.
        model: what identifies the model and how it computes.
        parts: all parts of the job.

    Returns:
        The parts that are not complete, and the entries of those that are.

    Raises:
        ConfigError: the output folder is of another job, or has other files.
        DataError: an input or an output of a complete part has changed or is missing.
    """
    output = OutputFolder(job.output)
    settings = {
        "format_version": FORMAT_VERSION,
        **model,
        **asdict(job.reader),
        "prefix": job.prefix,
        "all_scores": job.all_scores,
    }
    content = output.read(JOB_FILE)
    if content is None:
        if any(not name.startswith(f"{MANIFEST}/") for name in output.names()):
            raise ConfigError(
                f"'{job.output}' has files and is not the output of a job. Choose another output "
                "folder."
            )
        output.write(JOB_FILE, json_bytes(settings))
        return list(parts), []
    check_same_settings(job.output, parse(content, f"{job.output}/{JOB_FILE}"), settings)
    entries = {entry.name: entry for entry in read_entries(output)}
    by_name = {part.name: part for part in parts}
    for entry in entries.values():
        check_complete(output, entry, by_name.get(entry.name))
    return [part for part in parts if part.name not in entries], list(entries.values())


def check_same_settings(where: str, before: dict[str, Any], now: dict[str, Any]) -> None:
    """Raise `ConfigError` if a job was begun with other settings."""
    differing = [name for name in now if before.get(name) != now[name]]
    if differing:
        shown = ", ".join(
            f"{name} (then {before.get(name)!r}, now {now[name]!r})"
            if not isinstance(now[name], dict)
            else f"{name} (another content)"
            for name in differing
        )
        raise ConfigError(
            f"'{where}' is the output of a job with another {shown}. Choose another output folder, "
            "or the same settings to continue that job."
        )


def read_entries(output: OutputFolder) -> list[Entry]:
    """Return the entries of the complete parts.

    Raises:
        DataError: an entry is damaged.
    """
    entries = []
    for name in output.names(ENTRIES):
        if not name.endswith(".json"):  # A temporary file.
            continue
        where = f"{output.url}/{name}"
        values = parse(output.read(name) or b"", where)
        if values.keys() != {field.name for field in fields(Entry)}:
            raise damaged(where)
        entries.append(Entry(**values))
    return entries


def check_complete(output: OutputFolder, entry: Entry, part: Part | None) -> None:
    """Check that the input and the output of a complete part are those of its entry.

    The content of an input file is compared only if its size is the same and its time is not.

    Raises:
        DataError: they are not.
    """
    if part is None or part.url != entry.input:
        raise DataError(
            f"'{entry.input}' was labelled in this job and is not among the input files now. "
            "Choose another output folder."
        )
    state = state_of(part.url)
    if state != entry.input_state:
        with local_copy(part.url) as path:
            changed = state.size != entry.input_size or sha256_of(path) != entry.input_sha256
        if changed:
            raise DataError(
                f"'{entry.input}' has changed since it was labelled in this job. Choose another "
                "output folder."
            )
    if output.size(entry.output) != entry.output_size:
        raise DataError(
            f"'{output.url}/{entry.output}' is missing or has changed since it was written. Delete "
            f"it and '{output.url}/{entry_name(entry.name)}' to write it again."
        )


def label_part(classifier: Classifier, job: Job, part: Part) -> LabelledPart:
    """Label a file, write the output, and enter it in the manifest.

    A part that is complete, because a worker was lost before it could report it, is not written
    again.

    Raises:
        DataError, ConfigError, StorageError: as `label_file`.
    """
    output = OutputFolder(job.output)
    content = output.read(entry_name(part.name))
    if content is not None:
        entry = Entry(**parse(content, f"{job.output}/{entry_name(part.name)}"))
        return LabelledPart(entry, [], [])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        entry, messages = label_input(classifier, job, part, output)
    output.write(entry_name(part.name), json_bytes(asdict(entry)))
    notices = [str(one.message) for one in caught if issubclass(one.category, Notice)]
    return LabelledPart(entry, messages, list(dict.fromkeys(notices)))


def label_input(
    classifier: Classifier, job: Job, part: Part, output: OutputFolder
) -> tuple[Entry, list[str]]:
    """Label a file and write the output; return its entry and the first rows that were skipped."""
    state = state_of(part.url)
    with local_copy(part.url) as file, open_table(str(file), job.reader, part.url) as table:
        columns = texts_of(table, job.reader)
        name = output_name(part.name, table)
        progress, messages = Progress(), list[str]()
        with output.new_file(name) as path:
            steps = label_table(
                classifier,
                table,
                path,
                reader=job.reader,
                prefix=job.prefix,
                overwrite=True,
                all_scores=job.all_scores,
            )
            with closing(steps):
                for progress in steps:
                    messages += progress.messages[: MAX_MESSAGES - len(messages)]
            size, sha256 = path.stat().st_size, sha256_of(path)
        input_sha256 = sha256_of(file)
        if state_of(part.url) != state:
            raise DataError(f"'{part.url}' has changed while it was read. Start again.")
    entry = Entry(
        name=part.name,
        input=part.url,
        input_size=state.size,
        input_version=state.version,
        input_sha256=input_sha256,
        output=name,
        output_size=size,
        output_sha256=sha256,
        format=table.format,
        text_columns=list(columns),
        labelled=progress.labelled,
        skipped=progress.skipped,
        skipped_kinds=progress.skipped_kinds,
        mostly_unknown=progress.mostly_unknown,
    )
    return entry, messages


def output_name(name: str, table: Table) -> str:
    """Return the name of the output: that of the input, or one that ends in .csv.

    The rows of workbooks and of plain text, which has no columns, are written as CSV.
    """
    is_kept = isinstance(table, WritableTable) and table.format != "excel"
    return name if is_kept else csv_name(name)


def csv_name(name: str) -> str:
    """Return `name` with the suffix .csv added, before the one of gzip."""
    if name.lower().endswith(".gz"):
        return f"{name[:-3]}.csv{name[-3:]}"
    return f"{name}.csv"


def entry_name(name: str) -> str:
    """Return the name of the entry of a part."""
    return f"{ENTRIES}/{name}.json"


def json_bytes(content: dict[str, Any]) -> bytes:
    """Return an object as indented JSON."""
    return (json.dumps(content, indent=2) + "\n").encode()


def parse(content: bytes, where: str) -> dict[str, Any]:
    """Return the object in JSON that a job has written.

    Raises:
        DataError: the content is damaged.
    """
    try:
        values = json.loads(content)
    except ValueError as error:
        raise damaged(where) from error
    if not isinstance(values, dict):
        raise damaged(where)
    return values


def damaged(where: str) -> DataError:
    """Return the error for a file of the manifest that cannot be used."""
    return DataError(f"'{where}' is damaged. Choose another output folder.")
