"""Machines among the senders, and senders who are not who they claim to be."""

import pytest

from agentdesk.domain.message import Address, Verified
from agentdesk.mail.addresses import parse_addresses
from agentdesk.mail.automatic import is_automatic
from agentdesk.mail.headers import parse_fields
from agentdesk.mail.verified import verify


def automatic(header: str) -> bool:
    fields = parse_fields(f"From: Anna <anna@customer.example>\r\n{header}\r\n".encode() if not header.startswith("From:") else header.encode())
    return is_automatic(fields, parse_addresses(fields.first("from"))[0][0])


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied",
        'Auto-Submitted: auto-generated; owner-email="x"',
        "Precedence: bulk",
        "Precedence: List",
        "Precedence: auto_reply",
        "List-Id: News <news.shop.example>",
        "Return-Path: <>",
        "X-Auto-Response-Suppress: All",
        "X-Auto-Response-Suppress: DR, OOF, AutoReply",
        "X-Autoreply: yes",
        "X-Autorespond: x",
        "X-Failed-Recipients: a@b.example",
        "Feedback-ID: 1:2:3:esp",
        "List-Unsubscribe: <mailto:u@shop.example>\r\nReply-To: office@shop.example",
        "From: no-reply@shop.example\r\nReply-To: noreply@shop.example",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=x",
        "Content-Type: multipart/report;\r\n report-type=feedback-report",
        "Subject: Automatische Antwort: Abwesenheitsnotiz",
        "Subject: Risposta automatica: fuori ufficio",
        "Subject: Re: Out of Office",
        "Subject: Undelivered Mail Returned to Sender",
        "Subject: =?utf-8?Q?R=C3=A9ponse_automatique?= : absence",
        "From: MAILER-DAEMON@mx.example",
        "From: Mail Delivery <postmaster@mx.example>",
        "From: no-reply@shop.example",
        "From: noreply+x@shop.example",
        "From: owner-list@shop.example",
    ],
)
def test_machines_are_known(header: str) -> None:
    assert automatic(header)


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: no",
        "Precedence: first-class",
        "Return-Path: <anna@customer.example>",
        "Return-Path:",
        "X-Auto-Response-Suppress: None",
        "Subject: Autoradio kaputt",
        "Subject: Automatic watch 38 mm",
        "Subject: Is the delivery automatic?",
        "From: noreen@customer.example",
        "From: no-reply@form.example\r\nReply-To: Anna <anna@customer.example>\r\nFeedback-ID: 1:2:3:esp",
        "From: Abuser <smtpfan@customer.example>",
        "Content-Type: text/plain; name=report.txt",
    ],
)
def test_people_are_not_taken_for_machines(header: str) -> None:
    assert not automatic(header)


ANNA = Address("Anna", "Anna@Customer.example")
PASS, FAIL, NONE = Verified.PASS, Verified.FAIL, Verified.NONE


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([], NONE),
        (["mx.bottega.example; none"], NONE),
        (["mx.bottega.example; dmarc=pass header.from=customer.example"], PASS),
        (["mx.bottega.example; spf=fail smtp.mailfrom=customer.example; dkim=none; dmarc=fail (p=none) header.from=customer.example"], FAIL),
        (["mx.bottega.example; dkim=pass header.d=customer.example; spf=fail smtp.mailfrom=x.example"], PASS),
        (["mx.bottega.example; dkim=pass header.i=@mail.customer.example"], PASS),
        (["mx.bottega.example; spf=pass (sender is a@customer.example) smtp.mailfrom=bounce@customer.example"], PASS),
        (["mx.bottega.example; spf=pass smtp.mailfrom=evil.example; dkim=pass header.d=evil.example"], NONE),
        (["mx.bottega.example; spf=fail smtp.mailfrom=customer.example"], FAIL),
        (["mx.bottega.example; spf=softfail smtp.mailfrom=customer.example; dkim=fail header.d=customer.example"], FAIL),
        (["mx.bottega.example; spf=softfail smtp.mailfrom=customer.example; dkim=pass header.d=list.example"], NONE),
        (["mx.bottega.example; spf=neutral; dkim=temperror"], NONE),
        (["mx.bottega.example; dmarc=fail", "evil.example; dmarc=pass header.from=customer.example"], FAIL),
        (["mx.bottega.example; spf=none", "evil.example; dkim=pass header.d=customer.example"], NONE),
        (["mx.bottega.example; spf=none", "mx.bottega.example; dkim=pass header.d=customer.example"], PASS),
        (["MX.bottega.example 1;\r\n\tDKIM=PASS header.d=customer.example"], PASS),
        (["mx.bottega.example; dkim=pass header.d=example"], NONE),
        (["garbage"], NONE),
        (["; ; ;=;dkim"], NONE),
        (["(" * 5_000 + ";dmarc=pass"], PASS),
    ],
)
def test_what_the_receiving_server_says(results: list[str], expected: Verified) -> None:
    assert verify(results, ANNA) == expected
