"""Explanations in, HTML out: their text as it stands, its words coloured.

Blue speaks for the label and vermilion against it, which colour-blind readers tell apart too
(Okabe and Ito 2008). The colours are translucent, so that they suit a dark page as well.
"""

from collections.abc import Iterable
from html import escape

from sentiment.inference.explain import Explanation
from sentiment.text.tokenizer import LINE_BREAK, UNREADABLE

FOR, AGAINST = "0, 114, 178", "213, 94, 0"  # Red, green, blue.
DEEPEST = 0.6  # The least transparent that a colour gets: text on it must stay readable.
STRONGEST = 10  # Words whose contributions stand below a text, for those who cannot hover.

UNSHOWN = {code: to for code, to in UNREADABLE.items() if chr(code) not in "\t\n\r"}

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Why this verdict</title>
<style>
body {{ font: 1.1rem/1.7 Georgia, serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem; }}
h2, .words {{ font-family: system-ui, sans-serif; }}
h2 {{ font-size: 1.1rem; margin: 2.5rem 0 0; }}
.words {{ font-size: 0.85rem; }}
</style>
</head>
<body>
<h1>Why this verdict</h1>
<p>{legend}</p>
{articles}
</body>
</html>
"""


def fragment(explanation: Explanation) -> str:
    """The text of `explanation` as one HTML paragraph, which needs no style sheet and no script.

    Spacing is kept, `<br />` is a line break, and everything else in the text is only text. The
    contribution of a word is its `title`, which a browser shows when the pointer rests on it.
    """
    pieces = []
    for piece, contribution in explanation.pieces():
        shown = escape(LINE_BREAK.sub("\n", piece.translate(UNSHOWN)))
        if contribution:
            style = f"background:{colour(explanation.strength(contribution))};border-radius:3px"
            shown = f'<span style="{style}" title="{contribution:+.2f}">{shown}</span>'
        pieces.append(shown)
    return (
        f'<p dir="auto" style="white-space:pre-wrap;overflow-wrap:anywhere">{"".join(pieces)}</p>'
    )


def colour(strength: float) -> str:
    """A CSS colour for a strength from -1 to 1."""
    return f"rgba({FOR if strength > 0 else AGAINST}, {DEEPEST * abs(strength):.2f})"


def legend() -> str:
    """What the colours of a fragment say, as HTML."""
    sides = (
        f'<span style="background:{colour(side)};border-radius:3px">{meaning}</span>'
        for side, meaning in ((1, "for the label"), (-1, "against it"))
    )
    return (
        f"A word speaks {' or '.join(sides)}: the deeper its colour, the more it adds to the "
        "log-odds of the label, or takes from them."
    )


def page(explanations: Iterable[Explanation]) -> str:
    """A whole HTML page, which opens offline and loads nothing."""
    return PAGE.format(legend=legend(), articles="\n".join(map(article, explanations)))


def article(explanation: Explanation) -> str:
    """Verdict, text and strongest words."""
    strongest = " · ".join(
        f"{word.contribution:+.2f} <bdi>{escape(word.text.translate(UNSHOWN))}</bdi>"
        for word in explanation.strongest(STRONGEST)
    )
    return (
        f"<article>\n<h2>{escape(explanation.label)} {explanation.score:.1%}</h2>\n"
        f"{fragment(explanation)}\n"
        f'<p class="words">{strongest or "No words."}</p>\n</article>'
    )
