"""kill -9 of engine and window while they work (more of it, on Dovecot: `python -m faults kills`)."""

from __future__ import annotations

import pytest

from faults import mixed, posts
from faults.victim import Victims

pytestmark = pytest.mark.timeout(300)


def test_random_kills_lose_nothing_and_send_nothing_twice() -> None:
    with posts.scripted() as post, Victims() as victims:
        figure = mixed.random_kills(post, victims, 12)
    assert not figure.failures, f"{figure}\n{figure.failures}"
    assert int(str(figure.notes["killed"])) > 5
