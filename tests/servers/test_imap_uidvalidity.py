"""A mailbox whose UIDs mean other mails than before, at the worst moments: no note, draft or assignment is lost, every mail is found again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agentdesk.channels.base import ChannelDown
from agentdesk.desk import Desk
from agentdesk.store.mail import StoredMail
from tests.contract.memory_store import MemoryStore
from tests.desks import desk_config
from tests.servers.dovecot import Dovecot
from tests.servers.mailroom import MODES, START, Masked, client, masked, message, put, sync

pytestmark = pytest.mark.servers

MAILS = 60


def mail(number: int) -> bytes:
    """Every tenth has no Message-ID: it is known by its size, its date and what it says."""
    raw = message(number)
    return raw.replace(f"Message-ID: <m{number}@example.org>\r\n".encode(), b"") if number % 10 == 0 else raw


class Shop:
    def __init__(self, server: Dovecot, folder: Path, hide: frozenset[str]) -> None:
        self.server, self.user = server, server.user()
        self.desk = Desk.open(desk_config(folder))
        self.desk.database.write(lambda tx: tx.execute("INSERT INTO channel (name, kind) VALUES ('support', 'imap')"))
        with client(server, self.user) as other:
            for number in range(MAILS):
                put(other, "INBOX", mail(number), at=START + timedelta(hours=number))
        store = StoredMail(self.desk.database, "support", self.desk.rules)
        self.channel: Masked = masked(server, self.user, store, hide, look_around=0.0)
        self.channel.open()
        sync(self.channel)
        for row in self.rows()[::3]:
            self.desk.work.note([row], f"note of {row}")
            self.desk.work.assign([row], "luca@casaverde.example")
            self.desk.work.tag([row], ["vip"])
            draft = self.desk.writing.draft(row)
            draft.text = f"draft of {row}"
            self.desk.writing.save(draft)

    def rows(self) -> list[int]:
        return [int(row["row"]) for row in self.desk.database.all("SELECT row FROM conversation WHERE merged_into = 0 ORDER BY row")]

    def uidvalidity(self, value: int) -> None:
        self.server.doveadm("mailbox", "update", "-u", self.user, "--uid-validity", str(value), "INBOX")

    def listen(self) -> None:
        for _ in range(50):
            self.channel.wait(5)
            self.channel._need().session.noop()

    def come_back(self) -> None:
        """As the worker does it: connect again until all is in."""
        for _ in range(5):
            try:
                self.channel.open()
                sync(self.channel)
                return
            except ChannelDown:
                continue
        raise AssertionError("it does not come back")

    def work(self) -> dict[str, Any]:
        """Everything people did, and what hangs on it."""
        found: dict[str, Any] = {}
        for table in (
            "SELECT row, id, assignee, status, messages, subject, customer FROM conversation ORDER BY row", "SELECT * FROM tag ORDER BY 1",
            "SELECT id, kind, target, conversation, data FROM event ORDER BY row", "SELECT id, conversation, text FROM draft ORDER BY id",
            "SELECT row, key, conversation, text, seen, gone FROM message ORDER BY row",
        ):  # fmt: skip
            found[table] = json.dumps([tuple(row) for row in self.desk.database.all(table)])
        return found

    def linked(self) -> int:
        """Mails that have their place in INBOX."""
        return int(self.desk.database.value("SELECT count(DISTINCT message) FROM place WHERE folder = 'INBOX'"))


@pytest.fixture(params=["QRESYNC", "plain"])
def shop(dovecot: Dovecot, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Shop]:
    made = Shop(dovecot, tmp_path, MODES[request.param])
    yield made
    made.channel.close()
    made.desk.close()


def test_while_it_listens_and_back_to_what_it_was(shop: Shop) -> None:
    before = shop.work()
    old = shop.desk.database.value("SELECT uidvalidity FROM folder WHERE name = 'INBOX'")
    for value in (old + 1000, old):
        shop.uidvalidity(value)
        with pytest.raises(ChannelDown):  # Dovecot ends a session whose UIDs mean nothing any more
            shop.listen()
        shop.come_back()
        assert shop.desk.database.value("SELECT uidvalidity FROM folder WHERE name = 'INBOX'") == value
        assert shop.linked() == MAILS
    assert shop.work() == before


def test_while_nobody_is_there_and_while_a_copy_is_filed(shop: Shop) -> None:
    before = shop.work()
    shop.channel.close()
    shop.uidvalidity(77)
    shop.come_back()
    shop.server.forget_uids(shop.user, "Sent")
    copy = message(1, prefix="sent")
    shop.channel.file(copy, START)
    assert shop.channel.is_filed("<sent1@example.org>")
    sync(shop.channel)
    assert shop.linked() == MAILS
    after = shop.work()
    assert after.keys() == before.keys()
    assert [after[table] for table in after if "event" in table or "draft" in table or "tag" in table] == [
        before[table] for table in before if "event" in table or "draft" in table or "tag" in table
    ]
    assert shop.desk.database.value("SELECT count(*) FROM message WHERE message_id = '<sent1@example.org>'") == 1


@pytest.mark.parametrize("mode", MODES)
def test_a_mailbox_made_anew_under_the_old_uidvalidity(dovecot: Dovecot, mode: str, caplog: pytest.LogCaptureFixture) -> None:
    """More mails than before, other ones, the UIDs of before: nothing but the mails themselves tells."""
    user, store = dovecot.user(), MemoryStore()
    with client(dovecot, user) as other:
        for number in range(1, 6):
            put(other, "Archive", message(number))
    channel = masked(dovecot, user, store, MODES[mode])
    channel.open()
    sync(channel)
    channel.close()
    state = store.states["Archive"]
    dovecot.forget_uids(user, "Archive")
    dovecot.doveadm("mailbox", "update", "-u", user, "--uid-validity", str(state.uidvalidity), "--min-highest-modseq", "1000", "Archive")
    with client(dovecot, user) as other:
        for number in range(11, 21):
            put(other, "Archive", message(number))
    channel.open()
    sync(channel)
    channel.close()
    assert store.states["Archive"].uidvalidity == state.uidvalidity
    assert "another mail" in caplog.text
    assert {row.envelope.subject for row in store.rows.values()} == {f"Question {n}" for n in [*range(1, 6), *range(11, 21)]}
    assert sorted(store.rows[row].envelope.subject for (name, _), (row, _) in store.at.items() if name == "Archive") == sorted(
        f"Question {number}" for number in range(11, 21)
    )
