"""The embedded shop's chat, as a client of Chatwoot's API meets it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import demo_sample
import httpx
import pytest

from agentdesk.demo import shop
from agentdesk.demo.chat import Chats
from agentdesk.demo.chat_api import ChatApi
from agentdesk.demo.customer_page import application
from agentdesk.demo.journal import Journal
from agentdesk.demo.season_types import ChatLine, Season, SeasonChat
from agentdesk.demo.server import fill_journal

BASE = "http://127.0.0.1:9"
CHATS = "/api/v1/accounts/1/conversations"


class Site:
    """The chat in this process; `reached` collects whom the shop's replies reached."""

    def __init__(self, path: Path, season: Season) -> None:
        self.journal: Journal = fill_journal(path, season, seed=1)
        self.reached: list[tuple[str, str, int]] = []
        self.chats = Chats(self.journal, lambda *what: self.reached.append(what))
        app = application(ChatApi(self.chats, "secret", BASE + "/").routes())
        transport = httpx.ASGITransport(app)
        self.agent = httpx.AsyncClient(transport=transport, base_url=BASE, headers={"api_access_token": "secret"})
        self.visitor = httpx.AsyncClient(transport=transport, base_url=BASE)

    async def close(self) -> None:
        await self.agent.aclose()
        await self.visitor.aclose()
        self.journal.close()

    async def list(self, **query: Any) -> list[dict[str, Any]]:
        return (await self.agent.get(CHATS, params=query)).json()["data"]["payload"]

    async def tom(self) -> int:
        return next(row["id"] for row in await self.list(status="all") if row["meta"]["sender"]["name"] == "Tom Baker")

    async def messages(self, chat: int, **query: Any) -> list[dict[str, Any]]:
        return (await self.agent.get(f"{CHATS}/{chat}/messages", params=query)).json()["payload"]


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    site = Site(tmp_path / "journal.db", demo_sample.season())
    yield site
    await site.close()


async def test_no_token_no_answer(site: Site) -> None:
    for headers in ({}, {"api_access_token": "wrong"}):
        answer = await site.visitor.get("/api/v1/profile", headers=headers)
        assert answer.status_code == 401
        assert answer.json() == {"error": "Invalid Access Token"}
    assert (await site.agent.get("/api/v1/accounts/2/conversations")).status_code == 401
    profile = (await site.agent.get("/api/v1/profile")).json()
    assert (profile["id"], profile["email"], profile["accounts"][0]["id"]) == (1, shop.AGENT_EMAIL, 1)


async def test_the_list(site: Site) -> None:
    answer = (await site.agent.get(CHATS)).json()["data"]
    assert answer["meta"] == {"mine_count": 0, "assigned_count": 0, "unassigned_count": 1, "all_count": 1}
    (row,) = answer["payload"]
    assert row["status"] == "open"
    assert row["meta"]["sender"]["email"] == demo_sample.TOM
    assert row["messages"][0]["content"] == "Thanks!"
    assert row["unread_count"] == 2
    assert isinstance(row["last_activity_at"], int)
    assert row["last_activity_at"] == int(demo_sample.NOW.timestamp()) - 7 * 60
    assert (row["agent_last_seen_at"], row["priority"], row["labels"]) == (0, None, [])
    assert [row["status"] for row in await site.list(status="all")] == ["open", "resolved"]
    assert await site.list(assignee_type="me") == []
    assert len(await site.list(assignee_type="unassigned")) == 1
    assert await site.list(status="all", updated_within=30) == []
    assert [row["meta"]["sender"]["name"] for row in await site.list(q="danke")] == ["Mia"]
    assert (await site.agent.get(CHATS, params={"status": "odd"})).status_code == 422


async def test_pages_of_twenty_five(tmp_path: Path) -> None:
    chats = tuple(
        SeasonChat(f"C{n}", f"c{n}@x.example", "en", (ChatLine(demo_sample.NOW, "in", f"Hi {n}"),), "open")
        for n in range(30)
    )
    site = Site(tmp_path / "journal.db", Season((), chats, (), ()))
    pages = [await site.list(page=page) for page in (1, 2, 3)]
    assert [len(page) for page in pages] == [25, 5, 0]
    assert len({row["id"] for page in pages for row in page}) == 30
    started = time.time()
    for row in pages[0]:
        await site.agent.post(f"{CHATS}/{row['id']}/messages", json={"content": "Hello"})
    for row in pages[1]:
        await site.agent.post(f"{CHATS}/{row['id']}/messages", json={"content": "Hello"})
    assert len(await site.list(updated_within=int(time.time() - started) + 2)) == 30, "not cut into pages"
    await site.close()


