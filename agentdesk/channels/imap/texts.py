"""Texts of messages: what to fetch is learned from the structure, so an attachment is never brought in unasked.

The structure mostly came with the row, and then the text is one flight. Where it is not known, one message is asked for its
structure together with the beginnings of the sections a text is likely in: again one flight for nearly all mail there is, and where
the line is compressed the doubled text costs next to nothing. Several messages take a flight for their structures first. Where a
structure makes no sense the message itself is fetched, or the beginning of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from agentdesk.channels.imap import structure
from agentdesk.channels.imap.commands import Word, number_set, section, word
from agentdesk.channels.imap.responses import Fetched, structure_of
from agentdesk.channels.imap.session import Session
from agentdesk.domain.message import Body
from agentdesk.mail import limits
from agentdesk.mail.parts import CUT, PartInfo, wanted_items
from agentdesk.mail.reader import Reader

STRUCTURE = "STRUCTURE"
"""Under this name a structure that was learned on the way is handed on with what was fetched."""
FLIGHT_BYTES = 1 << 20
"""What is asked for at once, so that an urgent job never waits for more."""
_WHOLE = f"<0.{256 * 1024}>"
"""Of a message without a usable structure: text stands at the front."""
_LIKELY = ("1", "1.1")
"""Where the text stands: alone or before its attachments, or beside its HTML before them."""
_BEGINNING, _BEGINNING_PLAIN = 4096, 2048
"""How much of them is asked for on suspicion, on a compressed line and on one that is not: less than a round trip's worth."""


@dataclass(slots=True)
class _Plan:
    uid: int
    parts: tuple[PartInfo, ...]
    items: tuple[str, ...]
    """Sections with their cut, such as `1` or `2.1<0.65536>`; only a cut: of the whole message."""
    size: int
    begun: dict[str, bytes] = field(default_factory=dict)
    """Beginnings that are here, by item."""

    @property
    def rest(self) -> tuple[str, ...]:
        """What is still to be fetched."""
        return tuple(_from(item, len(begun)) if (begun := self.begun.get(item, b"")) else item for item in self.items if not self._has(item))

    def _has(self, item: str) -> bool:
        begun = self.begun.get(item)
        if begun is None:
            return False
        said = next((part.size for part in self.parts if part.section == _name(item)), 0)
        # A server that stops before the end of what was asked for has no more
        return len(begun) in (said, _cut(item)) or len(begun) not in (_BEGINNING, _BEGINNING_PLAIN)


def bring(
    session: Session, uids: Sequence[int], kept: dict[int, dict[str, bytes]], reader: Reader, known: Mapping[int, bytes], *,
    most: int = FLIGHT_BYTES,
) -> dict[int, Body | None]:
    """The texts of messages of the selected mailbox: of as many as one flight should carry, from the first on.

    None: the server has no such message any more. Every message that was tried is in the answer. `kept` takes up what was
    fetched, by message and section, as it came. `known`: the structures that are known, by UID.
    """
    plans: dict[int, _Plan] = {}
    for uid in uids:
        if parts := structure.load(known.get(uid, b"")):
            plans[uid] = _plan(uid, parts)
    strange = [uid for uid in uids if uid not in plans]
    done: dict[int, Body | None] = {}
    if strange:
        done = _learn(session, strange, plans, kept)
    due: list[_Plan] = []
    for uid in uids:
        plan = plans.get(uid)
        if plan is None:
            continue
        if due and plan.rest and sum(one.size for one in due) + plan.size > most:
            break
        due.append(plan)
    done.update(_bring(session, due, kept, reader))
    return done


