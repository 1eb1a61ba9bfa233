"""The plot of `snippets stats`: its bars keep the proportion of the figures beside them, in plain text."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agentdesk.cli import records
from agentdesk.desk.records import Fare, Figures, Wish

FIGURES = Figures(
    datetime(2026, 12, 1, tzinfo=UTC), (Fare("shop/often", 40, 10, 10), Fare("shop/half", 20), Fare("shop/once", 1)),
    (Wish("coupon", 4, 0, 0), Wish("return", 2, 3, 5)), 90, 30,
)  # fmt: skip


def lengths(text: str) -> dict[str, tuple[int, int, int]]:
    found = {}
    for line in text.splitlines():
        name, _, rest = line.partition("  ")
        if name.strip() and rest.strip()[-1:].isdigit():
            found[name.strip()] = tuple(rest.count(mark) for mark in "█▒░")
    return found


@pytest.mark.parametrize("columns", ["60", "80", "200"])
def test_bars_keep_their_proportion_and_fit(monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    drawn = records._bars(FIGURES)
    found = lengths(drawn)
    often, half, once = found["shop/often"], found["shop/half"], found["shop/once"]
    whole = sum(often)
    assert abs(often[0] - whole / 2) <= 1
    assert abs(often[1] - often[2]) <= 1
    assert abs(sum(half) - whole / 2) <= 1
    assert 1 <= sum(once) <= 3
    assert found["coupon"][0] > 2 * found["return"][2] - 2 > 0
    assert all(len(line) <= min(int(columns), 120) for line in drawn.splitlines() if line[-1:].isdigit())
    assert drawn.replace("\n", "").isprintable()


def test_without_wishes_or_without_fares(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert "coupon" not in records._bars(Figures(FIGURES.since, FIGURES.fares))
    assert "shop" not in records._bars(Figures(FIGURES.since, (), FIGURES.wishes))
