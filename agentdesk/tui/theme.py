"""Colours by role. Every colour has one meaning; hierarchy is made by weight and shade first.

Five palettes: dark, light and `contrast` (24-bit; Rich reduces them to 256 where that is all there is), `ansi` (the terminal's
own 16 colours and ground) and `none` (NO_COLOR: weight, dim and underline only).
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import termios
import time
import tty
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from rich.style import Style
from textual.theme import Theme

NAMES = ("dark", "light", "contrast", "ansi", "none")
REMEMBERED = "theme"
"""The file in the state folder that holds the palette chosen last."""


@dataclass(frozen=True, slots=True)
class Roles:
    """The styles the widgets draw with; they carry no ground, the widget has it."""

    name: str
    text: Style
    strong: Style
    mute: Style
    faint: Style
    accent: Style
    accent_strong: Style
    warm: Style
    warm_strong: Style
    note: Style
    note_strong: Style
    good: Style
    bad: Style
    bad_strong: Style
    line: Style
    ground: Style
    raised: Style

    def by_name(self, role: str) -> Style:
        style: Style = getattr(self, role)
        return style


BOLD = Style(bold=True)


def _roles(
    name: str, colours: Mapping[str, str], *, ground: str = "default", raised: str = "default", dims: str = ""
) -> Roles:
    def style(role: str) -> Style:
        return Style(color=colours.get(role, "default"), dim=True if role in dims.split() else None)

    return Roles(
        name=name,
        text=style("text"),
        strong=style("text") + BOLD,
        mute=style("mute"),
        faint=style("faint"),
        accent=style("accent"),
        accent_strong=style("accent") + BOLD,
        warm=style("warm"),
        warm_strong=style("warm") + BOLD,
        note=style("note"),
        note_strong=style("note") + BOLD,
        good=style("good"),
        bad=style("bad"),
        bad_strong=style("bad") + BOLD,
        line=style("line"),
        ground=Style(bgcolor=ground),
        raised=Style(bgcolor=raised),
    )


_DARK = {
    "text": "#d5d9df",
    "mute": "#8a929e",
    "faint": "#656e7a",
    "accent": "#7cc0c8",
    "warm": "#e3a657",
    "note": "#c9b26b",
    "good": "#9cc27f",
    "bad": "#e0786a",
    "line": "#2b3139",
}
_LIGHT = {
    "text": "#24292f",
    "mute": "#66707c",
    "faint": "#808994",
    "accent": "#0f7684",
    "warm": "#b26a00",
    "note": "#7d6400",
    "good": "#3f7a2a",
    "bad": "#b83a2c",
    "line": "#dfe1e3",
}
_CONTRAST = {
    "text": "#ffffff",
    "mute": "#d7dce3",
    "faint": "#b9c1cc",
    "accent": "#5fefff",
    "warm": "#ffcb47",
    "note": "#ffe58a",
    "good": "#a2f58a",
    "bad": "#ff9d90",
    "line": "#8b94a1",
}
_ANSI = {
    "faint": "bright_black",
    "accent": "cyan",
    "warm": "yellow",
    "note": "yellow",
    "good": "green",
    "bad": "red",
    "line": "bright_black",
}

PALETTES: dict[str, Roles] = {
    "dark": _roles("dark", _DARK, ground="#15181d", raised="#1e242c"),
    "light": _roles("light", _LIGHT, ground="#fbfaf7", raised="#f0efe9"),
    "contrast": _roles("contrast", _CONTRAST, ground="#000000", raised="#1c1c1c"),
    "ansi": _roles("ansi", _ANSI, dims="mute note"),
    # Without colour, what must be noticed is bold, what belongs to us underlined.
    "none": _roles("none", {}, dims="mute faint line"),
}
PALETTES["none"] = replace(
    PALETTES["none"],
    warm=BOLD,
    warm_strong=BOLD,
    bad=BOLD,
    bad_strong=Style(bold=True, reverse=True),
    accent_strong=Style(bold=True, underline=True),
    note=Style(italic=True),
    note_strong=Style(italic=True, bold=True),
)


GROUNDS_256 = {"dark": ("#121212", "#262626"), "light": ("#ffffff", "#eeeeee")}
"""With 256 colours, ground and raised ground become greys of that palette: rounded by Rich, both would be black."""


def palette(name: str, environ: Mapping[str, str] = os.environ) -> Roles:
    """A palette as this terminal can show it."""
    roles = PALETTES[name]
    if name not in GROUNDS_256 or environ.get("COLORTERM", "").lower() in {"truecolor", "24bit"}:
        return roles
    ground, raised = GROUNDS_256[name]
    return replace(roles, ground=Style(bgcolor=ground), raised=Style(bgcolor=raised))


def textual_theme(roles: Roles) -> Theme:
    """The same palette as Textual's stylesheets see it (`$desk-*`)."""
    plain = roles.name in {"ansi", "none"}

    def colour(style: Style) -> str:
        if plain:
            return "ansi_default" if style.color is None or style.color.is_default else f"ansi_{style.color.name}"
        return style.color.name if style.color else "#000000"

    ground = "ansi_default" if plain else (roles.ground.bgcolor.name if roles.ground.bgcolor else "#000000")
    raised = "ansi_default" if plain else (roles.raised.bgcolor.name if roles.raised.bgcolor else "#000000")
    return Theme(
        name=f"desk-{roles.name}",
        primary=colour(roles.accent),
        secondary=colour(roles.accent),
        accent=colour(roles.accent),
        warning=colour(roles.warm),
        error=colour(roles.bad),
        success=colour(roles.good),
        foreground=colour(roles.text),
        background=ground,
        surface=ground,
        panel=ground,
        boost=ground,
        dark=roles.name != "light",
        ansi=plain,
        variables={
            # Textual's own sheets name these two where a theme is `ansi`.
            "ansi-background": "ansi_default",
            "ansi-foreground": "ansi_default",
            "desk-ground": ground,
            "desk-raised": raised,
            "desk-text": colour(roles.text),
            "desk-mute": colour(roles.mute),
            "desk-accent": colour(roles.accent),
            "desk-line": colour(roles.line),
        },
    )


