"""Cautions kept with a message, and where they are read: conversation, queue, panel, command line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from desks import MARIA, NOON, Mailbox, desk_config

from agentdesk.cli.shapes import Shapes
from agentdesk.desk import Desk
from agentdesk.desk.cautions import words
from agentdesk.domain.mailbox import Arrival, Role
from agentdesk.domain.message import Address, Attachment, Body, Envelope
from agentdesk.domain.warnings import Caution
from agentdesk.store import cautions, fetches
from agentdesk.store.jobs import Job

EVIL = Address("Maria Rossi", "maria@casaverde-support.example")
CARD = "4111 1111 1111 1111"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Desk(desk_config(tmp_path)) as made:
        yield made


def kept(desk: Desk, message: int) -> list[list[str]]:
    found: list[list[str]] = json.loads(desk.database.value("SELECT cautions FROM message WHERE row = ?", (message,)))
    return found


def conversation(desk: Desk, message: int) -> int:
    return int(desk.database.value("SELECT conversation FROM message WHERE row = ?", (message,)))


def test_the_header_is_judged_at_arrival(desk: Desk) -> None:
    row = Mailbox(desk).bring("1", "", sender=EVIL, reply_to=(Address("", "x@evil.example"),), with_text=False)
    assert kept(desk, row) == [["look-alike", "casaverde-support.example casaverde.example"], ["reply-to", "x@evil.example"]]


def test_text_and_attachments_are_judged_when_they_come(desk: Desk) -> None:
    box = Mailbox(desk)
    row = box.bring("1", "", with_text=False)
    assert kept(desk, row) == []
    body = Body(
        f"Ecco: {CARD}", attachments=(Attachment("2", "fattura.pdf.exe", "application/pdf", 9),), links=(("https://bank.example", "https://evil.example/"),)
    )
    box.store.save_body(row, body)
    box.store.save_body(row, body)
    assert kept(desk, row) == [["link-target", "bank.example evil.example"], ["executable", "fattura.pdf.exe"], ["card", "•••• 1111"]]


def test_a_stranger_in_a_conversation_who_looks_like_its_customer(desk: Desk) -> None:
    box = Mailbox(desk)
    first = box.bring("1", "Ciao")
    second = box.bring("2", "Ciao", sender=Address("Maria Rossi", "maria.rosssi@posta.example"), references=("1",))
    third = box.bring("3", "Ciao", references=("1", "2"))
    assert conversation(desk, first) == conversation(desk, second)
    assert kept(desk, second) == [["look-alike", f"maria.rosssi@posta.example {MARIA.address}"]]
    assert kept(desk, first) == kept(desk, third) == []


def test_an_archive_that_holds_a_program(desk: Desk) -> None:
    box = Mailbox(desk)
    row = box.bring("1", "Ciao", with_text=False)
    box.store.save_body(row, Body("Ciao", attachments=(Attachment("2", "foto.zip", "application/zip", 9),)))
    attachment = desk.database.value("SELECT id FROM attachment WHERE message = ?", (row,))
    job = Job(1, "support", "part", row, conversation(desk, row), {"attachment": attachment}, 0)
    fetches.here(desk.database, job, "00", 9, "foto.scr")
    assert kept(desk, row) == [["executable", "foto.zip: foto.scr"]]


def test_our_own_mail_warns_of_nothing(desk: Desk) -> None:
    box = Mailbox(desk)
    row = box.bring("1", "x", sender=Address("Casa Verde", "support@casaverde.example"), with_text=False)
    box.store.save_body(row, Body(CARD, attachments=(Attachment("2", "a.exe", "", 9),)))
    assert kept(desk, row) == []


def test_queue_panel_and_command_line_tell_of_them(desk: Desk) -> None:
    box = Mailbox(desk)
    bad = conversation(desk, box.bring("1", f"Ecco: {CARD}", sender=EVIL))
    careful = conversation(desk, box.bring("2", f"Ecco: {CARD}", subject="Altro"))
    rows = {row.row: row.caution for row in desk.queue.rows([bad, careful])}
    assert rows == {bad: "look-alike", careful: ""}
    assert [one.kind for one in desk.reading.panel(bad).cautions] == ["look-alike"]
    assert desk.reading.panel(careful).cautions == ()
    (item,) = desk.reading.thread(bad)
    told = Shapes(desk.config.timezone).item(item)["warnings"]
    assert told == [
        {"kind": "look-alike", "text": "casaverde-support.example only looks like casaverde.example"},
        {"kind": "card", "text": "a card number in the text, shown in full (•••• 1111)"},
    ]


def test_a_card_number_reaches_nothing_where_it_is_to_be_hidden(tmp_path: Path) -> None:
    with Desk(desk_config(tmp_path, mask_cards=True)) as desk:
        box = Mailbox(desk)
        row = box.bring("1", f"carta {CARD}", subject=f"Carta {CARD}")
        box.store.save_bodies({row: Body(f"carta {CARD}", quoted=f"> {CARD.replace(' ', '-')}")}, {row: {"1": CARD.encode()}})
        header = Arrival(99, frozenset(), Envelope("<2@x>", f"Carta {CARD}", MARIA, NOON), header=f"Subject: Carta {CARD}".encode())
        box.store.add(box.folder(Role.INBOX), [header])
        assert desk.database.value("SELECT count(*) FROM source") == 0
        (item,) = desk.reading.thread(conversation(desk, row))
        assert [words(one, item) for one in item.cautions] == ["a card number in the text, hidden here (•••• 1111)"]
        found = desk.queue.rows([conversation(desk, row)])[0]
        for shown in (item.text, item.quoted, item.subject, found.subject, found.preview):
            assert shown is not None
            assert "1111" in shown
            assert "4111" not in shown
        assert not desk.queue.ids("all", "4111")
        for table in ("message", "conversation"):
            assert not [each for each in desk.database.all(f"SELECT * FROM {table}") if "4111" in str(tuple(each))]


@pytest.mark.parametrize(
    ("caution", "said"),
    [
        (Caution("reply-to", "x@evil.example"), "the answer would go to x@evil.example, not to who wrote"),
        (Caution("look-alike", "gmai1.com gmail.com"), "gmai1.com only looks like gmail.com"),
        (Caution("look-alike", "x@evil.example a@shop.example"), "the sender calls themselves a@shop.example; the real address is x@evil.example"),
        (Caution("look-alike", "anna.b1anchi@x.example anna.bianchi@x.example"), "anna.b1anchi@x.example writes in a conversation of anna.bianchi@x.example: one letter differs"),
        (Caution("link-target", "a.example b.example"), "a link that says a.example leads to b.example"),
        (Caution("executable", "a b.exe"), "attached program or script: a b.exe"),
    ],
)
def test_words(caution: Caution, said: str) -> None:
    assert words(caution) == said


def test_chats_warn_too() -> None:
    files: list[tuple[str, str]] = [("a.exe", "application/octet-stream"), ("b.jpg", "image/jpeg")]
    told: list[Any] = json.loads(cautions.of_chat(f"{CARD} https://bank.example <https://evil.example>", files))
    assert told == [["link-target", "bank.example evil.example"], ["executable", "a.exe"], ["card", "•••• 1111"]]
