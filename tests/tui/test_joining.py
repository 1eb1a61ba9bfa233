"""Several snippets in one reply read as one letter."""

from __future__ import annotations

import pytest
from fake_desk import FakeDesk
from hypothesis import given
from hypothesis import strategies as st
from screens import opened

from agentdesk.tui.joining import join
from agentdesk.tui.sheets.snippets import NAMED, value_name

ONE = "Gentile Maria,\n\nil pacco è partito.\n\nCordiali saluti,\nAnna"
TWO = "Gentile Maria,\n\necco la fattura.\n\nCordiali saluti,\nAnna"
THREE = "Hello Maria,\n\nhere is the invoice.\n\nKind regards,\nAnna"


def put(written: str, at: int, text: str) -> str:
    joined = join(written, at, text)
    return written[: joined.at] + joined.text + written[joined.at :]


def test_one_greeting_and_one_closing():
    both = "Gentile Maria,\n\nil pacco è partito.\n\necco la fattura.\n\nCordiali saluti,\nAnna"
    assert put(ONE, len(ONE), TWO) == both
    joined = join(ONE, len(ONE), TWO)
    assert joined.text[: len("ecco la fattura.")] == TWO[joined.skipped : joined.skipped + len("ecco la fattura.")]
    before_the_closing = ONE.index("\n\nCordiali")
    assert put(ONE, before_the_closing, TWO) == both


def test_another_language_stays_whole():
    assert put(ONE, len(ONE), THREE) == f"{ONE}\n\n{THREE}"


@pytest.mark.parametrize(
    ("written", "text", "whole"),
    [("", ONE, ONE), ("Ciao", "una riga", "Ciao\nuna riga"), ("Ciao\n", "una riga", "Ciao\n\nuna riga"), ("Ciao\n\n", "a\n\nb", "Ciao\n\na\n\nb")],
)
def test_what_stands_alone(written, text, whole):
    assert put(written, len(written), text) == whole


@given(st.text("a\n, ", max_size=40), st.text("a\n, ", max_size=40), st.integers(0, 40))
def test_nothing_of_what_is_written_is_lost(written, text, at):
    at = min(at, len(written))
    joined = join(written, at, text)
    assert 0 <= joined.at <= len(written)
    assert 0 <= joined.skipped <= len(text)


async def test_two_snippets_make_one_letter():
    fake = FakeDesk()
    async with opened(fake) as desk:
        await desk.press("s", "down", "enter")
        once = desk.screen.composer.box.text
        greeting = once.split("\n")[0]
        await desk.press("ctrl+t", "down", "enter")
        twice = desk.screen.composer.box.text
        assert len(twice) > len(once)
        assert twice.count(greeting) == 1 or "\n\n" not in once


async def test_a_chat_is_answered_to_its_customer_and_has_no_fields():
    async with opened() as desk:
        await desk.press("N", "r")
        assert "reply to Jan de Vries" in desk.text()
        await desk.press("ctrl+r")
        assert "no recipients to change" in desk.lines()[-1]
        assert not desk.screen.composer.fields.display


async def test_undo_of_what_has_gone_out_undoes_nothing_else():
    fake = FakeDesk()
    async with opened(fake) as desk:
        from agentdesk.domain.conversation import MessageState

        await desk.press("s", "down", "enter", "ctrl+s")
        fake.writing._set(1, MessageState.ACCEPTED)
        assert fake.rows[2].assignee
        await desk.press("u")
        assert "too late" in desk.lines()[-1]
        assert fake.rows[2].assignee, "half an undo would be worse than none"


@pytest.mark.parametrize("locale", ["en", "it"])
def test_values_have_names(locale):
    from agentdesk.locale import use

    use(locale)
    try:
        assert all(value_name(name) != name for name in NAMED)
        assert value_name("policy.returns_days") == "policy.returns_days"
    finally:
        use("en")
