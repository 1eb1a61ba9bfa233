"""What calls an agent back: said once, and in words that steer no terminal."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agentdesk.desk.facts import Counts, Row
from agentdesk.tui import notices, theme
from agentdesk.tui.driver.driver import _KNOWN
from agentdesk.tui.notices import Mode, Notices, bell_and_notice, title

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
COUNTS = Counts(open=3, mine=0, late=0, chats_waiting=0, unassigned=0, snoozed=0, outbox=0, trouble=0)
ROW = Row(
    1, "abc", "support", "imap", "Ciao", "Eva Neri", "eva@example.org", "open", "", False, (), "normal", 0, 1, "", NOW, NOW, None, None, "",
    spam=False, automatic=False, has_draft=False, outbox="",
)  # fmt: skip


def test_only_more_chats_than_before_are_told_of() -> None:
    told = Notices()
    found = [told.chats(replace(COUNTS, chats_waiting=n)) for n in (2, 2, 3, 1, 2)]
    assert found == ["", "", "3 chats wait", "", "2 chats wait"]


@pytest.mark.parametrize(("minutes", "words"), [(-1, ""), (0, "1 minute"), (7, "7 minutes"), (10, "10 minutes"), (11, "")])
def test_a_promise_is_told_of_in_its_last_minutes_once(minutes: int, words: str) -> None:
    told = Notices()
    row = replace(ROW, due_at=NOW + timedelta(minutes=minutes))
    found = told.promises([ROW, row], NOW)
    assert (words in found) if words else not found
    assert told.promises([row], NOW) == ""


@pytest.mark.parametrize(
    ("mode", "looking", "environ", "sent"),
    [
        (Mode.NONE, False, {}, ""),
        (Mode.BELL, False, {}, "\a"),
        (Mode.DESKTOP, True, {"TERM": "xterm-256color"}, "\a"),
        (Mode.DESKTOP, False, {"TERM": "xterm-256color"}, "\a\x1b]9;Casa, Verde: a chat waits\x1b\\"),
        (Mode.DESKTOP, False, {"TERM": "foot"}, "\a\x1b]777;notify;Casa, Verde;a chat waits\x1b\\"),
        (Mode.DESKTOP, False, {"TERM": "xterm-256color", "VTE_VERSION": "7000"}, "\a\x1b]777;notify;Casa, Verde;a chat waits\x1b\\"),
        (Mode.DESKTOP, False, {"TERM": "linux"}, "\a"),
    ],
)
def test_what_the_terminal_gets(mode: Mode, looking: bool, environ: dict[str, str], sent: str) -> None:
    assert bell_and_notice("a chat waits", "Casa; Verde", mode, environ, looking=looking) == sent
    parts = [sent[:1], sent[1:]] if sent else []
    assert all(_KNOWN.fullmatch(part) for part in parts), "our own driver lets it through"


def test_a_name_steers_no_terminal() -> None:
    row = replace(ROW, customer_name="Eva\x1b]0;x\x07\x9b2J", due_at=NOW)
    sent = bell_and_notice(Notices().promises([row], NOW), "Casa", Mode.DESKTOP, {}, looking=False)
    assert sent.count("\x1b") == 2
    assert "\x9b" not in sent


def test_the_title_says_what_waits() -> None:
    assert title("Casa", COUNTS) == "\x1b]2;Casa\x1b\\"
    assert title("Casa", replace(COUNTS, late=2, chats_waiting=1)) == "\x1b]2;1 chat · 2 late · Casa\x1b\\"


def test_the_choice_is_kept(tmp_path: Path) -> None:
    assert notices.chosen(tmp_path) is Mode.DESKTOP
    notices.remember(tmp_path, Mode.BELL)
    assert notices.chosen(tmp_path) is Mode.BELL
    (tmp_path / "notices").write_bytes(os.urandom(8))
    assert notices.chosen(tmp_path) is Mode.DESKTOP


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(("name", "least"), [("contrast", 7.0), ("dark", 3.0), ("light", 3.0)])
def test_what_is_written_can_be_read(name: str, least: float) -> None:
    """Contrast as WCAG 2.2 counts it: 7 is its AAA."""
    roles = theme.PALETTES[name]
    for role in ("text", "mute", "faint", "accent", "warm", "note", "good", "bad"):
        colour = roles.by_name(role).color
        for ground in (roles.ground.bgcolor, roles.raised.bgcolor):
            assert colour is not None
            assert ground is not None
            light, dark = sorted((luminance(colour.name), luminance(ground.name)), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= least, (role, ground.name)
