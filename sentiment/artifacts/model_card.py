"""A model card: the README.md of a model on the Hub.

The text is in the template `model_card.md.jinja`. Names from files and users are escaped, so that
Markdown and HTML show them as text.
"""

import re
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentiment.artifacts.checksums import FILES, part
from sentiment.artifacts.model_folder import SavedModel
from sentiment.config import SECTIONS, Config, DataConfig
from sentiment.runtime.network import is_hub_id

if TYPE_CHECKING:
    from huggingface_hub import EvalResult, ModelCardData

TEMPLATE = Path(__file__).with_name("model_card.md.jinja")
LIBRARY, TASK = "sentiment-lstm", "text-classification"
MAX_NAME = 100  # Characters of a name in a card.
MAX_FIGURE = 1e15  # Larger numbers are not those of a text classifier.
MARKUP = re.compile(r"([\\`*_{}\[\]<>|~&$@])")


def model_card(
    saved: SavedModel,
    versions: Mapping[str, Any],
    measured: Mapping[str, Any],
    checked: Mapping[str, Any],
    model_id: str | None = None,
) -> str:
    """Return the README.md of a classifier, with metadata for the Hub.

    Args:
        saved: a classifier without local paths (`sharing.without_paths`).
        versions: package versions by name.
        measured: the test metrics that `sentiment eval` wrote; empty if there are none.
        checked: the results that `sentiment check` wrote; empty if there are none.
        model_id: the id on the Hub, if the model is uploaded.
    """
    from huggingface_hub import ModelCard

    config, metadata = saved.config, saved.metadata
    english = config.text.language == "en"
    unlabelled = part(metadata, "unlabelled")
    temperature = None if saved.temperature == 1 else f"{saved.temperature:.2f}"
    content: dict[str, Any] = {
        "title": title(model_id),
        "labels": saved.labels or [],
        "num_weights": f"{sum(weight.numel() for weight in saved.model.parameters()):,}",
        "language_code": config.text.language,
        "dataset": config.data.dataset,
        "revision": config.data.revision,
        "synthetic": format_count(part(metadata, "synthetic_sentences"), "rows"),
        "unlabelled": format_count(unlabelled, "rows"),
        "pseudo_labels": format_count(unlabelled, "labelled"),
        "splits": [
            (name, format_count(split, "rows"), str(split.get("fingerprint", "")))
            for name in ("train", "validation", "calibration")
            if (split := part(metadata, name))
        ],
        "settings": changed_settings(config),
        "test_texts": format_count(measured, "n"),
        "test_dataset": measured.get("dataset", "the dataset"),
        "test_metrics": rows_of_test(measured, saved.labels or []),
        "behavior": rows_of_behavior(checked),
        "tied_terms": config.model.tie_terms,
        "validation_metrics": rows_of_validation(part(metadata, "metrics")),
        "temperature": temperature,
        "versions": list(versions.items()),
    }
    card = ModelCard.from_template(
        card_data(saved, measured, model_id),
        template_path=str(TEMPLATE),
        **escaped(content),
        # Ids and constants, which the form of an id or this module limit to harmless characters.
        dataset_id=hub_dataset(saved),
        model_id=model_id or "FOLDER",
        files=FILES,
        example="A joy from start to finish." if english else "…",
    )
    return f"{card}\n"


def hub_dataset(saved: SavedModel) -> str | None:
    """Return the Hub id of the training dataset; None if it was not loaded from the Hub.

    A relative path such as `clients/acme` has the form of an id, so training records the source.
    """
    name = saved.config.data.dataset
    is_public = saved.metadata.get("source") == "hub" or name == DataConfig.dataset
    return name if is_public and is_hub_id(name) else None


def card_data(
    saved: SavedModel, measured: Mapping[str, Any], model_id: str | None
) -> "ModelCardData":
    """Return the metadata that the Hub reads, for its filters and its list of results."""
    from huggingface_hub import ModelCardData

    language, dataset = saved.config.text.language, hub_dataset(saved)
    results = eval_results(measured)
    return ModelCardData(
        language="multilingual" if language == "xx" else language.split("-")[0],
        library_name=LIBRARY,
        pipeline_tag=TASK,
        tags=["lstm"],
        datasets=[dataset] if dataset else None,
        metrics=[result.metric_type for result in results] or None,
        model_name=title(model_id),
        eval_results=results or None,
    )


