"""A small IMAP server over a mailbox in memory, for faults that a real one can't be made to have at a given byte.

It speaks what a client of ours may ask (RFC 3501, QRESYNC, CONDSTORE, ESEARCH, UIDPLUS, MOVE, COMPRESS, IDLE, SPECIAL-USE, PREVIEW,
LIST-STATUS) and answers BAD to the rest. The same question finds the same bytes each time, so a cut after byte n is the same cut
in every run. Every connection has a thread of its own.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import zlib
from collections.abc import Callable
from typing import Self

from faults.imapcommands import Commands
from faults.imaptalk import Talk
from faults.links import Link, Over
from faults.mailbox import Mailbox

FULL = (
    "IMAP4rev1 AUTH=PLAIN SASL-IR ENABLE QRESYNC CONDSTORE ESEARCH UIDPLUS MOVE COMPRESS=DEFLATE IDLE SPECIAL-USE LIST-EXTENDED"
    " LIST-STATUS PREVIEW LITERAL+ NAMESPACE UNSELECT"
)
CONDSTORE = "IMAP4rev1 AUTH=PLAIN SASL-IR ENABLE CONDSTORE ESEARCH UIDPLUS IDLE SPECIAL-USE LITERAL+"
BARE = "IMAP4rev1"
OFFERS = {"full": FULL, "condstore": CONDSTORE, "bare": BARE}


LinkMaker = Callable[[socket.socket, threading.Event], Link]


class MailServer:
    """Listens on loopback; each connection gets the link that `links` makes for it."""

    greeting = b""

    def __init__(self, mailbox: Mailbox, *, offers: str = FULL, links: LinkMaker = Link) -> None:
        self.mailbox, self.offers, self.links = mailbox, offers.encode(), links
        self.heard: list[bytes] = []
        """The verbs that came."""
        self.last: Link | None = None
        self.connections = 0
        self.failures: list[BaseException] = []
        self.closing = threading.Event()
        self._talking: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._listener.settimeout(0.2)
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def spoil(self, data: bytes, talk: Talk) -> bytes:
        """A place for faults in what is said, before it is compressed."""
        del talk
        return data

    def _accept(self) -> None:
        while not self.closing.is_set():
            try:
                sock, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            self.connections += 1
            self.last = self.links(sock, self.closing)
            thread = threading.Thread(target=self._talk, args=(self.last,), daemon=True)
            self._talking = [one for one in self._talking if one.is_alive()]
            self._talking.append(thread)
            thread.start()

    def _talk(self, link: Link) -> None:
        try:
            Commands(self, link).run()
        except (Over, zlib.error):
            pass
        except Exception as error:  # noqa: BLE001 - a defect of this server must be seen by whoever uses it
            self.failures.append(error)
        finally:
            link.close()

    def close(self) -> None:
        self.closing.set()
        with contextlib.suppress(OSError):
            self._listener.close()
        self._thread.join(10)
        for thread in self._talking:
            thread.join(10)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
