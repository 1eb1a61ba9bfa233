"""A mail server that says anything: the engine's side of every dialogue ends by a known exception or well, in time, and what is here stays.

Each dialogue is drawn from a number, so one that fails can be played again: `--rounds 1 --seed N`.
"""

from __future__ import annotations

import random
import resource
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

from agentdesk.channels.base import ChannelDown
from agentdesk.channels.imap import pieces
from agentdesk.channels.imap.channel import ImapChannel
from agentdesk.channels.imap.patience import Patience, Timeouts
from agentdesk.errors import DeskError
from faults.cuts import bring, channel
from faults.figures import Figure
from faults.garbage import deflated, greeting, spoiled
from faults.imaptalk import Talk
from faults.letters import SHOP, letter
from faults.mailbox import Mailbox
from faults.mailserver import OFFERS, MailServer
from tests.contract.memory_store import MemoryStore

SHORT = Timeouts(connect=5, greeting=2, goodbye=0.02, command=Patience(silence=0.3, seconds=1, rate=50_000, most=2, bytes=1 << 19))
HANGS = 30.0
STEPS = 40
PLAYED_ON_ONE_STORE = 20


class Wrong(MailServer):
    """Every so often something else than the truth; `draw` belongs to the one dialogue that runs."""

    draw = random.Random(0)
    chance = 0.0

    def spoil(self, data: bytes, talk: Talk) -> bytes:
        if self.draw.random() >= self.chance:
            return data
        if talk._deflater is not None and self.draw.random() < 0.15:
            # Into the deflated stream itself, behind the server's own deflater
            talk.link.send(deflated(self.draw))
        return spoiled(data, self.draw)


def _mailbox() -> Mailbox:
    box = Mailbox()
    for number in range(6):
        box.put("INBOX", letter(number, with_id=False), flags=["\\Seen"] if number % 2 else [])
    box.put("Sent", letter(1, prefix="s", sender=SHOP, answers="<m1@post.example>"))
    return box


class Bench:
    """One mailbox and one store, on which dialogues are played one after the other."""

    def __init__(self) -> None:
        self.box = _mailbox()
        self.store = MemoryStore()
        self.server = Wrong(self.box)
        self._honest()
        self.ids = set(self.store.by_id)
        self.rows = {row: one.body for row, one in self.store.rows.items()}

    def _honest(self) -> None:
        self.server.chance, self.server.greeting, self.server.offers = 0.0, b"", OFFERS["full"].encode()
        with closing(channel(self.server.port, self.store, timeouts=Timeouts(goodbye=0.02), window=10)) as one:
            bring(one)

    def play(self, number: int) -> str:
        """One dialogue; what went wrong, or empty."""
        draw = self.server.draw = random.Random(number)
        self.server.chance = draw.choice((0.05, 0.2, 0.5))
        self.server.offers = OFFERS[draw.choice(("full", "full", "full", "condstore", "bare"))].encode()
        self.server.greeting = greeting(draw) if draw.random() < 0.03 else b""
        began = time.monotonic()
        one = channel(self.server.port, self.store, timeouts=SHORT, window=10)
        fault = ""
        with closing(one):
            try:
                _use(one, self.store, draw)
            except (ChannelDown, DeskError):
                pass
            except Exception as error:  # noqa: BLE001 - what else it may be is what is looked for
                fault = f"dialogue {number}: {error!r} at {_where(error)}"
        if (took := time.monotonic() - began) > HANGS:
            fault = fault or f"dialogue {number}: it took {took:.0f} s"
        return fault

    def check(self, numbers: range) -> str:
        """After an honest connection everything is here that was here, and lies where the server has it."""
        try:
            self._honest()
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not be
            return f"after {numbers}: an honest server can't be synced any more: {error!r}"
        if missing := self.ids - set(self.store.by_id):
            return f"after {numbers}: {missing} went"
        for row, body in self.rows.items():
            if row not in self.store.rows or (body is not None and self.store.rows[row].body is None):
                return f"after {numbers}: the text of {row} went"
        with self.box.lock:
            there = {(folder.name, one.uid) for folder in self.box.folders.values() for one in folder.messages}
        here = {place for place in self.store.at if place[0] in self.box.folders}
        return "" if here == there else f"after {numbers}: places {sorted(there - here)[:3]} are missing, {sorted(here - there)[:3]} are too many"

    def close(self) -> None:
        self.server.close()


