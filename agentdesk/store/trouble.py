"""What can't be written into the database, because nothing can be: a few words in a file whose room was taken beforehand.

A full disk is the one thing that the engine could not tell the windows through the store. Writing over bytes that are there needs no
new room on most file systems; on those where it does, a window learns it from its own next write.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

_ROOM = 4096
_NAME = "engine.trouble"


class Trouble:
    """The engine's side. `take_room` while there is some; `say` words, or nothing when all is well again."""

    def __init__(self, state: Path) -> None:
        self._path = state / _NAME
        self._said: str | None = None

    def take_room(self) -> None:
        """A file of full length for its owner alone, saying nothing."""
        self._said = None
        self._write("", os.O_CREAT)

    def say(self, words: str) -> None:
        """Let every window know; the same words twice are written once."""
        if words != self._said:
            self._write(words, 0)

    def _write(self, words: str, flags: int) -> None:
        raw = words.encode("utf-8")[:_ROOM].decode("utf-8", "ignore").encode("utf-8").ljust(_ROOM, b"\0")
        with contextlib.suppress(OSError):  # it is in the log, too
            descriptor = os.open(self._path, os.O_WRONLY | flags, 0o600)
            try:
                os.pwrite(descriptor, raw, 0)
            finally:
                os.close(descriptor)
            self._said = words


def trouble_of(state: Path) -> str:
    """What the engine could not write down; empty if there is nothing."""
    try:
        return (state / _NAME).read_bytes()[:_ROOM].rstrip(b"\0").decode("utf-8", "replace")
    except OSError:
        return ""


def changed_at(state: Path) -> int:
    """When it was said last; cheap enough to be asked ten times a second."""
    try:
        return (state / _NAME).stat().st_mtime_ns
    except OSError:
        return 0
