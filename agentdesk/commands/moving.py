"""Moving about: the cursor, the columns, the views."""

from __future__ import annotations

from agentdesk.commands.registry import DESK, EVERYWHERE, Argument, Command, Where

QUEUE = frozenset({Where.QUEUE})
CONVERSATION = frozenset({Where.CONVERSATION})
PICKER = frozenset({Where.PICKER})

MOVING = (
    Command("cursor.down", DESK, listed=False),
    Command("cursor.up", DESK, listed=False),
    Command("page.down", DESK, listed=False),
    Command("page.up", DESK, listed=False),
    Command("top", DESK, listed=False),
    Command("bottom", DESK, listed=False),
    Command("conversation.open", QUEUE | {Where.PANEL}, footer=1),
    Command("conversation.next", DESK),
    Command("conversation.previous", DESK),
    Command("focus.next", DESK, listed=False),
    Command("focus.previous", DESK, listed=False),
    Command("back", DESK, listed=False),
    Command("mark", QUEUE),
    Command("mark.all", QUEUE),
    Command("mark.none", DESK),
    Command("panel", DESK, footer=9),
)

VIEWS = (
    Command("view.choose", DESK, Argument("view")),
    Command("view.open", DESK),
    Command("view.mine", DESK),
    Command("view.unassigned", DESK),
    Command("view.late", DESK),
    Command("view.waiting", DESK),
    Command("view.snoozed", DESK),
    Command("view.closed", DESK),
    Command("view.spam", DESK),
    Command("view.all", DESK),
    Command("queue.renew", DESK),
    Command("search", DESK, Argument("query"), footer=11),
)

PICKING = (
    Command("picker.down", PICKER, listed=False),
    Command("picker.up", PICKER, listed=False),
    Command("picker.page-down", PICKER, listed=False),
    Command("picker.page-up", PICKER, listed=False),
    Command("picker.choose", PICKER, listed=False, footer=1),
    Command("picker.turn", PICKER, listed=False, footer=2),
    Command("picker.leave", PICKER, listed=False, footer=3),
)

DESKWIDE = (
    Command("palette", DESK, footer=12),
    Command("help", EVERYWHERE, footer=13),
    Command("lookup", DESK, Argument("text")),
    Command("outbox", EVERYWHERE),
    Command("questions", DESK),
    Command("channels", DESK),
    Command("usage", EVERYWHERE),
    Command("link.choose", EVERYWHERE, Argument("link")),
    Command("packs", DESK),
    Command("packs.pull", DESK),
    Command("news", DESK),
    Command("theme", EVERYWHERE, Argument("theme")),
    Command("notices", EVERYWHERE, Argument("mode")),
    Command("mouse", EVERYWHERE),
    Command("redraw", DESK),
    Command("suspend", DESK),
    Command("quit", DESK),
    Command("quit.now", EVERYWHERE),
)

__all__ = ["DESKWIDE", "MOVING", "PICKING", "VIEWS"]
