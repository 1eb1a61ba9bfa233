"""Every expectation of the generator of hostile mail, in a desk on a real server."""

from __future__ import annotations

import subprocess
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from agentdesk.cli import main as command_line
from tests.journey import hostile_expectations
from tests.servers.conftest import dovecot
from tests.servers.corpus import MailDesk
from tests.servers.dovecot import Dovecot

__all__ = ["dovecot"]
pytestmark = [pytest.mark.servers, pytest.mark.shared, pytest.mark.timeout(600)]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[[MailDesk], Callable[..., str]]:
    def of(desk: MailDesk) -> Callable[..., str]:
        def run_one(*words: str) -> str:
            status = command_line([*words, "--desk", str(desk.folder)])
            out, err = capsys.readouterr()
            assert status == 0, (words, err)
            bad = {char for char in out + err if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}} - set("\n\u200c\u200d")
            assert not bad, (words, bad)
            return out

        return run_one

    return of


def test_each_expectation_holds(
    dovecot: Dovecot, shared: Path, tmp_path: Path, run: Callable[[MailDesk], Callable[..., str]], capsys: pytest.CaptureFixture[str]
) -> None:
    made = tmp_path / "made"
    subprocess.run([sys.executable, str(shared / "tools" / "hostile_gen.py"), str(made), "--small"], check=True, capture_output=True)
    desk = MailDesk(tmp_path / "desk", dovecot, "support@agentdesk.test")
    cases = hostile_expectations.cases(made)
    assert len(cases) > 250
    rows = hostile_expectations.bring_in(desk, cases)
    outcome = hostile_expectations.look(desk, cases, rows, tmp_path / "saved", run(desk))
    with capsys.disabled():
        print("\n" + "\n".join(outcome.lines()))
    assert set(outcome.broken) == set(hostile_expectations.KNOWN)
