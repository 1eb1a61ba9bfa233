"""One connection of the scripted IMAP server: its bytes, and what it says of the selected folder unasked."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable
from typing import Protocol

from faults.links import Link, Over
from faults.mailbox import Folder, Kept, Mailbox

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|BODY(?:\.PEEK)?\[[^\]]*\](?:<[0-9.]+>)?|[()]|[^ ()"]+', re.IGNORECASE)


class Server(Protocol):
    """What a connection asks of its server."""

    mailbox: Mailbox
    offers: bytes
    greeting: bytes
    heard: list[bytes]

    def spoil(self, data: bytes, talk: Talk) -> bytes: ...


class Bad(Exception):  # noqa: N818 - it names the answer
    """A command this server does not know."""


def tokens(line: bytes) -> list[bytes]:
    return [_unquoted(one) for one in _TOKEN.findall(line)]


def _unquoted(word: bytes) -> bytes:
    return re.sub(rb"\\(.)", rb"\1", word[1:-1]) if word.startswith(b'"') else word


def as_set(numbers: Iterable[int]) -> bytes:
    """Compact: 1:3,7."""
    out: list[bytes] = []
    first = previous = 0
    for number in [*sorted(numbers), 0]:
        if previous and number == previous + 1:
            previous = number
            continue
        if previous:
            out.append(b"%d" % first if first == previous else b"%d:%d" % (first, previous))
        first = previous = number
    return b",".join(out)


class Talk:
    """One connection."""

    def __init__(self, server: Server, link: Link) -> None:
        self.server, self.link, self.mailbox = server, link, server.mailbox
        self.folder: Folder | None = None
        self.view: list[int] = []
        self.told: dict[int, int] = {}
        """UID -> mod-sequence last told."""
        self.enabled: set[bytes] = set()
        self._rest = b""
        self._out: list[bytes] = []
        self._deflater: zlib._Compress | None = None
        self._inflater: zlib._Decompress | None = None

    # Bytes.

    def say(self, line: bytes) -> None:
        self._out.append(line + b"\r\n")

    def flush(self) -> None:
        data, self._out = b"".join(self._out), []
        if not data:
            return
        data = self.server.spoil(data, self)
        if self._deflater is not None:
            data = self._deflater.compress(data) + self._deflater.flush(zlib.Z_SYNC_FLUSH)
        self.link.send(data)

    def _more(self) -> None:
        data = self.link.receive()
        self._rest += self._inflater.decompress(data) if self._inflater is not None else data

    def line(self) -> bytes:
        while b"\r\n" not in self._rest:
            self._more()
        line, _, self._rest = self._rest.partition(b"\r\n")
        return line

    def take(self, size: int) -> bytes:
        while len(self._rest) < size:
            self._more()
        data, self._rest = self._rest[:size], self._rest[size:]
        return data

    def command(self) -> tuple[bytes, list[bytes]]:
        """A tag and words; a literal is one word."""
        line = self.line()
        words: list[bytes] = []
        while found := re.search(rb"\{([0-9]+)(\+?)\}$", line):
            words += tokens(line[: found.start()])
            if not found[2]:
                self.say(b"+ go on")
                self.flush()
            words.append(self.take(int(found[1])))
            line = self.line()
        words += tokens(line)
        return (words[0], words[1:]) if words else (b"", [])

    # The conversation.

    def run(self) -> None:
        offers = self.server.offers
        self.say(self.server.greeting or b"* OK [CAPABILITY %b] ready" % offers)
        self.flush()
        while True:
            tag, words = self.command()
            if not words:
                continue
            verb = words.pop(0).upper()
            if verb == b"UID" and words:
                verb = b"UID " + words.pop(0).upper()
            self.server.heard.append(verb)
            method = getattr(self, "do_" + verb.decode("ascii", "replace").lower().replace(" ", "_"), None)
            try:
                with self.mailbox.lock:
                    if method is None:
                        raise Bad
                    code = method(tag, words) or b""
                    if verb not in (b"FETCH", b"STORE", b"SEARCH", b"IDLE"):
                        self._news(uid=verb.startswith(b"UID"))
                    if verb != b"IDLE":
                        self.say(tag + (code if code.startswith((b" NO", b" BAD")) else b" OK " + code + b"done"))
            except (Bad, ValueError, IndexError):
                self.say(tag + b" BAD what is that")
            if verb == b"IDLE":
                self._idle(tag)
            self.flush()
            if verb == b"COMPRESS":
                self._deflater = zlib.compressobj(zlib.Z_DEFAULT_COMPRESSION, zlib.DEFLATED, -15)
                self._inflater = zlib.decompressobj(-15)
                self._rest = b""
            if verb == b"LOGOUT":
                return

    def _news(self, *, uid: bool) -> None:
        """What others did in the selected folder."""
        folder = self.folder
        if folder is None:
            return
        here = {one.uid: one for one in folder.messages}
        gone = [one for one in self.view if one not in here]
        if gone and b"QRESYNC" in self.enabled:
            self.say(b"* VANISHED " + as_set(gone))
        else:
            for one in gone:
                self.say(b"* %d EXPUNGE" % (self.view.index(one) + 1))
                self.view.remove(one)
        self.view = [one for one in self.view if one in here]
        if len(here) > len(self.view):
            self.view = list(here)
            self.say(b"* %d EXISTS" % len(here))
        for number, kept in enumerate(folder.messages, 1):
            if self.told.get(kept.uid, kept.modseq) != kept.modseq:
                named = b"UID %d " % kept.uid if uid or self.enabled else b""
                self.say(b"* %d FETCH (%bFLAGS (%b)%b)" % (number, named, flags_of(kept), self.modseq(kept)))
            self.told[kept.uid] = kept.modseq

    def modseq(self, one: Kept) -> bytes:
        return b" MODSEQ (%d)" % one.modseq if b"CONDSTORE" in self.enabled or b"QRESYNC" in self.enabled else b""

    def _idle(self, tag: bytes) -> None:
        self.say(b"+ idling")
        self.flush()
        while not self.link.waiting() and not self._rest:
            with self.mailbox.changed:
                self._news(uid=True)
                waiting = not self._out
                if waiting:
                    self.mailbox.changed.wait(0.02)
            if not waiting:
                self.flush()
            if self.link.closing.is_set():
                raise Over
        self.line()
        self.say(tag + b" OK IDLE done")


def flags_of(one: Kept) -> bytes:
    return " ".join(sorted(one.flags)).encode()
