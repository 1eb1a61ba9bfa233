"""Cells: what stands in one place of the terminal, and how it looks.

A look is what SGR (ECMA-48, 8.3.117) can say: attributes, a colour for the letters and one for the ground. Looks and cells are made
once and shared, so that comparing two rows compares little more than addresses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from rich.cells import split_graphemes

DEFAULT_TEXT, DEFAULT_GROUND = "39", "49"
ANY = ""
"""The colour of letters where there are none: whichever is set already will do."""

_OFF = {"1": "22", "2": "22", "3": "23", "4": "24", "5": "25", "6": "25", "7": "27", "8": "28", "9": "29", "21": "24", "53": "55"}
"""What ends an attribute. "22" ends bold and dim alike."""
_MARKS = frozenset({"4", "5", "6", "7", "8", "9", "21", "51", "52", "53"})
"""Attributes that can be seen where there is no letter."""
_NO_SHAPE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
"""What draws nothing, or does something else than to draw. Textual counts no cell for any of them but the soft hyphen."""
_PLAIN = re.compile("[ -~\u00a0-\u00ac\u00ae-\u02ff\u0370-\u0377\u037a-\u0482\u048a-\u052f\u2010-\u2027\u2030-\u205e\u20a0-\u20bf\u2190-\u21ff\u2500-\u25ff]*")
"""Characters that every terminal draws in one cell, by themselves."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """How a cell looks. Compared by identity: `look` makes each only once."""

    attributes: frozenset[str]
    text: str
    ground: str

    @property
    def marked(self) -> bool:
        """Whether it can be told from another look of the same ground where there is no letter."""
        return not self.attributes.isdisjoint(_MARKS)


Cell = tuple[str, Look]
"""A grapheme and its look. The second half of a wide one is ("", look)."""

_looks: dict[tuple[frozenset[str], str, str], Look] = {}


def look(attributes: frozenset[str], text: str, ground: str) -> Look:
    """The one look of these."""
    key = (attributes, text, ground)
    found = _looks.get(key)
    if found is None:
        found = _looks[key] = Look(attributes, text, ground)
    return found


PLAIN = look(frozenset(), DEFAULT_TEXT, DEFAULT_GROUND)
"""What `ESC[m` makes."""


@lru_cache(4096)
def blank_of(of: Look) -> Cell:
    """An empty cell drawn with this look: of the letters' look only what can be seen is left."""
    if of.marked:
        return (" ", of)
    return (" ", look(frozenset(), ANY, of.ground))


@lru_cache(8192)
def cells_of(text: str, of: Look) -> tuple[Cell, ...]:
    """The cells that a text takes: as many as Textual counted for it (`rich.cells`). Only what draws is let through.

    A mark that joins what stood before the text has no cell; it is left out, for Textual cuts between graphemes.
    """
    if not _PLAIN.fullmatch(text):
        return tuple(_graphemes(text, of))
    blank = blank_of(of)
    return tuple(blank if letter == " " else (letter, of) for letter in text)


def _graphemes(text: str, of: Look) -> list[Cell]:
    cells: list[Cell] = []
    blank = blank_of(of)
    spans, _ = split_graphemes(text)
    for start, end, width in spans:
        grapheme = _NO_SHAPE.sub("", text[start:end])
        if not width:
            continue
        if not grapheme:
            cells += [blank] * width
        elif grapheme == " ":
            cells.append(blank)
        else:
            cells.append((grapheme, of))
            cells += [("", of)] * (width - 1)
    return cells


@lru_cache(8192)
def is_sure(grapheme: str) -> bool:
    """Whether every terminal moves on by the cells we count after it. Of emoji, joined and wide ones they differ."""
    return bool(_PLAIN.fullmatch(grapheme)) and len(grapheme) == 1


@lru_cache(16384)
def transition(now: Look | None, wanted: Look) -> tuple[str, Look]:
    """The shortest SGR from one look to another, and the look that then is set. None: it is not known what is set."""
    if now is None:
        target = look(wanted.attributes, wanted.text or DEFAULT_TEXT, wanted.ground)
        return _full(target), target
    if wanted.text == ANY:
        if not now.marked and now.ground == wanted.ground:
            return "", now
        target = look(now.attributes - _MARKS, now.text, wanted.ground)
    else:
        target = wanted
    if target is now:
        return "", now
    full, delta = _full(target), _delta(now, target)
    return (delta if len(delta) <= len(full) else full), target


def _full(target: Look) -> str:
    codes = ["0", *sorted(target.attributes), *_colours(PLAIN, target)]
    return f"\x1b[{';'.join(codes)}m" if len(codes) > 1 else "\x1b[m"


def _delta(now: Look, target: Look) -> str:
    off = {_OFF.get(code, "0") for code in now.attributes - target.attributes}
    if "0" in off:
        return _full(target)
    on = (target.attributes - now.attributes) | {code for code in target.attributes if _OFF.get(code) in off}
    return f"\x1b[{';'.join([*sorted(off), *sorted(on), *_colours(now, target)])}m"


def _colours(now: Look, target: Look) -> list[str]:
    return [new for old, new in ((now.text, target.text), (now.ground, target.ground)) if new != old]
