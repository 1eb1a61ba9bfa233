"""Attachments and messages as they came: `attachment`, `raw`. What is not here is fetched, with its progress on stderr."""

from __future__ import annotations

import os
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from agentdesk.cli.opening import open_desk
from agentdesk.cli.output import columns, cut, line, talk, width, write_json
from agentdesk.cli.waiting import LOST, POLL, UNREACHABLE, say_channels
from agentdesk.desk import Desk
from agentdesk.desk.amounts import rough, size
from agentdesk.desk.engine_process import EngineProcess
from agentdesk.desk.facts import AttachmentFact, ChannelFact, Fetch, Item
from agentdesk.domain.clean import clean_line
from agentdesk.domain.message import Direction
from agentdesk.errors import NotFound, Refused, UsageError
from agentdesk.locale import say
from agentdesk.secrets import fetch_all

STALLED = 120.0
"""Seconds without a byte after which a line counts as not to be had."""
TOLD_EVERY = 10.0
"""Seconds between two lines of progress where stderr is no terminal."""
NOTICED = 5.0
"""Seconds from which one wants to know how long something takes."""
HOPELESS = frozenset({"refused", "offline"})


@dataclass(slots=True)
class Awaited:
    """Something that is to come. `arrived` is called once, when it is here."""

    name: str
    size: int
    want: Callable[[], None]
    here: Callable[[], bool]
    fetch: Callable[[], Fetch | None]
    stop: Callable[[], bool]
    arrived: Callable[[], None]


# -- agentdesk attachment


def attachment(arguments: Namespace) -> int:
    with open_desk(arguments) as desk:
        conversation = desk.queue.find(arguments.id)
        facts = desk.files.facts(conversation)
        if not facts:
            talk(say("files.none"))
            return 1
        if arguments.save is None:
            _list(facts, as_json=arguments.json)
            return 0
        folder = Path(arguments.save).expanduser()
        channel = desk.queue.rows([conversation])[0].channel
        saved: list[tuple[AttachmentFact, Path]] = []

        def save(fact: AttachmentFact) -> None:
            saved.append((fact, desk.files.save(fact.id, folder)))
            if not arguments.json:
                line(str(saved[-1][1]))

        wanted = [
            Awaited(
                fact.name or fact.type, fact.size, partial(desk.files.want, fact.id), partial(desk.files.here, fact.id),
                partial(desk.files.fetch, fact.id), partial(desk.files.stop, fact.id), partial(save, fact),
            )
            for fact in _chosen(facts, arguments.which, every=arguments.all)
        ]
        status = bring(desk, channel, wanted)
        if arguments.json:
            write_json({"saved": [{"name": fact.name, "path": str(path), "size": path.stat().st_size} for fact, path in saved]})
        return status


def _list(facts: Sequence[AttachmentFact], *, as_json: bool) -> None:
    if as_json:
        write_json(
            {
                "attachments": [
                    {"number": number, "name": fact.name, "type": fact.type, "size": fact.size, "here": fact.here}
                    for number, fact in enumerate(facts, 1)
                ]
            }
        )
        return
    columns([(str(number), fact.name, fact.type, size(fact.size), _state(fact)) for number, fact in enumerate(facts, 1)])


def _state(fact: AttachmentFact) -> str:
    if fact.here:
        return say("files.here")
    if fact.fetch is not None:
        return _stands(fact.fetch, fact.size)
    known = say("files.begun", size=size(fact.fetched)) if fact.fetched else say("screen.not_here")
    about = say("files.about", time=rough(fact.seconds)) if fact.seconds is not None and fact.seconds >= NOTICED else ""
    return " · ".join(filter(None, (known, about)))


def _chosen(facts: Sequence[AttachmentFact], which: str | None, *, every: bool) -> Sequence[AttachmentFact]:
    """By name, else by number."""
    if every:
        if which is not None:
            raise UsageError(say("files.which_or_all"))
        return facts
    if which is None:
        if len(facts) == 1:
            return facts
        raise UsageError(say("files.which", known=", ".join(f"{number} {fact.name}" for number, fact in enumerate(facts, 1))))
    found = [fact for fact in facts if fact.name == which] or [fact for fact in facts if fact.name.casefold() == which.casefold()]
    if len(found) > 1:
        raise UsageError(say("files.several", name=which))
    if not found and which.isascii() and which.isdigit() and 0 < int(which) <= len(facts):
        return [facts[int(which) - 1]]
    if not found:
        raise NotFound(say("files.no_such", name=which, known=", ".join(fact.name for fact in facts)))
    return found


# -- agentdesk raw


def raw(arguments: Namespace) -> int:
    with open_desk(arguments) as desk:
        conversation = desk.queue.find(arguments.id)
        message = _message(desk.reading.thread(conversation), arguments.id)
        if arguments.save == "-":
            if sys.stdout.isatty():
                raise UsageError(say("files.raw_to_terminal"))
            write: Callable[[bytes], None] = _to_stdout
        else:
            write = partial(_to_file, Path(arguments.save).expanduser())
            if Path(arguments.save).expanduser().exists():  # before anything is fetched
                raise Refused(say("files.raw_exists", file=arguments.save))
        files = desk.files

        def arrived() -> None:
            content = files.raw(message.row)
            if content is None:
                raise Refused(say("desk.not_here_yet"))
            write(content)

        wanted = Awaited(
            say("files.raw"), files.raw_size(message.row), partial(files.want_raw, message.row), partial(files.raw_here, message.row),
            partial(files.raw_fetch, message.row), partial(files.stop_raw, message.row), arrived,
        )
        return bring(desk, desk.queue.rows([conversation])[0].channel, [wanted])


