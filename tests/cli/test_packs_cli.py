"""`agentdesk snippets list`, `pull` and `news`, with an engine of their own where one is needed."""

from __future__ import annotations

import shutil

import pytest

from agentdesk.desk import Desk
from tests.pack_servers import Repository, pack, web

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


def name_packs(world, text: str) -> None:
    toml = world.folder / "desk.toml"
    toml.write_text(toml.read_text("utf-8") + f"[snippets]\npacks = [{text}]\n", "utf-8")


@needs_git
def test_a_repository_is_fetched_listed_and_mended(world, tmp_path) -> None:
    repository = Repository(tmp_path / "remote")
    first = repository.commit({"texts/shop.toml": pack("first")})
    (world.folder / "snippets").mkdir()
    (world.folder / "snippets" / "team.toml").write_text(pack("x", "team"), "utf-8")
    name_packs(world, f'{{ git = "{repository.path}", folder = "texts" }}, "snippets"')
    before = world.run("snippets", "list", "--json").json["snippets"]
    assert [(one["pack"], one["layer"]) for one in before] == [("team", "team")], "nothing was fetched, and the rest is there"
    assert "never fetched" in world.run("doctor").out

    pulled = world.run("snippets", "pull", "--json")
    assert pulled.status == 0, pulled.err
    assert [(one["layer"], one["kind"], one["version"], one["failure"]) for one in pulled.json["sources"]] == [("company", "git", first, "")]
    found = {one["pack"]: one for one in world.run("snippets", "list", "--json").json["snippets"]}
    assert (found["shop"]["layer"], found["shop"]["commit"], found["team"]["commit"]) == ("company", first, "")
    assert first[:7] in world.run("snippets", "list").out

    repository.commit({"texts/shop.toml": "no [ toml"})
    failed = world.run("snippets", "pull")
    assert failed.status == 3
    assert "shop.toml:1" in failed.out
    assert world.run("snippets", "list", "--json").json["snippets"][0]["commit"] == first


def test_what_overrides_is_shown(world) -> None:
    for folder, text in (("snippets", "team"), ("snippets.local", "own")):
        (world.folder / folder).mkdir()
        (world.folder / folder / "shop.toml").write_text(pack(text), "utf-8")
    name_packs(world, '"snippets"')
    shown = world.run("snippets", "list", "--json").json["snippets"]
    assert [(one["name"], one["layer"], one["over"]) for one in shown] == [("hello", "own", ["team"])]
    assert "instead of team" in world.run("snippets", "list").out
    assert world.run("snippets", "list", "--layer", "team").status == 1


def test_pull_without_sources_and_offline(world) -> None:
    outcome = world.run("snippets", "pull")
    assert outcome.status == 0
    assert "no pack is fetched" in outcome.err
    toml = world.folder / "desk.toml"
    toml.write_text(toml.read_text("utf-8").replace('name = "Casa Verde"', 'name = "Casa Verde"\nlink = "offline"'), "utf-8")
    name_packs(world, '"https://packs.example/x.toml"')
    outcome = world.run("snippets", "pull")
    assert outcome.status == 3
    assert "offline" in outcome.err


def test_a_file_from_the_web_and_what_is_new_in_it(world) -> None:
    with web() as site:
        site.body = pack("first").encode()
        name_packs(world, f'"{site.url}"')
        assert world.run("snippets", "pull").status == 0
        assert "first shift" in world.run("snippets", "news").err
        with Desk.open(world.config) as desk:
            desk.packs.note()
            desk.packs.end_shift()
        assert world.run("snippets", "news").status == 1
        site.body = pack("second").encode()
        assert world.run("snippets", "pull").status == 0
    news = world.run("snippets", "news", "--json")
    assert news.status == 0
    assert news.json["changed"] == [{"name": "shop/hello", "title": "Hello"}]
    assert "shop/hello" in world.run("snippets", "news").out
