"""The notebooks run from the first cell to the last, and hold nothing that is not ours."""

import re
from pathlib import Path

import nbformat
import pytest
from execute import execute
from matplotlib.font_manager import get_font

FOLDER = Path(__file__).parent.parent / "notebooks"
PATHS = sorted(FOLDER.glob("*.ipynb"))
RUN = 12  # So many words in a row are a quotation.
by_name = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def read(path):
    return nbformat.read(path, as_version=4)


def markdown(notebook):
    return [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]


def solutions(notebook):
    """The code of the folded solutions, in order."""
    return [
        code
        for source in markdown(notebook)
        for details in re.findall(r"<details>.*?</details>", source, re.DOTALL)
        for code in re.findall(r"```python\n(.*?)```", details, re.DOTALL)
    ]


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
def test_a_notebook_and_its_solutions_run_on_the_built_in_reviews(path, monkeypatch):
    monkeypatch.setenv("DATASET", "sample")
    notebook = read(path)
    notebook.cells += [nbformat.v4.new_code_cell(code) for code in solutions(notebook)]
    execute(notebook, FOLDER)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output.get("name") == "stderr"]


@by_name
def test_a_notebook_was_stored_after_a_whole_run(path):
    cells = [cell for cell in read(path).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert not [o for o in outputs if o.output_type == "error" or o.get("name") == "stderr"]


def test_what_is_stored_of_training_comes_from_the_real_imdb():
    text = "\n".join(stored_texts(read(FOLDER / "02_imdb_sentiment.ipynb")))
    assert "Number of training examples: 25000\nNumber of testing examples: 25000\n" in text


@by_name
def test_no_stored_output_names_a_folder_of_the_machine(path):
    assert not re.search(
        r"(?<![\w.])/(home|root|tmp|Users|work)/", "\n".join(stored_texts(read(path)))
    )


@by_name
def test_no_image_is_a_link(path):
    notebook = read(path)
    text = "\n".join([*markdown(notebook), *stored_texts(notebook)])
    assert not re.search(r"!\[|<(img|image)\b", text, re.IGNORECASE)


@by_name
def test_each_markdown_cell_is_in_english_and_then_in_chinese(path):
    for source in markdown(read(path)):
        english, chinese = (re.search(part, source) for part in (r"[a-z]{2}", r"[\u4e00-\u9fff]"))
        assert english, source
        assert chinese, source
        assert english.start() < chinese.start(), source


@by_name
def test_a_notebook_ends_in_three_or_four_exercises_with_folded_solutions(path):
    texts = markdown(read(path))
    exercises = [text for text in texts if "### Exercise" in text]
    assert 3 <= len(exercises) <= 4
    assert texts[-len(exercises) :] == exercises
    assert all(text.count("<details>") == 1 and text.endswith("</details>") for text in exercises)
    assert len(solutions(read(path))) == len(exercises)


@by_name
def test_no_label_of_a_figure_is_an_empty_box(path):
    code = "".join(cell.source for cell in read(path).cells if cell.cell_type == "code")
    chinese = {character for character in code if character > "\u2fff"}
    font = get_font(FOLDER / "fonts" / "NotoSansSC-labels.ttf")
    missing = chinese - {chr(code_point) for code_point in font.get_charmap()}
    assert not missing, "".join(sorted(missing))


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
