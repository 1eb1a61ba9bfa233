"""Servers that contradict themselves, forget things, or send what can't be read: nothing is lost, and nothing is guessed."""

# ruff: noqa: SIM117 - the server's block and what is done within it are two things

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from agentdesk.channels.base import ChannelDown
from agentdesk.channels.imap.channel import ImapChannel
from agentdesk.channels.imap.session import Session
from agentdesk.config import MailChannelConfig, Secret, ServerUrl
from agentdesk.domain.mailbox import Arrival, FolderState, Role
from agentdesk.domain.message import Address, Envelope
from agentdesk.errors import Refused
from agentdesk.mail.reader import Reader
from tests.contract.memory_store import MemoryStore
from tests.dialogue.imap_scripts import AHEAD, CALM, REST, WHO, connected, logged_in, selected, session
from tests.dialogue.server import (
    Conversation,
    Server,
    Step,
    answer,
    both,
    goodbye,
    hear,
    hear_bytes,
    say,
    serve,
    until_closed,
)

LIST = answer(r'{tag} LIST "" "\*"', '* LIST () "/" INBOX')
NO_OTHERS = ()


def config(server: Server) -> MailChannelConfig:
    return MailChannelConfig(
        name="support", address="support@shop.example", user="user", imap=ServerUrl("imap", "127.0.0.1", server.port),
        smtp=ServerUrl("smtp", "127.0.0.1", 1), password=Secret("literal"),
    )  # fmt: skip


@contextmanager
def channel(server: Server, store: MemoryStore, **options: object) -> Iterator[ImapChannel]:
    made = ImapChannel(config(server), "secret", store, timeouts=CALM, texts=False, **options)  # type: ignore[arg-type]
    try:
        made.open()
        yield made
    finally:
        made.close()


def sync(channel: ImapChannel) -> None:
    for _ in range(50):
        if channel.refresh():
            return
    raise AssertionError("it never ends")


def row(sequence: int, uid: int, flags: str = "", header: str = "") -> bytes:
    """A FETCH response as we ask for it."""
    block = (header or f"From: a@example.org\r\nSubject: s{uid}\r\nMessage-ID: <m{uid}@x>\r\n\r\n").encode()
    return (
        f'* {sequence} FETCH (UID {uid} FLAGS ({flags}) INTERNALDATE "01-Nov-2026 08:00:00 +0000" RFC822.SIZE 99 '
        f"BODY[HEADER.FIELDS (FROM)] {{{len(block)}}}\r\n"
    ).encode() + block + b")"


def stored(*uids: int, name: str = "INBOX", uidnext: int = 0, modseq: int = 0, complete: bool = True) -> MemoryStore:
    """What an earlier run left: messages of these UIDs."""
    store = MemoryStore()
    state = FolderState(name, Role.INBOX, 7, uidnext or max(uids) + 1, modseq, min(uids), complete, len(uids))
    store.save_folder(state)
    for uid in uids:
        envelope = Envelope(f"<m{uid}@x>", f"s{uid}", Address("", "a@example.org"), datetime(2026, 11, 1, tzinfo=UTC))
        store.add(state, [Arrival(uid, frozenset(), envelope)])
    store.calls.clear()
    return store


def ids(store: MemoryStore, folder: str = "INBOX") -> set[int]:
    return set(store.uids(folder))


WINDOW = r"{tag} FETCH 1:3 \(UID FLAGS .*\)"


def test_a_response_that_can_not_be_read_is_asked_for_alone_and_listed() -> None:
    """One of three is broken, in the window, in the batch by UID and alone: it is listed all the same."""
    broken = b'* 2 FETCH (UID 5 FLAGS () ENVELOPE (NIL NIL) BODY[HEADER.FIELDS (FROM)] "x)'
    script = (
        *logged_in(), selected(exists=3, uidnext=7), LIST,
        answer(WINDOW, row(1, 4), broken, row(3, 6)), REST,
        answer(r"{tag} UID SEARCH UID 1:6", "* SEARCH 4 5 6"),
        answer(r"{tag} UID FETCH 5 \(UID FLAGS .*\)", broken),
        answer(r"{tag} UID FETCH 5 \(UID INTERNALDATE BODY.PEEK.*\)", broken),
        goodbye,
    )  # fmt: skip
    store = MemoryStore()
    with serve(*script) as server, channel(server, store, look_around=1e9) as made:
        made._need().looked_at = 0
        sync(made)
    assert ids(store) == {4, 5, 6}
    problems = {store.at["INBOX", uid][0]: uid for uid in ids(store)}
    assert [problems[found.row] for found in store.rows.values() if found.envelope.problem == "unreadable"] == [5]
    assert store.states["INBOX"].complete


