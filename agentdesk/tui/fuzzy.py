"""Narrowing a short list while somebody types: a word's beginning counts most, then a part, then its letters in order."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")
_WORD = re.compile(r"\w+")


def fold(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def score(query: str, text: str) -> float:
    """0: does not match. Every word of the query must."""
    folded = fold(text)
    words = _WORD.findall(folded)
    total = 0.0
    for wanted in fold(query).split():
        best = 0.0
        for place, word in enumerate(words):
            if word.startswith(wanted):
                best = max(best, (1.0 if word == wanted else 0.9) - 0.01 * min(place, 10))
        if not best and wanted in folded:
            best = 0.6
        if not best and len(wanted) > 1:
            best = 0.3 if _in_order(wanted, words) else 0.0
        if not best:
            return 0.0
        total += best
    return total or 1.0


def _in_order(wanted: str, words: list[str]) -> bool:
    """The letters in order within one word, or as the beginnings of several."""
    if "".join(word[0] for word in words).find(wanted) >= 0:
        return True
    for word in words:
        place = -1
        for character in wanted:
            place = word.find(character, place + 1)
            if place < 0:
                break
        else:
            if word[0] == wanted[0]:
                return True
    return False


def narrow(query: str, entries: Iterable[T], text: Callable[[T], str]) -> list[T]:
    """The entries that match, best first; all of them, in their order, for an empty query."""
    entries = list(entries)
    if not query.strip():
        return entries
    scored = [(score(query, text(entry)), -number, entry) for number, entry in enumerate(entries)]
    return [entry for value, _, entry in sorted(scored, key=lambda s: s[:2], reverse=True) if value]
