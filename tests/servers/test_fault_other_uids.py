"""A Dovecot whose UIDs change under a client: while it listens, reads, writes, and back again (scripted: `faults.uidvalidity`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from agentdesk.channels.base import ChannelDown
from agentdesk.channels.imap.channel import ImapChannel
from agentdesk.desk import Desk
from agentdesk.store.mail import StoredMail
from tests.desks import Mailbox, desk_config
from tests.servers.dovecot import Dovecot
from tests.servers.mailroom import START, client, fill, message, put, search, sync

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]
MESSAGES = 40


@pytest.fixture
def user(dovecot: Dovecot) -> str:
    user = dovecot.user("maildir")
    fill(dovecot, user, "INBOX", range(1, MESSAGES + 1))
    return user


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Desk.open(desk_config(tmp_path)) as opened:
        Mailbox(opened)  # the channel's row
        yield opened


def channel(dovecot: Dovecot, user: str, desk: Desk) -> ImapChannel:
    return ImapChannel(dovecot.config(user), "secret", StoredMail(desk.database, "support", desk.rules), window=10)


def whole(dovecot: Dovecot, user: str, desk: Desk) -> None:
    with closing(channel(dovecot, user, desk)) as one:
        one.open()
        sync(one)


def change(dovecot: Dovecot, user: str, uidvalidity: int) -> None:
    dovecot.doveadm("mailbox", "update", "-u", user, "--uid-validity", str(uidvalidity), "INBOX")


def links(desk: Desk) -> dict[str, int]:
    return {
        row["message_id"]: row["row"]
        for row in desk.database.all("SELECT m.message_id, m.row FROM message m JOIN place p ON p.message = m.row WHERE NOT m.gone AND p.folder = 'INBOX'")
    }


def mark(desk: Desk) -> list[int]:
    rows = sorted(desk.queue.ids("all"))
    for row in rows:
        desk.work.note([row], f"note {row}")
        desk.work.assign([row], desk.config.agent_email)
        draft = desk.writing.draft(row)
        draft.text = f"draft {row}"
        desk.writing.save(draft)
    return rows


def check(dovecot: Dovecot, user: str, desk: Desk, rows: list[int], before: dict[str, int]) -> None:
    now = links(desk)
    assert sum(now.get(message_id) == row for message_id, row in before.items()) >= 0.99 * len(before)
    assert [row for row in sorted(desk.queue.ids("all")) if row in rows] == rows
    for row in rows:
        assert any(item.text == f"note {row}" for item in desk.reading.thread(row))
        assert desk.queue.row(row).assignee == desk.config.agent_email
        assert desk.writing.draft(row).text == f"draft {row}"
    with client(dovecot, user) as other:
        there = search(other, "INBOX", "ALL")
    assert sorted(row["uid"] for row in desk.database.all("SELECT uid FROM place WHERE folder = 'INBOX'")) == there
    assert not desk.database.value("SELECT count(*) FROM (SELECT 1 FROM message GROUP BY message_id HAVING count(*) > 1)")


@pytest.mark.parametrize("moment", ["idle", "fetching", "appending"])
def test_changed_and_changed_back(dovecot: Dovecot, user: str, desk: Desk, moment: str) -> None:
    whole(dovecot, user, desk)
    rows, before = mark(desk), links(desk)
    first = desk.database.value("SELECT uidvalidity FROM folder WHERE name = 'INBOX'")
    assert len(before) == MESSAGES
    for number, uidvalidity in enumerate((first + 1000, first + 2000, first)):
        with closing(channel(dovecot, user, desk)) as one, suppress(ChannelDown):  # Dovecot ends connections whose mailbox became another
            one.open()
            if moment != "fetching":
                sync(one)
            else:
                one.refresh()
            change(dovecot, user, uidvalidity)
            with client(dovecot, user) as other:
                put(other, "INBOX", message(100 + number), at=START)
            if moment == "appending":
                one.file(message(200 + number), START)
            one.wait(0.2)
            sync(one)
        whole(dovecot, user, desk)
        check(dovecot, user, desk, rows, before)


def test_a_mailbox_made_anew_from_a_backup(dovecot: Dovecot, user: str, desk: Desk) -> None:
    """Other UIDs, another UIDVALIDITY, another order, and what came in meanwhile."""
    whole(dovecot, user, desk)
    rows, before = mark(desk), links(desk)
    with client(dovecot, user) as other:
        other.select("INBOX")
        other.store("1:*", "+FLAGS", "(\\Deleted)")
        other.expunge()
    change(dovecot, user, desk.database.value("SELECT uidvalidity FROM folder WHERE name = 'INBOX'") + 500)
    with client(dovecot, user) as other:
        for number in [*range(MESSAGES, 0, -1), 300]:
            put(other, "INBOX", message(number), at=START)
    whole(dovecot, user, desk)
    check(dovecot, user, desk, rows, before)
