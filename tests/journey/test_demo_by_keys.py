"""The whole job by keys alone, as a newcomer does it: `agentdesk demo` in a terminal, the customer played from outside."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.terminal import Terminal

pytestmark = pytest.mark.timeout(300)


class Shop:
    """The demo's servers seen from outside: what customers got, and what they write."""

    def __init__(self, folder: Path) -> None:
        access = json.loads((folder / "server.json").read_text())
        self.web = httpx.Client(base_url=access["page"], trust_env=False, timeout=20)
        self.inbox = self.web.get("/demo/words").json()["inbox"]

    def close(self) -> None:
        self.web.close()

    def sent(self) -> list[dict[str, Any]]:
        """What this desk sent to customers, one row a Message-ID with its count."""
        return list(self.web.get("/demo/outside").json())

    def write_mail(self, address: str, text: str, answers: int) -> None:
        given = {"name": "", "address": address, "subject": "Re", "text": text, "answers": answers}
        self.web.post("/demo/mail", json=given).raise_for_status()

    def begin_chat(self, name: str, text: str) -> str:
        """A visitor begins a chat; its address in the public API."""
        own = f"/public/api/v1/inboxes/{self.inbox}/contacts"
        source = self.web.post(own, json={"name": name}).json()["source_id"]
        chat = self.web.post(f"{own}/{source}/conversations", json={}).json()["id"]
        path = f"{own}/{source}/conversations/{chat}/messages"
        self.web.post(path, json={"content": text}).raise_for_status()
        return path

    def chat_messages(self, path: str) -> list[str]:
        return [m["content"] for m in self.web.get(path).json() if m["content"]]


def journal(folder: Path, sql: str, *values: object) -> list[Any]:
    with closing(sqlite3.connect(folder / "journal.db")) as db:
        return [row[0] for row in db.execute(sql, values)]


def delivered_ids(folder: Path) -> list[str]:
    return journal(folder, "SELECT message_id FROM delivered ORDER BY id")


def filed(folder: Path, message_id: str) -> int:
    """How many copies lie in Sent."""
    return int(journal(
        folder, "SELECT count(*) FROM mail JOIN content ON content.id = mail.content WHERE folder = 'Sent' AND instr(raw, ?)",
        message_id.encode(),
    )[0])  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "demo"


@pytest.fixture
def start(folder: Path) -> Iterator[Any]:
    opened: list[Terminal] = []

    def run(columns: int = 140, lines: int = 40) -> Terminal:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "NO_COLOR"))}
        terminal = Terminal(
            [sys.executable, "-m", "agentdesk", "demo", "--desk", str(folder)],
            columns=columns, lines=lines, environment=environment | {"LANG": "en_GB.UTF-8", "COLORTERM": "truecolor"},
        )  # fmt: skip
        opened.append(terminal)
        return terminal

    yield run
    for terminal in opened:
        terminal.close()


@pytest.fixture
def visit(folder: Path) -> Iterator[Callable[[], Shop]]:
    """The shop seen from outside, once it runs."""
    visits: list[Shop] = []

    def begin() -> Shop:
        visits.append(Shop(folder))
        return visits[-1]

    yield begin
    for shop in visits:
        shop.close()


def listed(folder: Path, view: str) -> set[str]:
    """The conversations of a view, as a script sees them."""
    done = subprocess.run(
        [sys.executable, "-m", "agentdesk", "list", "--view", view, "--limit", "0", "--json", "--desk", str(folder)],
        capture_output=True, check=True,
    )  # fmt: skip
    return {conversation["id"] for conversation in json.loads(done.stdout)["conversations"]}


def here(text: str) -> bool:
    """Everything has been brought in."""
    return open_count(text) > 100 and re.search(r"B +●\s*$", text.splitlines()[0]) is not None


def count(text: str, words: str) -> int:
    found = re.search(words + r" (\d+)", text)
    return int(found[1]) if found else 0


def open_count(text: str) -> int:
    return count(text, "Open")


def choose(desk: Terminal, words: str) -> None:
    """Insert the snippet found by these words; a picker with gaps is left open by escape."""
    desk.press("s")
    desk.sees("snippets")
    desk.type(words)
    desk.until(lambda text: f"❯ {words}" in text)
    desk.press("enter")
    desk.sees("reply to")


