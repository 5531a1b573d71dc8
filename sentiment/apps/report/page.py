"""Render the report's HTML page: no script, no request, all text escaped."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from sentiment.apps.report.confident_errors import MAX_REVIEW_WORDS, TOP_WORDS
from sentiment.apps.report.figures import short_name
from sentiment.apps.report.one_vs_rest import MAX_SERIES
from sentiment.evaluation.behavior import failure_rates
from sentiment.inference.explanation_html import legend


def render(**content: Any) -> str:
    """Return `page.html` filled with `content`; the template lists the names that it needs."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    environment.globals.update(
        legend=Markup(legend()),
        max_series=MAX_SERIES,
        max_words=MAX_REVIEW_WORDS,
        top_words=TOP_WORDS,
        failure_rates=failure_rates,
    )
    return environment.get_template("page.html").render(content).lstrip()


def interval_text(bounds: tuple[float, float]) -> str:
    """Format 0.92861 and 0.93487 as `92.86–93.49%`."""
    low, high = bounds
    return f"{100 * low:.2f}–{high:.2%}"


def percent_text(fraction: float, digits: int = 2) -> str:
    """Format 0.93176 as `93.18%`."""
    return f"{fraction:.{digits}%}"


def number_text(value: Any, form: str = ".4f") -> str:
    """Format 25000 as `25,000`, 0.98271 as `0.9827`, and a missing value as a dash."""
    if isinstance(value, float):
        return format(value, form)
    return f"{value:,}" if isinstance(value, int) else str(value or "–")


def to_base64(png: bytes) -> str:
    """Encode an image for a `data:` URL."""
    return base64.b64encode(png).decode()


FILTERS: dict[str, Callable[..., str]] = {
    "base64": to_base64,
    "interval": interval_text,
    "number": number_text,
    "percent": percent_text,
    "short_name": short_name,
}
