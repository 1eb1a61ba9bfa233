"""kill -9 of the engine at points of sending, against Dovecot (at every point: `python -m faults kills`)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from faults import kills, mixed
from faults.posts import RealPost, real
from faults.victim import Victims
from tests.servers.dovecot import Dovecot

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]


@pytest.fixture
def post(dovecot: Dovecot) -> Iterator[RealPost]:
    with real(dovecot, dovecot.user()) as made:
        yield made


@pytest.mark.parametrize(("kind", "first", "every"), [("plain", 1, 4), ("refused", 2, 9)])
def test_killed_at_a_point_of_sending(post: RealPost, kind: str, first: int, every: int) -> None:
    with Victims() as victims:
        figure = kills.steps(post, victims, kind, first=first, every=every)
    assert not figure.failures, f"{figure}\n{figure.failures}"
    assert figure.rounds > 3


def test_random_kills(post: RealPost) -> None:
    with Victims() as victims:
        figure = mixed.random_kills(post, victims, 6, seed=2)
    assert not figure.failures, f"{figure}\n{figure.failures}"
