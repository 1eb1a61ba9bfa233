"""Canned replies of other programs: mapped or asked for, refused by name, never silently live; names that stay the same."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import tomli
from hypothesis import given
from hypothesis import strategies as st

from agentdesk.domain.customer import Customer
from agentdesk.errors import UsageError
from agentdesk.snippets import context as values
from agentdesk.snippets.importing.espanso import read_espanso
from agentdesk.snippets.importing.foreign import Foreign, Read
from agentdesk.snippets.importing.helpdesks import read_json
from agentdesk.snippets.importing.pack_file import planned
from agentdesk.snippets.importing.sheet import mapping_of, read_sheet, written
from agentdesk.snippets.importing.variables import TABLES, for_chatwoot, ours
from agentdesk.snippets.pack import load_packs
from agentdesk.snippets.render import render


def zendesk(*macros: dict) -> Read:
    return read_json("zendesk", json.dumps({"macros": macros}).encode())


def snippets(toml: str) -> dict[str, dict]:
    return {one["name"]: one for one in tomli.loads(toml).get("snippet", [])}


# -- variables


@pytest.mark.parametrize(
    ("kind", "theirs", "expected"),
    [
        ("chatwoot", "Hi {{contact.name}}!", "Hi {{ customer.name }}!"),
        ("chatwoot", "{{ contact.first_name | default: 'you' }}", '{{ customer.first_name | default: "you" }}'),
        ("chatwoot", '{{contact.name || "there"}}', '{{ customer.name | default: "there" }}'),
        ("zendesk", "{{ticket.requester.first_name|capitalize}}", "{{ customer.first_name | capitalize }}"),
        ("zendesk", "#{{ticket.id}} {{current_user.name}}", "#{{ conversation.id }} {{ agent.name }}"),
        ("gorgias", "{{ticket.customer.firstname}}", "{{ customer.first_name }}"),
        ("gorgias", '{{ticket.customer.integrations.shopify.orders[0].created_at|datetime_format("L")}}', "{{ order.placed_at | date }}"),
        ("csv", "{%customer.firstName,fallback=there%}", '{{ customer.first_name | default: "there" }}'),
        ("csv", '{{ order.placed_at | date: "short" }}', '{{ order.placed_at | date: "short" }}'),
        ("csv", "{{ order.total }}", "{{ order.total | money }}"),
        ("espanso", "a { b } c", "a { b } c"),
    ],
)
def test_what_is_known_gets_our_name(kind: str, theirs: str, expected: str) -> None:
    made = ours(theirs, TABLES[kind])
    assert (made.text, made.unknown, made.refused) == (expected, (), "")


def test_what_is_unknown_becomes_a_question_and_is_told_with_its_line() -> None:
    made = ours("Hi\n{{ticket.custom_fields.42 | default: 'x'}} and {{contact.name | sha256}}", TABLES["chatwoot"])
    assert made.text == "Hi\n{{ ask.ticket_custom_fields_42 }} and {{ ask.contact_name }}"
    assert [(one.name, one.line, one.ask) for one in made.unknown] == [
        ("ticket.custom_fields.42", 2, "ticket_custom_fields_42"), ("contact.name | sha256", 2, "contact_name"),
    ]  # fmt: skip
    assert made.asks == (("ticket_custom_fields_42", "ticket.custom_fields.42", "x"), ("contact_name", "contact.name", ""))


@pytest.mark.parametrize(
    "text", ["{% if x %}a{% endif %}", "a {{ b", "a }} b", "{{{contact.name}}}", "{{ {{contact.name}} }}", "{{contact.name}}}", "{%", "x %} y"]
)
def test_logic_and_braces_that_are_no_variable_are_refused(text: str) -> None:
    assert ours(text, TABLES["chatwoot"]).refused


@given(st.text(alphabet="{}%| abc.'\"[]\n`-#$", max_size=60), st.sampled_from(sorted(TABLES)))
def test_nothing_foreign_is_ever_live(text: str, kind: str) -> None:
    """Whatever is taken over is Liquid that our own check passes, with no name but ours and questions."""
    read = Read((Foreign("x:1", "One", text or "x"),))
    plan = planned(read, TABLES[kind], "shop", "en")
    if not plan.entries:
        return
    snippet = snippets(plan.toml)["one"]
    body = snippet["text"]["en"]
    asked = {one["name"] for one in snippet.get("ask", [])}
    for expression in re.findall(r"\{\{(.*?)\}\}", body):
        name = expression.split("|")[0].strip()
        assert name.removeprefix("ask.") in asked or name in {value.split(" ")[0] for value in TABLES[kind].values()}, body
    assert not re.search(r"\{%(?! cursor %\})", body)


# -- formats

ZENDESK = [
    {"id": 1, "title": "Shipping::Late::It is late", "active": True, "actions": [
        {"field": "comment_value_html", "value": "<p>Dear {{ticket.requester.first_name}},</p><p>it is <b>late</b>.<br>{{dc.sorry}}</p>"},
        {"field": "current_tags", "value": "late parcel"}, {"field": "status", "value": "solved"}, {"field": "priority", "value": "high"},
        {"field": "group_id", "value": "77"}]},
    {"id": 2, "title": "Old", "active": False, "actions": [{"field": "comment_value", "value": "x"}]},
    {"id": 3, "title": "Note", "actions": [{"field": "comment_value", "value": "x"}, {"field": "comment_mode_is_public", "value": "false"}]},
    {"id": 4, "title": "Only tags", "actions": [{"field": "set_tags", "value": "vip"}]},
    {"id": 5, "title": "Logic", "actions": [{"field": "comment_value", "value": ["channel:all", "{% if ticket.id %}x{% endif %}"]}]},
    {"id": 6, "title": "Nothing", "actions": []}, "nonsense",
]  # fmt: skip


def test_zendesks_macros(tmp_path: Path) -> None:
    plan = planned(zendesk(*ZENDESK), TABLES["zendesk"], "zendesk", "en")
    found = snippets(plan.toml)
    assert list(found) == ["it-is-late", "only-tags"]
    late = found["it-is-late"]
    assert late["text"]["en"] == "Dear {{ customer.first_name }},\n\nit is late.\n{{ ask.dc_sorry }}"
    assert (late["tags"], late["actions"]) == (["Shipping", "Late"], {"tags": ["late", "parcel"], "close": True, "priority": "high"})
    assert plan.entries[0].left == ("group_id: 77",)
    assert [one.name for one in plan.entries[0].unknown] == ["dc.sorry"]
    assert sorted(one.name for one in plan.refused) == ["7", "Logic", "Note", "Nothing", "Old"]
    file = tmp_path / "zendesk.toml"
    file.write_text(plan.toml, "utf-8")
    library = load_packs([file])
    assert library.faults == ()
    assert library.macros is not None
    assert list(library.macros.snippets) == ["zendesk/only-tags"]


def test_gorgias_macros() -> None:
    macros = [
        {"id": 9, "name": "Order status", "language": "fr", "actions": [
            {"name": "setResponseText", "arguments": {"body_text": "Bonjour {{ticket.customer.firstname}}", "body_html": "<div>x</div>"}},
            {"name": "addTags", "arguments": {"tags": "question, order-status"}}, {"name": "setStatus", "arguments": {"status": "closed"}},
            {"name": "http", "arguments": {}}]},
        {"id": 10, "name": "Html", "actions": [{"name": "setResponseText", "arguments": {"body_html": "<div>a &amp; b</div>"}}]},
    ]  # fmt: skip
    plan = planned(read_json("gorgias", json.dumps({"data": macros}).encode()), TABLES["gorgias"], "gorgias", "en")
    found = snippets(plan.toml)
    assert found["order-status"]["text"] == {"fr": "Bonjour {{ customer.first_name }}"}
    assert found["order-status"]["actions"] == {"tags": ["question", "order-status"], "close": True}
    assert plan.entries[0].left == ("http",)
    assert found["html"]["text"] == {"en": "a & b"}


def test_reamazes_templates() -> None:
    content = {"response_templates": [{"id": 1, "name": "Returns", "body": "Hi {{customer.name}} {{brand}}", "response_template_group": {"name": "R"}}]}
    plan = planned(read_json("reamaze", json.dumps(content).encode()), TABLES["reamaze"], "reamaze", "en")
    assert snippets(plan.toml)["returns"]["text"]["en"] == "Hi {{ customer.name }} {{ ask.brand }}"
    assert snippets(plan.toml)["returns"]["tags"] == ["R"]


ESPANSO = r"""
matches:
  - trigger: ":hi"
    replace: "Hello\nworld $|$"
    label: A greeting
  - triggers: [":a", ":b"]
    replace: "{{shop}} {{size}} {{nobody}}"
    vars:
      - {name: shop, type: echo, params: {echo: "Casa {{x}}"}}
      - {name: size, type: choice, params: {values: [S, {label: M, id: m}]}}
  - trigger: ":ip"
    replace: "{{out}}"
    vars: [{name: out, type: shell, params: {cmd: "curl x"}}]
  - trigger: ":py"
    replace: "{{when}}"
    vars: [{name: run, type: script, params: {args: [python, x.py]}}, {name: when, type: date, params: {format: "{{run}}"}}]
  - trigger: ":now"
    replace: "{{when}}"
    vars: [{name: when, type: date, params: {format: "%H"}}]
  - {regex: ":(?P<x>.*)", replace: "{{x}}"}
  - {trigger: ":f", form: "[[name]]"}
  - {trigger: ":img", image_path: /etc/passwd}
  - {trigger: ":g", replace: "{{glob}}"}
