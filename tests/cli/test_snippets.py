"""`agentdesk snippets ...` and replies by snippet."""

import pytest

PACK = """\
[pack]
name = "own"
title = "Ours"
languages = ["en"]
[[snippet]]
name = "shipped"
title = "Where is my order: shipped"
shortcut = "wismo"
tags = ["shipping"]
[snippet.text]
en = "Dear {{ customer.first_name }}, {{ order.shipment.carrier }} has your order {{ order.number }}."
[[snippet]]
name = "delay"
title = "Delay"
ask = [{ name = "days", label = "Days" }]
[snippet.text]
en = "It takes {{ ask.days }} more days."
"""


@pytest.fixture
def desk(world):
    (world.folder / "own.toml").write_text(PACK)
    toml = world.folder / "desk.toml"
    toml.write_text(toml.read_text() + '[snippets]\npacks = ["own.toml"]\n')
    return world


@pytest.fixture
def ids(desk):
    return {c["subject"]: c["id"] for c in desk.run("list", "--json").json["conversations"]}


def test_search_has_the_promised_fields_and_ranks(desk, ids):
    found = desk.run("snippets", "search", "where", "order", "--conversation", ids["Order 10245"], "--json").json
    assert found["schema"] == 1
    assert set(found["snippets"][0]) >= {"name", "title", "pack", "score", "why"}
    assert found["snippets"][0]["name"] in {"shipped", "own/shipped"}
    assert len(desk.run("snippets", "search", "--limit", "1", "--json").json["snippets"]) == 1
    assert desk.run("snippets", "search", "zzzzqqqq").status == 1
    assert "shipped" in desk.run("snippets", "search", "wismo").out


def test_render_fills_for_this_conversation(desk, ids):
    outcome = desk.run("snippets", "render", "shipped", "--conversation", ids["Order 10245"])
    assert (outcome.status, outcome.out) == (0, "Dear Maria, GLS has your order 10245.\n")


def test_render_names_what_is_missing(desk, ids):
    outcome = desk.run("snippets", "render", "shipped", "--conversation", ids["Broken"])
    assert (outcome.status, outcome.out) == (1, "")
    assert "order.number" in outcome.err
    asked = desk.run("snippets", "render", "delay", "--conversation", ids["Broken"])
    assert asked.status == 1
    assert "ask.days" in asked.err
    filled = desk.run("snippets", "render", "delay", "--conversation", ids["Broken"], "--set", "days=3")
    assert (filled.status, filled.out) == (0, "It takes 3 more days.\n")
    assert desk.run("snippets", "render", "shiped", "--conversation", ids["Broken"]).status == 1
    assert desk.run("snippets", "render", "delay", "--conversation", ids["Broken"], "--set", "days").status == 2


def test_a_reply_by_snippet_is_filled_or_refused(desk, ids):
    refused = desk.run("reply", ids["Broken"], "--snippet", "shipped")
    assert refused.status == 1
    assert "order.number" in refused.err
    assert desk.run("outbox", "--json").json["outbox"] == []
    assert desk.run("reply", ids["Order 10245"], "--snippet", "own/shipped").status == 0
    with desk.desk() as opened:
        (entry,) = opened.writing.outbox()
    assert entry.text.startswith("Dear Maria, GLS has your order 10245.")


def test_lint_without_a_desk_checks_the_packs_of_the_program(desk):
    (desk.folder / "desk.toml").unlink()
    outcome = desk.run("snippets", "lint", "--json")
    assert (outcome.status, outcome.json) == (0, {"schema": 1, "faults": []})


def test_lint_lists_the_faults_with_their_place(desk):
    clean = desk.run("snippets", "lint", "--json")
    assert (clean.status, clean.json) == (0, {"schema": 1, "faults": []})
    bad = desk.folder / "bad.toml"
    bad.write_text(PACK.replace('title = "Delay"', 'titel = "Delay"'))
    outcome = desk.run("snippets", "lint", str(bad), "--json")
    assert outcome.status == 1
    fault = outcome.json["faults"][0]
    assert set(fault) == {"file", "line", "column", "snippet", "code", "severity", "message", "hint"}
    assert fault["file"].endswith("bad.toml")
    assert fault["line"] > 1
    assert fault["severity"] in {"error", "warning"}
    assert "bad.toml:" in desk.run("snippets", "lint", str(bad)).out
    assert desk.run("snippets", "lint", str(desk.folder / "nowhere.toml")).status == 1


def test_the_packs_that_come_with_the_program_have_no_fault(empty):
    assert empty.run("snippets", "lint", "--json").json["faults"] == []


def sent_once(desk, ids):
    assert desk.run("reply", ids["Order 10245"], "--snippet", "shipped", "--now").status == 0


def test_who_got_a_text_and_how_it_fares(desk, ids):
    assert desk.run("snippets", "sent", "--name", "shipped").status == 1
    sent_once(desk, ids)
    outcome = desk.run("snippets", "sent", "--name", "own/shipped", "--since", "1d", "--json")
    assert outcome.status == 0
    (found,) = outcome.json["sent"]
    assert (found["pack"], found["name"], found["edited"], found["state"]) == ("own", "shipped", "as-is", "queued")
    assert found["conversation"] == ids["Order 10245"]
    assert len(found["version"]) == 12
    assert "as it is" in desk.run("snippets", "sent", "--name", "shipped").out
    figures = desk.run("snippets", "stats", "--json").json
    assert [(one["name"], one["used"], one["edited"]) for one in figures["snippets"]] == [("shipped", 1, 0)]
    assert "own/shipped" in desk.run("snippets", "stats").out
    assert "█" in desk.run("snippets", "stats", "--plot").out


def test_a_moment_that_is_none_is_said(desk):
    outcome = desk.run("snippets", "sent", "--name", "shipped", "--since", "soon")
    assert outcome.status == 2
    assert "soon" in outcome.err


def test_articles_are_listed_with_their_links(desk, ids):
    assert desk.run("snippets", "articles").status == 1, "this pack has none"
    with (desk.folder / "own.toml").open("a") as pack:
        pack.write('[[article]]\nname = "returns"\nlink = "https://help.example/returns"\n[article.title]\nen = "Returning an item"\n')
    assert "https://help.example/returns" in desk.run("snippets", "articles").out
    found = desk.run("snippets", "articles", "return", "--conversation", ids["Broken"], "--language", "de", "--json").json["articles"]
    assert found == [{
        "name": "own/returns", "title": "Returning an item", "text": "Returning an item – https://help.example/returns", "language": "en",
        "summary": "", "missing": [],
    }]  # fmt: skip
    assert desk.run("snippets", "articles", "zzzzqqqq").status == 1
    assert "returns" not in desk.run("snippets", "search", "return").out
    assert "Returning an item – https://help.example/returns\n" in desk.run("reply", ids["Broken"], "--snippet", "returns", "--dry-run").out


def test_a_reply_in_another_language(desk, ids):
    with (desk.folder / "own.toml").open("a") as pack:
        pack.write('[[snippet]]\nname = "two"\n[snippet.text]\nen = "Thank you."\nde = "Danke."\n')
    assert "Danke." in desk.run("reply", ids["Broken"], "--snippet", "two", "--language", "de", "--dry-run").out
