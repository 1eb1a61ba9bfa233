"""Header fields as they really are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentdesk.domain.message import Address
from agentdesk.mail import limits
from agentdesk.mail.addresses import parse_addresses
from agentdesk.mail.headers import (
    decode_words,
    message_id,
    message_ids,
    parameter,
    parse_fields,
    parse_parameters,
)


def addresses(text: str) -> list[tuple[str, str]]:
    return [(one.name, one.address) for one in parse_addresses(text)[0]]


def test_fields_are_unfolded_in_their_order() -> None:
    fields = parse_fields(b"Subject: one\r\n\t two\r\nX: 1\r\nsubject: three\r\n\r\n")
    assert fields.items == [("subject", b"one two"), ("x", b"1"), ("subject", b"three")]
    assert fields.first("subject") == "one two"
    assert fields.all("subject") == ["one two", "three"]


@pytest.mark.parametrize("line_break", [b"\r\n", b"\n", b"\r"])
def test_every_kind_of_line_break_parts_fields(line_break: bytes) -> None:
    fields = parse_fields(line_break.join([b"From a@b Mon Nov  2 10:00:00 2026", b"garbage", b"To: a", b" b", b"Cc : c", b""]))
    assert fields.items == [("to", b"a b"), ("cc", b"c")]


def test_limits_are_kept_while_reading() -> None:
    many = parse_fields(b"X: y\r\n" * 5000)
    assert len(many.items) == limits.FIELDS
    assert many.too_complex
    long = parse_fields(b"Subject: " + b"a" * 1_000_000 + b"\r\nTo: b\r\n")
    assert long.too_complex
    assert len(long.first("subject")) <= limits.FIELD_BYTES
    folded = parse_fields(b"Subject: a\r\n" + b" bbbbbbbbbb\r\n" * 10_000 + b"To: b\r\n")
    assert folded.too_complex
    assert folded.first("to") == "b"
    assert not parse_fields(b"Subject: a\r\n").too_complex


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("plain  text", "plain text"),
        ("=?utf-8?Q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?UTF-8?b?R3LDvMOfZQ==?=", "Grüße"),
        ("=?utf-8?B?8J+Y?= =?utf-8?B?gA==?=", "😀"),
        ("=?utf-8?Q?a?= =?utf-8?Q?b?= c =?utf-8?Q?d?=", "ab c d"),
        ("=?utf-8?Q?a?=\t=?iso-8859-1?Q?=FC?=", "aü"),
        ("=?iso-8859-1?Q?a_b?=", "a b"),
        ("=?utf-8?Q?Hello World?=", "Hello World"),
        ("x=?utf-8?Q?y?=z", "xyz"),
        ('"=?utf-8?Q?=C3=BC?="', '"ü"'),
        ("=?utf-8*de?Q?=C3=BC?=", "ü"),
        ("=?x-unknown?B?w6TDtsO8?=", "äöü"),
        ("=?utf-8?B?!!!!?= =?utf-8?Q?=ZZ?=", "=ZZ"),
        ("=?utf-8?B?R3LDvMOfZQ?=", "Grüße"),
        ("=?unterminated", "=?unterminated"),
        ("=?utf-8?Q?a", "=?utf-8?Q?a"),
        ("=?utf-8?Q?Order=0D=0ABcc:_v@evil.test?=", "Order Bcc: v@evil.test"),
        ("=?utf-8?Q?=1B[2J?=", "\ufffd[2J"),
        ("=?iso-8859-1?Q?Fr\xf6sche?=", "Frösche"),
        ("Bestellung für Müller", "Bestellung für Müller"),
    ],
)
def test_encoded_words(raw: str, text: str) -> None:
    assert decode_words(raw) == text


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("a@b.it", [("", "a@b.it")]),
        ("Anna <a@b.it>", [("Anna", "a@b.it")]),
        ('"Rossi, Anna" <a@b.it>, c@d.it', [("Rossi, Anna", "a@b.it"), ("", "c@d.it")]),
        ("Rossi, Anna <a@b.it>, c@d.it", [("Rossi, Anna", "a@b.it"), ("", "c@d.it")]),
        ("=?utf-8?Q?Rossi,_Anna?= <a@b.it>", [("Rossi, Anna", "a@b.it")]),
        ("a@b.it (Anna (la) Rossi)", [("Anna la Rossi", "a@b.it")]),
        ("Team: a@b.it, Bo <c@d.it>; e@f.it", [("", "a@b.it"), ("Bo", "c@d.it"), ("", "e@f.it")]),
        ("undisclosed-recipients:;", []),
        ("a@b.it; c@d.it", [("", "a@b.it"), ("", "c@d.it")]),
        ("Foo <a@b> Bar <c@d>", [("Foo", "a@b"), ("Bar", "c@d")]),
        ("<@r,@s:e@f.it>", [("", "e@f.it")]),
        ('"x y"@c.it', [("", '"x y"@c.it')]),
        ("'Anna' <a@b.it>", [("Anna", "a@b.it")]),
        ('"Anna \\"la Rossa\\"" <a@b.it>', [('Anna "la Rossa"', "a@b.it")]),
        ("Anna <a@b.it", [("Anna", "a@b.it")]),
        ("Anna a@b.it", [("Anna", "a@b.it")]),
        ("Anna Rossi [a@b.it]", [("Anna Rossi", "a@b.it")]),
        ("mailto:a@b.it", [("", "a@b.it")]),
        ("MAILER-DAEMON", [("", "MAILER-DAEMON")]),
        ("Anna <>", [("Anna", "")]),
        ("", []),
        (",,;;", []),
        ("Jürgen <jürgen@müller.test>", [("Jürgen", "jürgen@müller.test")]),
        ("PayPal <service@p\u0430ypal.test>", [("PayPal", "service@xn--pypal-4ve.test")]),
        ("=?utf-8?Q?Anna=0D=0ABcc:_v@evil.test?= <a@b.it>", [("Anna Bcc: v@evil.test", "a@b.it")]),
        ("\u202etset <x@evil.test>", [("tset", "x@evil.test")]),
    ],
)
def test_addresses(raw: str, expected: list[tuple[str, str]]) -> None:
    assert addresses(raw) == expected


def test_too_many_addresses_are_said_to_be_too_many() -> None:
    found, more = parse_addresses(", ".join(f"u{index}@b.it" for index in range(2_000)))
    assert more
    assert len(found) == limits.ADDRESSES
    assert found[0] == Address("", "u0@b.it")


def test_parameters() -> None:
    kind, found = parse_parameters('Text/PLAIN; charset="utf-8"; name="a;b\\".txt"; name=second; x')
    assert kind == "text/plain"
    assert found == {"charset": "utf-8", "name": 'a;b".txt'}


@pytest.mark.parametrize(
    ("parameters", "value"),
    [
        ({"filename": "a.txt"}, "a.txt"),
        ({"filename*": "utf-8''fattura%20%C3%A8.pdf"}, "fattura è.pdf"),
        ({"filename*": "utf-8''new.pdf", "filename": "old.pdf"}, "new.pdf"),
        ({"filename*0*": "utf-8''a%C3", "filename*1*": "%A8", "filename*2": "b%20"}, "aèb%20"),
        ({"filename*0": "a", "filename*1": "b"}, "ab"),
        ({"filename*0*": "utf-8''a", "filename*999999999*": "b", "filename*2": "c"}, "a"),
        ({"filename": "=?utf-8?B?w6g=?=.pdf"}, "è.pdf"),
        ({"FileName": "a.txt"}, "a.txt"),
        ({"filename*": "utf-8''a%1B%5B2Jb%00"}, "a\ufffd[2Jb\ufffd"),
        ({}, ""),
    ],
)
def test_a_parameter_in_all_its_forms(parameters: dict[str, str], value: str) -> None:
    assert parameter(parameters, "filename") == value


def test_message_ids() -> None:
    assert message_id(" <a@b> ") == "<a@b>"
    assert message_id("a.1@b") == "<a.1@b>"
    assert message_id("<a@b>\x00\r<c@d>") == "<a@b>"
    assert message_id("nothing") == ""
    assert message_id("<x\x1b]0;t\x07y@b>") == ""
    assert message_ids("<a@b> text <c@d>\t<a@b>") == ("<a@b>", "<c@d>")
    many = message_ids(" ".join(f"<{index}@b>" for index in range(5_000)))
    assert len(many) == limits.REFERENCES
    assert (many[0], many[-1]) == ("<0@b>", "<4999@b>")


HOSTILE = [
    '"' + '\\"' * 30_000 + '" <a@b>',
    "(" * 60_000 + ")" * 1_000 + " a@b",
    ";" * 60_000,
    "<" * 60_000,
    "@" * 60_000,
    ":" * 60_000,
    "=?utf-8?B?" + "=?utf-8?Q?" * 6_000,
    "a@b " * 15_000,
    '"a" ' * 15_000,
    "<a>" * 20_000,
    "x*" * 30_000 + "=1",
    "a=1; " * 13_000,
]


@pytest.mark.timeout(20)
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_fields_take_no_time(text: str) -> None:
    for _ in range(3):
        parse_addresses(text)
        decode_words(text)
        message_ids(text)
        message_id(text)
        _, found = parse_parameters("x; " + text)
        parameter(found, "filename")
        assert len(found) <= limits.PARAMETERS


@given(st.text())
def test_nothing_makes_them_raise(text: str) -> None:
    found, _ = parse_addresses(text)
    for one in found:
        assert "\n" not in one.name + one.address
        assert one.name or one.address
    decode_words(text)
    message_ids(text)
    assert message_id(text) == "" or message_id(text).startswith("<")
    parameter(parse_parameters(text)[1], "filename")


FRAGMENTS = st.lists(
    st.sampled_from(['"', "\\", "(", ")", "<", ">", "@", ",", ";", ":", " ", "=?utf-8?Q?", "=?gb2312?B?", "?=", "a", "ü", "a@b.it", "\x1b", "=C3"])
).map("".join)


@given(FRAGMENTS)
def test_no_combination_of_specials_makes_them_raise(text: str) -> None:
    parse_addresses(text)
    decode_words(text)


@given(st.binary())
def test_no_header_block_makes_it_raise(block: bytes) -> None:
    for name, value in parse_fields(block).items:
        assert name == name.lower()
        assert not set(value) & set(b"\r\n")


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("a@customer\uff0etest", "a@customer.test"), ("a@shop\u3002example", "a@shop.example"), ("a@\uff53hop.example", "a@shop.example"),
        ("a@\u24d4xample.org", "a@example.org"), ("a@m\u00fcller.example", "a@m\u00fcller.example"),
    ],
)  # fmt: skip
def test_a_domain_is_shown_as_it_is_asked_for(written, kept):
    (found,), _ = parse_addresses(f"Anna <{written}>")
    assert found.address == kept
