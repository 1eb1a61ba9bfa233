"""The search language: what stands in the search line and in a view's query.

Grammar (terms are joined by AND; letters' case does not matter)::

    query    = { term }
    term     = [ "-" ] ( operator ":" values | phrase | word )
    values   = value { "," value }            any of them
    value    = '"' text '"' | text without space and comma
    phrase   = '"' text '"'                   the words in this order
    word     = text [ "*" ]                   with * its beginning is enough

    from: to:            a part of the name or address of whoever wrote it or got it
    subject:             words in the subject (a quoted value is a phrase)
    tag: order: channel: a tag, an order number, a channel's name
    assignee:            a part of the colleague's name or address; me, none
    status:              open waiting snoozed closed
    priority:            low normal high urgent
    is:                  open waiting snoozed closed late mine unassigned unread spam chat mail draft
    has:                 attachment note draft
    before: after:       2026-11-20 · 20/11/2026 · 20.11.2026 · 2026-11 · 3d (h d w m y: ago) · today yesterday oggi ieri

`after:` a day includes that day, `before:` a day does not. A colon in something that begins with no name (12:30), before
nothing ("Re:") or in a link (https://...) is an ordinary character; quotes always make plain text.

`parse` reads, `Query.__str__` writes: `parse(str(query)) == query`. What the terms mean in SQL is the store's business.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import NoReturn

from agentdesk.errors import UsageError
from agentdesk.locale import say

FIELDS = ("from", "to", "subject", "tag", "order", "assignee", "channel", "status", "priority")
OPERATORS = (*FIELDS, "is", "has", "before", "after")
STATES = (
    "open",
    "waiting",
    "snoozed",
    "closed",
    "late",
    "mine",
    "unassigned",
    "unread",
    "spam",
    "chat",
    "mail",
    "draft",
)
THINGS = ("attachment", "note", "draft")
STATUSES = ("open", "waiting", "snoozed", "closed")
PRIORITIES = ("low", "normal", "high", "urgent")
MOST_TERMS = 64

_ALLOWED: dict[str, Collection[str]] = {"is": STATES, "has": THINGS, "status": STATUSES, "priority": PRIORITIES}
_EXAMPLES = {
    "from": "from:rossi", "to": "to:info@", "subject": "subject:reso", "tag": "tag:vip", "order": "order:10245",
    "assignee": "assignee:me", "channel": "channel:chat", "status": "status:open", "priority": "priority:high",
    "is": "is:late", "has": "has:attachment", "before": "before:2026-11-20", "after": "after:3d",
}  # fmt: skip
_QUOTES = {'"': '"', "“": "”", "„": "“", "«": "»"}
_NAMED = re.compile(r"(?P<name>[A-Za-zÀ-ÿ_]{1,20}):(?!//)(?=\S)")
_NAMED_NOTHING = re.compile(r"([A-Za-z]{1,20}):(?=\s|\Z)")
_AGO = re.compile(r"(?P<n>\d{1,4})(?P<unit>[hdgwmya])\Z", re.IGNORECASE)
_UNITS = {"g": "d", "a": "y"}  # giorni, anni
_DAYS_AGO = {"today": 0, "oggi": 0, "heute": 0, "yesterday": 1, "ieri": 1, "gestern": 1}
_ISO_DAY = re.compile(r"(\d{4})-(\d{1,2})(?:-(\d{1,2}))?\Z")
_LOCAL_DAY = re.compile(r"(\d{1,2})[./](\d{1,2})[./](\d{4})\Z")


@dataclass(frozen=True, slots=True)
class Word:
    """One word of the full text; with `prefix` its beginning is enough."""

    text: str
    prefix: bool = False
    negated: bool = False

    def __str__(self) -> str:
        return _sign(self.negated) + self.text + ("*" if self.prefix else "")


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that stand in this order."""

    text: str
    negated: bool = False

    def __str__(self) -> str:
        return f'{_sign(self.negated)}"{self.text}"'