global_vars: [{name: glob, type: shell, params: {cmd: "id"}}]
"""


def test_espansos_plain_entries_and_what_runs_is_refused_by_name(tmp_path: Path) -> None:
    plan = planned(read_espanso(ESPANSO.encode()), TABLES["espanso"], "espanso", "en")
    found = snippets(plan.toml)
    assert found["a-greeting"]["text"]["en"] == "Hello\nworld {% cursor %}"
    assert found["a-greeting"]["shortcut"] == "hi"
    assert found["a"]["text"]["en"] == "Casa {{ ask.x }} {{ ask.size }} {{ ask.nobody }}"
    assert [(one["name"], one.get("choices")) for one in found["a"]["ask"]] == [("x", None), ("size", ["S", "M"]), ("nobody", None)]
    assert [one.name for one in plan.entries[1].unknown] == ["x", "nobody"]
    why = {one.name: one.why for one in plan.refused}
    assert set(why) == {":ip", ":py", ":now", ":(?P<x>.*)", ":f", ":img", ":g"}
    assert all("runs a program" in why[name] for name in (":ip", ":g"))
    assert "curl" not in plan.toml
    file = tmp_path / "x.toml"
    file.write_text(plan.toml, "utf-8")
    assert load_packs([file]).faults == ()


def test_yaml_makes_nothing_but_plain_values() -> None:
    with pytest.raises(UsageError, match="YAML"):
        read_espanso(b'matches: !!python/object/apply:os.system ["touch /tmp/x"]')


def test_tables_by_headings_by_columns_and_without_headings() -> None:
    by_heads = read_sheet(b"Name;Body;Tags\nUno;Ciao;a, b\nDue;;\n", {})
    assert [(one.title, one.text, one.tags) for one in by_heads.entries] == [("Uno", "Ciao", ("a", "b"))]
    assert [one.name for one in by_heads.refused] == ["Due"]
    by_columns = read_sheet(b"Was,Inhalt\nEins,Hallo\n", mapping_of("title=Was,text=inhalt"))
    assert [(one.title, one.text) for one in by_columns.entries] == [("Eins", "Hallo")]
    expander = read_sheet(b'tks,"Thank you,\nAnna",Thanks\nhw,Hello,\n', {})
    assert [(one.shortcut, one.title, one.text) for one in expander.entries] == [("tks", "Thanks", "Thank you,\nAnna"), ("hw", "hw", "Hello")]
    assert read_sheet(b"x\ty\nz\tw\n", mapping_of("text=2,title=1")).entries[0].text == "y"
    assert read_sheet("text,title\ncaff\u00e8,x\n".encode("cp1252"), {}).entries[0].text == "caff\u00e8"


@pytest.mark.parametrize(("columns", "words"), [("body", "field=heading"), ("title=x", "text=Body"), ("text=Nope", "no column")])
def test_columns_that_are_wrong_are_said(columns: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        read_sheet(b"a,b,c,d\n1,2,3,4\n", mapping_of(columns))


@pytest.mark.parametrize(
    ("kind", "content", "words"),
    [("zendesk", b"{", "not JSON"), ("zendesk", b"\xff", "UTF-8"), ("zendesk", b'{"x": 1}', "macros"), ("chatwoot", b"[" * 100_000, "not JSON"), ("gorgias", b"3", "macros")],
)
def test_files_that_are_none_of_it_are_said(kind: str, content: bytes, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        read_json(kind, content)


@pytest.mark.parametrize("content", [b"a: [", b"\xff", b"- 1", b"matches: 3"])
def test_yaml_that_is_none_of_it_is_said(content: bytes) -> None:
    with pytest.raises(UsageError):
        read_espanso(content)


# -- names and files


def macro(number: int, title: str, text: str = "x") -> dict:
    return {"id": number, "title": title, "actions": [{"field": "comment_value", "value": text}]}


def test_a_name_stays_when_the_title_changes_and_when_others_come_before() -> None:
    first = planned(zendesk(macro(1, "Thanks"), macro(2, "Thanks")), TABLES["zendesk"], "zendesk", "en")
    assert [one.name for one in first.entries] == ["thanks", "thanks-2"]
    again = planned(zendesk(macro(3, "Thanks"), macro(2, "Renamed"), macro(1, "Thanks", "y")), TABLES["zendesk"], "zendesk", "en", before=first.toml)
    assert [(one.name, one.state) for one in again.entries] == [("thanks-3", "new"), ("thanks-2", "changed"), ("thanks", "changed")]
    assert '+title = "Renamed"' in again.diff
    same = planned(zendesk(macro(1, "Thanks"), macro(2, "Thanks")), TABLES["zendesk"], "zendesk", "en", before=first.toml)
    assert (same.toml, same.diff, {one.state for one in same.entries}) == (first.toml, "", {"same"})
    less = planned(zendesk(macro(1, "Thanks")), TABLES["zendesk"], "zendesk", "en", before=first.toml)
    assert less.gone == ("thanks-2",)


def test_a_file_written_by_hand_is_not_overwritten() -> None:
    with pytest.raises(UsageError, match="by hand"):
        planned(zendesk(macro(1, "A")), TABLES["zendesk"], "zendesk", "en", before='[pack]\nname = "own"\n')


@given(st.text(max_size=80), st.text(min_size=1, max_size=80))
def test_whatever_stands_in_an_entry_is_written_and_read_as_it_is(title: str, text: str) -> None:
    """Quotes, backslashes, line ends, brackets, other scripts: nothing breaks out of its place in the file."""
    plan = planned(zendesk(macro(1, title, text), macro(2, "second")), TABLES["zendesk"], "zendesk", "en")
    parsed = tomli.loads(plan.toml)
    assert len(parsed["snippet"]) == len(plan.entries)
    assert set(parsed) == {"pack", "snippet"}


def test_hostile_names_stay_in_their_comments() -> None:
    evil = 'x"\n[[snippet]]\nname = "evil"\n'
    read = read_json("zendesk", json.dumps([{"id": evil, "title": evil, "actions": [{"field": evil, "value": evil}, {"field": "comment_value", "value": "{{" + evil + "}}"}]}]).encode())
    plan = planned(read, TABLES["zendesk"], "zendesk", "en")
    assert "evil" not in snippets(plan.toml)
    assert len(snippets(plan.toml)) == len(plan.entries)


def test_an_imported_text_is_filled_and_its_values_are_data(tmp_path: Path) -> None:
    plan = planned(zendesk(macro(1, "Hi", "Dear {{ticket.requester.name}}")), TABLES["zendesk"], "zendesk", "en")
    file = tmp_path / "x.toml"
    file.write_text(plan.toml, "utf-8")
    context = values.build_context(customer=Customer(1, "{{ agent.email }}"), language="en", now=datetime(2026, 12, 1, tzinfo=UTC))
    assert render(load_packs([file]).find("hi"), "en", context).text == "Dear {{ agent.email }}"


# -- out


def test_what_chatwoot_can_hold_and_what_it_cannot() -> None:
    fixed = {"desk.name": "Casa Verde", "policy.returns_days": "30"}
    text = 'Hi {{ customer.first_name | default: "there" }}, {{ desk.name }} takes it back for {{ policy.returns_days }} days. {{ agent.name }}'
    assert for_chatwoot(text, fixed).text == (
        'Hi {{ contact.first_name | default: "there" }}, Casa Verde takes it back for 30 days. {{ agent.name }}'
    )
    made = for_chatwoot("{% if order.number %}{{ order.total | money }}{% endif %}{{ customer.name | upcase }}", fixed)
    assert made.text == ""
    assert made.cannot == ("order.total | money", "customer.name | upcase", "{% if %}")


def test_a_table_that_is_written_is_read_again() -> None:
    rows = [{"name": "shop/a", "title": 'A "quoted", title', "text": "one\ntwo; three", "language": "de", "tags": "x, y", "shortcut": "a", "subject": ""}]
    again = read_sheet(written(rows).encode(), {}).entries
    assert [(one.title, one.text, one.language, one.tags, one.shortcut) for one in again] == [('A "quoted", title', "one\ntwo; three", "de", ("x", "y"), "a")]
