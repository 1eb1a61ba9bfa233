"""The macro picker: what each would do to the conversations it is meant for, before it is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agentdesk.errors import DeskError
from agentdesk.locale import say
from agentdesk.tui.layout import Piece, wrap
from agentdesk.tui.ports import Answers, Macros
from agentdesk.tui.theme import Roles
from agentdesk.tui.widgets.sheet import Choice, Sheet


class MacroPicker(Sheet):
    share = 0.7
    most = 7

    def __init__(
        self, answers: Answers, macros: Macros, rows: Sequence[int], roles: Roles, *, run: Callable[[str], None], left: Callable[[], None]
    ) -> None:
        self._answers, self._macros, self._rows, self._roles, self._run, self._left = answers, macros, rows, roles, run, left
        self.title = say("screen.macros")
        if len(rows) > 1:
            self.title += " · " + say("screen.marked", n=len(rows))

    def choices(self, query: str) -> Sequence[Choice]:
        return [Choice(hit.title, str(hit.why), hit.name) for hit in self._answers.search_macros(query, self._rows[0])]

    def previews(self) -> bool:
        return True

    def preview_title(self) -> str:
        return say("screen.macro_does")

    def preview(self, choice: Choice | None, query: str, width: int) -> Sequence[Sequence[Piece]]:
        roles = self._roles
        if choice is None:
            words = say("screen.no_macro") if query.strip() else say("screen.no_macros")
            return [[(text, roles.mute)] for text in wrap(words, width)]
        try:
            plan = self._macros.plan(str(choice.value), self._rows)
        except DeskError as error:
            return [[(text, roles.bad)] for text in wrap(str(error), width)]
        lines: list[list[Piece]] = [[(text, roles.accent)] for text in wrap(" · ".join(plan.does), width)]
        lines.append([])
        for change in plan.changes:
            lines.append([(change.who, roles.text), ("  " + change.subject, roles.mute)])
            if change.refused:
                lines.append([("  " + change.refused, roles.bad)])
            elif not change.does:
                lines.append([("  " + say("screen.macro_nothing"), roles.faint)])
            elif change.does != plan.does:  # the rest of it is like that already
                lines.extend([("  " + text, roles.accent)] for text in wrap(" · ".join(change.does), width - 2))
        return lines

    def choose(self, choice: Choice | None, query: str) -> None:
        if choice is not None:
            self._run(str(choice.value))

    def leave(self) -> None:
        self._left()
