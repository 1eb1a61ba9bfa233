"""From the parts of a message to what a person reads.

A part is known by its IMAP section number. The list comes from an IMAP BODYSTRUCTURE or from `structure.read_structure`; only
the sections that are read need to be fetched.
"""

from __future__ import annotations

from binascii import a2b_qp
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agentdesk.domain.clean import clean, file_name
from agentdesk.domain.message import Attachment
from agentdesk.mail import limits, reports
from agentdesk.mail.headers import base64_bytes, decode_words

TINY = 200
"""Characters of a text part up to which it may stand in for the HTML part beside it ("please use a modern client")."""
CUT = 2 * limits.TEXT_BYTES
"""Encoded bytes of a text part that are asked for."""
_REPORT_CUT, _ORIGINAL_CUT = 64 * 1024, 16 * 1024
_SECURED_CUT = 256 * 1024
"""Of an S/MIME part, whose text stands at its beginning."""
_INNER_CUT = 64 * 1024
"""Of a message within one that has no text of its own."""
_TNEF_CUT, _TNEF_BESIDE_TEXT = 1 << 20, 64 * 1024
"""Of a winmail.dat: where there is no other text, and how large it may be to be opened unasked where there is one."""
_ENCODED_LINE, _DECODED_LINE = 78, 57  # of base64, with its line break
_EXTENSIONS = {
    "image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "image/webp": "webp", "image/heic": "heic",
    "application/pdf": "pdf", "application/zip": "zip", "text/plain": "txt", "text/html": "html", "text/csv": "csv",
    "text/calendar": "ics", "text/vcard": "vcf", "message/rfc822": "eml", "text/rfc822-headers": "txt",
    "application/pgp-signature": "asc", "application/pkcs7-signature": "p7s", "application/pkcs7-mime": "p7m",
}  # fmt: skip
_SIGNATURES = {
    "application/pkcs7-signature": "smime-signed", "application/x-pkcs7-signature": "smime-signed",
    "application/pgp-signature": "pgp-signed",
}  # fmt: skip
_ENVELOPES = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_PGP_ENCRYPTED = "application/pgp-encrypted"
_NO_FILES = frozenset({"text/x-amp-html", "text/watch-html", _PGP_ENCRYPTED})
"""Of no use to anybody: other forms of the text, and the part that says which version of PGP follows."""
_TNEF = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_NEVER_SHOWN = frozenset({"text/x-amp-html", "text/watch-html", "text/rfc822-headers", "text/vcard", "text/x-vcard"})


@dataclass(frozen=True, slots=True)
class PartInfo:
    """One part: what BODYSTRUCTURE or its header says of it.

    Multiparts may stand in the list too, before their children, the outermost with section ""; without them, a text/plain
    followed by a text/html is taken for two forms of the same text.
    """

    section: str
    type: str
    """Lower case, e.g. "text/plain"."""
    charset: str = ""
    encoding: str = ""
    """The transfer encoding, lower case."""
    name: str = ""
    """File name as given; decoded if it can be (`headers.parameter`)."""
    disposition: str = ""
    content_id: str = ""
    size: int = 0
    """Octets as encoded."""
    flowed: bool = False
    """text/plain with format=flowed (RFC 3676)."""
    delsp: bool = False
    """The space before a flowed line break is not part of the text either."""

    def with_size(self, size: int) -> PartInfo:
        return replace(self, size=size)

    @property
    def is_multipart(self) -> bool:
        return self.type.startswith("multipart/")

    @property
    def is_tnef(self) -> bool:
        return self.type in _TNEF or (self.name.lower() == "winmail.dat" and self.type == "application/octet-stream")

    @property
    def is_secured(self) -> bool:
        """S/MIME that holds its content."""
        return self.type in _ENVELOPES


@dataclass(slots=True)
class Reading:
    """One stretch of the message: the same text in several forms, or a single form of it."""

    plain: list[PartInfo]
    rich: list[PartInfo]


def wanted_items(parts: Sequence[PartInfo]) -> tuple[str, ...]:
    """What to fetch in order to read the message: sections ("2.1"), with a cut ("2.1<0.65536>") where the beginning is enough.

    Never an attachment, but what holds text within itself: a report, a signed message, a winmail.dat.
    """
    wanted: dict[str, int] = {}
    for reading in readings(parts):
        chosen = reading.plain or reading.rich
        if reading.plain and reading.rich and sum(part.size for part in reading.plain) < TINY:
            chosen = reading.plain + reading.rich
        wanted.update((part.section, CUT) for part in chosen)
    reporting = [part for part in parts if part.type in reports.KINDS]
    wanted.update((part.section, _REPORT_CUT) for part in reporting)
    wanted.update((part.section, _ORIGINAL_CUT) for part in originals(parts))
    with_text = bool(wanted)
    wanted.update((part.section, _INNER_CUT) for part in lone_messages(parts))
    for part in parts:
        if part.is_secured:
            wanted[part.section] = _SECURED_CUT
        elif part.is_tnef and (not with_text or 0 < part.size <= _TNEF_BESIDE_TEXT):
            wanted[part.section] = _TNEF_CUT
    return tuple(
        f"{part.section}<0.{wanted[part.section]}>" if part.size > wanted[part.section] else part.section
        for part in parts
        if part.section in wanted and not part.is_multipart
    )


