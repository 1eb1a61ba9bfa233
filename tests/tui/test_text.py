"""Cells, wrapping, times in words, narrowing: the small things every line is made of."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from fake_desk import NOW
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style

from agentdesk.domain import when
from agentdesk.locale import use
from agentdesk.tui import layout, theme, times
from agentdesk.tui.fuzzy import narrow

TEXT = st.text(alphabet=st.one_of(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), st.sampled_from("山é 👩‍")), max_size=120)


@given(TEXT, st.integers(1, 60))
def test_cut_never_exceeds_its_width(text, width):
    shown = layout.cut(text, width)
    assert cell_len(shown) <= width
    assert shown == text or shown.endswith("…")


@given(TEXT, st.integers(2, 60))
def test_wrapping_loses_no_letter_and_keeps_to_its_width(text, width):
    lines = layout.wrap(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(cell_len(line) <= width or len(line) == 1 for line in lines)


@given(TEXT, TEXT, st.integers(1, 80))
def test_a_line_is_exactly_as_wide_as_it_says(left, right, width):
    strip = layout.line(width, [(left, Style())], [(right, Style())])
    assert sum(cell_len(segment.text) for segment in strip) == width


def test_parts_break_between_and_not_inside():
    assert layout.parts(["since 2023", "7 orders", "€612.40"], 24) == ["since 2023 · 7 orders", "€612.40"]


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2h", NOW + timedelta(hours=2)),
        ("in 30 minutes", NOW + timedelta(minutes=30)),
        ("tra 3 giorni", NOW + timedelta(days=3)),
        ("tomorrow", datetime(2026, 12, 2, 9, 0)),
        ("domani alle 14", datetime(2026, 12, 2, 14, 0)),
        ("domani 14:30", datetime(2026, 12, 2, 14, 30)),
        ("stasera", datetime(2026, 12, 1, 18, 0)),
        ("mon", datetime(2026, 12, 7, 9, 0)),
        ("venerdì 10:00", datetime(2026, 12, 4, 10, 0)),
        ("tue", datetime(2026, 12, 8, 9, 0)),
        ("24/12", datetime(2026, 12, 24, 9, 0)),
        ("24 dic 9:30", datetime(2026, 12, 24, 9, 30)),
        ("7/1", datetime(2027, 1, 7, 9, 0)),
        ("2027-02-03", datetime(2027, 2, 3, 9, 0)),
        ("16:30", datetime(2026, 12, 1, 16, 30)),
        ("8:00", datetime(2026, 12, 2, 8, 0)),
    ],
)
def test_moments_in_words(text, at):
    assert when.parse(text, NOW) == at.replace(tzinfo=NOW.tzinfo)


@pytest.mark.parametrize("text", ["", "soon", "31/2", "25:00", "0h", "yesterday", "2020-01-01", "mon 99:00"])
def test_what_is_no_moment_is_none(text):
    assert when.parse(text, NOW) is None


@given(st.text(max_size=30))
def test_a_moment_is_always_to_come(text):
    at = when.parse(text, NOW)
    assert at is None or at > NOW


@pytest.mark.parametrize(
    ("minutes", "words"), [(-12, "-12 m"), (-180, "-3 h"), (0.5, "0 m"), (59, "59 m"), (125, "2 h"), (60 * 22, "tomorrow"), (60 * 50, "Thu")]
)
def test_due_times_are_coarse(minutes, words):
    use("en")
    assert times.due(NOW + timedelta(minutes=minutes), NOW) == words


def test_narrowing_puts_beginnings_first():
    words = ["Close the conversation", "Look up a customer", "Send and close", "Choose a view"]
    assert narrow("clo", words, str) == ["Close the conversation", "Send and close"]
    assert narrow("", words, str) == words
    assert narrow("zzz", words, str) == []


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({"NO_COLOR": "1", "AGENTDESK_THEME": "dark"}, "none"),
        ({"AGENTDESK_THEME": "light"}, "light"),
        ({"AGENTDESK_THEME": "pink"}, ""),
        ({"TERM": "linux"}, "ansi"),
        ({"COLORFGBG": "0;15"}, "light"),
        ({"COLORFGBG": "15;0"}, "dark"),
        ({}, ""),
    ],
)
def test_the_palette_the_environment_asks_for(environment, name):
    assert theme.detect(environment) == name


def test_the_palette_chosen_last_is_kept(tmp_path, monkeypatch):
    for name in ("NO_COLOR", "AGENTDESK_THEME", "COLORFGBG", "TERM"):
        monkeypatch.delenv(name, raising=False)
    assert theme.chosen(tmp_path) == "dark"
    theme.remember(tmp_path, "light")
    assert theme.chosen(tmp_path) == "light"
    (tmp_path / theme.REMEMBERED).write_bytes(b"\xff\xfe")
    assert theme.chosen(tmp_path) == "dark"


def test_own_colours_only_where_the_terminals_own_are_wanted():
    for name in ("ansi", "none"):
        roles = theme.palette(name, {"COLORTERM": "truecolor"})
        for field in roles.__slots__:
            style = getattr(roles, field)
            if field != "name":
                assert style.color is None or style.color.triplet is None
                assert style.bgcolor is None or style.bgcolor.is_default
