"""From consent to tokens: the browser that comes back, whoever else calls, and the code typed elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from agentdesk.config import OAuth
from agentdesk.errors import LoginRefused, Refused, SignInNeeded, Unreachable
from agentdesk.oauth.flows import Account, BrowserFlow, DeviceFlow
from agentdesk.oauth.loopback import Loopback, answer_in
from agentdesk.oauth.providers import Provider, provider_of
from tests.oauth_server import CLIENT, SECRET, OAuthServer, as_json, oauth_server

DEADLINE = 30.0
PLAIN: dict[str, Any] = {"timeout": DEADLINE, "trust_env": False, "verify": False}


@pytest.fixture
def server() -> Iterator[OAuthServer]:
    with oauth_server() as made:
        yield made


@pytest.fixture
def ours(server: OAuthServer) -> Account:
    where = Provider("custom", f"{server.base}/authorize", f"{server.base}/token", f"{server.base}/device", "mail offline")
    return Account(where, CLIENT, SECRET)


def browse(url: str) -> httpx.Response:
    """A browser: follows wherever it is sent."""
    return httpx.get(url, follow_redirects=True, **PLAIN)


def test_the_browser_comes_back_with_a_code_that_only_we_can_trade(server: OAuthServer, ours: Account) -> None:
    flow = BrowserFlow(ours, hint="support@shop.example")
    with Loopback(flow.state) as page:
        url = flow.begin(page.address)
        query = parse_qs(urlsplit(url).query)
        assert query["code_challenge_method"] == ["S256"]
        assert query["login_hint"] == ["support@shop.example"]
        shown = browse(url)
        assert page.came.wait(DEADLINE)
        assert shown.status_code == 200
        assert "Done" in shown.text
        assert "code-" not in shown.text
        assert shown.headers["content-security-policy"] == "default-src 'none'"
        grant = flow.finish(page.query)
    assert grant.refresh_token in server.refresh_tokens
    other = BrowserFlow(ours)
    other.begin(page.address)
    with pytest.raises(Refused):
        other.finish(page.query)  # another state
    assert len(server.asked) == 1


def test_a_stolen_code_is_worth_nothing_without_our_verifier(server: OAuthServer, ours: Account) -> None:
    flow, thief = BrowserFlow(ours), BrowserFlow(ours)
    with Loopback(flow.state) as page:
        browse(flow.begin(page.address))
        assert page.came.wait(DEADLINE)
    thief.state = flow.state
    thief.begin(page.address)
    with pytest.raises(SignInNeeded, match="PKCE"):
        thief.finish(page.query)


@pytest.mark.parametrize(
    "path",
    [
        "/?code=c", "/?code=c&state=", "/?code=c&state=wrong", "/?state={state}", "/other?code=c&state={state}", "/favicon.ico",
        "/?code=c&state={state}&state=x", "/?error=access_denied&state=wrong", "/?" + "a=b&" * 200 + "state={state}&code=c",
        "/?code=c&state={state}&x=" + "y" * 40_000,
    ],
    ids=["no state", "empty state", "wrong state", "no code", "another path", "favicon", "two states", "error of a stranger", "many fields", "too long"],
)  # fmt: skip
def test_a_call_that_is_not_the_answer_is_turned_away_and_changes_nothing(server: OAuthServer, ours: Account, path: str) -> None:
    flow = BrowserFlow(ours)
    with Loopback(flow.state) as page:
        turned_away = browse(page.address + path.replace("{state}", flow.state))
        assert turned_away.status_code == 400
        assert not page.came.is_set()
        browse(flow.begin(page.address))
        assert page.came.wait(DEADLINE), "the right one still counts"
        assert flow.finish(page.query).access_token in server.access_tokens


def test_a_provider_that_answers_another_question_is_not_believed(server: OAuthServer, ours: Account) -> None:
    server.consents = {"code": "code-1", "state": "somebody-else's"}
    flow = BrowserFlow(ours)
    with Loopback(flow.state) as page:
        assert browse(flow.begin(page.address)).status_code == 400
        assert (page.came.is_set(), page.strangers) == (False, 1)
    assert server.asked == []


def test_a_name_that_was_made_to_point_here_is_turned_away(ours: Account) -> None:
    flow = BrowserFlow(ours)
    with Loopback(flow.state) as page:
        url = f"{page.address}/?code=c&state={flow.state}"
        rebound = httpx.get(url, headers={"Host": "evil.example:80"}, **PLAIN)
        assert rebound.status_code == 400
        assert httpx.post(url, **PLAIN).status_code == 501
        assert not page.came.is_set()


def test_a_page_opened_twice_counts_once(server: OAuthServer, ours: Account) -> None:
    flow = BrowserFlow(ours)
    with Loopback(flow.state) as page:
        url = flow.begin(page.address)
        browse(url)
        first = page.query
        assert "already" in browse(url).text
        assert page.query == first
        flow.finish(first)
    assert len(server.asked) == 1


def test_no_consent_is_told_without_the_markup_of_whoever_said_it(server: OAuthServer, ours: Account) -> None:
    hostile = "<script>alert(1)</script>\x1b[31m\x1b]0;x\x07\r\nnext line\u202e"
    server.consents = {"error": "access_denied", "error_description": hostile}
    flow = BrowserFlow(ours)
    with Loopback(flow.state) as page:
        shown = browse(flow.begin(page.address))
        assert "script" not in shown.text
        assert page.came.wait(DEADLINE)
        with pytest.raises(Refused, match="access_denied") as caught:
            flow.finish(page.query)
    assert str(caught.value).isprintable()
    assert "\u202e" not in str(caught.value)


def test_an_address_pasted_from_another_machine(server: OAuthServer, ours: Account) -> None:
    """Nobody listens there: the browser shows an error, and its address holds the answer."""
    flow = BrowserFlow(ours)
    url = flow.begin("http://127.0.0.1:9")
    ended_at = httpx.get(url, **PLAIN).headers["location"]
    for wrong in ("", "hello", url, ended_at.replace(flow.state, "x"), "http://127.0.0.1:9/?state=" + flow.state, "http://[::1"):
        assert flow.pasted(wrong) == ""
    assert flow.finish(flow.pasted(f"  {ended_at}\n")).refresh_token in server.refresh_tokens


def test_loopback_survives_callers_that_break_off_or_say_nothing(ours: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    from agentdesk.oauth import loopback

    monkeypatch.setattr(loopback._Page, "timeout", 0.2)
    flow = BrowserFlow(ours)
    with Loopback(flow.state) as page:
        port = urlsplit(page.address).port
        assert port
        with socket.create_connection(("127.0.0.1", port), 5) as silent, socket.create_connection(("127.0.0.1", port), 5) as rude:
            rude.sendall(b"\x00\xff\r\n\r\n")
            silent.sendall(b"GET / HT")
            browse(flow.begin(page.address))
            assert page.came.wait(DEADLINE)


def test_answer_in_takes_no_state_for_another() -> None:
    assert answer_in("/?code=a&state=s", "s") == "code=a&state=s"
    assert answer_in("/?code=a&state=\udcff", "s") is None
    assert answer_in("//[", "s") is None


# The device flow


class Time:
    """Stands still until somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def clock(self) -> float:
        return self.now


