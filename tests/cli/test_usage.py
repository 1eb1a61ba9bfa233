"""`agentdesk usage`."""

from __future__ import annotations

from datetime import datetime, timedelta

from agentdesk.store import traffic
from agentdesk.store.traffic import Moved


def moved(world) -> tuple[str, str]:
    """Something today, something yesterday, something long ago."""
    with world.desk() as desk:
        today = datetime.now(desk.config.timezone).date()
        days = [today.isoformat(), (today - timedelta(days=1)).isoformat(), (today - timedelta(days=40)).isoformat()]
        desk.database.write(
            lambda tx: traffic.add(tx, [
                Moved(days[0], "support", "texts", 2000, 200, 2), Moved(days[0], "support", "list", 1000, 100, 1),
                Moved(days[1], "support", "list", 500, 50, 1), Moved(days[2], "support", "list", 9, 9, 9),
            ])
        )
    return days[0], days[1]


def test_it_tells_totals_and_each_day(world) -> None:
    today, yesterday = moved(world)
    told = world.run("usage")
    assert told.status == 0
    lines = [line.split() for line in told.out.splitlines() if line.strip()]
    assert lines[0] == ["The", "last", "14", "days"]
    starts = [line[0] for line in lines]
    assert starts[1:] == ["Total", "support", "texts", "who", today, yesterday]


def test_it_tells_the_same_as_json(world) -> None:
    today, _ = moved(world)
    told = world.run("usage", "--json", "--days", "2").json
    assert told["schema"] == 1
    assert told["today"] == {"day": today, "bytes_in": 3000, "bytes_out": 300, "round_trips": 3}
    assert told["total"] == {"bytes_in": 3500, "bytes_out": 350, "round_trips": 4}
    assert told["jobs"]["list"] == {"bytes_in": 1500, "bytes_out": 150, "round_trips": 2}
    assert told["channels"]["support"] == told["total"]
    assert len(told["days"]) == 3
    assert (told["ceiling"], told["spared"]) == ({"day": None, "channels": {}}, [])
    assert world.run("usage", "--json", "--days", "1").json["total"]["bytes_in"] == 3000


def test_nothing_moved_is_said(world) -> None:
    told = world.run("usage")
    assert (told.status, told.out) == (0, "")
    assert "Nothing was moved" in told.err
