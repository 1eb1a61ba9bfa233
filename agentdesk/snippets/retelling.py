"""A reply in another language: each canned text in it that nobody changed gives way to its own words in the other one.

Several texts in one reply share their greeting and their closing (`tui/joining.py`), so a text is found whole, or by its paragraphs:
greeting, what stands between, closing. What was changed stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_PARAGRAPH = re.compile(r"[^\n]+(?:\n[^\n]+)*")


@dataclass(frozen=True, slots=True)
class Retold:
    text: str
    done: tuple[bool, ...]
    """For each text, whether it was found as it had been put in."""
    cursor: int
    """Where the cursor was, in the new text."""


@dataclass(frozen=True, slots=True)
class _Place:
    start: int
    end: int
    text: str


def retell(text: str, pairs: Sequence[tuple[str, str]], cursor: int = 0) -> Retold:
    """Put the second of each pair in the place of the first."""
    taken: list[_Place] = []
    done: list[bool] = []
    for old, new in pairs:
        places = _whole(text, old, new, taken) or _in_parts(text, old, new, taken)
        taken += [place for place in places if place not in taken]
        done.append(bool(places))
    out, at, moved = "", 0, cursor
    for place in sorted(taken, key=lambda place: place.start):
        out += text[at : place.start] + place.text
        at = place.end
        if place.end <= cursor:
            moved += len(place.text) - (place.end - place.start)
        elif place.start < cursor:
            moved = len(out)
    return Retold(out + text[at:], tuple(done), moved)


def _whole(text: str, old: str, new: str, taken: Sequence[_Place]) -> list[_Place]:
    start = text.find(old) if old else -1
    while start >= 0:
        place = _Place(start, start + len(old), new)
        if _free(place, taken):
            return [place]
        start = text.find(old, start + 1)
    return []


def _in_parts(text: str, old: str, new: str, taken: Sequence[_Place]) -> list[_Place]:
    """Greeting, body and closing, or, where both have as many paragraphs, each by itself; nothing if one of them is not there."""
    standing = [_Place(found.start(), found.end(), found[0].strip()) for found in _PARAGRAPH.finditer(text)]
    before, after = ([found[0].strip() for found in _PARAGRAPH.finditer(each)] for each in (old, new))
    ways: list[list[tuple[list[str], list[str]]]] = []
    if len(before) > 2 and len(after) > 2:
        ways.append([(before[:1], after[:1]), (before[1:-1], after[1:-1]), (before[-1:], after[-1:])])
    if len(before) == len(after) > 1:
        ways.append([([one], [other]) for one, other in zip(before, after, strict=True)])
    for way in ways:
        places: list[_Place] = []
        for run, other in way:
            place = _run(standing, run, "\n\n".join(other), [*taken, *places])
            if place is None:
                break
            places.append(place)
        else:
            return places
    return []


def _run(standing: Sequence[_Place], run: Sequence[str], new: str, taken: Sequence[_Place]) -> _Place | None:
    """Where these paragraphs stand one behind the other. A place that another text has taken will do where both say the same there."""
    for index in range(len(standing) - len(run) + 1):
        if [place.text for place in standing[index : index + len(run)]] == list(run):
            place = _Place(standing[index].start, standing[index + len(run) - 1].end, new)
            if place in taken or _free(place, taken):
                return place
    return None


def _free(place: _Place, taken: Sequence[_Place]) -> bool:
    return all(place.end <= other.start or place.start >= other.end for other in taken)
