"""What a token endpoint may say, and what is made of it: a grant, a refusal with words, or a bad day; never a hang, never a followed redirect."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from agentdesk.errors import LoginRefused, SignInNeeded, Unreachable
from agentdesk.oauth import answers, endpoint
from agentdesk.oauth.endpoint import Said
from agentdesk.oauth.flows import Account
from agentdesk.oauth.providers import Provider
from tests.oauth_server import CLIENT, SECRET, OAuthServer, as_json, oauth_server


@pytest.fixture
def server() -> Iterator[OAuthServer]:
    with oauth_server() as made:
        yield made


def account(server: OAuthServer, token_url: str = "") -> Account:
    return Account(Provider("custom", "", token_url or f"{server.base}/token", "", "mail"), CLIENT, SECRET)


def test_a_refresh_token_becomes_an_access_token(server: OAuthServer) -> None:
    ours = account(server)
    grant = ours.refresh(server.sign_in())
    assert grant.access_token in server.access_tokens
    assert grant.refresh_token in server.refresh_tokens
    assert grant.seconds == 3600
    assert ours.skew is not None
    assert abs(ours.skew) < 60
    form = server.asked[0]
    assert (form["grant_type"], form["client_id"], form["client_secret"]) == ("refresh_token", CLIENT, SECRET)
    assert "refresh-" not in repr(grant) + repr(ours)


GOOD = {"access_token": "a", "token_type": "Bearer", "expires_in": 3600}

NONSENSE = {
    "no json": b"<html>\x1b[2Jhello</html>",
    "a list": b"[1, 2]",
    "nothing": b"",
    "deep": b"[" * 50_000,
    "no token": b"{}",
    "token is a number": json.dumps(GOOD | {"access_token": 7}).encode(),
    "token with a control character": json.dumps(GOOD | {"access_token": "a\x01auth=Bearer b"}).encode(),
    "token with a line end": json.dumps(GOOD | {"access_token": "a\r\nA1 LOGOUT"}).encode(),
    "another kind of token": json.dumps(GOOD | {"token_type": "mac"}).encode(),
    "refresh token with a line end": json.dumps(GOOD | {"refresh_token": "a\nb"}).encode(),
    "refresh token is a list": json.dumps(GOOD | {"refresh_token": ["a"]}).encode(),
    "life is a word": json.dumps(GOOD | {"expires_in": "soon"}).encode(),
    "life without end": b'{"access_token": "a", "token_type": "Bearer", "expires_in": Infinity}',
    "not utf-8": b'{"access_token": "\xff\xfe"}',
}


@pytest.mark.parametrize("body", NONSENSE.values(), ids=NONSENSE)
def test_what_is_no_token_is_a_bad_day_and_not_a_crash(server: OAuthServer, body: bytes) -> None:
    server.instead = [lambda: (200, {"Content-Type": "application/json"}, body)]
    with pytest.raises(Unreachable) as caught:
        account(server).refresh("r")
    assert not isinstance(caught.value, LoginRefused)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("life", "seconds"), [(None, 3600), (-5, 3600), (0, 3600), (10**12, 24 * 3600), ("600", 600), (90.5, 90), (True, 1)]
)
def test_a_life_that_makes_no_sense_is_an_hour_and_none_is_longer_than_a_day(life: object, seconds: float) -> None:
    body = json.dumps(GOOD | {"expires_in": life}).encode()
    assert answers.grant(Said(200, body), "h").seconds == seconds


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, "invalid_grant", SignInNeeded), (400, "interaction_required", SignInNeeded), (401, "invalid_client", LoginRefused),
        (400, "invalid_scope", LoginRefused), (400, "made_up", LoginRefused), (503, "temporarily_unavailable", Unreachable),
        (429, "too_many", Unreachable), (500, "server_error", Unreachable),
    ],
)  # fmt: skip
def test_a_refusal_says_what_to_do(server: OAuthServer, status: int, error: str, kind: type[Exception]) -> None:
    hostile = "<b>no</b>\x1b]0;title\x07 \u202e" + "x" * 5000
    server.instead = [lambda: as_json(status, {"error": error, "error_description": hostile})]
    with pytest.raises(kind) as caught:
        account(server).refresh("r")
    assert isinstance(caught.value, LoginRefused) == (kind is not Unreachable)
    assert isinstance(caught.value, SignInNeeded) == (kind is SignInNeeded)
    words = str(caught.value)
    assert words.isprintable()
    assert len(words) < 600
    assert error in words


def test_ten_megabytes_are_not_read_to_the_end(server: OAuthServer) -> None:
    server.instead = [lambda: (200, {}, b" " * (10 << 20))]
    with pytest.raises(Unreachable, match="more than 64 KB"):
        account(server).refresh("r")


def test_a_small_answer_that_would_unpack_to_a_large_one_is_not_unpacked(server: OAuthServer) -> None:
    packed = gzip.compress(b" " * (50 << 20))
    server.instead = [lambda: (200, {"Content-Encoding": "gzip"}, packed)]
    with pytest.raises(Unreachable, match="no token"):
        account(server).refresh("r")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed_wherever_it_leads(server: OAuthServer, status: int) -> None:
    with oauth_server() as other:
        server.instead = [lambda: (status, {"Location": f"{other.base}/token"}, b"")]
        with pytest.raises(Unreachable, match="elsewhere") as caught:
            account(server).refresh("secret-refresh-token")
        assert other.asked == []
    assert "secret-refresh-token" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://login.example/token", "ftp://127.0.0.1/token", "http://127.0.0.1.example/token"])
def test_no_token_leaves_without_encryption_but_on_this_machine(server: OAuthServer, url: str) -> None:
    with pytest.raises(Unreachable, match="https only"):
        account(server, url).refresh("r")


def test_nobody_there_and_no_tls(server: OAuthServer) -> None:
    with pytest.raises(Unreachable, match="gives no access token"):
        account(server, server.base.replace("http:", "https:") + "/token").refresh("r")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(Unreachable, match="gives no access token"):
            account(server, f"http://127.0.0.1:{taken.getsockname()[1]}/token").refresh("r")


def test_a_dripping_server_is_left(monkeypatch: pytest.MonkeyPatch, server: OAuthServer) -> None:
    """It sends a byte now and then for ever; each of them in time."""
    monkeypatch.setattr(endpoint, "PATIENCE", 1.0)
    gone = threading.Event()
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def drip() -> None:
            line, _ = listener.accept()
            with line:
                line.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                while not gone.wait(0.05):
                    try:
                        line.sendall(b"x")
                    except OSError:
                        return

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        try:
            with pytest.raises(Unreachable, match="no answer in time"):
                account(server, f"http://127.0.0.1:{listener.getsockname()[1]}/token").refresh("r")
        finally:
            gone.set()
            thread.join(30)
            for other in threading.enumerate():
                if other.name == "oauth-request":
                    other.join(30)


def test_without_the_library_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    answers.library.cache_clear()
    monkeypatch.setattr(answers, "import_module", missing)
    with pytest.raises(Exception, match=r"agentdesk\[oauth\]"):
        answers.library()
