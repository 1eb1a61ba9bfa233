"""Attachments and whole messages, brought in piece by piece (`BODY.PEEK[section]<offset.size>`, RFC 3501, 6.4.5).

Each piece is a flight of its own, sized so that it takes about a second on this line: whoever keeps the pieces can stop between
two of them for something urgent, and go on later from there, also after the line broke.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from agentdesk.channels.imap import structure
from agentdesk.channels.imap.commands import Word, number_set, word
from agentdesk.channels.imap.pace import Pace
from agentdesk.channels.imap.patience import Patience
from agentdesk.channels.imap.responses import structure_of
from agentdesk.channels.imap.session import Session
from agentdesk.errors import Refused
from agentdesk.locale import say
from agentdesk.mail.parts import PartInfo
from agentdesk.mail.structure import read_structure

Keep = Callable[[bytes, int], bool]
"""Takes the next piece, as it is encoded, and how many bytes there are in all as far as is known; False: no more for now."""

LEAST, MOST = 8 << 10, 512 << 10
_WHOLE_MESSAGE = Patience(seconds=120, most=3600, bytes=256 << 20)


def pace() -> Pace:
    """That of a line of which nothing is known yet; a piece takes a second or so, for that long an urgent job may wait."""
    return Pace(32 << 10, least=LEAST, most=MOST, seconds=1.5)


def bring(session: Session, uid: int, section: str, start: int, keep: Keep, at_once: Pace) -> PartInfo | None:
    """Hand the pieces of a section ("": of the whole message) to `keep`, from `start` on, in order.

    The last time the total is exact; before, it is what the server says, and servers say what they like (Exchange estimates).
    What is known of the part is the answer: None if `keep` had enough, or for a whole message.

    Raises:
        Refused: no such message, or it has no such part.
    """
    at, total, info = start, 0, None
    asked: tuple[Word, ...] = (word("BODYSTRUCTURE"),) if section else (word("RFC822.SIZE"),)
    while True:
        size = at_once.size
        began = time.monotonic()
        item = Word(f"BODY.PEEK[{section}]<{at}.{size}>".encode("ascii"))
        batch = session.fetch((number_set([uid]), (word("UID"), *asked, item)), patience=_WHOLE_MESSAGE)
        piece: bytes | None = None
        for one in batch.found:
            if one.uid != uid:
                session.note_flags(one)
                continue
            if asked and section:
                info = next((part for part in structure.parts(structure_of(one)) if part.section == section), None)
                total = info.size if info is not None else 0
            elif asked:
                said = one.items.get(b"RFC822.SIZE")
                total = said if isinstance(said, int) else 0
            piece = one.piece(section, at)
        if piece is None or (section and info is None):
            if not section:
                raise Refused(say("channels.not_there"))
            return _from_whole(session, uid, section, start, keep)
        at_once.took(len(piece), time.monotonic() - began)
        asked = ()
        at += len(piece)
        ended = not piece or (len(piece) < size and at >= total) or len(piece) > size
        more = keep(piece, at if ended else max(at, total))
        if ended:
            return info
        if not more:
            return None


def described(session: Session, uid: int, section: str) -> PartInfo | None:
    """What the server says of a part."""
    batch = session.fetch((number_set([uid]), (word("UID"), word("BODYSTRUCTURE"))))
    for one in batch.found:
        if one.uid == uid:
            return next((part for part in structure.parts(structure_of(one)) if part.section == section), None)
    return None


def _from_whole(session: Session, uid: int, section: str, start: int, keep: Keep) -> PartInfo:
    """A part the server does not know of, found by ourselves in the message.

    Raises:
        Refused: no such message, or it has no such part.
    """
    whole = read_structure(whole_message(session, uid))
    for info in whole.parts:
        if info.section == section and section in whole.spans:
            content = whole.content(section)
            keep(content[start:], len(content))
            return info
    raise Refused(say("channels.not_there"))


def whole_message(session: Session, uid: int) -> bytes:
    """The message as it is on the server, every byte, at once.

    Raises:
        Refused: it is no longer there.
    """
    batch = session.fetch((number_set([uid]), (word("UID"), word("BODY.PEEK[]"))), patience=_WHOLE_MESSAGE)
    for one in batch.found:
        raw = one.content("")
        if one.uid == uid and raw is not None:
            return raw
    raise Refused(say("channels.not_there"))
