"""The gate itself: layers, and skips that must not hide."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

CASES = """
import pytest

def test_skips():
    pytest.skip("no server")

@pytest.mark.shared
def test_shared():
    pytest.skip("no material")

@pytest.mark.xfail(reason="known", strict=False)
def test_known():
    assert False
"""


def run(folder: Path, strict: str) -> str:
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n    shared: x\n")
    shutil.copy(ROOT / "conftest.py", folder)
    (folder / "test_it.py").write_text(CASES)
    (folder / "test_module.py").write_text('import pytest\npytest.skip("no library", allow_module_level=True)\n')
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--continue-on-collection-errors", "."],
        cwd=folder, env=os.environ | {"AGENTDESK_REQUIRE_SERVERS": strict}, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout.splitlines()[-1]


def test_a_skip_is_a_skip_by_itself_and_a_failure_where_all_must_run(tmp_path):
    assert run(tmp_path, "").startswith("3 skipped, 1 xfailed")
    strict = run(tmp_path, "1")
    assert "1 failed" in strict
    assert "1 skipped" in strict
    assert "1 error" in strict


def test_the_layers_hold():
    lint = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    if lint is None:
        pytest.skip("import-linter is not installed")
    done = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_locks_pin_everything_and_name_no_host(lock):
    lines = (ROOT / lock).read_text().splitlines()
    assert len(lines) > 40
    for line in lines:
        assert "==" in line, line
        assert "://" not in line, line
        assert not line.startswith(("-", "#")), line


def test_the_locks_agree_and_hold_what_the_project_asks_for():
    import tomli

    pins = [
        {line.split(";")[0].strip().split("==")[0].replace("_", "-").lower(): line for line in (ROOT / name).read_text().splitlines()}
        for name in ("requirements.lock", "requirements-dev.lock")
    ]
    assert set(pins[0]) <= set(pins[1])
    project = tomli.loads((ROOT / "pyproject.toml").read_text())["project"]
    for wanted in [*project["dependencies"], *project["optional-dependencies"]["demo"]]:
        name = wanted.replace(">", "=").replace("<", "=").split("=")[0].strip().replace("_", "-").lower()
        assert name in pins[0], wanted
        if "==" in wanted:
            assert wanted.split(",")[0] in pins[0][name]
