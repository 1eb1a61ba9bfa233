"""Where a key stands in a TOML file. tomli reads the values and keeps no places; this finds the places and reads no values.

The scan follows TOML 1.0's lexical rules (comments, four kinds of string, brackets) as far as it takes to know which text is
a key. The file has been read by tomli before, so what is not understood here can only cost a place, never a value.
"""

from __future__ import annotations

import re

Path = tuple[str | int, ...]
Place = tuple[int, int]

_KEY = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*""")
STRING = re.compile(
    r'''"""(?:[^"\\]|\\.|"{1,2}(?!"))*+"{3,5}'''  # one or two quotes may stand right before the closing three
    r"""|'''(?:[^']|'{1,2}(?!'))*+'{3,5}"""
    r"""|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+'""",
    re.DOTALL,
)
"""The four kinds of string, as TOML writes them."""
_HEADER = re.compile(r"[ \t]*(\[\[?)")


class Places:
    """Line and column (from 1) of every key of a file, and of the first character of every string value.

    A table in an array of tables is addressed by its index: `("snippet", 3, "text", "it")`.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._keys: dict[Path, Place] = {}
        self._values: dict[Path, Place] = {}
        self._one_line: set[Path] = set()
        self._counts: dict[Path, int] = {}
        self._scan()

    def key(self, *path: str | int) -> Place:
        """Where a key, or the nearest thing around it that has a place, stands; (0, 0) if nothing has."""
        for end in range(len(path), 0, -1):
            if path[:end] in self._keys:
                return self._keys[path[:end]]
        return 0, 0

    def value(self, *path: str | int) -> Place:
        """Where the content of a string value begins."""
        return self._values.get(path) or self.key(*path)

    def text(self, *path: str | int, breaks: bool) -> Place:
        """Where a text begins; column 0 where its lines are not the file's (`breaks` of a string that is written on one)."""
        line, column = self.value(*path)
        return line, 0 if breaks and path in self._one_line else column

    def _scan(self) -> None:
        source, position = self._source, 0
        prefix: Path = ()
        line, line_start = 1, 0  # counted along the way: counting from the top for every key would be quadratic
        while position < len(source):
            end = source.find("\n", position)
            end = len(source) if end < 0 else end
            here = position
            text = source[position:end]
            stripped = text.lstrip(" \t")
            if not stripped or stripped[0] in "#\r":
                position = end + 1
            elif stripped[0] == "[":
                prefix = self._header(text)
                self._keys.setdefault(prefix, (line, len(text) - len(stripped) + 1))
                position = end + 1
            else:
                path, after = self._dotted(position)
                if not path or after >= len(source) or source[after] != "=":
                    position = end + 1
                else:
                    self._keys[prefix + path] = (line, len(text) - len(stripped) + 1)
                    position = self._value(after + 1, prefix + path, line, line_start)
                    end = source.find("\n", position)
                    position = len(source) if end < 0 else end + 1
            line += source.count("\n", here, position)
            line_start = position

    def _header(self, text: str) -> Path:
        """The path of `[a.b]` or `[[a.b]]`; a step through an array of tables takes its newest element."""
        match = _HEADER.match(text)
        assert match is not None
        names, _ = self._names(text, match.end())
        path: Path = ()
        for position, name in enumerate(names):
            path = (*path, name)
            if position == len(names) - 1 and match.group(1) == "[[":
                self._counts[path] = self._counts.get(path, 0) + 1
            if path in self._counts:
                path = (*path, self._counts[path] - 1)
        return path

    def _dotted(self, position: int) -> tuple[Path, int]:
        return self._names(self._source, position)

    @staticmethod
    def _names(text: str, position: int) -> tuple[Path, int]:
        names: list[str] = []
        while match := _KEY.match(text, position):
            names.append(next(group for group in match.groups() if group is not None))
            position = match.end()
            if text[position : position + 1] != ".":
                break
            position += 1
        return tuple(names), position

    def _value(self, position: int, path: Path, line: int, line_start: int) -> int:
        """Past the value that begins at `position`; a string's first character is remembered."""
        source = self._source
        while position < len(source) and source[position] in " \t":
            position += 1
        mark = source[position : position + 3]
        if mark in {'"""', "'''"}:
            start = position + 3
            if source.startswith(("\n", "\r\n"), start):
                self._values[path] = (line + 1, 1)
            else:
                self._values[path] = (line, start - line_start + 1)
            return self._past_string(position)
        if mark[:1] in {'"', "'"}:
            self._values[path] = (line, position + 2 - line_start)
            self._one_line.add(path)
            return self._past_string(position)
        depth = 0
        while position < len(source):
            character = source[position]
            if character in "\"'":
                position = self._past_string(position)
                continue
            if character == "#" or (character == "\n" and not depth):
                end = source.find("\n", position)
                position = len(source) if end < 0 else end
                if not depth:
                    return position
            depth += (character in "[{") - (character in "]}")
            position += 1
        return position

    def _past_string(self, position: int) -> int:
        """Past the string that begins at `position`, whichever of the four kinds it is."""
        match = STRING.match(self._source, position)
        if match is None:
            end = self._source.find("\n", position)
            return len(self._source) if end < 0 else end
        return match.end()
