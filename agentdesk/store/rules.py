"""What the store must know of the desk to keep its conversations: plain values and pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from agentdesk.config import DeskConfig
from agentdesk.domain import promise
from agentdesk.domain.calendar import OpeningHours


def _no_promise(_kind: str, _since: datetime, *, answered: bool) -> datetime | None:  # noqa: ARG001 - nothing is promised
    return None


class Due(Protocol):
    """When the promise to a waiting customer breaks, or None."""

    def __call__(self, kind: str, since: datetime, /, *, answered: bool) -> datetime | None:
        """`kind` is the channel's; `answered`: we wrote in this conversation before."""


@dataclass(frozen=True, slots=True)
class Rules:
    agent: str = ""
    """Mail address of the agent at this desk, lower case."""
    own: frozenset[str] = frozenset()
    """Every address that is ours, lower case."""
    reopen_days: int = 14
    mask_cards: bool = False
    due: Due = _no_promise


def opening_hours(config: DeskConfig) -> OpeningHours:
    """The desk's opening hours."""
    return OpeningHours(config.hours.week, config.timezone, config.hours.holidays, config.hours.closed)


def store_rules(config: DeskConfig, hours: OpeningHours) -> Rules:
    """The desk's rules from its configuration: opening hours and promises become due times."""
    promises = config.promises

    def due(kind: str, since: datetime, /, *, answered: bool) -> datetime | None:
        # A chat is promised a first answer within "chat"; later ones must come before the customer leaves.
        later = promises.get("chat_abandon") if answered and kind != "imap" else None
        return promise.due_at(kind, since, promises if later is None else {"chat": later}, hours)

    return Rules(
        agent=config.agent_email.lower(), own=config.own_addresses, reopen_days=config.reopen_days,
        mask_cards=config.mask_cards, due=due,
    )