def test_from_the_queue_to_an_answered_customer(start: Any, folder: Path, visit: Callable[[], Shop]) -> None:
    desk = start()
    desk.until(here, 60)
    shop = visit()
    before = len(shop.sent())

    # the most urgent conversation, with the customer's orders beside it
    desk.press("n")
    desk.sees("Mine 1", "Orders")

    # the right snippet, and out it goes; taken back before it left
    choose(desk, "order number")
    desk.press("ctrl+s")
    desk.sees("undo")
    desk.press("u")
    desk.sees("undone")
    assert len(shop.sent()) == before

    # sent again, and this time let go
    desk.press("r")
    desk.sees("reply to")
    desk.press("ctrl+s")
    desk.until(lambda _: len(shop.sent()) == before + 1)
    delivered = shop.sent()[-1]
    assert delivered["count"] == 1
    assert "{{" not in delivered["text"]
    assert "⟨" not in delivered["text"]

    # the customer answers: the conversation is back, with the answer in it
    shop.write_mail(delivered["to"][0], "Il numero è 10001, grazie mille!", delivered["id"])
    desk.press("esc", "/")
    desk.type("grazie mille 10001")
    desk.sees("10001, grazie mille", seconds=40)
    desk.press("enter")
    desk.sees("Il numero è 10001")
    desk.press("esc")

    # a chat from the page
    waiting = count(desk.text, "Chats waiting")
    path = shop.begin_chat("Ada Visitor", "Hello, is the red lamp still in stock?")
    desk.until(lambda text: count(text, "Chats waiting") > waiting)
    desk.press("/")
    desk.type("red lamp still")
    desk.sees("Ada Visitor")
    desk.press("enter")
    desk.sees("is the red lamp still in stock?")
    desk.press("r")
    desk.sees("reply to")
    desk.type("Yes, it is {{ contact.name }} proof.")
    desk.press("ctrl+s")
    desk.sees("has no value yet")  # raw Liquid never leaves
    desk.press("backspace")  # the piece is selected
    desk.type("fire")
    desk.press("ctrl+s")
    desk.until(lambda _: "Yes, it is fire proof." in shop.chat_messages(path))
    assert shop.chat_messages(path).count("Yes, it is fire proof.") == 1

    # quit with a reply still held: it goes out all the same, once
    desk.press("esc", "esc", "n")
    desk.press("r")
    desk.sees("reply to")
    desk.type("We are looking into it.")
    desk.press("ctrl+s")
    desk.sees("undo")
    gone = len(shop.sent())
    desk.press("q")
    desk.sees("background")
    desk.press("down", "enter")
    assert desk.ended() == 0
    # the servers stay while something is on its way, and are gone afterwards: their journal tells
    desk.until(lambda _: len(delivered_ids(folder)) == gone + 1)
    ids = delivered_ids(folder)
    assert len(set(ids)) == len(ids), "nothing was delivered twice"
    desk.until(lambda _: filed(folder, ids[-1]) == 1)
    assert all(filed(folder, message_id) == 1 for message_id in ids), "each has one copy in Sent"


def test_the_second_start_continues_where_the_first_ended(start: Any, folder: Path) -> None:
    desk = start()
    desk.until(here, 60)
    desk.press("n")
    desk.sees("Mine 1")
    (mine,) = listed(folder, "mine")
    desk.press("e")
    desk.sees("closed", "Mine 0")
    desk.press("q")
    assert desk.ended() == 0
    again = start()
    again.until(here, 60)
    assert mine in listed(folder, "closed")
    again.press("q")
    assert again.ended() == 0


@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (60, 20), (40, 12), (200, 50)])
def test_every_size_shows_the_queue_and_opens_a_conversation(start: Any, columns: int, lines: int) -> None:
    desk = start(columns, lines)
    desk.until(lambda text: open_count(text) > 100 or "✉" in text, 60)
    desk.press("n")
    desk.until(lambda text: "yours" in text or "Anna" in text)
    desk.press("q")
    assert desk.ended() == 0
