"""Who the embedded shop is. Names under `.example` cannot exist (RFC 2606)."""

from __future__ import annotations

NAME = "Casa Verde"
DOMAIN = "casaverde.example"
URL = "https://www.casaverde.example"
TIMEZONE = "Europe/Rome"

SUPPORT = "support@casaverde.example"
"""The mailbox the desk answers from."""
ALIASES = ("info@casaverde.example",)
OWN = frozenset({SUPPORT, *ALIASES})

AGENT_NAME = "Anna Bianchi"
AGENT_EMAIL = "anna@casaverde.example"

USER = "support"
"""The login of the mailbox and of the submission server."""
ACCOUNT = 1
"""The chat's account."""
INBOX = 1
"""The chat's inbox."""
INBOX_IDENTIFIER = "casaverde-website"
"""What a customer's browser calls that inbox (public API)."""
