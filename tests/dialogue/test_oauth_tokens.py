"""Refresh tokens that change while the engine runs: kept before what came with them is used, and never lost without a word."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from agentdesk.errors import ConfigError, SignInNeeded, Unreachable
from agentdesk.oauth.answers import Grant
from agentdesk.oauth.flows import Account
from agentdesk.oauth.providers import Provider
from agentdesk.oauth.tokens import AccessTokens
from tests.oauth_server import CLIENT, SECRET, OAuthServer, oauth_server


@pytest.fixture
def server() -> Iterator[OAuthServer]:
    with oauth_server() as made:
        yield made


class Place:
    """Where the refresh token is; a keyring, say."""

    def __init__(self, token: str = "") -> None:
        self.token = token
        self.trouble = ""
        self.closed = False
        self.kept: list[str] = []

    def read(self) -> str:
        if self.closed:
            raise ConfigError("the keyring is locked")
        return self.token

    def keep(self, token: str) -> str:
        if not self.trouble:
            self.token = token
            self.kept.append(token)
        return self.trouble


class Desk:
    def __init__(self, server: OAuthServer, place: Place, given: str = "") -> None:
        self.told: list[str] = []
        account = Account(Provider("custom", "", f"{server.base}/token", "", "mail"), CLIENT, SECRET)
        self.tokens = AccessTokens("support", account, given, read=place.read, keep=place.keep, not_kept=self.told.append)


def test_a_token_is_asked_for_once_and_its_successor_is_kept(server: OAuthServer) -> None:
    place = Place(server.sign_in())
    first = place.token
    desk = Desk(server, place, first)
    assert desk.tokens.current() == desk.tokens.current()
    assert len(server.asked) == 1
    assert place.kept == [place.token]
    assert place.token in server.refresh_tokens
    assert 3400 < desk.tokens.seconds_left <= 3540


def test_a_provider_that_changes_nothing_writes_nothing(server: OAuthServer) -> None:
    server.rotates = False
    place = Place(server.sign_in())
    desk = Desk(server, place, place.token)
    desk.tokens.renewed(desk.tokens.current())
    assert len(server.asked) == 2
    assert place.kept == []


@pytest.mark.parametrize("seconds", [1, 60])
def test_a_short_life_is_used_for_half_of_it(server: OAuthServer, monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    server.seconds = seconds
    place = Place(server.sign_in())
    desk = Desk(server, place)
    desk.tokens.current()
    assert 0 < desk.tokens.seconds_left <= seconds / 2
    later = time.monotonic() + seconds
    monkeypatch.setattr("agentdesk.oauth.tokens.time.monotonic", lambda: later)
    desk.tokens.current()
    assert len(server.asked) == 2


@pytest.mark.parametrize("jump", [-10 * 365 * 86400, 10 * 365 * 86400])
def test_a_clock_that_jumps_costs_a_refresh_at_most(server: OAuthServer, monkeypatch: pytest.MonkeyPatch, jump: int) -> None:
    desk = Desk(server, Place(server.sign_in()))
    desk.tokens.current()
    then = time.time() + jump
    monkeypatch.setattr("agentdesk.oauth.tokens.time.time", lambda: then)
    assert desk.tokens.current() in server.access_tokens
    assert desk.tokens.current() in server.access_tokens
    assert len(server.asked) == (2 if jump > 0 else 1)


def test_two_connections_renew_one_token_once(server: OAuthServer) -> None:
    desk = Desk(server, Place(server.sign_in()))
    old = desk.tokens.current()
    server.forget_access()
    got: list[str] = []
    threads = [threading.Thread(target=lambda: got.append(desk.tokens.renewed(old))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(set(got)) == 1
    assert got[0] in server.access_tokens
    assert len(server.asked) == 2


def test_an_engine_that_is_started_again_takes_what_the_last_one_kept(server: OAuthServer) -> None:
    """The window passes what it fetched when it was opened; the engine that crashed had changed it meanwhile."""
    place = Place(server.sign_in())
    of_the_window = place.token
    Desk(server, place, of_the_window).tokens.current()
    assert place.token != of_the_window
    again = Desk(server, place, of_the_window)
    assert again.tokens.current() in server.access_tokens
    assert [form["refresh_token"] for form in server.asked].count(of_the_window) == 1, "an old token is not even shown to the provider"


def test_a_crash_between_the_answer_and_its_keeping_ends_in_a_question(server: OAuthServer) -> None:
    place = Place(server.sign_in())

    class Killed(BaseException):
        pass

    desk = Desk(server, place)

    def die(_token: str) -> str:
        raise Killed

    desk.tokens._keep = die
    with pytest.raises(Killed):
        desk.tokens.current()
    with pytest.raises(SignInNeeded):
        Desk(server, place, place.token).tokens.current()
    place.token = server.sign_in()  # agentdesk login
    assert Desk(server, place).tokens.current() in server.access_tokens


def test_what_can_not_be_kept_is_told_once_used_on_and_kept_as_soon_as_possible(server: OAuthServer) -> None:
    place = Place(server.sign_in())
    place.trouble = "the keyring is locked"
    desk = Desk(server, place)
    access = desk.tokens.current()
    access = desk.tokens.renewed(access)
    assert desk.told == ["the keyring is locked"]
    assert access in server.access_tokens
    place.trouble = ""
    server.rotates = False
    desk.tokens.renewed(access)
    assert place.token in server.refresh_tokens


def test_a_place_that_can_not_be_read_leaves_what_the_window_gave(server: OAuthServer) -> None:
    place = Place()
    place.closed = True
    assert Desk(server, place, server.sign_in()).tokens.current() in server.access_tokens


def test_nobody_has_signed_in_yet(server: OAuthServer) -> None:
    with pytest.raises(SignInNeeded, match="support"):
        Desk(server, Place()).tokens.current()
    assert server.asked == []


def test_a_sign_in_made_meanwhile_is_found_by_itself(server: OAuthServer) -> None:
    place = Place(server.sign_in())
    desk = Desk(server, place)
    access = desk.tokens.current()
    server.revoke()
    with pytest.raises(SignInNeeded):
        desk.tokens.renewed(access)
    asked = len(server.asked)
    with pytest.raises(SignInNeeded):
        desk.tokens.current()
    assert len(server.asked) == asked + 1, "one question to the provider for each attempt"
    place.token = server.sign_in()
    assert desk.tokens.current() in server.access_tokens


def test_a_sign_in_that_is_told_is_used_at_once(server: OAuthServer) -> None:
    place = Place(server.sign_in())
    desk = Desk(server, place)
    desk.tokens.current()
    place.token = server.sign_in()
    desk.tokens.use("")
    desk.tokens.current()
    assert server.asked[-1]["refresh_token"] != server.asked[0]["refresh_token"]
    given = server.sign_in()
    desk.tokens.use(given)
    desk.tokens.current()
    assert server.asked[-1]["refresh_token"] == given


def test_a_provider_that_is_away_leaves_everything_as_it_is(server: OAuthServer) -> None:
    place = Place(server.sign_in())
    first = place.token
    desk = Desk(server, place)
    server.instead = [lambda: (503, {}, b"")]
    with pytest.raises(Unreachable) as caught:
        desk.tokens.current()
    assert not isinstance(caught.value, SignInNeeded)
    assert place.token == first
    assert desk.tokens.current() in server.access_tokens


def test_tokens_show_in_no_representation() -> None:
    assert "secret" not in repr(Grant("secret-access", 1.0, "secret-refresh"))
