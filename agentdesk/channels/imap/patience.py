"""How long what may take, and how much it may bring."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a command may take and how much it may bring, whatever the server does."""

    silence: float = 30.0
    """Seconds without one byte, while an answer is due."""
    seconds: float = 60.0
    """Seconds in all, and one more for each `rate` bytes that come."""
    rate: int = 500
    most: float = 600.0
    """Seconds in all, however fast it comes."""
    bytes: int = 32 << 20


@dataclass(frozen=True, slots=True)
class Timeouts:
    connect: float = 10.0
    greeting: float = 20.0
    goodbye: float = 2.0
    command: Patience = field(default_factory=Patience)
