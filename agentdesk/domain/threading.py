"""Which conversation a mail belongs to: pure decisions, the store supplies what is known.

Three rules, in this order:

1. **Headers** (RFC 5322, 3.6.4). A message somebody already referred to joins there; else it joins its nearest known ancestor.
   The nearest and not the first, because a conversation that was continued after it was closed shares its first ancestors
   with the old one.
2. **No headers** (web forms, phones that drop them): the same customer, within 30 days, and either the same order number
   named, or the same subject in a mail that began as a reply.
3. **Closed conversations**: a customer's answer reopens one within `reopen_days` of its closing; later it begins a new one that is
   linked to it (or joins the one that already continues it).

A conversation's provisional root is the first of References: newest mail is brought in first, and with the root as an alias
the older mails find it when they come. Nothing here recurses, so cycles and self-references are harmless.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from agentdesk.domain.message import Direction, Envelope

JOIN_WITHIN = timedelta(days=30)
MOST_REFERENCES = 100
"""Beyond these a References header is an attack or a defect; the first and the nearest ones are kept."""

Known = Callable[[str], int | None]
"""Message-ID or alias -> row of the conversation that has it."""

ALPHABET = "23456789bcdfghjkmnpqrstvwxyz"
"""Nothing that can be mistaken for another when read aloud or copied (0/o, 1/i/l), and no vowels, so no words."""
_LETTERS = ALPHABET[8:]
ID_LENGTH = 8

# Re, R, RIF, AW, SV ... in the languages of our users' customers; "Re[2]:" and "Re (2):" count too.
_REPLY = (
    "re",
    "r",
    "rif",
    "ref",
    "risp",
    "aw",
    "antw",
    "antwort",
    "sv",
    "vs",
    "rép",
    "rep",
    "réf",
    "res",
    "odp",
    "ynt",
    "atb",
)
_FORWARD = ("fwd", "fw", "i", "inoltro", "wg", "tr", "vb", "vl", "enc", "rv", "doorst")
_PREFIX = re.compile(
    r"\s*(?:\[(?:ext|external|extern|esterno)\]\s*)?(?P<word>"
    + "|".join(sorted({*_REPLY, *_FORWARD}, key=len, reverse=True))
    + r")\s*(?:\[\d{1,3}\]|\(\d{1,3}\)|\^\d{1,3})?\s*[::]",
    re.IGNORECASE,
)
_MOST_SUBJECT = 2000


class How(StrEnum):
    """By which rule a message found its conversation."""

    REFERENCED = "referenced"
    ORDER = "order"
    SUBJECT = "subject"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Standing:
    """What must be known of a conversation to decide whether a message still belongs to it."""

    conversation: int
    last_at: datetime
    closed_at: datetime | None = None
    """When it was closed; None while it is not."""
    continued_by: int = 0
    """The conversation that was begun, linked to this one, after it was closed; 0 if there is none."""
    subject: str = ""
    orders: frozenset[str] = frozenset()
    """Order numbers named in it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message belongs."""

    conversation: int | None
    """None: it begins a new one."""
    how: How
    root: str
    """The provisional root: the target and an alias of a new conversation."""
    aliases: tuple[str, ...]
    """The Message-IDs that from now on lead to this conversation, unless they lead somewhere already."""
    linked_to: int = 0
    """For a new one: the closed conversation it continues."""
    same_as: tuple[int, ...] = ()
    """Other conversations that this message shows to be the same one: to be merged into `conversation`."""


def ancestors(envelope: Envelope) -> tuple[str, ...]:
    """The Message-IDs a message answers, first to nearest: References, then In-Reply-To; without itself and repetitions."""
    own = envelope.message_id.strip()
    references = envelope.references
    if len(references) > MOST_REFERENCES:
        references = (references[0], *references[-(MOST_REFERENCES - 1) :])
    found: dict[str, None] = {}
    for reference in (*references, envelope.in_reply_to):
        key = reference.strip()
        if key and key != own:
            found.setdefault(key)
    return tuple(found)


def provisional_root(envelope: Envelope) -> str:
    """The first of References, else In-Reply-To, else the message itself."""
    above = ancestors(envelope)
    return above[0] if above else envelope.message_id.strip()


def place(
    envelope: Envelope,
    direction: Direction,
    known: Known,
    standing: Callable[[int], Standing | None],
    of_customer: Callable[[], Iterable[Standing]],
    *,
    orders: frozenset[str] = frozenset(),
    reopen_days: int = 14,
) -> Place:
    """Decide where a message belongs.

    Args:
        envelope: the message.
        direction: only a customer's message is parted from a conversation closed long ago; ours stay where they answer.
        known: looks a Message-ID up among messages and aliases.
        standing: what is known of a conversation (None if it is gone).
        of_customer: this customer's conversations on this channel, not spam; asked only where headers are missing.
        orders: order numbers this message names.
        reopen_days: how long after closing an answer reopens.
    """
    above = ancestors(envelope)
    own = envelope.message_id.strip()
    root = above[0] if above else own
    aliases = tuple(dict.fromkeys(key for key in (root, *above, own) if key))

    by_own = known(own) if own else None
    by_parent = next((found for key in reversed(above) if (found := known(key)) is not None), None)
    if by_own is not None:
        others = _really_other(by_own, by_parent, standing)
        return Place(by_own, How.REFERENCED, root, aliases, same_as=others)

    if by_parent is not None:
        target, how = by_parent, How.REFERENCED
    elif above:
        return Place(None, How.NEW, root, aliases)
    else:
        join = _join(envelope, of_customer(), orders)
        if join is None:
            return Place(None, How.NEW, root, aliases)
        target, how = join
    if direction is not Direction.IN:
        return Place(target, how, root, aliases)
    joined, linked_to = _after_closing(target, envelope.at, standing, reopen_days)
    return Place(joined, how, root, aliases, linked_to=linked_to)


def normal_subject(subject: str) -> tuple[str, bool]:
    """A subject without its reply and forward prefixes, folded for comparison, and whether it began as a reply.

    A forward is no reply: it often starts something else.
    """
    text = subject[:_MOST_SUBJECT]
    start, is_reply = 0, False
    while match := _PREFIX.match(text, start):
        is_reply = is_reply or match["word"].lower() in _REPLY
        start = match.end()
    return " ".join(text[start:].split()).casefold(), is_reply


def reopens(closed_at: datetime, at: datetime, reopen_days: int) -> bool:
    """Whether an answer at `at` still belongs to a conversation closed at `closed_at`."""
    return at <= closed_at + timedelta(days=reopen_days)


def mint(random_bytes: bytes) -> str:
    """A new conversation's id from at least eight random bytes. It begins with a letter, so it is never taken for a number."""
    if len(random_bytes) < ID_LENGTH:
        raise ValueError("an id needs at least eight random bytes")
    value = int.from_bytes(random_bytes, "big")
    value, first = divmod(value, len(_LETTERS))
    letters = [_LETTERS[first]]
    for _ in range(ID_LENGTH - 1):
        value, index = divmod(value, len(ALPHABET))
        letters.append(ALPHABET[index])
    return "".join(letters)


