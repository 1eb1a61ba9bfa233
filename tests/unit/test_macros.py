"""Macros: snippets with actions only, run on many conversations as one step; and the same actions with a reply."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agentdesk.config import Member
from agentdesk.desk import Desk
from agentdesk.domain.mailbox import ChatContact, ChatConversation, ChatMessage
from agentdesk.domain.message import Address, Direction
from agentdesk.errors import NotFound, Refused, UsageError
from agentdesk.snippets.pack import load_packs
from agentdesk.store.chats import StoredChats
from tests.desks import JAN, MARIA, NOON, Mailbox, desk_config

PACK = """
[pack]
name = "shop"
languages = ["it"]

[[snippet]]
name = "answer"
[snippet.text]
it = "Ciao"

[[snippet]]
name = "all"
title = "Everything"
shortcut = "ev"
actions = { tags = ["VIP", "late"], assign = "luca@casaverde.example", priority = "urgent", snooze = "3d" }

[[snippet]]
name = "chats"
channels = ["chat"]
actions = { close = true }

[[snippet]]
name = "gone"
valid = { until = 2020-01-01 }
actions = { close = true }

[[snippet]]
name = "stranger"
actions = { tags = ["x"], assign = "nobody@elsewhere.example" }
"""


@pytest.fixture
def desk(tmp_path: Path):
    pack = tmp_path / "shop.toml"
    pack.write_text(PACK, "utf-8")
    config = desk_config(tmp_path, packs=(pack,), members=(Member("Luca Verdi", "luca@casaverde.example"),))
    with Desk.open(config) as opened:
        mailbox = Mailbox(opened)
        mailbox.bring("a", "Buonasera, il mio pacco non è arrivato.")
        mailbox.bring("j", "The wrong size came.", sender=JAN, subject="Wrong size", at=NOON + timedelta(minutes=30))
        yield opened


def rows_of(desk: Desk):
    return desk.queue.rows(desk.queue.ids("all"))


def test_a_macro_is_no_answer(desk: Desk) -> None:
    library = desk.answers.library
    assert [str(fault) for fault in library.faults] == []
    assert library.order == ("shop/answer",)
    assert library.macros is not None
    assert library.macros.order == ("shop/all", "shop/chats", "shop/gone", "shop/stranger")
    assert [hit.name for hit in desk.answers.search("")] == ["shop/answer"]
    assert [hit.name for hit in desk.answers.search_macros("everything")] == ["shop/all"]
    with pytest.raises(UsageError, match="macro"):
        desk.answers.fill("shop/all", rows_of(desk)[0].row)
    with pytest.raises(NotFound, match="shop/all"):
        library.find_macro("answer")


def test_all_of_it_is_done_to_all_of_them_and_undone_at_once(desk: Desk) -> None:
    before = rows_of(desk)
    words = desk.macros.run("ev", [row.row for row in before])
    assert re.fullmatch(r"2: snoozed until \S+ \S+, to Luca Verdi, priority urgent, \+late, \+vip", words)
    after = rows_of(desk)
    assert {(row.tags, row.assignee, row.priority, row.status) for row in after} == {
        (("late", "vip"), "luca@casaverde.example", "urgent", "snoozed")
    }
    assert all(row.snoozed_until for row in after)
    assert "2: snoozed" in (desk.work.undo() or "")
    assert rows_of(desk) == before
    assert desk.work.undo() is None, "it was one step"


def test_a_plan_says_what_would_change_and_changes_nothing(desk: Desk) -> None:
    second, first = rows_of(desk)
    desk.work.tag([first.row], ["vip"])
    before = rows_of(desk)
    plan = desk.macros.plan("all", [first.row, second.row, first.row])
    assert [change.who for change in plan.changes] == ["Maria Rossi", "Jan de Vries"]
    assert plan.changes[0].does[1:] == ("to Luca Verdi", "priority urgent", "+late"), "it has the other tag already"
    assert plan.changes[1].does[-2:] == ("+late", "+vip")
    assert rows_of(desk) == before


def test_what_is_not_for_a_conversation_leaves_it_alone(desk: Desk) -> None:
    rows = [row.row for row in rows_of(desk)]
    for name in ("chats", "gone"):
        with pytest.raises(Refused):
            desk.macros.run(name, rows)
    assert {row.status for row in rows_of(desk)} == {"open"}
    assert desk.macros.plan("chats", rows).changes[0].refused == "only for chat"


def test_chats_and_mail_in_one_go(desk: Desk) -> None:
    """A chat keeps its own status and labels: it is asked to, and shows them at once; undo takes back both."""
    desk.database.write(lambda tx: tx.execute("INSERT INTO channel (name, kind) VALUES ('chat', 'chatwoot')"))
    contact = ChatContact("7", "Giulia Conti", "giulia@posta.example", "", email_proven=True)
    said = ChatMessage("1", Direction.IN, Address("", ""), datetime.now(UTC) - timedelta(minutes=5), "Dov'è il mio ordine?")
    StoredChats(desk.database, "chat", desk.rules).merge([ChatConversation("12", contact, messages=(said,), status="open")])
    rows = [row.row for row in rows_of(desk)]
    before = rows_of(desk)
    desk.macros.run("all", rows)
    assert {(row.status, row.priority, "vip" in row.tags) for row in rows_of(desk)} == {("snoozed", "urgent", True)}
    verbs = {json.loads(job["data"])["verb"] for job in desk.database.all("SELECT data FROM job WHERE kind = 'action'")}
    assert verbs == {"assign", "labels", "priority", "status"}
    desk.work.undo()
    assert [(row.status, row.priority, row.tags, row.assignee) for row in rows_of(desk)] == [
        (row.status, row.priority, row.tags, row.assignee) for row in before
    ]
    assert desk.macros.run("chats", rows) == "closed · 2 left as they are: not for them"
    assert {row.kind: row.status for row in rows_of(desk)} == {"imap": "open", "chatwoot": "closed"}


def test_a_stranger_costs_nothing(desk: Desk) -> None:
    """Assigned to somebody who isn't here: nothing of it is done to anybody."""
    before = rows_of(desk)
    with pytest.raises(Refused, match=r"nobody@elsewhere\.example"):
        desk.macros.run("stranger", [row.row for row in before])
    assert rows_of(desk) == before
    assert desk.work.undo() is None