def test_what_can_be_read_alone_is_readable() -> None:
    broken = b'* 1 FETCH (UID 5 FLAGS () PREVIEW "x)'
    least = (
        b'* 1 FETCH (UID 5 INTERNALDATE "01-Nov-2026 08:00:00 +0000" BODY[HEADER.FIELDS (FROM)] {19}\r\n' + b"Subject: readable\r\n" + b")"
    )
    script = (
        *logged_in(), selected(exists=1, uidnext=6), LIST, answer(r"{tag} FETCH 1:1 .*", broken), answer("{tag} UID SEARCH UID 1:.*", "* SEARCH 5"),
        answer(r"{tag} UID FETCH 5 \(UID FLAGS .*\)", broken), answer(r"{tag} UID FETCH 5 \(UID INTERNALDATE .*\)", least),
        answer("{tag} UID SEARCH UID 1:5", "* SEARCH 5"), goodbye,
    )  # fmt: skip
    store = MemoryStore()
    with serve(*script) as server, channel(server, store, look_around=1e9) as made:
        sync(made)
    assert [(found.envelope.subject, found.envelope.problem) for found in store.rows.values()] == [("readable", "")]


@pytest.mark.parametrize("capability", ["ESEARCH", "IDLE"])
def test_a_search_that_finds_more_than_there_is(capability: str) -> None:
    """1:4294967295 in twelve bytes: not expanded, not believed."""
    found = '* ESEARCH (TAG "x") UID ALL 1:4294967295' if capability == "ESEARCH" else "* SEARCH " + " ".join(map(str, range(1, 12_000)))
    window = [row(n, 100 + n) for n in range(51, 101)]
    script = (
        *logged_in(capability), selected(exists=100, uidnext=201), LIST, answer("{tag} FETCH 51:100 .*", *window), REST,
        answer("{tag} UID SEARCH .*", found), goodbye,
    )  # fmt: skip
    with serve(*script, strict=False) as server, channel(server, MemoryStore(), look_around=1e9) as made, pytest.raises(ChannelDown, match="contradicts"):
        sync(made)


def test_qresync_that_is_refused() -> None:
    script = (
        *logged_in("ENABLE", "QRESYNC", "CONDSTORE"), hear("{tag} ENABLE QRESYNC"), hear(r'{tag} SELECT "INBOX" \(QRESYNC \(7 50 1:3\)\)'),
        both_answers, hear(WHO), say("{tag} BAD no mailbox"), hear("{tag} UID FETCH 4:28 .*"), say("{tag} BAD no mailbox"), LIST, answer('{tag} SELECT "INBOX"', "* 3 EXISTS", "* OK [UIDVALIDITY 7] ok", "* OK [UIDNEXT 4] ok", "* OK [HIGHESTMODSEQ 50] ok"),
        goodbye,
    )  # fmt: skip
    store = stored(1, 2, 3, modseq=50)
    with serve(*script) as server, channel(server, store, look_around=1e9) as made:
        sync(made)
    assert store.calls == []


def both_answers(talk: Conversation) -> None:
    first, second = (line.split(" ")[0] for line in talk.lines[-2:])
    talk.send(f"{first} OK enabled\r\n{second} BAD no such parameter\r\n".encode())


def qresync_select(*lines: str, who: tuple[bytes, ...] = (), ahead: tuple[bytes, ...] = ()) -> tuple[Step, ...]:
    def enabled(talk: Conversation) -> None:
        first, second = (line.split(" ")[0] for line in talk.lines[-2:])
        said = "".join(f"{line}\r\n" for line in lines)
        talk.send(f"{first} OK enabled\r\n{said}{second} OK done\r\n".encode())

    return hear("{tag} ENABLE QRESYNC"), hear(r'{tag} SELECT "INBOX" \(QRESYNC .*\)'), enabled, answer(WHO, *who), answer("{tag} UID FETCH 4:28 .*", *ahead)


QRESYNC = logged_in("ENABLE", "QRESYNC", "CONDSTORE", "ESEARCH")
OPENED = ("* OK [UIDVALIDITY 7] ok", "* OK [UIDNEXT 4] ok", "* OK [HIGHESTMODSEQ 60] ok")


