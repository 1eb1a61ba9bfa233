"""Contents of attachments and raw messages: files named by their SHA-256, written whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import time
from collections.abc import Collection
from pathlib import Path

from agentdesk.domain.clean import file_name
from agentdesk.errors import NotSaved
from agentdesk.locale import say

SPARED_SECONDS = 24 * 3600.0
_DIGEST = re.compile(r"[0-9a-f]{64}")


class Blobs:
    """A folder of immutable contents."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, content: bytes) -> str:
        """Keep a content; returns its digest. On disk (fsync) when this returns."""
        digest = hashlib.sha256(content).hexdigest()
        path = self._path(digest)
        try:
            if path.exists():
                os.utime(path)  # it is wanted again: `sweep` spares it until something refers to it
                return digest
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            partial = path.with_name(f".{secrets.token_hex(8)}")
            try:
                _write(partial, content)
                partial.replace(path)
            except BaseException:
                partial.unlink(missing_ok=True)
                raise
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)  # else the name may be gone after a power failure
            finally:
                os.close(folder)
        except OSError as error:
            raise NotSaved(say("store.disk_full", path=self._folder)) from error
        return digest

    def get(self, digest: str) -> bytes | None:
        """A content, or None if it is not here."""
        path = self._path(digest)
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None

    def sweep(self, used: Collection[str]) -> int:
        """Delete what is not among `used`; what is new may not be referred to yet, and stays. Returns how many."""
        gone = 0
        for path in self._folder.glob("??/*"):
            with contextlib.suppress(OSError):  # gone meanwhile, or not ours to delete
                if path.name not in used and path.stat().st_mtime < time.time() - SPARED_SECONDS:
                    path.unlink()
                    gone += 1
        return gone

    def _path(self, digest: str) -> Path:
        if not _DIGEST.fullmatch(digest):
            raise ValueError(digest)
        return self._folder / digest[:2] / digest


def _write(path: Path, content: bytes) -> None:
    """A new file for its owner alone, on disk when this returns."""
    _fill(_create(path), content)


def _create(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)


def _fill(descriptor: int, content: bytes) -> None:
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def save_new(folder: Path, name: str, content: bytes) -> Path:
    """Write a file that was not there before: `name`, else `name (2)`, ...; readable and writable by its owner only.

    Raises:
        OSError: the folder can't be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    clean = file_name(name, "attachment")
    path = Path(clean)
    for number in range(1, 10_000):
        candidate = folder / (clean if number == 1 else f"{path.stem} ({number}){path.suffix}")
        try:
            descriptor = _create(candidate)
        except FileExistsError:
            continue
        try:
            _fill(descriptor, content)
        except OSError:
            candidate.unlink(missing_ok=True)  # half a file looks like a whole one
            raise
        return candidate
    raise FileExistsError(folder / clean)
