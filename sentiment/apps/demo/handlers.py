"""Answer the requests of the page: predictions, attributions and labelled files."""

import tempfile
from collections.abc import Iterable
from html import escape
from pathlib import Path

import gradio as gr

from sentiment.data.tables import format_of
from sentiment.errors import DataError, SentimentError
from sentiment.inference.classifier import Classifier
from sentiment.inference.explain import explain
from sentiment.inference.explanation_html import fragment, legend
from sentiment.inference.label_files import Progress, label_file
from sentiment.inference.unknown_words import unknown_words_message

MAX_CHARS = 100_000  # Of a text; the longest IMDB review has 14,000.
MAX_ROWS = 10_000  # Of a file: one request at a time is served, and the others wait.
ROWS_PER_STEP = 128  # From one progress report to the next.
MAX_MESSAGES = 5  # Malformed rows that are reported one by one.
PREFIX = "predicted_"  # Of the new columns; a labelled file may have a column `label`.


class Handlers:
    """The event handlers of the page.

    Args:
        classifier: the classifier to try.
        folder: where labelled files are written.
    """

    def __init__(self, classifier: Classifier, folder: Path) -> None:
        self.classifier = classifier
        self.folder = folder

    def predict(self, text: str) -> tuple[dict[str, float] | None, str, str]:
        """Return the probability of each label, the prediction as HTML, and a placeholder."""
        check_length(text)
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
        check_length(text)
        if not text.strip():
            return ""
        try:
            explanation = explain(self.classifier, text)
        except SentimentError as error:
            return status([str(error)])
        return f"{fragment(explanation)}\n<p class=legend>{legend()}</p>"

    def label_file(
        self,
        file: str | None,
        column: str,
        progress: gr.Progress = gr.Progress(),  # noqa: B008  # Gradio passes one in this way.
    ) -> tuple[str, gr.DownloadButton]:
        """Return the result as HTML, and the button that downloads the labelled file."""
        if file is None:
            return "", gr.DownloadButton(visible=False)
        source = Path(file)
        suffix = ".csv" if format_of(file) == "text" else source.suffix
        output = Path(tempfile.mkdtemp(dir=self.folder), f"{source.stem}-scored{suffix}")
        messages: list[str] = []
        done = Progress()
        try:
            for done in label_file(
                self.classifier,
                file,
                output,
                column=column.strip() or None,
                prefix=PREFIX,
                skip_malformed=True,
                max_rows=MAX_ROWS,
                rows_per_step=ROWS_PER_STEP,
            ):
                progress(done.fraction or 0.0, desc=f"{done.rows:,} reviews")
                messages += done.messages[: MAX_MESSAGES - len(messages)]
            if not done.rows:
                raise DataError(f"'{file}' has no rows.")
        except SentimentError as error:
            # The path on this machine is private.
            message = str(error).replace(file, source.name)
            return status([message]), gr.DownloadButton(visible=False)
        summary = f"Reviews labelled: {done.labelled:,}. Malformed rows skipped: {done.skipped:,}."
        lines = [summary, *(message.replace(file, source.name) for message in messages)]
        button = gr.DownloadButton(f"Download {output.name}", value=output, visible=True)
        return status(lines), button


def check_length(text: str) -> None:
    """Raise the error that the page shows if `text` is too long."""
    if len(text) > MAX_CHARS:
        message = f"A text may have {MAX_CHARS:,} characters; this one has {len(text):,}."
        raise gr.Error(message, print_exception=False)


def status(lines: Iterable[str]) -> str:
    """Return lines as HTML that a screen reader announces."""
    return f"<div role=status>{''.join(f'<p>{escape(line)}</p>' for line in lines)}</div>"
