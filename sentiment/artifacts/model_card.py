"""A bundle in, what others may have of it out: no path of this disk, and a model card for the Hub.

A card says what is known, and leaves out what is not. Names in it are escaped, so that they are
text and nothing else, wherever they come from.
"""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentiment.artifacts.checksums import CONFIG_FILE, FILES, part, read_json
from sentiment.artifacts.model_folder import SavedModel, save_model
from sentiment.config import SECTIONS, Config
from sentiment.errors import InputError
from sentiment.runtime.atomic_io import atomic_folder
from sentiment.runtime.network import is_model_id

if TYPE_CHECKING:
    from huggingface_hub import ModelCardData

CARD_FILE = "README.md"
SHARED_FILES = (*FILES, CARD_FILE)
LIBRARY, TASK = "sentiment-lstm", "text-classification"
LONGEST = 100  # Characters of a name in a card.
MOST = 1e15  # Of a figure in a card.
# A file is no id on the Hub, although `data/reviews.csv` has the form of one.
FILE_SUFFIXES = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet", ".txt", ".vec", ".gz")
MARKUP = re.compile(r"([\\`*_{}\[\]<>|~&$@])")


def save_for_sharing(
    bundle: SavedModel, folder: Path, run: Path | None = None, model: str | None = None
) -> None:
    """Write `bundle` into `folder` as `save_bundle` does, for others to have, with its model card.

    Args:
        bundle: what to write; what it says of itself is written as `shareable` makes it.
        folder: where; a README.md that stands there and is no such card stays.
        run: the folder that it comes from, in which `sentiment eval` has left figures, perhaps.
        model: its id on the Hub, if it goes there.

    Raises:
        InputError: the disk is full, or the folder cannot be written to.
    """
    bundle = shareable(bundle)
    with atomic_folder(folder) as stage:
        save_model(stage, bundle)
        if is_free(folder / CARD_FILE):
            versions = part(read_json(stage / CONFIG_FILE), "versions")
            card = model_card(bundle, versions, read_measured(run), model)
            (stage / CARD_FILE).write_text(card, encoding="utf-8", newline="\n")


def is_free(path: Path) -> bool:
    """Whether a card may be written there: in place of nothing, or of an older card."""
    if not path.exists():
        return True
    return f"library_name: {LIBRARY}" in path.read_text(encoding="utf-8", errors="replace")


def read_measured(run: Path | None) -> dict[str, Any]:
    """What `sentiment eval` has left of the test split in the folder of a run, if it has."""
    with suppress(InputError):
        return read_json(run / "metrics-test.json") if run is not None else {}
    return {}


def shareable(bundle: SavedModel) -> SavedModel:
    """The same bundle, of whose paths on this disk only the last part is told."""
    config = Config.from_dict(without_paths(bundle.config.to_dict()))
    return bundle._replace(config=config, metadata=without_paths(bundle.metadata))


