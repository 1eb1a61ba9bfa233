"""Messages for the mailboxes of tests, and an independent client (the standard library's) to put them in and look."""

from __future__ import annotations

import imaplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from agentdesk.channels.imap.channel import ImapChannel
from agentdesk.domain.mailbox import MailStore
from agentdesk.mail.parts import decode_transfer
from tests.servers.dovecot import Dovecot

START = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)


def message(number: int, *, subject: str = "", body: str = "", prefix: str = "m") -> bytes:
    text = body or f"Good morning,\r\n\r\nthis is message {number}.\r\n\r\nKind regards\r\nMaria\r\n"
    return (
        f"From: Maria Rossi <maria@example.org>\r\nTo: support@shop.example\r\nSubject: {subject or f'Question {number}'}\r\n"
        f"Message-ID: <{prefix}{number}@example.org>\r\nDate: Sun, 01 Nov 2026 08:00:00 +0000\r\n"
        f"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}"
    ).encode()


@contextmanager
def client(server: Dovecot, user: str, password: str = "secret") -> Iterator[imaplib.IMAP4_SSL]:
    context = ssl.create_default_context(cafile=str(server.authority.file))
    connection = imaplib.IMAP4_SSL("localhost", server.tls, ssl_context=context, timeout=20)
    connection.login(user, password)
    try:
        yield connection
    finally:
        connection.logout()


def fill(
    server: Dovecot, user: str, folder: str, numbers: range, *, flags: str = "", make: Callable[[int], bytes] = message
) -> None:
    """Messages of these numbers, an hour apart."""
    with client(server, user) as other:
        for number in numbers:
            put(other, folder, make(number), at=START + timedelta(hours=number), flags=flags)


def put(other: imaplib.IMAP4, folder: str, raw: bytes, *, at: datetime = START, flags: str = "") -> None:
    status, said = other.append(folder, flags, imaplib.Time2Internaldate(at), raw)
    assert status == "OK", said


def sync(channel: ImapChannel, most: int = 500) -> int:
    """Refresh until nothing is left; how many steps it took."""
    for step in range(1, most):
        if channel.refresh():
            return step
    raise AssertionError("it never ends")


def raw_of(channel: ImapChannel, message: int) -> bytes:
    pieces: list[bytes] = []
    channel.fetch_raw(message, 0, lambda piece, _total: pieces.append(piece) is None)
    return b"".join(pieces)


def part_of(channel: ImapChannel, message: int, part: str) -> bytes:
    """What was attached, decoded."""
    pieces: list[bytes] = []
    channel.fetch_part(message, part, 0, lambda piece, _total: pieces.append(piece) is None)
    return decode_transfer(b"".join(pieces), channel.transfer_encoding(message, part))


class Masked(ImapChannel):
    """A channel that does not see some of the server's capabilities."""

    hide: frozenset[str] = frozenset()

    def open(self) -> None:
        super().open()
        self._connection.capabilities -= self.hide


MODES = {
    "QRESYNC": frozenset[str](),
    "CONDSTORE": frozenset({"QRESYNC"}),
    "plain": frozenset({"QRESYNC", "CONDSTORE", "ENABLE", "ESEARCH", "MOVE", "UIDPLUS", "PREVIEW", "SPECIAL-USE", "LITERAL+", "NOTIFY"}),
}


def masked(server: Dovecot, user: str, store: MailStore, hide: frozenset[str], **options: Any) -> Masked:
    channel = Masked(server.config(user), "secret", store, **options)
    channel.hide = hide
    return channel


def search(other: imaplib.IMAP4, folder: str, *criteria: str) -> list[int]:
    """UIDs, as another client sees them."""
    other.select(folder)
    found = other.uid("SEARCH", *criteria)[1][0]
    return [int(uid) for uid in found.split()]
