"""The notebooks run completely, are bilingual, and contain no text of IMDB reviews."""

import re

import nbformat
import pytest
from execute import execute
from matplotlib.font_manager import get_font
from support.paths import ROOT

FOLDER = ROOT / "notebooks"
PATHS = sorted(FOLDER.glob("*.ipynb"))
QUOTATION_WORDS = 12  # This many consecutive words of a review count as a quotation.
by_name = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def read(path):
    return nbformat.read(path, as_version=4)


def markdown(notebook):
    return [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]


def solutions(notebook):
    """Return the code of the folded solutions, in order."""
    return [
        code
        for source in markdown(notebook)
        for details in re.findall(r"<details>.*?</details>", source, re.DOTALL)
        for code in re.findall(r"```python\n(.*?)```", details, re.DOTALL)
    ]


def stored_texts(notebook):
    """Yield all text in the stored outputs, without images."""
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


def word_ngrams(words):
    """Return an iterator over all `QUOTATION_WORDS` consecutive words."""
    return zip(*(words[start:] for start in range(QUOTATION_WORDS)), strict=False)


def quotations(texts, reviews):
    """Return the word n-grams of `texts` that also occur in `reviews`."""
    ngrams = {ngram for text in texts for ngram in word_ngrams(words_of(text))}
    first_words = {ngram[0] for ngram in ngrams}
    found = set()
    for review in reviews:
        words = words_of(review)
        for start, word in enumerate(words):
            if word in first_words and tuple(words[start : start + QUOTATION_WORDS]) in ngrams:
                found.add(" ".join(words[start : start + QUOTATION_WORDS]))
    return found


@by_name
def test_notebook_and_solutions_run_on_the_built_in_reviews(path, monkeypatch):
    monkeypatch.setenv("DATASET", "sample")
    notebook = read(path)
    notebook.cells += [nbformat.v4.new_code_cell(code) for code in solutions(notebook)]
    execute(notebook, FOLDER)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output.get("name") == "stderr"]


@by_name
def test_stored_outputs_are_of_one_complete_run(path):
    cells = [cell for cell in read(path).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert not [o for o in outputs if o.output_type == "error" or o.get("name") == "stderr"]


def test_stored_training_outputs_are_from_imdb():
    text = "\n".join(stored_texts(read(FOLDER / "02_imdb_sentiment.ipynb")))
    assert "Number of training examples: 25000\nNumber of testing examples: 25000\n" in text


@by_name
def test_stored_outputs_contain_no_local_path(path):
    assert not re.search(
        r"(?<![\w.])/(home|root|tmp|Users|work)/", "\n".join(stored_texts(read(path)))
    )


@by_name
def test_no_image_is_linked(path):
    notebook = read(path)
    text = "\n".join([*markdown(notebook), *stored_texts(notebook)])
    assert not re.search(r"!\[|<(img|image)\b", text, re.IGNORECASE)


@by_name
def test_each_markdown_cell_is_in_english_then_in_chinese(path):
    for source in markdown(read(path)):
        english, chinese = (re.search(part, source) for part in (r"[a-z]{2}", r"[\u4e00-\u9fff]"))
        assert english, source
        assert chinese, source
        assert english.start() < chinese.start(), source


@by_name
def test_notebook_ends_with_three_or_four_exercises_with_folded_solutions(path):
    texts = markdown(read(path))
    exercises = [text for text in texts if "### Exercise" in text]
    assert 3 <= len(exercises) <= 4
    assert texts[-len(exercises) :] == exercises
    assert all(text.count("<details>") == 1 and text.endswith("</details>") for text in exercises)
    assert len(solutions(read(path))) == len(exercises)


@by_name
def test_font_has_all_chinese_characters_of_the_figures(path):
    code = "".join(cell.source for cell in read(path).cells if cell.cell_type == "code")
    chinese = {character for character in code if character > "\u2fff"}
    font = get_font(FOLDER / "fonts" / "NotoSansSC-labels.ttf")
    missing = chinese - {chr(code_point) for code_point in font.get_charmap()}
    assert not missing, "".join(sorted(missing))


def test_stored_outputs_quote_no_review(imdb):
    texts = [text for path in PATHS for text in stored_texts(read(path))]
    reviews = (review for split in imdb.values() for review in split["text"])
    assert not quotations(texts, reviews)


def test_quotations_finds_a_quotation_of_twelve_words():
    review = "One two three, four five six seven<br />eight nine ten eleven twelve thirteen."
    assert quotations(
        ["He said: TWO THREE four five six seven eight nine ten eleven twelve thirteen"], [review]
    )
    assert not quotations(["two three four five six seven eight nine ten eleven twelve"], [review])
