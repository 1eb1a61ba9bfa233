"""Bringing a mailbox in and keeping it right, on Dovecot: with all it offers, with CONDSTORE only, and with neither."""

from __future__ import annotations

import imaplib
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from agentdesk.channels.base import ChannelDown
from agentdesk.channels.imap.channel import ImapChannel
from agentdesk.domain.mailbox import Role
from tests.contract.memory_store import MemoryStore
from tests.servers.dovecot import Dovecot
from tests.servers.mailroom import MODES, START, Masked, client, fill, masked, message, put, search, sync

pytestmark = pytest.mark.servers


@pytest.fixture(params=MODES.values(), ids=MODES.keys())
def hide(request: pytest.FixtureRequest) -> frozenset[str]:
    return frozenset(request.param)


class Desk:
    """A mailbox of 120 and 5 sent, brought in."""

    def __init__(self, server: Dovecot, hide: frozenset[str], kind: str = "mdbox") -> None:
        self.server, self.hide = server, hide
        self.user = server.user(kind)
        fill(server, self.user, "INBOX", range(1, 121))
        fill(server, self.user, "Sent", range(201, 206))
        self.store = MemoryStore()
        self.channel = self.again()
        sync(self.channel)

    def again(self) -> Masked:
        """A channel of its own on what is stored: the next start of the engine."""
        channel = masked(self.server, self.user, self.store, self.hide, look_around=0.0)
        channel.open()
        return channel

    def truth(self) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
        """What a desk that begins anew finds."""
        fresh = MemoryStore()
        with closing(ImapChannel(self.server.config(self.user), "secret", fresh)) as channel:
            channel.open()
            sync(channel)
        return fresh.snapshot()

    def is_true(self) -> bool:
        return self.store.snapshot() == self.truth()


@pytest.fixture
def desk(dovecot: Dovecot, hide: frozenset[str]) -> Iterator[Desk]:
    desk = Desk(dovecot, hide)
    yield desk
    desk.channel.close()


def test_the_newest_window_comes_first_then_the_older_ones(dovecot: Dovecot) -> None:
    user = dovecot.user()
    fill(dovecot, user, "INBOX", range(1, 131))
    fill(dovecot, user, "Sent", range(201, 211))
    store = MemoryStore()
    channel = ImapChannel(dovecot.config(user), "secret", store)
    channel.open()
    sync(channel)
    channel.close()
    added = [what for kind, what in store.calls if kind == "add"]
    assert added[0] == ("INBOX", tuple(range(130, 80, -1)))
    assert added[1] == ("Sent", tuple(range(10, 0, -1)))
    assert added[2] == ("INBOX", tuple(range(80, 30, -1)))
    assert added[3] == ("INBOX", tuple(range(30, 0, -1)))
    assert len(store.rows) == 140
    assert all(row.body is not None and row.body.text for row in store.rows.values())
    assert store.states["INBOX"].complete
    assert store.states["INBOX"].oldest == 1
    assert store.states["INBOX"].total == 130


def test_rows_have_what_a_list_shows(dovecot: Dovecot) -> None:
    user = dovecot.user()
    fill(dovecot, user, "INBOX", range(1, 2), flags="\\Seen \\Flagged")
    store = MemoryStore()
    channel = ImapChannel(dovecot.config(user), "secret", store, texts=False)
    channel.open()
    sync(channel)
    channel.close()
    (row,) = store.rows.values()
    assert row.envelope.subject == "Question 1"
    assert row.envelope.sender.address == "maria@example.org"
    assert row.envelope.at == START + timedelta(hours=1)
    assert row.envelope.preview.startswith("Good morning, this is message 1.")
    assert row.envelope.size == len(message(1))
    assert store.where("<m1@example.org>")["INBOX"] >= {"\\Seen", "\\Flagged"}
    assert row.body is None


