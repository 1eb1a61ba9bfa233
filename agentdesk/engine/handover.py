"""How a password typed in one window reaches the engine that another window started: through a pipe in the state folder.

Only one engine works on a desk. The engine of a second window waits for the lock, and hands on what its window says to the one that
holds it. A named pipe keeps nothing on disk and is its owner's alone; nobody reads it but the holder of the lock.
"""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

log = logging.getLogger(__name__)

NAME = "engine.pipe"
LONGEST = 4096
"""Bytes of a line: what a pipe takes whole or not at all (PIPE_BUF on Linux; longer than any password or token)."""


def _is_ours(descriptor: int) -> bool:
    """A pipe, of ours, and closed to everybody else."""
    found = os.fstat(descriptor)
    return stat.S_ISFIFO(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077


class Receiver:
    """Reads what other engines hand on; made by the holder of the lock."""

    def __init__(self, state: Path, take: Callable[[str, str], None]) -> None:
        """`take` is called with channel and secret, on a thread of its own. Where no pipe can be made nothing is received."""
        self._take = take
        self._path = state / NAME
        self._descriptor = -1
        self._thread: threading.Thread | None = None
        try:
            self._open()
        except OSError as error:
            log.warning("%s: %s", self._path, error)
            return
        self._thread = threading.Thread(target=self._read, name="handover", daemon=True)
        self._thread.start()

    def _open(self) -> None:
        self._path.unlink(missing_ok=True)
        os.mkfifo(self._path, 0o600)
        # Open for writing, too: else it would end whenever nobody else has it open
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        if not _is_ours(self._descriptor):
            os.close(self._descriptor)
            self._descriptor = -1
            raise OSError(errno.EPERM, "not ours")

    def _read(self) -> None:
        rest = b""
        while True:
            try:
                rest += os.read(self._descriptor, 65536)
            except OSError:
                return
            *lines, rest = rest.split(b"\n")
            for line in lines:
                if not line:
                    return  # `close`
                self._act(line)
            rest = rest[-LONGEST:]

    def _act(self, line: bytes) -> None:
        try:
            told = json.loads(line)
            for channel, secret in told["secrets"].items():
                self._take(str(channel), str(secret))
        except Exception:
            log.exception("a line in %s", self._path)

    def close(self) -> None:
        if self._thread is None:
            return
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
            os.write(self._descriptor, b"\n")
        self._thread.join(5.0)
        os.close(self._descriptor)


def hand_on(state: Path, channel: str, secret: str) -> bool:
    """To the engine that works on the desk; False if there is none that listens."""
    line = json.dumps({"secrets": {channel: secret}}).encode() + b"\n"
    if len(line) > LONGEST:
        return False
    try:
        descriptor = os.open(state / NAME, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False  # there is no pipe, or nobody reads it
    try:
        return _is_ours(descriptor) and os.write(descriptor, line) == len(line)
    except OSError:
        return False
    finally:
        os.close(descriptor)