def test_a_vanished_response_that_takes_everything_is_not_the_end() -> None:
    """The server counts three messages and says that all have vanished: asked, it has three."""
    script = (
        *QRESYNC, *qresync_select("* 3 EXISTS", *OPENED, "* VANISHED (EARLIER) 1:4294967295"), LIST,
        answer(r"{tag} UID SEARCH RETURN \(ALL\) UID 1:\*", '* ESEARCH (TAG "x") UID ALL 1:3'),
        answer("{tag} UID FETCH 1:3 .*", row(1, 1), row(2, 2), row(3, 3)), goodbye,
    )  # fmt: skip
    store = stored(1, 2, 3, modseq=50)
    with serve(*script) as server, channel(server, store, look_around=1e9) as made:
        sync(made)
    assert ids(store) == {1, 2, 3}
    assert len(store.rows) == 3


def test_a_count_that_does_not_fit_is_looked_into() -> None:
    """Two of three are gone, and QRESYNC has not said so."""
    script = (
        *QRESYNC, *qresync_select("* 1 EXISTS", *OPENED), LIST, answer(r"{tag} UID SEARCH RETURN \(ALL\) UID 1:3", '* ESEARCH (TAG "x") UID ALL 2'),
        goodbye,
    )  # fmt: skip
    store = stored(1, 2, 3, modseq=50)
    with serve(*script) as server, channel(server, store, look_around=1e9) as made:
        sync(made)
    assert ids(store) == {2}


def test_new_mail_that_does_not_come_with_its_answer_is_asked_for() -> None:
    """UIDNEXT says that two came, and what was asked for together with SELECT is answered with nothing."""
    opened = ("* OK [UIDVALIDITY 7] ok", "* OK [UIDNEXT 6] ok", "* OK [HIGHESTMODSEQ 60] ok")
    script = (
        *QRESYNC, *qresync_select("* 5 EXISTS", *opened), LIST, answer(r"{tag} UID FETCH 4:\* .*", row(4, 4), row(5, 5)), goodbye,
    )  # fmt: skip
    store = stored(1, 2, 3, modseq=50)
    with serve(*script) as server, channel(server, store, look_around=1e9) as made:
        sync(made)
    assert ids(store) == {1, 2, 3, 4, 5}
    assert store.states["INBOX"].uidnext == 6


def test_changes_that_can_not_be_read_mean_that_all_flags_are_compared() -> None:
    script = (
        *QRESYNC, *qresync_select("* 3 EXISTS", *OPENED, '* 2 FETCH (UID 2 FLAGS ("'), LIST,
        answer(r"{tag} UID FETCH 1:3 \(UID FLAGS\) \(CHANGEDSINCE 50\)", r"* 2 FETCH (UID 2 FLAGS (\Seen) MODSEQ (55))"), goodbye,
    )  # fmt: skip
    store = stored(1, 2, 3, modseq=50)
    with serve(*script) as server, channel(server, store, look_around=1e9) as made:
        sync(made)
    assert store.uids("INBOX")[2] == {"\\Seen"}


AGAIN = {
    "UIDVALIDITY": ("* OK [UIDVALIDITY 8] ok", "* OK [UIDNEXT 4] ok"),
    "UIDNEXT": ("* OK [UIDVALIDITY 7] ok", "* OK [UIDNEXT 2] ok"),
    "MODSEQ": ("* OK [UIDVALIDITY 7] ok", "* OK [UIDNEXT 4] ok", "* OK [HIGHESTMODSEQ 49] ok"),
}


@pytest.mark.parametrize("codes", AGAIN.values(), ids=AGAIN.keys())
def test_what_goes_back_brings_the_folder_in_again(codes: tuple[str, ...]) -> None:
    script = (*QRESYNC, *qresync_select("* 1 EXISTS", *codes), LIST, answer("{tag} FETCH 1:1 .*", row(1, 1)), goodbye)
    store = stored(1, 2, 3, modseq=50)
    with serve(*script) as server, channel(server, store, look_around=1e9) as made:
        sync(made)
    assert store.calls[0] == ("forget", "INBOX")
    assert ids(store) == {1}
    assert len(store.rows) == 3


