"""A mailbox on a thin line, beside mutt, neomutt and aerc: `python -m bench.line [--messages 10000] [--only aerc] [--json]`.

The same Dovecot, the same mail, all of it in INBOX. Payload bytes and round trips are counted on the line between each program and the
server, without TLS; then everything is done once more on a line of 64 kbit/s and 300 ms, for the time. What would take
more than a minute there is computed from its bytes and round trips, and marked so. Times begin with the start of the process.

"Usable" is for the others: the newest message stands on the screen. For AgentDesk: the newest 50 are rows with sender, subject, date,
preview and thread, and the screen shows the first of them.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import pyte

from agentdesk.config import load
from agentdesk.desk import Desk
from agentdesk.mail.parse import parse_message
from bench import corpus
from bench.loading import Loader, await_until
from bench.mailbox import NEWEST, PHOTOGRAPH, TOML
from bench.processes import compiled
from bench.report import Figure, Part, say
from bench.shaped import ShapedLine
from bench.start import program
from bench.terminal import _NOT_FOR_PYTE, COLUMNS, ROWS, Terminal
from bench.wire import Crossed

RATE, DELAY = 64_000, 0.3
QUIET = 2.5
"""Seconds without a byte after which a program has what it wants."""
WORTH_WAITING = 60.0
NEW = 10
PASSWORD = "secret"
MUTT = """\
set folder="imap://{user}@127.0.0.1:{port}/"
set spoolfile="imap://{user}@127.0.0.1:{port}/INBOX"
set imap_user={user} imap_pass=secret
set ssl_starttls=no ssl_force_tls=no
set header_cache="{folder}/headers" message_cachedir="{folder}/bodies"
set sort=reverse-date-received
set confirmappend=no delete=no move=no quit=yes mail_check=5 timeout=5 wait_key=no
set index_format="%4C %Z %{{%b %d}} %-15.15L %s"
alternative_order text/plain text/html
ignore *
unignore from date subject to
set imap_condstore=yes imap_qresync=yes
"""
AERC_ACCOUNTS = """\
[bench]
source = imap+insecure://{user}:secret@127.0.0.1:{port}
default = INBOX
from = Casa Verde <support@casaverde.example>
cache-headers = true
check-mail = 0
"""
AERC_CONF = """\
[general]
unsafe-accounts-conf = true
[ui]
index-format = %-20.20D %-17.17n %Z %s
[filters]
text/plain = cat
"""


class _Screen(Terminal):
    """A terminal that is read while the program runs."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        super().__init__(command, environment)
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._screen)
        self._fed = 0

    def until(self, texts: Iterable[str], most: float) -> float:
        """The moment one of the texts stood on the screen.

        Raises:
            TimeoutError: none did; the message shows the screen.
        """
        texts, end = tuple(texts), time.perf_counter() + most
        while True:
            self.read(0.02, 0.1)
            at = time.perf_counter()
            for _, _, data in self.chunks[self._fed :]:
                self._stream.feed(_NOT_FOR_PYTE.sub(b"", data))
            self._fed = len(self.chunks)
            shown = "\n".join(self._screen.display)
            if any(text in shown for text in texts):
                return at
            if time.perf_counter() > end:
                raise TimeoutError(f"none of {texts[:3]} within {most:.0f} s; the screen:\n{re.sub(r' +$', '', shown, flags=re.MULTILINE)}")

    def rest(self, line: ShapedLine) -> None:
        """Until nothing crosses the line any more."""
        while time.perf_counter() - line.moved_at < QUIET:
            self.read(0.1, 0.2)


@dataclass(frozen=True, slots=True)
class _Target:
    """What every program is told: the server through the line, and what it must come to show."""

    folder: Path
    user: str
    line: ShapedLine
    newest: corpus.Mail
    listed: Sequence[str]
    """Message-IDs of the newest messages."""
    limit: float

    @property
    def subject(self) -> str:
        return _read(self.newest)[0]

    @property
    def text(self) -> str:
        return _read(self.newest)[1]


