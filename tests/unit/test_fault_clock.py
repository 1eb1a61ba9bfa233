"""A clock that jumps while replies are held, scheduled and sent (more of it: `python -m faults clock`)."""

from __future__ import annotations

import pytest

from faults import clock, posts
from faults.victim import Victims

pytestmark = pytest.mark.timeout(300)


def test_nothing_goes_out_twice_or_too_early() -> None:
    with posts.scripted() as post, Victims() as victims:
        figure = clock.jumps(post, victims, 3)
    assert not figure.failures, str(figure)