def test_uidvalidity_that_changes_while_rows_come() -> None:
    """What comes with it means nothing. On the next connection the folder is brought in again, and every mail is found again."""
    window = [row(n, n) for n in range(1, 4)]
    first = (
        *logged_in(), selected(exists=3, uidnext=4), LIST,
        both(hear("{tag} FETCH 1:3 .*"), say(*window, "* OK [UIDVALIDITY 8] the mailbox is another", "{tag} OK done")), goodbye,
    )  # fmt: skip
    second = (*logged_in(), selected(exists=3, uidnext=4, uidvalidity=8), LIST, answer("{tag} FETCH 1:3 .*", *window), REST, goodbye)
    store = MemoryStore()
    with serve(*first, then=second) as server:
        made = ImapChannel(config(server), "secret", store, timeouts=CALM, texts=False, look_around=1e9)
        made.open()
        with pytest.raises(ChannelDown, match="UIDVALIDITY"):
            sync(made)
        assert store.rows == {}
        made.open()
        sync(made)
        made.close()
    assert store.states["INBOX"].uidvalidity == 8
    assert ids(store) == {1, 2, 3}


def test_a_known_uid_that_is_another_mail_brings_the_folder_in_again() -> None:
    """UIDVALIDITY, UIDNEXT and mod-sequence fit, and yet it is another mailbox."""
    other = "From: b@example.org\r\nSubject: other\r\nMessage-ID: <other@x>\r\n\r\n"
    script = (
        *QRESYNC, *qresync_select("* 3 EXISTS", *OPENED, who=(row(3, 3, header=other),)), LIST,
        answer("{tag} FETCH 1:3 .*", row(1, 1), row(2, 2), row(3, 3, header=other)), REST, goodbye,
    )  # fmt: skip
    store = stored(1, 2, 3, modseq=50)
    with serve(*script) as server, channel(server, store, look_around=1e9) as made:
        sync(made)
    assert store.calls[0] == ("forget", "INBOX")
    assert {store.rows[row].envelope.subject for row, _ in store.at.values()} == {"s1", "s2", "other"}
    assert len(store.rows) == 4


def test_what_came_since_comes_with_select() -> None:
    script = (*QRESYNC, *qresync_select("* 4 EXISTS", "* OK [UIDVALIDITY 7] ok", "* OK [UIDNEXT 5] ok", "* OK [HIGHESTMODSEQ 60] ok", who=(row(3, 3),), ahead=(row(4, 4),)), LIST, REST, goodbye)
    store = stored(1, 2, 3, modseq=50)
    with serve(*script) as server, channel(server, store, look_around=1e9) as made:
        sync(made)
    assert [what for kind, what in store.calls if kind == "add"] == [("INBOX", (4,))]
    assert store.states["INBOX"].uidnext == 5


@pytest.mark.parametrize("times", [1, 5])
def test_a_uid_that_stands_for_two_mails(times: int) -> None:
    """The folder begins anew; where the server goes on like that, both mails are kept and no more is made of it."""
    twice = (row(1, 1), row(2, 2, header="From: b@example.org\r\nSubject: other\r\nMessage-ID: <other@x>\r\n\r\n"), row(2, 2))
    right = (row(1, 1), row(2, 2))
    again = [step for n in range(min(times, 2)) for step in (selected(exists=2, uidnext=3), answer("{tag} FETCH 1:2 .*", *(twice if n + 1 < times else right)))]
    script = (*logged_in(), selected(exists=2, uidnext=3), LIST, answer("{tag} FETCH 1:2 .*", *twice), *again, REST, goodbye)
    store = MemoryStore()
    with serve(*script) as server, channel(server, store, look_around=1e9) as made:
        sync(made)
    assert ids(store) == {1, 2}
    assert {found.envelope.subject for found in store.rows.values()} == ({"s1", "s2"} if times == 1 else {"s1", "s2", "other"})


@pytest.mark.parametrize("lost", ["* OK [NOMODSEQ] none", "* OK nothing said of it"])
def test_mod_sequences_that_are_gone_mean_that_all_flags_are_compared(lost: str) -> None:
    script = (
        *QRESYNC, *qresync_select("* 3 EXISTS", "* OK [UIDVALIDITY 7] ok", "* OK [UIDNEXT 4] ok", lost), LIST,
        answer(r"{tag} UID FETCH 1:3 \(UID FLAGS\)", r"* 1 FETCH (UID 1 FLAGS (\Seen))", "* 3 FETCH (UID 3 FLAGS ())"),
        answer(r"{tag} UID SEARCH RETURN \(ALL\) UID 2", '* ESEARCH (TAG "x") UID'),
        answer(r"{tag} UID SEARCH RETURN \(ALL\) UID 1:3", '* ESEARCH (TAG "x") UID ALL 1,3'), goodbye,
    )  # fmt: skip
    store = stored(1, 2, 3, modseq=50)
    with serve(*script, strict=False) as server, channel(server, store, look_around=1e9) as made:
        with contextlib.suppress(ChannelDown):
            sync(made)
    assert ids(store) == {1, 3}
    assert store.uids("INBOX")[1] == {"\\Seen"}