def eval_results(measured: Mapping[str, Any]) -> "list[EvalResult]":
    """Return the test metrics that the Hub lists."""
    from huggingface_hub import EvalResult

    dataset = one_line(measured.get("dataset", "the dataset"))
    values = {name: finite_number(measured, name) for name in ("accuracy", "f1", "roc_auc")}
    return [
        EvalResult(
            task_type=TASK,
            dataset_type=dataset,
            dataset_name=dataset,
            dataset_split="test",
            metric_type=name,
            metric_value=value,
        )
        for name, value in values.items()
        if value is not None
    ]


def title(model_id: str | None) -> str:
    """Return the name of the model: the last part of its id."""
    return model_id.split("/")[-1] if model_id else "A text classifier"


def changed_settings(config: Config) -> list[tuple[str, str]]:
    """Return the settings that differ from the defaults, with their values."""
    return [
        (field.name, "none" if value is None else str(value))
        for name, section in SECTIONS.items()
        for field in fields(section)
        if (value := getattr(getattr(config, name), field.name)) != field.default
    ]


def rows_of_test(measured: Mapping[str, Any], labels: list[str]) -> list[tuple[str, str, str]]:
    """Return the name, value and 95% confidence interval of each test metric."""
    averaging = labels[1] if len(labels) == 2 else "mean over labels"
    slices = measured.get("slices")
    rows = [
        ("accuracy", format_percent(measured, "accuracy"), format_interval(measured)),
        (f"F1 ({averaging})", decimal(measured, "f1"), ""),
        ("ROC-AUC", decimal(measured, "roc_auc"), ""),
        ("expected calibration error", decimal(measured, "ece"), ""),
        ("cross-entropy", decimal(measured, "loss"), ""),
        *(
            (
                f"accuracy, {group.get('name')}",
                format_percent(group, "accuracy"),
                format_interval(group),
            )
            for group in (slices if isinstance(slices, list) else [])
            if isinstance(group, dict)
        ),
    ]
    return [row for row in rows if row[1]]


def rows_of_validation(metrics: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the name and value of each metric on the validation split."""
    prefix = "validation_"
    return [
        (name, format_percent(metrics, key) if name == "accuracy" else decimal(metrics, key))
        for key in metrics
        if key.startswith(prefix) and (name := key.removeprefix(prefix)) != "temperature"
    ]


def rows_of_behavior(checked: Mapping[str, Any]) -> list[tuple[str, str, str, str, str]]:
    """Return the capability, name, cases, failures and failure rate of each behavioral test."""
    tests = checked.get("tests")
    rows = [
        (
            str(test.get("capability", "")),
            str(test.get("name", "")),
            format_count(test, "cases"),
            format_count(test, "failures") or "0",
            format_percent(test, "rate"),
        )
        for test in (tests if isinstance(tests, list) else [])
        if isinstance(test, dict)
    ]
    return [row for row in rows if all(row)]


def escaped(value: Any) -> Any:
    """Return nested lists, tuples and dicts with every string escaped for Markdown and HTML."""
    if isinstance(value, dict):
        return {key: escaped(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [escaped(item) for item in value]
    return None if value is None else MARKUP.sub(r"\\\1", one_line(value))


def one_line(value: Any) -> str:
    """Return `value` as one line of at most `MAX_NAME` printable characters."""
    line = "".join(char if char.isprintable() else " " for char in str(value))
    line = " ".join(line.split())
    return line if len(line) <= MAX_NAME else f"{line[: MAX_NAME - 1]}…"


def finite_number(content: Mapping[str, Any], name: str) -> float | None:
    """Return the number `name` in JSON content, or None if there is no finite number."""
    found = content.get(name)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return float(found) if abs(found) < MAX_FIGURE else None


def format_percent(content: Mapping[str, Any], name: str) -> str:
    """Return the number `name` as a percentage, or nothing."""
    return "" if (found := finite_number(content, name)) is None else f"{found:.2%}"


def decimal(content: Mapping[str, Any], name: str) -> str:
    """Return the number `name` with four decimals, or nothing."""
    return "" if (found := finite_number(content, name)) is None else f"{found:.4f}"


def format_count(content: Mapping[str, Any], name: str) -> str:
    """Return the number `name` with thousands separators, or nothing if it is 0."""
    return f"{found:,.0f}" if (found := finite_number(content, name)) else ""


def format_interval(content: Mapping[str, Any]) -> str:
    """Return the confidence interval of the accuracy, such as `93.18% to 93.79%`, or nothing."""
    bounds = content.get("accuracy_interval")
    named = dict(zip(("low", "high"), bounds, strict=False)) if isinstance(bounds, list) else {}
    return (
        f"{format_percent(named, 'low')} to {format_percent(named, 'high')}"
        if len(named) == 2
        else ""
    )
