"""Build the page from Gradio components.

The probabilities are a Gradio `Label`. The attributions are the HTML that `sentiment predict
--explain` writes rather than a `HighlightedText`: that component colors positive values red, has
black text on a dark page, breaks long words and does not show the values.
"""

import json
from typing import Any

import gradio as gr
from gradio.components import Component
from gradio.utils import get_upload_folder, is_in_or_equal
from gradio_client.utils import is_file_obj_with_meta, is_http_url_like, traverse

from sentiment.apps.demo.handlers import FILE_TYPES, MAX_ROWS, Handlers
from sentiment.apps.demo.request_filter import MAX_UPLOAD

MAX_CHARS = 100_000  # Of a text; the longest IMDB review has 14,000.
MAX_COLUMN_CHARS = 1000
MAX_FILE_DATA = 10_000  # Characters of the names and types by which a client refers to a file.

INTRODUCTION = """# Sentiment classification
Type a movie review. The page shows the predicted label, the probability of each label, and the
attribution of each word to the prediction. The text is processed on the machine that serves this
page and is not stored. Uploaded files are deleted within an hour."""
FILE_HELP = f"""## Label a file
A table (CSV, TSV, JSON, Parquet, Excel), or plain text with one review a line. The result has two
new columns, the predicted label and its probability. At most {MAX_ROWS:,} rows and
{MAX_UPLOAD >> 20} MiB; `sentiment predict --file` has no such limits."""
EXAMPLES = {
    "Positive": "I came in expecting nothing and left humming the theme. Two hours well spent.",
    "Negative": "The trailer holds every good scene. The rest is dull people in dull corridors.",
    "Mixed": "Slow to begin with, and the dialogue creaks, but the last half hour is superb.",
    "Sarcastic": "A fine cast, a fine score, and not one idea between them.",
}
# Sends a request when no key has been pressed for 300 ms; earlier promises stay unresolved.
DEBOUNCE = """(text) => {
    const count = (window.inputCount = (window.inputCount ?? 0) + 1);
    return new Promise(go => setTimeout(() => count === window.inputCount && go(text), 300));
}"""
CSS = """
.gradio-container { max-width: 48rem !important; margin: 0 auto !important; }
#prediction p { margin: 0; overflow-wrap: anywhere; }
#prediction p:first-child { font-size: 1.5rem; font-weight: 600; }
#attributions p { font-size: 1.125rem; line-height: 1.7; margin: 0; }
#attributions .legend { font-size: 0.875rem; margin-top: 0.5rem; opacity: 0.8; }
#file-status p { overflow-wrap: anywhere; margin: 0; }
footer { display: none; }
"""
FONT = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica", "Arial", "sans-serif"]


class StrictBlocks(gr.Blocks):
    """Blocks that refuse long inputs, and files that were not uploaded.

    Gradio would download a file that is named by its URL, and copy any file of this machine.
    """

    def validate_inputs(self, block_fn: Any, inputs: list[Any]) -> None:
        """Raise the error that the page shows if an input cannot be used.

        Gradio stores the inputs in the session only after this.
        """
        # The same traversal and predicate with which Gradio finds the files to copy.
        traverse(inputs, check_file, is_file_obj_with_meta)
        if len(inputs) != len(block_fn.inputs):
            raise refused(f"{len(block_fn.inputs)} inputs are needed, not {len(inputs)}.")
        for component, value in zip(block_fn.inputs, inputs, strict=True):
            check_input(component, value)


def check_file(file: dict[str, Any]) -> None:
    """Raise an error if the path of a file is a URL, or not that of an uploaded file."""
    path = file["path"]
    if is_http_url_like(path) or not is_in_or_equal(path, get_upload_folder()):
        raise refused("Upload the file; a URL is not accepted.")


def check_input(component: Component, value: Any) -> None:
    """Raise an error if an input is too long, or is no text where a text is expected."""
    if not isinstance(component, gr.Textbox):
        if len(str(value)) > MAX_FILE_DATA:
            raise refused("The name of the file is too long.")
    elif not isinstance(value, str):
        raise refused("Send a text.")
    elif len(value) > (component.max_length or 0):
        raise refused(
            f"A text may have {component.max_length:,} characters; this one has {len(value):,}."
        )


def refused(message: str) -> gr.Error:
    """Return an error that the page shows, and that does not print what users send."""
    return gr.Error(message, print_exception=False)


def theme() -> gr.themes.Base:
    """Return Gradio's default theme with fonts of the system: the page loads no web font."""
    return gr.themes.Default(primary_hue="blue", font=FONT, font_mono=["ui-monospace", "monospace"])


def build_page(handlers: Handlers) -> gr.Blocks:
    """Lay out the page and connect its components to `handlers`.

    Each kind of event has one worker, so that a prediction never waits for a file.
    """
    blocks = StrictBlocks(title="Sentiment classification", analytics_enabled=False)
    with blocks:
        gr.Markdown(INTRODUCTION)
        text = gr.Textbox(
            label=f"A review in English, of up to {MAX_CHARS:,} characters",
            lines=4,
            max_lines=8,
            max_length=MAX_CHARS,
            elem_id="text",
        )
        gr.Markdown("Examples:")
        with gr.Row():
            for name, example in EXAMPLES.items():
                button = gr.Button(name, size="sm", min_width=64)
                button.click(None, None, text, js=f"() => {json.dumps(example)}")
        prediction = gr.HTML(elem_id="prediction")
        scores = gr.Label(label="Probabilities", show_heading=False, elem_id="scores")
        attributions = gr.HTML(elem_id="attributions")
        gr.Markdown(FILE_HELP)
        column = gr.Textbox(
            label="Column of the reviews",
            placeholder="text, or the only text column",
            max_length=MAX_COLUMN_CHARS,
        )
        file = gr.File(
            label="File", file_types=[*FILE_TYPES], type="filepath", height=140, elem_id="file"
        )
        file_status = gr.HTML(elem_id="file-status")
        download = gr.DownloadButton(visible=False, variant="primary", elem_id="download")

        predicted = text.change(
            handlers.predict,
            text,
            [scores, prediction, attributions],
            js=DEBOUNCE,
            trigger_mode="always_last",
            show_progress="hidden",
        )
        predicted.success(
            handlers.explain, text, attributions, trigger_mode="always_last", show_progress="hidden"
        )
        gr.on(
            [file.upload, file.clear, column.submit],
            handlers.label_file,
            [file, column],
            [file_status, download],
            trigger_mode="always_last",
            show_progress_on=file_status,
            preprocess=False,  # It leaves an empty file in the folder.
        )
    return blocks
