"""The order a conversation is about: never another customer's."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentdesk.domain.about import belongs_to, is_open, is_recent, number_key, numbers_in, order_about
from agentdesk.domain.customer import email_identity, phone_identity
from agentdesk.domain.order import Order, Shipment

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


def order(number, status="processing", days=3, email="maria@x.it", shipped=None, phone=""):
    shipments = () if shipped is None else (Shipment(shipped_at=NOW - timedelta(days=shipped)),)
    return Order(number, status, NOW - timedelta(days=days), "EUR", Decimal(10), email, phone, shipments=shipments)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Dov'è il mio ordine #10245?", ["10245"]),
        ("ordine n. 10245 del 20/11/2026", ["10245"]),
        ("order AB-10245, ab-10245 and 10246.", ["AB-10245", "10246"]),
        ("Bestellung Nr. 10245 vom 20.11.2026 um 14:30 Uhr", ["10245"]),
        ("ordine N°10245 (89,90 €)", ["10245"]),
        ("#987", ["987"]),
        ("ordine 987", ["987"]),
        ("10245,10246; 10247", ["10245", "10246", "10247"]),
        ("10245/A", ["10245", "10245/A"]),
        ("Amazon 302-1234567-1234567", ["302-1234567-1234567"]),
        ("# 10245", ["10245"]),
        ("ordine ORD10245", ["ORD10245"]),
        ("l'ordine 2026", ["2026"]),
        # none of these is an order's number
        ("nel 2026, il 20-11-2026 o 2026-11-20T10:00:00Z", []),
        ("+39 333 1234567, 333 1234567, 333-1234567, 333 123 45 67, 02 1234567, 0049 30 123456", []),
        ("1.234,50 € e € 1234, 1234 EUR, 1234,50, 1234.50, EUR 5000", []),
        ("spedizione GL883120", []),
        ("IT60X0542811101000000123456", []),
        ("https://t.example/10245 e 10245@shop.example", []),
        ("carta 4111 1111 1111 1111 e 4111111111111111", []),
        ("123", []),
        ("", []),
    ],
)
def test_numbers_in_a_text(text, numbers):
    assert list(numbers_in(text)) == numbers


def test_a_code_that_is_a_known_order_counts():
    assert numbers_in("GL883120", known={"GL883120"}.__contains__) == ("GL883120",)


@given(st.text(max_size=300))
def test_numbers_are_found_in_anything(text):
    for number in numbers_in(text):
        assert number == number_key(number)
        assert sum(character.isdigit() for character in number) >= 3


@pytest.mark.parametrize("flood", ["1", "1-", "A", "ordine ", "0 ", "a@", "#", "3 33", "10245 ", "1.", "+1 "])
def test_floods_are_read_in_no_time(flood):
    assert len(numbers_in(flood * (100_000 // len(flood)))) <= 50


class TestOrderAbout:
    def test_a_strangers_mail_naming_anothers_order_fills_nothing(self):
        about = order_about(None, ["10245"], [], {"10245"}, NOW)
        assert (about.order, about.foreign, about.ambiguous) == (None, ("10245",), False)

    def test_a_foreign_number_beside_ones_own_is_only_listed(self):
        mine = order("10250")
        about = order_about(None, ["10245", "10250"], [mine], {"10245"}, NOW)
        assert (about.order, about.foreign) == (mine, ("10245",))

    def test_a_foreign_number_does_not_hide_the_only_open_order(self):
        mine = order("10250")
        about = order_about(None, ["#10245"], [mine], {"10245"}, NOW)
        assert (about.order, about.foreign) == (mine, ("10245",))

    def test_two_open_orders_ask(self):
        about = order_about(None, [], [order("1001"), order("1002")], (), NOW)
        assert (about.order, about.ambiguous) == (None, True)

    def test_no_orders(self):
        about = order_about(None, [], [], (), NOW)
        assert (about.order, about.foreign, about.ambiguous) == (None, (), False)

    def test_the_named_one_of_two(self):
        second = order("AB-1002")
        assert order_about(None, ["ab-1002"], [order("1001"), second], (), NOW).order == second

    def test_two_named_ones_ask(self):
        about = order_about(None, ["1001", "1002"], [order("1001"), order("1002")], (), NOW)
        assert (about.order, about.ambiguous) == (None, True)

    def test_the_only_open_or_recent_one(self):
        old, recent = order("1", "delivered", 400), order("2", "delivered", 30)
        assert order_about(None, [], [old, recent], (), NOW).order == recent
        assert order_about(None, [], [old], (), NOW).order is None
        sent_lately = order("3", "delivered", 90, shipped=59)
        assert order_about(None, [], [old, sent_lately], (), NOW).order == sent_lately

    def test_the_agents_choice_sticks(self):
        one, two = order("1001"), order("1002")
        about = order_about("1001", ["1002"], [one, two], (), NOW)
        assert (about.order, about.ambiguous) == (one, False)
        assert order_about("", ["1002"], [one, two], (), NOW).order is None

    def test_even_a_choice_does_not_fill_with_anothers_data(self):
        assert order_about("10245", ["10245"], [order("1002")], {"10245"}, NOW).order is None

    @given(
        st.one_of(st.none(), st.sampled_from(["", "1", "2", "3", "4"])),
        st.lists(st.sampled_from(["1", "2", "3", "4", "#3"])),
        st.sets(st.sampled_from(["1", "2"])),
    )
    def test_never_an_order_that_is_not_theirs(self, chosen, mentioned, own):
        orders = [order(number) for number in sorted(own)]
        about = order_about(chosen, mentioned, orders, {"3", "4"}, NOW)
        assert about.order is None or about.order in orders
        assert set(about.foreign) <= {"3", "4"}
        assert not (about.ambiguous and about.order)


def test_open_and_recent():
    assert is_open(order("1", "on-hold"))
    assert not is_open(order("1", " Delivered"))
    assert not is_recent(order("1", days=61), NOW)
    assert not is_recent(Order("1", "x", None, "EUR", None), NOW)


def test_belongs_to_whoever_it_carries():
    mine = order("1", email="Maria@X.it", phone="+39 333 1234567")
    assert belongs_to(mine, [email_identity("maria@x.it")])
    assert belongs_to(mine, [phone_identity("0039333 1234567")])
    assert not belongs_to(mine, [email_identity("maria@y.it")])
    assert not belongs_to(order("1", email=""), [email_identity("maria@x.it")])
