"""Raw messages and header blocks to what the desk knows of them. Never raises: what can't be read is still listed."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, tzinfo

from agentdesk.domain.clean import clean_line
from agentdesk.domain.message import Address, Body, Envelope, Verified
from agentdesk.mail import automatic, limits, verified
from agentdesk.mail.addresses import parse_addresses
from agentdesk.mail.body import read_body
from agentdesk.mail.headers import Fields, message_id, message_ids, parse_fields
from agentdesk.mail.parts import CUT, wanted_sections
from agentdesk.mail.structure import read_structure

ROW_FIELDS: tuple[str, ...] = (
    "FROM",
    "SENDER",
    "REPLY-TO",
    "TO",
    "CC",
    "SUBJECT",
    "MESSAGE-ID",
    "IN-REPLY-TO",
    "REFERENCES",
)
"""The fields a row of the queue needs: who wrote what to whom, and what it answers."""
REST_FIELDS: tuple[str, ...] = (
    "AUTHENTICATION-RESULTS",
    *(name.upper() for name in automatic.FIELDS),
    "X-SPAM-FLAG",
)
"""The fields that tell who vouches for the sender, and whether a machine wrote it."""
HEADER_FIELDS: tuple[str, ...] = (*ROW_FIELDS, *REST_FIELDS)
"""The fields a channel asks for: all that `parse_header` reads."""

_PREVIEW = 200
_LINK_TARGET = re.compile(r"\s?<(?:https?|mailto):[^>\s]*>")
_NOBODY = Address("", "")


def parse_header(block: bytes, *, received: datetime, size: int = 0, preview: str = "") -> Envelope:
    """The envelope of a message by its header block, or by the part of it an IMAP server was asked for.

    Message ids keep their angle brackets. `received` is the server's date; the sender's own is not believed.
    """
    try:
        return _envelope(parse_fields(block), received, size, preview)
    except Exception:  # noqa: BLE001 - one bad message must never block a mailbox; it is listed as unreadable
        return Envelope("", "", _NOBODY, received, size=size, preview=clean_line(preview)[:_PREVIEW], problem=limits.UNREADABLE)


def parse_message(raw: bytes, *, received: datetime, zone: tzinfo = UTC) -> tuple[Envelope, Body]:
    """Envelope and readable body of a whole message; times of invitations in the reader's `zone`."""
    try:
        structure = read_structure(raw)
        contents = {section: structure.content(section)[:CUT] for section in wanted_sections(structure.parts)}
        body = read_body(structure.parts, contents, zone)
        envelope = _envelope(structure.fields, received, len(raw), preview_of(body.text))
    except Exception:  # noqa: BLE001 - see above
        return parse_header(raw[: limits.HEADER_BYTES], received=received, size=len(raw)), Body("", problem=limits.UNREADABLE)
    if not structure.too_complex:
        return envelope, body
    return replace(envelope, problem=limits.TOO_COMPLEX), too_complex(body)


def too_complex(body: Body | None = None) -> Body:
    """A body of which at most a part could be read."""
    body = body or Body("")
    return replace(body, problem=limits.TOO_COMPLEX, marks=tuple(dict.fromkeys((*body.marks, "too-complex"))))


def preview_of(text: str) -> str:
    """The beginning of a text on one line, without the targets of links."""
    return clean_line(_LINK_TARGET.sub("", text[: 10 * _PREVIEW]))[:_PREVIEW]


def _envelope(fields: Fields, received: datetime, size: int, preview: str) -> Envelope:
    recipients, many = _addresses(fields, "to")
    copies, more = _addresses(fields, "cc")
    replies, most = _addresses(fields, "reply-to")
    authors, _ = _addresses(fields, "from")
    if not replies and len(authors) > 1:
        replies = authors  # RFC 5322, 3.6.2: an answer goes to all of them
    sender = _sender(fields, replies)
    answered = message_ids(fields.first("in-reply-to"))
    return Envelope(
        message_id=message_id(fields.first("message-id")),
        subject=fields.text("subject")[: limits.SUBJECT_CHARACTERS],
        sender=sender,
        at=received,
        to=recipients,
        cc=copies,
        reply_to=replies,
        in_reply_to=answered[0] if answered else "",
        references=message_ids(" ".join(fields.all("references"))),
        preview=clean_line(preview)[:_PREVIEW],
        size=size,
        automatic=automatic.is_automatic(fields, sender),
        verified=verified.verify(fields.all("authentication-results"), sender) if sender.address else Verified.NONE,
        problem=limits.TOO_COMPLEX if fields.too_complex or many or more or most else "",
        provider_spam=fields.first("x-spam-flag").strip().lower().startswith("yes"),
    )


def _sender(fields: Fields, replies: tuple[Address, ...]) -> Address:
    """The first address of From; where it holds none, whoever else can be taken for the sender, under the name From gives."""
    claimed, _ = parse_addresses(fields.first("from"))
    for address in claimed:
        if "@" in address.address:
            return address
    others = (*replies, *parse_addresses(fields.first("sender"))[0], *parse_addresses(fields.first("return-path"))[0])
    found = next((address for address in others if "@" in address.address), None)
    if found is None:
        return claimed[0] if claimed else _NOBODY
    return Address(claimed[0].name or claimed[0].address, found.address) if claimed else found


def _addresses(fields: Fields, name: str) -> tuple[tuple[Address, ...], bool]:
    """Every mailbox of the fields of this name, each once, in order."""
    addresses, more = parse_addresses(", ".join(fields.all(name)))
    return tuple({address.identity: address for address in reversed(addresses)}.values())[::-1], more