def _learn(
    session: Session, uids: Sequence[int], plans: dict[int, _Plan], kept: dict[int, dict[str, bytes]]
) -> dict[int, Body | None]:
    """Make plans for messages whose structure is not known; the answer are those that are gone."""
    items = [word("UID"), word("RFC822.SIZE"), word("BODYSTRUCTURE")]
    likely = _LIKELY if len(uids) == 1 else ()
    most = _BEGINNING if session.connection.compressed else _BEGINNING_PLAIN
    items += [Word(f"BODY.PEEK[{one}]<0.{most}>".encode("ascii")) for one in likely]
    batch = session.fetch((number_set(uids), items))
    told = {one.uid: one for one in batch.found if b"BODYSTRUCTURE" in one.items or b"RFC822.SIZE" in one.items}
    gone: dict[int, Body | None] = {}
    for uid in uids:
        one = told.get(uid)
        if one is None and not batch.unreadable:
            gone[uid] = None
            continue
        plan = plans[uid] = _plan(uid, structure.parts(structure_of(one)) if one is not None else ())
        if one is None or not plan.parts:
            continue
        kept.setdefault(uid, {})[STRUCTURE] = structure.dump(plan.parts)
        for item in plan.items:
            begun = one.piece(_name(item), 0) if _name(item) in likely else None
            if begun is not None:
                plan.begun[item] = begun
    return gone


def _plan(uid: int, parts: tuple[PartInfo, ...]) -> _Plan:
    if not parts:
        return _Plan(uid, (), (_WHOLE,), _cut(_WHOLE))
    sizes = {part.section: part.size for part in parts}
    items = wanted_items(parts)
    return _Plan(uid, parts, items, sum(min(sizes.get(_name(one), 0), _cut(one) or CUT) for one in items))


def _name(item: str) -> str:
    """The section of an item."""
    name = item.partition("<")[0]
    return section(name) if name else ""


def _cut(item: str) -> int:
    """How many bytes an item brings at most; 0: all there are."""
    cut = item.partition("<0.")[2].rstrip(">")
    return int(cut) if cut else 0


def _from(item: str, at: int) -> str:
    """The rest of an item of which the beginning is here."""
    return f"{_name(item)}<{at}.{(_cut(item) or CUT) - at}>"


def _word(item: str) -> Word:
    return Word(f"BODY.PEEK[{item.replace('<', ']<') if '<' in item else item + ']'}".encode("ascii"))


def _bring(session: Session, plans: Sequence[_Plan], kept: dict[int, dict[str, bytes]], reader: Reader) -> dict[int, Body | None]:
    groups: dict[tuple[str, ...], list[_Plan]] = {}
    for plan in plans:
        if plan.rest:
            groups.setdefault(plan.rest, []).append(plan)
    requests = [
        (number_set(plan.uid for plan in group), (word("UID"), word("INTERNALDATE"), *map(_word, rest)))
        for rest, group in groups.items()
    ]
    batch = session.fetch(*requests) if requests else None
    found: dict[int, list[Fetched]] = {}
    for one in batch.found if batch is not None else ():
        found.setdefault(one.uid, []).append(one)
    unreadable = batch is not None and batch.unreadable > 0
    return {
        plan.uid: _read(plan, found.get(plan.uid, []), kept.setdefault(plan.uid, {}), reader, unreadable=unreadable) for plan in plans
    }


def _read(plan: _Plan, found: Sequence[Fetched], kept: dict[str, bytes], reader: Reader, *, unreadable: bool) -> Body | None:
    if not plan.parts:
        for one in found:
            raw = one.content("")
            if raw is not None:
                kept[_WHOLE if len(raw) >= _cut(_WHOLE) else ""] = raw
                return reader.message(raw, received=one.received or datetime.now(UTC))[1]
    elif not plan.items:
        return reader.body(plan.parts, {})  # attachments only
    else:
        contents: dict[str, bytes] = {}
        for item in plan.items:
            begun = plan.begun.get(item, b"")
            more = next((piece for one in found if (piece := one.piece(_name(item), len(begun))) is not None), None)
            if more is not None or item in plan.begun:
                contents[_name(item)] = kept[item] = begun + (more or b"")
        if contents:
            return reader.body(plan.parts, contents)
    if found or unreadable:
        return Body("", problem=limits.UNREADABLE)
    return None
