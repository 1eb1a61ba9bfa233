"""Servers that say anything (a hundred times as much of it: `python -m faults fuzz`)."""

from __future__ import annotations

from contextlib import closing

import pytest

from agentdesk.channels.imap.patience import Timeouts
from faults import cuts, fuzz, smtpfuzz
from faults.mailserver import OFFERS, MailServer
from tests.contract.memory_store import MemoryStore

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


@pytest.mark.parametrize("folder", ["INBOX", "Sent"])
@pytest.mark.parametrize("offers", sorted(OFFERS))
def test_what_a_lie_took_away_is_there_again_after_the_next_connection(offers: str, folder: str) -> None:
    """A message said to be gone, by a server whose marks are all as before."""
    store = MemoryStore()
    with MailServer(cuts.mailbox(20), offers=OFFERS[offers]) as server:
        for _ in range(2):
            with closing(cuts.channel(server.port, store, timeouts=Timeouts())) as one:
                cuts.bring(one)
            whole = store.snapshot()
            store.at.pop((folder, 2))
        with closing(cuts.channel(server.port, store, timeouts=Timeouts())) as one:
            cuts.bring(one)
    assert store.snapshot() == whole
