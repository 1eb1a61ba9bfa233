"""Starting, joining and ending the embedded shop."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from demo_fixtures import fill, gone, imap, is_clean, started, until

from agentdesk import config
from agentdesk.demo import launch
from agentdesk.errors import DeskError, Refused, UsageError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    fill(tmp_path)
    return tmp_path


def refused(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_the_ports_answer_before_the_servers_are_ready(folder: Path) -> None:
    with launch.prepare(folder) as demo:
        with socket.create_connection(("127.0.0.1", demo.access.imap), timeout=20) as client:
            assert client.recv(4) == b"* OK"
        demo.wait_ready(20)
        demo.wait_ready(0)


def test_closing_ends_the_child_and_frees_its_ports(folder: Path) -> None:
    demo = started(folder)
    assert demo.process is not None
    pid = demo.process.pid
    demo.close()
    assert gone(demo, pid)
    assert all(refused(port) for port in (demo.access.imap, demo.access.smtp, demo.access.http))
    assert not (folder / "server.json").exists()
    is_clean(folder)


def test_the_child_ends_when_its_parent_is_killed(folder: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from agentdesk.demo import launch\n"
        "demo = launch.prepare(Path(sys.argv[1])); demo.wait_ready(); print(demo.process.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script, str(folder)], stdout=subprocess.PIPE)
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until(lambda: not Path(f"/proc/{pid}").exists())


def test_a_ready_line_says_everything(folder: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "agentdesk.demo.server", "--dir", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    said = json.loads(child.stdout.readline())
    assert set(said) == {"imap", "smtp", "http", "page", "user", "password", "token", "account"}
    assert said["page"] == f"http://127.0.0.1:{said['http']}/"
    assert not refused(said["smtp"])
    with launch.prepare(folder) as joined:
        assert (joined.process, joined.page) == (None, said["page"])
        assert config.load(folder, folder / "state").faults == ()
    _, errors = child.communicate(timeout=20)
    assert (child.returncode, errors) == (0, b"")


def test_the_same_ports_and_secrets_at_the_next_start(folder: Path) -> None:
    first = started(folder)
    first.close()
    second = started(folder)
    second.close()
    assert second.access == first.access


def test_other_ports_if_the_old_ones_are_taken(folder: Path) -> None:
    first = started(folder)
    first.close()
    with socket.socket() as other:
        other.bind(("127.0.0.1", first.access.imap))
        other.listen()
        second = started(folder)
        with imap(second) as client:
            assert client.noop()[0] == "OK"
        second.close()
    assert second.access.imap != first.access.imap
    assert second.access.smtp == first.access.smtp
    assert f":{second.access.imap}" in (folder / "desk.toml").read_text("utf-8")


def test_the_servers_stay_while_somebody_is_still_sending(folder: Path) -> None:
    demo = started(folder)
    assert demo.process is not None
    pid = demo.process.pid
    with imap(demo) as engine:
        demo.close()
        assert not gone(demo, pid)
        assert engine.noop()[0] == "OK"
    until(lambda: gone(demo, pid))


def test_a_terminated_server_ends_at_once(folder: Path) -> None:
    demo = started(folder)
    assert demo.process is not None
    with imap(demo):
        os.kill(demo.process.pid, signal.SIGTERM)
        assert demo.process.wait(10) == 0
    demo.close()
    is_clean(folder)


def test_a_second_window_joins_and_keeps_the_servers(folder: Path) -> None:
    first = started(folder)
    assert first.process is not None
    pid = first.process.pid
    second = launch.prepare(folder)
    assert second.process is None
    assert second.access == first.access
    with pytest.raises(Refused):
        launch.prepare(folder, reset=True)
    first.close()
    assert not gone(first, pid)
    with imap(second) as client:
        assert client.noop()[0] == "OK"
    second.close()
    until(lambda: gone(first, pid))


def test_the_desk_it_writes_is_a_valid_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, language, wanted in (
        ("it_IT.UTF-8", "it-IT", "Cordiali saluti"),
        ("C.UTF-8", "en-GB", "Kind regards"),
    ):
        monkeypatch.setenv("LC_ALL", variable)
        demo = started(folder)
        desk = config.load(folder, folder / "state")
        demo.close()
        assert desk.faults == ()
        assert desk.locale == language
        assert desk.signature.startswith(wanted)
        assert [channel.kind for channel in desk.channels] == ["imap", "chatwoot"]
        assert desk.orders is not None
        assert desk.orders.read_text("utf-8").splitlines()[0] == "number,email,name,total,currency"
        assert desk.channel("support").imap.port == demo.access.imap
    assert (folder / "desk.toml").stat().st_mode & 0o777 == 0o600


def test_a_broken_journal_is_told(folder: Path) -> None:
    (folder / "journal.db").write_bytes(b"no database at all" * 100)
    with launch.prepare(folder) as demo, pytest.raises(DeskError, match=r"server\.log"):
        demo.wait_ready(20)


def test_somebodys_own_desk_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "desk.toml").write_text("mine", "utf-8")
    (tmp_path / "state").mkdir()
    for reset in (False, True):
        with pytest.raises(Refused, match="not the demo's"):
            launch.prepare(tmp_path, reset=reset)
    assert (tmp_path / "desk.toml").read_text("utf-8") == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["desk.toml", "state"]


def test_missing_packages_are_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(launch.NEEDED, "no_such_module_at_all", "no-such-package")
    with pytest.raises(UsageError, match="no-such-package"):
        launch.prepare(folder)
