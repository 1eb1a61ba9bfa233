"""The team log: an ordered record of events, shared by everyone who works at the desk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from agentdesk.domain.events import Entry, EpochChanged, Event, Position

__all__ = ["EpochChanged", "TeamLog"]


class TeamLog(Protocol):
    def append(self, events: Sequence[Event]) -> None:
        """At least once: the same event may land twice, the fold makes the second a no-op."""

    def since(self, after: Position | None) -> Iterator[Entry]:
        """Gap-free and ascending, from just after a position.

        Raises:
            EpochChanged: `after` belongs to another life of the log.
        """
