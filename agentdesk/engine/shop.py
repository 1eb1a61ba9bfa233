"""Bringing the shop's orders into the store, and telling the conversations they concern."""

from __future__ import annotations

import logging

from agentdesk.errors import DeskError
from agentdesk.shops.base import OrderSource
from agentdesk.store import conversations, orders
from agentdesk.store.database import Database, Tx
from agentdesk.store.rules import Rules

log = logging.getLogger(__name__)
BATCH = 50


def bring_in(source: OrderSource, database: Database, rules: Rules) -> bool:
    """Read the shop if it changed; True if anything is different now. A source that can't be read leaves what is known."""
    if not source.changed():
        return False
    try:
        found = source.all_orders()
    except DeskError as error:
        orders.set_faults(database, [str(error)])
        return False
    if orders.replace_all(database, found, source.as_of, source.faults):
        refresh_all(database, rules)
        return True
    return False


def refresh_all(database: Database, rules: Rules) -> None:
    """Recompute every conversation, newest first, in small transactions."""
    rows = [r["row"] for r in database.all("SELECT row FROM conversation WHERE merged_into = 0 ORDER BY last_at DESC")]
    for start in range(0, len(rows), BATCH):

        def change(tx: Tx, batch: list[int] = rows[start : start + BATCH]) -> None:
            for row in batch:
                conversations.refresh(tx, row, rules)

        database.write(change)
