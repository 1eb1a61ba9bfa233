"""A password typed in a second window reaches the engine that works, and nothing of it stays on disk."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from agentdesk.desk import Desk
from agentdesk.engine.engine import Engine
from agentdesk.engine.handover import LONGEST, NAME, Receiver, hand_on
from tests.desks import desk_config


class Taken:
    def __init__(self) -> None:
        self.secrets: list[tuple[str, str]] = []
        self.came = threading.Event()

    def __call__(self, channel: str, secret: str) -> None:
        self.secrets.append((channel, secret))
        self.came.set()


@pytest.fixture
def taken() -> Taken:
    return Taken()


@pytest.fixture
def receiver(tmp_path: Path, taken: Taken):
    made = Receiver(tmp_path, taken)
    yield made
    made.close()


def test_what_one_engine_is_told_the_other_gets(tmp_path: Path, receiver: Receiver, taken: Taken) -> None:
    assert hand_on(tmp_path, "support", 'pässwörd €\n"x"')
    assert taken.came.wait(30)
    assert taken.secrets == [("support", 'pässwörd €\n"x"')]


def test_it_is_a_pipe_and_its_owners_alone(tmp_path: Path, receiver: Receiver) -> None:
    found = (tmp_path / NAME).stat()
    assert stat.S_ISFIFO(found.st_mode)
    assert stat.S_IMODE(found.st_mode) == 0o600


def test_where_nobody_listens_nothing_is_handed_on(tmp_path: Path, taken: Taken) -> None:
    assert not hand_on(tmp_path, "support", "secret")
    made = Receiver(tmp_path, taken)
    made.close()
    assert not (tmp_path / NAME).exists()
    assert not hand_on(tmp_path, "support", "secret")
    os.mkfifo(tmp_path / NAME, 0o600)  # left by an engine that was killed
    assert not hand_on(tmp_path, "support", "secret")


def test_what_is_no_pipe_of_ours_gets_no_secret(tmp_path: Path) -> None:
    file = tmp_path / NAME
    file.write_text("")
    file.chmod(0o600)
    assert not hand_on(tmp_path, "support", "secret")
    assert file.read_text() == ""
    file.unlink()
    os.mkfifo(file, 0o600)
    file.chmod(0o622)
    reader = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
    assert not hand_on(tmp_path, "support", "secret")
    os.close(reader)
    file.unlink()
    file.symlink_to(tmp_path / "elsewhere")
    assert not hand_on(tmp_path, "support", "secret")


def test_nonsense_in_the_pipe_ends_nothing(tmp_path: Path, receiver: Receiver, taken: Taken) -> None:
    descriptor = os.open(tmp_path / NAME, os.O_WRONLY | os.O_NONBLOCK)
    os.write(descriptor, b'{"secrets": 3}\nno json\n{"secrets": {"support": "half')
    os.write(descriptor, b' and half"}}\n')
    os.close(descriptor)
    assert taken.came.wait(30)
    assert taken.secrets == [("support", "half and half")]
    assert not hand_on(tmp_path, "support", "x" * LONGEST)


def test_an_engine_that_waits_hands_on_what_its_window_says(tmp_path: Path) -> None:
    config = desk_config(tmp_path)
    with Desk.open(config):
        working = Engine(config, {})
        assert working.lock.take()
        working.start()
        try:
            waiting = Engine(config, {})
            assert not waiting.lock.take()
            waiting.set_secret("support", "the new one")
            ended = threading.Event()
            for _ in range(3000):
                if working._secrets.get("support") == "the new one":
                    break
                ended.wait(0.01)
            assert working._secrets["support"] == "the new one"
            assert waiting._secrets["support"] == "the new one", "should the other engine end"
        finally:
            working.stop()
        for file in config.state.rglob("*"):
            assert not file.is_file() or b"the new one" not in file.read_bytes(), file
