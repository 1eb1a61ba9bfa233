"""What a provider says, read by oauthlib: a grant, or why not.

oauthlib makes the forms and reads the answers (RFC 6749, 7636, 8628) and touches no network, which stays ours (`endpoint`). It is an extra of
the package and imported here only.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any

from agentdesk.domain.clean import clean_line
from agentdesk.errors import LoginRefused, SignInNeeded, Unreachable, UsageError
from agentdesk.locale import say
from agentdesk.oauth.endpoint import Said

_VISIBLE = re.compile(r"[\x21-\x7e]{1,16384}")
DEFAULT_LIFE = 3600.0
LONGEST_LIFE = 24 * 3600.0
WAITS_FOR_AGENT = frozenset({"invalid_grant", "interaction_required", "login_required", "consent_required"})
"""The first is RFC 6749's word for a refresh token that is revoked or too old; the others are Microsoft's for a new look at the user."""
OF_DEVICES = frozenset({"authorization_pending", "slow_down", "expired_token", "access_denied"})
"""RFC 8628, 3.5: the flow knows what to do."""
PASSES = frozenset({"temporarily_unavailable", "server_error"})


@dataclass(frozen=True, slots=True)
class Grant:
    """What a provider gives. The tokens are passwords."""

    access_token: str = field(repr=False)
    seconds: float
    refresh_token: str = field(repr=False, default="")
    scope: str = ""


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """What the agent has to type where (RFC 8628, 3.2)."""

    device_code: str = field(repr=False)
    user_code: str
    url: str
    seconds: float
    interval: float


class Denied(LoginRefused):
    """The provider said no, with a word of RFC 6749, 5.2 or RFC 8628, 3.5."""

    def __init__(self, error: str, message: str) -> None:
        self.error = error
        super().__init__(message)


@cache
def library() -> Any:
    """Oauthlib.

    Raises:
        UsageError: it is not installed; with what to do.
    """
    try:
        return import_module("oauthlib.oauth2")
    except ImportError as error:
        raise UsageError(say("oauth.not_installed")) from error


def grant(said: Said, host: str) -> Grant:
    """The tokens in an answer of the token endpoint.

    Raises:
        SignInNeeded: the agent has to sign in again.
        Denied: another refusal.
        Unreachable: the provider has a bad day, or that is no provider.
    """
    found = _object(said, host)
    if not {"error", "access_token"} & found.keys():
        raise Unreachable(say("oauth.nonsense", host=host))
    try:
        token = dict(library().WebApplicationClient("").parse_request_body_response(json.dumps(found)))
    except library().OAuth2Error as error:
        raise _denied(said, str(error.error or ""), str(error.description or ""), host) from error
    except (ValueError, TypeError, OverflowError, AttributeError, LookupError) as error:
        raise Unreachable(say("oauth.nonsense", host=host)) from error
    kind = token.get("token_type", "Bearer")
    access, refresh = token.get("access_token"), token.get("refresh_token", "")
    if not _visible(access) or not (refresh == "" or _visible(refresh)) or str(kind).lower() != "bearer" or said.status != 200:
        raise Unreachable(say("oauth.nonsense", host=host))
    seconds = token.get("expires_in", DEFAULT_LIFE)
    seconds = float(seconds) if isinstance(seconds, int | float) and seconds > 0 else DEFAULT_LIFE
    scope = found.get("scope", "")
    return Grant(str(access), min(seconds, LONGEST_LIFE), str(refresh), scope if isinstance(scope, str) else "")


def device_code(said: Said, host: str) -> DeviceCode:
    """The answer to the beginning of the device flow. Raises as `grant`."""
    found = _object(said, host)
    if "error" in found:
        raise _denied(said, str(found["error"]), str(found.get("error_description", "")), host)
    url = found.get("verification_uri", found.get("verification_url"))  # the second is Google's
    code, user_code = found.get("device_code"), found.get("user_code")
    if not (_visible(code) and isinstance(user_code, str) and 0 < len(user_code) <= 40 and _visible(url)):
        raise Unreachable(say("oauth.nonsense", host=host))
    seconds, interval = _number(found.get("expires_in"), 900.0, 1800.0), _number(found.get("interval"), 5.0, 60.0)
    return DeviceCode(str(code), clean_line(user_code), clean_line(str(url)), seconds, interval)


def _number(value: object, default: float, most: float) -> float:
    good = isinstance(value, int | float) and not isinstance(value, bool) and value > 0
    return min(float(value), most) if good and isinstance(value, int | float) else default


def _visible(value: object) -> bool:
    return isinstance(value, str) and _VISIBLE.fullmatch(value) is not None


def _object(said: Said, host: str) -> dict[str, Any]:
    try:
        found = json.loads(said.body)
    except (ValueError, RecursionError) as error:
        key = "oauth.status" if said.status >= 400 else "oauth.nonsense"
        raise Unreachable(say(key, host=host, status=said.status)) from error
    if not isinstance(found, dict):
        raise Unreachable(say("oauth.nonsense", host=host))
    return found


def _denied(said: Said, error: str, description: str, host: str) -> Denied | SignInNeeded | Unreachable:
    words = clean_line(f"{error}: {description}" if description else error)[:300]
    if error in OF_DEVICES:
        return Denied(error, say("oauth.denied", host=host, words=words))
    if error in PASSES or said.status >= 500 or said.status == 429:
        return Unreachable(say("oauth.not_now", host=host, words=words))
    if error in WAITS_FOR_AGENT:
        return SignInNeeded(say("oauth.signed_out", host=host, words=words))
    return Denied(error, say("oauth.denied", host=host, words=words))