def test_a_mod_sequence_without_condstore_is_not_used() -> None:
    """As Yahoo tells one: CHANGEDSINCE would be refused."""
    script = (*logged_in(), selected(exists=1, uidnext=2, extra=("* OK [HIGHESTMODSEQ 12] ok",)), LIST, answer("{tag} FETCH 1:1 .*", row(1, 1)), REST, goodbye)
    store = MemoryStore()
    with serve(*script) as server, channel(server, store, look_around=1e9) as made:
        sync(made)
    assert store.states["INBOX"].modseq == 0


def test_flags_missing_from_an_answer_are_no_deletion() -> None:
    """No CONDSTORE: the flags of all are asked for, one is left out, and the search has it."""
    script = (
        *logged_in(), selected(exists=3, uidnext=4), AHEAD, LIST, answer(r"{tag} UID FETCH 1:3 \(UID FLAGS\)", "* 1 FETCH (UID 1 FLAGS ())", r"* 3 FETCH (UID 3 FLAGS (\Seen))"),
        answer("{tag} UID SEARCH UID 2", "* SEARCH 2"), goodbye,
    )  # fmt: skip
    store = stored(1, 2, 3)
    with serve(*script) as server, channel(server, store, look_around=1e9) as made:
        sync(made)
    assert ids(store) == {1, 2, 3}
    assert store.uids("INBOX")[3] == {"\\Seen"}


def test_a_server_that_tells_no_uidnext() -> None:
    no_uidnext = answer('{tag} SELECT "INBOX"', "* 2 EXISTS", "* OK [UIDVALIDITY 7] ok")
    script = (
        *logged_in(), no_uidnext, LIST, answer("{tag} FETCH 1:2 .*", row(1, 4), row(2, 9)), REST, say("* 3 EXISTS"), answer("{tag} NOOP"),
        answer("{tag} UID FETCH 10:.*", row(3, 11)), goodbye,
    )  # fmt: skip
    store = MemoryStore()
    with serve(*script) as server, channel(server, store, look_around=1e9, poll=0.0) as made:
        sync(made)
        made.wait(0.01)
        sync(made)
    assert ids(store) == {4, 9, 11}
    assert store.states["INBOX"].uidnext == 12


def test_news_by_sequence_number() -> None:
    """A flag without UID is asked for by its number; an EXPUNGE by asking which UIDs are left."""
    script = (
        *logged_in(), selected(exists=3, uidnext=4), LIST, answer("{tag} FETCH 1:3 .*", row(1, 1), row(2, 2), row(3, 3)), REST,
        answer("{tag} NOOP", r"* 2 FETCH (FLAGS (\Seen))"), answer(r"{tag} FETCH 2 \(UID FLAGS\)", r"* 2 FETCH (UID 2 FLAGS (\Seen))"),
        answer("{tag} NOOP", "* 1 EXPUNGE"), answer("{tag} UID SEARCH UID 1:3", "* SEARCH 2 3"), goodbye,
    )  # fmt: skip
    store = MemoryStore()
    with serve(*script) as server, channel(server, store, look_around=1e9, poll=0.0) as made:
        sync(made)
        made.wait(0.01)
        sync(made)
        assert store.uids("INBOX")[2] == {"\\Seen"}
        made.wait(0.01)
        sync(made)
    assert ids(store) == {2, 3}