async def test_messages_and_their_cursors(site: Site) -> None:
    chat = await site.tom()
    first = await site.messages(chat)
    assert [(m["message_type"], m["content"]) for m in first] == [
        (0, "Hi, is the blue one in stock?"),
        (1, "Let me look."),
        (0, "Thanks!"),
    ]
    assert first[0]["sender"]["type"] == "contact"
    assert first[1]["sender"]["name"] == shop.AGENT_NAME
    ids = [m["id"] for m in first]
    assert [m["id"] for m in await site.messages(chat, after=ids[0])] == ids[1:]
    assert [m["id"] for m in await site.messages(chat, before=ids[2])] == ids[:2]
    assert [m["id"] for m in await site.messages(chat, after=ids[0], before=ids[2])] == ids[:2]
    for number in range(25):
        await site.agent.post(f"{CHATS}/{chat}/messages", json={"content": f"Line {number}"})
    latest = await site.messages(chat)
    assert len(latest) == 20
    assert latest[-1]["content"] == "Line 24"
    assert len(await site.messages(chat, before=latest[0]["id"])) == 8
    assert len(await site.messages(chat, after=0)) == 28
    missing = await site.agent.get(f"{CHATS}/999/messages")
    assert (missing.status_code, missing.json()) == (404, {"error": "Resource could not be found"})


async def test_a_reply_is_stored_and_echoed(site: Site) -> None:
    chat = await site.tom()
    answer = (
        await site.agent.post(f"{CHATS}/{chat}/messages", json={"content": "Yes, it is.", "echo_id": "e1"})
    ).json()
    assert (answer["echo_id"], answer["message_type"], answer["private"]) == ("e1", 1, False)
    assert answer["conversation_id"] == chat
    assert "echo_id" not in (await site.messages(chat))[-1], "only the answer to the request carries it"
    assert site.reached == [(demo_sample.TOM, "chat", chat)]
    (row,) = await site.list()
    assert row["waiting_since"] == 0
    assert row["first_reply_created_at"] == int(demo_sample.NOW.timestamp()) - 8 * 60


async def test_what_is_sent_is_a_liquid_template(site: Site) -> None:
    """As Chatwoot has it: a client that does not neutralise its text loses some of it."""
    chat = await site.tom()
    for sent, stored in {
        "Dear {{ contact.first_name }}, I am {{ agent.name }}.": "Dear Tom, I am Anna Bianchi.",
        "The lamp {{x}} is here": "The lamp  is here",
        "Use `{{ code }}` there": "Use `{{ code }}` there",
        "Half open {{ brace": "Half open {{ brace",
        "{{ '{{' }} kept }}": "{{ kept }}",
        "{% if contact.email %}yes{% endif %}": "yes",
        "Chat {{ conversation.display_id }} at {{ account.name }}": f"Chat {chat} at Casa Verde",
    }.items():
        answer = (await site.agent.post(f"{CHATS}/{chat}/messages", json={"content": sent})).json()
        assert answer["content"] == stored
    incoming = await say(site, "A customer's {{ contact.name }}")
    assert incoming["content"] == "A customer's {{ contact.name }}", "only what goes out is a template"


async def say(site: Site, text: str, email: str = demo_sample.TOM) -> dict[str, Any]:
    contacts = f"/public/api/v1/inboxes/{shop.INBOX_IDENTIFIER}/contacts"
    source = (await site.visitor.post(contacts, json={"name": "Tom Baker", "email": email})).json()["source_id"]
    chats = (await site.visitor.get(f"{contacts}/{source}/conversations")).json()
    return (
        await site.visitor.post(f"{contacts}/{source}/conversations/{chats[-1]['id']}/messages", json={"content": text})
    ).json()


async def test_a_private_note_reaches_no_customer(site: Site) -> None:
    chat = await site.tom()
    note = (await site.agent.post(f"{CHATS}/{chat}/messages", json={"content": "VIP!", "private": True})).json()
    assert note["private"] is True
    assert site.reached == []
    contacts = f"/public/api/v1/inboxes/{shop.INBOX_IDENTIFIER}/contacts"
    source = (await site.visitor.post(contacts, json={"name": "Tom", "email": demo_sample.TOM})).json()["source_id"]
    seen = (await site.visitor.get(f"{contacts}/{source}/conversations/{chat}/messages")).json()
    assert "VIP!" not in str(seen)
    assert (await site.list())[0]["waiting_since"] > 0, "the customer still waits"


