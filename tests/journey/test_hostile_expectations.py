"""Every expectation of the generator of hostile mail, in a desk on a real server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.journey import hostile_expectations
from tests.servers.conftest import dovecot
from tests.servers.corpus import MailDesk
from tests.servers.dovecot import Dovecot

__all__ = ["dovecot"]
pytestmark = [pytest.mark.servers, pytest.mark.shared, pytest.mark.timeout(600)]


def test_each_expectation_holds(dovecot: Dovecot, shared: Path, tmp_path: Path) -> None:
    made = tmp_path / "made"
    subprocess.run([sys.executable, str(shared / "tools" / "hostile_gen.py"), str(made), "--small"], check=True, capture_output=True)
    desk = MailDesk(tmp_path / "desk", dovecot, "support@agentdesk.test")
    cases = hostile_expectations.cases(made)
    assert len(cases) > 250
    before = hostile_expectations.peak()
    rows = hostile_expectations.bring_in(desk, cases)
    outcome = hostile_expectations.look(desk, cases, rows, tmp_path / "saved", hostile_expectations.peak() - before)
    print("\n".join(outcome.lines()))
    assert set(outcome.broken) <= set(hostile_expectations.KNOWN)
