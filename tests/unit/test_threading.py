"""Which conversation a mail belongs to."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentdesk.domain.message import Address, Direction, Envelope
from agentdesk.domain.threading import (
    ALPHABET,
    How,
    Standing,
    ancestors,
    mint,
    normal_subject,
    place,
    provisional_root,
    reopens,
)

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def mail(message_id="<m@x>", references=(), in_reply_to="", subject="Hello", at=NOW):
    return Envelope(message_id, subject, Address("", "c@x"), at, references=tuple(references), in_reply_to=in_reply_to)


def where(envelope, known=None, standings=(), *, direction=Direction.IN, customer=(), **more):
    by_row = {s.conversation: s for s in standings}
    return place(envelope, direction, (known or {}).get, by_row.get, lambda: customer, **more)


def test_root_is_the_first_of_references():
    assert provisional_root(mail(references=["<a@x>", "<b@x>"], in_reply_to="<b@x>")) == "<a@x>"
    assert provisional_root(mail(in_reply_to="<b@x>")) == "<b@x>"
    assert provisional_root(mail()) == "<m@x>"


def test_self_references_cycles_and_floods_are_finite():
    assert ancestors(mail(references=["<m@x>", "<a@x>", "<a@x>", ""], in_reply_to="<m@x>")) == ("<a@x>",)
    flood = ancestors(mail(references=[f"<{n}@x>" for n in range(5000)]))
    assert len(flood) == 100
    assert (flood[0], flood[-1]) == ("<0@x>", "<4999@x>")


def test_a_new_mail_begins_a_conversation_known_by_all_its_ids():
    found = where(mail(references=["<a@x>", "<b@x>"]))
    assert (found.conversation, found.how, found.root) == (None, How.NEW, "<a@x>")
    assert found.aliases == ("<a@x>", "<b@x>", "<m@x>")


def test_newest_first_older_mail_finds_the_conversation():
    # m5 came in first and named m3; now m3 itself arrives
    assert where(mail("<m3@x>"), {"<m3@x>": 7}).conversation == 7
    # or its sibling, which names the same root
    assert where(mail("<m4@x>", ["<m3@x>"]), {"<m3@x>": 7}).conversation == 7


def test_the_nearest_known_ancestor_wins():
    known = {"<a@x>": 1, "<b@x>": 2}
    assert where(mail(references=["<a@x>", "<b@x>", "<unknown@x>"]), known).conversation == 2


def test_a_mail_that_ties_two_conversations_together_says_so():
    found = where(mail("<m4@x>", ["<m1@x>"]), {"<m4@x>": 8, "<m1@x>": 3})
    assert (found.conversation, found.same_as) == (8, (3,))
    apart = [Standing(3, NOW, continued_by=8), Standing(8, NOW)]
    assert where(mail("<m4@x>", ["<m1@x>"]), {"<m4@x>": 8, "<m1@x>": 3}, apart).same_as == ()


@pytest.mark.parametrize(
    ("subject", "normal", "reply"),
    [
        ("Re: Ordine 10245", "ordine 10245", True),
        ("RIF: R: AW: Ordine", "ordine", True),
        ("Re[2]: x", "x", True),
        ("Re (3): x", "x", True),
        ("RÉP : commande", "commande", True),
        ("Fwd: x", "x", False),
        ("I: x", "x", False),
        ("WG: AW: x", "x", True),
        ("[EXT] Re: x", "x", True),
        ("Re: x", "x", True),
        ("Re:", "", True),
        ("Reso ordine", "reso ordine", False),
        ("Informazioni: prezzi", "informazioni: prezzi", False),
        ("  Two\t words ", "two words", False),
        ("STRASSE", "strasse", False),
        ("", "", False),
    ],
)
def test_subjects(subject, normal, reply):
    assert normal_subject(subject) == (normal, reply)


@given(st.text(max_size=200))
def test_normal_subject_never_fails_and_is_stable(subject):
    normal, _ = normal_subject(subject)
    assert normal_subject("Re: " + normal) == (normal_subject(normal)[0], True)


def test_a_long_chain_of_prefixes_is_quick():
    assert normal_subject("Re: " * 100_000 + "x")[1] is True


class TestWithoutHeaders:
    OLD = Standing(4, NOW - 10 * DAY, subject="Ordine mai arrivato", orders=frozenset({"10245"}))

    def test_same_customer_and_order_join(self):
        found = where(mail(subject="ancora io"), customer=[self.OLD], orders=frozenset({"10245"}))
        assert (found.conversation, found.how) == (4, How.ORDER)

    def test_same_subject_joins_only_if_it_began_as_a_reply(self):
        assert where(mail(subject="R: ordine  MAI arrivato"), customer=[self.OLD]).how is How.SUBJECT
        assert where(mail(subject="Ordine mai arrivato"), customer=[self.OLD]).conversation is None

    def test_an_empty_subject_joins_nothing(self):
        assert where(mail(subject="Re:"), customer=[Standing(4, NOW, subject="")]).conversation is None

    def test_after_thirty_days_nothing_joins(self):
        old = Standing(4, NOW - 31 * DAY, subject="x", orders=frozenset({"10245"}))
        assert where(mail(subject="Re: x"), customer=[old], orders=frozenset({"10245"})).conversation is None

    def test_the_newest_candidate_is_taken(self):
        newer = Standing(5, NOW - DAY, orders=frozenset({"10245"}))
        assert where(mail(), customer=[self.OLD, newer], orders=frozenset({"10245"})).conversation == 5

    def test_headers_that_lead_nowhere_are_headers_all_the_same(self):
        found = where(mail(references=["<gone@x>"]), customer=[self.OLD], orders=frozenset({"10245"}))
        assert found.conversation is None


class TestClosed:
    KNOWN = {"<a@x>": 1}  # noqa: RUF012 - never changed

    def test_an_answer_in_time_reopens(self):
        closed = Standing(1, NOW - 20 * DAY, closed_at=NOW - 13 * DAY)
        assert where(mail(references=["<a@x>"]), self.KNOWN, [closed]).conversation == 1

    def test_a_late_answer_begins_a_linked_one(self):
        closed = Standing(1, NOW - 20 * DAY, closed_at=NOW - 15 * DAY)
        found = where(mail(references=["<a@x>"]), self.KNOWN, [closed])
        assert (found.conversation, found.linked_to) == (None, 1)
        assert where(mail(references=["<a@x>"]), self.KNOWN, [closed], reopen_days=30).conversation == 1

    def test_our_own_mail_stays_where_it_answers(self):
        closed = Standing(1, NOW - 20 * DAY, closed_at=NOW - 15 * DAY)
        found = where(mail(references=["<a@x>"]), self.KNOWN, [closed], direction=Direction.OUT)
        assert found.conversation == 1

    def test_older_mail_that_comes_in_late_stays(self):
        closed = Standing(1, NOW, closed_at=NOW)
        assert where(mail(references=["<a@x>"], at=NOW - 90 * DAY), self.KNOWN, [closed]).conversation == 1

    def test_the_continuation_is_joined_not_begun_again(self):
        first = Standing(1, NOW - 90 * DAY, closed_at=NOW - 80 * DAY, continued_by=2)
        second = Standing(2, NOW - DAY)
        assert where(mail(references=["<a@x>"]), self.KNOWN, [first, second]).conversation == 2
        late = Standing(2, NOW - 60 * DAY, closed_at=NOW - 50 * DAY)
        found = where(mail(references=["<a@x>"]), self.KNOWN, [first, late])
        assert (found.conversation, found.linked_to) == (None, 2)

    def test_continuations_in_a_circle_end(self):
        one = Standing(1, NOW, closed_at=NOW - 80 * DAY, continued_by=2)
        two = Standing(2, NOW, closed_at=NOW - 80 * DAY, continued_by=1)
        assert where(mail(references=["<a@x>"]), self.KNOWN, [one, two]).linked_to == 2

    def test_the_last_moment_counts(self):
        assert reopens(NOW, NOW + 14 * DAY, 14)
        assert not reopens(NOW, NOW + 14 * DAY + timedelta(seconds=1), 14)


@given(st.binary(min_size=8, max_size=16))
def test_minted_ids(random_bytes):
    minted = mint(random_bytes)
    assert len(minted) == 8
    assert set(minted) <= set(ALPHABET)
    assert minted[0].isalpha()
    assert mint(random_bytes) == minted


def test_ids_differ_and_need_randomness():
    assert len({mint(n.to_bytes(8, "big")) for n in range(2000)}) == 2000
    assert not set(ALPHABET) & set("01oilu")
    with pytest.raises(ValueError):
        mint(b"1234567")
