"""Access tokens while the engine runs.

A provider may give a new refresh token with every access token, and the old one may be worth nothing from then on. So the new one is kept before
the access token beside it is used (docs/decisions/0007-sign-in.md); where it can't be kept it lives on in memory, and the agent is told.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from agentdesk.config import MailChannelConfig
from agentdesk.errors import ConfigError, SignInNeeded
from agentdesk.locale import say
from agentdesk.oauth.answers import Grant
from agentdesk.oauth.endpoint import Counter
from agentdesk.oauth.flows import Account, account_of
from agentdesk.secrets import CLIENT, fetch, keep

_log = logging.getLogger(__name__)

EARLY = 60.0
"""Seconds before its end from which a token is not used for a new connection."""


class AccessTokens:
    """Those of one channel, for its two connections. Implements `channels.sasl.Tokens`."""

    def __init__(
        self, channel: str, account: Account, refresh_token: str, *, read: Callable[[], str], keep: Callable[[str], str],
        not_kept: Callable[[str], None],
    ) -> None:
        """`read` fetches the refresh token from its place (may raise `ConfigError`), `keep` puts one there and says why that failed.

        `not_kept` is called when a new refresh token lives in memory only.
        """
        self._channel, self._account, self._read, self._keep, self._not_kept = channel, account, read, keep, not_kept
        self._lock = threading.Lock()
        self._refresh_token = refresh_token
        self._looked = False
        """The place was looked at: what the window gave may be older than what an earlier engine kept."""
        self._unkept = False
        self._access_token = ""
        self._ends = self._ends_by_clock = 0.0

    def current(self) -> str:
        """An access token that should be good still; a new one if need be. Raises as `_renew`."""
        with self._lock:
            # The monotonic clock stands still while a laptop sleeps; the other one may jump. Either is reason enough.
            if not self._access_token or time.monotonic() > self._ends or time.time() > self._ends_by_clock:
                self._renew()
            return self._access_token

    def renewed(self, refused: str) -> str:
        """Another one, unless the other connection has renewed it meanwhile. Raises as `_renew`."""
        with self._lock:
            if self._access_token in {"", refused}:
                self._renew()
            return self._access_token

    def begin(self, grant: Grant) -> None:
        """Take over what a sign-in has just brought; its refresh token is kept already."""
        with self._lock:
            self._looked, self._refresh_token = True, grant.refresh_token
            self._take(grant)

    @property
    def seconds_left(self) -> float:
        """How long the access token will be used; 0 without one."""
        return max(0.0, self._ends - time.monotonic()) if self._access_token else 0.0

    @property
    def skew(self) -> float | None:
        """Seconds this machine's clock is ahead of the provider's, as of its last answer."""
        return self._account.skew

    def use(self, refresh_token: str) -> None:
        """The agent has signed in anew; an empty one: it stands in its place."""
        with self._lock:
            self._refresh_token, self._access_token = refresh_token, ""
            self._looked, self._unkept = bool(refresh_token), False

    def _renew(self) -> None:
        """Trade the refresh token for an access token.

        Raises:
            SignInNeeded: there is no refresh token, or none that is still worth anything.
            LoginRefused, Unreachable: the provider refuses our client, or does not answer.
        """
        self._access_token = ""
        if not (self._looked and self._refresh_token):
            self._refresh_token = self._stored() or self._refresh_token
            self._looked = True
        if not self._refresh_token:
            raise SignInNeeded(say("oauth.not_signed_in", channel=self._channel))
        try:
            grant = self._account.refresh(self._refresh_token)
        except SignInNeeded:
            stored = self._stored()
            if stored in {"", self._refresh_token}:
                raise
            self._refresh_token, self._unkept = stored, False  # somebody signed in meanwhile
            grant = self._account.refresh(stored)
        self._take(grant)

    def _stored(self) -> str:
        try:
            return self._read()
        except ConfigError as error:
            _log.info("%s", error)
            return ""

    def _take(self, grant: Grant) -> None:
        changed = grant.refresh_token not in {"", self._refresh_token}
        self._refresh_token = grant.refresh_token or self._refresh_token
        if changed or self._unkept:
            trouble = self._keep(self._refresh_token)
            if trouble and not self._unkept:
                self._not_kept(trouble)
            self._unkept = bool(trouble)
        self._access_token = grant.access_token
        seconds = max(grant.seconds - EARLY, grant.seconds / 2)
        self._ends, self._ends_by_clock = time.monotonic() + seconds, time.time() + seconds


def tokens_of(
    settings: MailChannelConfig, folder: Path, secrets: Mapping[str, str], not_kept: Callable[[str], None], counter: Counter | None = None
) -> AccessTokens | None:
    """Who gives a mailbox's access tokens; None where it logs in otherwise. `secrets` are named as `secrets.needed` does."""
    if settings.oauth is None:
        return None
    name = settings.name
    return AccessTokens(
        name, account_of(settings, secrets.get(name + CLIENT, ""), counter), secrets.get(name, ""),
        read=partial(fetch, settings.password, name, folder), keep=partial(keep, settings.password, name, folder), not_kept=not_kept,
    )  # fmt: skip