def device(ours: Account) -> tuple[DeviceFlow, Time]:
    time = Time()
    return DeviceFlow(ours, time.sleep, time.clock), time


def test_a_code_typed_elsewhere(server: OAuthServer, ours: Account) -> None:
    flow, time = device(ours)
    code = flow.begin()
    assert code.url == f"{server.base}/go"
    server.device_errors = ["authorization_pending", "slow_down", "authorization_pending", "slow_down"]
    server.allow(code.user_code)
    assert flow.wait(code).refresh_token in server.refresh_tokens
    assert time.slept == [5, 5, 10, 10, 15]


@pytest.mark.parametrize(("error", "words"), [("access_denied", "no consent"), ("expired_token", "in time")])
def test_a_code_that_is_not_allowed(server: OAuthServer, ours: Account, error: str, words: str) -> None:
    flow, _ = device(ours)
    code = flow.begin()
    server.device_errors = ["authorization_pending", error]
    with pytest.raises(Refused, match=words):
        flow.wait(code)
    assert len(server.asked) == 2


def test_a_code_nobody_types_ends(server: OAuthServer, ours: Account) -> None:
    flow, time = device(ours)
    server.device_seconds = 60
    code = flow.begin()
    with pytest.raises(Refused, match="in time"):
        flow.wait(code)
    assert time.now <= 70
    assert len(server.asked) == 12


