"""Predictions and explanations as text: for a terminal, or as JSON Lines."""

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import typer

from sentiment.cli.messages import printable
from sentiment.data.labels import negative_positive_ids
from sentiment.text.tokenizer import clean

if TYPE_CHECKING:
    from sentiment.inference.explain import Explanation, Unexplained

BAR_WIDTH = 20
MAX_PRINTED_WORDS = 8  # Number of words listed with their attributions.
MIN_COLORED, MIN_BOLD = 0.1, 0.5  # Relative attributions from which a word is colored or bold.
# Of 256 colors, as (pale, strong); readable on any theme.
BLACK_TEXT, SUPPORTING, OPPOSING = 16, (153, 75), (223, 214)


def prediction_formatter(
    output_format: str, labels: Sequence[str], color: bool
) -> Callable[[Sequence[str], Sequence[Sequence[Any]]], str]:
    """Return the function that formats texts and their predictions.

    It takes the texts and, for each, its label, its score and, if wanted, the score of each label.

    Args:
        output_format: "human": lines of label, score, bar and text; "jsonl": a JSON object a line.
        labels: the label names of the model.
        color: whether to color the lines for a terminal.
    """

    def human(texts: Sequence[str], values: Sequence[Sequence[Any]]) -> str:
        pairs = zip(texts, values, strict=True)
        return "".join(prediction_lines(labels, shown(text), value, color) for text, value in pairs)

    def jsonl(texts: Sequence[str], values: Sequence[Sequence[Any]]) -> str:
        return "".join(prediction_json(labels, value) for value in values)

    return human if output_format == "human" else jsonl


def shown(text: str) -> str:
    """Return a text as the tokenizer reads it, on one line."""
    return printable(clean(text))


def prediction_json(labels: Sequence[str], value: Sequence[Any]) -> str:
    """Return a prediction as a JSON object on one line."""
    label, score, *scores = value
    prediction: dict[str, Any] = {"label": label, "score": score}
    if scores:
        prediction["scores"] = dict(zip(labels, scores, strict=True))
    return printable(json.dumps(prediction, ensure_ascii=False)) + "\n"


def prediction_lines(
    labels: Sequence[str], shown_text: str, value: Sequence[Any], color: bool
) -> str:
    """Return the line of a prediction; with the score of each label, one line for each label."""
    predicted, score, *scores = value
    width = label_width(labels)
    rows = dict(zip(labels, scores, strict=True)) if scores else {predicted: score}
    lines = []
    for label, score in rows.items():
        bar = "█" * round(score * BAR_WIDTH)
        line = f"{printable(label):>{width}} {score:6.1%} {bar:░<{BAR_WIDTH}}"
        if label == predicted:
            line = typer.style(line, fg=label_color(label, labels)) if color else line
            line = f"{line}  {shown_text}"
        lines.append(line + "\n")
    return "".join(lines)


def label_width(labels: Sequence[str]) -> int:
    """Return the number of characters of the longest label, as it is printed."""
    return max(len(printable(label)) for label in labels)


def label_color(label: str, labels: Sequence[str]) -> str:
    """Return red for a negative label, green for a positive one and cyan for any other."""
    negative_positive = negative_positive_ids(labels)
    if negative_positive is None:
        return "cyan"
    return ("red", "green")[negative_positive.index(labels.index(label))]


def explanation_json(explanation: "Explanation | Unexplained", all_scores: bool) -> str:
    """Return an explanation, or why there is none, as a JSON object on one line."""
    from sentiment.inference.explain import Unexplained  # It imports PyTorch.

    if isinstance(explanation, Unexplained):
        return json.dumps({"error": explanation.reason}) + "\n"
    content: dict[str, Any] = {"label": explanation.label, "score": explanation.score}
    if all_scores:
        content["scores"] = explanation.scores
    content["words"] = [word._asdict() for word in explanation.words]
    return json.dumps(content) + "\n"  # In ASCII: a word may contain what UTF-8 cannot encode.


def explanation_lines(
    explanation: "Explanation | Unexplained", all_scores: bool, color: bool
) -> str:
    """Return the prediction with its words colored, and the words of the largest attributions.

    Without an explanation, return the reason.
    """
    from sentiment.inference.explain import Unexplained  # It imports PyTorch.

    if isinstance(explanation, Unexplained):
        return f"{printable(explanation.reason)}  {shown(explanation.text)}\n"

    def colored(text: str, attribution: float) -> str:
        strength = explanation.strength(attribution) if color else 0.0
        return highlighted(shown(text), strength)

    labels = list(explanation.scores)
    scores = explanation.scores.values() if all_scores else ()
    value = [explanation.label, explanation.score, *scores]
    text = "".join(colored(*piece) for piece in explanation.pieces())
    lines = prediction_lines(labels, text, value, color)
    words = [
        f"{word.attribution:+.2f} {colored(word.text, word.attribution)}"
        for word in explanation.strongest(MAX_PRINTED_WORDS)
    ]
    if words:
        lines += f"{'':{label_width(labels)}} {' · '.join(words)}\n"
    return lines


def highlighted(text: str, strength: float) -> str:
    """Return `text` on blue if it supports the label, on orange if it opposes it."""
    if abs(strength) < MIN_COLORED:
        return text
    bold = abs(strength) >= MIN_BOLD
    return typer.style(
        text, fg=BLACK_TEXT, bg=(SUPPORTING if strength > 0 else OPPOSING)[bold], bold=bold
    )