def _read(mail: corpus.Mail) -> tuple[str, str]:
    """Its subject and a line of its text, as much of both as surely stands on one line of a screen."""
    envelope, body = parse_message(mail.raw, received=mail.received)
    return envelope.subject[:20], max(body.text.splitlines(), key=len)[:24]


class _Program(Protocol):
    name: str

    def start(self, target: _Target) -> _Screen: ...

    def usable(self, screen: _Screen, target: _Target) -> tuple[float, Crossed]: ...

    def open_newest(self, screen: _Screen, target: _Target) -> float: ...

    def quit(self, screen: _Screen) -> None: ...


class _Mutt:
    def __init__(self, name: str) -> None:
        self.name = name

    def start(self, target: _Target) -> _Screen:
        own = target.folder / self.name
        own.mkdir(exist_ok=True)
        (own / "headers").mkdir(exist_ok=True)
        text = MUTT.format(folder=own, user=target.user, port=target.line.port)
        (own / "rc").write_text(text + ("set imap_deflate=yes\n" if self.name == "mutt" else ""))
        return _Screen([self.name, "-n", "-F", str(own / "rc")], compiled(own) | {"HOME": str(own)})

    def usable(self, screen: _Screen, target: _Target) -> tuple[float, Crossed]:
        return screen.until([target.subject], target.limit), target.line.crossed

    def open_newest(self, screen: _Screen, target: _Target) -> float:
        screen.press("\r", 0.01, 0.01)
        return screen.until([target.text], target.limit)

    def quit(self, screen: _Screen) -> None:
        screen.press("q", 0.5)
        screen.press("q", 1.0)


class _Aerc:
    name = "aerc"

    def __init__(self, accounts: str = "", conf: str = "") -> None:
        """Lines to add to its two files."""
        self._accounts, self._conf = accounts, conf

    def start(self, target: _Target) -> _Screen:
        own = target.folder / self.name
        config = own / "config" / "aerc"
        config.mkdir(parents=True, exist_ok=True)
        (config / "accounts.conf").write_text(AERC_ACCOUNTS.format(user=target.user, port=target.line.port) + self._accounts)
        (config / "accounts.conf").chmod(0o600)
        (config / "aerc.conf").write_text(AERC_CONF + self._conf)
        environment = {"HOME": str(own), "XDG_CONFIG_HOME": str(own / "config"), "XDG_CACHE_HOME": str(own / "cache")}
        return _Screen(["aerc"], compiled(own) | environment)

    def usable(self, screen: _Screen, target: _Target) -> tuple[float, Crossed]:
        return screen.until([target.subject], target.limit), target.line.crossed

    def open_newest(self, screen: _Screen, target: _Target) -> float:
        screen.press("\r", 0.01, 0.01)
        return screen.until([target.text], target.limit)

    def quit(self, screen: _Screen) -> None:
        screen.press(":quit\r", 1.0)


