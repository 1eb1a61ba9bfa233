"""Keymaps: TOML files that map command ids to keys, checked so that one bad line costs one key.

    [map]
    name = "mine"
    base = "default"        # optional: keys of commands not named here come from that map

    [keys]
    "close" = "e"
    "view.mine" = ["g m", "f2"]      # several; a sequence has spaces between its keys
    "spam" = []                      # no key

A printable key stands for itself; others have names: enter esc tab space backspace delete up down left right home end
pageup pagedown f1..f12, with `ctrl+`, `alt+`, `shift+` before them.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import tomli

from agentdesk import paths
from agentdesk.commands import COMMANDS
from agentdesk.commands.registry import TYPING, Where
from agentdesk.locale import say

Sequence = tuple[str, ...]
"""Keys pressed one after the other."""

NAMED = frozenset(
    ["enter", "esc", "tab", "space", "backspace", "delete", "insert", "up", "down", "left", "right", "home", "end", "pageup", "pagedown"]
    + [f"f{n}" for n in range(1, 25)]
)
MODIFIED = re.compile(r"(?:(?:ctrl|alt|shift|meta|super)\+)+(.+)")


@dataclass(frozen=True, slots=True)
class Fault:
    """A line of a keymap that says something wrong; the rest of the map works."""

    file: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}" if self.line else f"{self.file}: {self.message}"


@dataclass(frozen=True, slots=True)
class Keymap:
    name: str
    keys: Mapping[str, tuple[Sequence, ...]]
    """Command id -> its sequences, the one to show first."""
    faults: tuple[Fault, ...] = ()
    file: Path = Path()
    """Where it stands."""

    def shown(self, command_id: str) -> str:
        """The keys of a command as the agent reads them: "g m", or empty."""
        sequences = self.keys.get(command_id, ())
        return " ".join(sequences[0]) if sequences else ""

    def all_shown(self, command_id: str) -> tuple[str, ...]:
        return tuple(" ".join(sequence) for sequence in self.keys.get(command_id, ()))


def is_typed(key: str) -> bool:
    """A key that writes a character (or space) where one is typing."""
    return len(key) == 1 or key == "space"


def parse_sequence(text: str) -> Sequence | None:
    """`"g m"` -> ("g", "m"); None if a key of it does not exist."""
    keys = tuple(text.split()) if text.strip() else ()
    for key in keys:
        modified = MODIFIED.fullmatch(key)
        base = modified[1] if modified and len(key) > 1 else key
        if not (len(base) == 1 or base in NAMED):
            return None
    return keys or None


@dataclass(slots=True)
class _Reader:
    """Reads one file; what it finds wrong collects in `faults`."""

    file: Path
    text: str = ""
    faults: list[Fault] = field(default_factory=list)

    def line_of(self, word: str, second: str = "") -> int:
        """The line a key of the file stands on (tomli keeps no positions)."""
        pattern = re.compile(rf"""^\s*["']?{re.escape(word)}["']?\s*=""")
        lines = self.text.splitlines()
        for number, line in enumerate(lines, 1):
            if pattern.match(line):
                if second and second not in line:
                    for later in range(number, min(number + 12, len(lines))):
                        if second in lines[later]:
                            return later + 1
                return number
        return 0

    def fault(self, message: str, word: str = "", second: str = "") -> None:
        self.faults.append(Fault(self.file, self.line_of(word, second) if word else 0, message))

    def read(self) -> tuple[str, str, dict[str, tuple[Sequence, ...]]]:
        """Name, base, and the keys the file gives."""
        try:
            self.text = self.file.read_text(encoding="utf-8")
            data = tomli.loads(self.text)
        except (OSError, UnicodeDecodeError) as error:
            self.faults.append(Fault(self.file, 0, say("screen.keymap_unreadable", why=error)))
            return self.file.stem, "default", {}
        except tomli.TOMLDecodeError as error:
            found = re.search(r"line (\d+)", str(error))
            self.faults.append(Fault(self.file, int(found[1]) if found else 0, say("screen.keymap_toml", why=error)))
            return self.file.stem, "default", {}
        head = data.get("map", {})
        head = head if isinstance(head, dict) else {}
        for word in (set(data) - {"map", "keys"}) | (set(head) - {"name", "base"}):
            self.fault(say("screen.keymap_unknown_table", name=word), word)
        table = data.get("keys", {})
        keys: dict[str, tuple[Sequence, ...]] = {}
        for command_id, given in table.items() if isinstance(table, dict) else ():
            if command_id not in COMMANDS:
                near = difflib.get_close_matches(command_id, list(COMMANDS.by_id), 1)
                hint = say("screen.keymap_nearest", name=near[0]) if near else ""
                self.fault(say("screen.keymap_unknown", name=command_id) + hint, command_id)
                continue
            texts = [given] if isinstance(given, str) else given
            if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
                self.fault(say("screen.keymap_type", name=command_id), command_id)
                continue
            sequences = []
            for text in texts:
                sequence = parse_sequence(text)
                if sequence is None:
                    self.fault(say("screen.keymap_key", key=text, name=command_id), command_id, text)
                else:
                    sequences.append(sequence)
            keys[command_id] = tuple(sequences)
        name, base = str(head.get("name", self.file.stem)), str(head.get("base", ""))
        return name, base, keys


def _meets(first: frozenset[Where], second: frozenset[Where]) -> bool:
    return bool(first & second)


def _check(reader: _Reader, given: dict[str, tuple[Sequence, ...]]) -> dict[str, tuple[Sequence, ...]]:
    """Drop what clashes or can't be reached; the first to name a key keeps it."""
    taken: list[tuple[Sequence, str]] = []
    kept: dict[str, list[Sequence]] = {command_id: [] for command_id in given}
    for command_id, sequences in given.items():
        where = COMMANDS[command_id].where
        for sequence in sequences:
            shown = " ".join(sequence)
            if where <= TYPING and is_typed(sequence[0]):
                reader.fault(say("screen.keymap_typed", key=shown, name=command_id), command_id, shown)
                continue
            if where - TYPING and sequence[0] in set("0123456789"):
                reader.fault(say("screen.keymap_count", key=shown, name=command_id), command_id, shown)
                continue
            trouble = ""
            for other, other_id in taken:
                if not _meets(where, COMMANDS[other_id].where) or other_id == command_id:
                    continue
                if other == sequence:
                    trouble = say("screen.keymap_clash", key=shown, name=command_id, other=other_id)
                elif other == sequence[: len(other)] or sequence == other[: len(sequence)]:
                    trouble = say(
                        "screen.keymap_unreachable", key=shown, name=command_id, other=other_id, taken=" ".join(other)
                    )
                if trouble:
                    break
            if trouble:
                reader.fault(trouble, command_id, shown)
                continue
            taken.append((sequence, command_id))
            kept[command_id].append(sequence)
    return {command_id: tuple(sequences) for command_id, sequences in kept.items()}


def _over(
    base: Mapping[str, tuple[Sequence, ...]], given: Mapping[str, tuple[Sequence, ...]]
) -> dict[str, tuple[Sequence, ...]]:
    """`given` laid over `base`: a key that `given` uses leaves the command it had in `base`."""
    merged = dict(given)
    for command_id, sequences in base.items():
        if command_id in given:
            continue
        where = COMMANDS[command_id].where
        free = []
        for sequence in sequences:
            hidden = any(
                _meets(where, COMMANDS[other].where)
                and any(s == sequence[: len(s)] or sequence == s[: len(sequence)] for s in theirs)
                for other, theirs in given.items()
            )
            if not hidden:
                free.append(sequence)
        merged[command_id] = tuple(free)
    return merged


def load(name: str = "default", folder: Path | None = None) -> Keymap:
    """The keymap of a name in keymaps/, or of a path (relative to the desk's `folder`). Never raises: faults are in it."""
    shipped = paths.shipped("keymaps")
    file = shipped / f"{name}.toml"
    if "/" in name or name.endswith(".toml"):
        file = (folder or Path()) / Path(name).expanduser()
    reader = _Reader(file)
    title, base, given = reader.read()
    keys = _check(reader, given)
    if base:
        if (shipped / f"{base}.toml").is_file():
            keys = _over(load(base).keys, keys)
        else:
            reader.fault(say("screen.keymap_base", name=base), "base")
    return Keymap(title, keys, tuple(reader.faults), file)
