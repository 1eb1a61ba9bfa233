"""The embedded shop's mailbox, seen by an IMAP client."""

from __future__ import annotations

import imaplib
import re
import time
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import demo_sample
import pytest
from demo_fixtures import fill, imap, is_clean, started, until

from agentdesk.demo import mail_program, shop
from agentdesk.demo.launch import Demo
from agentdesk.demo.season_types import Attachment

MESSAGE = b"From: support@casaverde.example\r\nSubject: Copy\r\nMessage-ID: <copy-1@casaverde.example>\r\n\r\nHello\r\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    fill(tmp_path)
    return tmp_path


@pytest.fixture
def demo(folder: Path) -> Iterator[Demo]:
    demo = started(folder)
    yield demo
    demo.close()
    is_clean(folder)


def state(demo: Demo) -> dict[str, tuple[str, list[str]]]:
    """UIDVALIDITY and every message's UID, flags and Message-ID, by folder."""
    seen = {}
    with imap(demo) as client:
        for name in ("INBOX", "Sent", "Drafts", "Archive", "Junk"):
            client.select(name, readonly=True)
            validity = client.response("UIDVALIDITY")[1][0].decode()
            rows = []
            if client.uid("SEARCH", "ALL")[1][0]:
                for part in client.fetch("1:*", "(UID FLAGS BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")[1]:
                    if isinstance(part, tuple):
                        uid = re.search(rb"UID (\d+)", part[0])[1].decode()
                        flags = re.search(rb"FLAGS \(([^)]*)\)", part[0])[1].decode()
                        rows.append(f"{uid} {flags.replace('Recent', '').strip()} {part[1].strip().decode()}")
            seen[name] = (validity, rows)
    return seen


def test_the_season_lies_in_its_folders_in_order_of_arrival(demo: Demo) -> None:
    seen = state(demo)
    assert [row.split()[-1] for row in seen["INBOX"][1]] == ["<sample-1@posta.example>", "<sample-3@posta.example>"]
    assert seen["INBOX"][1][0].startswith("1 \\Seen ")
    assert len(seen["Sent"][1]) == len(seen["Archive"][1]) == 1
    assert not seen["Drafts"][1]
    assert not seen["Junk"][1]


def test_a_killed_server_forgets_nothing_it_acknowledged(folder: Path) -> None:
    demo = started(folder)
    with imap(demo) as client:
        client.select("INBOX")
        client.uid("STORE", "2", "+FLAGS", r"(\Flagged agentdesk-later)")
        client.append("Sent", r"(\Seen)", imaplib.Time2Internaldate(time.time()), MESSAGE)
        client.append("INBOX", "", imaplib.Time2Internaldate(time.time()), MESSAGE)
        client.noop()
        client.uid("MOVE", "1", "Archive")
        client.uid("STORE", "3", "+FLAGS", r"(\Deleted)")
        client.expunge()
    before = state(demo)
    assert before["INBOX"][1] == ["2 \\Flagged agentdesk-later Message-ID: <sample-3@posta.example>"]
    assert [row.split()[0] for row in before["Archive"][1]] == ["1", "2"]
    assert demo.process is not None
    demo.process.kill()
    demo.process.wait()
    demo.close()

    demo = started(folder)
    assert state(demo) == before
    with imap(demo) as client:
        assert client.append("INBOX", "", imaplib.Time2Internaldate(time.time()), MESSAGE)[0] == "OK"
    assert state(demo)["INBOX"][1][-1].startswith("4 "), "UID 3 was given before: never again"
    demo.close()


def test_a_filed_copy_is_found_by_its_message_id(demo: Demo) -> None:
    with imap(demo) as client:
        answer = client.append("Sent", r"(\Seen)", imaplib.Time2Internaldate(time.time()), MESSAGE)
        assert b"APPENDUID" in answer[1][0]
        client.select("Sent")
        found = client.uid("SEARCH", "HEADER", "Message-ID", "<copy-1@casaverde.example>")[1][0].split()
        assert found == [b"2"]
        assert client.uid("FETCH", "2", "(FLAGS BODY.PEEK[])")[1][0][1] == MESSAGE
        assert client.uid("SEARCH", "HEADER", "Message-ID", "<other@casaverde.example>")[1][0] == b""


