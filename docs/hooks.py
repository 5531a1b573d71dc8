"""MkDocs hooks: pages of the notebooks, tables of the commands and settings, and formulas."""

import dataclasses
import html
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import nbformat
from latex2mathml.converter import convert
from nbconvert import MarkdownExporter
from typer.main import get_command

from sentiment.cli import app
from sentiment.config import SECTIONS
from sentiment.presets import DEFAULT, PRESETS

DOCS = Path(__file__).parent
NOTEBOOK_PAGES = DOCS / "tutorials" / "notebooks"  # Git ignores it.
# The page to read after each notebook.
NEXT_PAGES = {
    "01_lstm": "[From raw reviews to a prediction · 从评论原文到预测结果](02_imdb_sentiment.md)",
    "02_imdb_sentiment": "[Inside a trained model · 训练好的模型的内部]"
    "(03_inside_a_trained_model.md)",
    "03_inside_a_trained_model": "[What the model cannot do · 模型不能做什么]"
    "(../../explanation/limits.md)",
}
GENERATED = "<!-- generated -->"
SECTION_NAMES = {
    "data": ("Data", "数据"),
    "text": ("Text", "文本"),
    "model": ("Model", "模型"),
    "train": ("Training", "训练"),
}
OPTION_HEADS = (("option", "description"), ("选项", "说明"))
SETTING_HEADS = (
    ("setting", "type", "default", "range", "meaning"),
    ("设置", "类型", "默认值", "范围", "含义"),
)
CODE = re.compile(r"torchrun [^…]*(?= …)|(?<![\w`-])--[a-z][a-z-]*")
INLINE = re.compile(r'<span class="arithmatex">\\\((.*?)\\\)</span>', re.DOTALL)
BLOCK = re.compile(r'<div class="arithmatex">\s*\\\[(.*?)\\\]\s*</div>', re.DOTALL)


def on_pre_build(**_: Any) -> None:
    """Write each notebook, with the outputs that it stores, as a page."""
    NOTEBOOK_PAGES.mkdir(exist_ok=True)
    for name, next_page in NEXT_PAGES.items():
        notebook = nbformat.read(DOCS.parent / "notebooks" / f"{name}.ipynb", as_version=4)
        names = {"output_files_dir": f"{name}_files", "unique_key": name}
        body, resources = MarkdownExporter().from_notebook_node(notebook, names)
        body += f"\n\n## Next step · 下一步\n\n{next_page}\n"
        (NOTEBOOK_PAGES / f"{name}.md").write_text(body, encoding="utf-8")
        (NOTEBOOK_PAGES / f"{name}_files").mkdir(exist_ok=True)
        for file, content in resources["outputs"].items():
            (NOTEBOOK_PAGES / file).write_bytes(content)


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Return the text of a page, with its generated part."""
    if GENERATED not in markdown:
        return markdown
    language = int(page.file.src_uri.endswith(".zh.md"))
    parts = {"cli": command_tables, "settings": setting_tables}
    name = Path(page.file.src_uri).name.split(".")[0]
    return markdown.replace(GENERATED, "".join(parts[name](language)))


def on_page_content(content: str, **_: Any) -> str:
    """Return the HTML of a page with MathML, which needs no script, in place of the formulas."""

    def replace(match: re.Match[str], display: str) -> str:
        return str(convert(html.unescape(match[1]).strip(), display=display))

    content = BLOCK.sub(lambda match: replace(match, "block"), content)
    return INLINE.sub(lambda match: replace(match, "inline"), content)


def command_tables(language: int) -> Iterator[str]:
    """Yield the description and the options of each command.

    Args:
        language: 0 for English, 1 for Chinese.
    """
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        context = command.make_context(name, [], resilient_parsing=True)
        usage = " ".join(command.collect_usage_pieces(context))
        yield f"## sentiment {name} {{ #{name} }}\n\n{prose(command.help)}\n\n"
        yield f"```text\nsentiment {name} {usage}\n```\n\n"
        records = [parameter.get_help_record(context) for parameter in command.params]
        rows = [(code(record[0]), cell(prose(record[1]))) for record in records if record]
        yield table(OPTION_HEADS[language], rows) + "\n"


def setting_tables(language: int) -> Iterator[str]:
    """Yield the settings of each section, and the values of each preset. Args: as above."""
    for name, section in SECTIONS.items():
        hints = get_type_hints(section)
        rows = [
            (
                f"`{field.name}`",
                type_name(hints[field.name]),
                "–" if field.default is None else f"`{cell(field.default)}`",
                limits(field.metadata["min"], field.metadata["max"]),
                cell(prose(field.metadata["help"])),
            )
            for field in dataclasses.fields(section)
        ]
        yield f"## {SECTION_NAMES[name][language]} {{ #{name} }}\n\n"
        yield table(SETTING_HEADS[language], rows) + "\n"
    yield ("## Presets\n\n", "## 预设 { #presets }\n\n")[language]
    presets = [preset for preset in PRESETS if preset != DEFAULT]
    changed = dict.fromkeys(name for preset in presets for name in PRESETS[preset])
    values = [[PRESETS[preset].get(name, "") for preset in presets] for name in changed]
    yield table(
        (SETTING_HEADS[language][0], *(f"`{preset}`" for preset in presets)),
        [
            (f"`{name}`", *("" if value == "" else f"`{value}`" for value in row))
            for name, row in zip(changed, values, strict=True)
        ],
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def prose(text: str) -> str:
    """Return a help text as Markdown, with its flags as code."""
    return CODE.sub(r"`\g<0>`", html.escape(text, quote=False))


def code(flag: str) -> str:
    """Return a flag and its values as code, which can wrap between the values."""
    return f"`{flag.replace('|', ' | ')}`"


def cell(text: Any) -> str:
    """Return text for a cell of a Markdown table."""
    return " ".join(str(text).split()).replace("|", r"\|")


def type_name(hint: Any) -> str:
    """Return the type of a setting as its user writes it."""
    if get_origin(hint) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(hint))
    choices = get_args(hint) or (hint,)
    return ", ".join(choice.__name__ for choice in choices if choice is not NoneType)


def limits(low: float | None, high: float | None) -> str:
    """Return the range of a setting as text."""
    if low is None:
        return ""
    return f"≥ {low}" if high is None else f"{low} – {high}"
