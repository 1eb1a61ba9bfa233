"""The search language."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentdesk import locale
from agentdesk.domain.query import OPERATORS, Field, Has, Is, Phrase, Query, When, Word, parse, words_of
from agentdesk.errors import UsageError

ROME = ZoneInfo("Europe/Rome")


@pytest.fixture(autouse=True)
def english():
    before = locale.language()
    locale.use("en")
    yield
    locale.use(before)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("", ()),
        ("   ", ()),
        ("reso", (Word("reso"),)),
        ("rimb*", (Word("rimb", prefix=True),)),
        ("-urgente", (Word("urgente", negated=True),)),
        ('"non è arrivato"', (Phrase("non è arrivato"),)),
        ("“non  è”", (Phrase("non è"),)),
        ('-"a b"', (Phrase("a b", negated=True),)),
        ("is:open", (Is(("open",)),)),
        ("IS:Open,Late", (Is(("open", "late")),)),
        ("-is:mine", (Is(("mine",), negated=True),)),
        ('from:"Mario Rossi",luca@', (Field("from", ("Mario Rossi", "luca@")),)),
        ("tag:vip tag:reso", (Field("tag", ("vip",)), Field("tag", ("reso",)))),
        ("order:#10245", (Field("order", ("10245",)),)),
        ("assignee:me", (Field("assignee", ("me",)),)),
        ("priority:HIGH", (Field("priority", ("high",)),)),
        ("has:attachment", (Has(("attachment",)),)),
        ("before:2026-11-20", (When("before", date(2026, 11, 20)),)),
        ("after:20/11/2026", (When("after", date(2026, 11, 20)),)),
        ("after:20.11.2026", (When("after", date(2026, 11, 20)),)),
        ("after:2026-11", (When("after", date(2026, 11, 1)),)),
        ("before:3d", (When("before", ago=3, unit="d"),)),
        ("before:3g", (When("before", ago=3, unit="d"),)),
        ("after:Ieri", (When("after", ago=1, unit="d"),)),
        ("after:today", (When("after", ago=0, unit="d"),)),
        ("-before:2w", (When("before", ago=2, unit="w", negated=True),)),
        # ordinary characters
        ("12:30", (Word("12:30"),)),
        ("Re:", (Word("Re:"),)),
        ("Re: ciao", (Word("Re:"), Word("ciao"))),
        ("https://x.y/z", (Word("https://x.y/z"),)),
        ('"from:x"', (Phrase("from:x"),)),
        ("a-b", (Word("a-b"),)),
        ('""', ()),
        ("*", ()),
    ],
)
def test_reads(text, terms):
    assert parse(text).terms == terms


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("fron:luca", ["fron:", "from:"]),
        ("asignee:me", ["assignee:"]),
        ("zzzzzzz:1", ["zzzzzzz:", "subject:", "quotes"]),
        ("is:opne", ["opne", "open"]),
        ("has:x", ["attachment, note, draft"]),
        ("status:done", ["open, waiting, snoozed, closed"]),
        ("priority:5", ["urgent"]),
        ("from:", ["from:rossi"]),
        ("tag: vip", ["tag:vip"]),
        ("from:,", ["from:rossi"]),
        ("before:soon", ["before:soon", "yesterday"]),
        ("after:2026-13-40", ["2026-13-40"]),
        ("after:1d,2d", ["1d,2d"]),
        ('"open', ["open"]),
        ("a - b", ["-tag:spam"]),
        ("-", ["-tag:spam"]),
    ],
)
def test_says_what_is_wrong_and_what_to_write(text, words):
    with pytest.raises(UsageError) as caught:
        parse(text)
    for word in words:
        assert word in str(caught.value)


def test_says_it_in_italian():
    locale.use("it")
    with pytest.raises(UsageError, match="non esiste"):
        parse("fron:x")


def test_too_many_parts():
    with pytest.raises(UsageError, match="64"):
        parse("a " * 65)


def test_moments():
    now = datetime(2026, 3, 31, 10, 30, tzinfo=ROME)
    assert When("before", date(2026, 3, 29)).moment(now, ROME) == datetime(2026, 3, 29, tzinfo=ROME)
    assert When("after", ago=1, unit="d").moment(now, ROME) == datetime(2026, 3, 30, tzinfo=ROME)
    assert When("after", ago=2, unit="w").moment(now, ROME) == datetime(2026, 3, 17, tzinfo=ROME)
    assert When("after", ago=1, unit="m").moment(now, ROME) == datetime(2026, 2, 28, tzinfo=ROME)
    assert When("after", ago=2, unit="y").moment(now, ROME) == datetime(2024, 3, 31, tzinfo=ROME)
    assert When("after", ago=3, unit="h").moment(now, ROME) == datetime(2026, 3, 31, 7, 30, tzinfo=ROME)
    assert When("after", ago=9999, unit="y").moment(now, ROME).year == 1
    late = datetime(2026, 3, 30, 23, 30, tzinfo=UTC)  # the 31st in Rome
    assert When("after", ago=0, unit="d").moment(late, ROME) == datetime(2026, 3, 31, tzinfo=ROME)


def test_words_to_mark():
    assert list(words_of(parse('reso "non arrivato" -spam is:open'))) == ["reso", "non", "arrivato"]
    assert not parse("")
    assert Query() == parse(" ")


@given(st.text(max_size=40))
def test_anything_is_read_or_refused_with_words(text):
    try:
        query = parse(text)
    except UsageError:
        return
    assert parse(str(query)) == query


@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                ['"a b"', "word", "pre*", "-no", "is:open", "-has:note", "before:3d", 'tag:"x, y",z', "“q”"]
            ),
            st.builds(
                lambda name, value: f"{name}:{value}", st.sampled_from(OPERATORS), st.text(min_size=1, max_size=6)
            ),
        ),
        max_size=6,
    )
)
def test_what_is_written_reads_the_same(parts):
    try:
        query = parse(" ".join(parts))
    except UsageError:
        return
    assert parse(str(query)) == query
