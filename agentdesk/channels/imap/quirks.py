"""What is known of particular servers beyond what they announce. Each entry changes what we send, and says why."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quirks:
    """What to assume of a server before it says so."""

    compresses: bool = False
    """It is likely to have COMPRESS=DEFLATE though it announces that only after login: asking for it together with the login
    saves a round trip of three. One that has it not answers BAD, and nothing is lost."""

    @classmethod
    def of(cls, greeting: bytes) -> Quirks:
        return cls(compresses=b"dovecot" in greeting.lower())
