"""The verbs: what an agent does to conversations. Each is one step that `undo` takes back."""

from __future__ import annotations

from agentdesk.commands.registry import DESK, EVERYWHERE, Argument, Command

LOOP = (
    Command("next.urgent", DESK, footer=4),
    Command("next.chat", DESK),
    Command("undo", EVERYWHERE),
)

VERBS = (
    Command("claim", DESK),
    Command("release", DESK),
    Command("assign", DESK, Argument("agent"), footer=5),
    Command("tag", DESK, Argument("tags"), footer=6),
    Command("snooze", DESK, Argument("until"), footer=7),
    Command("close", DESK, footer=8),
    Command("reopen", DESK),
    Command("wait", DESK),
    Command("priority", DESK, Argument("priority")),
    Command("spam", DESK),
    Command("macro", DESK, Argument("macro")),
    Command("order.choose", DESK, Argument("order")),
    Command("language.choose", DESK, Argument("language")),
)

READING = (
    Command("quotes", DESK),
    Command("attachments", DESK),
    Command("raw.save", DESK, Argument("folder")),
    Command("history", DESK),
    Command("copy", DESK),
    Command("copy.order", DESK),
    Command("copy.tracking", DESK),
    Command("copy.address", DESK),
    Command("links", DESK),
)
