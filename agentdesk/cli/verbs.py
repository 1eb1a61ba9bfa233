"""The verbs on conversations: what was done is said on stderr, stdout stays empty."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from datetime import datetime

from agentdesk.cli.opening import open_desk
from agentdesk.cli.output import talk
from agentdesk.desk import Desk
from agentdesk.domain import when
from agentdesk.domain.clean import clean
from agentdesk.errors import UsageError
from agentdesk.locale import say


def _do(arguments: Namespace, ids: Sequence[str], verb: Callable[[Desk, list[int]], str]) -> int:
    with open_desk(arguments) as desk:
        talk(verb(desk, [desk.queue.find(each) for each in ids]))
    return 0


def note(arguments: Namespace) -> int:
    text = clean(text_or_stdin(arguments.text)).strip()
    if not text:
        raise UsageError(say("cli.empty_text"))
    return _do(arguments, [arguments.id], lambda desk, rows: desk.work.note(rows, text))


def tag(arguments: Namespace) -> int:
    if not arguments.tags and not arguments.remove:
        raise UsageError(say("cli.no_tag"))
    return _do(arguments, [arguments.id], lambda desk, rows: desk.work.tag(rows, arguments.tags, arguments.remove))


def assign(arguments: Namespace) -> int:
    to = "" if arguments.to in {"nobody", "-"} else arguments.to
    return _do(arguments, [arguments.id], lambda desk, rows: desk.work.assign(rows, to))


def claim(arguments: Namespace) -> int:
    return _do(arguments, arguments.ids, lambda desk, rows: desk.work.claim(rows))


def close(arguments: Namespace) -> int:
    return _do(arguments, arguments.ids, lambda desk, rows: desk.work.close(rows))


def reopen(arguments: Namespace) -> int:
    return _do(arguments, arguments.ids, lambda desk, rows: desk.work.reopen(rows))


def snooze(arguments: Namespace) -> int:
    def verb(desk: Desk, rows: list[int]) -> str:
        return desk.work.snooze(rows, moment(arguments.until, datetime.now(desk.config.timezone)))

    return _do(arguments, [arguments.id], verb)


def moment(text: str, now: datetime) -> datetime:
    """A moment to come, in the words the screen understands too.

    Raises:
        UsageError: it is none.
    """
    found = when.parse(text, now)
    if found is None:
        raise UsageError(say("cli.not_a_time", text=text))
    return found


def text_or_stdin(text: str) -> str:
    """The text itself, or what comes in on stdin for `-`."""
    if text != "-":
        return text
    return sys.stdin.buffer.read().decode("utf-8", "replace")
