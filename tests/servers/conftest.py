"""Real servers. Where one is missing its tests are skipped with the reason; with AGENTDESK_REQUIRE_SERVERS=1 that is a failure."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.servers import dovecot as dovecot_server
from tests.servers.dovecot import Dovecot


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    missing = dovecot_server.available()
    if missing:
        if os.environ.get("AGENTDESK_REQUIRE_SERVERS") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    server = Dovecot()
    yield server
    server.stop()
