"""What is wrong with a message stands above it; tables fit, links are short, pictures of the text stand apart."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_desk import NOW, FakeDesk, item, panel
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style
from screens import opened

from agentdesk.desk.facts import AttachmentFact
from agentdesk.domain import grid
from agentdesk.domain.message import Address, Direction
from agentdesk.domain.warnings import Caution
from agentdesk.tui import theme
from agentdesk.tui.widgets.mailtext import lines_of, shortened

LOOK_ALIKE = Caution("look-alike", "casaverde-support.example casaverde.example")
CARD = Caution("card", "•••• 1111")
TARGET = "https://click.mailer.example/ls/click?upn=" + "aBcDeF0123" * 12
TABLE = "\n".join(grid.draw([["Articolo", "Pezzi"], ["Scarpe Roma in pelle nera, taglia 42", "1"], ["Cintura", "2"]], heading=True, limit=100) or ())


def desk_with(text: str = "Ciao", **changes: object) -> FakeDesk:
    desk = FakeDesk()
    desk.threads[1] = (item("3", Direction.IN, NOW.replace(hour=12, minute=4), text, **changes),)
    return desk


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (44, 24)])
async def test_cautions_stand_above_the_text_in_words(size):
    async with opened(desk_with(cautions=(LOOK_ALIKE, CARD), marks=("smime-signed", "calendar")), size=size) as desk:
        desk.screen.open(1)
        desk.screen.go_to_pane("middle")
        await desk.pilot.pause()
        shown = " ".join(desk.text().split())
        for word in ("Warning", "casaverde-support.example", "Careful", "•••• 1111", "Signed (S/MIME), not checked", "Calendar"):
            assert word in shown
        lines = desk.lines()
        places = [next(number for number, line in enumerate(lines) if word in line) for word in ("Warning", "Careful", "Signed", "Ciao")]
        assert places == sorted(places)


async def test_cautions_in_italian():
    async with opened(desk_with(cautions=(LOOK_ALIKE, CARD)), locale="it", size=(200, 50)) as desk:
        desk.screen.open(1)
        await desk.pilot.pause()
        assert "Attenzione  casaverde-support.example imita soltanto casaverde.example" in desk.text()
        assert "Nota  un numero di carta nel testo, qui nascosto (•••• 1111)" in desk.text()


async def test_the_queue_and_the_panel_tell_of_severe_ones():
    fake = desk_with(cautions=(LOOK_ALIKE,))
    fake.rows[1] = replace(fake.rows[1], caution="look-alike")
    fake.panels[1] = panel(cautions=(LOOK_ALIKE, Caution("executable", "a.exe")))
    async with opened(fake) as desk:
        desk.screen.open(1)
        await desk.pilot.pause()
        assert "Warning: look-alike, program" in desk.text()
        assert sum("look-alike" in line for line in desk.lines()) == 2


async def test_the_composer_says_whom_an_answer_passes_over():
    fake = desk_with(cautions=(Caution("reply-to", "x@evil.example"),))
    async with opened(fake, size=(200, 50)) as desk:
        desk.screen.open(1)
        await desk.press("r")
        draft = desk.screen.composer.draft
        assert draft is not None
        draft.to = (Address("", "x@evil.example"),)
        desk.screen.composer.refresh_bar()
        await desk.pilot.pause()
        assert "x@evil.example · not to maria.rossi@posta.example" in desk.text()
        draft.to = (Address("", "maria.rossi@posta.example"),)
        desk.screen.composer.refresh_bar()
        await desk.pilot.pause()
        assert "· not to" not in desk.text()


async def test_a_key_stands_beside_folded_text_and_shows_links_in_full():
    async with opened(desk_with(f"Vedi qui <{TARGET}> ora", quoted="> vecchio\n> testo")) as desk:
        desk.screen.open(1)
        desk.screen.go_to_pane("middle")
        await desk.pilot.pause()
        key = desk.app.key_of("quotes")
        assert f"2 quoted lines · {key}" in desk.text()
        assert "Vedi qui <click.mailer.example/…> ora" in desk.text()
        desk.screen.conversation.toggle_quotes()
        await desk.pilot.pause()
        assert "/ls/click?upn=" in desk.text()
        assert "> vecchio" in desk.text()


async def test_a_long_link_alone_can_be_shown_in_full():
    async with opened(desk_with(f"Vedi <{TARGET}>")) as desk:
        desk.screen.open(1)
        await desk.pilot.pause()
        assert desk.screen.conversation.toggle_quotes()
        await desk.pilot.pause()
        assert "/ls/click?upn=" in desk.text()


async def test_pictures_of_the_text_stand_apart_and_numbers_are_those_of_the_keys():
    files = (
        AttachmentFact(1, "logo.png", "image/png", 4_000, True, False), AttachmentFact(2, "firma.gif", "image/gif", 900, True, False),
        AttachmentFact(3, "foto danno.jpg", "image/jpeg", 240_000, False, False), AttachmentFact(4, "fattura.pdf", "application/pdf", 90_000, True, False),
    )  # fmt: skip
    async with opened(desk_with(attachments=files)) as desk:
        desk.screen.open(1)
        await desk.pilot.pause()
        lines = desk.text()
        assert "1 foto danno.jpg" in lines
        assert "2 fattura.pdf" in lines
        assert "in the text  3 logo.png" in lines
        assert [one.name for one in desk.screen.conversation.attachments()] == ["foto danno.jpg", "fattura.pdf", "logo.png", "firma.gif"]


@pytest.mark.parametrize("width", [80, 40, 24, 10])
def test_tables_fit_whatever_the_width(width):
    roles = theme.palette("dark")
    lines = lines_of(TABLE, width, roles, roles.text)
    assert all(sum(cell_len(text) for text, _ in line) <= width for line in lines)
    text = "".join(piece for line in lines for piece, _ in line)
    assert "Cintura" in text


def test_items_and_quotations_hang():
    roles = theme.palette("dark")
    lines = ["".join(text for text, _ in line) for line in lines_of("- uno due tre quattro\n12. cinque sei sette\n> otto nove dieci undici", 14, roles, roles.text)]
    assert lines == ["- uno due tre", "  quattro", "12. cinque sei", "    sette", "> otto nove", "> dieci undici"]


@given(st.lists(st.sampled_from([*"ab <>:/.│─┼\n> -1.山", "https://x.example/"]), max_size=60).map("".join), st.integers(4, 60))
def test_no_text_is_wider_than_its_lines(text, width):
    roles = theme.palette("none")
    for line in lines_of(text, width, roles, Style()):
        assert sum(cell_len(piece) for piece, _ in line) <= width


def test_short_links_stay():
    assert shortened("a <https://x.example/a> b https://x.example/b") == "a <https://x.example/a> b https://x.example/b"
    assert shortened(f"<{TARGET}>") == "<click.mailer.example/…>"
    assert shortened(TARGET) == "https://click.mailer.example/…"
    assert shortened("<https://user@evil.example/" + "x" * 90 + ">") == "<evil.example/…>"
