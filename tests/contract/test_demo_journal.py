"""The embedded shop's memory: begun once, kept, begun anew."""

from __future__ import annotations

import csv
import sqlite3
import sys
import time
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import demo_sample
import pytest

from agentdesk.demo import server
from agentdesk.demo.journal import FOLDERS, Journal
from agentdesk.demo.season_types import Season


@pytest.fixture
def generated(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, datetime]]:
    """A generator of the sample; the calls."""
    calls: list[tuple[int, datetime]] = []

    def generate(seed: int, now: datetime) -> Season:
        calls.append((seed, now))
        return demo_sample.season()

    monkeypatch.setitem(sys.modules, "agentdesk.demo.season", SimpleNamespace(generate=generate))
    return calls


def test_the_season_is_generated_once_and_ends_now(tmp_path: Path, generated: list[tuple[int, datetime]]) -> None:
    before = time.time()
    journal = server.open_journal(tmp_path, seed=7, reset=False)
    first = journal.folders()
    assert [folder.name for folder in first] == list(FOLDERS)
    journal.close()
    journal = server.open_journal(tmp_path, seed=8, reset=False)
    assert journal.folders() == first
    assert journal.meta("seed") == "7"
    journal.close()
    ((seed, now),) = generated
    assert seed == 7
    assert before - 1 <= now.timestamp() <= time.time()
    assert now.tzinfo is not None


def test_a_reset_begins_anew_with_another_uidvalidity(tmp_path: Path, generated: list[tuple[int, datetime]]) -> None:
    journal = server.open_journal(tmp_path, seed=1, reset=False)
    before = {folder.name: folder.uid_validity for folder in journal.folders()}
    journal.add_mail("INBOX", b"Subject: x\r\n\r\n", demo_sample.NOW, frozenset())
    journal.add_folder("Later")
    highest = max(folder.uid_validity for folder in journal.folders())
    journal.close()
    journal = server.open_journal(tmp_path, seed=1, reset=True)
    after = {folder.name: folder.uid_validity for folder in journal.folders()}
    assert set(after) == set(before)
    assert min(after.values()) > highest
    assert len(journal.mails("INBOX")) == 2
    journal.close()
    assert len(generated) == 2


def test_orders_are_written_beside_it(tmp_path: Path, generated: list[tuple[int, datetime]]) -> None:
    assert not generated
    server.open_journal(tmp_path, seed=1, reset=False).close()
    with open(tmp_path / "orders.csv", encoding="utf-8", newline="") as file:
        assert list(csv.DictReader(file)) == list(demo_sample.season().orders)


def test_what_fails_halfway_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    broken = Season((demo_sample.mail(1, demo_sample.GIULIA, "x", folder="Nowhere"),), (), (), ())
    with pytest.raises((sqlite3.Error, TypeError)):
        Journal.create(path, broken, seed=1)
    assert not path.exists()
    journal = Journal.create(path, demo_sample.season(), seed=1)

    def change() -> None:
        with journal.change():
            journal.set_flags("INBOX", 1, frozenset({"gone"}))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change()
    assert journal.mails("INBOX")[0].flags == {r"\Seen"}
    journal.close()


def test_a_content_goes_with_its_last_place(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path / "journal.db", demo_sample.season(), seed=1)
    mail = journal.mails("INBOX")[0]
    copy = journal.copy_mail(mail, "Archive")
    journal.remove_mails("INBOX", [mail.uid])
    assert journal.content(copy.content).startswith(b"From:")
    journal.remove_mails("Archive", [copy.uid])
    assert journal.content(copy.content) == b""
    journal.close()
