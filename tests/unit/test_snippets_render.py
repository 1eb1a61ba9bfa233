"""Filling: nothing raw, nothing empty, nothing foreign; what is missing is named, all of it, at its place."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentdesk.domain.customer import Customer
from agentdesk.domain.order import Item, Order
from agentdesk.errors import Refused, UsageError
from agentdesk.snippets import template
from agentdesk.snippets.context import Talk
from agentdesk.snippets.filters import FILTERS
from agentdesk.snippets.model import Ask
from agentdesk.snippets.render import open_places, render
from tests.unit.snippets_case import NOW, ORDER, context, fill, snippet, values_in


def test_a_reply() -> None:
    filled = fill(
        "Gentile {{ customer.first_name | default: 'cliente' }},\n\nil suo ordine {{ order.number }} di {{ order.placed_at | date }} "
        "({{ order.total | money }}) è con {{ order.shipment.carrier }}.\n"
    )
    assert filled.text == (
        "Gentile Maria,\n\nil suo ordine 10245 di mercoledì 25 novembre (89,90\xa0€) è con GLS."
    )
    assert values_in(filled) == ["Maria", "10245", "mercoledì 25 novembre", "89,90\xa0€", "GLS"]
    assert filled.missing == ()
    assert filled.cursor == len(filled.text)
    assert filled.language == "it"


# -- what is missing


def test_all_that_is_missing_is_named_at_its_place() -> None:
    filled = fill("Ordine {{ order.number }}, pacco {{ order.shipment.number }}, {{ customer.name }}.", order=None, orders=(), customer=None)
    assert filled.text == "Ordine ⟨order.number⟩, pacco ⟨order.shipment.number⟩, ⟨customer.name⟩."
    assert filled.names == ("order.number", "order.shipment.number", "customer.name")
    assert [filled.text[gap.start : gap.end] for gap in filled.missing] == [f"⟨{name}⟩" for name in filled.names]
    assert filled.cursor == filled.missing[0].start == 7
    assert open_places(filled.text) == filled.names


@pytest.mark.parametrize("nothing", [None, "", "   ", "\n\t", "\xa0", [], {}])
@pytest.mark.parametrize(
    "text",
    [
        "{{ order.number }}", "{{ order.number | upcase }}", "{{ order.number | date }}", "{{ order.number | money }}", "{{ order.number | time }}",
        "{{ order.number | date: '%d' }}", "{{ order.number | append: '!' }}", "{{ 'n. ' | append: order.number }}",
        "{{ order.number | prepend: 'n. ' | strip }}", "{{ order.number | plus: 1 }}", "{{ 1 | plus: order.number }}",
        "{{ order.number | size }}", "{{ order.number | default: '' }}", "{{ order.number | default: order.number }}",
        "{% assign n = order.number %}{{ n }}", "{% assign n = order.number | upcase %}{{ n | downcase }}",
        "{% capture n %}{{ order.number }}{% endcapture %}{{ n }}", "{% capture n %}n. {{ order.number }}{% endcapture %}{{ n | strip }}",
        "{% for n in order.number %}{{ n }}{% endfor %}", "{{ order['number'] }}", "{{ order.number | replace: 'a', 'b' }}",
        "{{ 'abc' | replace: 'b', order.number }}", "{{ order.number | split: ',' | join: '+' }}", "{{ order.number | first }}",
        "{{ order.number | join: ',' }}", "{{ order.number | round }}", "{{ order.number | truncate: 5 }}", "{{ order.number | url_encode }}",
        "{{ order.number | default: nil }}",
    ],
)  # fmt: skip
def test_no_value_never_prints_as_nothing(text: str, nothing: object) -> None:
    values = context()
    values["order"] = {**values["order"], "number": nothing}
    filled = render(snippet(text), "it", values)
    assert filled.names == ("order.number",), filled.text
    assert "⟨order.number⟩" in filled.text


def test_a_captured_text_keeps_its_gaps_and_values() -> None:
    filled = fill("{% capture line %}n. {{ order.number }} a {{ customer.zip }}{% endcapture %}Ecco: {{ line }}.")
    assert filled.text == "Ecco: n. 10245 a ⟨customer.zip⟩."
    assert values_in(filled) == ["10245"]
    assert filled.text[filled.missing[0].start : filled.missing[0].end] == "⟨customer.zip⟩"


def test_a_capture_that_is_never_printed_misses_nothing() -> None:
    assert fill("{% capture line %}{{ customer.zip }}{% endcapture %}ok").missing == ()


@pytest.mark.parametrize("default", ["{{ customer.zip | default: 'qui' }}", "{{ customer.zip | date | default: 'qui' }}",
                                     "{% if customer.zip %}{{ customer.zip }}{% else %}qui{% endif %}",
                                     "{% unless customer.zip %}qui{% endunless %}", "{% if customer.zip == blank %}qui{% endif %}",
                                     "{% if customer.zip == empty %}qui{% endif %}", "{% if customer.zip == nil %}qui{% endif %}",
                                     "{% if customer.zip == '' %}qui{% endif %}", "{% if customer.zip > 3 %}x{% else %}qui{% endif %}",
                                     "{% if customer.zip contains '3' %}x{% else %}qui{% endif %}",
                                     "{% case customer.zip %}{% when '1' %}x{% else %}qui{% endcase %}",
                                     "{% for z in customer.zip %}x{% else %}qui{% endfor %}"])  # fmt: skip
def test_what_a_text_does_without_a_value(default: str) -> None:
    filled = fill(default)
    assert filled.text == "qui"
    assert filled.missing == ()


def test_comparing_with_nothing_when_there_is_something() -> None:
    text = "{% if order.number != blank %}a{% endif %}{% if order.number == '' %}b{% endif %}{% if order.items != empty %}c{% endif %}"
    assert fill(text).text == "ac"


def test_loops() -> None:
    text = "{% for item in order.items %}- {{ item.quantity }} × {{ item.name }}, {{ item.price | money }}\n{% endfor %}"
    assert fill(text).text == "- 1 × Vaso Alba, 49,90\xa0€\n- 2 × Tazza Brina, 20,00\xa0€"
    empty = fill("Ha ordinato:\n{% for item in order.items %}{{ item.name }}{% endfor %}", order=Order("1", "new", None, "EUR", None))
    assert empty.text == "Ha ordinato:\n⟨order.items⟩"
    assert empty.names == ("order.items",)
    gap = fill(text, order=Order("1", "new", None, "EUR", None, items=(Item("Vaso", 1, Decimal(5)), Item("Tazza"))))
    assert gap.names == ("order.items[1].price",), "named as the agent knows it, not by the loop's variable"


def test_a_loop_that_would_leave_a_gap_does_so_inside_a_branch_too() -> None:
    text = "{% if true %}{% for item in order.items %} {% endfor %}{% endif %}"
    assert fill(text, order=None, orders=()).names == ("order.items",)


@pytest.mark.parametrize("text", ["{{ order }}", "{{ order.items }}", "{{ orders }}", "{{ order.shipment }}", "{{ hours.closed_today }}",
                                  "{{ order | default: 'x' }}", "{{ order.items | first }}", "{% for o in orders %}{{ o }}{% endfor %}",
                                  "{% for pair in order %}{{ pair[1] }}{% endfor %}", "{% for x in order.items %}{{ forloop }}{% break %}{% endfor %}",
                                  "{{ order.items | map: 'name' }}"])  # fmt: skip
def test_what_is_no_text_is_refused(text: str) -> None:
    filled = fill(text)
    assert filled.missing
    assert not any(gap.printable for gap in filled.missing)
    assert "{" not in filled.text
    assert "Vaso" not in filled.text


def test_an_object_made_text_by_a_filter_is_refused() -> None:
    for text in ("{{ order | upcase }}", "{{ 'a' | append: order }}", "{{ order.items | join: ', ' }}", "{{ order | money }}", "{{ order | date }}"):
        with pytest.raises(Refused):
            fill(text)


# -- values are only values


@pytest.mark.parametrize("name", ["{{ 7 | times: 7 }}", "{% raw %}", "{{ order.number }}", "[/bold]", "[red]Anna", "<b>Anna</b>", "⟨customer.name⟩", "a\\b", "%s %(x)s {0}"])
def test_a_value_is_never_a_template_and_never_markup(name: str) -> None:
    filled = fill("Gentile {{ customer.name }}, {{ customer.name | upcase }}", customer=Customer(1, name))
    assert filled.text == f"Gentile {name}, {name.upper()}"
    assert values_in(filled) == [name, name.upper()]
    assert filled.missing == ()


@settings(max_examples=150, deadline=None)
@given(st.text(min_size=1).filter(lambda text: text.strip() and not text.isspace()), st.text(min_size=1).filter(lambda text: bool(text.strip())))
def test_every_span_is_exactly_its_value(number: str, carrier: str) -> None:
    values = context()
    values["order"] = {"number": number, "shipment": {"carrier": carrier}}
    filled = render(snippet("[{{ order.number }}]\n\n\n  \nx {{ order.shipment.carrier }}{{ order.number }}{{ order.nothing }}."), "it", values)
    assert values_in(filled) == [number, carrier, number]
    assert filled.text == f"[{number}]\n\nx {carrier}{number}⟨order.nothing⟩."
    assert filled.text[filled.missing[0].start : filled.missing[0].end] == "⟨order.nothing⟩"


def test_what_tags_leave_behind_is_tidied() -> None:
    filled = fill("\n\nA {{ order.number }}  \n{% if customer.zip %}\nzip\n{% endif %}\n\n\n\nB {{ order.number }}\n\n")
    assert filled.text == "A 10245\n\nB 10245"
    assert values_in(filled) == ["10245", "10245"]


# -- languages


def test_money_and_dates_are_in_the_language_of_the_text() -> None:
    one = snippet({"it": "{{ order.total | money }} {{ order.shipment.eta | date }}", "de": "{{ order.total | money }} {{ order.shipment.eta | date }}",
                   "en": "{{ order.total | money }} {{ order.shipment.eta | date }} {{ order.total }}"})  # fmt: skip
    assert render(one, "it", context()).text == "89,90\xa0€ giovedì 3 dicembre"
    assert render(one, "de", context()).text == "89,90\xa0€ Donnerstag, 3. Dezember"
    assert render(one, "de-AT", context()).language == "de"
    spanish = render(one, "es", context())
    assert spanish.language == "en"
    assert spanish.text == "€89.90 Thursday, 3 December 89.90"
    assert render(one, "en-US", context()).text == "€89.90 Thursday, December 3 89.90"


def test_without_english_the_first_language_there_is() -> None:
    assert render(snippet({"fr": "oui", "de": "ja"}), "it", context()).language == "fr"


def test_currencies() -> None:
    swiss = Order("1", "new", None, "CHF", Decimal("12.50"), items=(Item("Vaso", 1, Decimal(10)),))
    text = "{{ order.total | money }}|{{ order.items[0].price | money }}|{{ 5 | money }}|{{ 5 | money: 'EUR' }}|{{ order.total | minus: 2 | money }}"
    assert fill(text, "en", order=swiss).text == "CHF\xa012.50|CHF\xa010.00|CHF\xa05.00|€5.00|CHF\xa010.50"


def test_numbers_are_decimal() -> None:
    assert fill("{{ 0.1 | plus: 0.2 }} {{ 10.0 | divided_by: 4 }} {{ 7 | modulo: 4 }} {{ 2.5 | round }} {{ 1.05 | times: 3 }}").text == "0,3 2,5 3 3 3,15"
    assert fill("{{ 10 | divided_by: 4 }} {{ order.total | divided_by: 2 | money }}").text == "2 44,95\xa0€"
    assert fill("{{ order.items | sum: 'price' | money }} {{ order.items | sum: 'quantity' }}").text == "69,90\xa0€ 3"
    partial = fill("{{ order.items | sum: 'price' }}", order=Order("1", "x", None, "EUR", None, items=(Item("a", 1, Decimal(1)), Item("b"))))
    assert partial.names == ("price",), "a sum that leaves one out is wrong"


def test_dates_are_the_desks_and_there_is_no_clock() -> None:
    order = Order("1", "x", datetime(2026, 11, 30, 23, 30, tzinfo=UTC), "EUR", None)
    assert fill("{{ order.placed_at | date }} {{ order.placed_at | time }}", order=order).text == "martedì 1 dicembre 00:30"
    assert fill("{{ 'now' | date: 'full' }}").text == "martedì 1 dicembre 2026"
    assert fill("{{ now }} {{ today }}").names == ("now", "today")


def test_the_first_letter() -> None:
    assert fill("{{ order.placed_at | date | capitalize }}. {{ 'D’ANGELO' | capitalize }}").text == "Mercoledì 25 novembre. D’ANGELO"


# -- questions


def test_questions() -> None:
    asks = (Ask("days", "Days", "3", ("1", "3", "7")), Ask("reason", "Reason"))
    one = snippet("{{ ask.days }} giorni: {{ ask.reason }}", asks=asks)
    unanswered = render(one, "it", context())
    assert unanswered.text == "3 giorni: ⟨ask.reason⟩"
    assert [ask.name for ask in unanswered.ask] == ["reason"]
    assert unanswered.names == ("ask.reason",)
    answered = render(one, "it", context(), {"days": "7", "ask.reason": " sciopero  del corriere "})
    assert answered.text == "7 giorni: sciopero del corriere"
    assert answered.ask == ()
    assert render(one, "it", context(), {"reason": " "}).names == ("ask.reason",)
    with pytest.raises(UsageError):
        render(one, "it", context(), {"days": "9"})
    with pytest.raises(UsageError):
        render(one, "it", context(), {"dayz": "3"})


def test_a_missing_value_can_be_answered() -> None:
    values = context(order=None, orders=())
    one = snippet("{{ order.number }} {{ order.shipment.eta | date }} {{ order.total | money: 'EUR' }}")
    filled = render(one, "it", values, {"order.number": "777", "order.shipment.eta": "2026-12-24", "order.total": "1.289,90"})
    assert filled.text == "777 giovedì 24 dicembre 1.289,90\xa0€"
    assert "order" not in values, "the context is somebody else's"
    assert render(one, "it", values, {"order.number": "777", "order.shipment.eta": "lunedì prossimo", "order.total": "circa 20 euro"}).text == (
        "777 lunedì prossimo circa 20 euro"
    )
    with pytest.raises(UsageError):
        render(one, "it", values, {"order.secret": "x"})


def test_values_of_the_pack_and_of_the_desk() -> None:
    one = snippet("{{ policy.days }} {{ policy.until }}", policy={"days": 30, "until": date(2026, 12, 24)})
    assert render(one, "it", context()).text == "30 giovedì 24 dicembre"
    assert render(one, "it", context(policy={"days": 14})).text == "14 giovedì 24 dicembre"


def test_the_subject() -> None:
    one = snippet("testo", subjects={"it": "Ordine {{ order.number }}:\n {{ order.shipment.phone }}"})
    filled = render(one, "it", context())
    assert filled.subject == "Ordine 10245: ⟨order.shipment.phone⟩"
    assert [(gap.name, gap.where) for gap in filled.missing] == [("order.shipment.phone", "subject")]
    assert filled.cursor == len("testo")


def test_actions_come_along() -> None:
    assert render(snippet("x", actions={"tags": ("shipping",), "close": True}), "it", context()).actions == {"tags": ("shipping",), "close": True}


# -- refusals


def test_outside_its_dates_and_channels() -> None:
    one = snippet("x", valid_from=date(2026, 12, 2), valid_until=date(2026, 12, 24), channels=("chat",))
    with pytest.raises(Refused, match="2026-12-02"):
        render(one, "it", context(conversation=Talk("a", kind="chatwoot")))
    with pytest.raises(Refused, match="2026-12-24"):
        render(one, "it", context(now=datetime(2026, 12, 25, 0, 1, tzinfo=NOW.tzinfo), conversation=Talk("a", kind="chat")))
    with pytest.raises(Refused, match="chat"):
        render(one, "it", context(now=datetime(2026, 12, 24, 23, 59, tzinfo=NOW.tzinfo)))
    assert render(one, "it", context(conversation=Talk("a", kind="chatwoot")), today=date(2026, 12, 24)).text == "x"


@pytest.mark.parametrize(
    "text",
    [
        "{{ order.number", "{% if order %}x", "{{ order.number | nothing }}", "{% include 'x' %}", "{% render 'x' %}", "{% tablerow x in orders %}{% endtablerow %}",
        "{% echo order.number %}", "{% liquid echo order.number %}", "{% increment x %}", "{% cycle 'a', 'b' %}", "{% raw %}{{ x }}{% endraw %}",
        "{%- raw -%}{{ x }}{%- endraw -%}", "{{ order.number }} }}", "a %} b", "{{ order.number || 'x' }}", "{% layout 'x' %}",
        "{{ order.total | divided_by: 0 }}", "{{ order.total | plus: 'abc' }}", "{{ order.placed_at | date: '%Q' }}", "{% for i in (1..100000) %}a{% endfor %}",
        "{{ (1..99999999) | join: ',' }}", "{% if order.number > 5 %}x{% endif %}",
    ],
)  # fmt: skip
def test_texts_that_cannot_be_worked_out_are_refused_with_a_reason(text: str) -> None:
    with pytest.raises(Refused) as refused:
        fill(text)
    assert "test/one" in str(refused.value)
    assert len(str(refused.value)) > 40


@pytest.mark.parametrize(
    "text",
    [
        "{% assign x = 'aaaaaaaaaa' %}" + "{% assign x = x | append: x %}" * 60 + "{{ x }}",
        "{% assign x = 'aaaaaaaaaa' %}{% for i in (1..900) %}{% assign x = x | append: x %}{% endfor %}{{ x }}",
        "{% for a in (1..900) %}{% for b in (1..900) %}{% for c in (1..900) %}x{% endfor %}{% endfor %}{% endfor %}",
        "{% assign x = 9 %}{% for i in (1..900) %}{% assign x = x | times: x %}{% endfor %}{{ x }}",
        "{% for i in (1..900) %}" + "x" * 500 + "{% endfor %}",
        "{% assign x = 'aaaaaaaaaa' %}" + "{% assign x = x | append: x %}" * 12 + "{{ x | replace: 'a', x }}",
        "{% for i in (1..100000000) reversed %}a{% endfor %}",
        "{% assign x = (1..1000000000000000000000000000000) %}{{ x | size }}",
        "{% assign x = 'a,b' | split: ',' %}{% for i in (1..900) %}{% assign x = x | concat: x %}{% endfor %}{{ x | size }}",
        "{{ 999999999999 | times: 999999999999 | money }}",
        "{% if true %}" * 200 + "x" + "{% endif %}" * 200,
    ],
)  # fmt: skip
def test_limits(text: str) -> None:
    with pytest.raises(Refused):
        fill(text)


def test_the_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(template, "SECONDS", -1)
    with pytest.raises(Refused, match="too long"):
        fill("{{ order.number }}")


def test_an_object_has_only_its_own_fields() -> None:
    """Liquid's own objects have a `size`, a `first` and a `last`: "0" for a question of that name without an answer."""
    asks = (Ask("size", "Size"), Ask("first", "First"), Ask("last", "Last"))
    one = snippet("{{ ask.size }}{{ ask.first }}{{ ask.last }}{{ order.size }}{{ order.shipment.first }}", asks=asks)
    filled = render(one, "it", context())
    assert filled.names == ("ask.size", "ask.first", "ask.last", "order.size", "order.shipment.first")
    assert fill("{{ order.items.size }} {{ order.items.first.name }} {{ order.items.last.name }}").text == "2 Vaso Alba Tazza Brina"


