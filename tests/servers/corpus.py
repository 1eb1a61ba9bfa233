"""A desk on a Dovecot full of foreign mail: brought in as always, then compared byte for byte by an independent client."""

from __future__ import annotations

import imaplib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from agentdesk.config import DeskConfig, load
from agentdesk.desk import Desk
from agentdesk.engine.run import Report, sync
from agentdesk.mail.parse import HEADER_FIELDS
from agentdesk.store import originals
from tests.servers.dovecot import Dovecot

_DESK = """
[desk]
name = "Casa Verde"
locale = "en-GB"
timezone = "Europe/Rome"
link = "normal"
[agent]
name = "Anna Bianchi"
email = "anna@casaverde.example"
[[channels]]
name = "support"
kind = "imap"
address = "{address}"
user = "{user}"
imap = "imap://127.0.0.1:{imap}"
smtp = "smtp://127.0.0.1:1"
password = "secret"
[privacy]
mask_cards = true
"""
_FIELD = re.compile(rb"\r\n(?![ \t])")
_NAMES = {name.encode().lower() for name in HEADER_FIELDS}


@dataclass
class Compared:
    """What is here against what the server holds."""

    headers: int = 0
    sections: int = 0
    raws: int = 0
    bytes: int = 0
    differences: list[str] = field(default_factory=list)


class MailDesk:
    """A desk in a folder, and its mailbox."""

    def __init__(self, folder: Path, server: Dovecot, address: str = "support@casaverde.example") -> None:
        folder.mkdir(parents=True)
        self.user, self._server = server.user(), server
        (folder / "desk.toml").write_text(_DESK.format(user=self.user, imap=server.plain, address=address))
        self.folder = folder
        self.config: DeskConfig = load(folder, folder / "state")

    @contextmanager
    def _client(self) -> Iterator[imaplib.IMAP4]:
        connection = imaplib.IMAP4("127.0.0.1", self._server.plain, timeout=120)
        connection.login(self.user, "secret")
        try:
            yield connection
        finally:
            connection.logout()

    def fill(self, messages: Sequence[bytes], folder: str = "INBOX") -> None:
        """Message n gets the UID n + 1."""
        with self._client() as other:
            for raw in messages:
                other.literal = raw  # not other.append(), which rewrites line ends
                status, said = other._simple_command("APPEND", folder)
                assert status == "OK", said

    def sync(self) -> Report:
        return sync(self.config, {"support": "secret"}, once=True, progress=lambda _: None, stop=lambda: False)

    def rows(self, desk: Desk) -> dict[int, int]:
        """The row of the message with each UID."""
        return {row["uid"]: row["message"] for row in desk.database.all("SELECT uid, message FROM place WHERE folder = 'INBOX'")}

    def compare(self, desk: Desk) -> Compared:
        """Header fields and sections against what the server gives; whole messages against the blobs, where they were asked for.

        Of several messages with one Message-ID one is kept: it must be one of them.
        """
        found = Compared()
        places: dict[int, list[int]] = {}
        for uid, row in self.rows(desk).items():
            places.setdefault(row, []).append(uid)
        with self._client() as other:
            other.select("INBOX", readonly=True)
            for row, uids in places.items():
                kept = originals.of_message(desk.database, row)
                kept.pop(originals.STRUCTURE, None)  # what the server says of the message, no piece of it
                raw = desk.files.raw(row)
                told = [_fetch(other, uid, kept, raw=raw is not None) for uid in uids]
                self._compare_one(row, kept, raw, told, found)
        return found

    @staticmethod
    def _compare_one(row: int, kept: Mapping[str, bytes], raw: bytes | None, told: Sequence[Mapping[str, bytes]], found: Compared) -> None:
        for section, content in kept.items():
            found.bytes += len(content)
            if section == originals.HEADER:
                found.headers += 1
                same = any(content == one["asked"] or _fields(content) == _fields(one["HEADER"]) for one in told)
            else:
                found.sections += 1
                same = any(one.get(section) == content for one in told)
            if not same:
                found.differences.append(f"message {row}, section {section}")
        if raw is not None:
            found.raws += 1
            found.bytes += len(raw)
            if all(one["whole"] != raw for one in told):
                found.differences.append(f"message {row}, whole")


def _fields(block: bytes) -> Counter[bytes]:
    """Those fields of a header block that are asked for, as they stand there: they may have come in two goes."""
    every = [one.removesuffix(b"\r\n") for one in _FIELD.split(block) if one.strip()]
    return Counter(one for one in every if one.partition(b":")[0].strip().lower() in _NAMES)


def _fetch(other: imaplib.IMAP4, uid: int, kept: Mapping[str, bytes], *, raw: bool) -> dict[str, bytes]:
    """The same sections as they are on the server."""
    asked = f"BODY.PEEK[HEADER.FIELDS ({' '.join(HEADER_FIELDS)})]"
    items = ["BODY.PEEK[HEADER]", asked, *(["BODY.PEEK[]"] if raw else [])]
    for section in kept:
        if section != originals.HEADER:
            name, cut, size = section.partition("<")
            items.append(f"BODY.PEEK[{name}]{cut}{size}")
    told: dict[str, bytes] = {}
    for item in items:
        status, data = other.uid("FETCH", str(uid), f"({item})")
        assert status == "OK", data
        content = next((one[1] for one in data if isinstance(one, tuple)), b"")
        told["asked" if item == asked else item.removeprefix("BODY.PEEK[").replace("]", "")] = content
    told["whole"] = told.pop("", b"") if raw and "" not in kept else told.get("", b"")
    return told
