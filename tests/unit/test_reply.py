"""Whom an answer goes to, under which subject, in which thread, above which quotation."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentdesk.domain.message import Address
from agentdesk.domain.reply import (
    bare_subject,
    forward_subject,
    forward_text,
    quote,
    reply_recipients,
    reply_references,
    reply_subject,
)

AT = datetime(2026, 11, 3, 9, 5, tzinfo=timezone(timedelta(hours=1)))
ANNA = Address("Anna", "anna@customer.example")
OFFICE = Address("Ufficio", "office@customer.example")
BO = Address("Bo", "Bo@other.example")
US = Address("Bottega", "Aiuto@Bottega.example")
OWN = ("aiuto@bottega.example", "info@bottega.example")


def test_an_answer_goes_to_the_sender_and_to_the_others_once() -> None:
    to, cc = reply_recipients(ANNA, (), (US, BO), (OFFICE, ANNA, Address("", "bo@other.EXAMPLE")), OWN)
    assert to == (ANNA,)
    assert cc == (BO, OFFICE)


def test_reply_to_wins() -> None:
    to, cc = reply_recipients(ANNA, (OFFICE,), (US,), (OFFICE, BO), OWN)
    assert to == (OFFICE,)
    assert cc == (BO,)


def test_reply_to_that_is_ours_or_nothing_is_passed_over() -> None:
    assert reply_recipients(ANNA, (Address("", "INFO@bottega.example"), Address("x", "none")), (US,), (), OWN) == ((ANNA,), ())


def test_our_own_message_is_answered_to_its_recipients() -> None:
    assert reply_recipients(US, (), (ANNA, US), (BO, ANNA), OWN) == ((ANNA,), (BO,))
    assert reply_recipients(US, (US,), (US,), (BO,), OWN) == ((BO,), ())


def test_nobody_to_answer() -> None:
    assert reply_recipients(Address("Daemon", "MAILER-DAEMON"), (), (US,), (), OWN) == ((), ())


ADDRESSES = st.lists(st.sampled_from([ANNA, OFFICE, BO, US, Address("", "INFO@bottega.example"), Address("", ""), Address("x", "ANNA@customer.example")]))


@given(st.sampled_from([ANNA, US, BO]), ADDRESSES, ADDRESSES, ADDRESSES)
def test_never_to_ourselves_and_never_twice(sender: Address, reply_to: list[Address], to: list[Address], cc: list[Address]) -> None:
    first, second = reply_recipients(sender, reply_to, to, cc, OWN)
    everybody = [one.identity for one in (*first, *second)]
    assert len(everybody) == len(set(everybody))
    assert not set(everybody) & set(OWN)
    assert all("@" in one for one in everybody)
    if sender != US:
        assert first


@pytest.mark.parametrize(
    ("subject", "reply", "forward"),
    [
        ("Ordine 10245", "Re: Ordine 10245", "Fwd: Ordine 10245"),
        ("Re: Ordine", "Re: Ordine", "Fwd: Ordine"),
        ("RE: R: RIF: Ordine", "Re: Ordine", "Fwd: Ordine"),
        ("re[2]: AW: Bestellung", "Re: Bestellung", "Fwd: Bestellung"),
        ("Re^3: x", "Re: x", "Fwd: x"),
        ("Re (2): x", "Re: x", "Fwd: x"),
        ("SV: Antw: x", "Re: x", "Fwd: x"),
        ("RE : commande", "Re: commande", "Fwd: commande"),
        ("Re：订单", "Re: 订单", "Fwd: 订单"),
        ("I: reso", "Re: I: reso", "Fwd: reso"),
        ("TR: retour", "Re: TR: retour", "Fwd: retour"),
        ("WG: Rechnung", "Re: WG: Rechnung", "Fwd: Rechnung"),
        ("Fwd: Fw: Re: x", "Re: Fwd: Fw: Re: x", "Fwd: x"),
        ("Reso: scarpe", "Re: Reso: scarpe", "Fwd: Reso: scarpe"),
        ("Info: x", "Re: Info: x", "Fwd: Info: x"),
        ("Ordine\r\nBcc: x", "Re: Ordine Bcc: x", "Fwd: Ordine Bcc: x"),
        ("", "Re:", "Fwd:"),
        ("Re: ", "Re:", "Fwd:"),
    ],
)
def test_subjects(subject: str, reply: str, forward: str) -> None:
    assert reply_subject(subject) == reply
    assert forward_subject(subject) == forward
    assert reply_subject(reply) == reply
    assert forward_subject(forward) == forward


def test_a_bare_subject_has_no_marks() -> None:
    assert bare_subject("Fwd: Re: I: R: x") == "x"
    assert bare_subject("Re: " * 5 + "x") == "x"


def test_references() -> None:
    assert reply_references("<c@x>", ("<a@x>", "<b@x>"), "<b@x>") == ("<a@x>", "<b@x>", "<c@x>")
    assert reply_references("<c@x>", (), "<b@x>") == ("<b@x>", "<c@x>")
    assert reply_references("<c@x>", (), "") == ("<c@x>",)
    assert reply_references("", ("<a@x>",), "") == ("<a@x>",)
    assert reply_references("<a@x>", ("<a@x>", "<a@x>"), "<a@x>") == ("<a@x>",)
    long = reply_references("<end@x>", tuple(f"<{index}@x>" for index in range(2_000)), "")
    assert len(long) == 100
    assert (long[0], long[-2], long[-1]) == ("<0@x>", "<1999@x>", "<end@x>")


@pytest.mark.parametrize(
    ("language", "intro"),
    [
        ("it", "Il giorno mar 3 nov 2026 alle ore 09:05 Anna <anna@customer.example> ha scritto:"),
        ("en", "On Tue, 3 Nov 2026 at 09:05, Anna <anna@customer.example> wrote:"),
        ("de", "Am Di., 3. Nov. 2026 um 09:05 schrieb Anna <anna@customer.example>:"),
        ("fr", "Le mar. 3 nov. 2026 à 09:05, Anna <anna@customer.example> a écrit :"),
        ("ja", "On Tue, 3 Nov 2026 at 09:05, Anna <anna@customer.example> wrote:"),
        ("", "On Tue, 3 Nov 2026 at 09:05, Anna <anna@customer.example> wrote:"),
    ],
)
def test_a_quotation_says_who_and_when(language: str, intro: str) -> None:
    assert quote("Dov'è?\n\n> prima\n", ANNA, AT, language) == f"{intro}\n> Dov'è?\n>\n>> prima"


def test_a_forwarded_text_stays_as_it_was() -> None:
    text = forward_text("a\n> b\n", ANNA, AT, "Re: x", (US, BO), "it")
    assert text == (
        "---------- Messaggio inoltrato ----------\n"
        "Da: Anna <anna@customer.example>\n"
        "Data: mar 3 nov 2026 09:05\n"
        "Oggetto: Re: x\n"
        "A: Bottega <Aiuto@Bottega.example>, Bo <Bo@other.example>\n"
        "\na\n> b"
    )


def test_a_name_cannot_break_the_quotation() -> None:
    quoted = quote("x", Address("Anna\r\nBcc: v", "a@b"), AT, "en")
    assert quoted.count("\n") == 1
