"""Chats as they land in the store, the verbs a chat keeps itself, undo, and replies that come back by polling."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agentdesk.channels.base import Attempt, Outcome
from agentdesk.desk import Desk
from agentdesk.domain.conversation import MessageState as S
from agentdesk.domain.conversation import Priority
from agentdesk.domain.mailbox import ChatContact, ChatConversation, ChatMessage
from agentdesk.domain.message import Address, Direction
from agentdesk.engine.delivery import Delivery
from agentdesk.errors import Refused
from agentdesk.store import jobs, outbox
from agentdesk.store.chats import StoredChats
from tests.desks import MARIA, Mailbox, desk_config
from tests.unit.test_engine_delivery import ScriptedSender

GIULIA = ChatContact("7", "Giulia Conti", "giulia@posta.example", "+39 347 1234567", email_proven=True)
BEGAN = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=10)


def said(number: int, text: str, direction: Direction = Direction.IN, minutes: float = 0.0, **more: object) -> ChatMessage:
    sender = Address("Anna Bianchi", "anna@casaverde.example") if direction is not Direction.IN else Address("", "")
    return ChatMessage(str(number), direction, sender, BEGAN + timedelta(minutes=minutes), text, **more)  # type: ignore[arg-type]


def chat(*messages: ChatMessage, number: str = "12", **more: object) -> ChatConversation:
    fields: dict[str, object] = {"status": "open", "unread": 1, **more}
    return ChatConversation(number, GIULIA, messages=messages, **fields)  # type: ignore[arg-type]


@pytest.fixture
def desk(tmp_path: Path):
    with Desk.open(desk_config(tmp_path)) as opened:
        opened.database.write(lambda tx: tx.execute("INSERT INTO channel (name, kind) VALUES ('chat', 'chatwoot')"))
        yield opened


@pytest.fixture
def store(desk: Desk) -> StoredChats:
    return StoredChats(desk.database, "chat", desk.rules)


@pytest.fixture
def row(desk: Desk, store: StoredChats) -> int:
    store.merge([chat(said(1, "Buongiorno, dov'è il mio ordine 10245?"))])
    return desk.queue.ids("all")[0]


def actions(desk: Desk) -> list[dict[str, object]]:
    return [json.loads(r["data"]) for r in desk.database.all("SELECT data FROM job WHERE kind = 'action' ORDER BY id")]


def done(desk: Desk) -> None:
    """The chat was told everything."""
    desk.database.write(lambda tx: tx.execute("DELETE FROM job"))


def send(desk: Desk, row: int, text: str = "Arriva domani.", **how) -> int:
    draft = desk.writing.draft(row)
    draft.text = text
    return desk.writing.send(desk.writing.save(draft), **how)


def deliver(desk: Desk, *outcomes: Attempt | Exception) -> ScriptedSender:
    sender = ScriptedSender(*outcomes)
    Delivery(
        desk.config, "chat", sender, desk.database, desk.blobs, desk.rules, accepted=lambda: None, refused=lambda _: None
    ).run_due()
    return sender


def texts(desk: Desk, row: int) -> list[str | None]:
    return [item.text for item in desk.reading.thread(row)]


# -- what comes in


def test_a_chat_becomes_a_conversation_of_the_same_queue(desk: Desk, row: int) -> None:
    shown = desk.queue.row(row)
    assert (shown.kind, shown.customer_name, shown.unread, shown.messages) == ("chatwoot", "Giulia Conti", 1, 1)
    assert shown.waiting_since == BEGAN
    assert shown.due_at == BEGAN + timedelta(minutes=1)
    assert desk.queue.find("12") == row
    assert desk.queue.next_chat() == row


def test_merging_again_doubles_nothing(desk: Desk, store: StoredChats, row: int) -> None:
    store.merge([chat(said(1, "Buongiorno, dov'è il mio ordine 10245?")), chat(said(2, "Pronto?", minutes=1))])
    assert desk.queue.row(row).messages == 2
    assert store.last_message("12") == "2"


def test_the_newest_message_is_the_highest_id_whatever_the_clocks_say(desk: Desk, store: StoredChats, row: int) -> None:
    store.merge([chat(said(9, "nine", minutes=2), said(10, "ten", minutes=1))])
    assert store.last_message("12") == "10"
    assert store.last_message("99") == ""


def test_a_greeting_of_the_chat_itself_is_no_answer(desk: Desk, store: StoredChats, row: int) -> None:
    store.merge([chat(said(2, "We reply within a few hours", Direction.OUT, 0.1, automatic=True))])
    assert desk.queue.row(row).waiting_since == BEGAN
    assert desk.queue.next_chat() == row
    sent = send(desk, row)
    store.merge([chat(said(3, "How did we do?", Direction.OUT, 0.2, automatic=True))])
    deliver(desk, Attempt(Outcome.ACCEPTED, remote_id="4"))
    assert desk.writing.state(sent) is S.FILED


def test_status_assignee_labels_and_priority_are_the_chats_own(desk: Desk, store: StoredChats, row: int) -> None:
    until = datetime.now(UTC) + timedelta(hours=2)
    store.merge([chat(status="snoozed", assignee="luca@casaverde.example", tags=("vip",), priority="high", snoozed_until=until)])
    shown = desk.queue.row(row)
    assert (shown.status, shown.assignee, shown.tags, shown.priority) == ("snoozed", "luca@casaverde.example", ("vip",), "high")
    store.merge([chat(said(2, "Allora?", minutes=5))])
    shown = desk.queue.row(row)
    assert (shown.status, shown.tags, shown.waiting_since) == ("open", (), BEGAN)


def test_a_chat_and_a_mail_of_the_same_person_have_one_history(desk: Desk, row: int) -> None:
    Mailbox(desk).bring("a", "Buongiorno", sender=Address("Giulia", GIULIA.email))
    assert [r.kind for r in desk.reading.panel(row).history] == ["imap"]


# -- the verbs


@pytest.mark.parametrize(
    ("do", "column", "there", "back"),
    [
        (lambda w, r: w.close(r), "status", {"verb": "status", "status": "closed"}, {"verb": "status", "status": "open"}),
        (lambda w, r: w.claim(r), "assignee", {"verb": "assign", "owner": "anna@casaverde.example"}, {"verb": "assign", "owner": ""}),
        (lambda w, r: w.priority(r, Priority.HIGH), "priority", {"verb": "priority", "priority": "high"},
         {"verb": "priority", "priority": "normal"}),
        (lambda w, r: w.tag(r, ["vip"]), "tags", {"verb": "labels", "add": ["vip"], "remove": []},
         {"verb": "labels", "add": [], "remove": ["vip"]}),
    ],
)  # fmt: skip
def test_a_verb_shows_at_once_is_told_to_the_chat_and_can_be_undone(desk: Desk, row: int, do, column, there, back) -> None:
    before = getattr(desk.queue.row(row), column)
    do(desk.work, [row])
    assert getattr(desk.queue.row(row), column) != before
    assert there in actions(desk)
    desk.work.undo()
    assert getattr(desk.queue.row(row), column) == before
    assert actions(desk)[-1] == back


def test_until_the_chat_was_told_its_old_state_is_no_news(desk: Desk, store: StoredChats, row: int) -> None:
    desk.work.close([row])
    store.merge([chat(said(2, "Ancora una cosa", minutes=1))])
    assert desk.queue.row(row).status == "closed"
    assert desk.queue.row(row).messages == 2
    done(desk)
    store.merge([chat()])
    assert desk.queue.row(row).status == "open"


def test_what_the_chat_refused_is_shown_as_not_done(desk: Desk, store: StoredChats, row: int) -> None:
    desk.work.close([row])
    (job,) = [job for job in jobs.due(desk.database, "chat") if job.data["verb"] == "status"]
    jobs.failed(desk.database, job, "no")
    desk.database.write(lambda tx: tx.execute("DELETE FROM job WHERE id != ?", (job.id,)))
    store.merge([chat()])
    assert desk.queue.row(row).status == "open"


def test_undo_does_not_take_a_chat_from_a_colleague(desk: Desk, store: StoredChats, row: int) -> None:
    desk.work.claim([row])
    done(desk)
    store.merge([chat(assignee="luca@casaverde.example")])
    desk.work.undo()
    assert desk.queue.row(row).assignee == "luca@casaverde.example"
    assert actions(desk) == []


def test_labels_undone_give_back_only_their_own(desk: Desk, store: StoredChats, row: int) -> None:
    store.merge([chat(tags=("vip",))])
    desk.work.tag([row], ["vip", "late"])
    desk.work.undo()
    assert desk.queue.row(row).tags == ("vip",)


def test_a_note_not_yet_told_can_be_taken_back_and_later_it_is_too_late(desk: Desk, row: int) -> None:
    desk.work.tag([row], ["vip"])
    desk.work.note([row], "Cliente abituale")
    desk.work.undo()
    assert [a["verb"] for a in actions(desk)] == ["labels"]
    desk.work.note([row], "Cliente abituale")
    job = jobs.due(desk.database, "chat")[-1]
    jobs.begin(desk.database, job)
    assert "too late" in (desk.work.undo() or "")
    assert desk.queue.row(row).tags == ("vip",), "what came before it is not undone instead"


def test_a_chat_is_no_spam(desk: Desk, row: int) -> None:
    with pytest.raises(Refused):
        desk.work.spam([row], True)


# -- replies


def test_a_reply_is_there_once_also_when_it_comes_back_by_polling(desk: Desk, store: StoredChats, row: int) -> None:
    sent = send(desk, row)
    assert desk.writing.state(sent) is S.QUEUED, "no hold for chats"
    deliver(desk, Attempt(Outcome.ACCEPTED, remote_id="2"))
    assert desk.writing.state(sent) is S.FILED
    store.merge([chat(said(2, "Arriva domani.", Direction.OUT, 9, state="delivered"))])
    assert texts(desk, row) == ["Buongiorno, dov'è il mio ordine 10245?", "Arriva domani."]
    assert desk.reading.thread(row)[-1].state == "delivered"
    assert desk.queue.row(row).waiting_since is None


def test_the_chats_clock_says_who_waits(desk: Desk, store: StoredChats, row: int) -> None:
    """Our clock is fast: the customer's next message seems to be older than our answer, until the chat says when that was."""
    send(desk, row)
    deliver(desk, Attempt(Outcome.ACCEPTED, remote_id="2"))
    store.merge([chat(said(2, "Arriva domani.", Direction.OUT, 1), said(3, "A che ora?", minutes=2))])
    assert desk.queue.row(row).waiting_since == BEGAN + timedelta(minutes=2)


