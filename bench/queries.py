"""What the screen asks of the store, by the size of the desk: `python -m bench.queries [--conversations 10000 100000] [--json]`.

A list never waits for more than one of these; all of its ids are read apart from the keys, rows a page of 64 at a time.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from agentdesk.desk import Desk
from bench import desks
from bench.report import Figure, Part, say

SIZES = (10_000, 100_000)
TYPED = "rimborso"


def measure(sizes: Sequence[int] = SIZES) -> list[Part]:
    parts = []
    smallest = min(sizes)
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="agentdesk-bench-") as name:
            folder = Path(name)
            desks.build(folder, smallest)
            if size > smallest:
                desks.multiply(folder, size // smallest)
            with desks.opened(folder) as desk:
                parts.append(Part(f"Questions to the store: {size:,} open conversations", tuple(_questions(desk, size))))
    return parts


def _questions(desk: Desk, size: int) -> list[Figure]:
    ids = desk.queue.ids("open")
    assert len(ids) == size, f"{len(ids)} conversations instead of {size}"
    page = ids[len(ids) // 2 :][:64].tolist()
    small = size <= 10_000
    questions: list[tuple[str, Callable[[], object], float | None]] = [
        ("ids of the open view, by due time", lambda: desk.queue.ids("open"), 60 if small else 700),
        ("ids of all, newest first", lambda: desk.queue.ids("all"), 30 if small else 300),
        ("the first 50 of the open view", lambda: desk.queue.ids("open", limit=50), 30 if small else 300),
        ("a page of 64 rows", lambda: desk.queue.rows(page), 10),
        ("counts of the line above", desk.queue.counts, 10 if small else 100),
        ("the most urgent one", desk.queue.next_urgent, 30 if small else 300),
        ("one conversation with its panel", lambda: (desk.reading.thread(page[0]), desk.reading.panel(page[0])), 10),
        (f"search for one word ({len(desk.queue.ids('all', TYPED)):,} found)", lambda: desk.queue.ids("all", TYPED), 100 if small else 1000),
        ("search for words that begin with three letters", lambda: desk.queue.ids("all", f"{TYPED[:3]}*"), None),
        ("search by tag", lambda: desk.queue.ids("all", "tag:reso"), 30 if small else 300),
        ("search by sender", lambda: desk.queue.ids("all", "from:rossi"), None),
    ]
    return [Figure(name, _median(ask), "ms", most) for name, ask, most in questions]


def _median(ask: Callable[[], object]) -> float:
    taken = []
    for _ in range(7):
        began = time.perf_counter()
        ask()
        taken.append(1000 * (time.perf_counter() - began))
    return statistics.median(taken)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.queries", description=__doc__)
    parser.add_argument("--conversations", type=int, nargs="+", default=SIZES, metavar="N")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    return say(measure(options.conversations), as_data=options.json)


if __name__ == "__main__":
    sys.exit(main())
