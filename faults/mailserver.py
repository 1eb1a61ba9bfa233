"""A small IMAP server over a mailbox in memory, for faults that a real one can't be made to have at a given byte.

It speaks what a client of ours may ask (RFC 3501, QRESYNC, CONDSTORE, ESEARCH, UIDPLUS, MOVE, COMPRESS, IDLE, SPECIAL-USE, PREVIEW,
LIST-STATUS) and answers BAD to the rest. The same question finds the same bytes each time, so a cut after byte n is the same cut
in every run. Every connection has a thread of its own.
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from faults.letters import taken_in
from faults.links import Link, Over
from faults.mailbox import Folder, Kept, Mailbox

FULL = (
    "IMAP4rev1 AUTH=PLAIN SASL-IR ENABLE QRESYNC CONDSTORE ESEARCH UIDPLUS MOVE COMPRESS=DEFLATE IDLE SPECIAL-USE LIST-EXTENDED"
    " LIST-STATUS PREVIEW LITERAL+ NAMESPACE UNSELECT"
)
CONDSTORE = "IMAP4rev1 AUTH=PLAIN SASL-IR ENABLE CONDSTORE ESEARCH UIDPLUS IDLE SPECIAL-USE LITERAL+"
BARE = "IMAP4rev1"
OFFERS = {"full": FULL, "condstore": CONDSTORE, "bare": BARE}

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|BODY(?:\.PEEK)?\[[^\]]*\](?:<[0-9.]+>)?|[()]|[^ ()"]+', re.IGNORECASE)
_SECTION = re.compile(rb"BODY(?:\.PEEK)?\[([^\]]*)\](?:<([0-9]+)(?:\.([0-9]+))?>)?", re.IGNORECASE)

LinkMaker = Callable[[socket.socket, threading.Event], Link]


class Bad(Exception):  # noqa: N818 - it names the answer
    """A command this server does not know."""


def tokens(line: bytes) -> list[bytes]:
    return [_unquoted(one) for one in _TOKEN.findall(line)]


def _unquoted(word: bytes) -> bytes:
    return re.sub(rb"\\(.)", rb"\1", word[1:-1]) if word.startswith(b'"') else word


def runs(raw: bytes, last: int) -> Iterator[range]:
    """The numbers of a set; `*` is the last."""
    for item in raw.split(b","):
        first, _, end = item.partition(b":")
        low, high = (last if one == b"*" else int(one) for one in (first, end or first))
        yield range(min(low, high), max(low, high) + 1)


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

    def __init__(self, server: MailServer, link: Link) -> None:
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
        for number, one in enumerate(folder.messages, 1):
            if self.told.get(one.uid, one.modseq) != one.modseq:
                self.say(b"* %d FETCH (%bFLAGS (%b)%b)" % (number, b"UID %d " % one.uid if uid or self.enabled else b"", _flags(one), self._modseq(one)))
            self.told[one.uid] = one.modseq

    def _modseq(self, one: Kept) -> bytes:
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

    # Commands. Each says what is untagged, and returns a response code (or a refusal) for its answer.

    def do_capability(self, _tag: bytes, _words: list[bytes]) -> bytes:
        self.say(b"* CAPABILITY " + self.server.offers)
        return b""

    def do_noop(self, _tag: bytes, _words: list[bytes]) -> bytes:
        return b""

    do_check = do_subscribe = do_noop

    def do_idle(self, _tag: bytes, _words: list[bytes]) -> bytes:
        return b""

    def do_logout(self, _tag: bytes, _words: list[bytes]) -> bytes:
        self.say(b"* BYE see you")
        return b""

    def do_login(self, _tag: bytes, _words: list[bytes]) -> bytes:
        return b"[CAPABILITY " + self.server.offers + b"] "

    def do_authenticate(self, _tag: bytes, words: list[bytes]) -> bytes:
        if len(words) < 2:
            self.say(b"+ ")
            self.flush()
            self.line()
        return self.do_login(b"", [])

    def do_compress(self, _tag: bytes, _words: list[bytes]) -> bytes:
        if b"COMPRESS" not in self.server.offers:
            raise Bad
        return b""

    def do_enable(self, _tag: bytes, words: list[bytes]) -> bytes:
        self.enabled |= {word.upper() for word in words}
        self.say(b"* ENABLED " + b" ".join(words))
        return b""

    def do_id(self, _tag: bytes, _words: list[bytes]) -> bytes:
        self.say(b'* ID ("name" "faults")')
        return b""

    def do_namespace(self, _tag: bytes, _words: list[bytes]) -> bytes:
        self.say(b'* NAMESPACE (("" "/")) NIL NIL')
        return b""

    def do_list(self, _tag: bytes, words: list[bytes]) -> bytes:
        for folder in self.mailbox.folders.values():
            self.say(b'* LIST (%b) "/" "%b"' % (folder.use.encode(), folder.name.encode()))
        if b"STATUS" in words:
            items = [word for word in words[words.index(b"STATUS") + 1 :] if word not in b"()"]
            for folder in self.mailbox.folders.values():
                self._status(folder, items)
        return b""

    def _named(self, name: bytes) -> Folder:
        found = self.mailbox.folders.get(name.decode("utf-8", "replace"))
        if found is None:
            raise Bad
        return found

    def do_status(self, _tag: bytes, words: list[bytes]) -> bytes:
        if words[0].decode("utf-8", "replace") not in self.mailbox.folders:
            return b" NO there is none"
        self._status(self._named(words[0]), [word.upper() for word in words[1:] if word not in b"()"])
        return b""

    def _status(self, folder: Folder, items: list[bytes]) -> None:
        values = {
            b"MESSAGES": len(folder.messages), b"UIDNEXT": folder.uidnext, b"UIDVALIDITY": folder.uidvalidity, b"HIGHESTMODSEQ": folder.modseq,
            b"UNSEEN": sum("\\Seen" not in one.flags for one in folder.messages), b"RECENT": 0,
        }
        told = b" ".join(b"%b %d" % (item, values[item]) for item in items if item in values)
        self.say(b'* STATUS "%b" (%b)' % (folder.name.encode(), told))

    def do_create(self, _tag: bytes, words: list[bytes]) -> bytes:
        name = words[0].decode("utf-8", "replace")
        self.mailbox.folders.setdefault(name, Folder(name, ""))
        return b""

    def do_select(self, _tag: bytes, words: list[bytes]) -> bytes:
        name = words[0].decode("utf-8", "replace")
        if name not in self.mailbox.folders:
            self.folder = None
            return b" NO there is none"
        if b"CONDSTORE" in words:
            self.enabled.add(b"CONDSTORE")
        folder = self.folder = self._named(words[0])
        self.view = [one.uid for one in folder.messages]
        self.told = {one.uid: one.modseq for one in folder.messages}
        self.say(rb"* FLAGS (\Answered \Flagged \Deleted \Seen \Draft)")
        self.say(rb"* OK [PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft \*)] limited")
        self.say(b"* %d EXISTS" % len(folder.messages))
        self.say(b"* 0 RECENT")
        self.say(b"* OK [UIDVALIDITY %d] valid" % folder.uidvalidity)
        self.say(b"* OK [UIDNEXT %d] next" % folder.uidnext)
        if b"CONDSTORE" in self.server.offers:
            self.say(b"* OK [HIGHESTMODSEQ %d] highest" % folder.modseq)
        if b"QRESYNC" in words and b"QRESYNC" in self.enabled:
            self._resync(folder, [word for word in words[words.index(b"QRESYNC") + 1 :] if word not in b"()"])
        return b"[READ-WRITE] "

    do_examine = do_select

    def _resync(self, folder: Folder, words: list[bytes]) -> None:
        if int(words[0]) != folder.uidvalidity:
            return
        since = int(words[1])
        gone = {uid for modseq, uid in folder.gone if modseq > since}
        if gone:
            self.say(b"* VANISHED (EARLIER) " + as_set(gone))
        for number, one in enumerate(folder.messages, 1):
            if one.modseq > since:
                self.say(b"* %d FETCH (UID %d FLAGS (%b) MODSEQ (%d))" % (number, one.uid, _flags(one), one.modseq))

    def do_unselect(self, _tag: bytes, _words: list[bytes]) -> bytes:
        self.folder = None
        return b""

    def _selected(self) -> Folder:
        if self.folder is None:
            raise Bad
        return self.folder

    def _chosen(self, raw: bytes, *, uid: bool) -> list[tuple[int, Kept]]:
        folder = self._selected()
        numbered = [(number, one) for number, one in enumerate(folder.messages, 1)]
        last = (folder.messages[-1].uid if uid else len(folder.messages)) if folder.messages else 0
        wanted = list(runs(raw, last))
        return [(number, one) for number, one in numbered if any((one.uid if uid else number) in run for run in wanted)]

    def do_fetch(self, _tag: bytes, words: list[bytes], *, uid: bool = False) -> bytes:
        since = int(words[words.index(b"CHANGEDSINCE") + 1]) if b"CHANGEDSINCE" in words else 0
        if since and b"VANISHED" in words:
            gone = {one for modseq, one in self._selected().gone if modseq > since}
            if gone:
                self.say(b"* VANISHED (EARLIER) " + as_set(gone))
        items = words[1:]
        if items and items[0] == b"(":
            items = items[1 : items.index(b")")]
        for number, one in self._chosen(words[0], uid=uid):
            if since and one.modseq <= since:
                continue
            data = b" ".join(self._item(item, one, uid=uid) for item in items)
            if uid and not any(item.upper() == b"UID" for item in items):
                data = b"UID %d " % one.uid + data
            self.say(b"* %d FETCH (%b%b)" % (number, data, self._modseq(one) if since else b""))
        return b""

    def do_uid_fetch(self, tag: bytes, words: list[bytes]) -> bytes:
        return self.do_fetch(tag, words, uid=True)

    def _item(self, item: bytes, one: Kept, *, uid: bool) -> bytes:
        del uid
        name, letter = item.upper(), one.letter
        if name == b"UID":
            return b"UID %d" % one.uid
        if name == b"FLAGS":
            return b"FLAGS (%b)" % _flags(one)
        if name == b"INTERNALDATE":
            return f'INTERNALDATE "{one.at:%d-%b-%Y %H:%M:%S} +0000"'.encode()
        if name == b"RFC822.SIZE":
            return b"RFC822.SIZE %d" % len(letter.raw)
        if name == b"BODYSTRUCTURE":
            return b"BODYSTRUCTURE " + letter.structure
        if name == b"MODSEQ":
            return b"MODSEQ (%d)" % one.modseq
        if name.startswith(b"PREVIEW") and b"PREVIEW" in self.server.offers:
            return b"PREVIEW {%d}\r\n" % len(letter.preview) + letter.preview
        found = _SECTION.fullmatch(item)
        if found is None:
            raise Bad
        shown = found[1].upper() if found[1].upper().startswith(b"HEADER") else found[1]
        if shown.startswith(b"HEADER.FIELDS"):
            content = letter.fields(frozenset(shown.partition(b"(")[2].rstrip(b")").decode().split()))
        else:
            content = letter.section(shown.decode())
        label = b"BODY[%b]" % shown
        if found[2]:
            start = int(found[2])
            content = content[start : start + int(found[3] or 1 << 40)]
            label += b"<%d>" % start
        return b"%b {%d}\r\n%b" % (label, len(content), content)

    def do_store(self, _tag: bytes, words: list[bytes], *, uid: bool = False) -> bytes:
        how = words[1].upper()
        names = {word.decode() for word in words[2:] if word not in b"()"}
        folder = self._selected()
        for number, one in self._chosen(words[0], uid=uid):
            now = one.flags | names if how.startswith(b"+") else one.flags - names if how.startswith(b"-") else names
            if now != one.flags:
                one.flags, one.modseq = set(now), folder.touch()
                self.told[one.uid] = one.modseq
            if b"SILENT" not in how:
                self.say(b"* %d FETCH (UID %d FLAGS (%b))" % (number, one.uid, _flags(one)))
        self.mailbox.changed.notify_all()
        return b""

    def do_uid_store(self, tag: bytes, words: list[bytes]) -> bytes:
        return self.do_store(tag, words, uid=True)

    def do_search(self, _tag: bytes, words: list[bytes], *, uid: bool = False) -> bytes:
        extended = words[:1] == [b"RETURN"]
        if extended:
            words = words[words.index(b")") + 1 :]
        folder = self._selected()
        found = [(number, one) for number, one in enumerate(folder.messages, 1)]
        while words:
            word = words.pop(0).upper()
            if word == b"CHARSET":
                words.pop(0)
            elif word == b"UID":
                wanted = {one.uid for _, one in self._chosen(words.pop(0), uid=True)}
                found = [pair for pair in found if pair[1].uid in wanted]
            elif word == b"HEADER":
                name, value = words.pop(0).upper(), words.pop(0)
                found = [pair for pair in found if value in pair[1].letter.fields(frozenset({name.decode()}))]
            elif word == b"DELETED":
                found = [pair for pair in found if "\\Deleted" in pair[1].flags]
            elif word in (b"SINCE", b"BEFORE"):
                day = datetime.strptime(words.pop(0).decode(), "%d-%b-%Y").date()  # noqa: DTZ007 - a day of the server's
                found = [pair for pair in found if (pair[1].at.date() >= day) == (word == b"SINCE")]
            elif word != b"ALL":
                raise Bad
        numbers = [one.uid if uid else number for number, one in found]
        if extended:
            self.say(b'* ESEARCH (TAG "x")' + (b" UID" if uid else b"") + (b" ALL " + as_set(numbers) if numbers else b""))
        else:
            self.say(b"* SEARCH" + b"".join(b" %d" % number for number in numbers))
        return b""

    def do_uid_search(self, tag: bytes, words: list[bytes]) -> bytes:
        return self.do_search(tag, words, uid=True)

    def do_uid_copy(self, _tag: bytes, words: list[bytes]) -> bytes:
        target = self._named(words[1])
        chosen = [one for _, one in self._chosen(words[0], uid=True)]
        made = [target.add(one.letter, one.flags, one.at) for one in chosen]
        self.mailbox.changed.notify_all()
        return b"[COPYUID %d %b %b] " % (target.uidvalidity, as_set(one.uid for one in chosen), as_set(made)) if made else b""

    def do_uid_move(self, tag: bytes, words: list[bytes]) -> bytes:
        uids = [one.uid for _, one in self._chosen(words[0], uid=True)]
        code = self.do_uid_copy(tag, words)
        if code:
            self.say(b"* OK " + code.strip() + b" moved")
        self._selected().expunge(uids)
        return b""

    def do_uid_expunge(self, _tag: bytes, words: list[bytes]) -> bytes:
        self._selected().expunge(one.uid for _, one in self._chosen(words[0], uid=True) if "\\Deleted" in one.flags)
        self.mailbox.changed.notify_all()
        return b""

    def do_expunge(self, _tag: bytes, _words: list[bytes]) -> bytes:
        folder = self._selected()
        folder.expunge([one.uid for one in folder.messages if "\\Deleted" in one.flags])
        self.mailbox.changed.notify_all()
        return b""

    def do_append(self, _tag: bytes, words: list[bytes]) -> bytes:
        name = words[0].decode("utf-8", "replace")
        if name not in self.mailbox.folders:
            return b" NO [TRYCREATE] there is none"
        folder, letter = self.mailbox.folders[name], taken_in(words[-1])
        flags = {word.decode() for word in words[1:-1] if word.startswith(b"\\")}
        uid = folder.add(letter, flags)
        self.mailbox.appended.append(letter.message_id)
        self.mailbox.changed.notify_all()
        return b"[APPENDUID %d %d] " % (folder.uidvalidity, uid)


def _flags(one: Kept) -> bytes:
    return " ".join(sorted(one.flags)).encode()


class MailServer:
    """Listens on loopback; each connection gets the link that `links` makes for it."""

    greeting = b""

    def __init__(self, mailbox: Mailbox, *, offers: str = FULL, links: LinkMaker = Link) -> None:
        self.mailbox, self.offers, self.links = mailbox, offers.encode(), links
        self.heard: list[bytes] = []
        """The verbs that came."""
        self.last: Link | None = None
        self.connections = 0
        self.failures: list[BaseException] = []
        self.closing = threading.Event()
        self._talking: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._listener.settimeout(0.2)
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def spoil(self, data: bytes, talk: Talk) -> bytes:
        """A place for faults in what is said, before it is compressed."""
        del talk
        return data

    def _accept(self) -> None:
        while not self.closing.is_set():
            try:
                sock, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            self.connections += 1
            self.last = self.links(sock, self.closing)
            thread = threading.Thread(target=self._talk, args=(self.last,), daemon=True)
            self._talking = [one for one in self._talking if one.is_alive()]
            self._talking.append(thread)
            thread.start()

    def _talk(self, link: Link) -> None:
        try:
            Talk(self, link).run()
        except (Over, zlib.error):
            pass
        except Exception as error:  # noqa: BLE001 - a defect of this server must be seen by whoever uses it
            self.failures.append(error)
        finally:
            link.close()

    def close(self) -> None:
        self.closing.set()
        with contextlib.suppress(OSError):
            self._listener.close()
        self._thread.join(10)
        for thread in self._talking:
            thread.join(10)

    def __enter__(self) -> MailServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
