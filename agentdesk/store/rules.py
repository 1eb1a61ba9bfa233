"""What the store must know of the desk to keep its conversations: plain values and pure functions, no files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


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
