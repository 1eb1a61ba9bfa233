"""Layers as a lead sees them, the commit in what was put in, and what changed since the last shift."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agentdesk.config import DeskConfig, PackSource
from agentdesk.desk import Desk
from agentdesk.desk.facts import Draft
from agentdesk.desk.packs import Named
from agentdesk.store import packs
from tests.desks import desk_config
from tests.pack_servers import pack

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def config(tmp_path: Path) -> DeskConfig:
    """Company from a repository, team from a folder, own."""
    root = tmp_path / "state" / "packs" / "one"
    (root / COMMIT).mkdir(parents=True)
    (root / "current").symlink_to(COMMIT)
    source = PackSource("git", "https://git.example/packs.git", root, branch="main")
    places = {"company": source.path, "team": tmp_path / "snippets", "own": tmp_path / "snippets.local"}
    for layer, place in places.items():
        place.mkdir(exist_ok=True)
        (place / "shop.toml").write_text(pack(f"of the {layer}"), "utf-8")
        (place / f"{layer}.toml").write_text(pack("x", layer), "utf-8")
    return desk_config(tmp_path, packs=tuple(places.values()), pack_layers=tuple(places), pack_sources=(source,))


@pytest.fixture
def desk(config: DeskConfig) -> Iterator[Desk]:
    with Desk.open(config) as opened:
        yield opened


def test_a_later_layer_wins_by_name_and_the_list_says_so(desk: Desk) -> None:
    found = {one.snippet.full_name: one for one in desk.packs.listed()}
    assert desk.answers.library.find("shop/hello").texts["en"] == "of the own"
    assert (found["shop/hello"].layer, found["shop/hello"].over, found["shop/hello"].commit) == ("own", ("company", "team"), "")
    assert (found["company/hello"].layer, found["company/hello"].over, found["company/hello"].commit) == ("company", (), COMMIT)
    assert [one.layer for one in desk.packs.listed()] == ["company", "team", "own", "own"]


def test_what_is_put_in_is_recorded_with_its_commit(desk: Desk) -> None:
    draft = Draft(0, 0, "new", "support")
    for name in ("company/hello", "team/hello"):
        desk.answers.inserted(draft, desk.answers.fill(name, 0))
    assert [one.commit for one in draft.snippets] == [COMMIT, ""]


def test_sources_say_how_they_stand(desk: Desk, config: DeskConfig) -> None:
    source = config.pack_sources[0]
    assert [(fact.layer, fact.place, fact.kind, fact.here) for fact in desk.packs.sources()] == [
        ("company", "https://git.example/packs.git", "git", True), ("team", "snippets", "", True), ("own", "snippets.local", "", True),
    ]  # fmt: skip
    desk.database.write(lambda tx: packs.settle(tx, source.id, COMMIT, ""))
    desk.database.write(lambda tx: packs.fail(tx, source.id, "git: no route"))
    fact = desk.packs.sources()[0]
    assert (fact.short, fact.detail, fact.wanted) == (COMMIT[:7], "git: no route", False)
    assert desk.packs.pull() == 1
    assert desk.packs.sources()[0].wanted


def test_the_first_shift_has_no_news(desk: Desk) -> None:
    assert desk.packs.note() == 4
    assert desk.packs.news().since is None
    assert desk.packs.news().count == 0


def test_what_changed_between_two_shifts_is_news_in_the_second_and_not_in_the_third(desk: Desk, config: DeskConfig) -> None:
    desk.packs.note()
    desk.packs.end_shift()
    (config.packs[2] / "shop.toml").write_text(pack("mended"), "utf-8")
    (config.packs[1] / "team.toml").unlink()
    (config.packs[1] / "new.toml").write_text(pack("x", "new"), "utf-8")
    with Desk.open(config) as second:
        assert second.packs.note() == 3
        assert second.packs.note() == 0
        found = second.packs.news()
        assert found.since is not None
        assert (found.added, found.changed, found.removed) == (
            (Named("new/hello", "Hello"),), (Named("shop/hello", "Hello"),), (Named("team/hello", "Hello"),),
        )  # fmt: skip
        second.packs.end_shift()
        assert second.packs.news() == found, "it can be read until the desk is closed"
    with Desk.open(config) as third:
        third.packs.note()
        assert third.packs.news().since is not None
        assert third.packs.news().count == 0
        assert third.packs.news(found.since).count == 3, "it can still be asked for"


def test_a_title_alone_is_no_news(desk: Desk, config: DeskConfig) -> None:
    desk.packs.note()
    desk.packs.end_shift()
    (config.packs[2] / "own.toml").write_text(pack("x", "own").replace('title = "Hello"', 'title = "Hullo"'), "utf-8")
    with Desk.open(config) as second:
        second.packs.note()
        assert second.packs.news().count == 0


def test_without_packs_from_elsewhere_nothing_is_asked_for(tmp_path: Path) -> None:
    with Desk.open(replace(desk_config(tmp_path))) as desk:
        assert desk.packs.pull() == 0
        assert desk.packs.sources() == ()
