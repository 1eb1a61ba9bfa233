"""From the parts of a message to what a person reads.

A part is known by its IMAP section number. The list comes from an IMAP BODYSTRUCTURE or from `structure.read_structure`; only
the sections that are read need to be fetched.
"""

from __future__ import annotations

import re
from binascii import a2b_qp
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from agentdesk.domain.clean import clean, file_name
from agentdesk.domain.message import Attachment, Body
from agentdesk.mail import calendar, charset, html, limits, quotes
from agentdesk.mail.headers import base64_bytes, decode_words

_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([A-Za-z0-9_:.-]{1,40})", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"(?i)\b(html|mime)\b[^.]{0,80}\b(view|mail|message|client|format|reader|version|support)")
_ENCODED_LINE, _DECODED_LINE = 78, 57  # of base64, with its line break
_TINY = 200
_EXTENSIONS = {
    "image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "image/webp": "webp", "image/heic": "heic",
    "application/pdf": "pdf", "application/zip": "zip", "text/plain": "txt", "text/html": "html", "text/csv": "csv",
    "text/calendar": "ics", "text/vcard": "vcf", "message/rfc822": "eml", "text/rfc822-headers": "txt",
    "application/pgp-signature": "asc", "application/pkcs7-signature": "p7s", "application/pkcs7-mime": "p7m",
}  # fmt: skip
_SHOWN_REPORTS = frozenset({"message/delivery-status", "message/disposition-notification", "message/feedback-report"})
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

    def with_size(self, size: int) -> PartInfo:
        return replace(self, size=size)

    @property
    def is_multipart(self) -> bool:
        return self.type.startswith("multipart/")


@dataclass(slots=True)
class _Reading:
    """One stretch of the message: the same text in several forms, or a single form of it."""

    plain: list[PartInfo]
    rich: list[PartInfo]


def wanted_sections(parts: Sequence[PartInfo]) -> tuple[str, ...]:
    """The sections to fetch in order to read the message, in their order; never an attachment."""
    wanted: list[str] = []
    for reading in _readings(parts):
        chosen = reading.plain or reading.rich
        if reading.plain and reading.rich and sum(part.size for part in reading.plain) < _TINY:
            chosen = reading.plain + reading.rich
        wanted.extend(part.section for part in chosen)
    return tuple(wanted)


def read_body(parts: Sequence[PartInfo], contents: Mapping[str, bytes]) -> Body:
    """The text of the sections at hand (encoded as they were fetched), quotes and signature folded, and the attachments."""
    texts: list[str] = []
    from_html = False
    for reading in _readings(parts):
        text, rich = _read(reading, contents)
        if text.strip():
            texts.append(text.strip("\n"))
            from_html = from_html or rich
    visible, hidden = quotes.split("\n\n".join(texts))
    return Body(visible, hidden, from_html, attachments(parts))


def attachments(parts: Sequence[PartInfo]) -> tuple[Attachment, ...]:
    """Every part that is not read as text, with a name that is safe to show."""
    shown = {part.section for reading in _readings(parts) for part in (*reading.plain, *reading.rich)}
    return tuple(
        Attachment(
            part.section,
            file_name(decode_words(part.name), f"{part.type.split('/')[0]}-{part.section}.{_extension(part.type)}"),
            clean(part.type)[:100],
            part.size * _DECODED_LINE // _ENCODED_LINE if part.encoding == "base64" else part.size,
            inline=part.disposition == "inline" or bool(part.content_id and part.type.startswith("image/")),
            content_id=clean(part.content_id)[:300],
        )
        for part in parts
        if not part.is_multipart and part.section not in shown and part.type not in {"text/x-amp-html", "text/watch-html"}
    )


def decode_transfer(raw: bytes, encoding: str) -> bytes:
    """Content without its transfer encoding; what is declared as something unknown is taken as it stands."""
    if encoding == "base64":
        return base64_bytes(raw)
    return a2b_qp(raw) if encoding == "quoted-printable" else raw


def _extension(kind: str) -> str:
    return _EXTENSIONS.get(kind, "bin")


