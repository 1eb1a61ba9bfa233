"""From keys to commands: sequences such as `g m`, counts such as `5j`, and never a verb while somebody types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from textual.events import Key

from agentdesk.commands import COMMANDS, Where
from agentdesk.commands.keymap import Keymap, Sequence, is_typed
from agentdesk.commands.registry import DESK, TYPING

MOST = 9999
"""A count is cut here: nobody means more, and a stuck key should not."""


def token(event: Key) -> str:
    """A key as keymaps name it."""
    if event.is_printable and event.character:
        return "space" if event.character == " " else event.character
    key = event.key.replace("escape", "esc")
    return "tab" if key == "ctrl+i" else key


@dataclass(frozen=True, slots=True)
class Meant:
    """What a key came to: a command, the beginning of one, or nothing of ours."""

    command: str = ""
    count: int = 0
    """0: none given."""
    taken: bool = False
    """The key was ours; nobody else gets it."""


class Keyboard:
    """Remembers what has been pressed so far; one for the whole screen."""

    def __init__(self, keymap: Keymap) -> None:
        self.pending: Sequence = ()
        self.count = ""
        self.use(keymap)

    def use(self, keymap: Keymap) -> None:
        self.keymap = keymap
        self._commands: dict[Where, dict[Sequence, str]] = {where: {} for where in Where}
        self._beginnings: dict[Where, set[Sequence]] = {where: set() for where in Where}
        for command_id, sequences in keymap.keys.items():
            for where in COMMANDS[command_id].where:
                for sequence in sequences:
                    if where in TYPING and is_typed(sequence[0]):
                        continue
                    self._commands[where][sequence] = command_id
                    self._beginnings[where].update(sequence[:n] for n in range(1, len(sequence)))

    def forget(self) -> None:
        self.pending, self.count = (), ""

    def press(self, key: str, where: Where) -> Meant:
        typing = where in TYPING
        if not typing and not self.pending and (key.isdecimal() and (key != "0" or self.count)) and len(key) == 1:
            self.count = (self.count + key)[:4]
            return Meant(taken=True)
        sequence = (*self.pending, key)
        command = self._commands[where].get(sequence, "")
        if command:
            count = min(int(self.count), MOST) if self.count else 0
            self.forget()
            return Meant(command, count, taken=True)
        if sequence in self._beginnings[where]:
            self.pending = sequence
            return Meant(taken=True)
        begun = bool(self.pending or self.count)
        self.forget()
        # A sequence that leads nowhere swallows its last key: what follows `g` was not meant to act alone.
        return Meant(taken=begun)

    def continuations(self, where: Where) -> Mapping[str, str]:
        """After a beginning: the keys that lead somewhere, with the command each leads to."""
        length = len(self.pending)
        found: dict[str, str] = {}
        for sequence, command in self._commands[where].items():
            if length and sequence[:length] == self.pending and command not in found.values():
                found[" ".join(sequence[length:])] = command
        return found

    def elsewhere(self, key: str, where: Where) -> tuple[str, str]:
        """A command that a key reaches in another column, and which column; empty if there is none."""
        for other in DESK - {where}:
            if command := self._commands[other].get((key,)):
                return command, other.value
        return "", ""

    def here(self, where: Where) -> Mapping[str, tuple[str, ...]]:
        """Every command that a key reaches here, with its keys."""
        found: dict[str, list[str]] = {}
        for sequence, command in self._commands[where].items():
            found.setdefault(command, []).append(" ".join(sequence))
        return {command: tuple(keys) for command, keys in found.items()}
