"""The thread of a channel: it lives through whatever its channel and its store do, and ends when it is told to."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from agentdesk.channels.base import ChannelDown, Usage
from agentdesk.desk import Desk
from agentdesk.desk.engine_process import MOST_LOG, EngineProcess
from agentdesk.engine.status import ChannelStatus
from agentdesk.engine.worker import ChannelWorker
from agentdesk.errors import DeskError, LoginRefused
from tests.desks import desk_config


class Scripted:
    """A channel whose next openings end as they are told; when there are no more, the worker is stopped."""

    name, kind = "support", "imap"

    def __init__(self, *openings: Exception) -> None:
        self.openings, self.opened, self.closed = list(openings), 0, 0
        self.usage = Usage()
        self.looked = False
        self.worker: ChannelWorker | None = None

    def open(self) -> None:
        self.opened += 1
        if not self.openings:
            assert self.worker is not None
            self.worker.stop()
            raise ChannelDown("the end")
        raise self.openings.pop(0)

    def close(self) -> None:
        self.closed += 1

    def interrupt(self) -> None: ...

    def doubt(self) -> None: ...


@pytest.fixture
def desk(tmp_path: Path):
    with Desk.open(desk_config(tmp_path)) as opened:
        yield opened


def run(desk: Desk, channel: Scripted, monkeypatch, refused=lambda _: None) -> ChannelWorker:
    status = ChannelStatus(desk.database, desk.config.channels[0])
    worker = ChannelWorker(channel, status, lambda: None, lambda most: most, refused)
    channel.worker = worker
    monkeypatch.setattr(worker, "_pause", lambda *_args, **_more: None)
    worker.run()
    return worker


def test_a_server_that_wants_to_be_left_alone_is_left_alone(desk: Desk, monkeypatch) -> None:
    """For as long as it says, and no wish of anybody's ends that; else for as long as we think."""
    channel = Scripted(ChannelDown("throttled", 300.0), ChannelDown("no line"))
    pauses: list[tuple[float, bool]] = []
    worker = ChannelWorker(channel, ChannelStatus(desk.database, desk.config.channels[0]), lambda: None, lambda most: most, lambda _: None)
    channel.worker = worker
    monkeypatch.setattr(worker, "_pause", lambda seconds, until=None: pauses.append((seconds, until is not None)))
    worker.run()
    assert pauses[0] == (300.0, True)
    assert pauses[1][0] < 300.0
    assert not pauses[1][1]


def test_it_goes_on_after_every_kind_of_failure(desk: Desk, monkeypatch) -> None:
    asked: list[str] = []
    channel = Scripted(ChannelDown("no line"), LoginRefused("wrong password"), DeskError("disk full"), ValueError("a defect"))
    worker = run(desk, channel, monkeypatch, asked.append)
    assert (channel.opened, channel.closed) == (5, 5)
    assert asked == ["wrong password"]
    assert worker.failed


def test_a_state_that_cannot_be_written_down_does_not_end_the_thread(desk: Desk, monkeypatch) -> None:
    """The disk is full: not even "down" can be said. Without its thread the channel would be dead until the next start."""
    channel = Scripted(ChannelDown("no line"), LoginRefused("wrong password"), ChannelDown("no line"))
    write = desk.database.write

    def full(change):
        if channel.opened in (1, 2):
            raise DeskError("the disk is full")
        return write(change)

    desk.database.write = full  # type: ignore[method-assign]

    def cannot_ask(words: str) -> None:
        raise DeskError(words)

    run(desk, channel, monkeypatch, cannot_ask)
    assert channel.opened >= 4
    assert desk.reading.channels()[0].detail == "the end"


def test_what_could_not_be_written_is_said_again(desk: Desk) -> None:
    status = ChannelStatus(desk.database, desk.config.channels[0])
    write = desk.database.write

    def full(_change):
        raise DeskError("the disk is full")

    desk.database.write = full  # type: ignore[method-assign]
    with pytest.raises(DeskError):
        status.set("down", "no line")
    desk.database.write = write  # type: ignore[method-assign]
    status.set("down", "no line")
    assert desk.reading.channels()[0].state == "down"


class Child:
    """Stands in for the process."""

    def __init__(self, *_args: object, **_more: object) -> None:
        self.stdin = None


def test_the_log_of_the_engine_does_not_grow_for_ever(desk: Desk, monkeypatch) -> None:
    monkeypatch.setattr("agentdesk.desk.engine_process.subprocess.Popen", Child)
    log = desk.config.state / "engine.log"
    log.write_bytes(b"x" * (MOST_LOG + 1))
    EngineProcess(desk.config, {}).start()
    assert log.stat().st_size == 0
    assert (desk.config.state / "engine.log.1").stat().st_size == MOST_LOG + 1
    assert log.stat().st_mode & 0o077 == 0


def test_a_state_folder_that_is_gone_does_not_take_the_window_with_it(desk: Desk, monkeypatch) -> None:
    class Dead(Child):
        def __init__(self, *_args: object, **_more: object) -> None:
            self.stdin = io.BytesIO()

        def poll(self) -> int:
            return 1

    monkeypatch.setattr("agentdesk.desk.engine_process.subprocess.Popen", Dead)
    engine = EngineProcess(desk.config, {})
    engine.start()

    def gone(*_args: object, **_more: object) -> int:
        raise FileNotFoundError

    monkeypatch.setattr("agentdesk.desk.engine_process.os.open", gone)
    assert engine.watch() is False
