"""list, show, views, lookup, outbox: data on stdout, and what scripts may rely on."""

import re
from datetime import datetime

import pytest

from agentdesk.domain.message import Address
from tests.desks import Mailbox

LIST_FIELDS = {
    "id", "channel", "kind", "subject", "customer", "status", "assignee", "tags", "priority", "unread", "last_at", "due_at", "preview",
    "messages",
}  # fmt: skip
ITEM_FIELDS = {"id", "message_id", "direction", "from", "to", "cc", "at", "text", "quoted", "html", "attachments", "state"}
ORDER_FIELDS = {"number", "status", "placed_at", "total", "currency", "items", "shipments", "refunds"}


def by_subject(world, *argv):
    return {c["subject"]: c for c in world.run("list", "--json", *argv).json["conversations"]}


def test_list_has_the_promised_fields(world):
    outcome = world.run("list", "--json")
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.json["schema"] == 1
    found = {c["subject"]: c for c in outcome.json["conversations"]}
    assert set(found) == {"Order 10245", "Broken", "Later"}
    maria = found["Order 10245"]
    assert set(maria) >= LIST_FIELDS
    assert maria["customer"] == {"name": "Maria Rossi", "address": "maria.rossi@posta.example"}
    assert (maria["channel"], maria["kind"], maria["status"], maria["assignee"]) == ("support", "imap", "open", "")
    assert (maria["tags"], maria["priority"], maria["unread"], maria["messages"]) == ([], "normal", 2, 2)
    assert re.fullmatch(r"[a-z0-9]{8}", maria["id"])
    for moment in (maria["last_at"], maria["due_at"]):
        assert datetime.fromisoformat(moment).utcoffset() is not None
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0[12]:00", moment)


def test_list_by_view_query_and_limit(world):
    assert [c["subject"] for c in world.run("list", "--json", "--view", "late").json["conversations"]] == ["Order 10245"]
    assert set(by_subject(world, "--query", "from:jan")) == {"Broken"}
    assert set(by_subject(world, "--query", "news")) == {"Order 10245"}
    assert len(world.ids("--limit", "1")) == 1
    assert len(world.ids("--limit", "0")) == 3
    assert world.ids("--view", "closed") == []
    wrong = world.run("list", "--view", "nope")
    assert (wrong.status, wrong.out) == (2, "")
    assert "VIP" in wrong.err
    assert world.run("list", "--query", "is:nope").status == 2
    assert world.run("list", "--limit", "-1").status == 2


def test_list_as_text_is_aligned_and_clean(world):
    lines = world.run("list").out.splitlines()
    assert len(lines) == 3
    assert all(line.isprintable() for line in lines)
    late = next(line for line in lines if "10245" in line)
    assert "late" in late
    starts = {next(m.start() for m in re.finditer(r"\d{4}-\d\d-\d\d", line)) for line in lines}
    assert starts == {10}


def test_list_fits_the_terminal(world):
    world.monkeypatch.setenv("COLUMNS", "60")
    lines = world.run("list").out.splitlines()
    assert all(len(line) <= 60 for line in lines)
    world.monkeypatch.setenv("COLUMNS", "200")
    assert any(len(line) > 60 for line in world.run("list").out.splitlines())


def test_an_empty_list_says_so_on_stderr(empty):
    outcome = empty.run("list")
    assert (outcome.status, outcome.out) == (0, "")
    assert outcome.err
    assert empty.run("list", "--json").json == {"schema": 1, "conversations": []}


def test_show_gives_thread_customer_orders(world):
    identity = by_subject(world)["Order 10245"]["id"]
    shown = world.run("show", identity, "--json").json
    assert set(shown) >= LIST_FIELDS | {"thread", "orders", "history", "schema"}
    assert [item["text"] for item in shown["thread"]] == ["Where is my order 10245?", "Any news?"]
    first = shown["thread"][0]
    assert set(first) >= ITEM_FIELDS
    assert (first["from"], first["to"], first["direction"]) == (
        "Maria Rossi <maria.rossi@posta.example>", ["Casa Verde <support@casaverde.example>"], "in",
    )  # fmt: skip
    assert {"kind": "email", "value": "maria.rossi@posta.example"} in shown["customer"]["identities"]
    (order,) = shown["orders"]
    assert set(order) >= ORDER_FIELDS
    assert (order["number"], order["total"], order["currency"]) == ("10245", "89.90", "EUR")
    assert order["shipments"][0]["url"] == "https://gls.example/t/GL883120"
    assert order["items"] == [{"name": "Lampada", "sku": "", "quantity": 1, "price": "89.90"}]
    assert shown["order"] == "10245"


@pytest.mark.parametrize("reference", ["m1@x.example", "<m2@x.example>"])
def test_a_message_id_or_the_beginning_of_an_id_will_do(world, reference):
    identity = by_subject(world)["Order 10245"]["id"]
    assert world.run("show", reference, "--json").json["id"] == identity
    assert world.run("show", identity[:6], "--json").json["id"] == identity


def test_another_customers_order_shows_only_its_number(world):
    with world.desk() as desk:
        mailbox = Mailbox(desk)
        mailbox.bring("s1", "What about 10245?", sender=Address("Stranger", "stranger@post.example"), subject="Mine?")
    identity = by_subject(world, "--view", "all")["Mine?"]["id"]
    shown = world.run("show", identity, "--json")
    assert (shown.json["orders"], shown.json["order"], shown.json["orders_of_others"]) == ([], "", ["10245"])
    text = world.run("show", identity)
    assert "GL883120" not in shown.out + text.out
    assert "10245 · other customer" in text.out


def test_show_text_is_clean_and_complete(world):
    text = world.run("show", by_subject(world)["Broken"]["id"]).out
    assert all(line.isprintable() for line in text.splitlines())
    assert "\x1b" not in text
    assert "is broken" in text


def test_what_is_not_there_is_exit_1(world):
    outcome = world.run("show", "zzzzzzzz", "--json")
    assert (outcome.status, outcome.out) == (1, "")
    assert "zzzzzzzz" in outcome.err


def test_local_shows_what_is_here(world):
    outcome = world.run("show", by_subject(world)["Later"]["id"], "--local", "--json")
    assert outcome.status == 0
    assert outcome.json["thread"][0]["text"] is None
    text = world.run("show", by_subject(world)["Later"]["id"], "--local")
    assert "not on this machine" in text.out


def test_views_and_lookup(world):
    views = {view["key"]: view for view in world.run("views", "--json").json["views"]}
    assert set(views) >= {"open", "mine", "unassigned", "waiting", "snoozed", "late", "closed", "spam", "all", "VIP"}
    assert (views["open"]["conversations"], views["late"]["conversations"]) == (3, 1)
    found = world.run("lookup", "10245", "--json").json
    assert [order["number"] for order in found["orders"]] == ["10245"]
    assert [c["name"] for c in world.run("lookup", "maria", "--json").json["customers"]] == ["Maria Rossi"]
    assert world.run("lookup", "nobody-at-all").status == 1


def test_the_empty_outbox(world):
    assert world.run("outbox", "--json").json == {"schema": 1, "outbox": []}
    assert world.run("outbox").status == 0
