"""The words of the season: `letters/*.toml`, with their choices made and their details filled in.

`[a|b]` is a choice, `{name}` a detail. An unknown detail is a defect of a letter and raises KeyError, which the tests meet.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any

from agentdesk.demo import season_words
from agentdesk.demo.season_orders import DemoOrder, State
from agentdesk.demo.season_people import Person

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_DETAIL = re.compile(r"\{(\w+)\}")
_ELISION = re.compile(r"\bil (?=(?:8|11) [a-z])")
"""Italian says "l'8 dicembre" where the letter says "il {eta}"."""


@cache
def load(name: str) -> dict[str, Any]:
    """One file of letters. The result is shared: never change it."""
    return tomllib.loads((files("agentdesk.demo") / "letters" / f"{name}.toml").read_text("utf-8"))


@dataclass(frozen=True, slots=True)
class Opening:
    """A letter that begins a conversation."""

    key: str
    topic: str
    state: State | None
    """How the order stands, where the topic does not say it."""
    item: str
    subject: str
    text: str
    reply: str
    style: str
    photo: bool


@cache
def openings(language: str) -> tuple[Opening, ...]:
    return tuple(
        Opening(
            key=f"{language}{index}",
            topic=entry["topic"],
            state=entry.get("state"),
            item=entry.get("item", ""),
            subject=entry["subject"],
            text=entry["text"].strip(),
            reply=entry.get("reply", "").strip(),
            style=entry.get("style", ""),
            photo=entry.get("photo", False),
        )
        for index, entry in enumerate(load(language)["letter"])
    )


class Pen:
    """Writes texts out, and sees to it that nobody's words come back too often."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._written: Counter[str] = Counter()

    def fill(self, text: str, details: Mapping[str, str]) -> str:
        chosen = _CHOICE.sub(lambda match: self._rng.choice(match[1].split("|")), text)
        filled = _DETAIL.sub(lambda match: details[match[1]], chosen).strip()
        return _ELISION.sub("l'", filled)

    def write(self, texts: Sequence[str], details: Mapping[str, str], *, wrap: str = "{}") -> str:
        """One of `texts`, written out; of many tries the one written least so far. `wrap` holds it, in place of `{}`."""
        best, fewest = "", 1 << 30
        for _ in range(20):
            text = self.fill(wrap.replace("{}", self._rng.choice(texts).strip()), details)
            seen = self._written[text]
            if seen < fewest:
                best, fewest = text, seen
            if seen == 0:
                break
        self._written[best] += 1
        return best


_SPOUSES = {
    "it": ("mio marito", "mia moglie"),
    "en": ("my husband", "my wife"),
    "de": ("mein Mann", "meine Frau"),
    "fr": ("mon mari", "ma femme"),
}


def details_of(rng: Random, person: Person, order: DemoOrder | None, agent: str) -> dict[str, str]:
    """What a text about this customer and this order can name."""
    language = person.language
    anna = agent == "Anna"
    details = {
        "first": person.first,
        "last": person.last,
        "name": person.name,
        "city": person.town,
        "street": person.street,
        "phone": person.phone,
        "spouse": _SPOUSES[language][0 if person.woman else 1],
        "oa": "a" if person.woman else "o",
        "e": "e" if person.woman else "",
        "agent": agent,
        "agent_oa": "a" if anna else "o",
        "agent_e": "e" if anna else "",
    }
    if order is None:
        return details
    thing: str = load("things")[order.key][language]
    subject = thing.replace("den ", "der ", 1) if language == "de" and thing.startswith("den ") else thing
    return details | {
        "order": order.number,
        "item": thing,
        "item_nom": subject,
        "Item_nom": subject[0].upper() + subject[1:],
        "item_name": order.item,
        "total": season_words.amount(order.total, order.currency, language, rng),
        "placed": season_words.day(order.placed, language),
        "carrier": order.carrier,
        "tracking": order.tracking,
        "url": order.url,
        "eta": "" if order.eta is None else season_words.day(order.eta, language),
    }
