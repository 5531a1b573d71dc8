"""The notebooks run from the first cell to the last, and hold nothing that is not ours."""

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parent.parent / "notebooks"
PATHS = sorted(FOLDER.glob("*.ipynb"))
RUN = 12  # So many words in a row are a quotation.
by_name = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def read(path):
    return nbformat.read(path, as_version=4)


def stored_texts(notebook):
    """All text among the outputs stored in a notebook; pictures are not text."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            yield output.get("text", "")
            yield from (
                text
                for kind, text in output.get("data", {}).items()
                if not kind.startswith("image/") or kind.endswith("svg+xml")
            )


def words_of(text):
    return re.findall(r"\w+", re.sub(r"<[^>]*>", " ", text).lower())


def runs_of(words):
    """Every `RUN` words in a row."""
    return zip(*(words[start:] for start in range(RUN)), strict=False)


def quotations(texts, reviews):
    """The runs of words in `texts` that stand in one of `reviews` too."""
    ours = {run for text in texts for run in runs_of(words_of(text))}
    first_words = {run[0] for run in ours}
    found = set()
    for review in reviews:
        words = words_of(review)
        for start, word in enumerate(words):
            if word in first_words and tuple(words[start : start + RUN]) in ours:
                found.add(" ".join(words[start : start + RUN]))
    return found


@by_name
def test_a_notebook_runs_on_the_built_in_reviews(path, monkeypatch):
    monkeypatch.setenv("DATASET", "sample")
    resources = {"metadata": {"path": str(FOLDER)}}
    NotebookClient(read(path), timeout=600, kernel_name="python3", resources=resources).execute()


@by_name
def test_a_notebook_was_stored_after_a_whole_run(path):
    cells = [cell for cell in read(path).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert not [o for cell in cells for o in cell.outputs if o.output_type == "error"]


@by_name
def test_no_image_is_a_link(path):
    text = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    assert not re.findall(r"!\[[^\]]*\]\([^)]*\)|!\[[^\]]*\]\[|<img\b", text)


@by_name
def test_each_markdown_cell_is_in_english_and_in_chinese(path):
    for cell in read(path).cells:
        if cell.cell_type == "markdown":
            assert re.search(r"[a-z]{2}", cell.source), cell.source
            assert re.search(r"[\u4e00-\u9fff]", cell.source), cell.source


def test_no_stored_output_quotes_a_review(imdb):
    texts = [text for path in PATHS for text in stored_texts(read(path))]
    reviews = (review for split in imdb.values() for review in split["text"])
    assert not quotations(texts, reviews)


def test_a_quotation_is_found():
    review = "One two three, four five six seven<br />eight nine ten eleven twelve thirteen."
    assert quotations(
        ["He said: TWO THREE four five six seven eight nine ten eleven twelve thirteen"], [review]
    )
    assert not quotations(["two three four five six seven eight nine ten eleven twelve"], [review])