def _message(thread: Sequence[Item], reference: str) -> Item:
    """The message of this id; else the customer's newest that can't be shown, else their newest."""
    known = [item for item in thread if item.row]
    for item in known:
        if reference in {item.message_id, item.message_id.strip("<>"), item.key}:
            return item
    theirs = [item for item in known if item.direction is Direction.IN] or known
    if not theirs:
        raise NotFound(say("screen.no_raw"))
    return next((item for item in reversed(theirs) if item.problem), theirs[-1])


def _to_stdout(content: bytes) -> None:
    sys.stdout.buffer.write(content)


def _to_file(path: Path, content: bytes) -> None:
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
            file.write(content)
    except FileExistsError as error:
        raise Refused(say("files.raw_exists", file=path)) from error
    except OSError as error:
        raise Refused(say("cli.cannot_write", file=path, reason=error.strerror or error)) from error
    line(str(path))


# -- waiting for them


def bring(desk: Desk, channel: str, wanted: Sequence[Awaited]) -> int:
    """Have all of it, as it comes; exit status 1 if the server has something no more, 3 if it can't be reached.

    What was asked for here is called off where it does not come: the next time it goes on from there.
    """
    missing: list[Awaited] = []
    for one in wanted:
        if one.here():
            one.arrived()
        else:
            missing.append(one)
    if not missing:
        return 0
    mine = [one for one in missing if one.fetch() is None]
    for one in missing:
        one.want()
    try:
        with _progress() as meter:
            return _wait(desk, channel, missing, meter)
    finally:
        for one in mine:
            if not one.here():
                one.stop()


def _wait(desk: Desk, channel: str, missing: list[Awaited], meter: Meter) -> int:
    changes = desk.changes()
    before = _channel(desk, channel)
    engine = EngineProcess(desk.config, fetch_all(desk.config))
    engine.start()
    status, tried, reached, came, last = 0, False, False, 0, time.monotonic()
    try:
        while missing:
            topics = {topic for topic, _ in changes.poll()}
            tried = tried or "channel" in topics
            for one in list(missing):
                if (lost := _settled(one, meter)) is not None:
                    missing.remove(one)
                    status = max(status, lost)
            asked = [(one, fetch) for one in missing if (fetch := one.fetch()) is not None]
            for one, fetch in asked:
                if fetch.state == "fetching":
                    meter.show(one, fetch)
            if (now := sum(fetch.fetched for _, fetch in asked)) != came:
                came, last = now, time.monotonic()
            fact = _channel(desk, channel)
            state = fact.state if fact is not None else ""
            # By the moment it was reached, not by its state: the first of those looked at may still be of an engine that is gone
            reached = reached or came > 0 or (fact is not None and fact.reached_at != (before.reached_at if before is not None else None))
            # A line that broke is built up again: that is waited for. One that was never there is not
            hopeless = tried and (state in HOPELESS or (state in LOST and not reached))
            if missing and (hopeless or time.monotonic() - last > STALLED or not engine.watch()):
                meter.clear()
                talk(say("files.not_fetched"))
                say_channels(desk)
                return UNREACHABLE
            if missing and not topics:
                time.sleep(POLL)
        return status
    finally:
        engine.stop("now")
        changes.close()


def _channel(desk: Desk, name: str) -> ChannelFact | None:
    return next((each for each in desk.reading.channels() if each.name == name), None)


def _settled(one: Awaited, meter: Meter) -> int | None:
    """What became of it; None while it is still to come."""
    if one.here():
        meter.clear()
        one.arrived()
        return 0
    fetch = one.fetch()
    if fetch is not None and fetch.state in {"waiting", "fetching"}:
        return None
    if fetch is None and one.here():  # it came between the two looks
        return None
    meter.clear()
    talk(f"{one.name}: " + (fetch.reason if fetch is not None else say("files.called_off")))
    return 1


class Meter:
    """Progress on stderr: one line that changes on a terminal, a line now and then elsewhere."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._shown = ""
        self._told = 0.0

    def show(self, one: Awaited, fetch: Fetch) -> None:
        words = clean_line(f"{one.name}: {_words(fetch, one.size)}")
        if not self._live:
            if fetch.total and time.monotonic() - self._told >= TOLD_EVERY:
                self._told = time.monotonic()
                talk(words)
        elif words != self._shown:
            words = cut(words, max(1, (width() or 80) - 1))
            sys.stderr.write(f"\r{words}\x1b[K")
            sys.stderr.flush()
            self._shown = words

    def clear(self) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._shown = ""


@contextmanager
def _progress() -> Iterator[Meter]:
    meter = Meter()
    try:
        yield meter
    finally:
        meter.clear()


def _stands(fetch: Fetch, whole: int) -> str:
    if fetch.state == "waiting":
        return say("files.waits", place=fetch.place) if fetch.line_up else say("files.waits_for_line")
    return _words(fetch, whole) if fetch.state == "fetching" else say(f"files.{fetch.state}", reason=fetch.reason)


def _words(fetch: Fetch, whole: int) -> str:
    if not fetch.total:
        return say("screen.being_fetched")
    found = [say("files.of", done=size(whole * fetch.fetched // fetch.total), size=size(whole)), say("files.percent", percent=fetch.percent)]
    if fetch.seconds_left is not None:
        found += [say("files.rate", rate=size(fetch.rate)), say("files.left", time=rough(fetch.seconds_left))]
    return " · ".join(found)
