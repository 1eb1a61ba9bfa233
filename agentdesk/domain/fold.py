"""The fold: what the events of one conversation add up to.

Pure and total. Whoever reads the same events in the same order gets the same state, whatever happened on the way: an event
that landed twice counts once (also one that was rejected), kinds and versions of a later program are skipped, and data that
make no sense are skipped, never fatal, because one bad event in a shared log must not stop everybody's desk.

Ownership is decided by the event itself: it names the ownership event its author saw (`based_on`), and it wins only if that
is still the present one. So of two agents who claim at once exactly one wins, and all readers agree which
(`docs/decisions/0001-event-log.md`).

What only time or the customer causes (a snooze ends, a promise breaks, an answer reopens) is computed by `standing`, never
appended: otherwise every desk would append it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from agentdesk.domain.conversation import ConversationState, Priority, Status
from agentdesk.domain.events import Event, Kind

VERSION = 1
"""The version of event data this program writes and reads."""

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Note:
    """An internal note that is alive: written and not removed."""

    id: str
    """Of the event that wrote it."""
    at: datetime
    actor: str
    text: str
    pending: bool = False
    """Not yet confirmed by the log."""


@dataclass(frozen=True, slots=True)
class Change:
    """An event still to be made: the caller gives it an id, a target and an actor."""

    kind: Kind
    data: dict[str, Any] = field(default_factory=dict)
    based_on: str = ""


def fold(
    confirmed: Iterable[tuple[datetime, Event]], pending: Iterable[tuple[datetime, Event]] = ()
) -> ConversationState:
    """The state of one conversation: its confirmed events in log order, then what this desk has not seen confirmed.

    The times of confirmed events are those the log gave them. An owner who stands only in a pending event shows as
    `claiming`: it may still be lost to somebody whose claim reached the log first.
    """
    seen: set[str] = set()
    state = ConversationState()
    for at, event in confirmed:
        if _is_new(event, seen):
            state = apply(state, at, event)
    settled = state.ownership_event
    for at, event in pending:
        if _is_new(event, seen):
            state = apply(state, at, event)
    claiming = state.ownership_event != settled and state.assignee != ""
    return replace(state, claiming=claiming)


def notes(
    confirmed: Iterable[tuple[datetime, Event]], pending: Iterable[tuple[datetime, Event]] = ()
) -> tuple[Note, ...]:
    """The notes alive, in log order. A removal counts wherever it stands: after a repair the log's order may differ."""
    seen: set[str] = set()
    removed: set[str] = set()
    written: list[Note] = []
    for events, is_pending in ((confirmed, False), (pending, True)):
        for at, event in events:
            if not _is_new(event, seen) or event.v != VERSION or not isinstance(event.data, Mapping):
                continue
            if event.kind == Kind.NOTE:
                text = event.data.get("text")
                if isinstance(text, str) and text.strip():
                    written.append(Note(event.id, at, event.actor, text, is_pending))
            elif event.kind == Kind.NOTE_REMOVED:
                note = event.data.get("note")
                if isinstance(note, str):
                    removed.add(note)
    return tuple(note for note in written if note.id not in removed)


def apply(state: ConversationState, at: datetime, event: Event) -> ConversationState:
    """One event on top of a state. The caller drops duplicates."""
    if event.v != VERSION or not isinstance(event.data, Mapping):
        return state
    data = event.data
    match event.kind:
        case Kind.CLAIM | Kind.ASSIGN:
            owner = data.get("owner")
            if not isinstance(owner, str) or (event.kind == Kind.CLAIM and not owner.strip()):
                return state
            if event.based_on != state.ownership_event:
                return state
            return replace(state, assignee=owner.strip(), ownership_event=event.id)
        case Kind.STATUS:
            return _with_status(state, at, data.get("status"), data)
        case Kind.REPLIED:
            return state if "then" not in data else _with_status(state, at, data.get("then"), data)
        case Kind.TAG:
            add, remove = _words(data.get("add", [])), _words(data.get("remove", []))
            return state if add is None or remove is None else replace(state, tags=(state.tags - remove) | add)
        case Kind.PRIORITY:
            word = data.get("priority")
            if not isinstance(word, str) or word not in set(Priority):
                return state
            return replace(state, priority=Priority(word))
        case Kind.ORDER:
            number = data.get("number", 0)
            return replace(state, order_number=number) if number is None or isinstance(number, str) else state
        case Kind.SPAM:
            spam = data.get("spam")
            return replace(state, spam=spam) if isinstance(spam, bool) else state
        case Kind.LANGUAGE:
            language = data.get("language")
            return replace(state, language=language) if isinstance(language, str) else state
    return state


