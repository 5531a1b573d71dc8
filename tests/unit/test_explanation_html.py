"""Explanations as HTML: the text is escaped and its spacing kept."""

import re
from dataclasses import replace

import pytest
from support.html_reader import Reader

from sentiment.inference.explain import Explanation, Word
from sentiment.inference.explanation_html import fragment, page

HOSTILE = (
    "<script>alert(1)</script> \"quoted\" 'it' &amp; </p><b onclick=x>{0} {legend}\0\x1b[31m\ud800"
)


def explanation(text, attributions=None):
    """Return an explanation of `text` in which each run of non-space characters is a word."""
    places = [match.span() for match in re.finditer(r"\S+", text)]
    attributions = attributions or [0.5] * len(places)
    words = [
        Word(text[start:end], start, end, attribution)
        for (start, end), attribution in zip(places, attributions, strict=True)
    ]
    return Explanation(text, "pos", 0.75, {"neg": 0.25, "pos": 0.75}, words, 1.1, 0.1, 16)


def test_markup_in_the_text_is_escaped():
    reader = Reader(fragment(explanation(HOSTILE)))
    assert {tag for tag, _ in reader.tags} == {"p", "span"}
    assert all(set(attributes) <= {"style", "title", "dir"} for _, attributes in reader.tags)
    assert reader.text == HOSTILE.replace("\0", " ").replace("\x1b", " ").replace(
        "\ud800", "\ufffd"
    )
    html = page([explanation(HOSTILE)])
    assert "<script" not in html
    assert "onclick=x&gt;{0}" in html
    assert "{legend}" in html
    html.encode()


def test_markup_in_a_label_is_escaped():
    html = page([replace(explanation("good"), label="<i>pos</i>")])
    assert "<i>" not in html
    assert "<i>pos</i>" in Reader(html).text


@pytest.mark.parametrize("text", ["A  Good\n\n film\t!", " leading", "", "trailing \n"])
def test_case_and_spacing_are_kept(text):
    html = fragment(explanation(text))
    assert Reader(html).text == text
    assert "white-space:pre-wrap" in html


def test_html_line_break_in_the_text_becomes_a_newline():
    text = "one<br />two"
    words = [Word("one", 0, 3, 1.0), Word("two", 9, 12, 1.0)]
    html = fragment(Explanation(text, "pos", 0.5, {"neg": 0.5, "pos": 0.5}, words, 2.0, 0.0, 16))
    assert Reader(html).text == "one\ntwo"


def test_color_shows_sign_and_size_of_an_attribution():
    html = fragment(explanation("strong weak none opposing", [2.0, 1.0, 0.0, -2.0]))
    words = Reader(html).all("span")
    assert [word["title"] for word in words] == ["+2.00", "+1.00", "-2.00"]
    colors = [re.search(r"rgba\((.*), (.*)\)", word["style"]).groups() for word in words]
    hues, opacities = zip(*colors, strict=True)
    assert hues[0] == hues[1] != hues[2]
    assert float(opacities[0]) == float(opacities[2]) == 2 * float(opacities[1])


def test_page_contains_every_text_and_loads_nothing():
    html = page([explanation("A good film"), explanation("Another , one", [1.0, -0.25, 0.5])])
    assert html.startswith("<!DOCTYPE html>")
    assert "Supports the label" in html
    assert "Opposes the label" in html
    assert html.count("<article>") == html.count("75.0%") == 2
    assert "+1.00 <bdi>Another</bdi> · +0.50 <bdi>one</bdi> · -0.25 <bdi>,</bdi>" in html
    assert not re.search(r"src=|href=|url\(|@import|<script|<link", html)
    assert "No words." in page([explanation("")])
