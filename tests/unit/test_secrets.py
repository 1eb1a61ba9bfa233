"""Passwords come from where desk.toml says, and a failure says what to do."""

import sys
from pathlib import Path

import pytest

from agentdesk import secrets
from agentdesk.config import Secret
from agentdesk.errors import ConfigError

HERE = Path(__file__)


def fetch(kind, value, folder=HERE.parent):
    return secrets.fetch(Secret(kind, value, HERE, 7), "support", folder)


def test_literal_and_environment(monkeypatch):
    monkeypatch.setenv("DESK_PW", "geheim")
    assert fetch("literal", "x y") == "x y"
    assert fetch("env", "DESK_PW") == "geheim"


def test_a_command_gives_its_first_line(tmp_path):
    (tmp_path / "file").write_text("from the desk's folder\nnotes\n")
    assert fetch("command", "cat file", tmp_path) == "from the desk's folder"
    assert fetch("command", "printf 'a b '") == "a b "


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("env", "DESK_NOT_SET", ["DESK_NOT_SET", "not set"]),
        ("command", "echo went wrong >&2; exit 3", ["exit status 3", "went wrong"]),
        ("command", "true", ["printed nothing"]),
        ("command", r"printf 'a\033b\n'", ["control character"]),
        ("command", r"printf 'x\033[2J' >&2; exit 1", ["exit status 1"]),
    ],
)
def test_a_failure_names_channel_place_and_cause(kind, value, words):
    with pytest.raises(ConfigError) as caught:
        fetch(kind, value)
    assert str(caught.value).startswith(f"{HERE}:7: channel support: ")
    assert str(caught.value).isprintable()
    for word in words:
        assert word in str(caught.value)


def test_a_command_that_hangs_is_ended(monkeypatch):
    monkeypatch.setattr(secrets, "PATIENCE", 0.2)
    with pytest.raises(ConfigError, match="no answer"):
        fetch("command", f"exec {sys.executable} -c 'import time; time.sleep(60)'")


class Keyring:
    """Stands for the keyring library: a dictionary, or a failure."""

    def __init__(self, failure=None):
        self.kept, self.failure = {}, failure

    def get_password(self, service, entry):
        if self.failure:
            raise self.failure
        return self.kept.get((service, entry))

    def set_password(self, service, entry, password):
        if self.failure:
            raise self.failure
        self.kept[(service, entry)] = password


def test_the_keyring_keeps_and_gives(monkeypatch):
    ring = Keyring()
    monkeypatch.setitem(sys.modules, "keyring", ring)
    with pytest.raises(ConfigError, match="keyring set agentdesk"):
        fetch("keyring", "support@mail.example")
    assert secrets.store("support@mail.example", "geheim") == ""
    assert fetch("keyring", "support@mail.example") == "geheim"


def test_where_no_keyring_works_it_is_said_what_else_there_is(monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", Keyring(RuntimeError("No recommended backend was available.")))
    assert "No recommended backend" in secrets.store("e", "p")
    with pytest.raises(ConfigError, match=r"no keyring works here.*command = "):
        fetch("keyring", "e")


def test_a_keyring_that_waits_for_a_window_is_left(monkeypatch):
    import threading

    class Stuck(Keyring):
        def get_password(self, service, entry):
            threading.Event().wait(30)

    monkeypatch.setitem(sys.modules, "keyring", Stuck())
    monkeypatch.setattr(secrets, "KEYRING_PATIENCE", 0.1)
    with pytest.raises(ConfigError, match="no answer"):
        fetch("keyring", "e")


def test_no_secret_shows_in_a_representation():
    assert "geheim" not in repr(Secret("literal", "geheim"))


def test_a_command_keeps_what_it_is_given_on_stdin(tmp_path):
    """Nobody else on the machine sees it: neither arguments nor the environment hold it."""
    place = Secret("command", "cat kept", HERE, 7, store="cat > kept; env > env; echo $0 $* >> env; tr '\\0' ' ' < /proc/$$/cmdline >> env")
    assert secrets.keep(place, "support", tmp_path, "geheim") == ""
    assert (tmp_path / "kept").read_text() == "geheim\n"
    assert secrets.fetch(place, "support", tmp_path) == "geheim"
    assert "geheim" not in (tmp_path / "env").read_text()


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (Secret("command", "cat x", store="echo no room >&2; exit 5"), ["exit status 5", "no room"]),
        (Secret("command", "cat x", store=r"printf 'a\033[2Jb' >&2; exit 1"), ["exit status 1"]),
        (Secret("command", "cat x"), ["store = "]),
        (Secret("env", "TOKEN"), ["store = "]),
        (Secret("literal", "x"), ["keyring"]),
    ],
)
def test_what_can_not_be_kept_is_said(tmp_path, place, words):
    said = secrets.keep(place, "support", tmp_path, "geheim")
    assert said.isprintable()
    assert "geheim" not in said
    for word in words:
        assert word in said


def test_a_store_command_that_hangs_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(secrets, "PATIENCE", 0.2)
    place = Secret("command", "cat x", store=f"exec {sys.executable} -c 'import time; time.sleep(60)'")
    assert "no answer" in secrets.keep(place, "support", tmp_path, "geheim")


def test_the_keyring_keeps_refresh_tokens_too(monkeypatch, tmp_path):
    ring = Keyring()
    monkeypatch.setitem(sys.modules, "keyring", ring)
    assert secrets.keep(Secret("keyring", "oauth a@b"), "support", tmp_path, "geheim") == ""
    assert ring.kept == {("agentdesk", "oauth a@b"): "geheim"}


def mailbox(**changes):
    from dataclasses import replace

    from agentdesk.config import MailChannelConfig, ServerUrl

    made = MailChannelConfig("support", "a@b", "a", ServerUrl("imaps", "h", 1), ServerUrl("smtps", "h", 1), Secret("env", "DESK_NOT_SET", HERE, 7))
    return replace(made, **changes)


def test_a_refresh_token_that_is_not_there_yet_stops_nothing_and_a_password_does(tmp_path, monkeypatch):
    from agentdesk.config import OAuth

    with pytest.raises(ConfigError):
        secrets.fetch_channel(mailbox(), tmp_path)
    monkeypatch.setenv("DESK_CLIENT", "s")
    oauth = OAuth("google", "id", Secret("env", "DESK_CLIENT", HERE, 8))
    assert secrets.fetch_channel(mailbox(oauth=oauth), tmp_path) == {"support": "", "support" + secrets.CLIENT: "s"}
    monkeypatch.delenv("DESK_CLIENT")
    with pytest.raises(ConfigError, match="DESK_CLIENT"):
        secrets.fetch_channel(mailbox(oauth=oauth), tmp_path)


def test_no_secret_of_any_kind_reaches_the_programs_we_start(tmp_path, monkeypatch):
    from agentdesk.config import ClientCertificate, OAuth
    from tests.desks import desk_config

    for name in ("DESK_NOT_SET", "DESK_CLIENT", "DESK_KEY"):
        monkeypatch.setenv(name, "geheim")
    channel = mailbox(
        oauth=OAuth("google", "id", Secret("env", "DESK_CLIENT")),
        certificate=ClientCertificate(tmp_path / "c.pem", None, Secret("env", "DESK_KEY")),
    )
    left = secrets.without_secrets(desk_config(tmp_path, channels=(channel,)))
    assert "geheim" not in left.values()
