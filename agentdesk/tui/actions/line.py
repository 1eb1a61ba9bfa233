"""The line to the servers: what it moved, and how it is to be taken."""

from __future__ import annotations

from agentdesk.config import Link
from agentdesk.locale import say
from agentdesk.tui.actions.registry import does
from agentdesk.tui.line import figures
from agentdesk.tui.screens.desk import DeskScreen
from agentdesk.tui.sheets.pick import Options
from agentdesk.tui.sheets.usage import UsageSheet
from agentdesk.tui.widgets.sheet import Choice


@does("usage")
def usage(screen: DeskScreen, count: int, argument: str) -> None:
    screen.choose_from(UsageSheet(screen))


@does("link.choose")
def choose_link(screen: DeskScreen, count: int, argument: str) -> None:
    def use(link: Link) -> None:
        screen.desk.usage.choose_link(link)
        screen.desk_app.wake()
        screen.tell(say("usage.link_chosen", link=say(f"usage.link_{link.value}")))
        screen.refresh_lines()

    if argument in set(Link):
        use(Link(argument))
        return

    def chosen(choice: Choice) -> None:
        screen.close_sheet()
        use(choice.value)

    here = screen.desk.usage.link()
    choices = [
        Choice(say(f"usage.link_{link.value}"), say(f"usage.link_{link.value}_why"), link, role="accent" if link is here else "text")
        for link in (Link.AUTO, Link.NORMAL, Link.THIN, Link.OFFLINE)
    ]
    measured = [f"{channel.name} · {words}" for channel in screen.desk.reading.channels() if (words := figures(channel))]
    choices += [Choice(words, heading=True) for words in measured]
    screen.choose_from(Options(say("usage.link_title"), choices, chosen, share=0.5, wide=True))
