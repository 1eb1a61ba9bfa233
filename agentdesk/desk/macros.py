"""What snippets do to conversations: with a reply, or as a macro by themselves on one or many. One step of undo either way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agentdesk.config import DeskConfig
from agentdesk.desk.facts import Change, Plan, Row
from agentdesk.desk.queue import Queue
from agentdesk.desk.work import Step, Work, set_status, tags_of
from agentdesk.domain.conversation import Priority, Status
from agentdesk.domain.events import Kind
from agentdesk.errors import Refused
from agentdesk.locale import say
from agentdesk.snippets.model import Snippet, snooze_span
from agentdesk.store import conversations, sent_snippets, threads
from agentdesk.store.database import Database, Tx
from agentdesk.store.rules import Rules

if TYPE_CHECKING:
    from agentdesk.desk.answers import Answers


@dataclass(frozen=True, slots=True)
class Effect:
    """The actions of snippets, understood."""

    tags: tuple[str, ...] = ()
    assign: str = ""
    """A member as `Work.colleague` knows them; empty: stays."""
    priority: Priority | None = None
    status: Status | None = None
    until: datetime | None = None
    """When a snooze ends."""


def effect(actions: Mapping[str, Any]) -> Effect:
    """What actions mean now. A snooze loses against closing, as both can't be."""
    away = snooze_span(str(actions.get("snooze") or ""))
    status, until = None, None
    if actions.get("close"):
        status = Status.CLOSED
    elif away is not None:
        status, until = Status.SNOOZED, datetime.now(UTC) + away
    priority = actions.get("priority")
    return Effect(
        tags=tuple(tags_of(actions.get("tags", ()))), assign=str(actions.get("assign") or ""),
        priority=Priority(priority) if priority in set(Priority) else None, status=status, until=until,
    )  # fmt: skip


def label(work: Work, tx: Tx, row: int, wanted: Effect) -> list[Step]:
    """Tags, owner and priority of one conversation; the steps that take them back."""
    steps: list[Step] = []
    if wanted.assign:
        steps += work.give(tx, row, Kind.ASSIGN, work.colleague(wanted.assign))
    if wanted.tags:
        steps += work.label(tx, row, wanted.tags)
    if wanted.priority is not None:
        steps += work.rank(tx, row, wanted.priority)
    return steps


class Macros:
    """Snippets with actions only."""

    def __init__(self, config: DeskConfig, database: Database, rules: Rules, queue: Queue, work: Work, answers: Answers) -> None:
        self._config, self._db, self._rules, self._queue, self._work, self._answers = config, database, rules, queue, work, answers

    def words(self, actions: Mapping[str, Any]) -> tuple[str, ...]:
        """What actions do, in short words, the weightiest first: `closed`, `to Luca Verdi`, `+late`."""
        return self._differences(None, effect(actions))

    def plan(self, name: str, rows: Sequence[int]) -> Plan:
        """What a macro would do to these conversations; nothing is done.

        Raises:
            NotFound: there is no such macro.
        """
        macro = self._answers.library.find_macro(name)
        wanted, changes = effect(macro.actions), []
        for known in self._queue.rows(list(dict.fromkeys(rows))):
            refused = macro.refusal(datetime.now(self._config.timezone).date(), known.kind)
            changes.append(Change(known.row, known.customer_name or known.customer_address, known.subject,
                                  () if refused else self._differences(known, wanted), refused))  # fmt: skip
        return Plan(macro.full_name, macro.title, self._differences(None, wanted), tuple(changes))

    def _differences(self, known: Row | None, wanted: Effect) -> tuple[str, ...]:
        """What is another in one conversation afterwards; without one, all of it."""
        words: list[str] = []
        if wanted.status is Status.CLOSED and (known is None or known.status != Status.CLOSED.value):
            words.append(say("desk.does.close"))
        if wanted.until is not None:
            words.append(say("desk.does.snooze", until=f"{wanted.until.astimezone(self._config.timezone):%d/%m %H:%M}"))
        if wanted.assign and (known is None or known.assignee != self._owner(wanted.assign)):
            words.append(say("desk.does.assign", who=self._work.name_of(self._owner(wanted.assign))))
        if wanted.priority is not None and (known is None or known.priority != wanted.priority.value):
            words.append(say("desk.does.priority", priority=say(f"desk.priority.{wanted.priority.value}")))
        words += [f"+{tag}" for tag in wanted.tags if known is None or tag not in known.tags]
        return tuple(words)

    def run(self, name: str, rows: Sequence[int]) -> str:
        """Do what a macro says to these conversations, as one step of undo; what was done, for the status line.

        Those it isn't for (its channels) stay as they are, and the words say so.

        Raises:
            NotFound: there is no such macro.
            Refused: it may be used for none of them; or it assigns to somebody who isn't here, and then nothing is done.
        """
        macro = self._answers.library.find_macro(name)
        plan = self.plan(macro.full_name, rows)
        meant = [change.row for change in plan.changes if not change.refused]
        if not meant:
            why = next((change.refused for change in plan.changes), say("desk.no_conversations"))
            raise Refused(say("snippets.refused", name=macro.full_name, why=why))
        words = say("desk.done.macro", n=len(meant), does=", ".join(plan.does))
        self._db.write(lambda tx: self._do(tx, macro, meant, words))
        left = len(plan.changes) - len(meant)
        return f"{words} · {say('desk.macro_left', n=left)}" if left else words

    def _do(self, tx: Tx, macro: Snippet, rows: Sequence[int], words: str) -> None:
        wanted = effect(macro.actions)
        steps: list[Step] = []
        for row in dict.fromkeys(threads.resolve(tx, row) for row in rows):
            steps += label(self._work, tx, row, wanted)
            if wanted.status is not None:
                steps += set_status(self._work, tx, row, wanted.status, wanted.until)
            conversations.refresh(tx, row, self._rules)
        self._work.remember(tx, words, steps)
        sent_snippets.used(tx, [macro.full_name])

    def _owner(self, text: str) -> str:
        """A colleague's address; of somebody who isn't here what the pack says, so that the agent sees it."""
        try:
            return self._work.colleague(text)
        except Refused:
            return text
