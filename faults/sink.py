"""An SMTP server that keeps what it is handed, and may answer as badly as a test wants."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from faults.links import Link, Over
from faults.mailserver import LinkMaker

_MESSAGE_ID = re.compile(rb"^Message-ID:\s*(<[^>]*>)", re.IGNORECASE | re.MULTILINE)


@dataclass(slots=True)
class Taken:
    """A message that came whole, with its dot."""

    message_id: str
    recipients: tuple[str, ...]
    content: bytes
    at: float = field(default_factory=time.time)


class SmtpTalk:
    """One connection. `answer` is where a test puts its faults."""

    def __init__(self, sink: Sink, link: Link) -> None:
        self.sink, self.link = sink, link
        self.rest = b""
        self.recipients: list[str] = []

    def reply(self, step: str, text: bytes) -> None:
        self.link.send(self.sink.answer(step, text, self))

    def line(self) -> bytes:
        while b"\n" not in self.rest:
            self.rest += self.link.receive()
        line, _, self.rest = self.rest.partition(b"\n")
        return line.rstrip(b"\r")

    def run(self) -> None:
        self.reply("greeting", b"220 faults ESMTP\r\n")
        while True:
            line = self.line()
            verb = line[:4].upper()
            if verb == b"EHLO":
                self.reply("EHLO", b"250-faults\r\n250-PIPELINING\r\n250-SIZE 50000000\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n")
            elif verb == b"MAIL":
                self.recipients = []
                self.reply("MAIL", b"250 ok\r\n")
            elif verb == b"RCPT":
                address = line.partition(b"<")[2].partition(b">")[0].decode()
                if address in self.sink.refuses:
                    self.reply("RCPT", b"550 5.1.1 nobody of that name\r\n")
                else:
                    self.recipients.append(address)
                    self.reply("RCPT", b"250 ok\r\n")
            elif verb == b"DATA":
                self.reply("DATA", b"354 go on\r\n")
                self._content()
                self.reply("dot", b"250 2.0.0 taken\r\n")
            elif verb == b"QUIT":
                self.reply("QUIT", b"221 bye\r\n")
                return
            else:
                self.reply("other", b"250 ok\r\n")

    def _content(self) -> None:
        while b"\r\n.\r\n" not in self.rest:
            self.rest += self.link.receive()
        content, _, self.rest = self.rest.partition(b"\r\n.\r\n")
        found = _MESSAGE_ID.search(content)
        self.sink.take(Taken(found[1].decode() if found else "", tuple(self.recipients), content))


class Sink:
    """Listens on loopback; a thread for each connection."""

    def __init__(self, links: LinkMaker = Link) -> None:
        self.links = links
        self.messages: list[Taken] = []
        self.refuses: frozenset[str] = frozenset()
        self.before_answer: Callable[[Taken], None] = lambda _: None
        self.failures: list[BaseException] = []
        self.closing = threading.Event()
        self._talking: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._listener.settimeout(0.2)
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def answer(self, step: str, text: bytes, talk: SmtpTalk) -> bytes:
        """What is really said at a step."""
        del step, talk
        return text

    def take(self, taken: Taken) -> None:
        self.messages.append(taken)
        self.before_answer(taken)

    def times(self, message_id: str) -> int:
        return sum(one.message_id == message_id for one in list(self.messages))

    def _accept(self) -> None:
        while not self.closing.is_set():
            try:
                sock, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            thread = threading.Thread(target=self._talk, args=(self.links(sock, self.closing),), daemon=True)
            self._talking = [one for one in self._talking if one.is_alive()]
            self._talking.append(thread)
            thread.start()

    def _talk(self, link: Link) -> None:
        try:
            SmtpTalk(self, link).run()
        except Over:
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
