"""Between the team log and the store: what was done here goes up, what the log says comes down and is folded."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from agentdesk.domain.events import Entry
from agentdesk.store import conversations, events
from agentdesk.store.database import Database, Tx
from agentdesk.store.rules import Rules
from agentdesk.team.base import EpochChanged, TeamLog

BATCH = 50


def drain(log: TeamLog, database: Database, rules: Rules) -> int:
    """Append what is pending, then read and fold what is new; returns how many entries were read.

    Appending is at least once: after a crash between the two steps the same event is appended again, and the fold drops it.
    """
    read = 0
    while True:
        waiting = events.pending(database.reader(), BATCH)
        if waiting:
            log.append(waiting)
        try:
            entries = list(log.since(events.position(database.reader())))
        except EpochChanged:  # everything known counts as pending; what this log has is confirmed, the rest appended
            database.write(events.forget_positions)
            entries = list(log.since(None))
        read += len(entries)
        for start in range(0, len(entries), BATCH):
            database.write(partial(_confirm, entries=entries[start : start + BATCH], rules=rules))
        left = events.pending(database.reader(), 1)
        if not left or left[0] in waiting:  # what the log does not give back yet comes with the next look
            return read


def _confirm(tx: Tx, entries: Sequence[Entry], rules: Rules) -> None:
    for row in events.confirm(tx, entries):
        conversations.refresh(tx, row, rules)