def test_the_same_actions_go_with_a_reply_as_one_step(desk: Desk) -> None:
    before = next(row for row in rows_of(desk) if row.customer_address == MARIA.address)
    draft = desk.writing.draft(before.row)
    draft.text, draft.actions = "Arriva domani.", {"tags": ["late"], "assign": "luca@casaverde.example", "priority": "high", "close": True}
    desk.writing.send(draft)
    after = desk.queue.row(before.row)
    assert after is not None
    assert (after.tags, after.assignee, after.priority, after.status) == (("late",), "luca@casaverde.example", "high", "closed")
    desk.work.undo()
    back = desk.queue.row(before.row)
    assert back is not None
    assert (back.tags, back.assignee, back.priority, back.status, back.unread) == ((), "", "normal", "open", before.unread)
    assert desk.writing.outbox() == ()


def test_a_macro_lacks_no_language(desk: Desk) -> None:
    assert all("not in" not in hit.why for row in rows_of(desk) for hit in desk.answers.search_macros("", row.row))


def test_used_ones_come_first(desk: Desk) -> None:
    rows = [row.row for row in rows_of(desk)]
    desk.macros.run("all", rows)
    hit = desk.answers.search_macros("", rows[0])[0]
    assert (hit.name, "used 1×" in hit.why) == ("shop/all", True)


@pytest.mark.parametrize(
    ("table", "code"),
    [
        ("actions = {}", "missing"),
        ("actions = { close = 1 }", "wrong-type"),
        ("actions = { archive = true, close = true }", "unknown-key"),
        ('actions = { close = true }\n[snippet.subject]\nit = "x"', "missing"),
        ('actions = { close = true }\n[snippet.text]\nit = ""', "empty"),
        ('actions = { close = true }\nask = [{ name = "days" }]', "unused-ask"),
    ],
)
def test_what_is_wrong_with_a_macro_is_told(tmp_path: Path, table: str, code: str) -> None:
    file = tmp_path / "p.toml"
    file.write_text(f'[pack]\nname = "p"\n[[snippet]]\nname = "m"\n{table}\n', "utf-8")
    library = load_packs([file])
    assert code in {fault.code for fault in library.faults}
    assert library.macros is not None
    assert bool(library.macros.order) is (code in {"unknown-key", "unused-ask"})


def test_the_starter_macros_can_be_run_as_they_are() -> None:
    library = load_packs([Path(__file__).parents[2] / "snippets"]).macros
    assert library is not None
    assert len(library.order) >= 8
    for macro in library.snippets.values():
        assert macro.pack == "macros"
        assert macro.actions.get("assign", "me") == "me", "who works in a shop is not ours to say"
        assert len(macro.title) <= 60
        assert macro.shortcut
