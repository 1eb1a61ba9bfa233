"""Where orders come from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from agentdesk.domain.order import Order


class OrderSource(Protocol):
    """A shop. A `files` shop gives everything at once; others are asked by customer or number."""

    def changed(self) -> bool:
        """Whether `all_orders` would now give something else than at its last call."""

    def all_orders(self) -> Sequence[Order]:
        """Every order.

        Raises:
            ConfigError: the file as a whole can't be read (bad lines are left out and kept in `faults`).
        """

    faults: Sequence[str]
    """What was wrong at the last reading: `file:line: what, and what to do`, one line each."""

    as_of: datetime | None
    """How old the data are."""