def test_python_objects_cannot_be_reached() -> None:
    for name in ("__class__", "__dict__", "__init__", "isoformat", "currency", "keys"):
        assert fill(f"{{{{ order.placed_at.{name} }}}}{{{{ order.total.{name} }}}}{{{{ order.{name} }}}}").text.count("⟨") == 3


_VALUES = ("order", "order.items", "order.number", "order.total", "order.placed_at", "order.foo", "'a'", "0", "2.5", "(1..3)", "nil", "blank", "parts", "gap")


@pytest.mark.parametrize("name", sorted(FILTERS))
def test_no_filter_lets_anything_through_that_is_no_text(name: str) -> None:
    before = "{% assign parts = 'a,b' | split: ',' %}{% capture gap %}c{{ order.foo }}{% endcapture %}"
    for value in _VALUES:
        for argument in (None, "order", "order.items", "order.foo", "'a'", "0", "nil", "gap"):
            text = f"{before}[{{{{ {value} | {name}{f': {argument}' if argument else ''} }}}}]"
            try:
                filled = fill(text)
            except Refused:
                continue
            assert filled.text.strip("[] "), text
            assert not re.search(r"None|Undefined|Decimal|datetime|\{|<", filled.text), (text, filled.text)
            if name != "default" and {value, argument} & {"order.foo", "gap"}:
                assert filled.names == ("order.foo",), text