def test_new_mail_that_went_again_before_it_was_fetched() -> None:
    """`4:*` is the last message where there is none from 4 on: one that is known."""
    script = (
        *logged_in(), selected(exists=3, uidnext=4), LIST, answer("{tag} FETCH 1:3 .*", row(1, 1), row(2, 2), row(3, 3)), REST,
        answer("{tag} NOOP", "* 4 EXISTS"), answer(r"{tag} UID FETCH 4:\* .*", row(3, 3, "\\Seen"), "* 3 EXISTS"), goodbye,
    )  # fmt: skip
    store = MemoryStore()
    with serve(*script) as server, channel(server, store, look_around=1e9, poll=0.0) as made:
        sync(made)
        made.wait(0.01)
        sync(made)
    assert [what for kind, what in store.calls if kind == "add"] == [("INBOX", (3, 2, 1))]
    assert store.uids("INBOX")[3] == {"\\Seen"}


def test_expunge_during_fetch_and_messages_nobody_asked_for() -> None:
    script = (
        *logged_in(), selected(exists=3, uidnext=4), LIST,
        answer("{tag} FETCH 1:3 .*", row(1, 1), "* 1 EXPUNGE", row(2, 3), r"* 900 FETCH (FLAGS (\Deleted))", r"* 5 FETCH (UID 77 FLAGS (\Deleted))"),
        answer("{tag} UID SEARCH UID 1:3", "* 1 EXISTS", "* SEARCH 3"), answer(r"{tag} UID FETCH 3:3 \(UID FLAGS\)", "* 1 FETCH (UID 3 FLAGS ())"), REST,
        answer("{tag} UID SEARCH UID 1:3", "* SEARCH 3"), goodbye,
    )  # fmt: skip
    store = MemoryStore()
    with serve(*script) as server, channel(server, store, look_around=1e9) as made:
        sync(made)
    assert store.uids("INBOX") == {3: frozenset()}


def test_bye_in_the_middle_of_it_and_on_from_there() -> None:
    window = [row(n, n) for n in range(51, 101)]
    first = (*logged_in(), selected(exists=100, uidnext=101), LIST, answer("{tag} FETCH 51:100 .*", *window), REST, hear("{tag} UID SEARCH .*"), say("* BYE enough"))
    second = (
        *logged_in(), selected(exists=100, uidnext=101), AHEAD, LIST, answer(r"{tag} UID FETCH 51:100 \(UID FLAGS\)", *(f"* {n} FETCH (UID {n} FLAGS ())" for n in range(51, 101))), REST,
        answer("{tag} UID SEARCH UID 1:100", "* SEARCH " + " ".join(map(str, range(1, 101)))), answer("{tag} UID FETCH 1:50 .*", *(row(n, n) for n in range(1, 51))),
        goodbye,
    )  # fmt: skip
    store = MemoryStore()
    with serve(*first, then=second) as server:
        made = ImapChannel(config(server), "secret", store, timeouts=CALM, texts=False, look_around=1e9)
        made.open()
        with pytest.raises(ChannelDown, match="enough"):
            sync(made)
        assert len(ids(store)) == 50
        made.open()
        sync(made)
        made.close()
    assert ids(store) == set(range(1, 101))
    assert store.states["INBOX"].complete


def test_inbox_that_can_not_be_opened() -> None:
    with serve(*logged_in(), hear("{tag} SELECT .*"), say("{tag} NO mailbox is broken"), LIST, goodbye, strict=False) as server:
        with channel(server, MemoryStore(), look_around=1e9) as made, pytest.raises(ChannelDown, match="mailbox is broken"):
            sync(made)


def test_a_server_that_ends_idle_at_once_is_polled() -> None:
    """Else every pause would be none, and the line never quiet."""
    script = (
        *logged_in("IDLE"), selected(), LIST, hear("{tag} IDLE"), say("+ idling", "{tag} OK enough"),
        answer("{tag} NOOP", "* 1 EXISTS"), answer("{tag} UID FETCH 1:.*", row(1, 1)), goodbye,
    )  # fmt: skip
    store = MemoryStore()
    with serve(*script) as server, channel(server, store, look_around=1e9, poll=0.3) as made:
        sync(made)
        for _ in range(50):
            made.wait(0.5)
            sync(made)
            if ids(store):
                break
    assert ids(store) == {1}


# Single commands


def test_append_without_utf8_and_with_its_date() -> None:
    content = "Subject: grüße\r\n\r\n".encode()
    script = (
        *logged_in("UTF8=ACCEPT", "ENABLE"), hear(rf'{{tag}} APPEND "Sent" \(\\Seen\) "20-Nov-2026 18:30:00 \+0000" \{{{len(content)}\}}'),
        say("+ go"), hear_bytes(content), hear(""), say("{tag} OK [APPENDUID 7 3] done"), goodbye,
    )  # fmt: skip
    with serve(*script) as server, session(server) as made:
        assert made.append("Sent", content, ["\\Seen"], datetime(2026, 11, 20, 18, 30, tzinfo=UTC)).ok
    assert not any("ENABLE" in line for line in server.lines())


