"""How soon a key shows on the terminal: `python -m bench.keys [--conversations 1000 100000] [--no-load] [--json]`.

Thirty keys a second, from the moment a key is written to the terminal until the cursor stands elsewhere in what comes back. First while
the engine brings in a mailbox of 10,000 messages, the newest of them ten texts of 12 MB; then on resting desks of several sizes, with
the bottom of the list, a page and a search as one types besides. A million conversations: `--conversations 1000000`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench import corpus, desks, mailbox
from bench.loading import Loader
from bench.processes import compiled, resident
from bench.report import Figure, Part, say
from bench.start import REST, program
from bench.terminal import Terminal

SIZE = (140, 40)
RATE = 30
"""Keys a second."""
CURSOR = "▌".encode()
LARGE, LARGE_BYTES = 10, 12_000_000
BUILT = 10_000
"""Conversations that are made through the store; more of them are copies."""
PATIENCE = 5.0
BASE_MEMORY, MOST_MEMORY = 60, 80
SLOWEST = 50
"""Milliseconds no key may take at a million."""


def press(terminal: Terminal, keys: Sequence[str], expected: bytes = CURSOR, rate: float = RATE) -> list[float]:
    """Milliseconds from each key until `expected` came back, or, if it never came, `PATIENCE`."""
    taken = []
    for key in keys:
        seen, began = len(terminal.chunks), time.perf_counter()
        os.write(terminal.pty, key.encode())
        due, shown = began + 1 / rate, 0.0
        while (now := time.perf_counter()) < due or (not shown and now < began + PATIENCE):
            terminal.read(max(due - now, 0.001), 0.0005)
            if not shown:
                shown = next((at - began for at, _, data in terminal.chunks[seen:] if expected in data), 0.0)
        taken.append(1000 * (shown or PATIENCE))
    return taken


def percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, round(share * (len(values) - 1)))]


def _figures(name: str, taken: Sequence[float], most: float | None, worst: float | None = None) -> list[Figure]:
    note = f"median {statistics.median(taken):.1f}, p95 {percentile(taken, 0.95):.1f}, slowest of {len(taken)} {max(taken):.1f} ms"
    figures = [Figure(f"{name}, p99", percentile(taken, 0.99), "ms", most, note)]
    return figures if worst is None else [*figures, Figure(f"{name}, slowest", max(taken), "ms", worst)]


def under_load(messages: int = 10_000, large: int = LARGE) -> Part:
    """Moving in the list while mail is brought in, parsed and indexed."""
    title = f"Keys while {messages:,} messages come in, {large} of them with 12 MB of text"
    try:
        from tests.servers import dovecot  # noqa: PLC0415 - asks for what a checkout's environment has
    except ImportError as error:
        return Part(title, skipped=f"run it in a checkout with the tests' requirements ({error})")
    if missing := dovecot.available():
        return Part(title, skipped=f"{missing}; `sudo apt-get install dovecot-imapd` brings it")
    server = dovecot.Dovecot()
    try:
        user = server.user()
        loader = Loader(server.plain, user, "secret")
        mails = corpus.mailbox(messages)
        loader.append(mails)
        for number in range(large):
            loader.append([_heavy(number)])
        loader.close()
        with tempfile.TemporaryDirectory(prefix="agentdesk-bench-", ignore_cleanup_errors=True) as name:
            return Part(title, tuple(_loaded(Path(name), user, server.plain, mails)))
    finally:
        server.stop()


def _heavy(number: int) -> corpus.Mail:
    """A mail whose text is 12 MB."""
    line = "Buongiorno, ecco il registro completo del mio ordine come richiesto al telefono.\r\n"
    head = f"From: Anna Neri <anna{number}@example.org>\r\nTo: {corpus.SHOP}\r\nSubject: Registro {number}\r\nMessage-ID: <heavy{number}@example.org>\r\n"
    text = line * (LARGE_BYTES // len(line))
    raw = f"{head}MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}".encode()
    return corpus.Mail(10**6 + number, "INBOX", f"<heavy{number}@example.org>", datetime.now(UTC), seen=False, raw=raw)


def _loaded(folder: Path, user: str, port: int, mails: Sequence[corpus.Mail]) -> list[Figure]:
    (folder / "orders.csv").write_text(corpus.order_file(list(mails)))
    (folder / "desk.toml").write_text(mailbox.TOML.format(link="normal", address=corpus.SHOP, user=user, port=port))
    environment = compiled(folder) | {"NOT_NEEDED": "secret"}
    desks.opened(folder).close()
    warm = Terminal([*program(folder), "--help"], environment, size=SIZE)
    warm.read(1.0)
    warm.close()
    terminal = Terminal(program(folder), environment, size=SIZE)
    try:
        with desks.opened(folder) as desk:
            def count(of: str) -> int:
                return int(desk.database.value(f"SELECT count(*) FROM message WHERE {of}"))

            _until(terminal, lambda: count("1") >= mailbox.NEWEST)
            terminal.press("g", 0.1)
            terminal.press("g", 0.5, 2)
            taken: list[float] = []
            began = time.perf_counter()
            while count("text IS NULL") and time.perf_counter() < began + 600:
                taken += press(terminal, "jk" * 30)
            left = count("text IS NULL")
            seconds = time.perf_counter() - began
        return [
            *_figures("key to paint", taken, 16),
            Figure("brought in meanwhile", len(mails) + LARGE - left, "", note=f"messages with their texts, in {seconds:.0f} s"),
        ]
    finally:
        terminal.close()


def _until(terminal: Terminal, true: Callable[[], bool], seconds: float = 60) -> None:
    end = time.perf_counter() + seconds
    while not true():
        if time.perf_counter() > end:
            raise TimeoutError
        terminal.read(0.1, 0.2)


def by_size(conversations: int, runs: int = 3) -> Part:
    """A resting desk of so many open conversations."""
    with tempfile.TemporaryDirectory(prefix="agentdesk-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        desks.build(folder, min(conversations, BUILT))
        if conversations > BUILT:
            desks.multiply(folder, conversations // BUILT)
        with desks.opened(folder) as desk:
            first = desk.queue.rows(desk.queue.ids("open")[:1])[0].customer_name[:20]
        environment = compiled(folder)
        painted = []
        for run in range(runs + 1):
            terminal = Terminal(program(folder), environment, size=SIZE)
            try:
                terminal.await_start(REST)
                if run:
                    painted.append(terminal.shown(first)[0])
            finally:
                terminal.close()
        return Part(f"Keys on a desk of {conversations:,} open conversations", tuple(_resting(folder, environment, painted, conversations)))


def _resting(folder: Path, environment: dict[str, str], painted: Sequence[float], conversations: int) -> list[Figure]:
    worst = SLOWEST if conversations >= 1_000_000 else None
    terminal = Terminal(program(folder), environment, size=SIZE)
    try:
        terminal.await_start(REST)
        terminal.read(2.0)
        memory = resident(terminal.pid)
        figures = [
            Figure("first paint", statistics.median(painted), "s", 0.35 if conversations <= 100_000 else None),
            Figure("memory of the screen", memory, "MB", BASE_MEMORY),
            *_figures("move", press(terminal, "jk" * 60), 16, worst),
            *_figures("to the end and back", press(terminal, ["G", "gg"] * 15, rate=4), None, worst),
            *_figures("page", press(terminal, ["\x1b[6~", "\x1b[5~"] * 15, b"\x1b", rate=4), None, worst),
        ]
        terminal.press("/", 0.5)
        figures += _figures("a letter of a search, until it shows", press(terminal, "rimborso", b"", rate=5), None, worst)
        terminal.press("\x1b", 0.5)
        terminal.press("\x1b", 0.5)
        terminal.press("s", 1.0)
        terminal.press("rimborso", 0.5)
        return [*figures, Figure("memory of the screen, after the first picker", resident(terminal.pid), "MB", MOST_MEMORY)]
    finally:
        terminal.close()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.keys", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--conversations", type=int, nargs="*", default=[1_000, 100_000])
    parser.add_argument("--no-load", action="store_true", help="only the resting desks")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    parts = [] if options.no_load else [under_load()]
    return say([*parts, *map(by_size, options.conversations)], as_data=options.json)


if __name__ == "__main__":
    sys.exit(main())