_PIECES = (
    "{{ ", " }}", "{% ", " %}", "{%- ", " -%}", "if ", "elsif ", "else", "endif", "for i in ", "endfor", "assign x = ", "capture x", "endcapture", "case ",
    "when ", "endcase", "unless ", "endunless", "comment", "endcomment", "break", "continue", "raw", "endraw", "#", "order", "order.items", "order.number", "orders",
    "customer.name", "x", "i", "i.name", "i.price", "forloop", "blank", "empty", "nil", "''", "'a'", "1", "0", "-1", "2.5", "(1..3)", "[0]", ".size", ".first",
    " | ", "default: ", "date", "date: '%d'", "money", "time", "append: ", "join: ", "split: ", "map: 'name'", "where: 'name', ", "sum: 'price'", "size", "plus: ",
    "divided_by: ", "slice: ", "truncate: ", "replace: ", "first", "sort", "concat: ", "round: ", "upcase", " == ", " > ", " contains ", " and ", ", ", " ", "\n",
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(_PIECES), max_size=14).map("".join))
def test_whatever_stands_in_a_text_is_filled_or_refused(text: str) -> None:
    try:
        filled = fill(text)
    except Refused:
        return
    assert "{{" not in filled.text
    assert "{%" not in filled.text
    for start, end in filled.spans:
        assert filled.text[start:end].strip()
    for gap in filled.missing:
        assert filled.text[gap.start : gap.end] == f"⟨{gap.name}⟩"