@dataclass(frozen=True, slots=True)
class Field:
    """`name:value`: any of the values. `name` is one of FIELDS; values keep their case."""

    name: str
    values: tuple[str, ...]
    negated: bool = False

    def __str__(self) -> str:
        return f"{_sign(self.negated)}{self.name}:{','.join(map(_value, self.values))}"


@dataclass(frozen=True, slots=True)
class Is:
    """`is:state`: any of the states."""

    states: tuple[str, ...]
    negated: bool = False

    def __str__(self) -> str:
        return f"{_sign(self.negated)}is:{','.join(self.states)}"


@dataclass(frozen=True, slots=True)
class Has:
    """`has:thing`: any of the things."""

    things: tuple[str, ...]
    negated: bool = False

    def __str__(self) -> str:
        return f"{_sign(self.negated)}has:{','.join(self.things)}"


@dataclass(frozen=True, slots=True)
class When:
    """`before:` or `after:` a moment: a day (`day`), or a time ago (`ago` of `unit`: h d w m y)."""

    side: str
    day: date | None = None
    ago: int = 0
    unit: str = ""
    negated: bool = False

    def moment(self, now: datetime, zone: tzinfo) -> datetime:
        """The moment meant, seen from `now`: a day is its midnight in the desk's zone; days ago are whole days too."""
        local = now.astimezone(zone)
        if self.day is not None:
            return _midnight(self.day, zone)
        try:
            match self.unit:
                case "h":
                    return now - timedelta(hours=self.ago)
                case "d":
                    return _midnight(local.date() - timedelta(days=self.ago), zone)
                case "w":
                    return _midnight(local.date() - timedelta(weeks=self.ago), zone)
                case "m":
                    return _midnight(_months_before(local.date(), self.ago), zone)
                case _:
                    return _midnight(_months_before(local.date(), 12 * self.ago), zone)
        except (OverflowError, ValueError):
            return datetime.min.replace(tzinfo=zone)

    def __str__(self) -> str:
        return f"{_sign(self.negated)}{self.side}:{self.day.isoformat() if self.day else f'{self.ago}{self.unit}'}"


Term = Word | Phrase | Field | Is | Has | When


@dataclass(frozen=True, slots=True)
class Query:
    """Terms that must all hold. An empty query holds for everything."""

    terms: tuple[Term, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.terms)

    def __str__(self) -> str:
        return " ".join(map(str, self.terms))

    @property
    def text(self) -> tuple[Word | Phrase, ...]:
        """The terms for the full-text index."""
        return tuple(term for term in self.terms if isinstance(term, Word | Phrase))


def parse(text: str) -> Query:
    """Read a search.

    Raises:
        UsageError: an unknown operator or value, a bad date, an open quote; the message says what to write instead.
    """
    terms: list[Term] = []
    at = 0
    while (at := _skip_space(text, at)) < len(text):
        if len(terms) >= MOST_TERMS:
            raise UsageError(say("query.too_long", most=MOST_TERMS))
        term, at = _term(text, at)
        if term is not None:
            terms.append(term)
    return Query(tuple(terms))


def _term(text: str, at: int) -> tuple[Term | None, int]:
    negated = text[at] == "-"
    if negated:
        at += 1
        if at >= len(text) or text[at].isspace():
            raise UsageError(say("query.lone_minus"))
    if text[at] in _QUOTES:
        phrase, at = _quoted(text, at)
        return (Phrase(phrase, negated) if phrase else None), at
    named = _NAMED.match(text, at)
    if named is not None:
        return _operator(named["name"].lower(), text, named.end(), negated=negated)
    empty = _NAMED_NOTHING.match(text, at)
    if empty is not None and empty[1].lower() in OPERATORS:
        name = empty[1].lower()
        raise UsageError(say("query.empty_value", name=name, example=_EXAMPLES[name]))
    end = at
    while end < len(text) and not text[end].isspace():
        end += 1
    word = text[at:end]
    prefix = word.endswith("*")
    word = word.rstrip("*")
    return (Word(word, prefix, negated) if word.strip("-") else None), end


