"""The line cut, or stalled, after so many bytes of a sync: the next engine finishes it, and the result is the same."""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import threading
from contextlib import closing

import pytest

from agentdesk.channels.base import ChannelDown
from agentdesk.channels.imap.channel import ImapChannel
from agentdesk.channels.imap.patience import Patience, Timeouts
from agentdesk.config import MailChannelConfig, ServerUrl
from tests.contract.memory_store import MemoryStore
from tests.servers.dovecot import Dovecot
from tests.servers.mailroom import fill, sync

pytestmark = pytest.mark.servers

QUICK = Timeouts(connect=5, greeting=5, goodbye=0.1, command=Patience(silence=0.3, seconds=10))


class Line:
    """A proxy that lets through so many bytes from the server, then cuts or goes silent."""

    def __init__(self, port: int, most: int, *, stall: bool) -> None:
        self.seen = 0
        self._port, self._most, self._stall = port, most, stall
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._threads = [threading.Thread(target=self._run, daemon=True)]
        self._threads[0].start()

    def _run(self) -> None:
        client, _ = self._listener.accept()
        server = socket.create_connection(("127.0.0.1", self._port))
        up = threading.Thread(target=self._copy, args=(client, server), daemon=True)
        up.start()
        with client, server:
            with contextlib.suppress(OSError):
                while data := server.recv(4096):
                    room = self._most - self.seen
                    client.sendall(data[:room])
                    self.seen += len(data[:room])
                    if len(data) >= room:
                        if self._stall:
                            self._over.wait(20)
                        break
            for sock in (client, server):
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
            up.join(5)

    @staticmethod
    def _copy(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(4096):
                target.sendall(data)

    def close(self) -> None:
        self._over.set()
        self._threads[0].join(10)
        self._listener.close()


def channel_to(port: int, config: MailChannelConfig, store: MemoryStore, *, compressed: bool, timeouts: Timeouts | None = None) -> ImapChannel:
    """Without compression a cut falls between any two bytes of the protocol."""
    made = ImapChannel(dataclasses.replace(config, imap=ServerUrl("imap", "127.0.0.1", port)), "secret", store, window=10, timeouts=timeouts)
    made._connection.compresses = compressed
    return made


def run(channel: ImapChannel) -> None:
    channel.open()
    sync(channel)


@pytest.fixture(scope="module")
def user(dovecot: Dovecot) -> str:
    user = dovecot.user()
    fill(dovecot, user, "INBOX", range(1, 61))
    fill(dovecot, user, "Sent", range(201, 206))
    return user


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "compressed"])
@pytest.mark.parametrize("stall", [False, True], ids=["cut", "stalled"])
def test_cut_anywhere(dovecot: Dovecot, user: str, *, compressed: bool, stall: bool) -> None:
    config = dovecot.config(user, "imap", "127.0.0.1")
    whole = MemoryStore()
    line = Line(dovecot.plain, 1 << 30, stall=False)
    with closing(line), closing(channel_to(line.port, config, whole, compressed=compressed)) as channel:
        run(channel)
    total = line.seen
    offsets = range(7, total - 300, max(1, total // (6 if stall else 24)))  # compressed, the end is not always in the same place
    for offset in offsets:
        store = MemoryStore()
        line = Line(dovecot.plain, offset, stall=stall)
        broken = channel_to(line.port, config, store, compressed=compressed, timeouts=QUICK)
        with closing(line), closing(broken), pytest.raises(ChannelDown):
            run(broken)
        with closing(ImapChannel(config, "secret", store)) as channel:
            run(channel)
        assert store.snapshot() == whole.snapshot(), f"cut after {offset} of {total} bytes"
        assert {row.envelope.message_id: row.body for row in store.rows.values()} == {
            row.envelope.message_id: row.body for row in whole.rows.values()
        }

