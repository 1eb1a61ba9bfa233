"""A connection that may have died in our sleep: asked at once, and waited for no longer than a short while."""

# ruff: noqa: SIM117 - the server's block and what is done within it are two things

from __future__ import annotations

import threading
import time

import pytest

from agentdesk.channels.base import ChannelDown
from agentdesk.channels.imap import connection as module
from agentdesk.channels.imap.commands import command
from tests.dialogue.imap_scripts import connected, logged_in, patient
from tests.dialogue.server import answer, goodbye, hear, serve, until_gone

NOOP = command("NOOP")
LONG = patient(silence=600, seconds=600, rate=1, most=600)
"""What a slow line is given."""


def test_who_does_not_answer_when_doubted_is_given_up_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PROBE", 0.3)
    with serve(*logged_in(), hear("{tag} NOOP"), until_gone) as server:
        with connected(server, timeouts=LONG) as connection:
            began = time.monotonic()
            connection.doubt()
            with pytest.raises(ChannelDown):
                connection.run(NOOP)
            assert time.monotonic() - began < 300, "not the ten minutes that a slow line is given"


def test_a_command_under_way_is_doubted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """The laptop is opened again; what was asked before it was closed will never be answered."""
    monkeypatch.setattr(module, "PROBE", 0.3)
    with serve(*logged_in(), hear("{tag} NOOP"), until_gone) as server:
        with connected(server, timeouts=LONG) as connection:
            threading.Timer(0.2, connection.doubt).start()
            with pytest.raises(ChannelDown):
                connection.run(NOOP)


def test_who_answers_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(*logged_in(), answer("{tag} NOOP"), answer("{tag} NOOP"), goodbye) as server:
        with connected(server, timeouts=LONG) as connection:
            connection.doubt()
            assert connection.run(NOOP)[0].ok
            monkeypatch.setattr(module, "PROBE", -1000.0)  # doubted before it was heard: no deadline any more
            assert connection.run(NOOP)[0].ok