def _operator(name: str, text: str, at: int, *, negated: bool) -> tuple[Term, int]:
    if name not in OPERATORS:
        known = ", ".join(f"{operator}:" for operator in OPERATORS)
        _no_such(name, OPERATORS, "query.unknown_operator", name=name, known=known)
    values, at = _values(text, at)
    if not values:
        raise UsageError(say("query.empty_value", name=name, example=_EXAMPLES[name]))
    if name in {"before", "after"}:
        if len(values) != 1:
            raise UsageError(say("query.bad_date", name=name, value=",".join(values)))
        return _when(name, values[0], negated=negated), at
    allowed = _ALLOWED.get(name)
    if allowed is not None:
        values = tuple(value.lower() for value in values)
        for value in values:
            if value not in allowed:
                known = ", ".join(allowed)
                _no_such(value, allowed, "query.unknown_value", name=name, value=value, known=known)
    match name:
        case "is":
            return Is(values, negated), at
        case "has":
            return Has(values, negated), at
        case "order":
            return Field(name, tuple(value.lstrip("#") or value for value in values), negated), at
        case _:
            return Field(name, values, negated), at


def _values(text: str, at: int) -> tuple[tuple[str, ...], int]:
    """Values parted by commas, up to a space."""
    values: dict[str, None] = {}
    while at < len(text) and not text[at].isspace():
        if text[at] in _QUOTES:
            value, at = _quoted(text, at)
        else:
            end = at
            while end < len(text) and not text[end].isspace() and text[end] != ",":
                end += 1
            value, at = text[at:end], end
        if value:
            values.setdefault(value)
        if at < len(text) and text[at] == ",":
            at += 1
    return tuple(values), at


def _quoted(text: str, at: int) -> tuple[str, int]:
    end = text.find(_QUOTES[text[at]], at + 1)
    if end < 0 and text[at] != '"':
        end = text.find('"', at + 1)
    if end < 0:
        raise UsageError(say("query.open_quote", text=text[at + 1 :].strip()[:40]))
    return " ".join(text[at + 1 : end].replace('"', " ").split()), end + 1


def _when(side: str, value: str, *, negated: bool) -> When:
    lower = value.lower()
    if lower in _DAYS_AGO:
        return When(side, ago=_DAYS_AGO[lower], unit="d", negated=negated)
    if ago := _AGO.match(lower):
        unit = ago["unit"]
        return When(side, ago=int(ago["n"]), unit=_UNITS.get(unit, unit), negated=negated)
    day: date | None = None
    try:
        if iso := _ISO_DAY.match(value):
            day = date(int(iso[1]), int(iso[2]), int(iso[3] or 1))
        elif local := _LOCAL_DAY.match(value):
            day = date(int(local[3]), int(local[2]), int(local[1]))
    except ValueError:
        day = None
    if day is None:
        raise UsageError(say("query.bad_date", name=side, value=value))
    return When(side, day=day, negated=negated)


def _no_such(word: str, choices: Collection[str], key: str, **fields: str) -> NoReturn:
    """Say that a word is unknown and which is nearest. difflib is imported here: only a mistake pays for it."""
    from difflib import get_close_matches  # noqa: PLC0415 - see above

    nearest = get_close_matches(word, choices, n=1, cutoff=0.6)
    if nearest:
        raise UsageError(say(key, nearest=nearest[0], **fields))
    raise UsageError(say(f"{key}_plain", **fields))


def _skip_space(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time.min, zone)


def _months_before(day: date, months: int) -> date:
    """The same day some months ago, or that month's last."""
    index = day.year * 12 + day.month - 1 - months
    year, month = index // 12, index % 12 + 1
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month, last)
        except ValueError:
            if year < 1:
                raise
    raise ValueError(day)


def _sign(negated: bool) -> str:
    return "-" if negated else ""


def _value(value: str) -> str:
    """A value as it must be written: in quotes if it has a space or a comma, or begins like a quote."""
    plain = not any(character.isspace() or character == "," for character in value) and value[0] not in _QUOTES
    return value if plain else f'"{value}"'


def words_of(query: Query) -> Iterator[str]:
    """The words searched for, to be marked in what was found."""
    for term in query.text:
        if not term.negated:
            yield from term.text.split()
