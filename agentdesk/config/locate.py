"""Where each key and value of a TOML file stands.

tomli tells the line of a syntax error but not of a value. This walks a document that tomli has already accepted, so it can trust the
grammar and only has to keep count of lines.
"""

from __future__ import annotations

import re
from bisect import bisect_left

import tomli

KeyPath = tuple[str | int, ...]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}#\n]+")
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")


def lines(text: str) -> dict[KeyPath, int]:
    """The line (from 1) of every key path; elements of arrays are addressed by their index."""
    return _Walk(text).document()


class _Walk:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.breaks = [match.start() for match in re.finditer("\n", text)]
        self.found: dict[KeyPath, int] = {}
        self.tables: dict[KeyPath, int] = {}
        """How many elements each array of tables has so far."""

    def document(self) -> dict[KeyPath, int]:
        here: KeyPath = ()
        self._skip(_BLANK)
        while self.at < len(self.text):
            if self.text.startswith("[[", self.at):
                self.at += 2
                here = self._header(self._keys())
                count = self.tables.get(here, 0)
                self.tables[here] = count + 1
                self._note(here)
                here = (*here, count)
                self._note(here)
                self.at += 2
            elif self.text[self.at] == "[":
                self.at += 1
                here = self._header(self._keys())
                self._note(here)
                self.at += 1
            else:
                self._pair(here)
            self._skip(_BLANK)
        return self.found

    def _header(self, keys: list[str]) -> KeyPath:
        """The path a header's keys mean: through the last element of every array of tables on the way."""
        path: KeyPath = ()
        for number, key in enumerate(keys):
            path = (*path, key)
            if number < len(keys) - 1 and path in self.tables:
                path = (*path, self.tables[path] - 1)
        return path

    def _note(self, path: KeyPath) -> None:
        self.found.setdefault(path, bisect_left(self.breaks, self.at) + 1)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.at)
        assert match is not None
        self.at = match.end()

    def _keys(self) -> list[str]:
        keys = [self._key()]
        while self.text[self.at] == ".":
            self.at += 1
            keys.append(self._key())
        return keys

    def _key(self) -> str:
        self._skip(_SPACE)
        start = self.at
        if self.text[start] in "\"'":
            self._string()
            key = str(tomli.loads(f"k = {self.text[start : self.at]}")["k"])
        else:
            self._skip(_BARE)
            key = self.text[start : self.at]
        self._skip(_SPACE)
        return key

    def _pair(self, here: KeyPath) -> None:
        """`key = value`; leaves the position just behind the value."""
        start = self.at
        path = here
        for key in self._keys():
            path = (*path, key)
            end, self.at = self.at, start
            self._note(path)
            self.at = end
        self.at += 1  # =
        self._skip(_SPACE)
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        first = self.text[self.at]
        if first in "\"'":
            self._string()
        elif first == "[":
            self._array(path)
        elif first == "{":
            self._inline(path)
        else:
            self._skip(_SCALAR)

    def _string(self) -> None:
        quote = self.text[self.at]
        triple = quote * 3
        if self.text.startswith(triple, self.at):
            self.at += 3
            while not self.text.startswith(triple, self.at):
                self.at += 2 if quote == '"' and self.text[self.at] == "\\" else 1
            self.at += 3
            while self.text.startswith(quote, self.at):  # up to two quotes may end the text itself
                self.at += 1
            return
        self.at += 1
        while self.text[self.at] != quote:
            self.at += 2 if quote == '"' and self.text[self.at] == "\\" else 1
        self.at += 1

    def _array(self, path: KeyPath) -> None:
        self.at += 1
        self._skip(_BLANK)
        index = 0
        while self.text[self.at] != "]":
            self._note((*path, index))
            self._value((*path, index))
            index += 1
            self._skip(_BLANK)
            if self.text[self.at] == ",":
                self.at += 1
                self._skip(_BLANK)
        self.at += 1

    def _inline(self, path: KeyPath) -> None:
        self.at += 1
        self._skip(_BLANK)
        while self.text[self.at] != "}":
            self._pair(path)
            self._skip(_BLANK)
            if self.text[self.at] == ",":
                self.at += 1
                self._skip(_BLANK)
        self.at += 1