def test_a_chat_reply_of_unknown_outcome_that_turns_up_is_never_sent_again(desk: Desk, store: StoredChats, row: int) -> None:
    sent = send(desk, row, "Arriva domani.\n\nSaluti")
    deliver(desk, Attempt(Outcome.UNKNOWN, "line lost"))
    assert desk.writing.state(sent) is S.UNKNOWN
    now = (datetime.now(UTC) - BEGAN).total_seconds() / 60
    store.merge([chat(said(2, "Arriva domani.\r\n\r\nSaluti ", Direction.OUT, now))])
    assert desk.writing.state(sent) is S.FILED
    assert len(texts(desk, row)) == 2
    with pytest.raises(Refused):
        desk.writing.send_anyway(sent)


def test_an_older_message_with_the_same_words_proves_nothing(desk: Desk, store: StoredChats, row: int) -> None:
    sent = send(desk, row, "Un momento")
    deliver(desk, Attempt(Outcome.UNKNOWN))
    store.merge([chat(said(2, "Un momento", Direction.OUT, 1), said(3, "Another one", Direction.OUT, 10))])
    assert desk.writing.state(sent) is S.UNKNOWN


def test_a_crash_while_posting_is_settled_by_what_the_chat_shows(desk: Desk, store: StoredChats, row: int) -> None:
    sent = send(desk, row)
    desk.database.write(lambda tx: outbox.move(tx, sent, S.SENDING, expect=(S.QUEUED,)))
    desk.database.write(outbox.recover)
    store.merge([chat(said(2, "Arriva domani.", Direction.OUT, 10))])
    assert desk.writing.state(sent) is S.FILED


