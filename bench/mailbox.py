"""A new desk on a mailbox of 10,000 messages: `python -m bench.mailbox [--messages 10000] [--json]`.

Dovecot runs on loopback, the engine as the child process it is under the screen. Bytes and round trips are counted on the line
between them, without TLS. Times are wall clock from the start of the engine's process, interpreter and all.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from agentdesk.channels.imap.connection import Connection
from agentdesk.config import ServerUrl, load
from agentdesk.desk import Desk
from agentdesk.desk.engine_process import EngineProcess
from bench import corpus
from bench.loading import Loader, await_until
from bench.processes import compiled, cpu_seconds, most_resident
from bench.report import Figure, Part, say
from bench.wire import Crossed, Line

TITLE = "Mailbox"
TOML = """\
[desk]
name = "Casa Verde"
locale = "it-IT"
timezone = "Europe/Rome"
link = "{link}"
[agent]
name = "Anna Bianchi"
email = "anna@casaverde.example"
[[channels]]
name = "support"
kind = "imap"
address = "{address}"
user = "{user}"
imap = "imap://127.0.0.1:{port}"
smtp = "smtp://127.0.0.1:1"
password = {{ env = "NOT_NEEDED" }}
[shop]
kind = "files"
orders = "orders.csv"
[promises]
imap = "4h"
[hours]
week = {{ mon-fri = "09:00-18:00" }}
"""
NEWEST = 50
NEW = 10
PHOTOGRAPH = 2_000_000
COUNTED = 4.0
"""Seconds in which the engine writes down what it counted."""


@dataclass(slots=True)
class Lap:
    """One life of the engine on the desk."""

    desk: Desk
    engine: EngineProcess
    line: Line
    began: float
    before: Crossed

    @property
    def crossed(self) -> Crossed:
        return self.line.crossed.since(self.before)

    @property
    def pid(self) -> int:
        child = self.engine._child  # noqa: SLF001 - nobody else needs to know it
        assert child is not None
        return child.pid

    def ready(self) -> bool:
        return bool(self.desk.database.value("SELECT state = 'ready' FROM channel"))

    def until(self, seconds: float, what: str, true: Callable[[], object]) -> float:
        """Wait for something; a channel that is down ends it, with its reason."""

        def look() -> object:
            down = self.desk.database.value("SELECT detail FROM channel WHERE state IN ('down', 'refused')")
            if down is not None:
                raise RuntimeError(f"the channel is down: {down}")
            return true()

        return await_until(seconds, what, look)

    def has(self, message_id: str) -> bool:
        return self.desk.database.value("SELECT 1 FROM message WHERE message_id = ?", (message_id,)) is not None


def measure(messages: int = 10_000) -> Part:
    title = f"{TITLE}: {messages:,} messages, Dovecot on loopback, without TLS"
    try:
        from tests.servers import dovecot  # noqa: PLC0415 - asks for what a checkout's environment has
    except ImportError as error:
        return Part(title, skipped=f"run it in a checkout with the tests' requirements ({error})")
    if missing := dovecot.available():
        return Part(title, skipped=f"{missing}; `sudo apt-get install dovecot-imapd` brings it")
    server = dovecot.Dovecot()
    try:
        return Part(title, tuple(_measure(server, messages)))
    finally:
        server.stop()


def _measure(server: object, messages: int) -> list[Figure]:
    mails = corpus.mailbox(messages)
    user, port = server.user(), server.plain  # type: ignore[attr-defined]  # tests are not typed for us
    began = time.perf_counter()
    loader = Loader(port, user, "secret")
    loader.append(mails)
    loaded = time.perf_counter() - began
    line = Line(port)
    with tempfile.TemporaryDirectory(prefix="agentdesk-bench-") as name:
        folder = Path(name)
        os.environ |= compiled(folder)
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        subprocess.run([sys.executable, "-c", "import agentdesk.engine.engine"], check=True)  # compiles
        (folder / "orders.csv").write_text(corpus.order_file(mails))

        def start(link: str) -> Lap:
            text = TOML.format(link=link, address=corpus.SHOP, user=user, port=line.port)
            (folder / "desk.toml").write_text(text)
            desk = Desk.open(load(folder, folder / "state"))
            desk.database.write(lambda tx: tx.execute("UPDATE channel SET state = 'new'"))
            engine = EngineProcess(desk.config, {"support": "secret"})
            lap = Lap(desk, engine, line, time.perf_counter(), line.crossed)
            engine.start()
            return lap

        size = sum(len(mail.raw) for mail in mails)
        figures = [Figure("(loading the mailbox)", loaded, "s", note=f"{size / messages:,.0f} B a message, {size / 1e6:.0f} MB")]
        for measured in (_cold(start("normal"), mails), _warm(start("normal"), loader)):
            figures += measured
        fresh = [corpus.arrival(number) for number in range(100, 100 + NEW)]
        loader.append(fresh)
        for measured in (_new(start("normal"), fresh, loader), _thin(start("thin"))):
            figures += measured
        loader.close()
        figures += _tls(server, user)
    line.close()
    return figures


def _end(lap: Lap) -> None:
    lap.engine.stop("now", patience=20)
    lap.desk.close()


def _cold(lap: Lap, mails: Sequence[corpus.Mail]) -> list[Figure]:
    db = lap.desk.database
    newest = [mail.message_id for mail in mails if mail.folder == "INBOX"][-NEWEST:]
    rows = (
        "SELECT count(*) FROM message m JOIN conversation c ON c.row = m.conversation WHERE m.from_address != '' AND m.subject != ''"
        f" AND m.at > 0 AND m.preview != '' AND c.messages > 0 AND m.message_id IN ({','.join('?' * len(newest))})"
    )
    figures: list[Figure] = []

    def lapse(name: str, at: float, *goals: float | None) -> None:
        crossed, cpu = lap.crossed, cpu_seconds(lap.pid)
        figures.append(Figure(f"{name}", at - lap.began, "s", goals[0] if goals else None, f"engine's CPU {cpu:.1f} s"))
        moved = f"{crossed.down:,} received, {crossed.up:,} sent"
        figures.append(Figure(f"{name}: bytes", crossed.down + crossed.up, "B", goals[1] if goals else None, moved))
        figures.append(Figure(f"{name}: round trips", crossed.trips, "", goals[2] if goals else None))

    at = lap.until(60, "the newest rows", lambda: db.value(rows, newest) == len(newest))
    lapse(f"newest {NEWEST} as rows", at, None, 10_000, 5)
    everything = len(mails)

    def listed() -> bool:
        time.sleep(0.1)  # counting is not free, and the engine wants the processor
        return bool(db.value("SELECT count(*) FROM message") >= everything)

    lapse("all listed", lap.until(1200, "all rows", listed))

    waited: list[float] = []

    def texts() -> bool:
        time.sleep(0.1)
        began = time.perf_counter()
        db.write(lambda tx: tx.execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('bench', '')"))
        waited.append(1000 * (time.perf_counter() - began))
        return not db.value("SELECT count(*) FROM message WHERE text IS NULL")

    lapse("all texts here", lap.until(1800, "all texts", texts))
    lap.until(60, "rest", lap.ready)
    figures.append(Figure("a write of the screen's meanwhile", statistics.median(waited), "ms", 50, f"slowest of {len(waited)}: {max(waited):.0f} ms"))
    figures.append(Figure("engine's memory, the most", most_resident(lap.pid), "MB"))
    time.sleep(COUNTED)
    said = db.one("SELECT bytes_in, bytes_out FROM channel")
    off = abs(said["bytes_in"] - lap.crossed.down) + abs(said["bytes_out"] - lap.crossed.up)
    figures.append(Figure("the desk's own count is off by", off, "B", most=2_000))
    _end(lap)
    figures.append(Figure("store on disk", lap.desk.database.path.stat().st_size / 1e6, "MB"))
    return figures


def _warm(lap: Lap, loader: Loader) -> list[Figure]:
    at = lap.until(60, "nothing new", lap.ready)
    crossed = lap.crossed
    figures = [
        Figure("warm, nothing new", at - lap.began, "s"),
        Figure("warm, nothing new: received", crossed.down, "B", 1_500, f"sent {crossed.up:,} B"),
        Figure("warm, nothing new: round trips", crossed.trips, "", 3),
    ]
    time.sleep(0.5)  # until it listens; the server's answer to IDLE belongs to none of the figures
    taken = []
    before = lap.crossed
    for number in range(5):
        new = corpus.arrival(number)
        began = time.perf_counter()
        loader.append([new])
        taken.append(lap.until(20, "the new mail", lambda wanted=new.message_id: lap.has(wanted)) - began)
        lap.until(20, "rest", lambda wanted=new.message_id: lap.ready() and _text(lap, wanted))
        time.sleep(0.3)  # it listens again
    crossed = lap.crossed.since(before)
    note = f"slowest of 5: {max(taken):.2f} s; Dovecot waits 0.5 s by itself"
    figures.append(Figure("new mail by IDLE, until the row", statistics.median(taken), "s", 1.0, note))
    figures.append(Figure("new mail by IDLE, with its text", crossed.down / 5, "B", note=f"sent {crossed.up / 5:,.0f} B"))
    _end(lap)
    return figures


def _new(lap: Lap, fresh: Sequence[corpus.Mail], loader: Loader) -> list[Figure]:
    """Until what came while nobody was there is listed."""
    at = lap.until(60, "the new mails", lambda: all(lap.has(mail.message_id) for mail in fresh))
    crossed = lap.crossed
    lap.until(60, "rest", lap.ready)
    _end(lap)
    loader.append([corpus.photograph(PHOTOGRAPH)])
    return [
        Figure(f"warm, {len(fresh)} new", at - lap.began, "s"),
        Figure(f"warm, {len(fresh)} new: received", crossed.down, "B", 3_200, f"sent {crossed.up:,} B"),
        Figure(f"warm, {len(fresh)} new: round trips", crossed.trips, "", 3),
    ]


def _text(lap: Lap, message_id: str) -> bool:
    return bool(lap.desk.database.value("SELECT text IS NOT NULL FROM message WHERE message_id = ?", (message_id,)))


def _thin(lap: Lap) -> list[Figure]:
    wanted = corpus.photograph(0).message_id
    at = lap.until(60, "rest", lambda: lap.has(wanted) and lap.ready())
    figures = [Figure("thin line, one new: received", lap.crossed.down, "B", 4_000, f"{at - lap.began:.2f} s")]
    message = lap.desk.database.value("SELECT row FROM message WHERE message_id = ?", (wanted,))
    for name in ("its structure known", "its structure not known"):
        time.sleep(0.5)  # until it listens
        before, began = _texts(lap), time.perf_counter()
        lap.desk.reading.want_text(message)
        lap.engine.wake()
        at = lap.until(20, "its text", lambda: _text(lap, wanted))
        lap.until(20, "the count", lambda before=before: _texts(lap).trips > before.trips)
        used = _texts(lap).since(before)
        text = lap.desk.database.value("SELECT length(CAST(text AS BLOB)) + length(CAST(quoted AS BLOB)) FROM message WHERE row = ?", (message,))
        what = f"open a message with a 2 MB attachment, {name}"
        figures.append(Figure(what, at - began, "s"))
        figures.append(Figure(f"{what}: bytes", used.down + used.up, "B", 1_000 + text, f"its text has {text} B"))
        figures.append(Figure(f"{what}: round trips", used.trips, "", 1))
        lap.desk.database.write(lambda tx: tx.execute("UPDATE message SET text = NULL WHERE row = ?", (message,)))
        lap.desk.database.write(lambda tx: tx.execute("DELETE FROM source WHERE message = ?", (message,)))
    _end(lap)
    return figures


def _texts(lap: Lap) -> Crossed:
    """What was moved for texts, by the desk's own count: in the same breath it listens again."""
    used = lap.desk.database.one("SELECT coalesce(sum(bytes_in), 0), coalesce(sum(bytes_out), 0), coalesce(sum(round_trips), 0) FROM traffic WHERE job = 'texts'")
    return Crossed(*used)


def _tls(server: object, user: str) -> list[Figure]:
    """What TLS adds to a connection: a new one, and one that takes up the session of before. The certificate is one small one; chains are larger."""
    line = Line(server.tls)  # type: ignore[attr-defined]  # as above
    connection = Connection(ServerUrl("imaps", "localhost", line.port), ca_file=server.authority.file)  # type: ignore[attr-defined]  # as above
    figures = []
    for name in ("TLS adds to a connection", "TLS adds to one that takes up its session"):
        before, used = line.crossed, connection.usage.copy()
        connection.open(user, "secret")
        connection.close()
        time.sleep(0.3)  # until the line is empty
        crossed, payload = line.crossed.since(before), connection.usage.since(used)
        figures.append(Figure(name, crossed.down + crossed.up - payload.bytes_in - payload.bytes_out, "B", note="resumed" if connection.tls.resumed else "new"))
    line.close()
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.mailbox", description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    return say([measure(options.messages)], as_data=options.json)


if __name__ == "__main__":
    sys.exit(main())