async def test_files(site: Site) -> None:
    chat = await site.tom()
    content = b"%PDF\r\n\r\n--\r\n\x00\xff"
    answer = await site.agent.post(
        f"{CHATS}/{chat}/messages",
        data={"content": "Your invoice", "private": "false"},
        files=[("attachments[]", ("fattura n° 1.pdf", content, "application/pdf"))],
    )
    (file,) = answer.json()["attachments"]
    assert answer.json()["content"] == "Your invoice"
    assert (file["file_type"], file["file_size"]) == ("file", len(content))
    fetched = await site.visitor.get(file["data_url"])
    assert fetched.content == content
    assert fetched.headers["content-type"] == "application/pdf"
    assert (await site.messages(chat))[-1]["attachments"] == [file]
    assert (await site.visitor.get("/rails/active_storage/blobs/guessed/x")).status_code == 404


async def test_what_cannot_be_sent(site: Site) -> None:
    chat = await site.tom()
    url = f"{CHATS}/{chat}/messages"
    assert (await site.agent.post(url, json={"content": "  "})).status_code == 422
    long = await site.agent.post(url, json={"content": "x" * 150_001})
    assert (long.status_code, long.json()["attributes"]) == (422, ["content"])
    assert (await site.agent.post(url, json={"content": "x", "message_type": "incoming"})).status_code == 422
    broken = await site.agent.post(url, content=b"{", headers={"content-type": "application/json"})
    assert broken.status_code == 400
    assert len(await site.messages(chat)) == 3


async def test_status_and_snooze(site: Site) -> None:
    chat = await site.tom()
    url = f"{CHATS}/{chat}/toggle_status"
    answer = (await site.agent.post(url, json={"status": "resolved"})).json()["payload"]
    assert answer == {"success": True, "conversation_id": chat, "current_status": "resolved", "snoozed_until": None}
    assert await site.list() == []
    activity = (await site.messages(chat))[-1]
    assert (activity["message_type"], "sender" in activity) == (2, False)
    assert activity["content"] == "Conversation was marked resolved by Anna Bianchi"

    await say(site, "One more thing")
    assert [row["id"] for row in await site.list()] == [chat], "a customer's message opens it again"

    until = int(time.time()) + 3600
    answer = (await site.agent.post(url, json={"status": "snoozed", "snoozed_until": until})).json()["payload"]
    assert answer["current_status"] == "snoozed"
    assert answer["snoozed_until"].startswith(time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(until)))
    assert len(await site.list(status="snoozed")) == 1
    answer = (await site.agent.post(url, json={"status": "snoozed", "snoozed_until": int(time.time()) - 1})).json()[
        "payload"
    ]
    assert len(await site.list(status="open")) == 1, "its time is over"
    answer = (await site.agent.post(url, json={})).json()["payload"]
    assert answer["current_status"] == "resolved", "nothing said: the other one"
    await site.agent.post(url, json={"status": "open"})
    (row,) = await site.list()
    assert row["meta"]["assignee"]["email"] == shop.AGENT_EMAIL, "an agent who opens takes it"
    assert (await site.agent.post(url, json={"status": "closed"})).status_code == 422