def _readings(parts: Sequence[PartInfo]) -> list[_Reading]:
    """The stretches of text in their order. Calendars and reports stand for themselves."""
    containers = [part for part in parts if part.is_multipart and part.type == "multipart/alternative"]
    flat = not any(part.is_multipart for part in parts)
    readings: list[_Reading] = []
    by_alternative: dict[str, _Reading] = {}
    last: _Reading | None = None
    seen_text = False
    leaves = [part for part in parts if not part.is_multipart]
    if len(leaves) == 1 and leaves[0].type in {"text/plain", "text/html"}:
        return [_Reading(leaves, [])] if leaves[0].type == "text/plain" else [_Reading([], leaves)]
    for part in leaves:
        if not _is_shown(part, first=not seen_text):
            last = None
            continue
        if part.type in _SHOWN_REPORTS or part.type == "text/calendar":
            if part.type != "text/calendar" or not any(part.type == known.plain[0].type for known in readings if known.plain):
                readings.append(_Reading([part], []))
            continue
        seen_text = True
        rich = part.type == "text/html"
        outer = next((box.section for box in containers if _inside(part.section, box.section)), None)
        reading = by_alternative.get(outer) if outer is not None else None
        if reading is None and outer is None and rich and last and not last.rich and flat:
            reading = last
        if reading is None:
            reading = _Reading([], [])
            readings.append(reading)
            if outer is not None:
                by_alternative[outer] = reading
        (reading.rich if rich else reading.plain).append(part)
        last = reading
    return readings


def _inside(section: str, box: str) -> bool:
    return not box or section.startswith(box + ".")


def _is_shown(part: PartInfo, *, first: bool) -> bool:
    if part.disposition == "attachment" or part.type in _NEVER_SHOWN:
        return False
    if part.type in _SHOWN_REPORTS or part.type == "text/calendar":
        return True
    return part.type.startswith("text/") and (first or not part.name)


def _read(reading: _Reading, contents: Mapping[str, bytes]) -> tuple[str, bool]:
    """The text of one stretch, and whether it was made from HTML."""
    plain = "\n\n".join(filter(str.strip, (_plain_text(part, contents.get(part.section, b"")) for part in reading.plain)))
    here = [part for part in reading.rich if part.section in contents]
    if plain.strip() and not (here and len(plain) < _TINY and _PLACEHOLDER.search(plain)):
        return plain, False
    rich = "\n\n".join(filter(str.strip, (_rich_text(part, contents[part.section]) for part in here)))
    return (rich, True) if rich.strip() else (plain, False)


def _plain_text(part: PartInfo, raw: bytes) -> str:
    text = charset.decode(decode_transfer(raw[: 2 * limits.TEXT_BYTES], part.encoding)[: limits.TEXT_BYTES], part.charset)
    if part.type == "text/calendar":
        return calendar.to_text(clean(text))
    if part.type in {"text/enriched", "text/richtext"}:
        return clean(html.to_text(text))
    return _unflow(clean(text)) if part.flowed else clean(text)


def _rich_text(part: PartInfo, raw: bytes) -> str:
    data = decode_transfer(raw[: 2 * limits.TEXT_BYTES], part.encoding)[: limits.TEXT_BYTES]
    label = part.charset
    if not charset.codec(label):
        meta = _META_CHARSET.search(data[:2048])
        label = meta[1].decode("ascii") if meta else label
    return clean(html.to_text(charset.decode(data, label)))


def _unflow(text: str) -> str:
    """Paragraphs put together again (RFC 3676): a line that ends in a space goes on, if the next is quoted as deeply."""
    lines: list[str] = []
    open_depth = -1
    for raw in text.split("\n"):
        depth = len(raw) - len(raw.lstrip(">"))
        content = raw[depth:].removeprefix(" ") if depth or raw.startswith(" ") else raw
        signature = content == "-- "
        prefix = ">" * depth + " " if depth else ""
        if open_depth == depth and not signature:
            lines[-1] += content
        else:
            lines.append(prefix + content)
        open_depth = depth if content.endswith(" ") and not signature else -1
    return "\n".join(lines)
