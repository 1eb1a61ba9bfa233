"""Writes docs/keys.md from the registry and the keymaps: `python docs/keys.py`."""

from __future__ import annotations

from pathlib import Path

from agentdesk.commands import COMMANDS
from agentdesk.commands.keymap import load
from agentdesk.locale import say, use

MAPS = ("default", "vim", "emacs", "webdesk")
HEAD = """\
# Keys
Written by `python docs/keys.py`. `agentdesk keys` prints those of your desk, `?` in the desk those that work where you are, `:` finds every command by name and shows its key.

A keymap is a file with `base = "default"` and only the lines that differ, named in desk.toml (`[keys] map = "mine.toml"`); `keymaps/` has four to look at. It is read again as soon as it
changes. What is wrong in one (an unknown command, a clash, a key that can't be reached) is told with file and line, and the rest works. Sequences are written with blanks (`g i`); a number before a key
repeats it (`5 j`).
"""


def page() -> str:
    use("en")
    maps = [load(name) for name in MAPS]
    lines = [HEAD]
    for topic, commands in COMMANDS.topics.items():
        lines += [f"## {say(f'commands.topic_{topic}')}", f"| command | what it does | {' | '.join(MAPS)} |", "|---" * (2 + len(MAPS)) + "|"]
        for command in commands:
            keys = [", ".join(f"`{key}`".replace("|", "\\|") for key in keymap.all_shown(command.id)) for keymap in maps]
            lines.append(f"| {command.id} | {command.help.replace('|', chr(92) + '|')} | {' | '.join(keys)} |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    Path(__file__).with_name("keys.md").write_text(page(), "utf-8")
