"""What a report holds in, one HTML page out: no script, no request, all text escaped."""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from sentiment.apps.report.curves import LabelCurves
from sentiment.apps.report.figures import short
from sentiment.apps.report.folder import Comparison
from sentiment.apps.report.mistakes import LONGEST, TELLING, Mistake
from sentiment.evaluation.behavior import Result, rates
from sentiment.evaluation.metrics import Metrics
from sentiment.inference.explanation_html import legend


@dataclass(frozen=True)
class Page:
    """What stands on the page; `page.html` takes each field by its name."""

    model: str
    dataset: str
    split: str
    labels: Sequence[str]
    metrics: Metrics
    kept: Mapping[str, float]  # The figures of the epoch that was kept, from `config.json`.
    curves: Sequence[LabelCurves]  # Empty where the split lacks a label.
    mistakes: Sequence[Mistake]
    behaviour: Sequence[Result] | str  # Or why it is left out.
    comparison: Comparison | None  # Of `sentiment baseline`, where it has been run.
    config: Mapping[str, Mapping[str, Any]]  # All settings, by section.
    reviews: Mapping[str, Mapping[str, Any]]  # Rows and fingerprint of each split.
    versions: Mapping[str, Sequence[str]]  # At training and now, by package.
    images: Mapping[str, bytes | None]  # PNGs by name; None: left out.


def render(page: Page) -> str:
    """The page as HTML."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    constants = {"legend": Markup(legend()), "longest": LONGEST, "telling": TELLING, "rates": rates}
    return environment.get_template("page.html").render({**constants, **vars(page)}).lstrip()


def interval(bounds: tuple[float, float]) -> str:
    """0.92861 and 0.93487 as `92.86 to 93.49`: in percent."""
    low, high = bounds
    return f"{100 * low:.2f} to {100 * high:.2f}"


def percent(part: float, digits: int = 2) -> str:
    """0.93176 as `93.18%`."""
    return f"{part:.{digits}%}"


def number(value: Any, form: str = ".4f") -> str:
    """25000 as `25,000`, 0.98271 as `0.9827`, what is not known as a dash."""
    if isinstance(value, float):
        return format(value, form)
    return f"{value:,}" if isinstance(value, int) else str(value or "–")


def base64_of(png: bytes) -> str:
    """As a `data:` URL holds it."""
    return base64.b64encode(png).decode()


FILTERS: dict[str, Callable[..., str]] = {
    "base64": base64_of,
    "interval": interval,
    "number": number,
    "percent": percent,
    "short": short,
}
