"""How much to ask for at once, by how long it took before: little enough for something urgent to get its turn, on any line."""

from __future__ import annotations


class Pace:
    """A size that doubles while it takes less than a third of `seconds`, and is halved when it takes longer than those."""

    def __init__(self, first: int, *, least: int, most: int, seconds: float) -> None:
        self.size = first
        self._least, self._most, self._seconds = least, most, seconds

    def took(self, size: int, seconds: float) -> None:
        if seconds > self._seconds:
            self.size = max(self._least, self.size // 2)
        elif size >= self.size and seconds < self._seconds / 3:
            self.size = min(self._most, self.size * 2)