class _AgentDesk:
    name = "agentdesk"

    def __init__(self, link: str) -> None:
        self._link = link

    def start(self, target: _Target) -> _Screen:
        own = target.folder / self.name
        own.mkdir(exist_ok=True)
        (own / "orders.csv").write_text("number,email\n")
        text = TOML.format(link=self._link, address=corpus.SHOP, user=target.user, port=target.line.port)
        (own / "desk.toml").write_text(text)
        with self._desk(target) as desk:
            desk.database.write(lambda tx: tx.execute("UPDATE channel SET state = 'new'"))
        return _Screen(program(own), compiled(target.folder) | {"NOT_NEEDED": PASSWORD})

    def usable(self, screen: _Screen, target: _Target) -> tuple[float, Crossed]:
        """Cold, and with new mail: its rows are here. With nothing new: the server was asked for news, the list stood there before."""
        marks = ",".join("?" * len(target.listed))
        rows = (
            "SELECT count(*) FROM message m JOIN conversation c ON c.row = m.conversation WHERE m.from_address != '' AND m.subject != ''"
            f" AND m.at > 0 AND m.preview != '' AND c.messages > 0 AND m.message_id IN ({marks})"
        )
        with self._desk(target) as desk:
            known = desk.database.value(rows, target.listed) == len(target.listed)

            def here() -> object:
                return desk.database.value("SELECT state = 'ready' FROM channel" if known else rows, () if known else target.listed) == (
                    1 if known else len(target.listed)
                )

            at = self._until(screen, target, here)
            crossed = target.line.crossed
            names = [row.customer_name[:12] for row in desk.queue.rows(desk.queue.ids("open", limit=20))]
        return max(at, screen.until(names, target.limit)), crossed

    def open_newest(self, screen: _Screen, target: _Target) -> float:
        with self._desk(target) as desk:
            message = desk.database.value("SELECT row FROM message WHERE message_id = ?", (target.newest.message_id,))
            here = "SELECT text IS NOT NULL FROM message WHERE row = ?"
            desk.reading.want_text(message)
            return self._until(screen, target, lambda: desk.database.value(here, (message,)))

    def quit(self, screen: _Screen) -> None:
        screen.press("\x03", 0.2)

    @contextmanager
    def _desk(self, target: _Target) -> Iterator[Desk]:
        own = target.folder / self.name
        desk = Desk.open(load(own, own / "state"))
        try:
            yield desk
        finally:
            desk.close()

    def _until(self, screen: _Screen, target: _Target, true: Callable[[], object]) -> float:
        def look() -> object:
            screen.read(0.002, 0.01)  # else it waits for its terminal
            return true()

        return await_until(target.limit, "the store", look)


@dataclass(frozen=True, slots=True)
class _Step:
    """One thing a program did: how long it took, what crossed until then, and until it was at rest."""

    name: str
    seconds: float
    usable: Crossed
    settled: Crossed


@dataclass(slots=True)
class _Server:
    """The mailbox all of them look at. It grows: what came for one is old mail for the next."""

    port: int
    user: str
    loader: Loader
    mails: list[corpus.Mail]
    delivered: int = 0

    def photograph(self) -> None:
        """A new message with a large attachment, the newest."""
        self.delivered += 1
        mail, mark = corpus.photograph(PHOTOGRAPH), f"photograph-{self.delivered}@"
        self._deliver([replace(mail, message_id=f"<{mark}bench.example>", raw=mail.raw.replace(b"photograph@", mark.encode()))])

    def news(self) -> None:
        self._deliver([corpus.arrival(self.delivered + one) for one in range(NEW)])
        self.delivered += NEW

    def _deliver(self, mails: Sequence[corpus.Mail]) -> None:
        self.delivered += 1
        at = self.mails[-1].received + timedelta(minutes=1)
        mails = [replace(mail, received=at + timedelta(seconds=one)) for one, mail in enumerate(mails)]
        self.loader.append(mails)
        self.mails += mails


def _steps(
    peer: _Program, server: _Server, folder: Path, *, rate: int = 0, delay: float = 0.0, limit: float = 180.0, without: Collection[str] = ()
) -> Iterator[_Step]:
    """Cold start, opening the newest, warm start, warm start with ten new."""
    line = ShapedLine(server.port, rate=rate, delay=delay)
    screen: _Screen | None = None

    def target(newest: int) -> _Target:
        listed = [mail.message_id for mail in server.mails[-newest:]]
        return _Target(folder, server.user, line, server.mails[-1], listed, limit)

    def rested(name: str, began: float, before: Crossed, usable: tuple[float, Crossed], running: _Screen) -> _Step:
        running.rest(line)
        return _Step(name, usable[0] - began, usable[1].since(before), line.crossed.since(before))

    try:
        server.photograph()
        for name, newest in (("cold", NEWEST), ("warm", NEWEST), ("warm, 10 new", NEW)):
            if newest == NEW:
                server.news()
            before, wanted = line.crossed, target(newest)
            screen = peer.start(wanted)
            yield rested(name, screen.began, before, peer.usable(screen, wanted), screen)
            if name == "cold" and "open" not in without:
                before, began = line.crossed, time.perf_counter()
                at = peer.open_newest(screen, wanted)
                yield rested("open", began, before, (at, line.crossed), screen)
            peer.quit(screen)
            screen.close()
            screen = None
    finally:
        if screen is not None:
            screen.close()
        line.close()


