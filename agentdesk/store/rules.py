"""What the store must know of the desk to keep its conversations: plain values and pure functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from agentdesk.config import DeskConfig
from agentdesk.domain import promise
from agentdesk.domain.calendar import OpeningHours


def _no_promise(_kind: str, _since: datetime) -> datetime | None:
    return None


@dataclass(frozen=True, slots=True)
class Rules:
    agent: str = ""
    """Mail address of the agent at this desk, lower case."""
    own: frozenset[str] = frozenset()
    """Every address that is ours, lower case."""
    reopen_days: int = 14
    mask_cards: bool = False
    due: Callable[[str, datetime], datetime | None] = _no_promise
    """(channel kind, waiting since) -> when the promise breaks, or None."""


def opening_hours(config: DeskConfig) -> OpeningHours:
    """The desk's opening hours."""
    return OpeningHours(config.hours.week, config.timezone, config.hours.holidays, config.hours.closed)


def store_rules(config: DeskConfig, hours: OpeningHours) -> Rules:
    """The desk's rules from its configuration: opening hours and promises become due times."""
    promises = config.promises

    def due(kind: str, since: datetime) -> datetime | None:
        return promise.due_at(kind, since, promises, hours)

    return Rules(
        agent=config.agent_email.lower(), own=config.own_addresses, reopen_days=config.reopen_days,
        mask_cards=config.mask_cards, due=due,
    )
