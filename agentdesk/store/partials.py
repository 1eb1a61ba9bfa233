"""Contents on their way in: what has come so far of an attachment or of a whole message, each in a private file of its own.

The first line of a file says what it is the beginning of (JSON); the rest is the content as it came, still encoded. Nothing else
remembers how far it got: a piece is added with one write, so after a crash the file's length is true, and half a line at the top
means that there is nothing. Only the holder of the desk's lock writes here.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import time
from collections.abc import Collection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from agentdesk.errors import DeskError
from agentdesk.locale import say
from agentdesk.store.blobs import SPARED_SECONDS

MARGIN = 16 << 20
"""Bytes of the disk that are left to everything else: the desk's database must be able to write."""
LONGEST_HEAD = 1 << 16

Origin = dict[str, Any]


class NotKept(DeskError):  # noqa: N818 - it names a state
    """The disk is full, or fails. What came before is kept; it goes on when there is space again."""


class Partials:
    """The folder of what is on its way. `name` is the caller's: one for each content."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self, name: str) -> Partial:
        """The beginning that is here, or an empty one.

        Raises:
            NotKept: the file can't be made.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            return Partial(self._folder / name)
        except OSError as error:
            raise _not_kept(self._folder, error) from error

    def sizes(self) -> dict[str, int]:
        """Name and length of every file here."""
        found = {}
        for path in self._folder.glob("*"):
            with contextlib.suppress(OSError):  # just finished
                found[path.name] = path.stat().st_size
        return found

    def sweep(self, wanted: Collection[str]) -> int:
        """Delete what nobody waits for since yesterday; returns how many."""
        gone = 0
        for path in self._folder.glob("*"):
            with contextlib.suppress(OSError):  # gone meanwhile
                if path.name not in wanted and path.stat().st_mtime < time.time() - SPARED_SECONDS:
                    path.unlink()
                    gone += 1
        return gone

    def require(self, wanted: int) -> None:
        """See that there is room for so many bytes more, before any is asked for.

        Raises:
            NotKept: there is not.
        """
        folder = self._folder if self._folder.is_dir() else self._folder.parent
        with contextlib.suppress(OSError):  # not there yet: writing will tell
            if shutil.disk_usage(folder).free < wanted + MARGIN:
                raise NotKept(say("store.no_room", path=self._folder.parent, size=max(1, (wanted + MARGIN) // 1_000_000)))


class Partial:
    """One content on its way, open for adding to it. A context manager."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        self.origin: Origin = {}
        """What `begin` was given; empty: there is nothing here yet."""
        self._head = 0
        self._length = os.fstat(self._file).st_size
        self._read_head()

    def _read_head(self) -> None:
        head, newline, _ = os.pread(self._file, LONGEST_HEAD, 0).partition(b"\n")
        try:
            origin = json.loads(head) if newline else None
        except ValueError:
            origin = None
        if isinstance(origin, dict) and origin:
            self.origin, self._head = origin, len(head) + 1
        else:
            self._head = self._length = 0

    @property
    def size(self) -> int:
        """Bytes of the content that are here."""
        return self._length - self._head

    def begin(self, origin: Origin) -> None:
        """From the first byte on; what was here is forgotten.

        Raises:
            NotKept: it can't be written.
        """
        head = json.dumps(origin).encode() + b"\n"
        try:
            os.ftruncate(self._file, 0)
            self.origin, self._head, self._length = {}, 0, 0
            self._write(head)
        except OSError as error:
            raise _not_kept(self._path.parent, error) from error
        self.origin, self._head = origin, len(head)

    def append(self, piece: bytes) -> None:
        """Add what came next: all of it or nothing.

        Raises:
            NotKept: it can't be written; what was here before still is.
        """
        try:
            self._write(piece)
        except OSError as error:
            raise _not_kept(self._path.parent, error) from error

    def _write(self, data: bytes) -> None:
        before, rest = self._length, memoryview(data)
        try:
            while rest:
                written = os.pwrite(self._file, rest, self._length)
                self._length += written
                rest = rest[written:]
        except OSError:
            self._length = before
            os.ftruncate(self._file, before)
            raise

    def sync(self) -> None:
        """On disk when this returns: also a power failure leaves it."""
        with contextlib.suppress(OSError):  # what is lost then is fetched again
            os.fsync(self._file)

    def content(self) -> bytes:
        """All that is here."""
        found = bytearray()
        while len(found) < self.size:
            piece = os.pread(self._file, self.size - len(found), self._head + len(found))
            if not piece:
                break
            found += piece
        return bytes(found)

    def remove(self) -> None:
        """It is somewhere else now, or wanted no more."""
        self._path.unlink(missing_ok=True)

    def close(self) -> None:
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _not_kept(folder: Path, error: OSError) -> DeskError:
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return NotKept(say("store.disk_full", path=folder.parent))
    return NotKept(say("store.cannot_write", path=folder.parent, error=error.strerror or error))
