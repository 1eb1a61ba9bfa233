"""The starter packs: whole, in four languages, and ready for a customer with an order and for one without."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from agentdesk.snippets.context import Shop, Talk, Writer, build_context
from agentdesk.snippets.model import Snippet
from agentdesk.snippets.pack import load_packs
from agentdesk.snippets.render import render
from agentdesk.snippets.words import words_of
from tests.unit.snippets_case import NOW, ROME, context

PACKS = Path(__file__).parents[2] / "snippets"
LIBRARY = load_packs([PACKS])
LANGUAGES = {"it", "en", "de", "fr"}


def test_every_pack_loads_without_a_fault() -> None:
    assert [str(fault) for fault in LIBRARY.faults] == []


def test_there_are_enough() -> None:
    assert len(LIBRARY.order) >= 150


def test_two_can_be_told_apart() -> None:
    """An agent in a hurry sees the title; who knows the texts types the shortcut."""
    snippets = LIBRARY.snippets.values()
    for said in ([" ".join(words_of(one.title)) for one in snippets], [one.shortcut for one in snippets]):
        assert [word for word, times in Counter(said).items() if times > 1] == []


def test_the_documents_say_how_many() -> None:
    """Those that come along are counted without the articles and macros, which are no answers of their own."""
    told = {int(number) for page in ("README.md", "docs/packs.md") for number in re.findall(r"(\d+) snippets", (PACKS.parent / page).read_text("utf-8"))}
    assert told == {sum(one.pack not in {"articles", "macros"} for one in LIBRARY.snippets.values())}


def test_values_of_different_packs_do_not_contradict_each_other() -> None:
    """`policy` says how the shop works; the shop has one return period, whichever text names it."""
    said: dict[str, set[str]] = {}
    for snippet in LIBRARY.snippets.values():
        for key, value in snippet.policy.items():
            said.setdefault(key, set()).add(str(value))
    assert {key: values for key, values in said.items() if len(values) > 1} == {}


@pytest.mark.parametrize("name", LIBRARY.order)
def test_a_snippet(name: str) -> None:
    snippet = LIBRARY.snippets[name]
    assert set(snippet.texts) == LANGUAGES
    assert not snippet.subjects or set(snippet.subjects) == LANGUAGES
    assert snippet.title
    assert len(snippet.title) <= 60, "it must fit a row of the picker"
    assert snippet.shortcut
    assert snippet.intents
    for language in LANGUAGES:
        whole(snippet, language)
        poor(snippet, language)


def whole(snippet: Snippet, language: str) -> None:
    """With everything there is to know, nothing is missing."""
    values = context(language=language, conversation=Talk("ab12cd34", "Ordine", "support", _kind(snippet)))
    answers = {ask.name: ask.choices[0] if ask.choices else "x" for ask in snippet.asks}
    filled = render(snippet, language, values, answers, today=_day(snippet))
    assert filled.missing == (), (language, filled.names)
    assert filled.language == language
    assert filled.text.strip() == filled.text
    assert not re.search(r"[⟨⟩]|\{\{|\{%", filled.text + filled.subject)


def poor(snippet: Snippet, language: str) -> None:
    """Without order and customer, the text may wait for the order, the agent's answers, or nothing; never for the customer's name."""
    talk = Talk("ab12cd34", kind=_kind(snippet))
    values = build_context(now=NOW, timezone=ROME, agent=Writer("Anna Bianchi", ""), desk=Shop("Casa Verde"), conversation=talk)
    filled = render(snippet, language, values, today=_day(snippet))
    allowed = ("order.", "order", "ask.", "hours.", "orders", "conversation.", "desk.", "customer.email")
    assert all(gap.startswith(allowed) for gap in filled.names), (language, filled.names)
    assert "{{" not in filled.text


def _kind(snippet: Snippet) -> str:
    return snippet.channels[0] if snippet.channels else "imap"


def _day(snippet: Snippet) -> date:
    return snippet.valid_from or snippet.valid_until or NOW.date()
