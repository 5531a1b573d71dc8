"""Numbers, durations and tables, as the commands print them."""

import os
import sys
from typing import TYPE_CHECKING, Any

from sentiment.cli.messages import printable

if TYPE_CHECKING:
    from rich.table import Table

MISSING = "–"


def count(number: int | None) -> str:
    """Return 25000 as `25,000`; a dash for None."""
    return MISSING if number is None else f"{number:,}"


def percent(fraction: float | None) -> str:
    """Return 0.932 as `93.2%`; a dash for None."""
    return MISSING if fraction is None else f"{fraction:.1%}"


def duration(seconds: float | None) -> str:
    """Return 12.3 as `12 s`, 754 as `12 min 34 s`; a dash for None."""
    if seconds is None:
        return MISSING
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def metric_rows(metrics: dict[str, Any]) -> dict[str, str]:
    """Return the metrics that compare classifiers, formatted, by name."""
    low, high = metrics["accuracy_interval"]
    roc_auc = metrics["roc_auc"]
    return {
        "accuracy": f"{metrics['accuracy']:.2%}",
        "95% interval": f"{low:.2%} to {high:.2%}",
        **({"F1": f"{metrics['f1']:.4f}"} if len(metrics["by_label"]) == 2 else {}),
        "macro-F1": f"{metrics['macro_f1']:.4f}",
        "ROC-AUC": "only one label" if roc_auc is None else f"{roc_auc:.4f}",
        "calibration error": f"{metrics['ece']:.4f}",
    }


def new_table(title: str, first: str, *headings: str) -> "Table":
    """Return an empty table. The columns after the first hold numbers."""
    from rich.table import Table

    table = Table(first, title=title, title_justify="left")
    for heading in headings:
        table.add_column(heading, justify="right")
    return table


def print_tables(*tables: "Table") -> None:
    """Print tables. Their strings are data: no markup, and printable."""
    from rich.console import Console
    from rich.text import Text

    class PlainConsole(Console):
        def render_str(self, text: str, **options: Any) -> Text:
            """Return a title, heading or cell as text to print."""
            return super().render_str(printable(text), **options)

    console = PlainConsole(markup=False, emoji=False, highlight=False)
    for table in tables:
        console.print(table)


def use_color() -> bool:
    """Return whether standard output shows colors."""
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ
