"""`agentdesk reply` under the check: refused with words, sent all the same when told to, and recorded."""

from __future__ import annotations

import json

import pytest

from agentdesk.domain.message import Address
from tests.cli.conftest import put_orders
from tests.desks import MARIA, Mailbox, order


@pytest.fixture
def shop(world):
    """Jan has an order of his own."""
    with world.desk() as desk:
        put_orders(desk, [order("10245", email=MARIA.address), order("77123", email="jan@post.example")])
    return world


@pytest.fixture
def maria(shop):
    return next(c["id"] for c in shop.run("list", "--json").json["conversations"] if c["subject"] == "Order 10245")


def held(world):
    with world.desk() as desk:
        return [json.loads(row["anyway"]) for row in desk.database.all("SELECT anyway FROM outbox ORDER BY id")]


def test_another_customers_order_is_refused_and_said(shop, maria):
    outcome = shop.run("reply", maria, "--text", "Your order 77123 is on its way.")
    assert outcome.status == 1
    assert "order 77123 belongs to Maria Rossi" in outcome.err, "the name the order carries"
    assert "--anyway" in outcome.err
    assert held(shop) == []
    assert shop.run("reply", maria, "--text", "Your order 77123 is on its way.", "--dry-run").status == 1


def test_it_goes_out_all_the_same_when_told_to_and_that_is_recorded(shop, maria):
    assert shop.run("reply", maria, "--text", "Your order 77123 is on its way.", "--anyway").status == 0
    assert held(shop) == [[["order", "77123"]]]
    with shop.desk() as desk:
        (data,) = (json.loads(row["data"]) for row in desk.database.all("SELECT data FROM event WHERE kind = 'anyway'"))
        assert data["found"] == [["order", "77123"]]
        assert data["message_id"] == desk.database.value("SELECT message_id FROM outbox")


def test_a_program_is_told_what_is_wrong_and_where(shop, maria):
    text = "Your order 77123 is on its way."
    problem = shop.run("reply", maria, "--text", text, "--json").json["problem"]
    (found,) = problem["found"]
    assert found["kind"] == "order"
    assert text[found["start"] : found["end"]] == "77123"
    assert found["text"] in problem["text"]
    assert shop.run("reply", maria, "--text", "Dear ⟨customer.first_name⟩", "--json").json["problem"]["found"] == []
    assert shop.run("reply", maria, "--text", "All is well.", "--json", "--dry-run").json["problem"] is None
    assert shop.run("reply", maria, "--text", text, "--json", "--anyway").json["outbox"] == 1


def test_nothing_is_recorded_where_nothing_was_found(shop, maria):
    assert shop.run("reply", maria, "--text", "All is well.", "--anyway").status == 0
    with shop.desk() as desk:
        assert desk.database.all("SELECT 1 FROM event WHERE kind = 'anyway'") == []


def test_their_own_order_is_theirs(shop, maria):
    assert shop.run("reply", maria, "--text", "Your order 10245 is on its way.").status == 0
    assert held(shop) == [[]]


def test_what_stops_in_any_case_is_not_overridden(shop, maria):
    outcome = shop.run("reply", maria, "--text", "Dear ⟨customer.first_name⟩", "--anyway")
    assert outcome.status == 1
    assert "--anyway" not in outcome.err


def test_a_note_does_not_slip_out(shop, maria):
    note = "the customer is very angry, offer ten euros at most if she insists"
    assert shop.run("note", maria, note).status == 0
    outcome = shop.run("reply", maria, "--text", f"Dear Maria, {note}.")
    assert outcome.status == 1
    assert "internal note" in outcome.err


def test_a_carriers_help_desk_is_no_customer(shop, maria):
    with shop.desk() as desk:
        Mailbox(desk).bring("g1", "Automatic", sender=Address("GLS Support", "support@gls.example"), subject="Ticket")
    assert shop.run("reply", maria, "--text", "Please write to support@gls.example.").status == 0
