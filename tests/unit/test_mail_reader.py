"""Suspicious and large mail in a process of its own: what hangs, grows or dies there harms one message only."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from agentdesk import locale
from agentdesk.mail import reader as module
from agentdesk.mail.helper import COMMAND, Helper
from agentdesk.mail.parse import parse_header, parse_message
from agentdesk.mail.parts import PartInfo
from agentdesk.mail.reader import Reader, is_suspicious

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
TEXT = [PartInfo("1", "text/plain", size=10), PartInfo("2", "application/pdf", encoding="base64", name="a.pdf", size=780)]
LARGE = {"1": b"Where is my order?\r\n" + b"> quoted\r\n" * 20_000}
INJECTED = "import agentdesk.mail.worker as w, os, sys, time\n{}\nw.main()"
"""A worker whose parser does something else at a word in the text."""


def worker(at_bad: str) -> tuple[str, ...]:
    code = f"real = w.reading\ndef reading(head, contents):\n    if b'BAD' in contents[0]:\n        {at_bad}\n    return real(head, contents)\nw.reading = reading"
    return (sys.executable, "-c", INJECTED.format(code))


@pytest.fixture
def readers() -> Iterator[Callable[..., Reader]]:
    made: list[Reader] = []

    def make(command: tuple[str, ...] = COMMAND, wait: float = 60.0, seconds: float = 30.0) -> Reader:
        made.append(Reader(ZoneInfo("Europe/Rome"), Helper(command, wait=wait, seconds=seconds)))
        return made[-1]

    yield make
    for one in made:
        one.close()


def process(one: Reader) -> int:
    return one._helper.process


def alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


def test_ordinary_mail_needs_no_process(readers: Callable[..., Reader]) -> None:
    one = readers()
    assert one.body(TEXT, {"1": b"Hello"}).text == "Hello"
    assert one.header(b"Subject: x\r\n", received=AT).subject == "x"
    assert one.message(b"Subject: x\r\n\r\nHello", received=AT)[1].text == "Hello"
    assert process(one) == 0


@pytest.mark.parametrize(
    ("parts", "contents"),
    [
        ([PartInfo("1", "text/plain")], {"1": b"x" * (module.BODY_BYTES + 1)}),
        ([PartInfo(str(number), "image/png") for number in range(module.PARTS + 1)], {}),
        ([PartInfo("1", "application/ms-tnef")], {"1": b"x"}),
        ([PartInfo("1", "application/pkcs7-mime")], {"1": b"x"}),
    ],
)
def test_what_is_suspicious(parts: list[PartInfo], contents: dict[str, bytes]) -> None:
    assert is_suspicious(parts, contents)


@pytest.mark.parametrize(
    ("parts", "contents"),
    [
        ([PartInfo("1", "text/plain")], {"1": b"x" * module.BODY_BYTES}),
        ([PartInfo(str(number), "image/png") for number in range(module.PARTS)], {}),
        ([PartInfo("1", "text/plain"), PartInfo("2", "application/ms-tnef")], {"1": b"x"}),
    ],
)
def test_what_is_not(parts: list[PartInfo], contents: dict[str, bytes]) -> None:
    assert not is_suspicious(parts, contents)


def test_both_ways_read_the_same(readers: Callable[..., Reader]) -> None:
    one = readers()
    locale.use("it")
    invitation = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:x\r\nDTSTART:20261103T100000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    parts = [PartInfo("1", "text/html"), PartInfo("2", "text/calendar"), PartInfo("3", "application/pdf", name="a.pdf")]
    contents = {"1": b'<a href="https://evil.example/">https://bank.example/</a>' + b"<p>Hello</p>" * 20_000, "2": invitation}
    body = one.body(parts, contents)
    assert process(one)
    assert "martedì 3 novembre 2026, 11:00 (Europe/Rome)" in body.text
    assert body.attachments
    assert body.links
    monthly = pytest.MonkeyPatch()
    with monthly.context() as patched:
        patched.setattr(module, "BODY_BYTES", 1 << 30)
        assert one.body(parts, contents) == body
    header = b"From: Anna <a@b.example>\r\nTo: c@d.example, e@f.example\r\nReferences: <1@x> <2@x>\r\nAuthentication-Results: x; dmarc=pass\r\nX: " + b"y" * 40_000
    assert one.header(header, received=AT, size=3, preview="p") == parse_header(header, received=AT, size=3, preview="p")
    raw = header + b"\r\n\r\n" + LARGE["1"]
    assert one.message(raw, received=AT) == parse_message(raw, received=AT)


@pytest.mark.parametrize(
    "at_bad",
    ["while True: pass", "time.sleep(1000)", "os.abort()", "os._exit(0)", "x = [b'x' * 1_000_000 for _ in range(1_000_000)]", "sys.stdout.write('x' * 100)",
     "raise MemoryError", "return {'body': {'text': 3}}", "return {}"],
)  # fmt: skip
def test_a_message_that_harms_the_reader_is_too_complex_and_the_next_one_is_read(readers: Callable[..., Reader], at_bad: str) -> None:
    one = readers(worker(at_bad), wait=2.0 if "sleep" in at_bad else 120.0, seconds=1.0)
    body = one.body(TEXT, {"1": LARGE["1"] + b"BAD"})
    if "stdout" in at_bad:  # what is printed is no answer
        assert body.problem == ""
        return
    assert (body.text, body.problem, body.marks) == ("", "too complex", ("too-complex",))
    assert [file.name for file in body.attachments] == ["a.pdf"]
    if "sleep" not in at_bad:  # which may take longer than this one waits
        assert one.body(TEXT, LARGE).problem == ""


def test_headers_and_whole_messages_that_harm_the_reader_are_listed(readers: Callable[..., Reader]) -> None:
    one = readers(worker("os._exit(0)"))
    header = one.header(b"From: Anna <a@b.example>\r\nSubject: BAD\r\n" + b"X: y\r\n" * 10_000, received=AT)
    assert (header.problem, header.sender.name, header.subject) == ("too complex", "Anna", "BAD")
    assert one.message(b"Subject: BAD\r\n\r\n" + LARGE["1"], received=AT)[0].problem == "too complex"
    assert one.message(b"Subject: good\r\n\r\n" + LARGE["1"], received=AT)[0].subject == "good"


def test_it_is_killed_and_nothing_of_it_is_left(readers: Callable[..., Reader]) -> None:
    one = readers()
    one.body(TEXT, LARGE)
    first = process(one)
    os.kill(first, signal.SIGKILL)
    assert one.body(TEXT, LARGE).problem in {"", "too complex"}  # it may die before the question or of it
    assert one.body(TEXT, LARGE).problem == ""
    last = process(one)
    assert last != first
    one.close()
    assert not alive(last)
    assert process(one) == 0


def test_it_ends_with_the_process_that_asked(readers: Callable[..., Reader]) -> None:
    one = readers()
    one.body(TEXT, LARGE)
    number = process(one)
    child = one._helper._child
    assert child is not None
    assert child.stdin is not None
    child.stdin.close()  # as when the engine is killed
    child.wait(60)
    assert not alive(number)
    child.stdin = None


@pytest.mark.parametrize(
    "deed",
    ["__import__('socket').socket()", "open('{}', 'w')", "__import__('subprocess').run(['true'])", "os.system('true')", "os.fork()"],
)
def test_it_may_not_touch_the_world(readers: Callable[..., Reader], deed: str, tmp_path: object) -> None:
    target = f"{tmp_path}/made"
    told = worker(f"return {{'body': {{'text': 'done'}}}} if {deed.format(target)} is None or True else 0")
    assert readers(told).body(TEXT, {"1": LARGE["1"] + b"BAD"}).problem == "too complex"
    assert not os.path.exists(target)  # noqa: PTH110 - one look


def test_a_worker_that_does_not_start_costs_one_message(readers: Callable[..., Reader]) -> None:
    started = time.monotonic()
    assert readers((sys.executable, "-c", "raise SystemExit(1)")).body(TEXT, LARGE).problem == "too complex"
    assert readers(("/no/such/program",)).body(TEXT, LARGE).problem == "too complex"
    assert time.monotonic() - started < 50  # it is not waited for