async def test_assignment_labels_priority_seen(site: Site) -> None:
    chat = await site.tom()
    one = f"{CHATS}/{chat}"
    agents = {row["email"]: row["id"] for row in (await site.agent.get("/api/v1/accounts/1/agents")).json()}
    answer = (await site.agent.post(f"{one}/assignments", json={"assignee_id": agents[shop.AGENT_EMAIL]})).json()
    assert answer["name"] == shop.AGENT_NAME
    assert len(await site.list(assignee_type="me")) == 1
    assert (await site.agent.post(f"{one}/assignments", json={"assignee_id": None})).json() is None
    assert await site.list(assignee_type="assigned") == []

    assert (await site.agent.post(f"{one}/labels", json={"labels": ["VIP", "returns"]})).json() == {
        "payload": ["vip", "returns"]
    }
    assert (await site.agent.post(f"{one}/labels", json={"labels": ["returns"]})).json() == {"payload": ["returns"]}
    assert (await site.agent.get(f"{one}/labels")).json() == {"payload": ["returns"]}
    assert len(await site.list(**{"labels[]": "returns"})) == 1

    assert (await site.agent.post(f"{one}/toggle_priority", json={"priority": "urgent"})).content == b""
    assert (await site.list())[0]["priority"] == "urgent"
    assert (await site.agent.post(f"{one}/toggle_priority", json={"priority": "odd"})).status_code == 422

    before = (await site.list())[0]
    seen = (await site.agent.post(f"{one}/update_last_seen")).json()
    assert (seen["unread_count"], before["unread_count"]) == (0, 2)
    assert seen["updated_at"] == before["updated_at"], "looking is no change"
    words = [m["content"] for m in await site.messages(chat, after=0) if m["message_type"] == 2]
    assert words == [
        "Anna Bianchi self-assigned this conversation",
        "Conversation unassigned by Anna Bianchi",
        "Anna Bianchi added vip, returns",
        "Anna Bianchi removed vip",
        "Anna Bianchi set the priority to urgent",
    ]
    assert "Anna Bianchi added" not in str(await site.messages(chat, filter_internal_messages=1))


async def test_a_contact(site: Site) -> None:
    sender = (await site.list())[0]["meta"]["sender"]
    contact = (await site.agent.get(f"/api/v1/accounts/1/contacts/{sender['id']}")).json()["payload"]
    assert (contact["email"], contact["name"]) == (demo_sample.TOM, "Tom Baker")
    assert contact["contact_inboxes"][0]["inbox"]["id"] == shop.INBOX
    assert (await site.agent.get("/api/v1/accounts/1/contacts/99")).status_code == 404


async def test_a_visitor_chats(site: Site) -> None:
    contacts = f"/public/api/v1/inboxes/{shop.INBOX_IDENTIFIER}/contacts"
    contact = (await site.visitor.post(contacts, json={"name": "Nina", "email": "nina@x.example"})).json()
    again = (await site.visitor.post(contacts, json={"name": "Nina B.", "email": "NINA@x.example"})).json()
    assert contact["source_id"] == again["source_id"], "one contact an address"
    own = f"{contacts}/{contact['source_id']}/conversations"
    assert (await site.visitor.get(own)).json() == []
    chat = (await site.visitor.post(own)).json()["id"]
    said = (await site.visitor.post(f"{own}/{chat}/messages", json={"content": "Buongiorno <b>!</b>"})).json()
    assert (said["message_type"], said["content"]) == (0, "Buongiorno <b>!</b>")
    assert (await site.list())[0]["meta"]["sender"]["name"] == "Nina"
    await site.agent.post(f"{CHATS}/{chat}/messages", json={"content": "Buongiorno Nina!"})
    assert [m["content"] for m in (await site.visitor.get(f"{own}/{chat}/messages")).json()][-1] == "Buongiorno Nina!"
    tom = await site.tom()
    assert (await site.visitor.get(f"{own}/{tom}/messages")).status_code == 404, "somebody else's chat"
    assert (await site.visitor.get("/public/api/v1/inboxes/other/contacts/x/conversations")).status_code == 404


async def test_everything_survives_a_restart(tmp_path: Path) -> None:
    site = Site(tmp_path / "journal.db", demo_sample.season())
    chat = await site.tom()
    await site.agent.post(f"{CHATS}/{chat}/messages", json={"content": "Yes."})
    await site.agent.post(f"{CHATS}/{chat}/labels", json={"labels": ["stock"]})
    before = await site.messages(chat), await site.list()
    await site.close()
    journal = Journal(tmp_path / "journal.db")
    app = application(ChatApi(Chats(journal), "secret", BASE + "/").routes())
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url=BASE, headers={"api_access_token": "secret"}
    ) as agent:
        after = (
            (await agent.get(f"{CHATS}/{chat}/messages")).json()["payload"],
            (await agent.get(CHATS)).json()["data"]["payload"],
        )
    assert after == before
    journal.close()


async def test_two_at_once_get_ids_of_their_own(site: Site) -> None:
    chat = await site.tom()
    answers = await asyncio.gather(
        *(site.agent.post(f"{CHATS}/{chat}/messages", json={"content": f"n {n}"}) for n in range(20))
    )
    assert len({answer.json()["id"] for answer in answers}) == 20