def _use(one: ImapChannel, store: MemoryStore, draw: random.Random) -> None:
    """What a worker may do with a channel, in some order."""
    one.open()
    for _ in range(STEPS):
        if one.refresh():
            break
    rows = draw.sample(sorted(store.rows), min(3, len(store.rows)))
    got = 0

    def taken(piece: bytes, _total: int) -> bool:
        nonlocal got
        got += len(piece)
        return got < 1 << 20

    acts: list[Callable[[], object]] = [
        lambda: one.fetch_text(rows[0]), lambda: one.fetch_raw(rows[0], 0, taken), lambda: one.fetch_part(rows[1], "2", 0, taken),
        lambda: one.set_seen(rows[1], seen=draw.random() < 0.5), lambda: one.transfer_encoding(rows[1], "2"),
        lambda: one.is_filed("<m1@post.example>"), lambda: one.wait(0.02), one.refresh,
    ]  # fmt: skip
    for act in draw.sample(acts, 3):
        act()


def _where(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace is not None else "?"


def resident() -> float:
    """Memory in use, MB."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@contextmanager
def _impatient() -> Iterator[None]:
    """Whole messages have a patience of their own; here nobody waits half a minute for what was left out."""
    before, pieces._WHOLE_MESSAGE = pieces._WHOLE_MESSAGE, SHORT.command
    try:
        yield
    finally:
        pieces._WHOLE_MESSAGE = before


@contextmanager
def _threads_watched(figure: Figure) -> Iterator[None]:
    """What ends a thread is a crash, too."""
    before = threading.excepthook

    def note(ended: threading.ExceptHookArgs) -> None:
        figure.failures.append(f"a thread died: {ended.exc_value!r} at {_where(ended.exc_value) if ended.exc_value else '?'}")

    threading.excepthook = note
    try:
        yield
    finally:
        threading.excepthook = before


def dialogues(rounds: int, *, at_once: int = 50, seed: int = 1, tell: Callable[[str], None] = lambda _: None) -> Figure:
    """So many dialogues, some at once, each store used for a few of them and then held against the truth."""
    figure = Figure("IMAP dialogues with a server that says anything")
    lock = threading.Lock()
    heaviest = 0.0
    batches = [range(at, min(at + PLAYED_ON_ONE_STORE, seed + rounds)) for at in range(seed, seed + rounds, PLAYED_ON_ONE_STORE)]
    first = 0.0

    def batch(numbers: range) -> None:
        nonlocal heaviest, first
        with closing(Bench()) as bench:
            found = [fault for number in numbers if (fault := bench.play(number))]
            if fault := bench.check(numbers):
                found.append(fault)
            failures = [f"the server itself failed: {one!r} at {_where(one)}" for one in bench.server.failures if not isinstance(one, zlib.error)]
        with lock:
            figure.rounds += len(numbers)
            figure.failures += found + failures
            first = first or resident()
            heaviest = max(heaviest, resident())
            if figure.rounds % 2000 < len(numbers):
                tell(f"{figure.name}: {figure.rounds} of {rounds}, {len(figure.failures)} failures, {resident():.0f} MB, {time.monotonic() - figure.began:.0f} s")

    with _impatient(), _threads_watched(figure), ThreadPoolExecutor(at_once) as pool:
        list(pool.map(batch, batches))
    figure.notes["memory grew by, MB"] = f"{resident() - first:.0f}"
    figure.notes["at most, MB"] = f"{heaviest - first:.0f}"
    figure.expect(resident() - first <= 100, f"memory grew by {resident() - first:.0f} MB")
    return figure.done()
