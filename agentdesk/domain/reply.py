"""The rules of answering: whom to, under which subject, in which thread, above which quotation. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from agentdesk.domain.clean import clean, clean_line
from agentdesk.domain.message import Address

_REPLY_MARK = re.compile(r"(?i)(?:re|r|rif|rép|ref|res|aw|antw|antwort|sv|vs|vá|odp|ynt|回复|回覆|答复)\s*(?:[\[(]\d{1,3}[\])]|\^\d{1,3})?\s*[:：]\s*")
_FORWARD_MARK = re.compile(r"(?i)(?:fwd?|fw|i|inoltro|wg|wtr|tr|tfr|rv|enc|doorst|vs|vl|vb|pd|转发|轉寄)\s*(?:[\[(]\d{1,3}[\])])?\s*[:：]\s*")
_MOST_MARKS = 20
_REFERENCES = 100


def reply_recipients(
    sender: Address,
    reply_to: Sequence[Address],
    to: Sequence[Address],
    cc: Sequence[Address],
    own: Collection[str],
) -> tuple[tuple[Address, ...], tuple[Address, ...]]:
    """To and Cc of an answer to everybody; an answer to the sender takes only the first of the two.

    Reply-To wins over From. A message of ours is answered to those it went to. Our own addresses (compared without
    regard to case) never get an answer, nobody gets two.
    """
    ours = {address.strip().lower() for address in own}
    if sender.identity in ours:
        first, others = _distinct(to, ours), _distinct(cc, ours)
        if not first:
            first, others = others, ()
        known = {address.identity for address in first}
        return first, tuple(address for address in others if address.identity not in known)
    first = _distinct(reply_to, ours) or _distinct([sender], ours)
    known = ours | {address.identity for address in first}
    return first, _distinct([*to, *cc], known)


def _distinct(addresses: Iterable[Address], without: Collection[str]) -> tuple[Address, ...]:
    found: dict[str, Address] = {}
    for address in addresses:
        if "@" in address.address and address.identity not in without:
            found.setdefault(address.identity, address)
    return tuple(found.values())


def bare_subject(subject: str) -> str:
    """The subject without the marks of replies and forwards in front, in whatever language and number."""
    text = clean_line(subject)
    for _ in range(_MOST_MARKS):
        mark = _REPLY_MARK.match(text) or _FORWARD_MARK.match(text)
        if mark is None:
            break
        text = text[mark.end() :]
    return text


def reply_subject(subject: str) -> str:
    """Once "Re: ", then the subject, whatever marks of replies it had. A forward mark stays: it says what the thread is."""
    text = clean_line(subject)
    for _ in range(_MOST_MARKS):
        mark = _REPLY_MARK.match(text)
        if mark is None:
            break
        text = text[mark.end() :]
    return f"Re: {text}".rstrip()


def forward_subject(subject: str) -> str:
    """Once "Fwd: ", then the subject without any marks."""
    return f"Fwd: {bare_subject(subject)}".rstrip()


def reply_references(message_id: str, references: Sequence[str], in_reply_to: str) -> tuple[str, ...]:
    """References of an answer (RFC 5322, 3.6.4): those of the message, or what it answered, and then the message itself.

    Each id once; of a list that is too long the first, which names the thread, and the newest are kept.
    """
    known = list(references) or ([in_reply_to] if in_reply_to else [])
    ids = [each for each in dict.fromkeys(known) if each and each != message_id]
    if message_id:
        ids.append(message_id)
    return tuple(ids) if len(ids) <= _REFERENCES else (ids[0], *ids[1 - _REFERENCES :])


# Quoting -------------------------------------------------------------------------------------------------------------

_INTRO = {
    "it": ("Il giorno {day} alle ore {time} {who} ha scritto:", "EEE d MMM y", "HH:mm"),
    "en": ("On {day} at {time}, {who} wrote:", "EEE, d MMM y", "HH:mm"),
    "de": ("Am {day} um {time} schrieb {who}:", "EEE, d. MMM y", "HH:mm"),
    "fr": ("Le {day} à {time}, {who} a écrit :", "EEE d MMM y", "HH:mm"),
}
_FORWARD = {
    "it": ("Messaggio inoltrato", "Da", "Data", "Oggetto", "A"),
    "en": ("Forwarded message", "From", "Date", "Subject", "To"),
    "de": ("Weitergeleitete Nachricht", "Von", "Datum", "Betreff", "An"),
    "fr": ("Message transféré", "De", "Date", "Objet", "À"),
}


def quote(text: str, sender: Address, at: datetime, language: str) -> str:
    """A text as the quotation under an answer: who wrote it and when, then its lines behind "> ".

    `at` is shown in the zone it carries; `language` is that of the customer (it, en, de, fr; others get English).
    """
    lines = clean(text).strip("\n").split("\n")
    quoted = (f">{line}" if line.startswith(">") else f"> {line}".rstrip() for line in lines)
    return "\n".join((_intro(sender, at, language), *quoted))


def _intro(sender: Address, at: datetime, language: str) -> str:
    pattern, day, _ = _INTRO.get(language[:2], _INTRO["en"])
    return pattern.format(day=_date(at, day, language), time=f"{at:%H:%M}", who=_shown(sender))


def forward_text(text: str, sender: Address, at: datetime, subject: str, to: Sequence[Address], language: str) -> str:
    """A text as it stands in a forwarded message: a block that says where it comes from, then the text as it was."""
    title, said_from, said_date, said_subject, said_to = _FORWARD.get(language[:2], _FORWARD["en"])
    _, day, _ = _INTRO.get(language[:2], _INTRO["en"])
    head = [
        f"---------- {title} ----------",
        f"{said_from}: {_shown(sender)}",
        f"{said_date}: {_date(at, day, language)} {at:%H:%M}",
        f"{said_subject}: {clean_line(subject)}",
    ]
    if to:
        head.append(f"{said_to}: {', '.join(_shown(address) for address in to)}")
    return "\n".join((*head, "", clean(text).strip("\n")))


def _shown(address: Address) -> str:
    return clean_line(str(address)) if not address.name else clean_line(f"{address.name} <{address.address}>")


def _date(at: datetime, pattern: str, language: str) -> str:
    from babel.dates import format_date  # noqa: PLC0415 - 60 ms that only writing needs

    return format_date(at.date(), pattern, locale=language[:2] if language[:2] in _INTRO else "en")