# -- the check before sending


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Tutto bene <3> ⟨ ⟩ ⟨⟩ ⟩3⟨ {x} {1} {", ()),
        ("⟨order.number⟩ e ⟨ask.days⟩ e ⟨order.number⟩", ("order.number", "ask.days")),
        ("⟨order.items[1].price⟩", ("order.items[1].price",)),
        ("Gentile {{ customer.name }},", ("{{ customer.name }}",)),
        ("{% if x %}a{% endif %}", ("{% if x %}", "{% endif %}")),
        ("a {{ b", ("{{",)),
        ("⟨b⟩ {{ a\n}}", ("b", "{{ a }}")),
        ("⟨Österreich⟩ ⟨x['y z']⟩", ("Österreich", "x['y z']")),
    ],
)
def test_open_places(text: str, found: tuple[str, ...]) -> None:
    assert open_places(text) == found


def test_every_gap_is_an_open_place() -> None:
    filled = fill("{{ a.b }}{{ orders[9].number }}{{ x['y z'] }}{{ order.items.last.price.x }}{{ '' }}{% for x in y %}{% endfor %}{{ orders[y].z }}")
    assert filled.text.count("⟨") == 7
    assert len(open_places(filled.text)) == len(filled.names) == 7


def test_the_order_in_the_case_is_filled() -> None:
    assert ORDER.number in fill("{{ order.number }}").text
