"""What an agent waits for at the start, and what the screen takes: `python -m bench.start [--conversations 10000] [--runs 7] [--json]`.

A desk with 10,000 open conversations, made without a server; its link is "offline". Whole processes are timed, medians are given.
First paint: from the start of the process until the first row stands on the terminal (120 by 40, 256 colours).
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from bench import desks
from bench.processes import children, compiled, resident
from bench.report import Figure, Part, say
from bench.terminal import Terminal

HEAVY = ("textual", "rich", "httpx", "imaplib2", "liquid", "babel", "holidays", "rapidfuzz", "keyring")
REST = 1.5
"""Seconds without a byte after which the screen counts as settled: what is warmed up after the first picture is done by then."""


def measure(conversations: int = 10_000, runs: int = 7) -> list[Part]:
    with tempfile.TemporaryDirectory(prefix="agentdesk-bench-") as name:
        folder = Path(name)
        began = time.perf_counter()
        desks.build(folder, conversations)
        made = time.perf_counter() - began
        with desks.opened(folder) as desk:
            ids = desk.queue.ids("open")
            first = desk.queue.rows(ids[:1])[0].customer_name
        note = f"built in {made:.1f} s, {(folder / 'state' / 'desk.db').stat().st_size / 1e6:.0f} MB"
        count = Figure("conversations in the open view", len(ids), "", note=note)
        environment = compiled(folder)
        return [
            Part(f"Command line: a desk of {conversations:,} conversations", (count, *_listing(folder, runs, environment))),
            Part("Screen: the same desk", tuple(_screen(folder, first[:20], runs, environment))),
        ]


def program(folder: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "agentdesk", *words, "--desk", str(folder)]


def timed(runs: int, command: list[str], environment: Mapping[str, str]) -> list[float]:
    """Seconds of so many runs after one that is not counted."""
    taken = []
    for _ in range(runs + 1):
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)
        taken.append(time.perf_counter() - began)
    return taken[1:]


def _listing(folder: Path, runs: int, environment: Mapping[str, str]) -> list[Figure]:
    plain = timed(runs, [sys.executable, "-c", "pass"], environment)
    listing = timed(runs, program(folder, "list", "--json"), environment)
    code = (
        "import sys; from agentdesk.__main__ import main; sys.argv = ['agentdesk', 'list', '--json', '--desk', sys.argv[1]]; main();"
        f"print(','.join(name for name in {HEAVY!r} if name in sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(folder)], check=True, capture_output=True, text=True)
    loaded = [name for name in done.stderr.strip().split(",") if name]
    return [
        Figure("python -c pass", statistics.median(plain), "s"),
        Figure("agentdesk list --json, whole process", statistics.median(listing), "s", 0.4, f"slowest of {runs}: {max(listing):.2f} s"),
        Figure("large libraries imported by it", len(loaded), "", 0, ", ".join(loaded) or f"none of {', '.join(HEAVY)}"),
    ]


def _screen(folder: Path, first: str, runs: int, environment: Mapping[str, str]) -> list[Figure]:
    painted, used, sizes = [], [], []
    for run in range(runs + 1):
        terminal = Terminal(program(folder), environment)
        try:
            size = terminal.await_start(REST)
            if run:  # the first one compiles
                sizes.append(size)
                seconds, cpu = terminal.shown(first)
                painted.append(seconds)
                used.append(cpu)
        finally:
            terminal.close()
    figures = [
        Figure("first paint", statistics.median(painted), "s", 0.6, f"fastest {min(painted):.2f} s, slowest of {runs} {max(painted):.2f} s"),
        Figure("first paint: processor time", statistics.median(used), "s", note="what it takes on a machine with nothing else to do"),
        Figure("first paint, and all until it settles", statistics.median(sizes), "B"),
    ]
    terminal = Terminal(program(folder), environment)
    try:
        terminal.await_start(REST)
        time.sleep(1.5)
        settled = resident(terminal.pid)
        engine = sum(resident(child) for child in children(terminal.pid))
        moves = [terminal.press("j", 0.12) for _ in range(10)]
        follow = terminal.press("", 0.8)
        terminal.press("s", 1.0)
        terminal.press("rimborso", 0.5)
        picked = resident(terminal.pid)
        terminal.press("\x1b", 0.5)
        terminal.press("r", 1.0)
        letters = [terminal.press(letter, 0.15) for letter in "buongiorno"]
        terminal.press("\x1b", 1.0)
    finally:
        terminal.close()
    return [
        *figures,
        Figure("memory of the screen, settled", settled, "MB", 80, f"its engine beside it, offline: {engine:.0f} MB"),
        Figure("memory of the screen, after the first picker", picked, "MB", 80),
        Figure("j", statistics.median(moves), "B", note=f"the most of 10: {max(moves):,} B"),
        Figure("the conversation under the cursor, when it rests", follow, "B"),
        Figure("a letter in the composer", statistics.median(letters), "B", note=f"the most of 10: {max(letters):,} B"),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.start", description=__doc__)
    parser.add_argument("--conversations", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    return say(measure(options.conversations, options.runs), as_data=options.json)


if __name__ == "__main__":
    sys.exit(main())
