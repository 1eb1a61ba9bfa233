"""`agentdesk snippets import` and `export`: files, and a chat's canned responses over a real line."""

from __future__ import annotations

import csv
import io
import json

import httpx
import pytest

from agentdesk.demo.season_types import Season
from tests.chat_site import TOKEN, chat_site

MACROS = [
    {"id": 1, "title": "Shipping::Late", "actions": [{"field": "comment_value", "value": "Dear {{ticket.requester.name}}, {{dc.sorry}}"}]},
    {"id": 2, "title": "Logic", "actions": [{"field": "comment_value", "value": "{% if a %}b{% endif %}"}]},
]
PACK = """\
[pack]
name = "shop"
languages = ["en"]
[pack.policy]
days = 30
[[snippet]]
name = "returns"
title = "Returns"
[snippet.text]
en = "Hi {{ customer.first_name }}, {{ policy.days }} days at {{ desk.name }}."
[[snippet]]
name = "order"
title = "Order"
[snippet.text]
en = "Your order {{ order.number }}"
[[snippet]]
name = "thanks"
title = "Thanks"
[snippet.text]
en = "Thanks!"
"""


@pytest.fixture
def macros(world):
    file = world.folder / "macros.json"
    file.write_text(json.dumps({"macros": MACROS}), "utf-8")
    return str(file)


def test_a_dry_run_writes_nothing_and_says_everything(world, macros) -> None:
    outcome = world.run("snippets", "import", "zendesk", macros, "--dry-run")
    assert outcome.status == 0
    for words in ("new  late  Late", "dc.sorry is asked of the agent", "Logic", "has logic in it"):
        assert words in outcome.out, outcome.out
    assert "nothing was written" in outcome.err
    assert not (world.folder / "snippets").exists()


def test_what_is_imported_is_used_and_changes_only_when_asked_to(world, macros) -> None:
    done = world.run("snippets", "import", "zendesk", macros, "--json")
    assert done.status == 0
    assert [(one["name"], one["state"]) for one in done.json["snippets"]] == [("late", "new")]
    assert done.json["faults"] == []
    assert world.run("snippets", "list", "--layer", "team", "--json").json["snippets"][0]["pack"] == "zendesk"
    again = world.run("snippets", "import", "zendesk", macros)
    assert again.status == 0
    assert "says all of it already" in again.err
    changed = [{**MACROS[0], "title": "Very late"}]
    (world.folder / "macros.json").write_text(json.dumps(changed), "utf-8")
    refused = world.run("snippets", "import", "zendesk", macros)
    assert refused.status == 1
    assert "--replace" in refused.err
    assert '-title = "Late"' in world.run("snippets", "import", "zendesk", macros, "--dry-run").out
    assert world.run("snippets", "import", "zendesk", macros, "--replace").status == 0
    found = world.run("snippets", "list", "--layer", "team", "--json").json["snippets"]
    assert [(one["name"], one["title"]) for one in found] == [("late", "Very late")]


def test_what_is_wrong_is_said(world, macros, tmp_path) -> None:
    for argv, status, words in (
        (("zendesk",), 2, "name the file"), (("zendesk", "nowhere.json"), 1, "can't be read"), (("espanso", macros), 2, "espanso"),
        (("chatwoot",), 2, "no chat"), (("csv", macros, "--columns", "x"), 2, "no column"),
    ):  # fmt: skip
        outcome = world.run("snippets", "import", *argv)
        assert outcome.status == status, (argv, outcome.err)
        assert words in outcome.err, (argv, outcome.err)
    (world.folder / "logic.json").write_text(json.dumps(MACROS[1:]), "utf-8")
    assert world.run("snippets", "import", "zendesk", str(world.folder / "logic.json")).status == 1
    (world.folder / "snippets").mkdir()
    (world.folder / "snippets" / "own.toml").write_text(PACK, "utf-8")
    assert "by hand" in world.run("snippets", "import", "zendesk", macros, "--pack", "own", "--replace").err


