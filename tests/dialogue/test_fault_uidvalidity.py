"""UIDs that change while the mailbox is listened to, read and written to (more of it: `python -m faults uidvalidity`)."""

from __future__ import annotations

import pytest

from faults import uidvalidity

pytestmark = pytest.mark.timeout(300)


def test_what_hangs_on_a_message_stays_with_it() -> None:
    figure = uidvalidity.changes(16)
    assert not figure.failures, f"{figure}\n{figure.failures}"
