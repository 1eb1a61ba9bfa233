"""A desk in a folder, with mail in it, and the command line run in this process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agentdesk import cli, locale
from agentdesk.config import DeskConfig, load
from agentdesk.desk import Desk
from agentdesk.domain.message import Address
from tests.desks import MARIA, Mailbox, order

TOML = """\
[desk]
name = "Casa Verde"
locale = "en-GB"
timezone = "Europe/Rome"
[agent]
name = "Anna Bianchi"
email = "anna@casaverde.example"
signature = "Anna, Casa Verde"
[[channels]]
name = "support"
kind = "imap"
address = "support@casaverde.example"
imap = "imap://127.0.0.1:1"
smtp = "smtp://127.0.0.1:1"
password = "pw"
[team]
members = [{ name = "Luca Conti", email = "luca@casaverde.example" }]
[promises]
imap = "1h"
[sending]
undo = { imap = "8s" }
[[views]]
name = "VIP"
query = "is:open tag:vip"
"""


@dataclass
class Outcome:
    status: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@dataclass
class World:
    """The desk's folder, and `run` for its command lines."""

    folder: Path
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch

    @property
    def config(self) -> DeskConfig:
        return load(self.folder, self.folder / "state")

    def desk(self) -> Desk:
        return Desk.open(self.config)

    def run(self, *argv: str) -> Outcome:
        self.capsys.readouterr()
        status = cli.main([*argv, "--desk", str(self.folder)])
        out, err = self.capsys.readouterr()
        return Outcome(status, out, err)

    def ids(self, *argv: str) -> list[str]:
        return [c["id"] for c in self.run("list", "--json", *argv).json["conversations"]]


@pytest.fixture
def empty(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("AGENTDESK_DESK", raising=False)
    monkeypatch.setenv("COLUMNS", "")
    (tmp_path / "desk.toml").write_text(TOML)
    yield World(tmp_path, capsys, monkeypatch)
    locale.use("en")


@pytest.fixture
def world(empty):
    """Maria asks for her order in two mails, Jan writes about something else, Bob's text is not here yet."""
    now = datetime.now(UTC)
    with empty.desk() as desk:
        mailbox = Mailbox(desk)
        mailbox.bring("m1", "Where is my order 10245?", subject="Order 10245", at=now - timedelta(hours=3))
        mailbox.bring("m2", "Any news?", subject="Re: Order 10245", at=now - timedelta(hours=2), references=("m1",))
        mailbox.bring(
            "j1", "The lamp\x1b[2J is broken\u202e", sender=Address("Jan \x1b]0;x\x07de Vries", "jan@post.example"), subject="Broken",
            at=now - timedelta(minutes=20),
        )  # fmt: skip
        mailbox.bring(
            "b1", "not here", sender=Address("Bob", "bob@post.example"), subject="Later", at=now - timedelta(minutes=10), with_text=False
        )
        put_orders(desk, [order("10245", email=MARIA.address)])
    return empty


def put_orders(desk, orders):
    from agentdesk.store import orders as stored
    from agentdesk.store.database import Tx

    stored.replace_all(desk.database, orders, datetime.now(UTC), ())

    def refresh(tx: Tx) -> None:
        from agentdesk.store import conversations

        for row in tx.all("SELECT row FROM conversation"):
            conversations.refresh(tx, row["row"], desk.rules)

    desk.database.write(refresh)
