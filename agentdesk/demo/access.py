"""Where the demo's servers listen and what lets one in.

Kept in `ports.json` of the demo's folder, so that a desk finds the same servers at the next start. The sockets are bound by
whoever starts the servers and handed over listening: a client that comes before the servers are ready waits, it is not refused.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import socket
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO

from agentdesk.demo import shop

HOST = "127.0.0.1"
BACKLOG = 64


@dataclass(frozen=True, slots=True)
class Access:
    imap: int
    smtp: int
    http: int
    password: str
    token: str

    @property
    def page(self) -> str:
        """The customer page."""
        return f"http://{HOST}:{self.http}/"

    def ready_line(self) -> str:
        """What the server prints when everything answers."""
        return json.dumps(
            {
                "imap": self.imap,
                "smtp": self.smtp,
                "http": self.http,
                "page": self.page,
                "user": shop.USER,
                "password": self.password,
                "token": self.token,
                "account": shop.ACCOUNT,
            }
        )


@dataclass(frozen=True, slots=True)
class Listeners:
    """The three listening sockets."""

    imap: socket.socket
    smtp: socket.socket
    http: socket.socket

    @property
    def descriptors(self) -> tuple[int, int, int]:
        return self.imap.fileno(), self.smtp.fileno(), self.http.fileno()

    @classmethod
    def inherited(cls, descriptors: str) -> Listeners:
        """From the numbers a parent passed on."""
        imap, smtp, http = (socket.socket(fileno=int(number)) for number in descriptors.split(","))
        return cls(imap, smtp, http)

    def close(self) -> None:
        for listener in (self.imap, self.smtp, self.http):
            listener.close()


def load(folder: Path) -> Access:
    """The kept access, or a new one with ports still to be chosen (0)."""
    with contextlib.suppress(OSError, ValueError, TypeError):
        kept = json.loads(ports_file(folder).read_text("utf-8"))
        return Access(**kept)
    return Access(0, 0, 0, secrets.token_urlsafe(12), secrets.token_urlsafe(18))


def listen(folder: Path) -> tuple[Access, Listeners]:
    """Bind the kept ports where they are still free, else others, and keep what was taken."""
    access = load(folder)
    listeners = Listeners(_listener(access.imap), _listener(access.smtp), _listener(access.http))
    imap, smtp, http = (listener.getsockname()[1] for listener in (listeners.imap, listeners.smtp, listeners.http))
    taken = replace(access, imap=imap, smtp=smtp, http=http)
    write_private(ports_file(folder), json.dumps(asdict(taken)))
    return taken, listeners


def ports_file(folder: Path) -> Path:
    return folder / "ports.json"


def write_private(path: Path, text: str) -> None:
    """Replace a file whole, readable by its owner only."""
    draft = path.with_name(path.name + ".new")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)


def lock(folder: Path, seconds: float = 0.0) -> IO[str] | None:
    """The one server of a folder holds this lock; None if another has it and keeps it for `seconds`."""
    file = open(folder / "server.lock", "a", encoding="utf-8")  # noqa: SIM115 - held as long as the process lives
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                file.close()
                return None
            time.sleep(0.05)
        else:
            return file


def _listener(port: int) -> socket.socket:
    for wanted in (port, 0):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, wanted))
            listener.listen(BACKLOG)
        except OSError:
            listener.close()
            if wanted == 0:
                raise
            continue
        return listener
    raise AssertionError