def test_a_table_out_and_in_again(world) -> None:
    (world.folder / "snippets").mkdir()
    (world.folder / "snippets" / "shop.toml").write_text(PACK, "utf-8")
    table = world.run("snippets", "export", "csv", "--pack", "shop")
    rows = list(csv.DictReader(io.StringIO(table.out)))
    assert [(row["name"], row["language"]) for row in rows] == [("shop/returns", "en"), ("shop/order", "en"), ("shop/thanks", "en")]
    file = world.folder / "texts.csv"
    assert world.run("snippets", "export", "csv", "--pack", "shop", "--out", str(file)).status == 0
    done = world.run("snippets", "import", "csv", str(file), "--ours", "--pack", "again", "--json")
    assert [one["name"] for one in done.json["snippets"]] == ["returns", "order", "thanks"]
    assert "{{ policy.days }} days" in (world.folder / "snippets" / "again.toml").read_text("utf-8")


@pytest.fixture
def site(world, tmp_path):
    with chat_site(tmp_path, Season(mails=(), chats=(), orders=(), answers=())) as url:
        toml = world.folder / "desk.toml"
        chat = f'[[channels]]\nname = "chat"\nkind = "chatwoot"\nurl = "{url}"\naccount = 1\ntoken = "{TOKEN}"\n'
        toml.write_text(toml.read_text("utf-8") + chat, "utf-8")
        yield url


def responses(url: str) -> dict[str, str]:
    answer = httpx.get(f"{url}/api/v1/accounts/1/canned_responses", headers={"api_access_token": TOKEN})
    return {one["short_code"]: one["content"] for one in answer.json()}


def test_a_chats_canned_responses_come_in(world, site) -> None:
    done = world.run("snippets", "import", "chatwoot", "--json")
    assert done.status == 0, done.err
    assert [one["name"] for one in done.json["snippets"]] == ["hello", "loyalty", "thanks"]
    assert [one["name"] for one in done.json["snippets"][1]["unknown"]] == ["contact.custom_attribute.points"]
    text = (world.folder / "snippets" / "chatwoot.toml").read_text("utf-8")
    assert "Hi {{ customer.first_name }}, this is {{ agent.name }} of {{ desk.name }}." in text
    moved = world.run("usage", "--json").json["days"]
    assert [(one["channel"], one["job"], one["bytes_in"] > 300) for one in moved] == [("chat", "packs", True)]


def test_the_packs_texts_go_out_and_overwrite_only_when_asked_to(world, site) -> None:
    (world.folder / "snippets").mkdir()
    (world.folder / "snippets" / "shop.toml").write_text(PACK, "utf-8")
    before = responses(site)
    dry = world.run("snippets", "export", "chatwoot", "--pack", "shop", "--dry-run")
    assert dry.status == 0, dry.err
    assert "order.number" in dry.out
    assert responses(site) == before
    out = world.run("snippets", "export", "chatwoot", "--pack", "shop", "--json")
    assert [(one["short_code"], one["state"]) for one in out.json["responses"]] == [("returns", "new"), ("thanks", "differs")]
    assert [one["name"] for one in out.json["left_out"]] == ["shop/order"]
    after = responses(site)
    assert after["returns"] == "Hi {{ contact.first_name }}, 30 days at Casa Verde."
    assert after["thanks"] == before["thanks"]
    again = world.run("snippets", "export", "chatwoot", "--pack", "shop", "--replace", "--json").json
    assert [one["state"] for one in again["responses"]] == ["same", "changed"]
    assert responses(site)["thanks"] == "Thanks!"


def test_a_chat_that_is_not_there_is_said(world) -> None:
    toml = world.folder / "desk.toml"
    toml.write_text(toml.read_text("utf-8") + '[[channels]]\nname = "chat"\nkind = "chatwoot"\nurl = "http://127.0.0.1:1"\naccount = 1\ntoken = "t"\n')
    outcome = world.run("snippets", "import", "chatwoot")
    assert outcome.status == 3
    assert "127.0.0.1:1" in outcome.err
