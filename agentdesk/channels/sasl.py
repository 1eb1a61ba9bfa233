"""Ways to log in besides a password: by access token and by certificate. The same for IMAP and SMTP.

XOAUTH2 is what Google and Microsoft speak (developers.google.com/gmail/imap/xoauth2-protocol); OAUTHBEARER (RFC 7628) is what became of it.
A server that refuses a token says why in a JSON challenge, which must be answered before it says no: with an empty line in XOAUTH2, with a
single %x01 in OAUTHBEARER (RFC 7628, 3.2.3).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol

from agentdesk.channels.base import ChannelDown
from agentdesk.domain.clean import clean_line
from agentdesk.errors import DeskError, LoginRefused

_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")
"""RFC 6750, 2.1 allows less; this is what can't break the message it stands in."""
_MOST_CHALLENGE = 8192


class Tokens(Protocol):
    """Access tokens of one account. May be asked from several threads."""

    def current(self) -> str:
        """One that should be good still.

        Raises:
            LoginRefused: there is none, and asking again won't change that.
            Unreachable: whoever gives them did not answer.
        """

    def renewed(self, refused: str) -> str:
        """Another one, for the server refused this one. Raises as `current`."""


class TokenRefused(LoginRefused):
    """The server does not take this access token; another one may do."""


@dataclass(frozen=True, slots=True)
class Mechanism:
    """One way to log in: its name, its first message, and what answers the challenge that explains a refusal."""

    name: str
    first: bytes
    """In base64, as it goes on the wire."""
    consent: bytes = b""
    """Likewise."""

    def __repr__(self) -> str:
        return f"<{self.name}>"


def by_token(offered: Collection[str], user: str, token: str, host: str, port: int) -> Mechanism | None:
    """XOAUTH2, or OAUTHBEARER where that is all there is; None where the server has neither.

    Raises:
        ValueError: name or token hold what would break the message.
    """
    if not _TOKEN.fullmatch(token) or not user or any(ord(c) < 32 or ord(c) == 127 for c in user):
        raise ValueError("a control character in a name or token")
    if "XOAUTH2" in offered:
        return Mechanism("XOAUTH2", _base64(f"user={user}\x01auth=Bearer {token}\x01\x01"))
    if "OAUTHBEARER" in offered:
        name = user.replace("=", "=3D").replace(",", "=2C")  # RFC 5801, 4
        words = f"n,a={name},\x01host={host}\x01port={port}\x01auth=Bearer {token}\x01\x01"
        return Mechanism("OAUTHBEARER", _base64(words), base64.b64encode(b"\x01"))
    return None


def by_certificate(user: str) -> Mechanism:
    """EXTERNAL (RFC 4422, A): the certificate says who we are, the name which mailbox is meant."""
    return Mechanism("EXTERNAL", _base64(user) or b"=")


def why(challenge: bytes) -> str:
    """The words in a server's challenge; empty where it says nothing."""
    try:
        said = json.loads(base64.b64decode(challenge[:_MOST_CHALLENGE], validate=True))
    except (ValueError, binascii.Error, RecursionError):
        return ""
    if not isinstance(said, dict):
        return ""
    words = (said.get(key) for key in ("status", "error", "error_description", "schemes", "scope"))
    return clean_line(" ".join(str(word) for word in words if isinstance(word, str | int)))[:200]


def asked(ask: Callable[[], str]) -> str:
    """A token from whoever gives them.

    Raises:
        LoginRefused: there is none.
        ChannelDown: they can't be asked now; whatever it is, nothing was handed over.
    """
    try:
        return ask()
    except LoginRefused:
        raise
    except DeskError as error:
        raise ChannelDown(str(error)) from error


def _base64(text: str) -> bytes:
    return base64.b64encode(text.encode("utf-8", "surrogatepass"))
