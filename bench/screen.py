"""What keys cost on the line, beside other programs: `python -m bench.screen [--messages 4000] [--json]`.

Bytes to the terminal (140 by 40, 256 colours, as over SSH) for the first picture, a move, a page, an opened conversation, a typed letter
and three idle seconds; medians. AgentDesk with its own driver and with Textual's, neomutt, aerc and alot on the same mail; only what is
installed is measured. The goals are those of AgentDesk's own driver.
"""

from __future__ import annotations

import argparse
import os
import select
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import corpus, desks, peers
from bench.loading import maildir
from bench.processes import compiled
from bench.report import Figure, Part, say
from bench.start import REST, program
from bench.terminal import Terminal

SIZE = (140, 40)
GOALS: dict[str, int | None] = {"first picture": 8_000, "move one down": 80, "page down": 2_500, "what stands beside it follows": None, "open a conversation": 4_000, "type a letter": 50, "idle for 3 s": 0}
IDLE = 3.0
AT_ONCE = 0.06
"""Seconds: what comes later is not the page any more, but the conversation and the customer under the cursor, which AgentDesk alone shows beside
the list."""


@dataclass(frozen=True)
class Keys:
    """How a program is driven."""

    page: str
    open: str
    back: str
    write: Sequence[str]
    """Keys that lead into the editor, one step after the other."""


DESK = Keys("\x1b[6~", "\r", "\x1b", ("r",))
KEYS = {
    "neomutt": Keys("\x1b[6~", "\r", "q", ("r",)),
    "aerc": Keys("\x04", "\r", "q", ("\r", ":reply -T quoted_reply\r")),
    "alot": Keys("\x1b[6~", "\r", "d", ("\r", "r")),
}


def measure(messages: int = 4_000) -> Part:
    with tempfile.TemporaryDirectory(prefix="agentdesk-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        desks.build(folder, messages)
        environment = compiled(folder)
        _costs(program(folder), environment, DESK, only_start=True)
        found: dict[str, dict[str, float]] = {
            "agentdesk": _costs(program(folder), environment, DESK),
            "stock Textual": _costs([*program(folder), "--driver", "stock"], environment, DESK),
        }
        mails = corpus.mailbox(messages)
        maildir(folder / "mail", mails)
        for peer in (name for name in KEYS if shutil.which(name) and (name != "alot" or shutil.which("notmuch"))):
            command, own = _peer(peer, folder)
            _costs(command, own, KEYS[peer], only_start=True)  # fills its caches
            found[peer] = _costs(command, own, KEYS[peer])
    rows = []
    for step, goal in GOALS.items():
        others = ", ".join(f"{name} {costs[step]:,.0f}" for name, costs in found.items() if name != "agentdesk" and step in costs)
        rows.append(Figure(step, found["agentdesk"][step], "B", goal, others))
    return Part(f"Bytes to the terminal, {messages:,} messages or conversations, {SIZE[0]} by {SIZE[1]}", tuple(rows))


def _peer(name: str, folder: Path) -> tuple[list[str], Mapping[str, str]]:
    if name != "alot":
        command, environment = peers.prepared(name, folder)
        return command, dict(environment) | {"EDITOR": "vim" if shutil.which("vim") else "vi"}
    environment = compiled(folder) | {"HOME": str(folder), "NOTMUCH_CONFIG": str(folder / "notmuch"), "EDITOR": "vim" if shutil.which("vim") else "vi"}
    (folder / "notmuch").write_text(
        f"[database]\npath={folder / 'mail'}\n[user]\nname=Casa Verde\nprimary_email=support@casaverde.example\n[new]\ntags=inbox;unread\n"
    )
    subprocess.run(["notmuch", "new"], check=True, env=environment, capture_output=True)
    config = folder / "alot"
    config.write_text("[accounts]\n[[shop]]\nrealname = Casa Verde\naddress = support@casaverde.example\n")
    return ["alot", "-c", str(config), "-n", str(folder / "notmuch")], environment


def _costs(command: Sequence[str], environment: Mapping[str, str], keys: Keys, *, only_start: bool = False) -> dict[str, float]:
    terminal = Terminal(command, environment, size=SIZE)
    try:
        costs: dict[str, float] = {"first picture": terminal.await_start(REST)}
        if only_start:
            return costs
        terminal.read(2.0)
        costs["idle for 3 s"] = _idle(terminal)
        costs["move one down"] = statistics.median(_answer(terminal, "j", 0.15) for _ in range(14))
        terminal.read(1.0)
        pages, beside = [], []
        for _ in range(8):
            pages.append(_answer(terminal, keys.page, AT_ONCE))
            beside.append(terminal.read(0.8))
        costs["page down"] = statistics.median(pages)
        costs["what stands beside it follows"] = statistics.median(beside)
        opened = []
        for _ in range(6):
            terminal.press("j", 0.6)
            opened.append(_answer(terminal, keys.open, 0.8))
            terminal.press(keys.back, 0.6)
        costs["open a conversation"] = statistics.median(opened)
        for step in keys.write:
            terminal.press(step, 1.2)
        terminal.press("i", 0.5)
        costs["type a letter"] = statistics.median(_answer(terminal, letter, 0.25) for letter in "buongiorno")
        return costs
    finally:
        terminal.close()


def _answer(terminal: Terminal, key: str, quiet: float) -> int:
    """Bytes that come back, which may take their time on a busy machine."""
    os.write(terminal.pty, key.encode())
    select.select([terminal.pty], [], [], 3.0)
    return terminal.read(quiet)


def _idle(terminal: Terminal) -> int:
    return terminal.read(IDLE, IDLE)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.screen", description=__doc__)
    parser.add_argument("--messages", type=int, default=4_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    return say([measure(options.messages)], as_data=options.json)


if __name__ == "__main__":
    sys.exit(main())
