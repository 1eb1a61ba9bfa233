"""The desk's own channels on the embedded shop: what the demo lives on, without a screen."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import demo_sample
import httpx
import pytest
from demo_fixtures import fill, is_clean, started, until
from memory_store import MemoryStore

from agentdesk import config
from agentdesk.channels.base import Outcome
from agentdesk.channels.chatwoot.channel import ChatwootChannel
from agentdesk.channels.imap.channel import ImapChannel
from agentdesk.channels.smtp import SmtpSender
from agentdesk.config import ChatChannelConfig, MailChannelConfig
from agentdesk.demo import shop
from agentdesk.demo.launch import Demo
from agentdesk.domain.mailbox import ChatConversation, ChatMessage
from agentdesk.domain.message import Address, Outgoing, OutgoingFile


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    fill(tmp_path)
    demo = started(tmp_path)
    yield demo
    demo.close()
    is_clean(tmp_path)


def outgoing(text: str, *files: OutgoingFile) -> Outgoing:
    return Outgoing(
        message_id="<ours-1@casaverde.example>",
        sender=Address("Casa Verde", shop.SUPPORT),
        to=(Address("Giulia Conti", demo_sample.GIULIA),),
        cc=(),
        bcc=(),
        subject="Re: Terzo",
        text=text,
        date=datetime.now(UTC),
        in_reply_to="<sample-3@posta.example>",
        references=("<sample-3@posta.example>",),
        files=files,
    )


@pytest.fixture
def mail(demo: Demo) -> Iterator[tuple[ImapChannel, MemoryStore, MailChannelConfig]]:
    chosen = config.load(demo.folder, demo.folder / "state").channel("support")
    assert isinstance(chosen, MailChannelConfig)
    store = MemoryStore()
    channel = ImapChannel(chosen, demo.access.password, store)
    channel.open()
    bring_in(channel)
    yield channel, store, chosen
    channel.close()


def bring_in(channel: ImapChannel | ChatwootChannel) -> None:
    while not channel.refresh():
        pass


def subjects(store: MemoryStore) -> set[str]:
    return {stored.envelope.subject for stored in store.rows.values()}


def test_the_mailbox_is_brought_in_with_its_texts(mail: tuple[ImapChannel, MemoryStore, MailChannelConfig]) -> None:
    _, store, _ = mail
    assert subjects(store) == {"Primo", "Re: Primo", "Terzo", "Alt"}
    texts = [stored.body.text for stored in store.rows.values() if stored.body is not None]
    assert len(texts) == 4
    assert all("dov'è il mio pacco?" in text for text in texts)


def test_a_reply_goes_out_is_filed_and_answered(
    demo: Demo, mail: tuple[ImapChannel, MemoryStore, MailChannelConfig]
) -> None:
    channel, store, chosen = mail
    attempt = SmtpSender(chosen, demo.access.password).send(outgoing("Gentile Giulia, è partito.\n"), "")
    assert attempt.outcome is Outcome.ACCEPTED
    (sent,) = httpx.get(f"{demo.page}demo/outside").json()
    assert (sent["message_id"], sent["count"]) == ("<ours-1@casaverde.example>", 1)
    assert not channel.is_filed("<ours-1@casaverde.example>")
    channel.file(b"From: s@c.example\r\nMessage-ID: <ours-1@casaverde.example>\r\n\r\nx\r\n", datetime.now(UTC))
    assert channel.is_filed("<ours-1@casaverde.example>")

    def answered() -> bool:
        channel.wait(1)  # the answer may come after INBOX was entered again: only listening hears of it then
        bring_in(channel)
        return len(store.rows) == 6

    until(answered)
    answer = next(
        stored for stored in store.rows.values() if stored.envelope.in_reply_to == "<ours-1@casaverde.example>"
    )
    bring_in(channel)
    assert answer.body is not None
    assert answer.body.text.strip() == "Grazie mille, aspetto allora.", "the quote is folded away"
    assert [file.name for file in answer.body.attachments] == ["pacco.jpg"]


def test_new_mail_ends_the_wait(demo: Demo, mail: tuple[ImapChannel, MemoryStore, MailChannelConfig]) -> None:
    channel, store, _ = mail
    fields = {"name": "Neu", "address": "neu@post.example", "subject": "Hallo", "text": "Guten Tag"}
    timer = threading.Timer(0.2, lambda: httpx.post(f"{demo.page}demo/mail", json=fields))
    timer.start()

    def arrived() -> bool:
        channel.wait(10)
        bring_in(channel)
        return "Hallo" in subjects(store)

    until(arrived, 5)
    timer.join()


def test_moves_and_flags_reach_the_server(mail: tuple[ImapChannel, MemoryStore, MailChannelConfig]) -> None:
    channel, store, _ = mail
    row = next(row for row, stored in store.rows.items() if stored.envelope.subject == "Terzo")
    channel.set_seen(row, seen=True)
    channel.move(row, "junk")
    bring_in(channel)
    assert [place for place, (known, _) in store.at.items() if known == row] == [("Junk", 1)]
    raw: list[bytes] = []
    channel.fetch_raw(row, 0, lambda piece, _total: raw.append(piece) is None)
    assert message_from_bytes(b"".join(raw), policy=default)["Subject"] == "Terzo"


class ChatMemory:
    """A ChatStore."""

    def __init__(self) -> None:
        self.kept = ""
        self.chats: dict[str, ChatConversation] = {}
        self.messages: dict[str, dict[str, ChatMessage]] = {}

    def cursor(self) -> str:
        return self.kept

    def save_cursor(self, cursor: str) -> None:
        self.kept = cursor

    def last_message(self, conversation: str) -> str:
        return max(self.messages.get(conversation, ()), key=int, default="")

    def merge(self, conversations: list[ChatConversation]) -> None:
        for chat in conversations:
            self.chats[chat.id] = chat
            self.messages.setdefault(chat.id, {}).update({message.id: message for message in chat.messages})

    def texts(self, chat: str) -> list[str]:
        return [message.text for message in sorted(self.messages[chat].values(), key=lambda m: int(m.id))]


@pytest.fixture
def chat(demo: Demo) -> Iterator[tuple[ChatwootChannel, ChatMemory]]:
    chosen = config.load(demo.folder, demo.folder / "state").channel("chat")
    assert isinstance(chosen, ChatChannelConfig)
    store = ChatMemory()
    channel = ChatwootChannel(chosen, demo.access.token, store, poll=0.05)
    channel.open()
    bring_in(channel)
    yield channel, store
    channel.close()


def test_chats_come_in_and_are_answered(chat: tuple[ChatwootChannel, ChatMemory]) -> None:
    channel, store = chat
    tom = next(key for key, found in store.chats.items() if found.contact.name == "Tom Baker")
    assert store.texts(tom) == ["Hi, is the blue one in stock?", "Let me look.", "Thanks!"]
    assert {found.status for found in store.chats.values()} == {"open", "closed"}
    text = "Literally {{ contact.name }} {% if %} `code {{x}}` and }}"
    file = OutgoingFile("foto.png", "image/png", b"\x89PNG\r\n\r\n--\x00")
    attempt = channel.send(outgoing(text, file), tom)
    assert attempt.outcome is Outcome.ACCEPTED
    assert attempt.detail == "", "nothing of the text was lost in the server's templates"

    def answered() -> bool:
        bring_in(channel)
        channel.wait(0.05)
        return "Great, thank you!" in store.texts(tom)

    until(answered)
    ours = store.messages[tom][attempt.remote_id]
    assert ours.text == text
    assert [name for _, name, _, _ in ours.attachments] == ["foto.png"]


def test_the_verbs_a_chat_keeps_itself(chat: tuple[ChatwootChannel, ChatMemory]) -> None:
    channel, store = chat
    tom = next(key for key, found in store.chats.items() if found.contact.name == "Tom Baker")
    channel.perform("assign", tom, {"owner": shop.AGENT_EMAIL})
    channel.perform("labels", tom, {"add": ["vip"], "remove": []})
    channel.perform("priority", tom, {"priority": "urgent"})
    channel.perform("note", tom, {"text": "Called him."})
    channel.perform("status", tom, {"status": "snoozed", "until": datetime.now(UTC) + timedelta(hours=1)})
    channel.perform("seen", tom, {})

    def known() -> bool:
        bring_in(channel)
        channel.wait(0.05)
        return store.chats[tom].status == "snoozed"

    until(known)
    found = store.chats[tom]
    assert (found.assignee, found.tags, str(found.priority)) == (shop.AGENT_EMAIL, ("vip",), "urgent")
    assert found.snoozed_until is not None
    assert "Called him." in store.texts(tom)
