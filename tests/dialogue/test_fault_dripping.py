"""Servers that drip: each byte comes in time, the whole never does. Nobody waits for that beyond the deadline."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime

import httpx
import pytest

from agentdesk.channels.base import ChannelDown, Outcome, Usage
from agentdesk.channels.chatwoot.counting import Counting
from agentdesk.channels.smtp import SmtpSender, SmtpTimeouts
from agentdesk.config import MailChannelConfig, Secret, ServerUrl
from agentdesk.domain.message import Address, Outgoing
from faults.cuts import IMPATIENT, channel
from tests.contract.memory_store import MemoryStore

FOREVER = 300.0
"""How long the dripping would go on."""


@contextmanager
def dripping(first: bytes, then: bytes, *, after: Callable[[bytes], bool] = bool) -> Iterator[int]:
    """A server that says `first`, and once it has heard what `after` waits for, drips `then` again and again; its port."""
    over = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(30)

    def run() -> None:
        try:
            sock, _ = listener.accept()
        except OSError:
            return
        with sock:
            sock.settimeout(30)
            try:
                sock.sendall(first)
                heard = b""
                while not after(heard):
                    heard += sock.recv(4096)
                end = time.monotonic() + FOREVER
                while time.monotonic() < end:
                    for at in range(len(then)):
                        if over.wait(0.02):
                            return
                        sock.sendall(then[at : at + 1])
            except OSError:
                return

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        over.set()
        listener.close()
        thread.join(10)
        assert not thread.is_alive()


def took(do: Callable[[], object]) -> float:
    began = time.monotonic()
    do()
    return time.monotonic() - began


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"], ids=["head", "body"])
def test_a_chat(head: bytes) -> None:
    with dripping(b"", head + b"x-y: z\r\n", after=lambda heard: b"\r\n\r\n" in heard) as port:
        client = httpx.Client(transport=Counting(httpx.HTTPTransport(), Usage(), patience=0.5), timeout=20)

        def ask() -> None:
            with pytest.raises(httpx.TransportError):
                client.get(f"http://127.0.0.1:{port}/")

        with closing(client):
            assert took(ask) < FOREVER / 5


@pytest.mark.parametrize(("first", "then"), [(b"", b"* OK "), (b"* OK [CAPABILITY IMAP4rev1] hello\r\n", b"* OK x\r\n")], ids=["greeting", "login"])
def test_a_mailbox(first: bytes, then: bytes) -> None:
    with dripping(first, then, after=lambda _: True) as port, closing(channel(port, MemoryStore(), timeouts=IMPATIENT)) as one:

        def open_it() -> None:
            with pytest.raises(ChannelDown):
                one.open()

        assert took(open_it) < FOREVER / 5


SMTP = b"220 x\r\n250-x\r\n250 8BITMIME\r\n250 ok\r\n250 ok\r\n354 go on\r\n"


@pytest.mark.parametrize(
    ("first", "outcome"), [(b"", Outcome.DEFERRED), (SMTP[:7], Outcome.DEFERRED), (SMTP, Outcome.UNKNOWN)], ids=["greeting", "EHLO", "dot"]
)
def test_a_way_out(first: bytes, outcome: Outcome) -> None:
    timeouts = SmtpTimeouts(connect=5, command=0.5, content=1, answer=0.5, goodbye=0.1)
    ended: Callable[[bytes], bool] = (lambda heard: b"\r\n.\r\n" in heard) if outcome is Outcome.UNKNOWN else lambda _: True
    outgoing = Outgoing(
        message_id="<a@casaverde.example>", sender=Address("", "support@casaverde.example"), to=(Address("", "a@post.example"),), cc=(), bcc=(), subject="a",
        text="a", date=datetime(2026, 11, 20, tzinfo=UTC),
    )  # fmt: skip
    with dripping(first, b"250-x", after=ended) as port:
        sender = SmtpSender(
            MailChannelConfig("support", "s@x.example", "s", ServerUrl("imap", "127.0.0.1", 1), ServerUrl("smtp", "127.0.0.1", port), Secret("literal")),
            "secret", timeouts=timeouts,
        )  # fmt: skip
        found = []
        assert took(lambda: found.append(sender.send(outgoing).outcome)) < FOREVER / 5
        assert found == [outcome]
