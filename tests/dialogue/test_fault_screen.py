"""The screen while the engine hangs on a silent server, or stands still (measured: `python -m faults screen`)."""

from __future__ import annotations

import pytest

from faults import screen

pytestmark = pytest.mark.timeout(300)


def test_keys_are_answered() -> None:
    figure = screen.keys(12, within=30.0)
    assert not figure.failures, f"{figure}\n{figure.failures}"
    assert figure.rounds == 12
