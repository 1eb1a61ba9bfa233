"""Reading: quotes, history."""

from __future__ import annotations

from agentdesk.locale import say
from agentdesk.tui import times
from agentdesk.tui.actions.registry import does
from agentdesk.tui.layout import cut
from agentdesk.tui.screens.desk import DeskScreen
from agentdesk.tui.sheets.pick import Options
from agentdesk.tui.widgets.sheet import Choice


@does("quotes")
def quotes(screen: DeskScreen, count: int, argument: str) -> None:
    if not screen.conversation.toggle_quotes():
        screen.tell(say("screen.no_quotes"))


@does("history")
def history(screen: DeskScreen, count: int, argument: str) -> None:
    facts = screen.facts
    if facts is None or not facts.history:
        screen.tell(say("screen.no_history"))
        return
    now = screen.now()
    choices = [
        Choice(
            f"{times.day(row.last_at, now):>6}  {'❯' if row.is_chat else '✉'} {cut(row.subject or row.preview, 60)}",
            say(f"screen.status_{row.status}"), row.row,
        )
        for row in facts.history
    ]  # fmt: skip

    def chosen(choice: Choice) -> None:
        screen.close_sheet()
        screen.open(int(choice.value))

    screen.choose_from(Options(say("screen.history"), choices, chosen))
