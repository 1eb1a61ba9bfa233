"""The chat's answers against Chatwoot's own OpenAPI description (4.13.0), both APIs.

The description has few required keys and lacks some of what Chatwoot does (update_last_seen, files, the status "snoozed"):
those are left to test_demo_chat.py.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import demo_sample
import httpx
import pytest
from openapi_core import OpenAPI
from openapi_core.testing import MockRequest, MockResponse

from agentdesk.demo import shop
from agentdesk.demo.chat import Chats
from agentdesk.demo.chat_api import ChatApi
from agentdesk.demo.customer_page import application
from agentdesk.demo.journal import Journal
from agentdesk.demo.server import fill_journal

pytestmark = pytest.mark.shared
BASE = "http://127.0.0.1:9"
CHATS = "/api/v1/accounts/1/conversations"


@pytest.fixture(scope="module")
def spec(shared: Path) -> OpenAPI:
    return OpenAPI.from_file_path(str(shared / "specs" / "chatwoot" / "swagger-4.13.0.json"))


@pytest.fixture
async def site(tmp_path: Path, spec: OpenAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client whose every request and answer is checked."""
    journal: Journal = fill_journal(tmp_path / "journal.db", demo_sample.season(), seed=1)
    app = application(ChatApi(Chats(journal), "secret", BASE + "/").routes())

    async def check(response: httpx.Response) -> None:
        await response.aread()
        request = response.request
        asked = MockRequest(
            "https://app.chatwoot.com",
            request.method.lower(),
            request.url.path,
            args=dict(request.url.params),
            headers=dict(request.headers),
            data=request.content or None,
            content_type=request.headers.get("content-type", "application/json"),
        )
        answered = MockResponse(
            response.content, response.status_code, dict(response.headers), response.headers.get("content-type", "")
        )
        spec.validate_request(asked)
        spec.validate_response(asked, answered)

    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url=BASE,
        headers={"api_access_token": "secret"},
        event_hooks={"response": [check]},
    ) as client:
        yield client
    journal.close()


async def test_the_agents_side(site: httpx.AsyncClient) -> None:
    await site.get("/api/v1/profile")
    row = (await site.get(CHATS, params={"status": "all"})).json()["data"]["payload"][0]
    one = f"{CHATS}/{row['id']}"
    await site.get(one)
    await site.get(f"{one}/messages")
    await site.post(f"{one}/messages", json={"content": "Hello", "private": False})
    await site.post(f"{one}/assignments", json={"assignee_id": 1})
    await site.post(f"{one}/labels", json={"labels": ["vip"]})
    await site.get(f"{one}/labels")
    await site.post(f"{one}/toggle_priority", json={"priority": "high"})
    await site.post(f"{one}/toggle_status", json={"status": "resolved"})
    await site.post(f"{one}/toggle_typing_status", json={"typing_status": "on"})
    await site.get(f"{one}/messages")
    await site.get(CHATS, params={"status": "all", "assignee_type": "me"})
    await site.get(f"/api/v1/accounts/1/contacts/{row['meta']['sender']['id']}")
    await site.get("/api/v1/accounts/1/agents")
    canned = "/api/v1/accounts/1/canned_responses"
    assert len((await site.get(canned)).json()) == 3
    made = (await site.post(canned, json={"short_code": "new", "content": "Hi {{contact.name}}"})).json()
    assert (await site.patch(f"{canned}/{made['id']}", json={"content": "Hello"})).json()["short_code"] == "new"
    assert [one["content"] for one in (await site.get(canned)).json()][-1] == "Hello"


async def test_the_customers_side(site: httpx.AsyncClient) -> None:
    contacts = f"/public/api/v1/inboxes/{shop.INBOX_IDENTIFIER}/contacts"
    source = (await site.post(contacts, json={"name": "Nina", "email": "nina@x.example"})).json()["source_id"]
    chat = (await site.post(f"{contacts}/{source}/conversations", json={})).json()["id"]
    await site.get(f"{contacts}/{source}/conversations")
    await site.get(f"{contacts}/{source}/conversations/{chat}")
    await site.post(f"{contacts}/{source}/conversations/{chat}/messages", json={"content": "Hi"})
    await site.get(f"{contacts}/{source}/conversations/{chat}/messages")