def test_what_happened_while_connected(desk: Desk) -> None:
    with client(desk.server, desk.user) as other:
        for number in range(121, 125):
            put(other, "INBOX", message(number))
        other.select("INBOX")
        other.uid("STORE", "100:110", "+FLAGS", "(\\Seen \\Answered)")
        other.uid("STORE", "5,7,119", "+FLAGS", "(\\Deleted)")
        other.expunge()
    desk.channel.wait(0)
    desk.channel._ask(desk.channel._need().session, time.monotonic())
    sync(desk.channel)
    assert desk.is_true()


def test_what_happened_while_away(desk: Desk) -> None:
    desk.channel.close()
    with client(desk.server, desk.user) as other:
        for number in range(121, 200):
            put(other, "INBOX", message(number))
        put(other, "Sent", message(206))
        other.select("INBOX")
        other.uid("STORE", "100:110", "+FLAGS", "(\\Seen $Later)")
        other.uid("STORE", "60:118", "+FLAGS", "(\\Deleted)")
        other.expunge()
    desk.channel = desk.again()
    sync(desk.channel)
    assert desk.is_true()


def test_flags_in_another_folder(desk: Desk) -> None:
    with client(desk.server, desk.user) as other:
        other.select("Sent")
        other.uid("STORE", "2", "+FLAGS", "(\\Seen)")
        other.uid("STORE", "3", "+FLAGS", "(\\Deleted)")
        other.expunge()
    sync(desk.channel)
    assert desk.is_true()


def test_nothing_new_costs_little(desk: Desk) -> None:
    desk.channel.close()
    desk.channel = masked(desk.server, desk.user, desk.store, desk.hide)
    desk.channel.open()
    before = desk.channel.usage.copy()
    calls = len(desk.store.calls)
    sync(desk.channel)
    used = desk.channel.usage.since(before)
    assert len(desk.store.calls) == calls
    assert used.round_trips <= (1 if "CONDSTORE" not in desk.hide else 2)  # one of a login before it
    assert used.bytes_in < (1_000 if "CONDSTORE" not in desk.hide else 10_000)


def test_uidvalidity_changed_while_away(desk: Desk) -> None:
    """The folder was made anew with some of its messages: no row is doubled, none is lost."""
    desk.channel.close()
    rows = len(desk.store.rows)
    desk.server.forget_uids(desk.user, "Sent")
    fill(desk.server, desk.user, "Sent", range(203, 209))
    desk.channel = desk.again()
    sync(desk.channel)
    assert ("forget", "Sent") in desk.store.calls
    assert len(desk.store.rows) == rows + 3
    assert desk.store.where("<m204@example.org>") == {"Sent": frozenset()}
    assert desk.store.where("<m201@example.org>") == {}
    assert desk.is_true()


def test_broken_off_anywhere_and_begun_again(dovecot: Dovecot, hide: frozenset[str]) -> None:
    """After each step the engine dies; the next one goes on from what is stored."""
    user = dovecot.user()
    fill(dovecot, user, "INBOX", range(1, 121))
    store = MemoryStore()
    number = 121
    for steps in range(1, 60):
        channel = masked(dovecot, user, store, hide, window=20)
        with closing(channel):
            channel.open()
            done = [channel.refresh() for _ in range(steps % 3 + 1)]
            if done[-1] and number > 125:
                break
        if steps % 3 == 0 and number <= 125:
            with client(dovecot, user) as other:
                put(other, "INBOX", message(number))
                other.select("INBOX")
                other.uid("STORE", str(steps * 2), "+FLAGS", "(\\Deleted)")
                other.expunge()
            number += 1
    else:
        raise AssertionError("it never ends")
    fresh = MemoryStore()
    with closing(ImapChannel(dovecot.config(user), "secret", fresh)) as channel:
        channel.open()
        sync(channel)
    assert store.snapshot() == fresh.snapshot()


def test_a_modseq_that_went_back_means_all_again(dovecot: Dovecot) -> None:
    desk = Desk(dovecot, frozenset())
    desk.channel.close()
    desk.store.set_state("INBOX", modseq=10**9)
    desk.channel = desk.again()
    sync(desk.channel)
    desk.channel.close()
    assert ("forget", "INBOX") in desk.store.calls
    assert desk.is_true()