def wanted_sections(parts: Sequence[PartInfo]) -> tuple[str, ...]:
    """The sections of `wanted_items`."""
    return tuple(item.partition("<")[0] for item in wanted_items(parts))


def originals(parts: Sequence[PartInfo]) -> list[PartInfo]:
    """What came of the message that a report is about: the first such part behind the report."""
    reporting = next((index for index, part in enumerate(parts) if part.type in reports.KINDS), None)
    if reporting is None:
        return []
    return [part for part in parts[reporting + 1 :] if part.type in reports.ORIGINALS][:1]


def lone_messages(parts: Sequence[PartInfo]) -> list[PartInfo]:
    """The messages within one that has no text of its own: they are what the sender wants read."""
    if any(part.type in reports.KINDS or part.is_secured for part in parts) or readings(parts):
        return []
    return [part for part in parts if part.type in {"message/rfc822", "message/global"}][: limits.INNER_MESSAGES]


def marks(parts: Sequence[PartInfo]) -> list[str]:
    """What the structure says of the message besides its text (`Body.marks`)."""
    found = [_SIGNATURES[part.type] for part in parts if part.type in _SIGNATURES]
    if any(part.type == _PGP_ENCRYPTED for part in parts):
        found.append("pgp-encrypted")
    if any(part.type in reports.KINDS for part in parts):
        found.append("report")
    return found


def attachments(parts: Sequence[PartInfo]) -> tuple[Attachment, ...]:
    """Every part that is not read as text, with a name that is safe to show. Signatures count as inline: nobody opens them."""
    shown = {part.section for reading in readings(parts) for part in (*reading.plain, *reading.rich)}
    shown |= {part.section for part in parts if part.type in reports.KINDS}
    return tuple(
        Attachment(
            part.section,
            file_name(decode_words(part.name), f"{part.type.split('/')[0]}-{part.section}.{_extension(part.type)}"),
            clean(part.type)[:100],
            part.size * _DECODED_LINE // _ENCODED_LINE if part.encoding == "base64" else part.size,
            inline=part.disposition == "inline" or bool(part.content_id and part.type.startswith("image/"))
            or part.type in _SIGNATURES,
            content_id=clean(part.content_id)[:300],
        )
        for part in parts
        if not part.is_multipart and part.section not in shown and part.type not in _NO_FILES
    )  # fmt: skip


def decode_transfer(raw: bytes, encoding: str) -> bytes:
    """Content without its transfer encoding; what is declared as something unknown is taken as it stands."""
    if encoding == "base64":
        return base64_bytes(raw)
    return a2b_qp(raw) if encoding == "quoted-printable" else raw


def _extension(kind: str) -> str:
    return _EXTENSIONS.get(kind, "bin")


def type_of(name: str) -> str:
    """The type that a file's name stands for, of those we have names for."""
    suffix = name.rpartition(".")[2].lower()
    return next((kind for kind, extension in _EXTENSIONS.items() if extension == suffix), "application/octet-stream")


def readings(parts: Sequence[PartInfo]) -> list[Reading]:
    """The stretches of text in their order. Calendars stand for themselves."""
    containers = [part for part in parts if part.is_multipart and part.type == "multipart/alternative"]
    flat = not any(part.is_multipart for part in parts)
    found: list[Reading] = []
    by_alternative: dict[str, Reading] = {}
    last: Reading | None = None
    seen_text = False
    leaves = [part for part in parts if not part.is_multipart and part.type not in reports.KINDS]
    if len(leaves) == 1 and leaves[0].type in {"text/plain", "text/html"}:
        return [Reading(leaves, [])] if leaves[0].type == "text/plain" else [Reading([], leaves)]
    for part in leaves:
        if not _is_shown(part, first=not seen_text):
            last = None
            continue
        if part.type == "text/calendar":
            if not any(part.type == known.plain[0].type for known in found if known.plain):
                found.append(Reading([part], []))
            continue
        seen_text = True
        rich = part.type == "text/html"
        outer = next((box.section for box in containers if _inside(part.section, box.section)), None)
        reading = by_alternative.get(outer) if outer is not None else None
        if reading is None and outer is None and rich and last and not last.rich and flat:
            reading = last
        if reading is None:
            reading = Reading([], [])
            found.append(reading)
            if outer is not None:
                by_alternative[outer] = reading
        (reading.rich if rich else reading.plain).append(part)
        last = reading
    return found


def _inside(section: str, box: str) -> bool:
    return not box or section.startswith(box + ".")


def _is_shown(part: PartInfo, *, first: bool) -> bool:
    if part.disposition == "attachment" or part.type in _NEVER_SHOWN:
        return False
    if part.type == "text/calendar":
        return True
    return part.type.startswith("text/") and (first or not part.name)
