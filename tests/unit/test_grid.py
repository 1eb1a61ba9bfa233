"""Tables as text, drawn and set anew for a narrower screen."""

import re

from hypothesis import given
from hypothesis import strategies as st

from agentdesk.domain import grid

ROWS = [["Articolo", "Pezzi", "Prezzo"], ["Scarpe Roma in pelle nera", "1", "€ 89,00"], ["Cintura", "12", "€ 49,80"]]
DRAWN = [
    "Articolo                  │ Pezzi │  Prezzo",
    "──────────────────────────┼───────┼────────",
    "Scarpe Roma in pelle nera │     1 │ € 89,00",
    "Cintura                   │    12 │ € 49,80",
]


def test_columns_are_in_line_and_numbers_to_the_right() -> None:
    assert grid.draw(ROWS, heading=True, limit=60) == DRAWN
    assert grid.draw(ROWS, heading=True, limit=30) is None


def test_what_fits_stays_as_it_is() -> None:
    text = "\n".join(["Ciao", *DRAWN, "a │ b", "fine"])
    assert grid.refit(text, 60) == text


def test_a_wide_column_is_broken() -> None:
    assert grid.refit("\n".join(["Ciao", *DRAWN, "fine"]), 32).split("\n") == [
        "Ciao",
        "Articolo       │ Pezzi │  Prezzo",
        "───────────────┼───────┼────────",
        "Scarpe Roma in │     1 │ € 89,00",
        "pelle nera     │       │",
        "Cintura        │    12 │ € 49,80",
        "fine",
    ]


def test_columns_that_get_too_narrow_are_spelled_out() -> None:
    assert grid.refit("\n".join(DRAWN), 20).split("\n") == [
        "Articolo: Scarpe Roma in pelle nera", "Pezzi: 1", "Prezzo: € 89,00", "", "Articolo: Cintura", "Pezzi: 12", "Prezzo: € 49,80",
    ]  # fmt: skip


def test_a_table_without_headings_becomes_lines() -> None:
    assert grid.refit("Totale             │ € 89,00\nSpedizione gratuita│ € 0,00", 12) == "Totale │ € 89,00\nSpedizione gratuita │ € 0,00"


def test_a_quoted_table_stays_quoted() -> None:
    fitted = grid.refit("\n".join(f"> {line}" for line in DRAWN), 34).split("\n")
    assert all(line.startswith("> ") and grid.columns(line) <= 34 for line in fitted)


def test_numbers_are_known() -> None:
    assert all(map(grid.is_number, ["1", "€ 89,00", "1.234,50 €", "EUR 12", "2 x", "x 3", "-5 %", "12 pz.", "$1,200.00", "0.5 kg"]))
    assert not any(map(grid.is_number, ["", "Scarpe", "42 nero", "10245-B", "a1", "•"]))


CELLS = st.text(st.sampled_from("abc déé 靴ベ€1"), max_size=20).map(lambda text: " ".join(text.split()))


@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=2, max_size=6), st.booleans(), st.integers(8, 80))
def test_no_word_is_lost_whatever_the_width(rows: list[list[str]], heading: bool, width: int) -> None:
    drawn = grid.draw(rows, heading=heading, limit=10_000)
    assert drawn is not None
    fitted = grid.refit("\n".join(drawn), width)
    letters = re.compile(r"[^\s│─┼:]")
    wanted = letters.findall("".join(map("".join, rows)))
    if not heading:
        assert sorted(letters.findall(fitted)) == sorted(wanted)
    else:
        assert set(letters.findall("".join(map("".join, rows[1:])))) <= set(letters.findall(fitted))


@given(st.text(st.sampled_from("a│─┼ \n>"), max_size=60), st.integers(1, 40))
def test_nothing_makes_it_raise(text: str, width: int) -> None:
    assert isinstance(grid.refit(text, width), str)


def test_no_text_takes_long() -> None:
    for text in ("│" * 100_000, "a │ b\n" * 30_000, ("x" * 90 + " │ y\n") * 5_000, "> " * 50_000 + "│\n" * 1_000):
        assert grid.refit(text, 40)
