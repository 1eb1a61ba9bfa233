"""The one registry of commands: keys, palette, help screen and docs derive from it.

A command says its id, where it applies and what it takes once; its words stand in the catalogue under
`commands.<id>` (a word or two, as the footer shows it) and `commands.<id>_help` (one line), with `_` for `.`.
What a command *does* is the front end's business (`agentdesk.tui.actions`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from agentdesk.locale import say


class Where(StrEnum):
    """The contexts a command can apply in. In the last two the agent is typing."""

    QUEUE = "queue"
    CONVERSATION = "conversation"
    PANEL = "panel"
    COMPOSER = "composer"
    PICKER = "picker"


DESK = frozenset({Where.QUEUE, Where.CONVERSATION, Where.PANEL})
TYPING = frozenset({Where.COMPOSER, Where.PICKER})
EVERYWHERE = DESK | TYPING
"""A printable key of such a command works only where nobody is typing."""


@dataclass(frozen=True, slots=True)
class Argument:
    """What a command asks for when it is not given (`:tag vip`)."""

    name: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    id: str
    where: frozenset[Where]
    argument: Argument | None = None
    footer: int = 0
    """Place in the footer line, 1 first; 0: never there."""
    listed: bool = True
    """Shown in the palette; False for what only makes sense as a key (moving the cursor)."""

    @property
    def words(self) -> str:
        return "commands." + self.id.replace(".", "_").replace("-", "_")

    @property
    def title(self) -> str:
        """A word or two."""
        return say(self.words)

    @property
    def help(self) -> str:
        """One line."""
        return say(self.words + "_help")


class Registry:
    """All commands, in the order in which help shows them."""

    def __init__(self, topics: Iterable[tuple[str, Iterable[Command]]]) -> None:
        self.topics: dict[str, tuple[Command, ...]] = {name: tuple(commands) for name, commands in topics}
        self.by_id: dict[str, Command] = {}
        for commands in self.topics.values():
            for command in commands:
                if command.id in self.by_id:
                    message = f"two commands are called {command.id}"
                    raise ValueError(message)
                self.by_id[command.id] = command

    def __getitem__(self, command_id: str) -> Command:
        return self.by_id[command_id]

    def __contains__(self, command_id: object) -> bool:
        return command_id in self.by_id

    def all(self) -> tuple[Command, ...]:
        return tuple(self.by_id.values())
