"""What makes a row of the queue: which items to ask for, and what comes of them.

Two sets. The lean one holds what a row shows and what its thread needs, for the newest window and for what came while we were
away: a fifth of the bytes less until the list can be used. The rest (who vouches for the sender, whether a machine wrote it, and
the structure, so that a text is one flight later) follows in one flight of its own, by `finish`. Everything else is asked for whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime

from agentdesk.channels.base import ChannelDown
from agentdesk.channels.imap import structure
from agentdesk.channels.imap.commands import Word, number_set, word
from agentdesk.channels.imap.exchange import Batch
from agentdesk.channels.imap.responses import Fetched, structure_of
from agentdesk.channels.imap.session import Session
from agentdesk.domain.mailbox import Arrival, Finished, Unfinished
from agentdesk.domain.message import Address, Envelope
from agentdesk.mail.parse import HEADER_FIELDS, REST_FIELDS, ROW_FIELDS
from agentdesk.mail.reader import Reader


def _fields(names: Iterable[str]) -> Word:
    return Word(b"BODY.PEEK[HEADER.FIELDS (" + " ".join(names).upper().encode("ascii") + b")]")


_ROW = (word("UID"), word("FLAGS"), word("INTERNALDATE"), word("RFC822.SIZE"))
_LEAN = _fields(ROW_FIELDS)
_WHOLE = _fields(HEADER_FIELDS)
_REST = _fields(REST_FIELDS)
WHO = (word("UID"), _fields(("MESSAGE-ID",)))
"""What tells one mail from another."""
LEAST = (word("UID"), word("INTERNALDATE"), _fields(("FROM", "SUBJECT", "DATE", "MESSAGE-ID")))
"""The least that makes a row, where more can't be read."""


class Rows:
    """Asks for rows and reads them, on one connection after the other.

    There are messages on which servers break off when they are to describe their parts: after a flight that broke, one goes
    without the structures. So the others come, and what lies there costs one connection.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.wary = False
        """The last flight broke off, and it may have been a structure: the next one goes without."""

    def fetch(self, session: Session, which: Word, *, lean: bool = False, uid: bool = True) -> Batch:
        """Rows; what came with them unasked is news of flags."""
        if lean:
            batch = session.fetch((which, self.lean(session)), uid=uid)
        else:
            batch = self._described(session, which, self._whole(session), uid=uid)
        for one in batch.found:
            if not is_row(one):
                session.note_flags(one)
        return batch

    def lean(self, session: Session) -> tuple[Word, ...]:
        """The lean set. The size is in it, too: without a Message-ID it is part of what tells a mail apart."""
        return (*_ROW, *_preview(session), _LEAN)

    def pushed(self, session: Session) -> tuple[Word, ...]:
        """What a server is to say of new messages by itself: all of it."""
        return (*self._whole(session), word("BODYSTRUCTURE"))

    @staticmethod
    def _whole(session: Session) -> tuple[Word, ...]:
        return (*_ROW, *_preview(session), _WHOLE)

    def _described(self, session: Session, which: Word, items: tuple[Word, ...], *, uid: bool = True) -> Batch:
        """With their structures."""
        if self.wary:
            self.wary = False
            return session.fetch((which, items), uid=uid)
        try:
            return session.fetch((which, (*items, word("BODYSTRUCTURE"))), uid=uid)
        except ChannelDown:
            self.wary = True
            raise

    def arrivals(self, found: Iterable[Fetched], since: date | None, *, lean: bool) -> list[Arrival]:
        """The messages among the responses, newest first, within retention."""
        made = []
        for one in found:
            header = one.content("HEADER.FIELDS")
            if header is None or not one.uid:
                continue
            received = one.received or datetime.now(UTC)
            if since is not None and received.date() < since:
                continue
            size, preview = one.items.get(b"RFC822.SIZE"), one.items.get(b"PREVIEW")
            envelope = self._reader.header(
                header,
                received=received,
                size=size if isinstance(size, int) else 0,
                preview=preview.decode("utf-8", "replace") if isinstance(preview, bytes) else "",
            )
            parts = structure.dump(structure.parts(structure_of(one)))
            made.append(Arrival(one.uid, one.flags or frozenset(), envelope, header, lean=lean, structure=parts))
        return sorted(made, key=lambda arrival: -arrival.uid)

    def finish(self, session: Session, wanted: Mapping[int, Unfinished]) -> dict[int, Finished]:
        """The rest of some headers, by message; of those that the server answered. `wanted`: by UID, in the selected mailbox."""
        batch = self._described(session, number_set(wanted), (word("UID"), _REST))
        found: dict[int, Finished] = {}
        for one in batch.found:
            rest, mine = one.content("HEADER.FIELDS"), wanted.get(one.uid)
            if rest is None or mine is None:
                session.note_flags(one)
                continue
            header = joined(mine.header, rest)
            envelope = self._reader.header(header, received=datetime.now(UTC))
            found[mine.message] = Finished(envelope, header, structure.dump(structure.parts(structure_of(one))))
        return found


def _preview(session: Session) -> tuple[Word, ...]:
    return (word("PREVIEW"),) if session.offers("PREVIEW") else ()


def is_row(one: Fetched) -> bool:
    """Whether a response is of a message that was asked for, and no news of flags."""
    return one.uid > 0 and one.content("HEADER.FIELDS") is not None


def unreadable(uid: int) -> Arrival:
    """The row of a message whose response can't be read in any form."""
    return Arrival(uid, frozenset(), Envelope("", "", Address("", ""), datetime.now(UTC), problem="unreadable"))


def joined(first: bytes, rest: bytes) -> bytes:
    """Two halves of a header block, the first without the empty line that ends it."""
    fields = first.rstrip(b"\r\n")
    return fields + b"\r\n" + rest if fields else rest
