"""The disk is full, or a write fails, somewhere in the engine's work (all of it: `python -m faults disk`)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agentdesk.desk import Desk
from agentdesk.errors import DeskError
from agentdesk.store.database import Database
from agentdesk.store.trouble import Trouble, trouble_of
from faults import disk, posts
from faults.disks import impossible
from faults.victim import Victims
from tests.desks import desk_config

pytestmark = pytest.mark.timeout(300)


@pytest.mark.parametrize(("error", "lasting", "first"), [("ENOSPC", True, 1), ("ENOSPC", True, 30), ("EIO", False, 15)])
def test_work_goes_on_by_itself(error: str, first: int, *, lasting: bool) -> None:
    if why := impossible():
        pytest.skip(why)
    with posts.scripted() as post, Victims() as victims:
        figure = disk.writes(post, victims, error, lasting=lasting, first=first, every=83)
    assert not figure.failures, str(figure)
    assert figure.rounds > 3, str(figure)


def test_a_window_learns_of_it_though_nothing_can_be_written(tmp_path: Path) -> None:
    with Desk.open(desk_config(tmp_path)) as desk:
        trouble, changes = Trouble(desk.config.state), desk.changes()
        trouble.take_room()
        changes.poll()
        size = (desk.config.state / "engine.trouble").stat().st_size
        trouble.say("The disk is full.")
        assert ("channel", 0) in changes.poll()
        assert desk.reading.engine_faults() == ("The disk is full.",)
        assert (desk.config.state / "engine.trouble").stat().st_size == size, "no room was taken"
        trouble.say("")
        assert ("channel", 0) in changes.poll()
        assert desk.reading.engine_faults() == ()
        assert changes.poll() == frozenset()
        changes.close()


def test_words_longer_than_the_room_are_cut_between_letters(tmp_path: Path) -> None:
    trouble = Trouble(tmp_path)
    trouble.take_room()
    trouble.say("è" * 5000)
    assert trouble_of(tmp_path) == "è" * 2048


def test_the_store_says_that_it_is_full_until_something_is_written(tmp_path: Path) -> None:
    with Database(tmp_path / "desk.db") as database:
        pages = database.value("PRAGMA page_count")

        def limit(count: int) -> None:
            database.write(lambda tx: tx.execute(f"PRAGMA max_page_count = {count}").fetchone())

        limit(pages)
        with pytest.raises(DeskError, match="full"):
            database.write(lambda tx: tx.execute("INSERT INTO meta VALUES ('a', ?)", (os.urandom(100_000).hex(),)))
        assert "full" in database.full
        limit(pages + 1000)
        assert database.full == ""
