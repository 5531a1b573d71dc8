"""Explanations as HTML: the text with each word colored by its attribution.

Blue supports the label and vermilion opposes it, which color-blind readers can distinguish (Okabe
and Ito 2008). The colors are translucent, so that they suit a light and a dark page.
"""

from collections.abc import Iterable
from html import escape

from sentiment.inference.explain import Explanation, Unexplained
from sentiment.text.tokenizer import LINE_BREAK, UNREADABLE

SUPPORTS, OPPOSES = "0, 114, 178", "213, 94, 0"  # Red, green, blue.
MAX_OPACITY = 0.6  # Text on it must stay readable.
MAX_LISTED_WORDS = 10  # Number of words listed below a text, for readers who cannot hover.

# Characters that HTML cannot contain, and those that replace them.
REPLACED = {code: to for code, to in UNREADABLE.items() if chr(code) not in "\t\n\r"}

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Word attributions</title>
<style>
body {{ font: 1.1rem/1.7 Georgia, serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem; }}
h2, .words {{ font-family: system-ui, sans-serif; }}
h2 {{ font-size: 1.1rem; margin: 2.5rem 0 0; }}
.words {{ font-size: 0.85rem; }}
</style>
</head>
<body>
<h1>Word attributions</h1>
<p>{legend}</p>
{articles}
</body>
</html>
"""


def fragment(explanation: Explanation) -> str:
    """Return the text of an explanation as one HTML paragraph without style sheet or script.

    Spacing is kept, `<br />` becomes a line break, and all other markup of the text is escaped. The
    `title` of a word, which a browser shows on hover, is its attribution.
    """
    pieces = []
    for piece, attribution in explanation.pieces():
        html = plain(piece)
        if attribution:
            style = f"background:{color(explanation.strength(attribution))};border-radius:3px"
            html = f'<span style="{style}" title="{attribution:+.2f}">{html}</span>'
        pieces.append(html)
    return paragraph("".join(pieces))


def paragraph(html: str) -> str:
    """Return HTML as a paragraph that keeps spacing."""
    return f'<p dir="auto" style="white-space:pre-wrap;overflow-wrap:anywhere">{html}</p>'


def plain(text: str) -> str:
    """Return text as HTML."""
    return escape(LINE_BREAK.sub("\n", text.translate(REPLACED)))


def color(strength: float) -> str:
    """Return the CSS color for a relative attribution from -1 to 1."""
    return f"rgba({SUPPORTS if strength > 0 else OPPOSES}, {MAX_OPACITY * abs(strength):.2f})"


def legend() -> str:
    """Return the legend of the colors, as HTML."""
    supports, opposes = (
        f'<span style="background:{color(strength)};border-radius:3px">{meaning}</span>'
        for strength, meaning in ((1, "Supports the label"), (-1, "Opposes the label"))
    )
    return (
        f"{supports} {opposes} A deeper color means a larger attribution: the amount that the word "
        "adds to, or subtracts from, the log-odds of the label."
    )


def page(explanations: Iterable[Explanation | Unexplained]) -> str:
    """Return a whole HTML page, which loads nothing from a network."""
    return PAGE.format(legend=legend(), articles="\n".join(map(article, explanations)))


def article(explanation: Explanation | Unexplained) -> str:
    """Return the label, its probability, the text and the words of the largest attributions.

    Without an explanation, return the text and the reason.
    """
    if isinstance(explanation, Unexplained):
        return (
            f"<article>\n<h2>{escape(explanation.reason)}</h2>\n"
            f"{paragraph(plain(explanation.text))}\n</article>"
        )
    words = " · ".join(
        f"{word.attribution:+.2f} <bdi>{escape(word.text.translate(REPLACED))}</bdi>"
        for word in explanation.strongest(MAX_LISTED_WORDS)
    )
    return (
        f"<article>\n<h2>{escape(explanation.label)} {explanation.score:.1%}</h2>\n"
        f"{fragment(explanation)}\n"
        f'<p class="words">{words or "No words."}</p>\n</article>'
    )