def test_whether_a_copy_is_filed_is_asked_of_sent_as_it_is_now() -> None:
    """Selected anew each time: what another program filed a moment ago must count, or the customer's copy is doubled."""
    both_listed = answer(r'{tag} LIST "" "\*"', '* LIST () "/" INBOX', '* LIST () "/" Sent')
    header = b"* 1 FETCH (UID 1 BODY[HEADER.FIELDS (MESSAGE-ID)] {20}\r\nMessage-ID: <m1@x>\r\n)"
    script = (
        *logged_in(), both_listed, selected("Sent"), selected("Sent", exists=1, uidnext=2), answer(r"{tag} FETCH 1:1 \(UID BODY.*", header), goodbye,
    )  # fmt: skip
    with serve(*script) as server, channel(server, MemoryStore(), look_around=1e9) as made:
        assert not made.is_filed("<m1@x>")
        assert made.is_filed("<m1@x>")


def test_move_without_move_and_uidplus() -> None:
    script = (
        *logged_in(), answer('{tag} UID COPY 5 "Archive"'), answer(r"{tag} UID STORE 5 \+FLAGS.SILENT \(\\Deleted\)"),
        answer("{tag} UID SEARCH DELETED", "* SEARCH 5"), answer("{tag} EXPUNGE", "* 1 EXPUNGE"), goodbye,
    )  # fmt: skip
    with serve(*script) as server, session(server) as made:
        made.move(5, "Archive")
        assert made.news.expunged


def test_move_that_is_refused_changes_nothing_more() -> None:
    with serve(*logged_in(), hear("{tag} UID COPY .*"), say("{tag} NO over quota"), goodbye) as server, session(server) as made:
        with pytest.raises(Refused, match="over quota"):
            made.move(5, "Archive")


def test_status_of_names_beyond_ascii_in_one_flight() -> None:
    script = (
        *logged_in(), hear(r'{tag} STATUS "Gel&APY-scht" \(.*\)'), hear('{tag} STATUS "Spam" .*'),
        lambda talk: talk.send(
            b'* STATUS "Gel&APY-scht" (MESSAGES 3 UIDNEXT 9 UIDVALIDITY 7 UNSEEN 0)\r\n'
            + talk.lines[-2].split(" ")[0].encode() + b" OK done\r\n" + talk.lines[-1].split(" ")[0].encode() + b" NO not there\r\n"
        ),
        goodbye,
    )  # fmt: skip
    with serve(*script) as server, session(server) as made:
        assert made.status(["Gelöscht", "Spam"]) == {"Gelöscht": {"MESSAGES": 3, "UIDNEXT": 9, "UIDVALIDITY": 7, "UNSEEN": 0}}


def test_counts_of_several_folders_are_one_command() -> None:
    script = (
        *logged_in("LIST-EXTENDED", "LIST-STATUS"),
        answer(
            r'{tag} LIST "" \("Sent" "Junk"\) RETURN \(STATUS \(MESSAGES UIDNEXT UIDVALIDITY UNSEEN\)\)', '* LIST () "/" Sent',
            "* STATUS Sent (MESSAGES 3 UIDNEXT 9 UIDVALIDITY 7 UNSEEN 0)", '* LIST () "/" Junk', "* STATUS Junk (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 7 UNSEEN 0)",
        ),
        hear(r'{tag} STATUS "100%" .*'), hear('{tag} STATUS "Junk" .*'),
        lambda talk: talk.send(b"".join(talk.lines[at].split(" ")[0].encode() + b" NO not there\r\n" for at in (-2, -1))), goodbye,
    )  # fmt: skip
    with serve(*script) as server, session(server) as made:
        assert {name: counts["MESSAGES"] for name, counts in made.status(["Sent", "Junk"]).items()} == {"Sent": 3, "Junk": 0}
        assert made.status(["100%", "Junk"]) == {}, "a name that would be a pattern is asked for by itself"