def inverse(event: Event, before: ConversationState, *, note: str = "") -> Change | None:
    """What takes an event back, given the state it fell upon; None if it changed nothing that can be taken back.

    `note` is the text of the note a `note_removed` took away. An undone ownership names the event it undoes, so that it
    loses if somebody took the conversation in between. Tags give back only what this event changed.
    """
    after = apply(before, before.status_at or _NEVER, event)
    match event.kind:
        case Kind.CLAIM | Kind.ASSIGN:
            if after.ownership_event != event.id:
                return None
            return Change(Kind.ASSIGN, {"owner": before.assignee}, based_on=event.id)
        case Kind.STATUS | Kind.REPLIED:
            if (after.status, after.snoozed_until) == (before.status, before.snoozed_until):
                return None
            data: dict[str, Any] = {"status": before.status.value}
            if before.snoozed_until is not None:
                data["until"] = before.snoozed_until.isoformat()
            if before.status_seen:
                data["seen"] = before.status_seen
            return Change(Kind.STATUS, data)
        case Kind.TAG:
            gained, lost = after.tags - before.tags, before.tags - after.tags
            return Change(Kind.TAG, {"add": sorted(lost), "remove": sorted(gained)}) if gained or lost else None
        case Kind.PRIORITY:
            changed, data = after.priority != before.priority, {"priority": before.priority.value}
        case Kind.ORDER:
            changed, data = after.order_number != before.order_number, {"number": before.order_number}
        case Kind.SPAM:
            changed, data = after.spam != before.spam, {"spam": before.spam}
        case Kind.LANGUAGE:
            changed, data = after.language != before.language, {"language": before.language}
        case Kind.NOTE:
            return Change(Kind.NOTE_REMOVED, {"note": event.id})
        case Kind.NOTE_REMOVED:
            return Change(Kind.NOTE, {"text": note}) if note.strip() else None
        case _:
            return None
    return Change(Kind(event.kind), data) if changed else None


def standing(state: ConversationState, now: datetime, last_in_at: datetime | None = None, last_in: str = "") -> Status:
    """The status as it stands now: a snooze that is over, and a customer's message since the status was set, reopen.

    `last_in_at` and `last_in` are the time and the Message-ID of the customer's newest message, automatic ones (out of
    office) left out by the caller. Where the event says which message its author knew, that decides; else the clocks do.
    """
    if state.status is Status.OPEN:
        return Status.OPEN
    if state.status_seen and last_in:
        answered = last_in != state.status_seen
    else:
        answered = last_in_at is not None and state.status_at is not None and last_in_at > state.status_at
    if answered:
        return Status.OPEN
    if state.status is Status.SNOOZED and (state.snoozed_until is None or state.snoozed_until <= now):
        return Status.OPEN
    return state.status


def _is_new(event: Event, seen: set[str]) -> bool:
    if not event.id or event.id in seen:
        return False
    seen.add(event.id)
    return True


def _with_status(state: ConversationState, at: datetime, word: object, data: Mapping[str, Any]) -> ConversationState:
    """A snooze needs to know when it ends: without it the conversation would be lost for ever."""
    if not isinstance(word, str) or word not in set(Status):
        return state
    status = Status(word)
    end: datetime | None = None
    if status is Status.SNOOZED:
        end = _moment(data.get("until"))
        if end is None:
            return state
    seen = data.get("seen")
    return replace(
        state, status=status, snoozed_until=end, status_at=at, status_seen=seen if isinstance(seen, str) else ""
    )


def _moment(text: object) -> datetime | None:
    """An RFC 3339 time with its zone, or None."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.utcoffset() is not None else None


def _words(value: object) -> frozenset[str] | None:
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        return None
    return frozenset(word.strip() for word in value if word.strip())