def _join(envelope: Envelope, conversations: Iterable[Standing], orders: frozenset[str]) -> tuple[int, How] | None:
    """The newest conversation of the same customer about the same order, else with the same subject."""
    subject, is_reply = normal_subject(envelope.subject)
    near = sorted(
        (c for c in conversations if abs(envelope.at - c.last_at) <= JOIN_WITHIN),
        key=lambda c: (c.last_at, c.conversation),
        reverse=True,
    )
    for candidate in near:
        if orders & candidate.orders:
            return candidate.conversation, How.ORDER
    if subject and is_reply:
        for candidate in near:
            if normal_subject(candidate.subject)[0] == subject:
                return candidate.conversation, How.SUBJECT
    return None


def _after_closing(
    target: int, at: datetime, standing: Callable[[int], Standing | None], reopen_days: int
) -> tuple[int | None, int]:
    """Apply the reopen rule along the chain of continuations: the conversation, or none and the one to be linked to."""
    visited: set[int] = set()
    while target not in visited:
        visited.add(target)
        state = standing(target)
        if state is None or state.closed_at is None or reopens(state.closed_at, at, reopen_days):
            break
        if not state.continued_by or state.continued_by in visited:
            return None, target
        target = state.continued_by
    return target, 0


def _really_other(own: int, parent: int | None, standing: Callable[[int], Standing | None]) -> tuple[int, ...]:
    """The parent's conversation if it is another one and not one that `own` continues by the reopen rule."""
    if parent is None or parent == own:
        return ()
    states = standing(own), standing(parent)
    if any(state is not None and state.continued_by in (own, parent) for state in states):
        return ()
    return (parent,)
