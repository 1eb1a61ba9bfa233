"""Between the team log and the store: what was done here goes up, what the log says comes down and is folded."""

from __future__ import annotations

from agentdesk.store import conversations, events
from agentdesk.store.database import Database, Tx
from agentdesk.store.rules import Rules
from agentdesk.team.base import EpochChanged, TeamLog

BATCH = 50


def drain(log: TeamLog, database: Database, rules: Rules) -> int:
    """Append what is pending, then read and fold what is new; returns how many entries were read.

    Appending is at least once: after a crash between the two steps the same event is appended again, and the fold drops it.
    """
    waiting = events.pending(database.reader())
    if waiting:
        log.append(waiting)
    try:
        entries = list(log.since(events.position(database.reader())))
    except EpochChanged:
        database.write(events.forget_positions)
        entries = list(log.since(None))
    for start in range(0, len(entries), BATCH):

        def change(tx: Tx, start: int = start) -> None:
            for row in events.confirm(tx, entries[start : start + BATCH]):
                conversations.refresh(tx, row, rules)

        database.write(change)
    return len(entries)
