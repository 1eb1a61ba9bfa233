"""Envelopes and bodies as plain values, for the way between two processes."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from agentdesk.domain.message import Address, Attachment, Body, Envelope, Verified


def envelope_out(envelope: Envelope) -> dict[str, Any]:
    return asdict(envelope) | {"at": None}


def envelope_in(told: dict[str, Any], received: datetime) -> Envelope:
    """Raises: TypeError, KeyError or ValueError where it is no envelope."""
    people = {name: tuple(Address(**one) for one in told[name]) for name in ("to", "cc", "reply_to")}
    return Envelope(
        **told | people | {
            "at": received, "sender": Address(**told["sender"]), "references": tuple(told["references"]),
            "verified": Verified(told["verified"]),
        },
    )  # fmt: skip


def body_out(body: Body) -> dict[str, Any]:
    return asdict(body)


def body_in(told: dict[str, Any]) -> Body:
    """Raises: TypeError, KeyError or ValueError where it is no body."""
    return Body(
        **told | {
            "attachments": tuple(Attachment(**one) for one in told["attachments"]), "marks": tuple(told["marks"]),
            "links": tuple((str(shown), str(target)) for shown, target in told["links"]),
        },
    )  # fmt: skip
