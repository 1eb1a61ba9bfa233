"""Packs as the agent sees them: where they come from, what could not be fetched, what changed since the last shift."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from fake_desk import NOW, FakeDesk
from screens import opened

from agentdesk.desk.packs import Named, News, PackFact

SIZES = [(80, 24), (120, 36)]
COMMIT = "0123456789abcdef0123456789abcdef01234567"
GIT = PackFact("company", "https://git.example/casaverde/packs.git", "git", here=True, branch="main", version=COMMIT,
               checked_at=NOW - timedelta(minutes=12), changed_at=NOW - timedelta(days=2))  # fmt: skip
SOURCES = (PackFact("program", "", "", here=True), GIT, PackFact("team", "snippets", "", here=True), PackFact("own", "snippets.local", "", here=True))
CHANGED = News(NOW - timedelta(hours=14), (Named("shipping/strike", "Strike of carriers"),), (Named("returns/how-to-return", "How to return"),),
               (Named("shop/old", "Old offer"),))  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
async def test_layers_with_their_commit_and_how_they_stand(size) -> None:
    fake = FakeDesk()
    fake.packs.entries = SOURCES
    async with opened(fake, size=size) as desk:
        await desk.press("g", "p")
        text = desk.text()
        for words in ("Company", "packs.git", "commit 0123456", "looked 12:04", "branch main", "Team", "snippets.local", "starter packs"):
            assert words in text, (words, text)
        await desk.press("enter")
        assert fake.packs.pulls == 1
        assert "being fetched" in desk.text()


async def test_what_could_not_be_fetched_is_said_once_and_stands_in_the_list() -> None:
    fake = FakeDesk()
    fake.packs.entries = SOURCES
    async with opened(fake) as desk:
        fake.packs.entries = (PackFact("company", GIT.place, "git", here=True, version=COMMIT, detail="git: could not resolve host"),)
        fake.changed.add(("packs", 0))
        await desk.until(lambda: "could not resolve host" in desk.text())
        await desk.press("j")
        fake.changed.add(("packs", 0))
        await desk.until(lambda: not fake.changed)
        await desk.press("g", "p")
        assert "goes on being used: 0123456" in desk.text()


async def test_fetched_packs_are_read_anew() -> None:
    fake = FakeDesk()
    fake.packs.versions = {Path("one"): "a"}
    async with opened(fake) as desk:
        await desk.until(lambda: fake.answers.prepared)
        fake.packs.versions, fake.packs.found = {Path("one"): "b"}, CHANGED
        fake.changed.add(("packs", 0))
        await desk.until(lambda: "3 texts are new or changed" in desk.text())
        assert fake.answers.reloaded == 1
        fake.changed.add(("packs", 0))
        await desk.until(lambda: not fake.changed)
        assert fake.answers.reloaded == 1


@pytest.mark.parametrize("size", SIZES)
async def test_what_changed_since_the_last_shift_is_told_and_shown_by_a_key(size) -> None:
    fake = FakeDesk()
    fake.packs.found = CHANGED
    async with opened(fake, size=size) as desk:
        await desk.until(lambda: "3 canned texts changed since your last shift: gn" in desk.text().replace("g n", "gn"))
        await desk.press("g", "n")
        text = desk.text()
        for words in ("1 new text", "Strike of carriers", "shipping/strike", "1 changed text", "returns/how-to-return", "1 text gone", "Old offer"):
            assert words in text, (words, text)
        await desk.press("esc")
        assert "Strike of carriers" not in desk.text()


async def test_the_first_shift_and_one_without_changes_say_so() -> None:
    fake = FakeDesk()
    async with opened(fake) as desk:
        await desk.press("g", "n")
        assert "first shift" in desk.text()
        await desk.press("esc")
        fake.packs.found = News(NOW - timedelta(hours=14))
        await desk.press("g", "n")
        assert "No canned text changed" in desk.text()
