"""The line cut after a byte, or silent from there on: the next connection finishes the work, and the store is as if nothing had been."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from agentdesk.channels.base import ChannelDown
from agentdesk.channels.imap import responses
from agentdesk.channels.imap.channel import ImapChannel
from agentdesk.channels.imap.patience import Patience, Timeouts
from agentdesk.config import MailChannelConfig, Secret, ServerUrl
from agentdesk.domain.mailbox import MailStore
from faults.figures import Figure
from faults.letters import SHOP, letter
from faults.links import FAR, Cut, Dripping, Link, Stalled
from faults.mailbox import Mailbox
from faults.mailserver import OFFERS, MailServer
from tests.contract.memory_store import MemoryStore

IMPATIENT = Timeouts(connect=10, greeting=2, goodbye=0.05, command=Patience(silence=0.5, seconds=1.0, most=2.0))
"""For a line that falls silent: the deadline is this, instead of a minute."""
DEADLINE = 2.0
CUT = Timeouts(goodbye=0.05)
STEPS = 2000


def mailbox(messages: int = 200) -> Mailbox:
    """Some of them answered from Sent, some read, some without a Message-ID."""
    made = Mailbox()
    for number in range(messages):
        made.put("INBOX", letter(number, with_id=False), flags=["\\Seen"] if number % 4 == 0 else [])
    for number in range(messages // 10):
        made.put("Sent", letter(number, prefix="s", sender=SHOP, answers=f"<m{number}@post.example>"), flags=["\\Seen"])
    return made


def everything(store: MemoryStore) -> object:
    """What a store holds, whatever the order in which it came: folders, flags, messages and their texts."""
    ids = {row: key for key, row in store.by_id.items()}
    return (
        tuple(sorted((folder, uid, ids[row], tuple(sorted(flags))) for (folder, uid), (row, flags) in store.at.items())),
        tuple(sorted((ids[row.row], row.envelope.subject, None if row.body is None else row.body.text) for row in store.rows.values())),
    )


def channel(port: int, store: MailStore, *, compressed: bool = True, timeouts: Timeouts = CUT, **options: Any) -> ImapChannel:
    config = MailChannelConfig(
        "support", SHOP, "support", ServerUrl("imap", "127.0.0.1", port), ServerUrl("smtp", "127.0.0.1", 1), Secret("literal", "secret")
    )
    made = ImapChannel(config, "secret", store, timeouts=timeouts, **options)
    made._connection.compresses = compressed
    return made


def bring(one: ImapChannel) -> None:
    """Everything there is."""
    one.open()
    for _ in range(STEPS):
        if one.refresh():
            return
    raise AssertionError("it never ends")


@dataclass(slots=True)
class Course:
    """A mailbox served in one way, and what an undisturbed sync of it takes and leaves."""

    box: Mailbox
    offers: str
    compressed: bool
    down: int = 0
    up: int = 0
    whole: object = None

    def __post_init__(self) -> None:
        store = MemoryStore()
        with MailServer(self.box, offers=OFFERS[self.offers]) as server, closing(self.channel(server, store)) as one:
            bring(one)
            assert server.last is not None
            self.down, self.up, self.whole = server.last.sent, server.last.received, everything(store)

    @property
    def name(self) -> str:
        return f"{self.offers}{', compressed' if self.compressed else ''}"

    def channel(self, server: MailServer, store: MailStore, timeouts: Timeouts = CUT) -> ImapChannel:
        return channel(server.port, store, compressed=self.compressed, timeouts=timeouts)


class Resumed:
    """What comes of a store that a broken connection left, when the next one is good; each distinct store is tried once."""

    def __init__(self, course: Course) -> None:
        self.course, self.tried = course, dict[object, str]()

    def fault(self, store: MemoryStore) -> str:
        """Why the result is another than undisturbed; empty if it is the same."""
        left = everything(store), tuple(sorted(map(repr, store.states.items())))
        if left not in self.tried:
            with MailServer(self.course.box, offers=OFFERS[self.course.offers]) as server, closing(self.course.channel(server, store, Timeouts())) as one:
                bring(one)
            self.tried[left] = "" if everything(store) == self.course.whole else "the store is another than undisturbed"
        return self.tried[left]


@contextmanager
def remembering() -> Iterator[None]:
    """The same bytes mean the same: what they mean is found out once. A long run parses the same answers a hundred thousand times."""
    fetched = responses.fetched
    responses.fetched = lru_cache(20_000)(fetched)
    try:
        yield
    finally:
        responses.fetched = fetched


def everywhere(
    course: Course, *, every: int = 1, first: int = 1, at_once: int = 4, tell: Callable[[str], None] = lambda _: None
) -> Figure:
    """Cut after each byte, or every `every`th, of either direction; half of them by RST."""
    figure = Figure(f"cut after every {'' if every == 1 else f'{every}th '}byte ({course.name})")
    figure.notes |= {"bytes down": course.down, "up": course.up}
    resumed = Resumed(course)
    offsets = [("down", offset) for offset in range(first, course.down, every)] + [("up", offset) for offset in range(first, course.up, every)]
    lock = threading.Lock()

    def some(mine: list[tuple[str, int]]) -> None:
        with MailServer(course.box, offers=OFFERS[course.offers]) as server:
            for way, offset in mine:
                server.links = partial(Cut, down=offset if way == "down" else FAR, up=offset if way == "up" else FAR, hard=offset % 2 == 1)
                fault = _cut(course, server, resumed, lock)
                with lock:
                    figure.rounds += 1
                    if fault:
                        figure.failures.append(f"{way} {offset}: {fault}")
                    if figure.rounds % 1000 == 0:
                        tell(f"{figure.name}: {figure.rounds} of {len(offsets)}, {len(figure.failures)} failures, {time.monotonic() - figure.began:.0f} s")
            if server.failures:
                figure.failures.append(f"the server itself failed: {server.failures[0]!r}")

    with ThreadPoolExecutor(at_once) as pool, remembering():
        list(pool.map(some, [offsets[number::at_once] for number in range(at_once)]))
    figure.notes["distinct stores left"] = len(resumed.tried)
    return figure.done()


def _cut(course: Course, server: MailServer, resumed: Resumed, lock: threading.Lock) -> str:
    store = MemoryStore()
    with closing(course.channel(server, store)) as one:
        try:
            bring(one)
        except ChannelDown:
            pass
        except Exception as error:  # noqa: BLE001 - what else it may be is what is looked for
            return repr(error)
    with lock:
        return resumed.fault(store)


def stalls(course: Course, points: int = 500, *, at_once: int = 16, dripping: bool = False) -> Figure:
    """Silent, or a byte every now and then, from so many bytes on; measured is how long that is borne."""
    figure = Figure(f"{'dripping' if dripping else 'silent'} from a byte on ({course.name})")
    offsets = [1 + number * (course.down - 1) // points for number in range(points)]
    lock, longest = threading.Lock(), [0.0]
    resumed = Resumed(course)

    def one_at(offset: int) -> None:
        store = MemoryStore()
        make = partial(Dripping, down=offset, pause=0.1) if dripping else partial(Stalled, down=offset)
        began: list[float] = []

        def link(sock: Any, over: threading.Event) -> Link:
            began.append(time.monotonic())
            return make(sock, over)

        with MailServer(course.box, offers=OFFERS[course.offers], links=link) as server, closing(course.channel(server, store, IMPATIENT)) as one:
            stopped = time.monotonic()
            try:
                one.open()
                for _ in range(STEPS):
                    stopped = time.monotonic()
                    if one.refresh():
                        break
            except ChannelDown:
                pass
            except Exception as error:  # noqa: BLE001 - what else it may be is what is looked for
                figure.failures.append(f"at {offset}: {error!r}")
            took = time.monotonic() - stopped
        with lock:
            figure.rounds += 1
            longest[0] = max(longest[0], took)
            if fault := resumed.fault(store):
                figure.failures.append(f"at {offset}: {fault}")

    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(one_at, offsets))
    figure.notes["longest step, s"] = f"{longest[0]:.1f}"
    figure.notes["deadline, s"] = dataclasses.replace(IMPATIENT.command).most
    return figure.done()


def courses(box: Mailbox, names: Iterable[str] = OFFERS, *, compressed: Iterable[bool] = (True, False)) -> list[Course]:
    return [Course(box, name, packed) for name in names for packed in compressed if not packed or "COMPRESS" in OFFERS[name]]
