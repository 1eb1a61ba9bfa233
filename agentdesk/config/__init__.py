"""desk.toml and desk.local.toml: what a desk is made of. Format and words: `docs/configuration.md`."""

from __future__ import annotations

from agentdesk.config.reading import LOCAL, MAIN, check_calendar, load, locale_of
from agentdesk.config.types import (
    LAYERS,
    Budget,
    ChannelConfig,
    ChatChannelConfig,
    ClientCertificate,
    DeskConfig,
    Hours,
    Link,
    MailChannelConfig,
    Member,
    OAuth,
    PackSource,
    Secret,
    ServerUrl,
    ViewConfig,
)

__all__ = [
    "LAYERS",
    "LOCAL",
    "MAIN",
    "Budget",
    "ChannelConfig",
    "ChatChannelConfig",
    "ClientCertificate",
    "DeskConfig",
    "Hours",
    "Link",
    "MailChannelConfig",
    "Member",
    "OAuth",
    "PackSource",
    "Secret",
    "ServerUrl",
    "ViewConfig",
    "check_calendar",
    "load",
    "locale_of",
]
