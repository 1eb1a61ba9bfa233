"""Texts of messages: what to fetch is learned from BODYSTRUCTURE, so an attachment is never brought in unasked.

Two flights for many messages: their structures, then their text parts, those with the same sections in one command. Where a
structure makes no sense the message itself is fetched, or the beginning of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from agentdesk.channels.imap import structure
from agentdesk.channels.imap.commands import Word, number_set, section, word
from agentdesk.channels.imap.responses import Fetched, structure_of
from agentdesk.channels.imap.session import Session
from agentdesk.domain.message import Body
from agentdesk.mail import limits
from agentdesk.mail.parts import PartInfo, wanted_items
from agentdesk.mail.reader import Reader

FLIGHT_BYTES = 1 << 20
"""What is asked for at once, so that an urgent job never waits for more."""
_WHOLE_BYTES = 256 * 1024
"""Of a message without a usable structure: text stands at the front."""


@dataclass(slots=True)
class _Plan:
    uid: int
    parts: tuple[PartInfo, ...]
    items: tuple[str, ...]
    """Sections with their cut, such as `1` or `2.1<0.4194304>`; empty: the whole message."""
    size: int

    @property
    def words(self) -> tuple[Word, ...]:
        items = self.items or (f"<0.{_WHOLE_BYTES}>",)
        return tuple(Word(f"BODY.PEEK[{one.replace('<', ']<') if '<' in one else one + ']'}".encode("ascii")) for one in items)


def bring(
    session: Session, uids: Sequence[int], kept: dict[int, dict[str, bytes]], reader: Reader, *, most: int = FLIGHT_BYTES
) -> dict[int, Body | None]:
    """The texts of messages of the selected mailbox: of as many as one flight should carry, from the first on.

    None: the server has no such message any more. Every message that was tried is in the answer. `kept` takes up what was
    fetched, by message and section, as it came.
    """
    batch = session.fetch((number_set(uids), (word("UID"), word("RFC822.SIZE"), word("BODYSTRUCTURE"))))
    told = {one.uid: one for one in batch.found if b"BODYSTRUCTURE" in one.items or b"RFC822.SIZE" in one.items}
    done: dict[int, Body | None] = {}
    plans: list[_Plan] = []
    for uid in uids:
        if uid not in told and not batch.unreadable:
            done[uid] = None
            continue
        plan = _plan(uid, told.get(uid))
        if plan.parts and not plan.items:
            done[uid] = reader.body(plan.parts, {})  # attachments only
            continue
        if plans and sum(one.size for one in plans) + plan.size > most:
            break
        plans.append(plan)
    if plans:
        done.update(_bring(session, plans, kept, reader))
    return done


def _plan(uid: int, told: Fetched | None) -> _Plan:
    parts = structure.parts(structure_of(told)) if told is not None else ()
    if not parts:
        return _Plan(uid, (), (), _WHOLE_BYTES)
    sizes = {part.section: part.size for part in parts}
    items = wanted_items(parts)
    return _Plan(uid, parts, items, sum(_most(one, sizes.get(section(one.partition("<")[0]), 0)) for one in items))


def _most(item: str, size: int) -> int:
    """How many bytes an item brings at most."""
    cut = item.partition("<0.")[2].rstrip(">")
    return min(size, int(cut)) if cut else size


def _bring(session: Session, plans: Sequence[_Plan], kept: dict[int, dict[str, bytes]], reader: Reader) -> dict[int, Body | None]:
    groups: dict[tuple[str, ...], list[_Plan]] = {}
    for plan in plans:
        groups.setdefault(plan.items, []).append(plan)
    requests = [
        (number_set(plan.uid for plan in group), (word("UID"), word("INTERNALDATE"), *group[0].words))
        for group in groups.values()
    ]
    batch = session.fetch(*requests)
    found: dict[int, list[Fetched]] = {}
    for one in batch.found:
        found.setdefault(one.uid, []).append(one)
    return {
        plan.uid: _read(plan, found.get(plan.uid, []), kept.setdefault(plan.uid, {}), reader, unreadable=batch.unreadable > 0)
        for plan in plans
    }


def _read(plan: _Plan, found: Sequence[Fetched], kept: dict[str, bytes], reader: Reader, *, unreadable: bool) -> Body | None:
    if not plan.items:
        for one in found:
            raw = one.content("")
            if raw is not None:
                kept[f"<0.{_WHOLE_BYTES}>" if len(raw) >= _WHOLE_BYTES else ""] = raw
                return reader.message(raw, received=one.received or datetime.now(UTC))[1]
    else:
        contents: dict[str, bytes] = {}
        for one in found:
            for item in plan.items:
                name = item.partition("<")[0]
                content = one.content(name)
                if content is not None:
                    contents[name] = content
                    kept[item] = content
        if contents:
            return reader.body(plan.parts, contents)
    if found or unreadable:
        return Body("", problem=limits.UNREADABLE)
    return None
