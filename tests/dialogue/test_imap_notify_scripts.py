"""NOTIFY (RFC 5465) where the server will not, gives up, or tells only a part."""

from __future__ import annotations

import time

import pytest

from tests.contract.memory_store import MemoryStore
from tests.dialogue.imap_scripts import BASE, REST, logged_in, selected
from tests.dialogue.server import PATIENCE, Conversation, Step, answer, deflate, goodbye, hear, say, serve
from tests.dialogue.test_imap_resync import channel, ids, row, sync

LISTED = answer(r'{tag} LIST "" "\*"', '* LIST () "/" INBOX', '* LIST () "/" Sent')
SENT = '* STATUS "Sent" (MESSAGES {} UIDNEXT {} UIDVALIDITY 7 UNSEEN 0)'
BEGUN = (*logged_in("IDLE", "NOTIFY"), selected(exists=1, uidnext=2), LISTED, answer("{tag} FETCH 1:1 .*", row(1, 1)), REST, selected("Sent"), selected("INBOX", exists=1, uidnext=2), answer("{tag} UID FETCH 2:26 .*"))


def listening(said: str, *more: str | bytes) -> tuple[Step, ...]:
    """NOTIFY and IDLE in one flight, and how NOTIFY is answered."""

    def both(talk: Conversation) -> None:
        first, second = talk.lines[-2].split(" ")[0], talk.lines[-1].split(" ")[0]
        assert talk.lines[-1] == f"{second} IDLE"
        talk.tag = second
        talk.send(f"{first} {said}\r\n+ idling\r\n".encode() + b"".join(one if isinstance(one, bytes) else one.encode() + b"\r\n" for one in more))

    return hear(r'{tag} NOTIFY SET STATUS \(SELECTED-DELAYED \(MessageNew \(UID .* BODYSTRUCTURE\) MessageExpunge FlagChange\)\) \(MAILBOXES \("Sent"\) .*\)'), hear("{tag} IDLE"), both


@pytest.mark.parametrize("said", ["NO [BADEVENT (MessageNew MessageExpunge)] not these", "BAD unknown command"])
def test_a_server_that_will_not_is_listened_to_and_looked_at(said: str) -> None:
    script = (*BEGUN, *listening(said, "* 2 EXISTS"), hear("DONE"), say("{tag} OK idle"), answer(r"{tag} UID FETCH 2:\* .*", row(2, 2)), goodbye)
    store = MemoryStore()
    with serve(*script) as server, channel(server, store, look_around=1e9) as made:
        sync(made)
        made.wait(5)
        sync(made)
        assert not made._need().notified
        assert made._need().every == 1e9
    assert ids(store) == {1, 2}


def test_rows_that_are_pushed_need_no_question() -> None:
    script = (*BEGUN, *listening("OK telling", "* 3 EXISTS", row(2, 2) + b"\r\n", row(3, 3, "\\Seen") + b"\r\n"), goodbye)
    store = MemoryStore()
    with serve(*script, strict=False) as server, channel(server, store, look_around=1e9) as made:
        sync(made)
        made.wait(5)
        sync(made)
        assert made._need().notified
    assert ids(store) == {1, 2, 3}
    assert store.uids("INBOX")[3] == {"\\Seen"}
    assert store.states["INBOX"].uidnext == 4


def test_of_rows_of_which_one_is_missing_all_are_asked_for() -> None:
    script = (
        *BEGUN, *listening("OK telling", "* 3 EXISTS", row(3, 3) + b"\r\n"), hear("DONE"), say("{tag} OK idle"),
        answer(r"{tag} UID FETCH 2:\* .*", row(2, 2), row(3, 3)), goodbye,
    )  # fmt: skip
    store = MemoryStore()
    with serve(*script) as server, channel(server, store, look_around=1e9) as made:
        sync(made)
        made.wait(5)
        sync(made)
    assert ids(store) == {1, 2, 3}


