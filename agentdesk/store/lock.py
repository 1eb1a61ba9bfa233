"""Who works: the holder of a lock on the desk (`docs/decisions/0002-engine-and-lock.md`).

An advisory lock of the operating system, freed by it when the holder dies. Local disks only: `doctor` says so where the state
folder is on a network file system.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class DeskLock:
    """The lock of one desk."""

    def __init__(self, state: Path) -> None:
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path = state / "engine.lock"
        self._descriptor: int | None = None

    def take(self) -> bool:
        """Take it if nobody has it; never waits."""
        if self._descriptor is not None:
            return True
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return False
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
