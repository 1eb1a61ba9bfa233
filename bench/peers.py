"""First paint beside other mail programs for the terminal: `python -m bench.peers [--messages 10000] [--runs 7] [--json]`.

They get the bench's messages in a Maildir (INBOX and Sent in one), with their caches warm; AgentDesk gets a desk with as many
conversations. For all of them the same is timed: from the start of the process until a row of the newest message, or the first
conversation, stands on the terminal. Only what is installed is measured.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from agentdesk.mail.parse import parse_message
from bench import corpus, desks
from bench.loading import maildir
from bench.processes import compiled, resident
from bench.report import Figure, Part, say
from bench.start import REST, program
from bench.terminal import Terminal

NEOMUTT = """\
set folder = "{folder}"
set spoolfile = "{folder}/mail"
set header_cache = "{folder}/cache"
set sort = threads
set sort_aux = reverse-last-date-received
set from = "support@casaverde.example"
set wait_key = no
set fast_reply = yes
set autoedit = yes
set include = no
set quit = yes
set index_format = "%4C %Z %D %-15.15L %s"
"""
AERC_ACCOUNTS = """\
[bench]
source = maildir://{folder}
default = mail
from = Casa Verde <support@casaverde.example>
"""
AERC_CONF = """\
[general]
unsafe-accounts-conf = true
[ui]
index-format = %-20.20D %-17.17n %Z %s
sort = -r date
threading-enabled = true
"""


def measure(messages: int = 10_000, runs: int = 7) -> Part:
    title = f"First paint beside others: {messages:,} messages or conversations"
    found = [name for name in ("neomutt", "aerc") if shutil.which(name)]
    if not found:
        return Part(title, skipped="neither neomutt nor aerc is installed; `sudo apt-get install neomutt aerc` brings them")
    with tempfile.TemporaryDirectory(prefix="agentdesk-bench-") as name:
        folder = Path(name)
        desks.build(folder, messages)
        with desks.opened(folder) as desk:
            first = desk.queue.rows(desk.queue.ids("open", limit=1))[0].customer_name[:20]
        ours, figures = _painted(program(folder), first, runs, compiled(folder))
        rows = [Figure("agentdesk", ours, "s", note=figures)]
        mails = corpus.mailbox(messages)
        maildir(folder / "mail", mails)
        for peer in found:
            try:
                seconds, note = _peer(peer, folder, mails, runs)
            except LookupError as error:  # another version, another look
                print(f"{peer} did not show what it should: {error}", file=sys.stderr)
                continue
            rows.append(Figure(peer, seconds, "s", note=f"{note}; agentdesk takes {ours / seconds:.1f} times as long"))
        return Part(title, tuple(rows))


def prepared(name: str, folder: Path) -> tuple[list[str], Mapping[str, str]]:
    """A program set up for the mail in `folder`: how it is started, and its environment."""
    environment = compiled(folder) | {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "config"), "XDG_CACHE_HOME": str(folder / "cache")}
    (folder / "cache").mkdir(exist_ok=True)
    if name == "neomutt":
        (folder / "neomuttrc").write_text(NEOMUTT.format(folder=folder))
        command = ["neomutt", "-n", "-F", str(folder / "neomuttrc")]
    else:
        config = folder / "config" / "aerc"
        config.mkdir(parents=True, exist_ok=True)
        (config / "accounts.conf").write_text(AERC_ACCOUNTS.format(folder=folder))
        (config / "aerc.conf").write_text(AERC_CONF)
        command = ["aerc"]
    return command, environment


def _peer(name: str, folder: Path, mails: list[corpus.Mail], runs: int) -> tuple[float, str]:
    command, environment = prepared(name, folder)
    # The newest thread's subject stands in the first rows, whichever way the program sorts
    return _painted(command, _subject_of_newest(mails), runs, environment)


def _subject_of_newest(mails: list[corpus.Mail]) -> str:
    newest = mails[-1]
    return parse_message(newest.raw, received=newest.received)[0].subject.removeprefix("Re: ")[:20]


def _painted(command: list[str], text: str, runs: int, environment: Mapping[str, str]) -> tuple[float, str]:
    taken: list[float] = []
    used: list[float] = []
    memory, size = 0.0, 0
    for run in range(runs + 1):  # the first one fills caches
        terminal = Terminal(command, environment)
        try:
            size = terminal.await_start(REST)
            seconds, cpu = terminal.shown(text)
            memory = resident(terminal.pid)
        finally:
            terminal.close()
        if run:
            taken.append(seconds)
            used.append(cpu)
    return statistics.median(taken), f"processor time {statistics.median(used):.2f} s, {memory:.0f} MB, {size:,} B until it settles"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    return say([measure(options.messages, options.runs)], as_data=options.json)


if __name__ == "__main__":
    sys.exit(main())