def test_what_came_with_the_answer_is_not_waited_for_a_second_time() -> None:
    """A mail that arrived just before: the server tells of it at once, and then there is nothing more to tell."""

    def both(talk: Conversation) -> None:
        first = talk.lines[-2].split(" ")[0]
        talk.tag = talk.lines[-1].split(" ")[0]
        talk.send(b"* 2 EXISTS\r\n" + f"{first} OK telling\r\n+ idling\r\n".encode())

    script = (
        *BEGUN, *listening("")[:2], both, hear("DONE"), say("{tag} OK idle"), answer(r"{tag} UID FETCH 2:\* .*", row(2, 2)), goodbye,
    )  # fmt: skip
    store = MemoryStore()
    with serve(*script) as server, channel(server, store, look_around=1e9) as made:
        sync(made)
        made.wait(2 * PATIENCE)
        sync(made)
    assert ids(store) == {1, 2}


def test_a_server_that_gives_up_telling_is_looked_at_again() -> None:
    script = (
        *BEGUN, *listening("OK telling", "* OK [NOTIFICATIONOVERFLOW] too much", "* 1 EXISTS"), hear("DONE"), say("{tag} OK idle"),
        answer('{tag} STATUS "Sent" .*', SENT.format(1, 2)), selected("Sent", exists=1, uidnext=2), answer(r"{tag} UID FETCH 1:\* .*", row(1, 9)),
        selected("INBOX", exists=1, uidnext=2), answer("{tag} UID FETCH 2:26 .*"), goodbye,
    )  # fmt: skip
    store = MemoryStore()
    with serve(*script, strict=False) as server, channel(server, store, look_around=1e9) as made:
        sync(made)
        made.wait(5)
        sync(made)
        assert not made._need().notified
    assert ids(store, "Sent") == {9}


def test_what_is_said_with_the_answer_to_notify_does_not_wait_for_more() -> None:
    """It was there before anybody listened."""

    def at_once(talk: Conversation) -> None:
        first, second = talk.lines[-2].split(" ")[0], talk.lines[-1].split(" ")[0]
        talk.tag = second
        talk.send(b"* 2 EXISTS\r\n" + row(2, 2) + f"\r\n{first} OK telling\r\n+ idling\r\n".encode())

    script = (*BEGUN, hear("{tag} NOTIFY .*"), hear("{tag} IDLE"), at_once, goodbye)
    store = MemoryStore()
    with serve(*script, strict=False) as server, channel(server, store, look_around=1e9) as made:
        sync(made)
        began = time.monotonic()
        made.wait(1_000)
        assert time.monotonic() - began < 500
        sync(made)
    assert ids(store) == {1, 2}


TWO = ("* 2 EXISTS", row(2, 2) + b"\r\n")


@pytest.mark.parametrize("name", ["Dovecot", "Other"])
def test_dovecot_tells_of_one_mailbox_at_a_time(name: str) -> None:
    """It may break off where NOTIFY outlives the mailbox it was asked for in."""
    greeted = say(f"* OK [CAPABILITY {BASE} IDLE NOTIFY] {name} ready.")
    anew = listening("OK telling")
    again: tuple[Step, ...] = (hear("{tag} NOTIFY NONE"), say("{tag} OK quiet")) if name == "Dovecot" else ()
    script = (
        greeted, *BEGUN[1:3], *((answer("{tag} COMPRESS DEFLATE"), deflate) if again else ()), *BEGUN[3:], *anew, hear("DONE"), say("{tag} OK idle"), *again, selected("Sent"),
        selected("INBOX", exists=1, uidnext=2), answer("{tag} UID FETCH 2:26 .*"),
        *(listening("OK telling", *TWO) if again else (hear("{tag} IDLE"), say("+ idling", *TWO))),
        goodbye,
    )  # fmt: skip
    store = MemoryStore()
    with serve(*script, strict=False) as server, channel(server, store, look_around=1e9) as made:
        sync(made)
        made.wait(0.01)
        assert not made.is_filed("<nowhere@example.org>")
        sync(made)
        made.wait(5)
        sync(made)
        assert made._need().notified
    assert ids(store) == {1, 2}
