"""A working day on the line: `python -m bench.day [--messages 10000] [--share 1] [--json]`.

On a mailbox of 10,000 messages that was synced yesterday (link "thin", newest window): a start, then 1,000 messages arrive one by one, 300
conversations are read, 200 of them answered. Every byte the desk sends and receives over IMAP and SMTP is counted on the line, until
the last reply is filed in Sent. `--share 10` does a tenth of it and multiplies.

aerc does each thing ten times, and is multiplied: a start, an arrival while it listens (IDLE), opening a message, answering one (SMTP, and the
copy in Sent). What it is asked to do between them, closing and marking, is not counted.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from agentdesk.config import load
from agentdesk.desk import Desk
from agentdesk.desk.engine_process import EngineProcess
from bench import corpus
from bench.line import PASSWORD, _Aerc, _Screen, _Server, _Target
from bench.loading import Loader, await_until
from bench.mailbox import TOML
from bench.processes import compiled
from bench.report import Figure, Part, say
from bench.shaped import ShapedLine
from bench.wire import Crossed

ARRIVED, READ, ANSWERED = 1_000, 300, 200
EACH = 10
"""How often aerc does a thing."""
ANSWER = "Thank you for your message. Your order has left our store and will be with you within two working days.\n\nKind regards\nAnna Bianchi\n"


class _Sink:
    """An SMTP server that takes everything."""

    def __init__(self) -> None:
        from aiosmtpd.controller import Controller  # noqa: PLC0415 - only a checkout's environment has it
        from aiosmtpd.smtp import AuthResult  # noqa: PLC0415

        self.taken = 0
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        self._controller = Controller(
            self, hostname="127.0.0.1", port=self.port, auth_require_tls=False, authenticator=lambda *_: AuthResult(success=True)
        )
        self._controller.start()

    async def handle_DATA(self, *_: object) -> str:  # noqa: N802 - aiosmtpd's name
        self.taken += 1
        return "250 taken"

    def stop(self) -> None:
        self._controller.stop()


def measure(messages: int = 10_000, share: int = 1) -> Part:
    title = f"A day on the line: {ARRIVED:,} arrived, {READ} conversations read, {ANSWERED} answered; {messages:,} messages in the mailbox"
    try:
        from tests.servers import dovecot  # noqa: PLC0415 - asks for what a checkout's environment has
    except ImportError as error:
        return Part(title, skipped=f"run it in a checkout with the tests' requirements ({error})")
    if missing := dovecot.available():
        return Part(title, skipped=f"{missing}; `sudo apt-get install dovecot-imapd` brings it")
    started, sink = dovecot.Dovecot(), _Sink()
    try:
        user = started.user()
        loader = Loader(started.plain, user, PASSWORD)
        mails = corpus.mailbox(messages)
        loader.append(mails)
        server = _Server(started.plain, user, loader, mails)
        figures = _ours(server, sink, share)
        ours = figures[-1].value
        if shutil.which("aerc"):
            figures += _aerc(server, sink, ours)
        else:
            print("aerc is not installed, so not measured (`sudo apt-get install aerc`)", file=sys.stderr)
        loader.close()
    finally:
        sink.stop()
        started.stop()
    return Part(title, tuple(figures))


def _ours(server: _Server, sink: _Sink, share: int) -> list[Figure]:
    mail, post = ShapedLine(server.port), ShapedLine(sink.port)
    with tempfile.TemporaryDirectory(prefix="agentdesk-bench-") as name:
        folder = Path(name)
        os.environ |= compiled(folder)
        (folder / "orders.csv").write_text("number,email\n")
        text = TOML.format(link="thin", address=corpus.SHOP, user=server.user, port=mail.port).replace('127.0.0.1:1"', f'127.0.0.1:{post.port}"')
        (folder / "desk.toml").write_text(text)
        with _running(folder):  # yesterday
            pass
        before = _both(mail, post)
        with _running(folder) as (desk, engine):
            figures = [_figure("a start", before, _both(mail, post))]
            moment = _both(mail, post)
            _arrivals(desk, server, ARRIVED // share)
            arrived = _both(mail, post)
            figures.append(_figure(f"{ARRIVED // share} arrivals, with what was prefetched meanwhile", moment, arrived))
            rows = _read(desk, engine, READ // share)
            seen = _both(mail, post)
            figures.append(_figure(f"{READ // share} conversations read", arrived, seen))
            _answer(desk, engine, rows[: ANSWERED // share])
            figures.append(_figure(f"{ANSWERED // share} answered and filed", seen, _both(mail, post)))
        used = _both(mail, post)
    for line in (mail, post):
        line.close()
    start = figures[0].value
    whole = start + (used.down + used.up - before.down - before.up - start) * share
    return [*figures, Figure("agentdesk: the day", whole, "B", note="" if share == 1 else f"{share} times what was measured")]


def _both(mail: ShapedLine, post: ShapedLine) -> Crossed:
    one, other = mail.crossed, post.crossed
    return Crossed(one.down + other.down, one.up + other.up, one.trips + other.trips)


def _figure(name: str, before: Crossed, after: Crossed) -> Figure:
    used = after.since(before)
    return Figure(name, used.down + used.up, "B", note=f"{used.down:,} in, {used.up:,} out, {used.trips} round trips")


@contextmanager
def _running(folder: Path) -> Iterator[tuple[Desk, EngineProcess]]:
    with Desk.open(load(folder, folder / "state")) as desk:
        desk.database.write(lambda tx: tx.execute("UPDATE channel SET state = 'new'"))
        engine = EngineProcess(desk.config, {"support": PASSWORD})
        engine.start()
        ready = "SELECT state = 'ready' FROM channel"
        try:
            await_until(120, "a first look", lambda: desk.database.value(ready))
            yield desk, engine
            await_until(120, "rest", lambda: desk.database.value(ready))
        finally:
            engine.stop("now", patience=20)


def _arrivals(desk: Desk, server: _Server, count: int) -> None:
    for number in range(count):
        new = replace(corpus.arrival(1_000_000 + number), received=server.mails[-1].received)
        server.loader.append([new])
        server.mails.append(new)
        _until("an arrival", desk, "SELECT count(*) FROM message WHERE message_id = ?", new.message_id)


def _read(desk: Desk, engine: EngineProcess, count: int) -> list[int]:
    """Conversations from the top of the queue, with the texts of all their messages, as the screen asks for them."""
    rows = list(desk.queue.ids("open", limit=count))
    without = "SELECT row FROM message WHERE conversation = ? AND text IS NULL"
    for row in rows:
        for message in desk.database.all(without, (row,)):
            desk.reading.want_text(message["row"])
        engine.wake()
        _until("its texts", desk, "SELECT count(*) = 0 FROM message WHERE conversation = ? AND text IS NULL", row)
    return rows


def _until(what: str, desk: Desk, sql: str, value: object) -> None:
    await_until(60, what, lambda: desk.database.value(sql, (value,)))


def _answer(desk: Desk, engine: EngineProcess, rows: list[int]) -> None:
    for number, row in enumerate(rows):
        draft = desk.writing.draft(row)
        draft.text = ANSWER
        desk.writing.send(draft, then="closed", now=True)
        engine.wake()
        _until("a copy in Sent", desk, "SELECT count(*) >= ? FROM outbox WHERE state = 'filed'", number + 1)


def _aerc(server: _Server, sink: _Sink, ours: float) -> list[Figure]:
    mail, post = ShapedLine(server.port), ShapedLine(sink.port)
    with tempfile.TemporaryDirectory(prefix="agentdesk-bench-") as name:
        folder = Path(name)
        target = _Target(folder, server.user, mail, server.mails[-1], (), 120)
        editor = folder / "editor"
        editor.write_text(f"#!/bin/sh\ncat >>\"$1\" <<'END'\n{ANSWER}END\n")
        editor.chmod(0o755)
        peer = _Aerc(f"outgoing = smtp+none://127.0.0.1:{post.port}\ncopy-to = Sent\n", f"[compose]\neditor = {editor}\n")
        for _ in range(2):  # its cache is full the second time
            before = _both(mail, post)
            screen = peer.start(target)
            peer.usable(screen, target)
            screen.rest(mail)
            start = _both(mail, post).since(before)
            if _ == 0:
                _end(screen)
        costs: list[tuple[str, float, int]] = [("aerc: a start", start.down + start.up, 1)]
        costs.append(("aerc: an arrival", _each(screen, mail, post, lambda number: _deliver(server, number)), ARRIVED))
        costs.append(("aerc: a message opened", _each(screen, mail, post, lambda _: _press(screen, "\r", ":close\r", "j"), mail_only=True), READ))
        taken = sink.taken
        costs.append(("aerc: an answer", _each(screen, mail, post, lambda _: _send(screen, sink)), ANSWERED))
        if sink.taken != taken + EACH:
            raise RuntimeError(f"aerc sent {sink.taken - taken} answers of {EACH}")
        _end(screen)
    for line in (mail, post):
        line.close()
    figures = [Figure(name, value, "B", note=f"times {times:,}") for name, value, times in costs]
    day = sum(value * times for _, value, times in costs)
    return [*figures, Figure("aerc: the day", day, "B", note=f"agentdesk takes {ours / day:.2f} of it")]


def _end(screen: _Screen) -> None:
    _Aerc().quit(screen)
    screen.close()


def _each(screen: _Screen, mail: ShapedLine, post: ShapedLine, do: object, *, mail_only: bool = False) -> float:
    """Payload bytes of one, both ways."""
    assert callable(do)
    before = _both(mail, post)
    for number in range(EACH):
        do(number)
        screen.rest(mail)
        if not mail_only:
            screen.rest(post)
    used = _both(mail, post).since(before)
    return (used.down + used.up) / EACH


def _deliver(server: _Server, number: int) -> None:
    server.loader.append([replace(corpus.arrival(2_000_000 + number), received=server.mails[-1].received)])
    time.sleep(1)  # Dovecot tells after half a second


def _press(screen: _Screen, *keys: str) -> None:
    for one in keys:
        screen.press(one, 0.4)


def _send(screen: _Screen, sink: _Sink) -> None:
    taken = sink.taken
    _press(screen, ":reply\r")
    screen.until(["Send this email?", "[y]", "send"], 20)
    _press(screen, "y")

    def sent() -> bool:
        screen.read(0.02, 0.1)
        return sink.taken > taken

    await_until(30, "aerc's answer", sent)
    _press(screen, "j")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.day", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--share", type=int, default=1, help="do one so-manieth of it")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    return say([measure(options.messages, options.share)], as_data=options.json)


if __name__ == "__main__":
    sys.exit(main())
