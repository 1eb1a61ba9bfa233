"""Writing: replies, notes, snippets, and what happens when one is sent."""

from __future__ import annotations

from agentdesk.commands.registry import DESK, Argument, Command, Where

COMPOSER = frozenset({Where.COMPOSER})
BOTH = DESK | COMPOSER

WRITING = (
    Command("snippet.pick", BOTH, Argument("snippet"), footer=3),
    Command("article.pick", BOTH, Argument("article")),
    Command("reply", DESK, footer=2),
    Command("reply.all", DESK),
    Command("note", DESK, Argument("text")),
    Command("forward", DESK),
    Command("new", DESK, Argument("to")),
    Command("drafts", DESK),
)

COMPOSING = (
    Command("send", COMPOSER, footer=1),
    Command("send.close", COMPOSER),
    Command("send.snooze", COMPOSER, Argument("until")),
    Command("send.keep", COMPOSER),
    Command("send.later", COMPOSER, Argument("at")),
    Command("send.anyway", COMPOSER),
    Command("composer.leave", COMPOSER, footer=5),
    Command("composer.fields", COMPOSER, footer=4),
    Command("composer.next-field", COMPOSER, listed=False),
    Command("composer.open-place", COMPOSER),
    Command("composer.language", COMPOSER, Argument("language")),
    Command("composer.actions", COMPOSER),
    Command("composer.editor", COMPOSER),
    Command("composer.reflow", COMPOSER),
    Command("attach", COMPOSER, Argument("file")),
    Command("detach", COMPOSER),
    Command("draft.discard", COMPOSER),
)
