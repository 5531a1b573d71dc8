"""Save a model for others: without local paths, and with a model card."""

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from sentiment.artifacts.checksums import CONFIG_FILE, FILES, part, read_json
from sentiment.artifacts.model_card import LIBRARY, hub_dataset, model_card
from sentiment.artifacts.model_folder import SavedModel, save_model
from sentiment.config import Config
from sentiment.errors import SentimentError
from sentiment.runtime.atomic_io import atomic_folder
from sentiment.runtime.paths import user_path

CARD_FILE = "README.md"
SHARED_FILES = (*FILES, CARD_FILE)
SEPARATORS = re.compile(r"[/\\]")


def save_for_sharing(
    saved: SavedModel, folder: Path, run: Path | None = None, model_id: str | None = None
) -> None:
    """Write a classifier without local paths into `folder`, with a model card.

    Args:
        saved: the classifier.
        folder: created if it does not exist. A README.md that is not such a card is kept.
        run: the folder that the classifier was read from, for the results of `sentiment eval` and
            `sentiment check`.
        model_id: the id on the Hub, if the model is uploaded.

    Raises:
        ConfigError: the path cannot be used, see `user_path`.
        StorageError: the disk is full, or the folder cannot be written to.
    """
    folder, shared = user_path(folder), without_paths(saved)
    measured, checked = read_metrics(run, saved), read_check(run, saved)
    with atomic_folder(folder) as stage:
        save_model(stage, shared)
        if may_write_card(folder / CARD_FILE):
            versions = part(read_json(stage / CONFIG_FILE), "versions")
            card = model_card(shared, versions, measured, checked, model_id)
            (stage / CARD_FILE).write_text(card, encoding="utf-8", newline="\n")


def may_write_card(path: Path) -> bool:
    """Return whether `path` does not exist or is a card of this library."""
    if not path.exists():
        return True
    return f"library_name: {LIBRARY}" in path.read_text(encoding="utf-8", errors="replace")


def read_metrics(run: Path | None, saved: SavedModel) -> dict[str, Any]:
    """Return the test metrics of `saved` from its run folder; empty if there are none.

    Metrics of a model that was in the folder before have another temperature: each training and
    each calibration fits it, to all digits.
    """
    measured: dict[str, Any] = {}
    with suppress(SentimentError):
        measured = read_json(run / "metrics-test.json") if run is not None else {}
    confusion = measured.get("confusion")
    num_labels = len(confusion) if isinstance(confusion, list) else 0
    if measured.get("temperature") != saved.temperature or num_labels != len(saved.labels or []):
        return {}
    result = shorten_paths(measured, hub_dataset(saved))
    assert isinstance(result, dict)
    return result


def read_check(run: Path | None, saved: SavedModel) -> dict[str, Any]:
    """Return the results of `sentiment check` on the held-out tests, as `read_metrics` does."""
    checked: dict[str, Any] = {}
    with suppress(SentimentError):
        checked = read_json(run / "check-held-out.json") if run is not None else {}
    return checked if checked.get("temperature") == saved.temperature else {}


def without_paths(saved: SavedModel) -> SavedModel:
    """Return the model with each local path in its settings and metadata shortened to its name."""
    keep = hub_dataset(saved)
    config = Config.from_dict(shorten_paths(saved.config.to_dict(), keep))
    return saved._replace(config=config, metadata=shorten_paths(saved.metadata, keep))


def shorten_paths(value: Any, keep: str | None = None) -> Any:
    """Return JSON content with each string that has a path separator cut to its last component.

    Args:
        value: JSON content.
        keep: the only string with a separator that stays.
    """
    if isinstance(value, Mapping):
        return {key: shorten_paths(item, keep) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [shorten_paths(item, keep) for item in value]
    if not isinstance(value, str) or value == keep or not SEPARATORS.search(value):
        return value
    return SEPARATORS.split(value.rstrip("/\\"))[-1] or "folder"