def without_paths(value: Any) -> Any:
    """Plain values, in which each path on this disk has lost all but its last part."""
    if isinstance(value, Mapping):
        return {key: without_paths(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [without_paths(one) for one in value]
    if not isinstance(value, str) or not re.search(r"[/\\]", value) or is_hub_id(value):
        return value
    return re.split(r"[/\\]", value.rstrip("/\\"))[-1] or "folder"


def is_hub_id(name: str) -> bool:
    """Whether `name` is that of something on the Hub, so far as can be told without asking it."""
    if not is_model_id(name) or name.lower().endswith(FILE_SUFFIXES):
        return False
    return not os.path.exists(name)


def model_card(
    bundle: SavedModel,
    versions: Mapping[str, Any],
    measured: Mapping[str, Any],
    model: str | None = None,
) -> str:
    """The README.md of a bundle, with the Hub's metadata on top.

    Args:
        bundle: one that is `shareable`.
        versions: of the packages that wrote it, by name.
        measured: what `sentiment eval` has written of the test split; empty where it has not.
        model: its id on the Hub, if it goes there.
    """
    from huggingface_hub import ModelCard

    measured = without_paths(measured) if is_of(measured, bundle) else {}
    sections = {
        "How to use it": usage(bundle, model),
        "Data": data(bundle),
        "Recipe": recipe(bundle.config),
        "How well it does": results(bundle, measured),
        "Limits": limits(bundle),
        "Saved with": table(("package", "version"), versions.items()),
    }
    weights = sum(weight.numel() for weight in bundle.model.parameters())
    card = [
        f"# {title(model)}",
        f"An LSTM with {weights:,} weights that gives a text one of the labels "
        f"{', '.join(map(plain, bundle.labels or []))}, and each label a probability. It was "
        f"trained with {LIBRARY}, and reads the language {plain(bundle.config.text.language)} "
        "(a code of spaCy).",
    ]
    card += [f"## {heading}\n\n{body}" for heading, body in sections.items() if body]
    metadata = card_data(bundle, measured, model).to_yaml()
    return str(ModelCard(f"---\n{metadata}\n---\n\n" + "\n\n".join(card) + "\n"))


def is_of(measured: Mapping[str, Any], bundle: SavedModel) -> bool:
    """Whether figures are of this bundle, and not of one that stood in its folder before.

    Every training and every calibration fits another temperature, to all its digits.
    """
    confusion = measured.get("confusion")
    return (
        measured.get("temperature") == bundle.temperature
        and isinstance(confusion, list)
        and len(confusion) == len(bundle.labels or [])
    )


def card_data(
    bundle: SavedModel, measured: Mapping[str, Any], model: str | None
) -> "ModelCardData":
    """What the Hub reads of a card: for its filters, and the results that it lists."""
    from huggingface_hub import EvalResult, ModelCardData

    language, dataset = bundle.config.text.language, bundle.config.data.dataset
    tested = one_line(measured.get("dataset", "its data"))
    found = {name: number(measured, name) for name in ("accuracy", "f1", "roc_auc")}
    evaluated = [
        EvalResult(
            task_type=TASK,
            dataset_type=tested,
            dataset_name=tested,
            dataset_split="test",
            metric_type=name,
            metric_value=value,
        )
        for name, value in found.items()
        if value is not None
    ]
    return ModelCardData(
        language="multilingual" if language == "xx" else language.split("-")[0],
        library_name=LIBRARY,
        pipeline_tag=TASK,
        tags=["lstm"],
        datasets=[dataset] if is_hub_id(dataset) else None,
        metrics=[result.metric_type for result in evaluated] or None,
        model_name=title(model),
        eval_results=evaluated or None,
    )


def title(model: str | None) -> str:
    """What a card calls a model: by the last part of its id."""
    return model.split("/")[-1] if model else "A text classifier"


def usage(bundle: SavedModel, model: str | None) -> str:
    """The two ways to ask it."""
    name = model or "FOLDER"
    text = "A joy from start to finish." if bundle.config.text.language == "en" else "…"
    return f"""```python
from sentiment import Classifier

classifier = Classifier.from_pretrained("{name}")
classifier("{text}")
```

```sh
sentiment predict --model {name} "{text}"
```

It is {", ".join(FILES[:-1])} and {FILES[-1]}: no pickle, and nothing in them is executed."""


def data(bundle: SavedModel) -> str:
    """What it has learned from, and what it was chosen by."""
    config = bundle.config.data
    name = plain(config.dataset)
    if is_hub_id(config.dataset):
        name = f"[{name}](https://huggingface.co/datasets/{config.dataset})"
    said = f"Data set: {name}" + (f", revision {plain(config.revision)}" if config.revision else "")
    taught = number(part(bundle.metadata, "synthetic_sentences"), "rows")
    if taught:
        said += f". Beside it {taught:,.0f} short sentences that {LIBRARY} brings along"
    unlabelled = part(bundle.metadata, "unlabelled")
    if known := number(unlabelled, "labelled"):
        said += (
            f". First it learned single sentences, those of {known:,.0f} texts without a label too "
            f"({count(unlabelled, 'rows')} were there, of these the ones whose words make it plain)"
        )
    rows = [
        (name, count(own, "rows"), str(own.get("fingerprint", "")))
        for name in ("train", "validation", "calibration")
        if (own := part(bundle.metadata, name))
    ]
    return f"{said}.\n\n{table(('part', 'texts', 'fingerprint'), rows)}".strip()


def recipe(config: Config) -> str:
    """The settings that are not the defaults."""
    rows = [
        (field.name, "none" if value is None else str(value))
        for name, section in SECTIONS.items()
        for field in fields(section)
        if (value := getattr(getattr(config, name), field.name)) != field.default
    ]
    if not rows:
        return "All settings are the defaults; they stand in config.json."
    return "What differs from the defaults; all settings stand in config.json.\n\n" + table(
        ("setting", "value"), rows
    )


def results(bundle: SavedModel, measured: Mapping[str, Any]) -> str:
    """What was measured on the test split, and on the texts that chose the epoch."""
    said = []
    if measured:
        f1 = (bundle.labels or [])[1] if len(bundle.labels or []) == 2 else "mean over labels"
        figures = [
            ("accuracy", percent(measured, "accuracy"), interval(measured)),
            (f"F1 ({f1})", decimal(measured, "f1"), ""),
            ("ROC-AUC", decimal(measured, "roc_auc"), ""),
            ("expected calibration error", decimal(measured, "ece"), ""),
            ("cross-entropy", decimal(measured, "loss"), ""),
        ]
        slices = measured.get("slices")
        figures += [
            (f"accuracy, {one.get('name')}", percent(one, "accuracy"), interval(one))
            for one in (slices if isinstance(slices, list) else [])
            if isinstance(one, dict)
        ]
        said += [
            f"On the test split of {plain(measured.get('dataset', 'its data'))}, "
            f"{count(measured, 'n')} texts:",
            table(("metric", "value", "95% interval"), [row for row in figures if row[1]]),
        ]
    kept = part(bundle.metadata, "metrics")
    chosen = [
        (name, percent(kept, key) if name == "accuracy" else decimal(kept, key))
        for key in kept
        if (name := key.removeprefix("validation_")) not in (key, "temperature")
    ]
    if chosen:
        said += [
            "On the validation texts, which chose the epoch, so that this reads a little high:",
            table(("metric", "value"), chosen),
        ]
    return "\n\n".join(said)


def limits(bundle: SavedModel) -> str:
    """What it should not be asked, or not believed."""
    scores = (
        "Its scores were never calibrated: take them for an order, not for probabilities."
        if bundle.temperature == 1
        else f"Its scores are probabilities on texts like those it was calibrated on (temperature "
        f"{bundle.temperature:.2f}); on others they are not."
    )
    said = [
        "It knows texts like those above. On any other kind, or in another language, it was not "
        "measured, and still answers: every text gets one of its labels.",
        scores,
        "Irony, and what is said between the lines, is mostly lost on it.",
        "vocab.txt lists words of the texts that it has learned from.",
    ]
    return "\n".join(f"- {line}" for line in said)


def table(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table in Markdown; nothing where there are no rows."""
    lines = [f"| {' | '.join(plain(cell) for cell in row)} |" for row in rows]
    if not lines:
        return ""
    return "\n".join([f"| {' | '.join(headings)} |", "|---" * len(headings) + "|", *lines])


def plain(text: Any) -> str:
    """Any value as text that Markdown and HTML leave as it is."""
    return MARKUP.sub(r"\\\1", one_line(text))


def one_line(text: Any) -> str:
    """Any value as text on one line, of at most `LONGEST` characters, all of them visible."""
    line = "".join(one if one.isprintable() else " " for one in str(text))
    line = " ".join(line.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def number(content: Mapping[str, Any], name: str) -> float | None:
    """The number `name` in what a JSON file holds; None where there is none."""
    found = content.get(name)
    if isinstance(found, bool) or not isinstance(found, int | float) or not abs(found) < MOST:
        return None
    return float(found)


def percent(content: Mapping[str, Any], name: str) -> str:
    return "" if (found := number(content, name)) is None else f"{found:.2%}"


def decimal(content: Mapping[str, Any], name: str) -> str:
    return "" if (found := number(content, name)) is None else f"{found:.4f}"


def count(content: Mapping[str, Any], name: str) -> str:
    return "" if (found := number(content, name)) is None else f"{found:,.0f}"


def interval(content: Mapping[str, Any]) -> str:
    """`93.18% to 93.79%`; nothing where no interval of the accuracy is known."""
    bounds = content.get("accuracy_interval")
    named = dict(zip(("low", "high"), bounds, strict=False)) if isinstance(bounds, list) else {}
    return f"{percent(named, 'low')} to {percent(named, 'high')}" if len(named) == 2 else ""