def test_create_below_the_prefix_of_the_server() -> None:
    from agentdesk.channels.imap import folders
    from agentdesk.channels.imap.responses import Mailbox

    script = (
        *logged_in("NAMESPACE"), answer("{tag} NAMESPACE", '* NAMESPACE (("INBOX." ".")) NIL NIL'), answer('{tag} CREATE "INBOX.Sent"'),
        answer('{tag} SUBSCRIBE "INBOX.Sent"'), goodbye,
    )  # fmt: skip
    with serve(*script) as server, session(server) as made:
        assert folders.make(made, Role.SENT, [Mailbox("INBOX", ".", frozenset())]) == "INBOX.Sent"


def test_what_was_selected_before_is_not_mixed_with_what_is_selected_now() -> None:
    script = (
        *logged_in(), answer('{tag} SELECT "Sent"', "* 9 EXISTS", r"* VANISHED 3:4", "* OK [CLOSED] now", "* 2 EXISTS", "* OK [UIDVALIDITY 5] ok", "* OK [UIDNEXT 3] ok"),
        goodbye,
    )  # fmt: skip
    with serve(*script) as server, session(server) as made:
        selection = made.select("Sent")
        assert (selection.exists, selection.vanished, selection.uidvalidity) == (2, (), 5)


def test_a_fetch_refused_for_one_message_keeps_the_others() -> None:
    """Dovecot answers NO when one message of many can't be read."""
    from agentdesk.channels.imap.commands import number_range, word

    script = (*logged_in(), hear("{tag} UID FETCH .*"), say(b"* 1 FETCH (UID 1 FLAGS ())", "{tag} NO [SERVERBUG] one is corrupt"), goodbye)
    with serve(*script) as server, session(server) as made:
        assert [one.uid for one in made.fetch((number_range(1, 3), (word("UID"), word("FLAGS")))).found] == [1]


def test_texts_fall_back_to_the_message_where_the_structure_makes_no_sense() -> None:
    from agentdesk.channels.imap import texts

    raw = b"Subject: x\r\nContent-Type: text/plain\r\n\r\nthe text\r\n"
    script = (
        *logged_in(), answer(r"{tag} UID FETCH 3,5 \(UID RFC822.SIZE BODYSTRUCTURE\)", f"* 1 FETCH (UID 3 RFC822.SIZE {len(raw)} BODYSTRUCTURE (1 2 3))"),
        answer(r"{tag} UID FETCH 3 \(UID INTERNALDATE BODY.PEEK\[\]<0.262144>\)", f"* 1 FETCH (UID 3 BODY[]<0> {{{len(raw)}}}".encode() + b"\r\n" + raw + b")"),
        goodbye,
    )  # fmt: skip
    with serve(*script) as server, session(server) as made:
        found = texts.bring(made, [3, 5], {}, Reader(), {})
    assert found[3] is not None
    assert found[3].text == "the text"
    assert found[5] is None


def test_texts_with_the_same_sections_are_one_command() -> None:
    from agentdesk.channels.imap import texts

    plain = '("text" "plain" ("charset" "utf-8") NIL NIL "7bit" 4 1 NIL NIL NIL NIL)'
    structures = [f"* {uid} FETCH (UID {uid} RFC822.SIZE 99 BODYSTRUCTURE {plain})" for uid in (1, 2, 3)]
    script = (
        *logged_in(), answer("{tag} UID FETCH 1:3 .*", *structures),
        answer(r"{tag} UID FETCH 1:3 \(UID INTERNALDATE BODY.PEEK\[1\]\)", *(f'* {uid} FETCH (UID {uid} BODY[1] "text{uid}")' for uid in (3, 1, 2))), goodbye,
    )  # fmt: skip
    with serve(*script) as server, session(server) as made:
        found = texts.bring(made, [1, 2, 3], {}, Reader(), {})
    assert {uid: body.text for uid, body in found.items() if body} == {1: "text1", 2: "text2", 3: "text3"}


def test_capabilities_are_taken_from_what_was_said_last() -> None:
    with serve(*logged_in("MOVE"), goodbye) as server, connected(server) as connection:
        assert Session(connection).offers("MOVE")
        assert not Session(connection).offers("MOVE", "IDLE")


def test_script_patterns_mean_what_they_say() -> None:
    """The scripted server itself: a wrong line is a failure, not a pass."""
    assert re.fullmatch("x", "x")
    with pytest.raises(AssertionError, match="expected"), serve(*logged_in(), answer("{tag} CHECK"), until_closed) as server:
        with pytest.raises(ChannelDown), session(server) as made:
            made.noop()
