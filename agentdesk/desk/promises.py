"""The desk's rules for the store, from its configuration: opening hours and promises become due times."""

from __future__ import annotations

from datetime import datetime

from agentdesk.config import DeskConfig
from agentdesk.domain import promise
from agentdesk.domain.calendar import OpeningHours
from agentdesk.store.rules import Rules


def opening_hours(config: DeskConfig) -> OpeningHours:
    return OpeningHours(config.hours.week, config.timezone, config.hours.holidays, config.hours.closed)


def store_rules(config: DeskConfig, hours: OpeningHours) -> Rules:
    promises = config.promises

    def due(kind: str, since: datetime) -> datetime | None:
        return promise.due_at(kind, since, promises, hours)

    return Rules(
        agent=config.agent_email.lower(), own=config.own_addresses, reopen_days=config.reopen_days,
        mask_cards=config.mask_cards, due=due,
    )
