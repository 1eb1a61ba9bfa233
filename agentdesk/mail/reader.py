"""How a channel reads mail: the ordinary here and now, what is suspicious or large in a process of its own.

Suspicious is what is told at a glance, before any parsing: large header blocks, long texts, many parts, and the binary formats
within mail (winmail.dat, S/MIME). Below these bounds the worst known messages take a fraction of a second. A message on which
the process hangs, grows or dies is listed as too complex; what was fetched of it is kept, and its raw form can be saved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, tzinfo

from agentdesk.domain.message import Body, Envelope
from agentdesk.locale import language
from agentdesk.mail import limits
from agentdesk.mail.body import read_body
from agentdesk.mail.helper import Helper
from agentdesk.mail.parse import parse_header, parse_message, too_complex
from agentdesk.mail.parts import PartInfo, attachments
from agentdesk.mail.wire import body_in, envelope_in

HEADER_BYTES = 32 * 1024
"""Of a header block."""
BODY_BYTES = 192 * 1024
"""Of all texts of a message together, encoded; also of a message without a structure."""
PARTS = 100
_GLANCE = 4096
"""Of a header that could not be read: who and what, mostly."""


class Reader:
    """Reads what a channel brings. Never raises."""

    def __init__(self, zone: tzinfo = UTC, helper: Helper | None = None) -> None:
        """`zone`: the desk's, for the times of invitations."""
        self._zone, self._helper = zone, helper or Helper()

    def header(self, block: bytes, *, received: datetime, size: int = 0, preview: str = "") -> Envelope:
        """The envelope of a message by its header block."""
        if len(block) <= HEADER_BYTES:
            return parse_header(block, received=received, size=size, preview=preview)
        request = self._request("header") | {"received": received.isoformat(), "size": size, "preview": preview}
        answer = self._helper.ask(request, [block])
        try:
            if answer is not None:
                return envelope_in(answer["envelope"], received)
        except (TypeError, KeyError, ValueError):
            pass
        return replace(parse_header(block[:_GLANCE], received=received, size=size, preview=preview), problem=limits.TOO_COMPLEX)

    def body(self, parts: Sequence[PartInfo], contents: Mapping[str, bytes]) -> Body:
        """The readable body of a message by its parts and the contents that were fetched, encoded, by section."""
        if not is_suspicious(parts, contents):
            return read_body(parts, contents, self._zone)
        request = self._request("body") | {"parts": [asdict(part) for part in parts], "sections": list(contents)}
        answer = self._helper.ask(request, list(contents.values()))
        try:
            if answer is not None:
                return body_in(answer["body"])
        except (TypeError, KeyError, ValueError):
            pass
        return too_complex(Body("", attachments=attachments(parts)))

    def message(self, raw: bytes, *, received: datetime) -> tuple[Envelope, Body]:
        """Envelope and readable body of a whole message."""
        if len(raw) <= BODY_BYTES:
            return parse_message(raw, received=received, zone=self._zone)
        answer = self._helper.ask(self._request("message") | {"received": received.isoformat()}, [raw])
        try:
            if answer is not None:
                return envelope_in(answer["envelope"], received), body_in(answer["body"])
        except (TypeError, KeyError, ValueError):
            pass
        envelope = parse_header(raw[:_GLANCE], received=received, size=len(raw))
        return replace(envelope, problem=limits.TOO_COMPLEX), too_complex()

    def close(self) -> None:
        """End the process, if there is one; the next message that needs it starts another."""
        self._helper.close()

    def _request(self, kind: str) -> dict[str, object]:
        return {"kind": kind, "language": language(), "zone": str(self._zone)}


def is_suspicious(parts: Sequence[PartInfo], contents: Mapping[str, bytes]) -> bool:
    """Whether a message is read apart."""
    return (
        len(parts) > PARTS
        or sum(map(len, contents.values())) > BODY_BYTES
        or any(part.section in contents and (part.is_tnef or part.is_secured) for part in parts)
    )
