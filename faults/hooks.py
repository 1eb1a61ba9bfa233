"""Points of a process at which it may be killed, put around what it writes: the store, the lines, the files.

Laid by `lay` in a process that is going to be killed, never in one that tests anything else.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agentdesk.channels.stream import Stream
from agentdesk.engine import engine, worker
from agentdesk.engine.filing import Filing
from agentdesk.store.blobs import Blobs
from agentdesk.store.database import Database
from agentdesk.store.team import LocalTeamLog


class Points:
    """Counts, writes each down, and kills at one of them."""

    def __init__(self, log: Path, kill_at: int, *, sending: bool) -> None:
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        self._kill_at, self._sending = kill_at, sending
        self._lock = threading.Lock()
        self.count = 0
        self.filing = False

    def __call__(self, label: str) -> None:
        name = threading.current_thread().name
        if self._sending and not (name.startswith("smtp-") or self.filing):
            return
        with self._lock:
            self.count += 1
            os.write(self._log, f"{label}\n".encode())
            if self.count == self._kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
                time.sleep(60)


def lay(points: Points) -> None:
    """Put the points into the classes of this process."""
    _around_writes(points)
    _around_lines(points)
    _around(Blobs, "put", points, "blob")
    _around(LocalTeamLog, "append", points, "team log")
    run_due = Filing.run_due

    def filing(self: Filing) -> None:
        points.filing = True
        try:
            run_due(self)
        finally:
            points.filing = False

    Filing.run_due = filing  # type: ignore[method-assign]  # what this module is for


def _around(kind: type, name: str, points: Points, label: str) -> None:
    real: Callable[..., Any] = getattr(kind, name)

    def marked(*arguments: Any, **options: Any) -> Any:
        points(f"{label} begins")
        result = real(*arguments, **options)
        points(f"{label} done")
        return result

    setattr(kind, name, marked)


def _around_writes(points: Points) -> None:
    """Before a transaction, in it before its commit, and after it."""
    real = Database.write

    def write(self: Database, change: Callable[[Any], Any]) -> Any:
        points("write begins")

        def inside(tx: Any) -> Any:
            result = change(tx)
            with_name = threading.current_thread().name
            threading.current_thread().name = asking
            try:
                points("write to be committed")
            finally:
                threading.current_thread().name = with_name
            return result

        asking = threading.current_thread().name
        result = real(self, inside)
        points("write committed")
        return result

    Database.write = write  # type: ignore[method-assign]  # what this module is for


def _around_lines(points: Points) -> None:
    """Before, in the middle of and after what is said; after what is heard."""
    send, receive = Stream.send, Stream.receive

    def marked_send(self: Stream, data: bytes, deadline: float | None = None) -> None:
        points(f"line says {data[:24]!r}")
        half = len(data) // 2 if len(data) > 64 else 0
        if half:
            send(self, data[:half], deadline)
            points("line said half of it")
        send(self, data[half:], deadline)
        points("line said it")

    def marked_receive(self: Stream, deadline: float | None = None) -> bytes:
        data = receive(self, deadline)
        points(f"line heard {data[:24]!r}")
        return data

    Stream.send, Stream.receive = marked_send, marked_receive  # type: ignore[method-assign]  # what this module is for


def hurry() -> None:
    """Pauses after a fault are short in this process."""
    engine.PAUSE_AFTER_FAULT = worker.PAUSE_AFTER_DEFECT = 0.2
    pause = worker.ChannelWorker._pause

    def short(self: worker.ChannelWorker, seconds: float, until: threading.Event | None = None) -> None:
        pause(self, min(seconds, 0.2), until)

    worker.ChannelWorker._pause = short  # type: ignore[method-assign]  # what this module is for
