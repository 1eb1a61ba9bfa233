"""`--remaining` leaves out what passed in the run before, and nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

TESTS = """
import os
import pytest

def test_passes(): pass

def test_needs_a_server():
    if not os.environ.get("AGENTDESK_REQUIRE_SERVERS"):
        pytest.skip("no server")

def test_fails(): assert os.environ.get("AGENTDESK_REQUIRE_SERVERS")
"""


def ran(folder: Path, *arguments: str, servers: str = "") -> list[str]:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-v", "-p", "no:xdist", "-p", "no:randomly", *arguments],
        cwd=folder, env={"PATH": "/usr/bin:/bin", "AGENTDESK_REQUIRE_SERVERS": servers}, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    return [line.partition("::")[2].split(" [")[0].strip() for line in done.stdout.splitlines() if line.startswith("test_it.py::")]


def test_what_was_skipped_or_failed_runs_again_and_what_passed_does_not(tmp_path: Path) -> None:
    shutil.copy(Path(__file__).parents[2] / "conftest.py", tmp_path)
    (tmp_path / "test_it.py").write_text(TESTS)
    assert ran(tmp_path) == ["test_passes PASSED", "test_needs_a_server SKIPPED (no server)", "test_fails FAILED"]
    assert ran(tmp_path, "--remaining", servers="1") == ["test_needs_a_server PASSED", "test_fails PASSED"]
    assert ran(tmp_path, "--remaining", servers="1") == []
    assert len(ran(tmp_path, servers="1")) == 3
