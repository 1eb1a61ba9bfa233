"""`agentdesk login`: consent in a browser, on another machine, or by a code; and where the refresh token goes."""

from __future__ import annotations

import os
import re
import sys
import threading
import time

import httpx
import pytest

from agentdesk.cli import checks, login
from agentdesk.cli.checks import FAILED, OK, Check
from agentdesk.oauth import flows
from tests.oauth_server import SECRET, oauth_server

DEADLINE = 30.0


@pytest.fixture
def server():
    with oauth_server() as made:
        yield made


@pytest.fixture
def signing(empty, server, monkeypatch):
    """A desk whose mailbox signs in with the scripted provider; the token goes through two commands."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    nothing = open(os.devnull, encoding="utf-8")  # noqa: SIM115 - closed below
    monkeypatch.setattr(sys, "stdin", nothing)
    tried = []

    def let_in(channel, secrets, tokens):
        tried.append(tokens.current())
        return [Check("imap", OK, "in", channel.name)]

    monkeypatch.setattr(checks, "let_in", let_in)
    empty.tried = tried
    empty.token = empty.folder / "token"
    rewrite(empty, server)
    yield empty
    nothing.close()


def rewrite(desk, server, password='{ command = "cat token", store = "cat > token" }', **more):
    toml = desk.folder / "desk.toml"
    text = re.sub(r"(?m)^(password|auth|oauth) = .*\n", "", toml.read_text())
    lines = f'auth = "xoauth2"\noauth = {server.toml(**more)}\n' + (f"password = {password}\n" if password else "")
    toml.write_text(text.replace('smtp = "smtp://127.0.0.1:1"\n', f'smtp = "smtp://127.0.0.1:1"\n{lines}'))


def browse(url):
    return httpx.get(url, follow_redirects=True, timeout=DEADLINE, trust_env=False, verify=False)


class Watched:
    """stderr, with a browser that opens the first address shown and, if wanted, types what it ended at."""

    def __init__(self, target, act):
        self.target, self.act = target, act
        self.text = ""
        self.thread = None

    def write(self, text):
        self.text += text
        found = re.search(r"  (http\S+/authorize\?\S+)\n", self.text)
        if found and self.thread is None:
            self.thread = threading.Thread(target=self.act, args=(found[1],))
            self.thread.start()
        return self.target.write(text)

    def flush(self):
        self.target.flush()


def with_browser(desk, monkeypatch, act):
    watched = Watched(sys.stderr, act)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", watched)
        outcome = desk.run("login", "support")
    assert watched.thread is not None, watched.text
    watched.thread.join(DEADLINE)
    return outcome, watched.text


def test_a_browser_on_this_machine(signing, server, monkeypatch):
    rewrite(signing, server, device_url="")
    outcome, said = with_browser(signing, monkeypatch, browse)
    assert outcome.status == 0, said
    assert outcome.out == ""
    token = signing.token.read_text().strip()
    assert token in server.refresh_tokens
    assert token not in said
    assert "given to the command" in said
    assert signing.tried[0] in server.access_tokens


def test_what_a_stranger_calls_is_told_and_changes_nothing(signing, server, monkeypatch):
    rewrite(signing, server, device_url="")

    def act(url):
        back = re.search(r"redirect_uri=http%3A%2F%2F127.0.0.1%3A(\d+)", url)
        browse(f"http://127.0.0.1:{back[1]}/?code=stolen&state=guessed")
        browse(url)

    outcome, said = with_browser(signing, monkeypatch, act)
    assert outcome.status == 0, said
    assert len(server.asked) == 1


def test_refused_consent_is_said_without_what_the_page_put_into_it(signing, server, monkeypatch):
    rewrite(signing, server, device_url="")
    server.consents = {"error": "access_denied", "error_description": "<h1>\x1b[2J\u202eno</h1>"}
    outcome, said = with_browser(signing, monkeypatch, browse)
    assert outcome.status == 1
    assert "access_denied" in said
    assert "\x1b" not in said
    assert "\u202e" not in said
    assert not signing.token.exists()


def test_an_address_pasted_from_another_machine(signing, server, monkeypatch):
    """Over SSH without a device flow: nothing here can be reached by the browser, so its address is copied."""
    rewrite(signing, server, device_url="")
    reading, writing = os.pipe()
    typed = os.fdopen(writing, "w", encoding="utf-8")

    class Terminal:
        def __init__(self):
            self.lines = os.fdopen(reading, encoding="utf-8")

        def fileno(self):
            return self.lines.fileno()

        def readline(self):
            return self.lines.readline()

        def isatty(self):
            return True

        def close(self):
            self.lines.close()

    terminal = Terminal()
    monkeypatch.setattr(sys, "stdin", terminal)

    def act(url):
        ended_at = httpx.get(url, timeout=DEADLINE, trust_env=False, verify=False).headers["location"]
        typed.write("what?\n")
        typed.flush()
        end = time.monotonic() + DEADLINE
        while "not the answer" not in getattr(sys.stderr, "text", "") and time.monotonic() < end:
            time.sleep(0.01)
        typed.write(ended_at + "\n")
        typed.flush()

    outcome, said = with_browser(signing, monkeypatch, act)
    typed.close()
    terminal.close()
    assert outcome.status == 0, said
    assert "paste it here" in said
    assert "not the answer" in said
    assert signing.token.read_text().strip() in server.refresh_tokens


def test_a_code_where_there_is_no_screen(signing, server, monkeypatch):
    """The provider has a device flow, so nothing need be pasted."""
    monkeypatch.setattr(flows.time, "sleep", lambda _seconds: server.allow("ABCD-0001"))
    monkeypatch.setattr(flows.DeviceFlow, "__init__", _with_that_sleep(flows.DeviceFlow.__init__))
    outcome = signing.run("login")
    assert outcome.status == 0, outcome.err
    assert "ABCD-0001" in outcome.err
    assert f"{server.base}/go" in outcome.err
    assert signing.token.read_text().strip() in server.refresh_tokens


def _with_that_sleep(init):
    return lambda self, account: init(self, account, flows.time.sleep)


def test_the_keyring_keeps_it_and_the_client_secret_too(signing, server, monkeypatch):
    kept = {("agentdesk", "client desk-client"): SECRET}
    ring = type("Ring", (), {"get_password": staticmethod(lambda s, e: kept.get((s, e))), "set_password": staticmethod(lambda s, e, p: kept.update({(s, e): p}))})
    monkeypatch.setitem(sys.modules, "keyring", ring)
    rewrite(signing, server, password="", device_url="")
    toml = signing.folder / "desk.toml"
    toml.write_text(toml.read_text().replace(f'client_secret = "{SECRET}"', "client_secret = { keyring = true }"))
    outcome, said = with_browser(signing, monkeypatch, browse)
    assert outcome.status == 0, said
    assert kept["agentdesk", "oauth support@casaverde.example@127.0.0.1"] in server.refresh_tokens


@pytest.mark.parametrize("password", ['{ env = "TOKEN" }', '{ command = "cat token" }', '"written out"'])
def test_without_a_place_to_keep_it_nobody_is_asked_for_consent(signing, server, password):
    rewrite(signing, server, password=password)
    outcome = signing.run("login")
    assert outcome.status == 2
    assert "store = " in outcome.err
    assert server.asked == []


def test_a_place_that_does_not_take_it_is_told(signing, server, monkeypatch):
    rewrite(signing, server, password='{ command = "cat token", store = "echo full >&2; exit 4" }', device_url="")
    outcome, said = with_browser(signing, monkeypatch, browse)
    assert outcome.status == 1
    assert "exit status 4" in said
    assert "full" in said


def test_a_provider_that_gives_no_refresh_token(signing, server, monkeypatch):
    rewrite(signing, server, device_url="")
    monkeypatch.setattr(server, "sign_in", lambda: "")
    outcome, said = with_browser(signing, monkeypatch, browse)
    assert outcome.status == 1
    assert "no refresh token" in said


def test_an_account_the_mailbox_does_not_know(signing, server, monkeypatch):
    rewrite(signing, server, device_url="")
    monkeypatch.setattr(checks, "let_in", lambda channel, secrets, tokens: [Check("imap", FAILED, "no", channel.name, refused=True)])
    outcome, said = with_browser(signing, monkeypatch, browse)
    assert outcome.status == 3
    assert "account of support@casaverde.example" in said
    assert signing.token.exists()


def test_a_running_engine_hears_of_it(signing, server, monkeypatch):
    rewrite(signing, server, device_url="")
    with signing.desk() as desk:
        changes = desk.changes()
        changes.poll()
        outcome, said = with_browser(signing, monkeypatch, browse)
        assert outcome.status == 0, said
        assert "login" in {topic for topic, _ in changes.poll()}
        changes.close()


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("login", "nobody"), "which channel? support"),
        (("login", "support", "--device"), "no device flow"),
    ],
)
def test_wrong_use_is_named(signing, server, argv, words):
    rewrite(signing, server, device_url="")
    outcome = signing.run(*argv)
    assert outcome.status == 2
    assert words in outcome.err


def test_a_desk_with_passwords_only(empty):
    outcome = empty.run("login")
    assert outcome.status == 2
    assert "xoauth2" in outcome.err
    assert empty.run("login", "support").status == 2


def test_what_was_not_allowed_is_named(signing, capsys):
    account = flows.Account(flows.Provider("custom", "", "", "", "https://a.example/IMAP.All https://a.example/SMTP.Send offline_access"), "id")
    login._say_missing(account, flows.Grant("a", 1.0, "r", "IMAP.All"))
    assert "SMTP.Send" in capsys.readouterr().err
    for enough in ("", "https://a.example/imap.all https://a.example/smtp.send", "IMAP.All SMTP.Send"):
        login._say_missing(account, flows.Grant("a", 1.0, "r", enough))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("platform", "environment", "found"),
    [
        ("linux", {}, ""), ("linux", {"DISPLAY": ":0"}, "/bin/xdg-open"), ("linux", {"WAYLAND_DISPLAY": "w"}, "/bin/xdg-open"),
        ("darwin", {}, "/bin/open"), ("darwin", {"SSH_CONNECTION": "a b"}, ""),
    ],
)  # fmt: skip
def test_a_browser_is_opened_only_where_there_is_a_screen(monkeypatch, platform, environment, found):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(login.shutil, "which", lambda name: f"/bin/{name}")
    assert login._browser() == found


def test_the_opener_gets_the_address_and_none_of_our_secrets(signing, server, monkeypatch, tmp_path):
    """It is shown all the same: who knows which browser opens."""
    rewrite(signing, server, device_url="")
    opener = tmp_path / "opener"
    opener.write_text('#!/bin/sh\nenv > "$0.env"\nprintf %s "$1" > "$0.part" && mv "$0.part" "$0.url"\n')
    opener.chmod(0o755)
    monkeypatch.setenv("CLIENT_SECRET", SECRET)
    toml = signing.folder / "desk.toml"
    toml.write_text(toml.read_text().replace(f'client_secret = "{SECRET}"', 'client_secret = { env = "CLIENT_SECRET" }'))
    monkeypatch.setattr(login, "_browser", lambda: str(opener))

    def act(url):
        end = time.monotonic() + DEADLINE
        opened = tmp_path / "opener.url"
        while not opened.exists() and time.monotonic() < end:
            time.sleep(0.01)
        assert opened.read_text() == url
        browse(url)

    outcome, said = with_browser(signing, monkeypatch, act)
    assert outcome.status == 0, said
    assert "browser should open" in said
    assert SECRET not in (tmp_path / "opener.env").read_text()
