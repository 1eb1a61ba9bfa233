"""Moving: the cursor, the columns, the marks."""

from __future__ import annotations

from agentdesk.commands import Where
from agentdesk.locale import say
from agentdesk.tui.actions.registry import does
from agentdesk.tui.screens.desk import DeskScreen
from agentdesk.tui.screens.panes import THREE


def step(screen: DeskScreen, by: int) -> None:
    where = screen.where()
    if where is Where.CONVERSATION:
        screen.conversation.scroll_by(by)
    elif where is Where.PANEL:
        screen.panel.move(by)
    else:
        screen.queue.move(by)


def page(screen: DeskScreen, by: int) -> None:
    where = screen.where()
    if where is Where.CONVERSATION:
        screen.conversation.scroll_page(by)
    elif where is Where.PANEL:
        screen.panel.scroll_page(by)
    else:
        screen.queue.page(by)


@does("cursor.down")
def down(screen: DeskScreen, count: int, argument: str) -> None:
    step(screen, count or 1)


@does("cursor.up")
def up(screen: DeskScreen, count: int, argument: str) -> None:
    step(screen, -(count or 1))


@does("page.down")
def page_down(screen: DeskScreen, count: int, argument: str) -> None:
    page(screen, count or 1)


@does("page.up")
def page_up(screen: DeskScreen, count: int, argument: str) -> None:
    page(screen, -(count or 1))


@does("top")
def top(screen: DeskScreen, count: int, argument: str) -> None:
    if screen.where() is Where.QUEUE:
        screen.queue.renew()
        screen.queue.go(max(0, count - 1))
    else:
        step(screen, -1_000_000 if screen.where() is Where.CONVERSATION else -1_000)


@does("bottom")
def bottom(screen: DeskScreen, count: int, argument: str) -> None:
    if screen.where() is Where.QUEUE:
        screen.queue.renew()
        screen.queue.go(count - 1 if count else len(screen.queue.ids) - 1)
    else:
        step(screen, 1_000_000 if screen.where() is Where.CONVERSATION else 1_000)


@does("conversation.open")
def open_conversation(screen: DeskScreen, count: int, argument: str) -> None:
    if screen.where() is Where.PANEL:
        if screen.panel.current:
            screen.open(screen.panel.current)
        return
    if screen.queue.current:
        screen.follow()
        screen.open(screen.queue.current)


@does("conversation.next")
def next_conversation(screen: DeskScreen, count: int, argument: str) -> None:
    beside(screen, count or 1)


@does("conversation.previous")
def previous_conversation(screen: DeskScreen, count: int, argument: str) -> None:
    beside(screen, -(count or 1))


def beside(screen: DeskScreen, by: int) -> None:
    screen.queue.move(by)
    screen.follow()
    screen.fetch_texts()


@does("focus.next")
def focus_next(screen: DeskScreen, count: int, argument: str) -> None:
    panes = panes_of(screen)
    screen.go_to_pane(panes[(panes.index(screen.pane()) + 1) % len(panes)])


@does("focus.previous")
def focus_previous(screen: DeskScreen, count: int, argument: str) -> None:
    panes = panes_of(screen)
    screen.go_to_pane(panes[(panes.index(screen.pane()) - 1) % len(panes)])


def panes_of(screen: DeskScreen) -> list[str]:
    """The panes one can go to, from the left."""
    hidden = screen.app.size.width >= THREE and not screen.panes.panel_wanted and screen.pane() != "panel"
    return ["queue", "middle"] if hidden else ["queue", "middle", "panel"]


@does("back")
def back(screen: DeskScreen, count: int, argument: str) -> None:
    if screen.where() is not Where.QUEUE:
        screen.go_to_pane("queue")
    elif screen.queue.search is not None:
        screen.end_search(keep=False)
    elif screen.queue.marks:
        screen.queue.mark_all(on=False)
    else:
        screen.tell("")


@does("mark")
def mark(screen: DeskScreen, count: int, argument: str) -> None:
    for _ in range(count or 1):
        if not screen.queue.current:
            return
        screen.queue.mark(screen.queue.current)
        before = screen.queue.cursor
        screen.queue.go(before + 1)
        if screen.queue.cursor == before:
            return


@does("mark.all")
def mark_all(screen: DeskScreen, count: int, argument: str) -> None:
    screen.queue.mark_all(on=len(screen.queue.marks) < len(screen.queue.ids))


@does("mark.none")
def mark_none(screen: DeskScreen, count: int, argument: str) -> None:
    screen.queue.mark_all(on=False)


@does("panel")
def panel(screen: DeskScreen, count: int, argument: str) -> None:
    if screen.app.size.width >= THREE:
        if screen.pane() == "panel":
            screen.go_to_pane("queue")
        screen.panes.panel_wanted = not screen.panes.panel_wanted
        screen.shape()
        screen.tell("" if screen.panes.panel_wanted else say("screen.panel_hidden"))
    elif screen.pane() == "panel":
        screen.go_to_pane("queue")
    else:
        screen.go_to_pane("panel")
