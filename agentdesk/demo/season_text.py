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

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_DETAIL = re.compile(r"\{(\w+)\}")


@cache
def load(name: str) -> dict[str, Any]:
    """One file of letters. The result is shared: never change it."""
    return tomllib.loads((files("agentdesk.demo") / "letters" / f"{name}.toml").read_text("utf-8"))


@dataclass(frozen=True, slots=True)
class Opening:
    """A letter that begins a conversation."""

    key: str
    topic: str
    state: str
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
            state=entry.get("state", ""),
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
        return _DETAIL.sub(lambda match: details[match[1]], chosen).strip()

    def write(self, texts: Sequence[str], details: Mapping[str, str], *, wrap: str = "{}") -> str:
        """One of `texts`, written out; of many tries the one written least so far. `wrap` holds it, in place of `{}`."""
        best, fewest = "", 1 << 30
        for _ in range(10):
            text = self.fill(wrap.replace("{}", self._rng.choice(texts).strip()), details)
            seen = self._written[text]
            if seen < fewest:
                best, fewest = text, seen
            if seen == 0:
                break
        self._written[best] += 1
        return best