def test_a_reply_marked_as_sent_waits_for_no_copy_and_shows_once(desk: Desk, store: StoredChats, row: int) -> None:
    sent = send(desk, row)
    deliver(desk, Attempt(Outcome.UNKNOWN))
    desk.writing.mark_sent(sent)
    assert desk.writing.state(sent) is S.FILED
    store.merge([chat(said(2, "Arriva domani.", Direction.OUT, 10))])
    assert texts(desk, row).count("Arriva domani.") == 1


def test_our_own_note_is_no_news_that_stops_a_reply(desk: Desk, store: StoredChats, row: int) -> None:
    sent = send(desk, row)
    store.merge([chat(said(2, "nota interna", Direction.NOTE, 10))])
    deliver(desk, Attempt(Outcome.ACCEPTED, remote_id="3"))
    assert desk.writing.state(sent) is S.FILED


def test_a_colleagues_answer_stops_a_reply(desk: Desk, store: StoredChats, row: int) -> None:
    sent = send(desk, row)
    store.merge([chat(said(2, "Ci penso io", Direction.OUT, 10))])
    assert deliver(desk).sent == []
    assert desk.writing.state(sent) is S.CONFLICT


def test_a_chat_that_takes_no_replies_says_so(desk: Desk, store: StoredChats, row: int) -> None:
    store.merge([chat(can_reply=False)])
    with pytest.raises(Refused):
        send(desk, row)
    assert [d.text for d in desk.writing.drafts()] == ["Arriva domani."]


def test_what_a_snippet_does_is_done_to_a_chat_too(desk: Desk, row: int) -> None:
    draft = desk.writing.draft(row)
    draft.text, draft.actions = "Arriva domani.", {"tags": ["shipping"], "priority": "low", "close": True}
    desk.writing.send(desk.writing.save(draft))
    shown = desk.queue.row(row)
    assert (shown.tags, shown.priority, shown.status) == (("shipping",), "low", "closed")


def test_a_reply_to_a_customer_known_by_mail_stays_in_the_chat(desk: Desk, row: int) -> None:
    Mailbox(desk).bring("a", "Ciao", sender=MARIA)
    send(desk, row)
    assert len(deliver(desk, Attempt(Outcome.ACCEPTED, remote_id="2")).sent) == 1
