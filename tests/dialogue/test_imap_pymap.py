"""The whole channel against pymap: plain IMAP4rev1, as the demo and some old servers have it."""

from __future__ import annotations

import base64
import imaplib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from agentdesk.channels.imap.channel import ImapChannel
from agentdesk.domain.mailbox import Role
from tests.contract.memory_store import MemoryStore
from tests.dialogue.pymap_server import PASSWORD, USER, Pymap
from tests.servers.mailroom import part_of, raw_of

START = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)


def message(number: int, text: str = "Good morning,\r\n\r\ngrüße from here.\r\n") -> bytes:
    return (
        f"From: =?utf-8?q?Mar=C3=ADa?= <maria@example.org>\r\nTo: support@shop.example\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= {number}\r\n"
        f"Message-ID: <m{number}@example.org>\r\nReferences: <root@example.org>\r\nMIME-Version: 1.0\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}"
    ).encode()


MIXED = (
    b"From: Maria <maria@example.org>\r\nTo: support@shop.example\r\nSubject: damaged\r\nMessage-ID: <mixed@example.org>\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=outer\r\n\r\n--outer\r\n"
    b"Content-Type: multipart/alternative; boundary=inner\r\n\r\n--inner\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"Il pacco =C3=A8 rotto.\r\n--inner\r\nContent-Type: text/html\r\n\r\n<p>Il pacco &egrave; rotto.</p>\r\n--inner--\r\n--outer\r\n"
    b"Content-Type: image/png\r\nContent-Disposition: attachment; filename=foto.png\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(bytes(range(256)) * 4).replace(b"\n", b"\r\n") + b"--outer--\r\n"
)


@pytest.fixture
def server() -> Iterator[Pymap]:
    server = Pymap()
    yield server
    server.stop()


@contextmanager
def other(server: Pymap) -> Iterator[imaplib.IMAP4]:
    client = imaplib.IMAP4("127.0.0.1", server.port, timeout=10)
    client.login(USER, PASSWORD)
    try:
        yield client
    finally:
        client.logout()


def fill(server: Pymap, folder: str, *raws: bytes) -> None:
    with other(server) as client:
        for number, raw in enumerate(raws):
            assert client.append(folder, "", imaplib.Time2Internaldate(START + timedelta(hours=number)), raw)[0] == "OK"


@contextmanager
def channel_for(server: Pymap, store: MemoryStore, **options: float) -> Iterator[ImapChannel]:
    channel = ImapChannel(server.config(), PASSWORD, store, **options)
    channel.open()
    try:
        yield channel
    finally:
        channel.close()


def sync(channel: ImapChannel) -> None:
    for _ in range(100):
        if channel.refresh():
            return
    raise AssertionError("it never ends")


def test_everything_comes_in(server: Pymap) -> None:
    fill(server, "INBOX", *(message(number) for number in range(1, 71)))
    fill(server, "Sent", message(100))
    store = MemoryStore()
    with channel_for(server, store) as channel:
        sync(channel)
        added = [what for kind, what in store.calls if kind == "add"]
        assert [(name, len(uids)) for name, uids in added] == [("INBOX", 50), ("Sent", 1), ("INBOX", 20)]  # type: ignore[misc]
        row = store.rows[store.row("<m1@example.org>")]
        assert row.envelope.sender.name == "María"
        assert row.envelope.subject == "Grüße 1"
        assert row.envelope.references == ("<root@example.org>",)
        assert row.envelope.at == START
        assert row.body is not None
        assert row.body.text == "Good morning,\n\ngrüße from here."
        assert {state.role: state.name for state in store.folders()} == {
            Role.INBOX: "INBOX", Role.SENT: "Sent", Role.ARCHIVE: "Archive", Role.JUNK: "Junk",
        }  # fmt: skip


def test_parts(server: Pymap) -> None:
    fill(server, "INBOX", MIXED)
    store = MemoryStore()
    with channel_for(server, store) as channel:
        sync(channel)
        body = store.rows[1].body
        assert body is not None
        assert body.text == "Il pacco è rotto."
        assert [(one.part, one.name) for one in body.attachments] == [("2", "foto.png")]
        assert part_of(channel, 1, "2") == bytes(range(256)) * 4
        assert raw_of(channel, 1) == MIXED


def test_what_others_do_is_noticed(server: Pymap) -> None:
    fill(server, "INBOX", *(message(number) for number in range(1, 8)))
    store = MemoryStore()
    with channel_for(server, store, look_around=0.0) as channel, other(server) as client:
        sync(channel)
        client.select("INBOX")
        client.store("2:3", "+FLAGS", "(\\Seen)")
        client.store("5", "+FLAGS", "(\\Deleted)")
        client.expunge()
        client.append("Sent", "", None, message(200))
        channel.wait(5)
        channel._need().session.noop()
        sync(channel)
        assert store.where("<m2@example.org>") == {"INBOX": frozenset({"\\Seen"})}
        assert store.where("<m5@example.org>") == {}
        assert set(store.where("<m200@example.org>")) == {"Sent"}
        assert len(store.uids("INBOX")) == 6


def test_while_away(server: Pymap) -> None:
    fill(server, "INBOX", *(message(number) for number in range(1, 8)))
    store = MemoryStore()
    with channel_for(server, store) as channel:
        sync(channel)
    with other(server) as client:
        client.select("INBOX")
        client.store("1", "+FLAGS", "(\\Seen)")
        client.store("2", "+FLAGS", "(\\Deleted)")
        client.expunge()
    fill(server, "INBOX", message(8))
    with channel_for(server, store) as channel:
        sync(channel)
        assert store.where("<m1@example.org>") == {"INBOX": frozenset({"\\Seen"})}
        assert store.where("<m2@example.org>") == {}
        assert "<m8@example.org>" in store.by_id


def test_new_mail_within_a_second(server: Pymap) -> None:
    store = MemoryStore()
    with channel_for(server, store) as channel:
        sync(channel)
        channel.wait(0)
        sender = threading.Timer(0.2, fill, (server, "INBOX", message(1)))
        sender.start()
        began = time.monotonic()
        while "<m1@example.org>" not in store.by_id:
            channel.wait(60)
            sync(channel)
            assert time.monotonic() - began < 30
        sender.join()


def test_actions(server: Pymap) -> None:
    fill(server, "INBOX", message(1), message(2))
    store = MemoryStore()
    with channel_for(server, store) as channel:
        sync(channel)
        row = store.row("<m1@example.org>")
        channel.set_seen(row, seen=True)
        channel.move(row, "archive")
        assert set(store.where("<m1@example.org>")) == {"Archive"}
        channel.move(row, "inbox")
        assert set(store.where("<m1@example.org>")) == {"INBOX"}
        assert not channel.is_filed("<m9@example.org>")
        channel.file(message(9), START)
        assert channel.is_filed("<m9@example.org>")
        sync(channel)
        assert store.where("<m9@example.org>") == {"Sent": frozenset({"\\Seen"})}
    with other(server) as client:
        client.select("INBOX")
        assert client.search(None, "SEEN")[1][0].split()
