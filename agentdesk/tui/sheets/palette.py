"""Every command by name with its key, and the keys that work here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from agentdesk.commands import COMMANDS, Command, Where
from agentdesk.commands.keymap import Keymap
from agentdesk.locale import say
from agentdesk.tui.fuzzy import narrow
from agentdesk.tui.layout import cells, wrap
from agentdesk.tui.widgets.sheet import Choice, Sheet


class Palette(Sheet):
    """`:` — a name, fuzzily, or a command with what it takes: `tag vip`."""

    share = 0.8

    def __init__(self, keymap: Keymap, where: Where, run: Callable[[str, str], None]) -> None:
        self.title = say("commands.palette")
        self._run, self._keymap = run, keymap
        self._commands = [c for c in COMMANDS.all() if c.listed and where in c.where]

    def choices(self, query: str) -> Sequence[Choice]:
        taking = self._with_argument(query)
        found = narrow(query, self._commands, lambda c: f"{c.title} {c.help} {c.id}")
        rest = [self._choice(c) for c in found if taking is None or c is not taking[0]]
        if taking is None:
            return rest
        command, argument = taking
        return [Choice(f"{command.title} {argument}", self._keymap.shown(command.id), (command.id, argument)), *rest]

    def _with_argument(self, query: str) -> tuple[Command, str] | None:
        """`tag vip` is the command `tag` with "vip"."""
        name, _, argument = query.strip().partition(" ")
        if not argument:
            return None
        for command in self._commands:
            if command.argument and name.casefold() in {command.id, command.title.casefold()}:
                return command, argument.strip()
        return None

    def _choice(self, command: Command) -> Choice:
        return Choice(command.help, "  ".join(self._keymap.all_shown(command.id)), (command.id, ""))

    def choose(self, choice: Choice | None, query: str) -> None:
        if choice is not None:
            self._run(*choice.value)


class Help(Sheet):
    """`?` — how one works here, then every key that works here, by topic."""

    share = 1.0
    wide = True

    def __init__(
        self, here: Mapping[str, tuple[str, ...]], where: Where, key_of: Callable[[str], str], run: Callable[[str, str], None]
    ) -> None:
        self.title = say("screen.help_title")
        self.placeholder = say("screen.help_placeholder")
        self._here, self._where, self._key_of, self._run = here, where, key_of, run
        self.keys = 2 + max((cells(keys[0]) for keys in here.values()), default=0)

    def choices(self, query: str) -> Sequence[Choice]:
        choices: list[Choice] = [] if query.strip() else self._first_day()
        for topic, commands in COMMANDS.topics.items():
            mine = narrow(query, [c for c in commands if c.id in self._here], lambda c: f"{c.title} {c.help} {c.id}")
            if mine:
                choices += [Choice("", heading=True)] if choices else []
                choices.append(Choice(say(f"commands.topic_{topic}"), heading=True))
                choices.extend(Choice(c.help, "  ".join(self._here[c.id][1:]), c.id, key=self._here[c.id][0]) for c in mine)
        return choices

    def _first_day(self) -> list[Choice]:
        """What somebody hired this week has to know, and what the signs mean."""
        names = ("next.urgent", "snippet.pick", "send", "reply", "note", "undo", "palette")
        keys = {name.replace(".", "_"): self._here.get(name, (self._key_of(name),))[0] for name in names}
        self.marked = frozenset(keys.values())
        typing = self._where is Where.COMPOSER
        paragraphs = say("screen.help_writing" if typing else "screen.help_loop", **keys).split("\n")
        return [Choice(text, role="plain", heading=True) for paragraph in paragraphs for text in wrap(paragraph, self.width)]

    def choose(self, choice: Choice | None, query: str) -> None:
        if choice is not None:
            self._run(choice.value, "")