def test_uidnext_that_went_back_means_all_again(desk: Desk) -> None:
    desk.channel.close()
    desk.store.set_state("INBOX", uidnext=10**6)
    desk.channel = desk.again()
    sync(desk.channel)
    assert ("forget", "INBOX") in desk.store.calls
    assert desk.is_true()


def test_a_keyword_that_breaks_parsers_breaks_nothing(desk: Desk) -> None:
    """`a[b`, set by another program on one message (`imap.md`)."""
    with client(desk.server, desk.user) as other:
        put(other, "INBOX", message(121), flags="(a[b \\Seen)")
        put(other, "INBOX", message(122))
        other.select("INBOX")
        other.uid("STORE", "3", "+FLAGS", "(a[b)")
    desk.channel.close()
    desk.channel = desk.again()
    sync(desk.channel)
    assert desk.store.where("<m121@example.org>") == {"INBOX": frozenset({"a[b", "\\Seen"})}
    assert desk.store.where("<m3@example.org>") == {"INBOX": frozenset({"a[b"})}
    assert desk.is_true()


def test_retention(dovecot: Dovecot, hide: frozenset[str]) -> None:
    user = dovecot.user()
    today = datetime.now(UTC)
    with client(dovecot, user) as other:
        # None about ten days old: servers compare days, in a time zone of their own (RFC 9051, 6.4.4).
        for number, age in enumerate([*range(32, 11, -1), *range(9, 0, -1)]):
            put(other, "INBOX", message(number), at=today - timedelta(days=age))
    store = MemoryStore()
    channel = masked(dovecot, user, store, hide, retention_days=10, window=5)
    channel.open()
    sync(channel)
    channel.close()
    assert len(store.rows) == 9
    assert store.states["INBOX"].complete
    assert store.states["INBOX"].total == 9


def test_only_the_newest_window_on_a_thin_line(dovecot: Dovecot) -> None:
    user = dovecot.user()
    fill(dovecot, user, "INBOX", range(1, 71))
    store = MemoryStore()
    channel = ImapChannel(dovecot.config(user), "secret", store, texts=False, older=False)
    channel.open()
    sync(channel)
    assert len(store.rows) == 50
    assert not store.states["INBOX"].complete
    with client(dovecot, user) as other:
        put(other, "INBOX", message(71))
    channel.wait(5)
    sync(channel)
    assert len(store.rows) == 51
    channel.older = True
    sync(channel)
    channel.close()
    assert len(store.rows) == 71


@pytest.mark.parametrize("kind", ["maildir", "mdbox"])
def test_new_mail_is_told_by_the_server(dovecot: Dovecot, kind: str) -> None:
    """Not found at the next look: nobody would look for minutes. The bench measures how fast."""
    user = dovecot.user(kind)
    store = MemoryStore()
    channel = ImapChannel(dovecot.config(user), "secret", store)
    channel.open()
    sync(channel)
    with closing(channel), client(dovecot, user) as other:
        for number in (1, 2):
            waiting = threading.Event()
            arrived = threading.Event()

            def listen(number: int = number, waiting: threading.Event = waiting, arrived: threading.Event = arrived) -> None:
                waiting.set()
                while f"<m{number}@example.org>" not in store.by_id:
                    channel.wait(50)
                    sync(channel)
                arrived.set()

            thread = threading.Thread(target=listen, daemon=True)
            thread.start()
            waiting.wait(30)
            put(other, "INBOX", message(number))
            assert arrived.wait(40)
            thread.join(30)


def test_waiting_sends_nothing_and_can_be_ended(desk: Desk) -> None:
    desk.channel._need().look_around = 60.0
    sync(desk.channel)
    desk.channel.wait(0.05)
    before = desk.channel.usage.copy()
    threading.Timer(0.2, desk.channel.interrupt).start()
    began = time.monotonic()
    desk.channel.wait(60)
    assert time.monotonic() - began < 30
    assert desk.channel.refresh()
    assert desk.channel.usage.since(before).bytes_out == 0
    began = time.monotonic()
    desk.channel.wait(0.2)
    assert time.monotonic() - began >= 0.2, "an interrupt ends one wait"


