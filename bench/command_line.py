"""What a script waits for: `python bench/command_line.py [--conversations 10000] [--runs 7]`.

A desk with that many conversations is made once, the way the IMAP channel brings mail in; then whole processes are timed, from
start to end, output read. `python -c pass` is timed beside them: what the interpreter itself takes.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agentdesk.config import load
from agentdesk.desk import Desk
from agentdesk.domain.mailbox import Arrival, FolderState, Role
from agentdesk.domain.message import Address, Body, Envelope
from agentdesk.store.mail import StoredMail

TOML = """\
[desk]
name = "Casa Verde"
locale = "it-IT"
timezone = "Europe/Rome"
[agent]
name = "Anna Bianchi"
email = "anna@casaverde.example"
[[channels]]
name = "support"
kind = "imap"
address = "support@casaverde.example"
imap = "imaps://mail.casaverde.example"
smtp = "smtps://mail.casaverde.example"
[promises]
imap = "4h"
[hours]
week = { mon-fri = "09:00-18:00" }
"""
WORDS = ["Buongiorno,", "aspetto", "ancora", "il", "mio", "ordine", "e", "non", "ho", "ricevuto", "nessuna", "notizia", "del", "pacco.", "Potete", "dirmi", "dove", "si", "trova?", "Grazie"]


def fill(folder: Path, conversations: int) -> None:
    (folder / "desk.toml").write_text(TOML)
    with Desk.open(load(folder, folder / "state")) as desk:
        store = StoredMail(desk.database, "support", desk.rules)
        inbox = FolderState("INBOX", Role.INBOX, uidvalidity=1)
        now = datetime.now(UTC)
        for start in range(0, conversations, 50):
            arrivals = [arrival(number, now) for number in range(start, min(start + 50, conversations))]
            store.add(inbox, arrivals)
        for wanted in store.without_text(500):
            store.save_body(wanted.message, Body(" ".join(WORDS) * 3))


def arrival(number: int, now: datetime) -> Arrival:
    words = WORDS[number % 7 :] + WORDS[: number % 7]
    envelope = Envelope(
        message_id=f"<{number}@posta.example>", subject=f"Ordine {10_000 + number}: {words[0]}", at=now - timedelta(minutes=number),
        sender=Address(f"Cliente {number}", f"cliente{number}@posta.example"), to=(Address("", "support@casaverde.example"),),
        preview=" ".join(words)[:80],
    )  # fmt: skip
    return Arrival(number + 1, frozenset(), envelope)


def timed(runs: int, *command: str) -> tuple[float, float, str]:
    """Median and worst of whole processes, and the last output."""
    taken, out = [], ""
    for _ in range(runs):
        began = time.perf_counter()
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        taken.append(time.perf_counter() - began)
    return statistics.median(taken), max(taken), out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--conversations", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        began = time.perf_counter()
        fill(folder, options.conversations)
        print(f"{options.conversations} conversations brought in: {time.perf_counter() - began:.1f} s")
        desk = ("--desk", str(folder))
        program = (sys.executable, "-m", "agentdesk")
        some = json.loads(timed(1, *program, "list", "--json", *desk)[2])["conversations"][0]["id"]
        rows = {
            "python -c pass": (sys.executable, "-c", "pass"),
            "agentdesk --version": (*program, "--version"),
            "agentdesk list --json": (*program, "list", "--json", *desk),
            "agentdesk list --json --limit 0": (*program, "list", "--json", "--limit", "0", *desk),
            "agentdesk list --query pacco --json": (*program, "list", "--query", "pacco", "--json", *desk),
            "agentdesk show ID --json --local": (*program, "show", some, "--json", "--local", *desk),
        }
        for title, command in rows.items():
            median, worst, out = timed(options.runs, *command)
            print(f"{title:38} {median * 1000:6.0f} ms median  {worst * 1000:6.0f} ms worst  {len(out):9,} B")


if __name__ == "__main__":
    main()
