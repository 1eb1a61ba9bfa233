"""The gates before a terminal, each by itself: where one is forgotten the next one holds, and so hides it."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from rich.style import Style

from agentdesk.cli import main as command_line
from agentdesk.cli.output import write_json
from agentdesk.config import Secret, load
from agentdesk.desk import Desk
from agentdesk.desk.engine_process import EngineProcess
from agentdesk.domain.clean import written
from agentdesk.engine.__main__ import _Clean
from agentdesk.errors import Refused
from agentdesk.secrets import without_secrets
from agentdesk.snippets.pack import load_packs
from agentdesk.tui.layout import line, safe
from tests.desks import Mailbox, desk_config

BAD = "a\x1b[2J\x9b31m\u202eb\u200b\x00\x7f\u2028c"
CLEAN = "a\ufffd[2J\ufffd31mb\ufffd\ufffd c"


def harmful(text: str) -> list[str]:
    return [char for char in text if char != "\n" and not char.isprintable() and char not in "\u200c\u200d\xa0\u3000\u202f"]


def test_what_the_screen_draws() -> None:
    assert safe(BAD) == CLEAN
    assert safe("Ça, 山田 👩‍👩‍👧 e\u0301\xa0") == "Ça, 山田 👩‍👩‍👧 e\u0301\xa0"
    strip = line(30, [(BAD, Style())], [(BAD, Style())])
    assert not harmful(strip.text)
    assert strip.cell_length == 30


def test_json_for_programs_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"a": BAD + "\ud800\U000e0041", "b": "Ça, 山田 👩‍👩‍👧 e\u0301\xa0"}
    write_json(value)
    out = capsys.readouterr().out
    assert not harmful(out)
    assert value["b"] in out, "letters stay letters"
    assert json.loads(out) == {"schema": 1, **value}, "and nothing is lost"


def test_messages_of_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> int:
        raise Refused(BAD)

    monkeypatch.setattr("agentdesk.cli.reading.list_rows", refuse)
    assert command_line(["list", "--desk", str(tmp_path)]) == 1
    assert not harmful(capsys.readouterr().err)


def test_the_log() -> None:
    try:
        raise ValueError(BAD)
    except ValueError as error:
        record = logging.LogRecord("x", logging.ERROR, "", 0, "%s", (BAD,), (ValueError, error, error.__traceback__))
    said = _Clean("%(message)s").format(record)
    assert not harmful(said)
    assert "Traceback" in said


def test_packs(tmp_path: Path) -> None:
    bad = json.dumps("a\x1b[2J\x9bb")
    (tmp_path / "own.toml").write_text(
        f'[pack]\nname = "own"\ntitle = {bad}\n[pack.policy]\nword = {bad}\n[[snippet]]\nname = "one"\ntitle = {bad}\ntags = [{bad}]\n[snippet.text]\nen = {bad}\n'
    )
    snippet = load_packs([tmp_path / "own.toml"]).find("one")
    assert snippet.texts["en"] == snippet.title == snippet.pack_title == snippet.policy["word"] == snippet.tags[0] == "a\ufffd[2J\ufffdb"


def test_names_in_desk_toml(tmp_path: Path) -> None:
    bad = json.dumps("a\x1b[2J\x9bb")
    (tmp_path / "desk.toml").write_text(
        f'[desk]\nname = {bad}\nurl = {bad}\n[agent]\nname = {bad}\nemail = "a@b.example"\nsignature = {bad}\n'
        f'[team]\nmembers = [{{ name = {bad}, email = "c@b.example" }}]\n[[views]]\nname = {bad}\nquery = "is:open"\n'
    )
    config = load(tmp_path, tmp_path / "state")
    assert {config.name, config.url, config.agent_name, config.signature, config.members[0].name, config.views[0].name} == {"a\ufffd[2J\ufffdb"}


def test_what_is_sent_is_free_of_controls(tmp_path: Path) -> None:
    assert written("one\ttwo\r\nthree\x1b[2J\x9b\u202e\x00") == "one     two\nthree[2J"
    with Desk.open(desk_config(tmp_path)) as desk:
        Mailbox(desk).bring("a", "Hello")
        draft = desk.writing.draft(desk.queue.ids("all")[0])
        draft.text, draft.subject = "Dear\x1b[2J\r\nMaria\x9b", "Re\r\nBcc: x@x.example"
        desk.writing.save(draft)
        assert desk.writing.drafts()[0].text == "Dear[2J\nMaria"
        sent = desk.writing.send(draft)
        found = desk.database.one("SELECT text, subject FROM outbox WHERE id = ?", (sent,))
        assert tuple(found) == ("Dear[2J\nMaria", "Re Bcc: x@x.example")


def test_programs_we_start_know_no_passwords(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    monkeypatch.setenv("MAIL_PW", "secret-1")
    config = desk_config(tmp_path)
    mail = replace(config.channels[0], password=Secret("env", "MAIL_PW"))  # type: ignore[call-arg]
    config = replace(config, channels=(mail, *config.channels[1:]))
    assert "MAIL_PW" not in without_secrets(config)
    assert "PATH" in without_secrets(config)
    started: list[dict[str, object]] = []

    def popen(*_: object, **options: object) -> None:
        started.append(options)
        raise FileNotFoundError

    monkeypatch.setattr("agentdesk.desk.engine_process.subprocess.Popen", popen)
    with pytest.raises(FileNotFoundError):
        EngineProcess(config, {"support": "secret-1"}).start()
    assert "MAIL_PW" not in started[0]["env"]  # type: ignore[operator]