def test_an_interrupt_before_the_wait_counts(desk: Desk) -> None:
    desk.channel.interrupt()
    began = time.monotonic()
    desk.channel.wait(60)
    assert time.monotonic() - began < 30


def test_idle_is_renewed(dovecot: Dovecot) -> None:
    user = dovecot.user()
    channel = ImapChannel(dovecot.config(user), "secret", MemoryStore(), idle_for=0.2)
    channel.open()
    sync(channel)
    before = channel.usage.round_trips
    deadline = time.monotonic() + 30
    while channel.usage.round_trips < before + 3:
        assert time.monotonic() < deadline, "it is not renewed"
        channel.wait(5)
    assert channel._connection.idling
    channel.close()


def test_polling_where_there_is_no_idle(dovecot: Dovecot) -> None:
    user = dovecot.user()
    store = MemoryStore()
    channel = masked(dovecot, user, store, frozenset({"IDLE"}), poll=0.2)
    channel.open()
    sync(channel)
    with client(dovecot, user) as other:
        put(other, "INBOX", message(1))
    channel.wait(10)
    sync(channel)
    channel.close()
    assert "<m1@example.org>" in store.by_id


def test_a_kicked_connection_is_down_and_can_be_opened_again(desk: Desk) -> None:
    desk.server.doveadm("kick", desk.user)

    def ask_for_a_while() -> None:
        end = time.monotonic() + 30
        while time.monotonic() < end:  # doveadm only asks for it
            desk.channel._need().session.noop()

    with pytest.raises(ChannelDown):
        ask_for_a_while()
    with client(desk.server, desk.user) as other:
        put(other, "INBOX", message(121))
    desk.channel.open()
    sync(desk.channel)
    assert desk.is_true()


def test_a_folder_that_went_away(desk: Desk) -> None:
    desk.server.doveadm("mailbox", "delete", "-u", desk.user, "Junk")
    desk.channel.close()
    desk.channel = desk.again()
    with client(desk.server, desk.user) as other:
        other.create("Spam")
        put(other, "Spam", message(300))
    sync(desk.channel)
    sync(desk.channel)
    assert set(desk.store.states) >= {"INBOX", "Sent", "Archive"}


def test_messages_in_two_folders_are_one_row(desk: Desk) -> None:
    rows = len(desk.store.rows)
    with client(desk.server, desk.user) as other:
        other.select("INBOX")
        other.uid("COPY", "10", "Archive")
    sync(desk.channel)
    assert len(desk.store.rows) == rows
    assert set(desk.store.where("<m10@example.org>")) == {"INBOX", "Archive"}


def test_the_other_client_sees_what_we_did(desk: Desk) -> None:
    desk.channel.set_seen(desk.store.row("<m10@example.org>"), seen=True)
    with client(desk.server, desk.user) as other:
        assert search(other, "INBOX", "SEEN") == [10]
    assert "\\Seen" in desk.store.where("<m10@example.org>")["INBOX"]
    desk.channel.set_seen(desk.store.row("<m10@example.org>"), seen=False)
    with client(desk.server, desk.user) as other:
        assert search(other, "INBOX", "SEEN") == []
    sync(desk.channel)
    assert desk.is_true()


def test_a_client_of_the_standard_library_finds_the_same(desk: Desk) -> None:
    with client(desk.server, desk.user) as other:
        assert isinstance(other, imaplib.IMAP4)
        assert search(other, "INBOX", "ALL") == sorted(desk.store.uids("INBOX"))


def test_older_answers_come_before_the_older_questions_they_answer(dovecot: Dovecot) -> None:
    """Else the queue would show as unanswered what was answered long ago, for as long as the first sync takes."""
    user = dovecot.user()
    fill(dovecot, user, "INBOX", range(30))
    fill(dovecot, user, "Sent", range(100, 130))
    store = MemoryStore()
    channel = ImapChannel(dovecot.config(user), "secret", store, window=10, texts=False)
    channel.open()
    while not any(f.role is Role.INBOX and f.complete for f in store.folders()):
        assert not channel.refresh()
    assert next(f for f in store.folders() if f.role is Role.SENT).complete
    channel.close()
