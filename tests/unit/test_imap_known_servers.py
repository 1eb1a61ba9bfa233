"""What is known of servers, and what they say when they want to be left alone."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from agentdesk.channels.imap import limits, quirks


def test_every_entry_has_its_date_and_its_source() -> None:
    for entry in quirks.TABLE:
        assert date.fromisoformat(entry.since) <= date(2100, 1, 1)
        assert len(entry.source) > 20
        assert entry.does != quirks.Quirks()
        assert entry.hosts or entry.greets or entry.capability


def test_every_entry_is_described() -> None:
    page = (Path(__file__).parents[2] / "docs" / "servers.md").read_text("utf-8")
    assert [entry.who for entry in quirks.TABLE if f"| {entry.who} |" not in page] == []


@pytest.mark.parametrize(
    ("host", "greeting", "capabilities", "expected"),
    [
        ("mail.example.org", b"* OK [CAPABILITY IMAP4rev1] Dovecot ready.", (), quirks.Quirks(compresses=True, notify_per_mailbox=True)),
        ("imap.mail.me.com", b"* OK iSCREAM ready", (), quirks.Quirks(without=frozenset({"QRESYNC"}))),
        ("mail.shop.example", b"* OK ready", ("X-GM-EXT-1",), quirks.Quirks(files_sent=True)),
        ("IMAP.163.com", b"* OK Coremail System IMap Server Ready", (), quirks.Quirks(identify=True)),
        ("notgmail.com.example", b"* OK ready", ("IDLE",), quirks.Quirks()),
        ("imap.shop.example", b"* OK Stalwart and Dovecot", (), quirks.Quirks(compresses=True, done_alone=True, notify_per_mailbox=True)),
    ],
)
def test_a_server_is_known_by_name_greeting_or_capability(host: str, greeting: bytes, capabilities: tuple[str, ...], expected: quirks.Quirks) -> None:
    assert quirks.of(host, greeting, capabilities) == expected


def test_who_files_what_was_sent() -> None:
    gimap = b"* OK Gimap ready for requests from 192.0.2.1"
    assert quirks.files_sent_itself("imap.gmail.com", "smtp.gmail.com", b"")
    assert quirks.files_sent_itself("mail.shop.example", "smtp.gmail.com", gimap)
    assert quirks.files_sent_itself("mail.shop.example", "smtp.gmail.com", b"* OK hello", {"X-GM-EXT-1"})
    assert quirks.files_sent_itself("outlook.office365.com", "smtp.office365.com", b"")
    assert not quirks.files_sent_itself("imap.gmail.com", "smtp.office365.com", b"")
    assert not quirks.files_sent_itself("imap.gmail.com", "mail.shop.example", gimap)
    assert not quirks.files_sent_itself("mail.shop.example", "mail.shop.example", b"* OK Dovecot ready")


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("Request is throttled. Suggested Backoff Time: 299609 milliseconds", 299.609),
        ("Request is throttled. Suggested Backoff Time: 999999999 milliseconds", limits.LONGEST),
        ("Account exceeded command or bandwidth limits.", limits.LONG),
        ("Too many simultaneous connections. (Failure)", limits.SHORT),
        ("Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)", limits.SHORT),
        ("Rate limit hit.", limits.SHORT),
        ("Quota exceeded (mailbox for user is full)", 0),
        ("Authentication failed.", 0),
        ("Mailbox doesn't exist: Sent", 0),
        ("Disconnected for inactivity.", 0),
    ],
)
def test_how_long_a_server_wants_to_be_left_alone(words: str, seconds: float) -> None:
    assert limits.by_words(words) == seconds
    assert limits.at_the_door("", words) == seconds


def test_at_the_door_a_code_is_enough() -> None:
    assert limits.at_the_door("UNAVAILABLE", "Internal error") > 0
    assert limits.at_the_door("INUSE", "locked") > 0
    assert limits.at_the_door("AUTHENTICATIONFAILED", "no") == 0