def detect(environ: Mapping[str, str] = os.environ) -> str:
    """The palette that the environment asks for, or empty: NO_COLOR, AGENTDESK_THEME, what a terminal says of itself."""
    if environ.get("NO_COLOR"):
        return "none"
    wanted = environ.get("AGENTDESK_THEME", "")
    if wanted in NAMES:
        return wanted
    if environ.get("TERM", "") in {"linux", "xterm-16color", "vt220"}:
        return "ansi"
    ground = environ.get("COLORFGBG", "").rpartition(";")[2]
    if ground.isdecimal():
        return "light" if int(ground) in {7, 15} else "dark"
    return ""


def chosen(state: Path) -> str:
    """What the environment asks for, else what was chosen on this desk before, else dark."""
    if found := detect():
        return found
    try:
        name = (state / REMEMBERED).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        name = ""
    return name if name in NAMES else "dark"


def remember(state: Path, name: str) -> None:
    (state / REMEMBERED).write_text(name + "\n", "utf-8")


def first_look(state: Path) -> None:
    """At the first start, ask the terminal for its ground (OSC 11) and remember what fits it.

    Only then: the answer takes a round trip, which is 300 ms on a thin line. A device report (DA1), which every terminal
    answers, is asked behind it, so that one without OSC 11 costs no waiting.
    """
    if detect() or (state / REMEMBERED).exists():
        return
    with contextlib.suppress(OSError, termios.error):
        answer = _ask(b"\x1b]11;?\x1b\\\x1b[c", b"c", seconds=0.4)
        colour = re.search(rb"rgb:([0-9a-f]{2})[0-9a-f]*/([0-9a-f]{2})[0-9a-f]*/([0-9a-f]{2})", answer, re.IGNORECASE)
        if colour is None:
            return
        red, green, blue = (int(part, 16) for part in colour.groups())
        remember(state, "light" if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else "dark")


def _ask(question: bytes, last: bytes, *, seconds: float) -> bytes:
    """Ask the terminal and read its answer up to the byte that ends it."""
    with open("/dev/tty", "r+b", buffering=0) as terminal:
        before = termios.tcgetattr(terminal)
        try:
            tty.setraw(terminal.fileno())
            terminal.write(question)
            answer, end = b"", time.monotonic() + seconds
            while (left := end - time.monotonic()) > 0 and not answer.endswith(last):
                if select.select([terminal], [], [], left)[0]:
                    answer += os.read(terminal.fileno(), 256)
            return answer
        finally:
            termios.tcsetattr(terminal, termios.TCSAFLUSH, before)
