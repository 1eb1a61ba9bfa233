"""The chat channel over a real line, against the chat server of the embedded shop, with the template engine behind it."""

import socket
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from chatwoot_server import Kept, Store

from agentdesk.channels.base import ChannelDown, Outcome
from agentdesk.channels.chatwoot import ChatwootChannel
from agentdesk.config import ChatChannelConfig, Secret
from agentdesk.demo import shop
from agentdesk.demo.season_types import ChatLine, Season, SeasonChat
from agentdesk.domain.message import Address, Direction, Outgoing, OutgoingFile
from tests.chat_site import TOKEN, chat_site

BEGAN = datetime.now(UTC) - timedelta(days=2)


def season():
    def chat(name, status, *texts):
        lines = tuple(
            ChatLine(BEGAN + timedelta(minutes=n), "in" if n % 2 == 0 else "out", text) for n, text in enumerate(texts)
        )
        return SeasonChat(name, f"{name.lower()}@mail.example", "it", lines, status)

    chats = (
        chat("Maria", "open", "Buongiorno, il mio pacco?", "Controllo subito", "Grazie"),
        chat("Ugo", "resolved", "Tutto bene, grazie"),
    )
    return Season(mails=(), chats=chats, orders=(), answers=())


@pytest.fixture
def url(tmp_path):
    with chat_site(tmp_path, season()) as address:
        yield address


@pytest.fixture
def store():
    return Store()


@pytest.fixture
def channel(url, store):
    channel = ChatwootChannel(
        ChatChannelConfig("chat", url, shop.ACCOUNT, Secret("literal", TOKEN)), TOKEN, store, poll=0.0
    )
    channel.open()
    while not channel.refresh():
        pass
    yield channel
    channel.close()


def by_name(store, name):
    return next(chat for chat in store.chats.values() if chat.contact.name == name)


def test_a_conversation_from_both_sides(channel, store, url):
    maria = by_name(store, "Maria")
    assert store.texts(maria.id) == ["Buongiorno, il mio pacco?", "Controllo subito", "Grazie"]
    assert (maria.status, maria.contact.email, by_name(store, "Ugo").status) == ("open", "maria@mail.example", "closed")

    text = "Ecco:\n{{ contact.email }} `{{ x }}` {% raw %}\n— Anna"
    outgoing = Outgoing("<1@x>", Address("Anna", ""), (), (), (), "", text, datetime.now(UTC))
    sent = channel.send(outgoing, maria.id)
    assert (sent.outcome, sent.detail) == (Outcome.ACCEPTED, "")
    channel.refresh()
    assert store.messages[maria.id][sent.remote_id].text == text

    picture = OutgoingFile("pacco.png", "image/png", b"\x89PNG\r\n\x1a\n\x00")
    sent = channel.send(
        Outgoing("<2@x>", Address("Anna", ""), (), (), (), "", "foto", datetime.now(UTC), files=(picture,)), maria.id
    )
    channel.refresh()
    ((part, name, kind, size),) = store.messages[maria.id][sent.remote_id].attachments
    assert (name, kind, size) == ("pacco.png", "image/png", len(picture.content))
    kept = Kept()
    assert channel.fetch_attachment(part, 0, "", 0, kept)
    assert kept.content == picture.content

    public = f"{url}/public/api/v1/inboxes/{shop.INBOX_IDENTIFIER}/contacts"
    source = httpx.post(public, json={"email": "maria@mail.example"}).json()["source_id"]
    httpx.post(f"{public}/{source}/conversations/{maria.id}/messages", json={"content": "Perfetto!"})
    channel.refresh()
    newest = max(store.messages[maria.id].values(), key=lambda message: int(message.id))
    assert (newest.text, newest.direction) == ("Perfetto!", Direction.IN)


def test_the_verbs(channel, store):
    maria = by_name(store, "Maria").id
    until = (datetime.now(UTC) + timedelta(hours=2)).replace(microsecond=0)
    channel.perform("labels", maria, {"add": ["VIP", "reso"]})
    channel.perform("labels", maria, {"remove": ["reso"]})
    channel.perform("priority", maria, {"priority": "high"})
    channel.perform("assign", maria, {"owner": shop.AGENT_EMAIL})
    channel.perform("note", maria, {"text": "chiamata {{ due }} volte"})
    channel.perform("status", maria, {"status": "snoozed", "until": until.isoformat()})
    channel.refresh()
    chat = store.chats[maria]
    assert (chat.tags, chat.priority, chat.assignee) == (("vip",), "high", shop.AGENT_EMAIL)
    assert (chat.status, chat.snoozed_until) == ("snoozed", until)
    assert "chiamata {{ due }} volte" in store.texts(maria)
    for status in ("waiting", "closed", "open"):
        channel.perform("status", maria, {"status": status})
        channel.refresh()
        assert store.chats[maria].status == status
    channel.perform("priority", maria, {"priority": "normal"})
    channel.refresh()
    assert store.chats[maria].priority == "normal"


def test_nobody_listens(store):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    channel = ChatwootChannel(
        ChatChannelConfig("chat", f"http://127.0.0.1:{port}", 1, Secret("literal", "t")), "t", store
    )
    with pytest.raises(ChannelDown, match="refused"):
        channel.open()
