"""Rows whose header is here in part: nobody is taken for proven and no machine for a person longer than until the rest comes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agentdesk.desk import Desk
from agentdesk.domain.mailbox import Arrival, Finished, FolderState, Role
from agentdesk.domain.message import Address, Body, Envelope, Verified
from agentdesk.store import originals
from agentdesk.store.mail import StoredMail
from tests.desks import MARIA, NOON, SHOP, desk_config

INBOX = FolderState("INBOX", Role.INBOX, 7, 2, 0, 1, True, 1)
LEAN = Envelope("<a@x>", "Hello", MARIA, NOON, to=(SHOP,), preview="Hello there", size=900)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Desk.open(desk_config(tmp_path)) as opened:
        opened.database.write(lambda tx: tx.execute("INSERT INTO channel (name, kind) VALUES ('support', 'imap')"))
        yield opened


@pytest.fixture
def store(desk: Desk) -> StoredMail:
    made = StoredMail(desk.database, "support", desk.rules)
    made.add(INBOX, [Arrival(1, frozenset(), LEAN, b"From: Maria\r\n\r\n", lean=True)])
    return made


def finished(store: StoredMail, **told: object) -> None:
    (one,) = store.unfinished(10)
    store.finish({one.message: Finished(replace(LEAN, **told), one.header + b"rest", b"[parts]")})  # type: ignore[arg-type]


def message(desk: Desk) -> dict[str, object]:
    return dict(desk.database.one("SELECT * FROM message"))


def test_until_the_rest_comes_nobody_vouches_for_the_sender(desk: Desk, store: StoredMail) -> None:
    assert message(desk)["verified"] == Verified.NONE
    (one,) = store.unfinished(10)
    assert (one.header, one.place.uid, one.place.folder) == (b"From: Maria\r\n\r\n", 1, "INBOX")
    finished(store, verified=Verified.PASS)
    assert message(desk)["verified"] == Verified.PASS
    assert store.unfinished(10) == []
    assert originals.of_message(desk.database, one.message) == {"HEADER": b"From: Maria\r\n\r\nrest", "STRUCTURE": b"[parts]"}
    assert store.structures([one.message]) == {one.message: b"[parts]"}


def test_a_machine_stops_being_a_question_with_the_rest(desk: Desk, store: StoredMail) -> None:
    row = desk.queue.ids("all")[0]
    assert desk.database.value("SELECT waiting_since FROM conversation WHERE row = ?", (row,)) > 0
    finished(store, automatic=True)
    assert desk.database.value("SELECT waiting_since FROM conversation WHERE row = ?", (row,)) == 0
    assert desk.queue.rows([row])[0].automatic


def test_what_was_unfinished_when_we_ended_is_unfinished_when_we_begin(desk: Desk, store: StoredMail, tmp_path: Path) -> None:
    assert store.unfinished(10)
    with Desk.open(desk_config(tmp_path)) as again:
        assert StoredMail(again.database, "support", again.rules).unfinished(10) == store.unfinished(10)


def test_a_mail_that_comes_whole_elsewhere_is_finished(desk: Desk, store: StoredMail) -> None:
    archive = FolderState("Archive", Role.ARCHIVE, 8, 2, 0, 1, True, 1)
    store.add(archive, [Arrival(1, frozenset(), replace(LEAN, verified=Verified.FAIL), b"whole")])
    assert store.unfinished(10) == []
    assert message(desk)["verified"] == Verified.FAIL


def test_a_lean_row_takes_nothing_from_one_that_is_whole(desk: Desk, store: StoredMail) -> None:
    finished(store, verified=Verified.PASS)
    store.add(replace(INBOX, uidvalidity=9), [Arrival(4, frozenset(), LEAN, b"less", lean=True)])
    assert store.unfinished(10) == []
    assert message(desk)["verified"] == Verified.PASS
    assert originals.of_message(desk.database, int(str(message(desk)["row"])))["HEADER"].endswith(b"rest")


def test_who_vouches_for_our_contact_form_vouches_for_no_customer(desk: Desk) -> None:
    store = StoredMail(desk.database, "support", desk.rules)
    form = Envelope("<f@x>", "Contact", SHOP, NOON, to=(SHOP,), reply_to=(MARIA,))
    store.add(INBOX, [Arrival(1, frozenset(), form, b"From: shop\r\n\r\n", lean=True)])
    (one,) = store.unfinished(10)
    store.finish({one.message: Finished(replace(form, verified=Verified.PASS), b"whole")})
    assert (message(desk)["from_address"], message(desk)["verified"]) == (MARIA.address, Verified.NONE)


def test_a_text_that_comes_before_the_rest_stays(desk: Desk, store: StoredMail) -> None:
    (one,) = store.unfinished(10)
    store.save_body(one.message, Body("The text"))
    finished(store, automatic=True)
    assert (message(desk)["text"], message(desk)["automatic"]) == ("The text", 1)


def test_message_ids_of_uids(desk: Desk, store: StoredMail) -> None:
    nameless = Envelope("", "No id", Address("", "x@example.org"), NOON, size=5)
    store.add(INBOX, [Arrival(2, frozenset(), nameless)])
    assert store.message_ids("INBOX", [1, 2, 3]) == {1: "<a@x>", 2: ""}
