"""desk.toml and desk.local.toml: what a desk is made of. Format and words: `docs/configuration.md`."""

from __future__ import annotations

from pathlib import Path

from agentdesk.config.reading import LOCAL, MAIN, check_calendar, load, locale_of
from agentdesk.config.types import (
    ChannelConfig,
    ChatChannelConfig,
    ClientCertificate,
    DeskConfig,
    Hours,
    Link,
    MailChannelConfig,
    Member,
    OAuth,
    Secret,
    ServerUrl,
    ViewConfig,
)

__all__ = [
    "LOCAL",
    "MAIN",
    "ChannelConfig",
    "ChatChannelConfig",
    "ClientCertificate",
    "DeskConfig",
    "Hours",
    "Link",
    "MailChannelConfig",
    "Member",
    "OAuth",
    "Secret",
    "ServerUrl",
    "ViewConfig",
    "check_calendar",
    "fetch_secret",
    "load",
    "locale_of",
]


def fetch_secret(secret: Secret, channel: str, folder: Path) -> str:
    """The password or token of a channel (`agentdesk.secrets.fetch`).

    Raises:
        ConfigError: it is not where desk.toml says.
    """
    from agentdesk.secrets import fetch  # noqa: PLC0415 - reading a queue needs no passwords and no subprocess

    return fetch(secret, channel, folder)
