"""What a run of faults found, as one line."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class Figure:
    """`failures` are sentences; a run without any is a good one."""

    name: str
    rounds: int = 0
    failures: list[str] = field(default_factory=list)
    notes: dict[str, object] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)
    seconds: float = 0.0

    def done(self) -> Figure:
        self.seconds = time.monotonic() - self.began
        return self

    def expect(self, holds: object, words: str) -> None:
        if not holds:
            self.failures.append(words)

    def __str__(self) -> str:
        notes = "".join(f"; {name}: {value}" for name, value in self.notes.items())
        return f"{self.name}: {self.rounds} rounds, {len(self.failures)} failures, {self.seconds:.1f} s{notes}"
