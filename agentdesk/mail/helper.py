"""The other end of `mail.worker`: starts it when it is wanted, asks it, and kills it when it takes too long.

A new process by exec, never a fork of this one, whose threads hold locks. It gets nothing but an interpreter: no secrets in the
environment, no files but its pipes.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from agentdesk.mail import limits

log = logging.getLogger(__name__)

COMMAND = (sys.executable, "-m", "agentdesk.mail.worker")
START_SECONDS = 60.0
"""Until it is ready; a machine that has just woken up may need them."""
WAIT_SECONDS = 60.0
"""Until its answer, on the clock: beyond what it may compute, because a busy machine gives it little."""
_MOST_ANSWER = 64 << 20
_CHUNK = 1 << 16
_PASSED_ON = ("PATH", "PYTHONPATH", "PYTHONHOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR")


class Helper:
    """A worker process, at most one at a time. May be used by several threads; they take turns."""

    def __init__(self, command: Sequence[str] = COMMAND, *, seconds: float = limits.WORKER_SECONDS, wait: float = WAIT_SECONDS) -> None:
        """`seconds`: of computing for one message; `wait`: for its answer, on the clock."""
        self._command, self._seconds, self._wait = tuple(command), seconds, wait
        self._child: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    @property
    def process(self) -> int:
        """The number of the running worker, 0 if there is none."""
        child = self._child
        return child.pid if child is not None and child.poll() is None else 0

    def ask(self, head: dict[str, Any], contents: Sequence[bytes]) -> dict[str, Any] | None:
        """The answer; None if there was none in time, or the worker died of the question."""
        raw = json.dumps(head | {"lengths": [len(content) for content in contents], "seconds": self._seconds}).encode()
        request = b"".join((len(raw).to_bytes(4, "big"), raw, *contents))
        with self._lock:
            try:
                child = self._ready()
                answer = _exchange(child, request, time.monotonic() + self._wait) if child is not None else None
            except (OSError, ValueError):
                answer = None
            if answer is None:
                self._end()
        return None if answer is None or "error" in answer else answer

    def close(self) -> None:
        """End the worker, if there is one; the next question starts another."""
        with self._lock:
            self._end()

    def _ready(self) -> subprocess.Popen[bytes] | None:
        """A worker that listens. One that ended because nobody asked it is no fault of the message."""
        if self._child is not None and self._child.poll() is not None:
            self._end()
        if self._child is None:
            self._child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0, start_new_session=True,
                cwd=Path("/") if os.name == "posix" else None, env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
            )
            os.set_blocking(cast(Any, self._child.stdin).fileno(), False)
            if not _exchange(self._child, b"", time.monotonic() + START_SECONDS):
                log.warning("the process that reads large mail did not start")
                self._end()
        return self._child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        with contextlib.suppress(OSError):
            child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def _exchange(child: subprocess.Popen[bytes], request: bytes, end: float) -> dict[str, Any] | None:
    """Write the request and read one answer until `end`; None if there is none."""
    assert child.stdin is not None
    assert child.stdout is not None
    answer = bytearray()
    rest = memoryview(request)
    with selectors.DefaultSelector() as ready:
        ready.register(child.stdout, selectors.EVENT_READ)
        if rest:
            ready.register(child.stdin, selectors.EVENT_WRITE)
        while (left := end - time.monotonic()) > 0:
            for key, _ in ready.select(left):
                if key.fileobj is child.stdin:
                    rest = rest[os.write(child.stdin.fileno(), rest[:_CHUNK]) :]
                    if not rest:
                        ready.unregister(child.stdin)
                    continue
                piece = os.read(child.stdout.fileno(), _CHUNK)
                if not piece or len(answer) > _MOST_ANSWER:
                    return None
                answer += piece
                size = int.from_bytes(answer[:4], "big")
                if len(answer) >= 4 + size and len(answer) >= 4:
                    return cast(dict[str, Any], json.loads(answer[4 : 4 + size]))
    return None
