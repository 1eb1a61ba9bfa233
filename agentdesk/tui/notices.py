"""What calls an agent back who looks elsewhere: the bell, a notice of the desktop, the terminal's title.

A chat that begins to wait and a promise that is about to break are worth it, each once. Notices go where the terminal passes them on:
OSC 9 (iTerm2, WezTerm, kitty, Windows Terminal), OSC 777 (urxvt, foot, VTE); the bell goes everywhere.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from agentdesk.desk.facts import Counts, Row
from agentdesk.domain.clean import clean_line
from agentdesk.locale import say

REMEMBERED = "notices"
"""The file in the state folder that holds what was chosen last."""
SOON = timedelta(minutes=10)
"""Before a promise breaks."""
_SECOND = frozenset({"foot", "foot-extra", "rxvt-unicode", "rxvt-unicode-256color"})


class Mode(StrEnum):
    DESKTOP = "desktop"
    BELL = "bell"
    NONE = "none"


def chosen(state: Path) -> Mode:
    with contextlib.suppress(OSError, ValueError):
        return Mode((state / REMEMBERED).read_text("utf-8").strip())
    return Mode.DESKTOP


def remember(state: Path, mode: Mode) -> None:
    (state / REMEMBERED).write_text(mode + "\n", "utf-8")


class Notices:
    """Finds out what is new; what it returns is said once."""

    def __init__(self) -> None:
        self._chats: int | None = None
        self._warned: set[tuple[int, datetime]] = set()

    def chats(self, counts: Counts) -> str:
        """Words if more chats wait than at the last look."""
        before, self._chats = self._chats, counts.chats_waiting
        if before is None or counts.chats_waiting <= before:
            return ""
        return say("notices.chats", n=counts.chats_waiting)

    def promises(self, rows: Iterable[Row], now: datetime) -> str:
        """Words for the first of these conversations whose promise breaks soon."""
        for row in rows:
            if row.due_at is not None and now <= row.due_at <= now + SOON and (row.row, row.due_at) not in self._warned:
                self._warned.add((row.row, row.due_at))
                minutes = max(1, int((row.due_at - now).total_seconds() // 60))
                return say("notices.promise", n=minutes, who=row.customer_name or row.customer_address)
        return ""


def bell_and_notice(words: str, desk: str, mode: Mode, environ: Mapping[str, str], *, looking: bool) -> str:
    """What to send to the terminal; `looking`: it has the keys, and the screen says the same."""
    if mode is Mode.NONE:
        return ""
    if mode is Mode.BELL or looking:
        return "\a"
    words, desk = clean_line(words), clean_line(desk).replace(";", ",")
    if environ.get("VTE_VERSION") or environ.get("TERM", "") in _SECOND:
        return f"\a\x1b]777;notify;{desk};{words}\x1b\\"
    if environ.get("TERM", "") in {"linux", "dumb", "vt220"}:
        return "\a"
    return f"\a\x1b]9;{desk}: {words}\x1b\\"


def title(desk: str, counts: Counts) -> str:
    """The terminal's title (OSC 2): what waits, then whose desk it is."""
    waiting = [say("notices.title_chats", n=counts.chats_waiting)] if counts.chats_waiting else []
    late = [say("notices.title_late", n=counts.late)] if counts.late else []
    return f"\x1b]2;{clean_line(' · '.join([*waiting, *late, desk]))}\x1b\\"
