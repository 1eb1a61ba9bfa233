"""`{% cursor %}`: where the agent goes on writing, whatever is tidied around it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentdesk.snippets.check import check_text
from tests.unit.snippets_case import fill, snippet, values_in


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("a{% cursor %}b", "a|b"),
        ("Ciao,\n\n{% cursor %}\n\nSaluti", "Ciao,\n\n|\n\nSaluti"),
        ("\n\n  Ciao \n\n\n\n{% cursor %}", "Ciao\n\n|"),
        ("{% cursor %}Ciao", "|Ciao"),
        ("{% if true %} {% cursor %}{% endif %}x", "|x"),
        ("{% if order.number == 'no' %}{% cursor %}{% else %}y{% endif %}x", "yx|"),
        ("{{ order.number }}{% cursor %}{{ order.number }}", "10245|10245"),
        ("a{% cursor %}b{% cursor %}c", "a|bc"),
        ("{% for item in order.items %}{{ item.name }}{% cursor %}, {% endfor %}.", "Vaso Alba|, Tazza Brina, ."),
    ],
)
def test_where_it_stands(text: str, filled: str) -> None:
    done = fill(text)
    assert done.text[: done.cursor] + "|" + done.text[done.cursor :] == filled
    assert values_in(done) == ["10245"] * text.count("order.number }}") + (["Vaso Alba", "Tazza Brina"] if "item" in text else [])


def test_an_open_place_comes_first() -> None:
    done = fill("{% cursor %}a {{ order.shipment.phone }}")
    assert done.cursor == done.missing[0].start == 2
    assert done.text[done.missing[0].start : done.missing[0].end] == "⟨order.shipment.phone⟩"


def test_in_a_subject_or_a_captured_text_it_is_nowhere() -> None:
    assert fill("{% capture x %}a{% cursor %}b{% endcapture %}{{ x }}").text == "ab"
    assert fill("{% capture x %}a{% cursor %}b{% endcapture %}{{ x | upcase }}").cursor == 2


def test_it_is_no_fault() -> None:
    assert check_text("Ciao {% cursor %}", snippet("x")) == []
    assert [finding.code for finding in check_text("{% cursr %}", snippet("x"))] == ["unknown-tag"]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(["a", " ", "\n", "{{ order.number }}", "{{ order.foo }}", "{% cursor %}"]), max_size=12).map("".join))
def test_places_are_where_they_are_with_it_and_without(text: str) -> None:
    done = fill(text)
    assert values_in(done) == ["10245"] * text.count("{{ order.number }}")
    assert [done.text[gap.start : gap.end] for gap in done.missing] == ["⟨order.foo⟩"] * text.count("{{ order.foo }}")
    assert "".join(done.text.split()) == "".join(text.replace("{{ order.number }}", "10245").replace("{{ order.foo }}", "⟨order.foo⟩").replace("{% cursor %}", "").split())
    assert 0 <= done.cursor <= len(done.text)
