"""The commands of the scripted IMAP server. Each says what is untagged, and returns a response code (or a refusal) for its answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from faults.imaptalk import Bad, Talk, as_set, flags_of
from faults.letters import taken_in
from faults.mailbox import Folder, Kept

_SECTION = re.compile(rb"BODY(?:\.PEEK)?\[([^\]]*)\](?:<([0-9]+)(?:\.([0-9]+))?>)?", re.IGNORECASE)


def runs(raw: bytes, last: int) -> Iterator[range]:
    """The numbers of a set; `*` is the last."""
    for item in raw.split(b","):
        first, _, end = item.partition(b":")
        low, high = (last if one == b"*" else int(one) for one in (first, end or first))
        yield range(min(low, high), max(low, high) + 1)


class Commands(Talk):
    """What a client of ours may ask, and a little more."""

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
                self.say(b"* %d FETCH (UID %d FLAGS (%b) MODSEQ (%d))" % (number, one.uid, flags_of(one), one.modseq))

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
            self.say(b"* %d FETCH (%b%b)" % (number, data, self.modseq(one) if since else b""))
        return b""

    def do_uid_fetch(self, tag: bytes, words: list[bytes]) -> bytes:
        return self.do_fetch(tag, words, uid=True)

    def _item(self, item: bytes, one: Kept, *, uid: bool) -> bytes:
        del uid
        name, letter = item.upper(), one.letter
        if name == b"UID":
            return b"UID %d" % one.uid
        if name == b"FLAGS":
            return b"FLAGS (%b)" % flags_of(one)
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
                self.say(b"* %d FETCH (UID %d FLAGS (%b))" % (number, one.uid, flags_of(one)))
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
