"""Wrapping anew loses no word and no mark of quoting."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentdesk.domain.reflow import depth, paragraph, wrapped

LINES = ["Dear Anna,", "", "> one two three", "> four", ">> deeper", "plain", "- first thing", "  goes on", "- second"]


@pytest.mark.parametrize(("at", "found"), [(0, (0, 1)), (1, (1, 1)), (2, (2, 4)), (3, (2, 4)), (4, (4, 5)), (5, (5, 6)), (7, (6, 8)), (8, (8, 9)), (99, (99, 99))])
def test_what_belongs_together(at: int, found: tuple[int, int]) -> None:
    assert paragraph(LINES, at) == found


def test_quoted_lines_keep_their_depth() -> None:
    assert wrapped(["> > " + "word " * 10, ">> " + "more " * 4], 30) == ["> > word word word word word", "> > word word word word word", "> > more more more more"]


def test_an_item_hangs() -> None:
    assert wrapped(["1. alpha beta gamma delta"], 14) == ["1. alpha beta", "   gamma delta"]


def test_a_link_is_not_broken() -> None:
    link = "https://carrier.example/" + "x" * 90
    assert link in wrapped([f"see {link} there"], 40)


@given(st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12), min_size=1, max_size=60), st.integers(0, 3), st.integers(20, 80))
def test_no_word_is_lost(words: list[str], level: int, width: int) -> None:
    marks = ">" * level + (" " if level else "")
    lines = [marks + " ".join(words[at : at + 7]) for at in range(0, len(words), 7)]
    found = wrapped(lines, width)
    assert [word for line in found for word in line.replace(">", " ").split()] == words
    assert {depth(line) for line in found} == {level}
    assert wrapped(found, width) == found
