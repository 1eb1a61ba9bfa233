"""Who gives access tokens. As of 2026-11; the sources stand beside each.

The client id is the desk owner's own (docs/configuration.md says how to register one): one that came with an open program would be anybody's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from agentdesk.config import OAuth


@dataclass(frozen=True, slots=True)
class Provider:
    name: str
    authorize_url: str
    token_url: str
    device_url: str
    """Empty: it has no device flow, or none for mail."""
    scope: str
    loopback: str = "127.0.0.1"
    """The host of the address the browser comes back to."""
    extra: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Parameters of its own for the page the browser opens."""


GOOGLE = Provider(
    # developers.google.com/identity/protocols/oauth2/native-app: loopback address on any port, PKCE with S256; the client
    # secret of a "Desktop app" has to be sent although it is none. The device flow (…/limited-input-device#allowedscopes) does not allow the
    # mail scope. developers.google.com/gmail/imap/xoauth2-protocol: the scope of IMAP and SMTP.
    "google",
    "https://accounts.google.com/o/oauth2/v2/auth",
    "https://oauth2.googleapis.com/token",
    "",
    "https://mail.google.com/",
    # Without these a second sign-in gives no refresh token
    extra=MappingProxyType({"access_type": "offline", "prompt": "consent"}),
)

# Scopes: learn.microsoft.com, "Authenticate an IMAP, POP or SMTP connection using OAuth". Device flow: "OAuth 2.0 device authorization grant".
# Redirects: http://localhost is taken with any port, and the portal offers it where it does not offer 127.0.0.1 ("Redirect URI restrictions").
_MICROSOFT = "https://login.microsoftonline.com"
_MICROSOFT_SCOPE = "https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send offline_access"


def provider_of(settings: OAuth) -> Provider:
    if settings.provider == "google":
        return GOOGLE
    if settings.provider == "microsoft":
        base = f"{_MICROSOFT}/{settings.tenant}/oauth2/v2.0"
        return Provider("microsoft", f"{base}/authorize", f"{base}/token", f"{base}/devicecode", _MICROSOFT_SCOPE, "localhost")
    return Provider("custom", settings.authorize_url, settings.token_url, settings.device_url, settings.scope)
