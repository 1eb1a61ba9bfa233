"""What we send is what Chatwoot's own description (OpenAPI, release 4.13) allows, but for what it leaves out; and the scripted
server of these tests answers in its shapes, so that we do not test ourselves against our own misreadings alone.
"""

import json

import pytest
from chatwoot_server import NOW, TOKEN, Server, Store
from openapi_core import OpenAPI
from openapi_core.testing import MockRequest, MockResponse
from openapi_core.validation.request.exceptions import RequestValidationError
from openapi_core.validation.response.exceptions import ResponseValidationError

from agentdesk.channels.base import Outcome
from agentdesk.channels.chatwoot import ChatwootChannel
from agentdesk.config import ChatChannelConfig, Secret
from agentdesk.domain.message import Address, Outgoing, OutgoingFile

pytestmark = pytest.mark.shared

# What the description leaves out or has wrong (read in the release's source).
UNDESCRIBED = {
    "update_last_seen": lambda _: True,
    "messages": lambda request: request.headers.get("content-type", "").startswith("multipart/"),
    "toggle_priority": lambda request: (
        json.loads(request.content)["priority"] is None
    ),  # it says "none"; the source takes null
    "assignments": lambda request: json.loads(request.content)["assignee_id"] is None,  # nobody
}
SNOOZED = "'snoozed' is not one of ['open', 'resolved', 'pending']"


def described(request):
    exception = UNDESCRIBED.get(request.url.path.rsplit("/", 1)[1])
    return request.method == "GET" or exception is None or not exception(request)


@pytest.fixture(scope="module")
def description(shared):
    path = shared / "specs" / "chatwoot" / "application_swagger.json"
    if not path.is_file():
        pytest.skip("the description of Chatwoot's API is not in ../shared")
    return OpenAPI.from_dict(json.loads(path.read_text()))


@pytest.fixture(scope="module")
def exchanges():
    """Everything the channel does, once, as (request, status, body)."""
    server, store = Server(), Store()
    for number in range(1, 31):
        server.add_chat(number, f"hello {number}", labels=["gift"])
    server.agent_says(3, "hi")
    config = ChatChannelConfig("chat", "https://app.chatwoot.com", 1, Secret("literal", TOKEN))
    channel = ChatwootChannel(config, TOKEN, store, poll=0.0, transport=server)
    channel.open()
    while not channel.refresh():
        pass
    anna = Address("Anna", "anna@casaverde.example")
    for files in ((), (OutgoingFile("a.png", "image/png", b"x"),)):
        out = Outgoing("<1@x>", anna, (), (), (), "", "Ecco {{ tutto }}", store.chats["3"].last_at, files=files)
        assert channel.send(out, "3").outcome is Outcome.ACCEPTED
    until = "2026-12-01T09:00:00+01:00"
    for status in ("waiting", "open", "closed"):
        channel.perform("status", "3", {"status": status})
    channel.perform("status", "3", {"status": "snoozed", "until": until})
    for priority in ("low", "normal", "high", "urgent"):
        channel.perform("priority", "3", {"priority": priority})
    channel.perform("assign", "3", {"owner": "luca@casaverde.example"})
    channel.perform("assign", "3", {"owner": ""})
    channel.perform("labels", "3", {"add": ["vip"], "remove": ["gift"]})
    channel.perform("note", "3", {"text": "called"})
    channel.perform("seen", "3", {})
    server.customer_says(4, "news")
    channel.refresh()
    channel.close()
    assert server.chats[3]["snoozed_until"] > NOW
    return server.answers


def as_request(request):
    return MockRequest(
        "https://app.chatwoot.com", request.method.lower(), request.url.path, args=dict(request.url.params),
        headers=dict(request.headers), data=request.content or None,
        content_type=request.headers.get("content-type", "application/json"),
    )  # fmt: skip


def test_every_request_is_described(description, exchanges):
    checked = 0
    for request, _, _ in exchanges:
        if described(request):
            try:
                description.validate_request(as_request(request))
            except RequestValidationError as error:
                raise AssertionError(f"{request.method} {request.url}: {error.__cause__ or error}") from None
            checked += 1
    assert checked >= 20


def test_each_exception_is_used(exchanges):
    """One that is not would hide something."""
    left_out = {request.url.path.rsplit("/", 1)[1] for request, _, _ in exchanges if not described(request)}
    assert left_out == set(UNDESCRIBED)


def test_the_scripted_server_answers_as_described(description, exchanges):
    checked = 0
    for request, status, body in exchanges:
        if not described(request) or not body:
            continue
        try:
            description.validate_response(
                as_request(request), MockResponse(body, status_code=status, content_type="application/json")
            )
        except ResponseValidationError as error:
            wrong = [e.message for e in getattr(error.__cause__, "schema_errors", ())]
            if not wrong or set(wrong) != {SNOOZED}:
                raise AssertionError(f"{request.method} {request.url.path}: {wrong or error.__cause__}") from None
        checked += 1
    assert checked >= 20
