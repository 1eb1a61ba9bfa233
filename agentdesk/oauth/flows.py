"""From a provider and an agent's consent to tokens: in a browser (RFC 6749, 4.1 with PKCE), or by a code typed elsewhere (RFC 8628)."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from agentdesk.config import MailChannelConfig
from agentdesk.domain.clean import clean_line
from agentdesk.errors import LoginRefused, Refused, Unreachable
from agentdesk.locale import say
from agentdesk.oauth import answers
from agentdesk.oauth.answers import Denied, DeviceCode, Grant
from agentdesk.oauth.endpoint import Counter, Said, post
from agentdesk.oauth.loopback import answer_in
from agentdesk.oauth.providers import Provider, provider_of

SLOWER = 5.0
"""Seconds to add when the provider says `slow_down` (RFC 8628, 3.5)."""
SLOWEST = 60.0


@dataclass
class Account:
    """Our client at one provider."""

    provider: Provider
    client_id: str
    client_secret: str = field(repr=False, default="")
    ca_file: Path | None = None
    counter: Counter | None = field(default=None, repr=False)
    """Who counts the bytes."""
    skew: float | None = None
    """Seconds this machine's clock was ahead of the provider's at the last answer."""

    def ask(self, url: str, form: str) -> tuple[Said, str]:
        """One request, and the host for messages. Raises as `endpoint.post`."""
        said = post(url, form, self.ca_file, self.counter)
        if said.skew is not None:
            self.skew = said.skew
        return said, clean_line(urlsplit(url).hostname or "")

    def refresh(self, refresh_token: str) -> Grant:
        """New tokens for a refresh token (RFC 6749, 6). Raises as `answers.grant`, and what `ask` raises."""
        client = answers.library().WebApplicationClient(self.client_id)
        form = client.prepare_refresh_body(refresh_token=refresh_token, client_id=self.client_id, **self.secret())
        return answers.grant(*self.ask(self.provider.token_url, form))

    def secret(self) -> dict[str, str]:
        return {"client_secret": self.client_secret} if self.client_secret else {}


def account_of(settings: MailChannelConfig, client_secret: str, counter: Counter | None = None) -> Account:
    """Our client at the provider. `ca_file` is of the shop's own servers, and the provider is one of them only where it is `custom`."""
    assert settings.oauth is not None
    own = settings.ca_file if settings.oauth.provider == "custom" else None
    return Account(provider_of(settings.oauth), settings.oauth.client_id, client_secret, own, counter)


class BrowserFlow:
    """A question put to a browser: `url` opens it, and the address it comes back to answers it."""

    def __init__(self, account: Account, *, hint: str = "") -> None:
        """`hint`: the account that is meant, where the provider wants to know."""
        self._account = account
        self._client = answers.library().WebApplicationClient(account.client_id)
        self.state = secrets.token_urlsafe(24)
        self._verifier = self._client.create_code_verifier(64)
        self._hint = hint
        self._redirect = ""

    def begin(self, redirect: str) -> str:
        """The address to open; the answer comes back to `redirect`."""
        self._redirect = redirect
        provider = self._account.provider
        more = dict(provider.extra) | ({"login_hint": self._hint} if self._hint else {})
        # Only the query is the library's: it knows no http, which a provider on this machine may have.
        made = self._client.prepare_request_uri(
            "https://localhost/", redirect_uri=redirect, scope=provider.scope.split() or None, state=self.state,
            code_challenge=self._client.create_code_challenge(self._verifier, "S256"), code_challenge_method="S256", **more,
        )  # fmt: skip
        return f"{provider.authorize_url}{'&' if '?' in provider.authorize_url else '?'}{urlsplit(made).query}"

    def pasted(self, address: str) -> str:
        """The query of an address the agent copied from the browser; empty if it is not the answer to our question."""
        return answer_in(address.strip(), self.state) or ""

    def finish(self, query: str) -> Grant:
        """Trade the code in an answer for tokens.

        Raises:
            Refused: consent was not given.
            LoginRefused, Unreachable: as `answers.grant`.
        """
        library = answers.library()
        try:
            # oauthlib wants to see https; ours comes over this machine's own interface (RFC 8252, 8.3)
            given = self._client.parse_request_uri_response(f"https://localhost/?{query}", state=self.state)
        except library.OAuth2Error as error:
            words = clean_line(f"{error.error or ''}: {error.description or ''}")[:300]
            raise Refused(say("oauth.no_consent", words=words)) from error
        form = self._client.prepare_request_body(
            code=given["code"], redirect_uri=self._redirect, code_verifier=self._verifier, **self._account.secret()
        )
        return answers.grant(*self._account.ask(self._account.provider.token_url, form))


class DeviceFlow:
    """A code that the agent types into a browser on any machine, while we ask whether they have."""

    def __init__(self, account: Account, sleep: Callable[[float], None] = time.sleep, clock: Callable[[], float] = time.monotonic) -> None:
        self._account, self._sleep, self._clock = account, sleep, clock
        self._client = answers.library().DeviceClient(account.client_id)

    def begin(self) -> DeviceCode:
        """Raises as `answers.device_code`, and what `Account.ask` raises."""
        provider, client = self._account.provider, self._client
        # The library puts this request into an address; RFC 8628, 3.1 wants it in the body
        uri = client.prepare_request_uri("https://localhost/", scope=provider.scope.split() or None, **self._account.secret())
        return answers.device_code(*self._account.ask(provider.device_url, urlsplit(uri).query))

    def wait(self, code: DeviceCode) -> Grant:
        """Ask until the agent has consented.

        Raises:
            Refused: consent was not given, or not in time.
            LoginRefused, Unreachable: as `answers.grant`.
        """
        form = self._client.prepare_request_body(code.device_code, include_client_id=True, **self._account.secret())
        end, pause = self._clock() + code.seconds, code.interval
        while True:
            self._sleep(pause)
            if self._clock() > end:
                raise Refused(say("oauth.too_late"))
            try:
                return answers.grant(*self._account.ask(self._account.provider.token_url, form))
            except Denied as error:
                if error.error == "access_denied":
                    raise Refused(say("oauth.no_consent", words=error.error)) from error
                if error.error == "expired_token":
                    raise Refused(say("oauth.too_late")) from error
                if error.error == "slow_down":
                    pause = min(pause + SLOWER, SLOWEST)
                elif error.error != "authorization_pending":
                    raise
            except Unreachable as error:
                if isinstance(error, LoginRefused):
                    raise
                pause = min(pause * 2, SLOWEST)  # RFC 8628, 3.5: a lost line is no answer
