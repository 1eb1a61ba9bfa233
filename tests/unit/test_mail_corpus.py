"""Third-party mail and hostile mail, measured against what their sources expect. None of it belongs to the project."""

import email
import json
import re
import subprocess
import sys
import time
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from agentdesk.domain.clean import clean
from agentdesk.domain.message import Body, Envelope
from agentdesk.mail.html import to_text
from agentdesk.mail.parse import parse_message
from agentdesk.mail.quotes import split
from agentdesk.mail.structure import read_structure
from tests import mail_figures

pytestmark = pytest.mark.shared

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
REPLIES = ("alfonsrv-reply", "crisp-reply", "discourse-reply", "github-reply", "talon", "willdurand-reply", "zapier-reply")
UNSAFE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\U000e0000-\U000e0fff]")


def files(shared: Path) -> list[Path]:
    return [one for one in sorted((shared / "mail").glob("*/*")) if one.suffix not in {".json", ".md"}]


def expectations(shared: Path, source: str) -> list[tuple[Path, dict[str, Any]]]:
    folder = shared / "mail" / source
    listed = json.loads((folder / "expected.json").read_text("utf-8"))
    return [(folder / name, one) for name, one in listed.items() if (folder / name).exists()]


def read(path: Path) -> tuple[Envelope, Body]:
    return parse_message(path.read_bytes(), received=AT)


def shown(envelope: Envelope, body: Body) -> str:
    """All that a person may see of a message."""
    people = (envelope.sender, *envelope.to, *envelope.cc, *envelope.reply_to)
    names = (one.name + one.type + one.content_id for one in body.attachments)
    ids = (envelope.message_id, envelope.in_reply_to, *envelope.references)
    return "\n".join((envelope.subject, envelope.preview, *map(str, people), *ids, *names, body.text, body.quoted))


@pytest.mark.timeout(300)
def test_every_message_can_be_read_and_shown(shared: Path) -> None:
    problems = {}
    for path in files(shared):
        envelope, body = read(path)
        if envelope.problem or body.problem:
            problems[path.name] = (envelope.problem, body.problem)
        assert not UNSAFE.search(shown(envelope, body)), path
        assert body.text.strip() or not body.quoted.strip(), path
    assert set(problems.values()) <= {("too complex", ""), ("too complex", "too complex")}
    assert len(problems) <= 5


@pytest.mark.timeout(300)
def test_the_parts_are_those_that_python_finds(shared: Path) -> None:
    """Messages in which the standard library sees no defect have the same leaves, with the same content.

    Left out: messages within messages, which are one part to us, and a delimiter twice in a row, which parts an empty part
    for others (mime4j) and for us.
    """
    twice = re.compile(rb"^(--\S+)\r?\n\1\r?$", re.MULTILINE)
    compared = 0
    for path in files(shared):
        raw = path.read_bytes()
        if len(raw) > 500_000 or b"\n" not in raw or path.suffix in {".txt", ".html"} or twice.search(raw):
            continue
        theirs = email.message_from_bytes(raw)
        if any(part.defects for part in theirs.walk()) or "message/" in str([part.get_content_type() for part in theirs.walk()]):
            continue
        leaves = [part for part in theirs.walk() if not part.is_multipart()]
        structure = read_structure(raw)
        ours = [part for part in structure.parts if not part.is_multipart]
        assert len(ours) == len(leaves), path
        for mine, their in zip(ours, leaves, strict=True):
            payload = their._payload.encode("ascii", errors="surrogateescape")
            assert structure.content(mine.section).rstrip(b"\r\n") == payload.rstrip(b"\r\n"), path
        compared += 1
    assert compared > 500


@lru_cache(maxsize=2_000)
def figure(path: Path) -> mail_figures.Read:
    envelope, body = read(path)
    return mail_figures.Read(envelope.subject, envelope.sender.name, envelope.sender.address, f"{body.text}\n{body.quoted}", envelope.automatic)


def test_subjects_senders_and_texts(shared: Path) -> None:
    subjects, senders, texts = (count(shared, figure) for count in (mail_figures.subjects, mail_figures.senders, mail_figures.texts))
    print(f"subjects {subjects}; senders {senders}; texts {texts}")
    assert min(subjects.all, senders.all, texts.all) > 100
    assert subjects.share >= 0.98, subjects.wrong
    assert senders.share >= 0.97, senders.wrong
    assert texts.share >= 0.9, [file for file, _, _ in texts.wrong]


def test_machines_are_known_and_people_are_not_taken_for_them(shared: Path) -> None:
    machines = mail_figures.machines(shared, figure)
    people = mail_figures.people(shared, figure)
    print(f"labelled automatic mail known as such {machines}; people's mail known as such {people}")
    assert machines.all >= 510
    assert not machines.wrong
    assert people.all > 150
    assert people.share >= 0.99, people.wrong


def _reply(path: Path, expected: dict[str, Any]) -> str:
    if expected.get("input") == "html":
        return split(clean(to_text(path.read_bytes().decode("utf-8", errors="replace"))))[0]
    if path.suffix == ".eml":
        return read(path)[1].text
    return split(clean(path.read_bytes().decode("utf-8", errors="replace")))[0]


def test_replies_are_parted_from_quotations(shared: Path) -> None:
    exact: list[bool] = []
    for source in REPLIES:
        for path, expected in expectations(shared, source):
            wanted = expected.get("stripped_reply", expected.get("first_fragment"))
            if wanted is not None:
                exact.append("".join(wanted.split()) == "".join(_reply(path, expected).split()))
    assert len(exact) > 80
    assert sum(exact) / len(exact) >= 0.75


@pytest.mark.timeout(300)
def test_hostile_messages(shared: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, shared / "tools" / "hostile_gen.py", tmp_path, "--small"], check=True, capture_output=True, timeout=120)
    messages = sorted(tmp_path.glob("*.eml"))
    assert len(messages) > 250
    # What only the desk can know (its own addresses, what it sent) or what needs no answer because nobody wrote
    not_ours = {"from_self", "from_self_case_plus", "no_from", "no_headers_at_all", "empty_file", "mdn_request", "auto_x_loop", "auto_bcc_only", "pingpong_1", "pingpong_2", "received_200"}
    for path in messages:
        told = json.loads(path.with_suffix(".json").read_text("utf-8"))
        expected, name = told["expect"], told["name"]
        start = time.process_time()
        envelope, body = read(path)
        assert time.process_time() - start <= expected["max_seconds"], name
        text = shown(envelope, body)
        assert envelope.problem != "unreadable", name
        assert body.problem != "unreadable", name
        assert not UNSAFE.search(text), name
        for wanted in (*expected.get("text_contains", ()), *expected.get("literal", ())):
            assert wanted in text, name
        for unwanted in expected.get("text_lacks", ()):
            assert unwanted not in text, name
        if "never_auto_answer" in expected and name not in not_ours:
            assert envelope.automatic == expected["never_auto_answer"], name
        for one in body.attachments:
            assert one.name not in {"", ".", ".."}, name
            assert not re.search(r"[/\\\x00]", one.name), name
            assert len(one.name.encode()) <= 255, name
