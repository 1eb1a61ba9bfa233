"""The mailbox of a fault run: scripted, or a real Dovecot's."""

from __future__ import annotations

import contextlib
import imaplib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from faults.letters import Letter
from faults.mailbox import Mailbox
from faults.mailserver import MailServer


class Post(Protocol):
    """What a run needs of its mailbox, whoever serves it."""

    user: str
    port: int

    def put(self, letter: Letter) -> None: ...

    def sent(self) -> Counter[str]:
        """Message-IDs in Sent, and how often."""

    def empty_sent(self) -> None: ...

    def seen(self) -> set[str]:
        """Message-IDs in INBOX with \\Seen."""


class ScriptedPost:
    """In this process."""

    user = "support"

    def __init__(self) -> None:
        self.mailbox = Mailbox()
        self.server = MailServer(self.mailbox)
        self.port = self.server.port

    def put(self, letter: Letter) -> None:
        self.mailbox.put("INBOX", letter)

    def sent(self) -> Counter[str]:
        with self.mailbox.lock:
            return Counter(one.letter.message_id for one in self.mailbox.folders["Sent"].messages)

    def empty_sent(self) -> None:
        with self.mailbox.changed:
            folder = self.mailbox.folders["Sent"]
            folder.expunge([one.uid for one in folder.messages])

    def seen(self) -> set[str]:
        with self.mailbox.lock:
            return {one.letter.message_id for one in self.mailbox.folders["INBOX"].messages if "\\Seen" in one.flags}

    def close(self) -> None:
        self.server.close()
        assert not self.server.failures, self.server.failures


class RealPost:
    """A user of a Dovecot (`tests.servers.dovecot.Dovecot`, handed in)."""

    def __init__(self, server: object, user: str) -> None:
        self.user = user
        self.port: int = server.plain  # type: ignore[attr-defined]  # a plain loopback port, as Dovecot() has it
        self._client = imaplib.IMAP4("127.0.0.1", self.port, timeout=30)
        self._client.login(user, "secret")

    def put(self, letter: Letter) -> None:
        assert self._client.append("INBOX", "", None, letter.raw)[0] == "OK"

    def _ids(self, folder: str, *criteria: str) -> list[str]:
        self._client.select(folder)
        uids = self._client.uid("SEARCH", *criteria)[1][0].split()
        if not uids:
            return []
        found = self._client.uid("FETCH", b",".join(uids).decode(), "(BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")[1]
        return [piece[1].partition(b":")[2].strip().decode() for piece in found if isinstance(piece, tuple)]

    def sent(self) -> Counter[str]:
        return Counter(self._ids("Sent", "ALL"))

    def empty_sent(self) -> None:
        if int(self._client.select("Sent")[1][0] or 0):
            self._client.store("1:*", "+FLAGS", "(\\Deleted)")
            self._client.expunge()

    def seen(self) -> set[str]:
        return set(self._ids("INBOX", "SEEN"))

    def close(self) -> None:
        with contextlib.suppress(imaplib.IMAP4.error, OSError):
            self._client.logout()


@contextmanager
def scripted() -> Iterator[ScriptedPost]:
    post = ScriptedPost()
    try:
        yield post
    finally:
        post.close()


@contextmanager
def real(server: object, user: str) -> Iterator[RealPost]:
    post = RealPost(server, user)
    try:
        yield post
    finally:
        post.close()
