"""Servers that say anything (a hundred times as much of it: `python -m faults fuzz`)."""

from __future__ import annotations

import pytest

from faults import fuzz, smtpfuzz

pytestmark = pytest.mark.timeout(300)


def test_a_mail_server_that_says_anything_breaks_nothing_and_takes_nothing_away() -> None:
    figure = fuzz.dialogues(1000, at_once=50)
    assert not figure.failures, f"{figure}\n{figure.failures}"
    assert figure.rounds == 1000


def test_nothing_counts_as_sent_that_was_not_and_nothing_is_sent_twice() -> None:
    figure = smtpfuzz.dialogues(400)
    assert not figure.failures, f"{figure}\n{figure.failures}"
    for outcome in ("accepted", "unknown", "deferred", "rejected"):
        assert figure.notes.get(outcome), f"{outcome} was never the outcome: {figure}"
