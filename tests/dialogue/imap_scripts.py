"""Beginnings that IMAP scripts share, and connections to them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from agentdesk.channels.imap.connection import Connection
from agentdesk.channels.imap.patience import Patience, Timeouts
from agentdesk.channels.imap.session import Session
from agentdesk.config import ServerUrl
from tests.dialogue.certificates import Authority
from tests.dialogue.server import Server, Step, answer, both, hear, say

QUICK = Timeouts(connect=2, greeting=2, goodbye=0.2, command=Patience(silence=0.5, seconds=2, rate=2000, most=3, bytes=1 << 20))
"""For tests of what happens when the time is over."""
CALM = Timeouts(connect=30, greeting=30, goodbye=0.2, command=Patience(silence=30, seconds=60, rate=2000, most=60, bytes=1 << 20))
"""For all others: a machine may be busy."""

BASE = "IMAP4rev1 AUTH=PLAIN SASL-IR"
PLAIN_LOGIN = r"{tag} AUTHENTICATE PLAIN AHVzZXIAc2VjcmV0"


def greeting(*capabilities: str) -> Step:
    return say(f"* OK [CAPABILITY {' '.join((BASE, *capabilities))}] ready")


def logged_in(*capabilities: str) -> tuple[Step, ...]:
    """Greeting and login; these capabilities are told with both."""
    return greeting(*capabilities), hear(PLAIN_LOGIN), say(f"{{tag}} OK [CAPABILITY {' '.join((BASE, *capabilities))}] in")


def selected(name: str = "INBOX", *, exists: int = 0, uidnext: int = 1, uidvalidity: int = 7, extra: tuple[str, ...] = ()) -> Step:
    return answer(
        rf'{{tag}} SELECT "{name}".*',
        r"* FLAGS (\Seen)", f"* {exists} EXISTS", f"* OK [UIDVALIDITY {uidvalidity}] ok", f"* OK [UIDNEXT {uidnext}] ok", *extra,
    )  # fmt: skip


def url(server: Server, scheme: str = "imap", host: str = "127.0.0.1") -> ServerUrl:
    return ServerUrl(scheme, host, server.port)


@contextmanager
def connected(
    server: Server,
    *,
    scheme: str = "imap",
    host: str = "127.0.0.1",
    authority: Authority | None = None,
    timeouts: Timeouts = CALM,
    user: str = "user",
    password: str = "secret",
) -> Iterator[Connection]:
    connection = Connection(url(server, scheme, host), ca_file=authority.file if authority else None, timeouts=timeouts)
    try:
        connection.open(user, password)
        yield connection
    finally:
        connection.close()


@contextmanager
def session(server: Server, timeouts: Timeouts = CALM) -> Iterator[Session]:
    with connected(server, timeouts=timeouts) as connection:
        yield Session(connection)


def patient(**changes: float) -> Timeouts:
    return replace(CALM, command=replace(CALM.command, **changes))


WHO = r"{tag} UID FETCH [0-9]+ \(UID BODY.PEEK\[HEADER.FIELDS \(MESSAGE-ID\)\]\)"
AHEAD = both(answer(WHO), answer(r"{tag} UID FETCH [0-9]+:[0-9]+ \(UID FLAGS .*REFERENCES\)\]\)"))
"""What goes with SELECT where a mailbox is known: who its newest mail is, and what came since. Nothing did."""
REST = answer(r"{tag} UID FETCH [0-9:,]+ \(UID BODY.PEEK\[HEADER.FIELDS \(AUTHENTICATION-RESULTS .* BODYSTRUCTURE\)")
"""What follows rows that came lean. The server has nothing to say to it."""