def test_a_body_and_its_structure_are_served(demo: Demo) -> None:
    with imap(demo) as client:
        client.select("INBOX")
        answer = client.uid("FETCH", "1", "(BODYSTRUCTURE BODY.PEEK[1])")[1]
        assert b'"text" "plain"' in answer[0][0]
        assert "dov'è il mio pacco".encode() in answer[0][1]


def test_the_name_of_an_attachment_is_found(demo: Demo) -> None:
    raw = mail_program.write(
        name="x", address="a@b.example", subject="s", text="ok\n", at=demo_sample.NOW,
        attachments=[Attachment("foto.jpg", "image/jpeg", b"x" * 30), Attachment("caffè.txt", "text/plain", b"y")],
    )  # fmt: skip
    outer = EmailMessage(policy=SMTP)
    outer["Subject"] = "Fwd"
    outer.set_content("see below\n")
    outer.add_attachment(message_from_bytes(raw, policy=SMTP))
    with imap(demo) as client:
        for message in (raw, outer.as_bytes()):
            client.append("INBOX", "", imaplib.Time2Internaldate(time.time()), message)
        client.select("INBOX", readonly=True)
        for number, depth in (("3", 0), ("4", 1)):
            structure = client.fetch(number, "(BODYSTRUCTURE)")[1][0].decode()
            assert re.search(r'"base64" 4\d NIL \("attachment" \("filename" "foto.jpg"\)\)', structure)
            assert '("attachment" ("filename*" "utf-8\'\'caff%C3%A8.txt"))' in structure
            assert structure.count('"message" "rfc822"') == depth
        plain = client.fetch("3", "(BODY)")[1][0].decode()
        assert "attachment" not in plain, "BODY is BODYSTRUCTURE without the extensions"


def test_the_wrong_password_is_refused(demo: Demo) -> None:
    client = imaplib.IMAP4("127.0.0.1", demo.access.imap, timeout=10)
    with pytest.raises(imaplib.IMAP4.error):
        client.login(shop.USER, "wrong")
    with pytest.raises(imaplib.IMAP4.error):
        client.login("somebody", demo.access.password)
    client.logout()


def test_folders_are_kept(folder: Path) -> None:
    demo = started(folder)
    with imap(demo) as client:
        client.create("AgentDesk")
        client.append("AgentDesk", "", imaplib.Time2Internaldate(time.time()), MESSAGE)
        client.create("Short")
        client.rename("AgentDesk", '"AgentDesk log"')
        client.delete("Short")
        client.select('"AgentDesk log"')
        validity = client.response("UIDVALIDITY")[1]
    demo.close()
    demo = started(folder)
    with imap(demo) as client:
        names = b" ".join(client.list()[1])
        assert b'"AgentDesk log"' in names
        assert b"Short" not in names
        assert client.select('"AgentDesk log"')[1] == [b"1"]
        assert client.response("UIDVALIDITY")[1] == validity
    demo.close()


@pytest.mark.parametrize("before_idle", [True, False], ids=["before IDLE", "while idling"])
def test_idle_hears_of_new_mail(demo: Demo, *, before_idle: bool) -> None:
    with imap(demo) as client, imap(demo) as other:
        client.select("INBOX")

        def arrive() -> None:
            other.append("INBOX", "", imaplib.Time2Internaldate(time.time()), MESSAGE)

        if before_idle:
            arrive()
        client.send(b"X1 IDLE\r\n")
        lines = [client.readline()]
        while not lines[-1].startswith(b"+"):
            lines.append(client.readline())
        if not before_idle:
            arrive()
        until(lambda: lines.append(client.readline()) or b"* 3 EXISTS\r\n" in lines)
        client.send(b"DONE\r\n")
        until(lambda: client.readline().startswith(b"X1 OK"))
