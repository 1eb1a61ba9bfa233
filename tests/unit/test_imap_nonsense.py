"""A server that answers every command with anything: the channel ends by a known exception or ends well, and never runs on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from agentdesk.channels.base import ChannelDown, Usage
from agentdesk.channels.imap.channel import ImapChannel
from agentdesk.channels.imap.commands import Command
from agentdesk.channels.imap.connection import Connection
from agentdesk.channels.imap.responses import Answer, Piece, Untagged
from agentdesk.channels.imap.session import Session
from agentdesk.config import MailChannelConfig, Secret, ServerUrl
from agentdesk.errors import Refused
from tests.contract.memory_store import MemoryStore

numbers = st.one_of(st.integers(0, 12), st.sampled_from([4294967295, 4294967296, 10**30]))
headers = st.sampled_from([b"Message-ID: <a@x>\r\nSubject: a\r\n\r\n", b"Message-ID: <b@x>\r\n\r\n", b"", b"\0\xff\r\r\n", b"From: " + b"x" * 3000])


def line(kind: str, *parts: st.SearchStrategy[object] | str) -> st.SearchStrategy[Untagged]:
    built = [part if isinstance(part, st.SearchStrategy) else st.just(part) for part in parts]
    return st.tuples(*built).map(lambda found: Untagged(kind, ("".join(map(str, found)).encode("utf-8", "replace"),)))


def message(sequence: int, uid: int, header: bytes, flags: str) -> Untagged:
    first: Piece = (f"{sequence} (UID {uid} FLAGS ({flags}) RFC822.SIZE 9 BODY[HEADER.FIELDS (FROM)] {{{len(header)}}}".encode(), header)
    return Untagged("FETCH", (first, b")"))


runs = st.lists(st.tuples(numbers, numbers).map(lambda pair: f"{pair[0]}:{pair[1]}"), min_size=1, max_size=3).map(",".join)
RESPONSES = st.one_of(
    line("EXISTS", numbers), line("EXPUNGE", numbers), line("VANISHED", st.sampled_from(["", "(EARLIER) "]), runs), line("SEARCH", numbers, " ", numbers),
    line("ESEARCH", '(TAG "x") UID ALL ', runs), line("OK", "[UIDVALIDITY ", st.integers(0, 2), "]"), line("OK", "[UIDNEXT ", numbers, "]"),
    line("OK", "[HIGHESTMODSEQ ", numbers, "]"), line("OK", "[CLOSED]"), line("OK", "[NOMODSEQ]"), line("STATUS", '"Sent" (MESSAGES ', numbers, " UIDNEXT ", numbers, ")"),
    line("LIST", '(\\Sent) "/" Sent'), line("LIST", '() "/" "&&&"'), line("FETCH", numbers, " (UID ", numbers, " FLAGS (\\Seen))"),
    line("FETCH", numbers, " (FLAGS (a[b))"), line("FETCH", st.text(max_size=20)), line("BYE", "no"), line("X-NEW", st.text(max_size=9)),
    st.builds(message, st.integers(0, 9), numbers, headers, st.sampled_from(["", "\\Seen", "a[b"])),
)  # fmt: skip
STATUSES = st.sampled_from(["OK"] * 12 + ["NO", "BAD"])
small = st.integers(1, 12)
NOISE = st.lists(RESPONSES, max_size=2)
SENSE = {
    "SELECT": st.tuples(
        line("EXISTS", st.integers(0, 12)), line("OK", "[UIDVALIDITY ", st.sampled_from([1, 1, 1, 1, 2]), "]"),
        line("OK", "[UIDNEXT ", st.integers(0, 15), "]"), line("OK", "[HIGHESTMODSEQ ", st.integers(0, 5), "]"),
    ),
    "FETCH": st.lists(st.builds(message, small, st.one_of(small, numbers), headers, st.sampled_from(["", "\\Seen", "a[b"])), max_size=12),
    "UID SEARCH": st.lists(line("SEARCH", small, " ", small, " ", small), min_size=1, max_size=3),
    "LIST": st.tuples(line("LIST", '(\\Sent) "/" Sent'), line("LIST", '(\\Archive) "." A')),
    "STATUS": st.lists(line("STATUS", '"Sent" (MESSAGES ', small, " UIDNEXT ", small, " UIDVALIDITY 1)"), max_size=1),
}  # fmt: skip
SENSE["UID FETCH"] = SENSE["FETCH"]


def answer(draw: Callable[[st.SearchStrategy[Any]], Any], verb: str) -> Answer:
    """What would fit the command, with noise before and after it; or noise only."""
    said = [*draw(NOISE), *(draw(SENSE[verb]) if verb in SENSE and draw(st.integers(0, 9)) else ()), *draw(NOISE)]
    return Answer(draw(STATUSES), b"[APPENDUID 1 2] words", tuple(said))


OFFERS = st.sets(st.sampled_from(["ENABLE", "QRESYNC", "CONDSTORE", "ESEARCH", "MOVE", "UIDPLUS", "PREVIEW", "IDLE", "NAMESPACE"])).map(frozenset)


class Nonsense(Connection):
    """A connection without a line: each command is answered by whatever is drawn, the first forty of them."""

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any], offers: frozenset[str]) -> None:
        super().__init__(ServerUrl("imap", "127.0.0.1", 1), usage=Usage())
        self.capabilities = offers
        self._draw = draw
        self._open = True
        self.commands = 0

    @property
    def alive(self) -> bool:
        return self._open

    def close(self) -> None:
        self._open = False

    def run(self, *commands: Command, patience: object = None) -> list[Answer]:
        if not self._open:
            raise ChannelDown("closed")
        self.commands += len(commands)
        for command in commands:
            command.segments(b"A1", nonsync=-1)  # can be put together
        if self.commands > 40:
            return [Answer("OK", b"", ()) for _ in commands]
        return [answer(self._draw, command.verb) for command in commands]

    def heard(self) -> tuple[Untagged, ...]:
        return ()


@settings(max_examples=150)
@given(st.data(), OFFERS)
def test_nonsense_ends(data: st.DataObject, offers: frozenset[str]) -> None:
    config = MailChannelConfig("support", "s@x", "user", ServerUrl("imap", "127.0.0.1", 1), ServerUrl("smtp", "127.0.0.1", 1), Secret("literal"))
    store = MemoryStore()
    channel = ImapChannel(config, "secret", store)
    channel._connection = Nonsense(data.draw, offers)
    channel._begin(Session(channel._connection))
    steps = 0
    try:
        while not channel.refresh():
            steps += 1
            assert steps < 200, "it never ends"
        for row in list(store.rows)[:2]:
            channel.set_seen(row, seen=True)
            channel.fetch_text(row)
            channel.move(row, "archive")
        channel.is_filed("<a@x>")
    except (ChannelDown, Refused):
        pass
    assert len(store.at) <= 100
