"""Bringing a mailbox in and keeping it right, on Dovecot."""

from __future__ import annotations

import pytest

from agentdesk.channels.imap.channel import ImapChannel
from tests.contract.memory_store import MemoryStore
from tests.servers.dovecot import Dovecot
from tests.servers.mailroom import fill, sync

pytestmark = pytest.mark.servers


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
