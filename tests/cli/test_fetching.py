"""`agentdesk attachment` and `agentdesk raw`: what is listed, saved and refused, and what an unreachable server means."""

from __future__ import annotations

import stat
from datetime import UTC, datetime

import pytest

from agentdesk.domain.message import Attachment, Body
from tests.desks import Mailbox

FILES = (
    Attachment("2", "foto.png", "image/png", 6), Attachment("3", "fattura.pdf", "application/pdf", 90_000),
    Attachment("4", "foto.png", "image/png", 1_000),
)  # fmt: skip
RAW = b"From: Jan <jan@post.example>\r\nSubject: foto\r\n\r\n\x00\xff"


@pytest.fixture
def conversation(world):
    """Jan's with three attachments, of which the first is here, and the whole message."""
    with world.desk() as desk:
        mailbox = Mailbox(desk)
        row = mailbox.bring("j2", "See the photo.", subject="Re: Broken", references=("j1",), at=datetime.now(UTC))
        mailbox.store.save_body(row, Body("See the photo.", attachments=FILES))
        digest, raw = desk.blobs.put(b"\x89PNG\r\n"), desk.blobs.put(RAW)

        def here(tx):
            tx.execute("UPDATE attachment SET blob = ? WHERE part = '2'", (digest,))
            tx.execute("INSERT INTO meta VALUES (?, ?)", (f"raw:{row}", raw))
            tx.execute("UPDATE channel SET bytes_per_second = 1000 WHERE name = 'support'")

        desk.database.write(here)
    return world.ids("--query", "Broken")[0]


def test_they_are_listed_with_how_long_they_take(world, conversation):
    out = world.run("attachment", conversation).out.splitlines()
    assert [line.split()[:3] for line in out] == [["1", "foto.png", "image/png"], ["2", "fattura.pdf", "application/pdf"], ["3", "foto.png", "image/png"]]
    assert out[0].endswith("here")
    assert out[1].endswith("90.0 kB  not fetched yet · about 3 min")
    assert out[2].endswith("1.0 kB   not fetched yet"), "nobody asks how long a moment takes"
    assert world.run("attachment", conversation, "--json").json == {
        "schema": 1,
        "attachments": [
            {"number": 1, "name": "foto.png", "type": "image/png", "size": 6, "here": True},
            {"number": 2, "name": "fattura.pdf", "type": "application/pdf", "size": 90_000, "here": False},
            {"number": 3, "name": "foto.png", "type": "image/png", "size": 1_000, "here": False},
        ],
    }


def test_none(world):
    done = world.run("attachment", world.ids("--query", "10245")[0])
    assert (done.status, done.out) == (1, "")


def test_what_is_here_is_saved_without_an_engine(world, conversation, tmp_path, monkeypatch):
    monkeypatch.setattr("agentdesk.cli.fetching.EngineProcess", None)
    for name in ("foto.png", "foto (2).png"):
        done = world.run("attachment", conversation, "1", "--save", str(tmp_path / "new" / "folder"))
        path = tmp_path / "new" / "folder" / name
        assert (done.status, done.out) == (0, f"{path}\n")
        assert path.read_bytes() == b"\x89PNG\r\n"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    done = world.run("attachment", conversation, "1", "--save", str(tmp_path / "j"), "--json")
    assert done.json == {"schema": 1, "saved": [{"name": "foto.png", "path": str(tmp_path / "j" / "foto.png"), "size": 6}]}


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        ((), 2, "1 foto.png, 2 fattura.pdf"),
        (("foto.png",), 2, "Several"),
        (("FOTO.png",), 2, "Several"),
        (("invoice.pdf",), 1, "no attachment invoice.pdf"),
        (("4",), 1, "no attachment 4"),
        (("0",), 1, "no attachment 0"),
        (("1", "--all"), 2, "not both"),
    ],
)
def test_which_one_has_to_be_said(world, conversation, tmp_path, options, status, words):
    done = world.run("attachment", conversation, *options, "--save", str(tmp_path / "out"))
    assert done.status == status
    assert words in done.err
    assert not (tmp_path / "out").exists()


def test_a_server_that_is_not_reached_is_status_3_and_nothing_waits_for_it(world, conversation, tmp_path):
    done = world.run("attachment", conversation, "--all", "--save", str(tmp_path / "out"))
    assert done.status == 3
    assert done.out == f"{tmp_path / 'out' / 'foto.png'}\n", "what is here is saved all the same"
    assert "support" in done.err
    with world.desk() as desk:
        assert desk.database.value("SELECT count(*) FROM job") == 0


def test_a_message_as_it_came(world, conversation, tmp_path):
    file = tmp_path / "message.eml"
    done = world.run("raw", conversation, "--save", str(file))
    assert (done.status, done.out) == (0, f"{file}\n")
    assert file.read_bytes() == RAW
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    done = world.run("raw", "<j2@x.example>", "--save", str(file))
    assert (done.status, "not overwritten" in done.err) == (1, True)
    assert file.read_bytes() == RAW


def test_the_customers_newest_message_is_meant(world, conversation, tmp_path):
    """Jan's first one is not here, and its server is not reached."""
    assert world.run("raw", "<j1@x.example>", "--save", str(tmp_path / "a.eml")).status == 3
    assert not (tmp_path / "a.eml").exists()
