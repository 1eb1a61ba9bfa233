"""Putting messages where programs find them: into an IMAP server by MULTIAPPEND (RFC 3502), or into a Maildir."""

from __future__ import annotations

import itertools
import os
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from imaplib import Time2Internaldate
from pathlib import Path

from bench.corpus import Mail

BATCH = 250


class Loader:
    """A client for one user that knows nothing but LOGIN and APPEND."""

    def __init__(self, port: int, user: str, password: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._file = self._socket.makefile("rb")
        self._tags = itertools.count(1)
        self._file.readline()
        self._do(f"LOGIN {user} {password}".encode())

    def append(self, mails: Sequence[Mail]) -> None:
        """Into their folders, in the given order."""
        for folder in dict.fromkeys(mail.folder for mail in mails):
            mine = [mail for mail in mails if mail.folder == folder]
            for start in range(0, len(mine), BATCH):
                items = [_item(mail) for mail in mine[start : start + BATCH]]
                self._do(b"APPEND " + folder.encode() + b"".join(items))

    def close(self) -> None:
        self._do(b"LOGOUT")
        self._file.close()
        self._socket.close()

    def _do(self, command: bytes) -> None:
        tag = b"L%d" % next(self._tags)
        self._socket.sendall(tag + b" " + command + b"\r\n")
        while True:
            line = self._file.readline()
            if line.startswith(tag + b" OK"):
                return
            if not line or line.startswith(tag):
                raise RuntimeError(f"the server refused: {line!r}")


def _item(mail: Mail) -> bytes:
    flags = b"\\Seen" if mail.seen else b""
    return b" (%s) %s {%d+}\r\n%s" % (flags, _date(mail.received), len(mail.raw), mail.raw)


def _date(at: datetime) -> bytes:
    return Time2Internaldate(at).encode()


def maildir(folder: Path, mails: Iterable[Mail]) -> None:
    """All of them in one Maildir, with the time each came."""
    for name in ("cur", "new", "tmp"):
        (folder / name).mkdir(parents=True)
    for number, mail in enumerate(mails):
        file = folder / "cur" / f"{int(mail.received.timestamp())}.{number}.bench:2,{'S' if mail.seen else ''}"
        file.write_bytes(mail.raw)
        at = int(mail.received.timestamp())
        os.utime(file, (at, at))


def await_until(seconds: float, what: str, true: Callable[[], object]) -> float:
    """Wait, looking often, until `true()` holds; the moment it did."""
    deadline = time.perf_counter() + seconds
    while not true():
        if time.perf_counter() > deadline:
            raise TimeoutError(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.004)
    return time.perf_counter()