def measure(messages: int = 10_000, only: Sequence[str] = ()) -> list[Part]:
    title = f"A mailbox of {messages:,} messages on a thin line"
    try:
        from tests.servers import dovecot  # noqa: PLC0415 - asks for what a checkout's environment has
    except ImportError as error:
        return [Part(title, skipped=f"run it in a checkout with the tests' requirements ({error})")]
    if missing := dovecot.available():
        return [Part(title, skipped=f"{missing}; `sudo apt-get install dovecot-imapd` brings it")]
    names = [name for name in ("agentdesk", "mutt", "neomutt", "aerc") if not only or name in only]  # the newest mail is as it comes only for the first
    absent = [name for name in names if name != "agentdesk" and not shutil.which(name)]
    if absent:
        print(f"not installed, so not measured: {', '.join(absent)} (`sudo apt-get install {' '.join(absent)}`)", file=sys.stderr)
    started = dovecot.Dovecot()
    try:
        user = started.user()
        loader = Loader(started.plain, user, PASSWORD)
        mails = [replace(mail, folder="INBOX") for mail in corpus.mailbox(messages)]
        loader.append(mails)
        server = _Server(started.plain, user, loader, mails)
        parts = [_measure(name, server) for name in names if name not in absent]
        loader.close()
    finally:
        started.stop()
    return parts


GOALS = {  # bytes both ways, round trips, seconds on the thin line
    "cold": (10_000, 5, 4.0), "open": (1_000, 1, 0.6), "warm": (1_500, 3, 1.8), "warm, 10 new": (3_200, 3, None),
}  # fmt: skip


def _measure(name: str, server: _Server) -> Part:
    title = f"{name}: {len(server.mails):,} messages"
    print(f"... {title}", file=sys.stderr, flush=True)
    ours = name == "agentdesk"
    figures: list[Figure] = []
    text = len(parse_message(corpus.photograph(0).raw, received=corpus.END)[1].text.encode())

    def program(link: str) -> _Program:
        return _AgentDesk(link) if ours else _Aerc() if name == "aerc" else _Mutt(name)

    with tempfile.TemporaryDirectory(prefix="agentdesk-bench-") as place:
        folder = Path(place)
        (folder / "counted").mkdir()
        (folder / "thin").mkdir()
        counted = list(_steps(program("thin"), server, folder / "counted"))
        slow = {step.name: step.settled.down * 8 / RATE + step.settled.trips * DELAY for step in counted}
        timed: dict[str, float] = {}
        if slow["cold"] <= WORTH_WAITING:
            without = {name for name, seconds in slow.items() if seconds > WORTH_WAITING}
            thin = _steps(program("auto"), server, folder / "thin", rate=RATE, delay=DELAY, without=without)
            timed = {step.name: step.seconds for step in thin}
        for step in counted:
            size, trips, seconds = GOALS[step.name] if ours else (None, None, None)
            if ours and step.name == "open":
                size = (size or 0) + text
            crossed, rest = (step.usable, step.settled) if ours else (step.settled, step.settled)
            note = f"{crossed.down:,} in, {crossed.up:,} out" + (f"; at rest {rest.down + rest.up:,} B, {rest.trips}" if rest != crossed else "")
            figures += [
                Figure(f"{step.name}: bytes", crossed.down + crossed.up, "B", size, note),
                Figure(f"{step.name}: round trips", crossed.trips, "", trips),
                Figure(f"{step.name}: 64 kbit/s, 300 ms", timed.get(step.name, slow[step.name]), "s", seconds, "" if step.name in timed else "computed"),
            ]
    return Part(title, tuple(figures))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.line", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--only", nargs="*", default=[], metavar="PROGRAM", help="mutt, neomutt, aerc, agentdesk")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    return say(measure(options.messages, options.only), as_data=options.json)


if __name__ == "__main__":
    sys.exit(main())
