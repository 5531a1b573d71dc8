"""A classifier in, the page that shows it out."""

import json
import tempfile
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path

import gradio as gr
from gradio import processing_utils
from starlette.middleware import Middleware

from sentiment.apps.demo.gate import KEPT, MAX_UPLOAD, Gate
from sentiment.apps.demo.scoring import MAX_ROWS, score_file
from sentiment.errors import InputError
from sentiment.inference.classifier import Classifier
from sentiment.inference.explain import explain
from sentiment.inference.explanation_html import fragment, legend
from sentiment.inference.unknown_words import unknown_words_message

MAX_CHARS = 100_000  # Of a text; the longest IMDB review has 14,000.
MAX_WAITING = 256  # Requests that wait for their turn.
MAX_SESSIONS = 256  # Open pages whose text is kept in memory.
TIDIED = 600  # Seconds from one deletion of old files to the next.
MOST_SHOWN = 5  # Of the rows that a file is left without.
FILE_TYPES = [".csv", ".tsv", ".txt", ".jsonl"]

INTRODUCTION = """# For or against?
Type a film review. When you stop, here is the verdict, the probability that it is right, and what
each word contributes to it. Nothing leaves the machine that serves this page; what you type is not
stored, and files are deleted within an hour."""
FILES = f"""## A file of reviews
A table with a header (CSV, TSV, JSON Lines), or text with a review a line. It comes back with a
label and its probability in each row. At most {MAX_ROWS:,} rows and {MAX_UPLOAD >> 20} MiB."""
EXAMPLES = {
    "For": "I came in expecting nothing and left humming the theme. Two hours well spent.",
    "Against": "The trailer holds every good scene. The rest is dull people in dull corridors.",
    "Mixed": "Slow to begin with, and the dialogue creaks, but the last half hour is superb.",
    "Ironic": "A fine cast, a fine score, and not one idea between them.",
}
# Of the calls while somebody types only the last one goes on; the others wait for ever.
WHEN_TYPING_STOPS = """(text) => {
    const typed = (window.typed = (window.typed ?? 0) + 1);
    return new Promise(go => setTimeout(() => typed === window.typed && go(text), 300));
}"""
FONT = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica", "Arial", "sans-serif"]
CSS = """
.gradio-container { max-width: 48rem !important; margin: 0 auto !important; }
.scores { display: grid; grid-template-columns: max-content 1fr max-content;
  gap: 0.25rem 0.75rem; align-items: center; font-variant-numeric: tabular-nums; }
.scores > * { display: contents; }
.scores .bar { height: 0.75rem; border-radius: 0.375rem; overflow: hidden;
  background: var(--border-color-primary); }
.scores .bar i { display: block; height: 100%; background: var(--body-text-color-subdued); }
.scores :first-child .bar i { background: var(--color-accent); }
.scores :first-child :is(b, span) { font-size: 1.5rem; }
#words p { font-size: 1.125rem; line-height: 1.7; margin: 0; }
#words .legend { font-size: 0.875rem; margin-top: 0.5rem; opacity: 0.8; }
footer { display: none; }
#report p { overflow-wrap: anywhere; margin: 0; }
"""


