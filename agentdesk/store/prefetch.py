"""What is fetched before anybody asks on a thin line: the texts of the conversations the agent comes to next."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from agentdesk.domain.query import parse
from agentdesk.store.database import Database
from agentdesk.store.queue import Asker, compile_query
from agentdesk.store.rules import Rules

NEXT = 5
"""Conversations of the queue, in its order."""
NEWEST = 5
"""Messages of each: what lies further back is read when it is opened."""


MINE = 20
"""Conversations at most that the agent has claimed."""


def next_up(database: Database, rules: Rules, now: datetime) -> frozenset[int]:
    """Rows of the conversations at the head of the queue, those the agent has claimed, and those with a draft or a reply on its way."""
    asker = Asker(rules.agent, now, ZoneInfo("UTC"))
    queue, values = compile_query(parse("is:open"), parse(""), "due", asker)
    head = [row[0] for row in database.all(f"{queue} LIMIT {NEXT}", values)]
    mine = database.all(
        "SELECT * FROM (SELECT row FROM conversation WHERE assignee = ? AND claiming AND status = 'open' AND merged_into = 0"
        " ORDER BY last_at DESC LIMIT ?)"
        " UNION SELECT conversation FROM draft UNION SELECT conversation FROM outbox WHERE state NOT IN ('accepted', 'filed')",
        (rules.agent, MINE),
    )
    return frozenset(head) | frozenset(row[0] for row in mine if row[0])
