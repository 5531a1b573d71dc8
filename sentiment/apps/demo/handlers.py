"""Answer the requests of the page: predictions, attributions and labelled files."""

import tempfile
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.processing_utils import save_file_to_cache

from sentiment.apps.demo.storage import Storage
from sentiment.config import ReaderConfig
from sentiment.data.tables import open_table
from sentiment.data.tables.table import Format, Table
from sentiment.errors import DataError, SentimentError
from sentiment.inference.classifier import Classifier
from sentiment.inference.explain import explain
from sentiment.inference.explanation_html import fragment, legend
from sentiment.inference.label_files import Progress, label_table
from sentiment.inference.unknown_words import unknown_words_message

FILE_TYPES = (".csv", ".tsv", ".txt", ".jsonl", ".json", ".parquet", ".xlsx", ".gz")
OUTPUT_SUFFIXES: dict[Format, str] = {
    **dict.fromkeys(("csv", "text", "fasttext", "excel"), ".csv"),
    "tsv": ".tsv",
    "jsonl": ".jsonl",
    "json": ".json",
    "parquet": ".parquet",
}
MAX_ROWS = 10_000  # Of a file: one request at a time is served, and the others wait.
MAX_OUTPUT = 40 * 2**20  # Bytes of a labelled file; uploads have up to 10 MiB.
ROWS_PER_STEP = 128  # From one progress report to the next.
MAX_MESSAGES = 5  # Malformed rows that are reported one by one.
PREFIX = "predicted_"  # Of the new columns; a labelled file may have a column `label`.


class Handlers:
    """The event handlers of the page.

    Args:
        classifier: the classifier to try.
        storage: where labelled files are written.
    """

    def __init__(self, classifier: Classifier, storage: Storage) -> None:
        self.classifier = classifier
        self.storage = storage

    def predict(self, text: str) -> tuple[dict[str, float] | None, str, str]:
        """Return the probability of each label, the prediction as HTML, and a placeholder."""
        if not text.strip():
            return None, "", ""
        reviews = self.classifier.encode([text])
        probabilities = self.classifier.predict_logits(reviews).softmax(dim=1)[0].tolist()
        scores = dict(zip(self.classifier.labels, probabilities, strict=True))
        label = max(scores, key=lambda name: scores[name])
        message = unknown_words_message(reviews[0])
        lines = [
            f"Prediction: {label} ({scores[label]:.1%})",
            *([f"Unreliable: {message}"] if message else []),
        ]
        return scores, status(lines), status(["Computing attributions…"])

    def explain(self, text: str) -> str:
        """Return the text as HTML, its words colored by their attributions."""
        if not text.strip():
            return ""
        try:
            explanation = explain(self.classifier, text)
        except SentimentError as error:
            return status([str(error)])
        return f"{fragment(explanation)}\n<p class=legend>{legend()}</p>"

    def label_file(
        self,
        file: dict[str, Any] | None,
        column: str,
        progress: gr.Progress = gr.Progress(),  # noqa: B008  # Gradio passes one in this way.
    ) -> tuple[str, gr.DownloadButton]:
        """Return the result as HTML, and the button that downloads the labelled file."""
        hidden = gr.DownloadButton(visible=False)
        if file is None:
            return "", hidden
        source = Path(file["path"])
        if source.suffix.lower() not in FILE_TYPES:
            return status([f"A file must be one of {', '.join(FILE_TYPES)}."]), hidden
        folder = self.storage.folder
        try:
            reader = ReaderConfig(text_column=column.strip() or None, on_error="skip")
            with (
                self.storage.reserve(MAX_OUTPUT),
                tempfile.TemporaryDirectory(dir=folder) as unfinished,
                open_table(str(source), reader) as table,
            ):
                name = f"{source.name.split('.')[0]}-scored{OUTPUT_SUFFIXES[table.format]}"
                output = Path(unfinished, name)
                lines = self.write_labels(table, output, reader, progress)
                # Where Gradio keeps files by their content: the same labels are stored once.
                stored = Path(save_file_to_cache(output, str(folder)))
        except SentimentError as error:
            # The path on this machine is private.
            return status([str(error).replace(str(source), source.name)]), hidden
        button = gr.DownloadButton(f"Download {stored.name}", value=stored, visible=True)
        return status(line.replace(str(source), source.name) for line in lines), button

    def write_labels(
        self, table: Table, output: Path, reader: ReaderConfig, progress: gr.Progress
    ) -> list[str]:
        """Label a table, and return a summary and the messages about rows that are skipped."""
        messages = [f"{table.where}: {text}." for text in table.notices]
        done = Progress()
        for done in label_table(
            self.classifier,
            table,
            output,
            reader=reader,
            prefix=PREFIX,
            max_rows=MAX_ROWS,
            rows_per_step=ROWS_PER_STEP,
        ):
            progress(done.fraction or 0.0, desc=f"{done.rows:,} reviews")
            messages += done.messages[: MAX_MESSAGES - len(messages)]
        if not done.rows:
            raise DataError(f"{table.where} has no rows.")
        if output.stat().st_size > MAX_OUTPUT:
            raise DataError(f"The labelled file has more than {MAX_OUTPUT >> 20} MiB.")
        kinds = f" ({done.skipped_kinds})" if done.skipped else ""
        return [
            f"Reviews labelled: {done.labelled:,}. Rows skipped: {done.skipped:,}{kinds}.",
            *messages,
        ]


def status(lines: Iterable[str]) -> str:
    """Return lines as HTML that a screen reader announces."""
    return f"<div role=status>{''.join(f'<p>{escape(line)}</p>' for line in lines)}</div>"
