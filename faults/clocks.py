"""A clock that jumps, for a process of its own: what it shows is the real time and an offset that others may change at any moment."""

from __future__ import annotations

import mmap
import struct
import sys
import time
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Self

_SIZE = struct.calcsize("d")


class Offset:
    """Seconds in a file, seen at once by whoever maps it."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(struct.pack("d", 0.0))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _SIZE)

    def get(self) -> float:
        return float(struct.unpack("d", self._map[:_SIZE])[0])

    def set(self, seconds: float) -> None:
        self._map[:_SIZE] = struct.pack("d", seconds)


def lay(path: Path) -> None:
    """From now on this process reads its wall clock through the offset; the monotonic one is left alone, as a jump leaves it."""
    offset, real = Offset(path), time.time

    class Jumping(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls.fromtimestamp(real() + offset.get(), tz)

    time.time = lambda: real() + offset.get()
    for name, module in list(sys.modules.items()):
        if name.startswith("agentdesk") and getattr(module, "datetime", None) is datetime:
            module.datetime = Jumping  # type: ignore[attr-defined]  # it was looked up a line above
