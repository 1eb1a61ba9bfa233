"""`agentdesk snippets test`: adds, runs, shows the difference, brings up to date."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agentdesk import cli
from tests.unit.test_goldens import PACK, SAMPLE


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    (tmp_path / "own.toml").write_text(PACK, "utf-8")
    (tmp_path / "eva.toml").write_text(SAMPLE, "utf-8")
    return tmp_path / "own.toml"


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = cli.main(["snippets", "test", *words])
    out, err = capsys.readouterr()
    return status, out, err


def test_from_nothing_to_a_change_that_was_meant(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, str(pack))[2].startswith("no tests here")
    assert run(capsys, "--add", "eva.toml", str(pack))[::2] == (0, "3 tests added\n3 tests, 0 failed\n")
    before = pack.read_text("utf-8")
    assert run(capsys, "--add", "eva.toml", str(pack))[2].startswith("0 tests added")
    assert pack.read_text("utf-8") == before

    pack.write_text(before.replace("Ciao {{", "Salve {{"), "utf-8")
    status, out, err = run(capsys, str(pack))
    assert (status, err) == (1, "3 tests, 1 failed\n")
    assert "-Ciao Eva, il" in out
    assert "+Salve Eva, il" in out
    line = int(out.split(":")[1])
    assert pack.read_text("utf-8").splitlines()[line - 1].startswith("expect = ")

    status, out, _ = run(capsys, "--update", str(pack))
    assert status == 0
    assert "+Salve Eva, il" in out, "what was changed is shown"
    assert run(capsys, str(pack))[0] == 0


def test_as_json_for_ci(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "--add", "eva.toml", "--language", "it", str(pack))
    pack.write_text(pack.read_text("utf-8").replace('eva.toml"', 'nobody.toml"', 1), "utf-8")
    status, out, _ = run(capsys, "--json", str(pack))
    tests = json.loads(out)["tests"]
    assert status == 1
    assert [one["passed"] for one in tests] == [False, True]
    assert "nobody.toml" in tests[0]["problem"]


def test_a_file_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "nowhere.toml")[0] == 1


def test_line_ends_stay_what_they_are(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    crlf = PACK.replace("\n", "\r\n")
    pack.write_bytes(crlf.encode())
    assert run(capsys, "--add", "eva.toml", "--language", "en", str(pack))[0] == 0
    written = pack.read_bytes().decode()
    assert [line for line in written.split("\n") if line in crlf.split("\n") and line.strip()] == [line for line in crlf.split("\n") if line.strip()]
    assert run(capsys, str(pack))[0] == 0
