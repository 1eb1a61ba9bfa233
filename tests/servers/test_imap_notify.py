"""A server that tells by itself what happens (NOTIFY, RFC 5465): nothing needs to be asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from agentdesk.channels.imap.channel import ImapChannel
from tests.contract.memory_store import MemoryStore
from tests.servers.dovecot import Dovecot
from tests.servers.mailroom import client, fill, masked, message, put, sync

pytestmark = pytest.mark.servers


class Desk:
    def __init__(self, server: Dovecot, hide: frozenset[str] = frozenset()) -> None:
        self.server, self.user, self.store = server, server.user(), MemoryStore()
        fill(server, self.user, "INBOX", range(1, 4))
        self.channel: ImapChannel = masked(server, self.user, self.store, hide, texts=False)
        self.channel.open()
        sync(self.channel)
        self.channel.wait(0.01)  # it listens

    def until(self, true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 30
        while not true():
            assert time.monotonic() < deadline, "it does not happen"
            self.channel.wait(1)
            sync(self.channel)


@pytest.fixture
def desk(dovecot: Dovecot) -> Iterator[Desk]:
    made = Desk(dovecot)
    yield made
    made.channel.close()


def test_new_mail_comes_by_itself_and_whole(desk: Desk) -> None:
    assert desk.channel._need().notified
    before = desk.channel.usage.copy()
    with client(desk.server, desk.user) as other:
        put(other, "INBOX", message(4))
        desk.until(lambda: "<m4@example.org>" in desk.store.by_id)
        put(other, "INBOX", message(5))
        put(other, "INBOX", message(6))
        desk.until(lambda: "<m6@example.org>" in desk.store.by_id)
    assert desk.channel.usage.since(before).round_trips == 0
    new = desk.store.rows[desk.store.row("<m4@example.org>")]
    assert not new.lean
    assert b"text/plain" in new.source["STRUCTURE"]
    assert new.envelope.preview.startswith("Good morning")
    before = desk.channel.usage.copy()
    desk.channel.fetch_text(new.row)
    assert desk.channel.usage.since(before).round_trips == 1
    assert desk.store.states["INBOX"].uidnext == 7


def test_flags_and_expunges_come_by_themselves(desk: Desk) -> None:
    before = desk.channel.usage.copy()
    with client(desk.server, desk.user) as other:
        other.select("INBOX")
        other.uid("STORE", "2", "+FLAGS", "(\\Seen)")
        desk.until(lambda: desk.store.where("<m2@example.org>") == {"INBOX": frozenset({"\\Seen"})})
        other.uid("STORE", "1", "+FLAGS", "(\\Deleted)")
        other.expunge()
        desk.until(lambda: not desk.store.where("<m1@example.org>"))
    assert desk.channel.usage.since(before).round_trips == 0


def test_what_happens_in_other_folders_is_told(desk: Desk) -> None:
    """Without a look at them, which is a quarter of an hour away."""
    assert desk.channel._need().every > 600
    with client(desk.server, desk.user) as other:
        put(other, "Sent", message(7))
        desk.until(lambda: "<m7@example.org>" in desk.store.by_id)
        other.select("INBOX")
        other.uid("MOVE", "3", "Archive")
        desk.until(lambda: set(desk.store.where("<m3@example.org>")) == {"Archive"})


def test_a_server_without_it_is_looked_at_now_and_then(dovecot: Dovecot) -> None:
    desk = Desk(dovecot, frozenset({"NOTIFY"}))
    assert not desk.channel._need().notified
    desk.channel._need().look_around = 0.0
    with client(desk.server, desk.user) as other:
        put(other, "Sent", message(7))
        desk.until(lambda: "<m7@example.org>" in desk.store.by_id)
    desk.channel.close()