def build(classifier: Classifier, folder: Path) -> gr.Blocks:
    """The page of `classifier`, whose files lie in `folder`.

    Each kind of work has one worker: a verdict never waits for a file, and the model uses every
    core as it is.
    """

    def judge(text: str) -> tuple[str, str]:
        """The verdict, and what stands for the words until they come."""
        check(text)
        if not text.strip():
            return "", ""
        verdict = show_scores(
            dict(zip(classifier.labels, classifier.predict_proba(text)[0].tolist(), strict=True))
        )
        if doubt := unknown_words_message(*classifier.encode([text])):
            verdict += show_message([f"A doubtful one: {doubt}"])
        return verdict, show_message(["Weighing the words…"])

    def colour(text: str) -> str:
        """The words, coloured by what they contribute."""
        check(text)
        if not text.strip():
            return ""
        try:
            return f"{fragment(explain(classifier, text))}\n<p class=legend>{legend()}</p>"
        except InputError as error:
            return show_message([str(error)])

    def score(
        file: str | None,
        column: str,
        progress: gr.Progress = gr.Progress(),  # noqa: B008  # It is how gradio hands one in.
    ) -> tuple[str, gr.DownloadButton]:
        """What has become of a file, and the button that brings it back."""
        nothing = gr.DownloadButton(visible=False)
        if file is None:
            return "", nothing
        try:
            scored = score_file(
                classifier,
                Path(file),
                column.strip() or None,
                Path(tempfile.mkdtemp(dir=folder)),
                lambda part, rows: progress(part, desc=f"{rows:,} reviews"),
            )
        except InputError as error:
            return show_message([str(error).replace(file, Path(file).name)]), nothing
        left_out = [row.replace(file, Path(file).name) for row in scored.malformed]
        messages = [f"Reviews scored: {scored.rows:,}. Malformed rows left out: {len(left_out):,}."]
        button = gr.DownloadButton(f"Download {scored.path.name}", value=scored.path, visible=True)
        return show_message([*messages, *left_out[:MOST_SHOWN]]), button

    explain(classifier, EXAMPLES["For"])  # The first one imports Captum, which takes its time.
    with gr.Blocks(title="For or against?", delete_cache=(TIDIED, KEPT)) as blocks:
        gr.Markdown(INTRODUCTION)
        text = gr.Textbox(
            label=f"A review in English, of up to {MAX_CHARS:,} characters",
            lines=4,
            max_lines=8,
            max_length=MAX_CHARS,
            elem_id="text",
        )
        gr.Markdown("Or one of these:")
        with gr.Row():
            for name, example in EXAMPLES.items():
                button = gr.Button(name, size="sm", min_width=64)
                button.click(None, None, text, js=f"() => {json.dumps(example)}")
        verdict = gr.HTML(elem_id="verdict")
        words = gr.HTML(elem_id="words")
        gr.Markdown(FILES)
        column = gr.Textbox(
            label="Column that holds the reviews", placeholder="text, or the only one there is"
        )
        file = gr.File(
            label="File", file_types=FILE_TYPES, type="filepath", height=140, elem_id="file"
        )
        report = gr.HTML(elem_id="report")
        download = gr.DownloadButton(visible=False, variant="primary", elem_id="download")

        judged = text.change(
            judge,
            text,
            [verdict, words],
            js=WHEN_TYPING_STOPS,
            trigger_mode="always_last",
            show_progress="hidden",
        )
        judged.success(colour, text, words, trigger_mode="always_last", show_progress="hidden")
        gr.on(
            [file.upload, file.clear, column.submit],
            score,
            [file, column],
            [report, download],
            trigger_mode="always_last",
            show_progress_on=report,
        )
    return blocks


def check(text: str) -> None:
    """Raise what the page shows as a message if `text` is too long."""
    if len(text) > MAX_CHARS:
        message = f"A text may have {MAX_CHARS:,} characters; this one has {len(text):,}."
        raise gr.Error(message, print_exception=False)


def show_scores(scores: Mapping[str, float]) -> str:
    """The probability of each label as HTML, the likeliest first."""
    rows = "".join(
        f"<div><b>{escape(label)}</b><div class=bar><i style='width:{score:.1%}'></i></div>"
        f"<span>{score:.1%}</span></div>"
        for label, score in sorted(scores.items(), key=lambda pair: -pair[1])
    )
    return f"<div class=scores role=status>{rows}</div>"


def show_message(lines: Iterable[str]) -> str:
    """Plain lines as HTML."""
    return f"<div role=status>{''.join(f'<p>{escape(line)}</p>' for line in lines)}</div>"


def launch(blocks: gr.Blocks, host: str, port: int, folder: Path) -> str:
    """Serve `blocks`, whose files lie in `folder`, from a thread; the address."""
    processing_utils.async_ssrf_protected_download = refuse_url
    blocks.queue(max_size=MAX_WAITING)
    try:
        _, address, _ = blocks.launch(
            server_name=f"[{host}]" if ":" in host else host,
            server_port=port,
            app_kwargs={"middleware": [Middleware(Gate, folder=folder)], "openapi_url": None},
            max_file_size=MAX_UPLOAD,
            state_session_capacity=MAX_SESSIONS,
            theme=gr.themes.Default(
                primary_hue="blue", font=FONT, font_mono=["ui-monospace", "monospace"]
            ),
            css=CSS,
            share=False,
            mcp_server=False,
            ssr_mode=False,
            num_workers=0,
            pwa=False,
            enable_monitoring=False,
            run_history=False,
            footer_links=[],
            inline=False,
            quiet=True,
            prevent_thread_lock=True,
        )
    except OSError as error:
        raise InputError(
            f"Could not serve at {host}:{port}; another program may. Choose another --port."
        ) from error
    return address


async def refuse_url(url: str, cache_dir: str) -> str:
    """In place of gradio's download of a file that a client names by its URL."""
    message = "A file has to be uploaded, not named by its address."
    raise gr.Error(message, print_exception=False)