def test_a_line_that_drops_meanwhile_is_no_answer(server: OAuthServer, ours: Account) -> None:
    flow, time = device(ours)
    code = flow.begin()
    server.allow(code.user_code)
    server.instead = [lambda: (502, {}, b"bad gateway"), lambda: (200, {}, b"<html>")]
    assert flow.wait(code).access_token in server.access_tokens
    assert time.slept == [5, 10, 20]


def test_a_client_that_is_refused_ends_it(server: OAuthServer, ours: Account) -> None:
    flow, _ = device(ours)
    code = flow.begin()
    server.device_errors = ["invalid_client"]
    with pytest.raises(LoginRefused, match="client_id"):
        flow.wait(code)


@pytest.mark.parametrize(
    "answer",
    [
        {}, {"device_code": "d", "user_code": "U", "verification_uri": "https://x\r\n.example"}, {"device_code": "d", "user_code": ""},
        {"device_code": "d", "user_code": "U" * 41, "verification_uri": "https://x.example"}, {"device_code": 1, "user_code": 2}, [],
    ],
)  # fmt: skip
def test_a_device_answer_that_is_none(answer: object) -> None:
    from agentdesk.oauth import answers
    from agentdesk.oauth.endpoint import Said

    status, _, body = as_json(200, answer)
    with pytest.raises(Unreachable):
        answers.device_code(Said(status, body), "h")


def test_a_device_answer_with_strange_times() -> None:
    from agentdesk.oauth import answers
    from agentdesk.oauth.endpoint import Said

    body = as_json(200, {"device_code": "d", "user_code": "\x1b[1mU", "verification_url": "https://x.example", "expires_in": 1e99, "interval": -3})
    found = answers.device_code(Said(200, body[2]), "h")
    assert (found.seconds, found.interval, found.url) == (1800, 5, "https://x.example")
    assert found.user_code.isprintable()


# Providers


def test_google_and_microsoft_as_they_are_documented() -> None:
    google = provider_of(OAuth("google", "id"))
    assert (google.device_url, google.scope, google.loopback) == ("", "https://mail.google.com/", "127.0.0.1")
    microsoft = provider_of(OAuth("microsoft", "id", tenant="shop.example"))
    assert microsoft.token_url == "https://login.microsoftonline.com/shop.example/oauth2/v2.0/token"
    assert microsoft.scope.split() == [
        "https://outlook.office.com/IMAP.AccessAsUser.All", "https://outlook.office.com/SMTP.Send", "offline_access",
    ]  # fmt: skip
    assert microsoft.loopback == "localhost"
    url = BrowserFlow(Account(google, "id"), hint="a@gmail.com").begin("http://127.0.0.1:1")
    query = parse_qs(urlsplit(url).query)
    assert query["scope"] == ["https://mail.google.com/"]
    assert query["access_type"] == ["offline"]
    assert len(query["state"][0]) >= 32


def test_no_thread_stays_behind() -> None:
    with Loopback("s"):
        pass
    assert not [thread for thread in threading.enumerate() if thread.name == "oauth-loopback"]
