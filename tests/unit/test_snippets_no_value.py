"""The rule of the house: never a raw or an empty variable in front of a customer.

For each variable of each text of each shipped snippet, gone, None, empty or blank: either the text does without it in words of its
own, or `missing` names it. Whatever happens, nothing raw and no hole in the text.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from liquid import Environment

from agentdesk.snippets.context import Talk, Values
from agentdesk.snippets.model import Snippet
from agentdesk.snippets.names import leaf_names
from agentdesk.snippets.pack import load_packs
from agentdesk.snippets.render import Filled, render
from tests.unit.snippets_case import NOW, context

LIBRARY = load_packs([Path(__file__).parents[2] / "snippets"], check=False)
REMOVED = object()
NOTHINGS = (REMOVED, None, "", "   ", " \n\t")
# What an empty value leaves behind: doubled blanks, a blank before a full stop or comma, empty brackets and quotes, a colon or a
# preposition with nothing behind it. (French puts a blank before : ; ! ? on purpose.)
HOLE = re.compile(r"[^ \n]  +[^ \n]|\S +[.,](?![\d.])|\( *\)|\[ *\]|\" *\"|“ *”|« *»|, *,|: *\.|None|\bnull\b|nil\b")


def answers(snippet: Snippet) -> dict[str, str]:
    return {ask.name: (ask.choices[0] if ask.choices else ask.default or "una risposta") for ask in snippet.asks}


def fill(snippet: Snippet, language: str, values: Values, asked: dict[str, str]) -> Filled:
    """Filled on a day and a channel it is for."""
    values.channel_kind = snippet.channels[0] if snippet.channels else "imap"
    return render(snippet, language, values, asked, today=snippet.valid_from or snippet.valid_until or NOW.date())


def rich() -> Values:
    return context(conversation=Talk("ab12cd34", "Dov'è il mio ordine?", "support", "imap"))


def copied(values: Values) -> Values:
    """A context of its own, with what formatting needs."""
    other = Values(copy.deepcopy(dict(values)))
    other.now, other.currency, other.channel_kind = values.now, values.currency, values.channel_kind
    return other


def without(values: Values, name: str, nothing: object) -> Values:
    """The context with one leaf gone or empty, as no honest source of it would make it."""
    changed = copied(values)
    branch: Any = changed
    *path, last = name.split(".")
    for step in path:
        branch = branch[step]
    for each in branch if isinstance(branch, list) else [branch]:
        if nothing is REMOVED:
            each.pop(last, None)
        else:
            each[last] = nothing
    return changed


def used(source: str, snippet: Snippet) -> Iterator[str]:
    """The leaves a text names anywhere, found by their spelling alone."""
    code = " ".join(re.findall(r"\{\{.*?\}\}|\{%.*?%\}", source, re.DOTALL))
    for name in (*leaf_names(), *(f"policy.{key}" for key in snippet.policy)):
        if re.search(rf"(?<![\w.]){re.escape(name)}(?![\w])", code):
            yield name
    for name in ("name", "quantity", "price", "sku"):
        if "order.items" in code and re.search(rf"\.{name}\b", code):
            yield f"order.items.{name}"


def does_without(source: str, name: str) -> bool:
    """Whether the text has words of its own for when the value is not there: a default, or a condition on it (or on its object)."""
    parts = name.split(".")
    objects = "|".join(re.escape(".".join(parts[:end])) for end in range(1, len(parts) + 1))
    condition = rf"\{{%-?\s*(?:if|elsif|unless|case|for)\b[^%]*\b(?:{objects})\b"
    default = rf"{re.escape(name)}\b[^}}]*\|\s*default:|default:\s*{re.escape(name)}\b"
    return bool(re.search(condition, source) or re.search(default, source))


def check(filled: Filled, where: str) -> None:
    for text in (filled.text, filled.subject):
        assert "{{" not in text, where
        assert "{%" not in text, where
        hole = HOLE.search(text)
        assert hole is None, f"{where}: {text[max(0, hole.start() - 30) : hole.end() + 30]!r}" if hole else where
    for start, end in filled.spans:
        assert filled.text[start:end].strip(), where
    for gap in filled.missing:
        assert gap.printable, where
        if gap.where == "text":
            assert filled.text[gap.start : gap.end] == f"⟨{gap.name}⟩", where


@pytest.mark.parametrize("name", LIBRARY.order)
def test_no_variable_of_a_shipped_snippet_can_be_empty_or_raw(name: str) -> None:
    snippet = LIBRARY.snippets[name]
    asked = answers(snippet)
    full = rich()
    full["policy"] = dict(snippet.policy)
    for language, source in snippet.texts.items():
        everything = source + snippet.subjects.get(language, "")
        whole = fill(snippet, language, full, asked)
        assert whole.missing == (), f"{name} {language}"
        assert whole.ask == ()
        check(whole, f"{name} {language}")
        for variable in used(everything, snippet):
            for nothing in NOTHINGS:
                where = f"{name} {language} without {variable}"
                filled = fill(_without_policy(snippet, variable), language, without(full, variable, nothing), asked)
                check(filled, where)
                named = any(gap == variable or re.sub(r"\[\d+\]", "", gap) == variable for gap in filled.names)
                assert named or does_without(everything, variable), f"{where}: {filled.text}"
        for ask in snippet.asks:
            unanswered = fill(snippet, language, full, {key: value for key, value in asked.items() if key != ask.name})
            check(unanswered, f"{name} {language} without ask.{ask.name}")
            if not ask.default and f"ask.{ask.name}" in everything:
                assert f"ask.{ask.name}" in unanswered.names or does_without(everything, f"ask.{ask.name}")
                assert ask in unanswered.ask


def _without_policy(snippet: Snippet, variable: str) -> Snippet:
    """The snippet without the value of its pack, so that only the context can give it."""
    root, _, key = variable.partition(".")
    if root != "policy":
        return snippet
    return replace(snippet, policy={name: value for name, value in snippet.policy.items() if name != key})


@pytest.mark.parametrize("text", ["Gentile {{ x.y }},", "({{ x.y }})", "n. {{ x.y }}."])
def test_the_holes_would_be_seen(text: str) -> None:
    """The measure itself: what Liquid as it comes makes of these."""
    assert HOLE.search(Environment().from_string(text).render())
