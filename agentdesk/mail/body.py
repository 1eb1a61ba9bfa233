"""From the contents of a message's parts to what a person reads of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo

from agentdesk.domain.clean import clean, clean_line, file_name
from agentdesk.domain.message import Attachment, Body
from agentdesk.locale import say
from agentdesk.mail import calendar, charset, html, inner, limits, parts, pgp, quotes, reports, smime, tnef, uuencode
from agentdesk.mail.parts import PartInfo, Reading, decode_transfer
from agentdesk.mail.structure import Structure, read_structure

_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([A-Za-z0-9_:.-]{1,40})", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"(?i)\b(html|mime)\b[^.]{0,80}\b(view|mail|message|client|format|reader|version|support)")


@dataclass(slots=True)
class _Found:
    """What was read so far."""

    texts: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    """Of ours, in which nothing is folded."""
    folded: list[str] = field(default_factory=list)
    files: list[Attachment] = field(default_factory=list)
    """Within parts."""
    opened: set[str] = field(default_factory=set)
    """Sections of which nothing is left to open."""
    marks: dict[str, None] = field(default_factory=dict)
    html: bool = False
    links: list[tuple[str, str]] = field(default_factory=list)
    original: str = ""

    def mark(self, *names: str) -> None:
        self.marks.update(dict.fromkeys(names))

    def say(self, text: str) -> None:
        if text.strip():
            self.texts.append(text.strip("\n"))


def read_body(infos: Sequence[PartInfo], contents: Mapping[str, bytes], zone: tzinfo = UTC, depth: int = 0) -> Body:
    """The text of the sections at hand (encoded as they were fetched), quotes and signature folded, and the attachments.

    `zone`: the reader's, for the times of invitations.
    """
    found = _Found()
    found.mark(*parts.marks(infos))
    _read_reports(infos, contents, found)
    for reading in parts.readings(infos):
        _read(reading, contents, zone, found)
    for part in parts.lone_messages(infos) if depth < limits.INNER_DEPTH else ():
        _read_message(decode_transfer(contents.get(part.section, b""), part.encoding), zone, depth, found)
    for part in infos:
        if part.section in contents and part.is_secured and depth < limits.INNER_DEPTH:
            _read_secured(part, contents[part.section], zone, depth, found)
        elif part.section in contents and part.is_tnef:
            _read_tnef(part, contents[part.section], found)
        elif part.is_tnef:
            found.mark("tnef")
    visible, hidden = _fold("\n\n".join(found.texts))
    visible = "\n\n".join(filter(None, (visible, *found.notices)))
    attached = (replace(one, inline=one.inline or one.part in found.opened) for one in parts.attachments(infos))
    return Body(
        visible, "\n\n".join(filter(None, (hidden, *found.folded))), found.html, (*attached, *found.files),
        marks=tuple(found.marks), links=tuple(found.links), original=found.original or ("" if "report" in found.marks else reports.original_in_text(visible)),
    )  # fmt: skip


def _fold(text: str) -> tuple[str, str]:
    """Quotations and signature apart. Beyond what is looked at, the text goes with what stands before it."""
    if len(text) <= limits.FOLD_CHARACTERS:
        return quotes.split(text)
    cut = text.rfind("\n", 0, limits.FOLD_CHARACTERS) + 1 or limits.FOLD_CHARACTERS
    visible, hidden = quotes.split(text[:cut])
    joint = "\n" if text[cut - 1] == "\n" else ""
    last = next((line for line in reversed(text[:cut].split("\n")) if line.strip()), "")
    if hidden.endswith(last) and not visible.endswith(last):
        return visible, hidden + joint + text[cut:]
    return visible + joint + text[cut:], hidden


# Reports -------------------------------------------------------------------------------------------------------------


def _read_reports(infos: Sequence[PartInfo], contents: Mapping[str, bytes], found: _Found) -> None:
    """What a report says, in words, before the words of the server; what it says to machines is folded."""
    lines: list[str] = []
    for part in infos:
        if part.type not in reports.KINDS or part.section not in contents:
            continue
        data = decode_transfer(contents[part.section], part.encoding)
        report = reports.read(part.type, data)
        lines.extend(report.lines)
        found.original = found.original or report.original
        if report.failed:
            found.mark(reports.FAILED)
        (found.folded if report.lines else found.texts).append(clean(charset.decode(data, part.charset)).strip("\n"))
    for part in parts.originals(infos):
        subject, original = reports.about(decode_transfer(contents.get(part.section, b""), part.encoding))
        found.original = found.original or original
        if subject and lines:
            lines.append(say("mail.report.about", subject=subject))
    found.say("\n".join(clean_line(line) for line in lines))


# Texts ---------------------------------------------------------------------------------------------------------------


def _read(reading: Reading, contents: Mapping[str, bytes], zone: tzinfo, found: _Found) -> None:
    plain = "\n\n".join(filter(str.strip, (_plain_text(part, contents.get(part.section, b""), zone, found) for part in reading.plain)))
    here = [part for part in reading.rich if part.section in contents]
    if not plain.strip() or (here and len(plain) < parts.TINY and _PLACEHOLDER.search(plain)):
        rich = "\n\n".join(filter(str.strip, (_rich_text(part, contents[part.section], found) for part in here)))
        if rich.strip():
            found.html = True
            plain = rich
    found.say(plain)


def _plain_text(part: PartInfo, raw: bytes, zone: tzinfo, found: _Found) -> str:
    data, cut = _decoded(part, raw)
    if part.type == "text/calendar":
        text = calendar.to_text(clean(charset.decode(data, part.charset)), zone)
        found.mark("calendar")
        found.notices.append(text.strip("\n"))
        return ""
    files = uuencode.blocks(data)
    for index, block in enumerate(files):
        found.mark("uuencode")
        place = inner.address(part.section, "uu", part.encoding, index)
        found.files.append(_inner_file(place, block.name, "", len(block.content)))
    text = charset.decode(uuencode.without(data, files), part.charset)
    if part.type in {"text/enriched", "text/richtext"}:
        return clean(html.to_text(text)) + cut
    text = clean(text)
    secured = pgp.read(_unflow(text, delsp=part.delsp) if part.flowed else text)
    found.mark(*secured.marks)
    if secured.armored:
        found.folded.append(secured.armored)
    return secured.text + cut


def _rich_text(part: PartInfo, raw: bytes, found: _Found) -> str:
    data, cut = _decoded(part, raw)
    label = part.charset
    if not charset.codec(label):
        meta = _META_CHARSET.search(data[:2048])
        label = meta[1].decode("ascii") if meta else label
    converted = html.convert(charset.decode(data, label))
    found.links.extend((clean_line(words), clean_line(target)) for words, target in converted.links)
    secured = pgp.read(clean(converted.text))
    found.mark(*secured.marks)
    if secured.armored:
        found.folded.append(secured.armored)
    return secured.text + cut


def _decoded(part: PartInfo, raw: bytes) -> tuple[bytes, str]:
    """The content of a text part, and what to say at its end if it was cut."""
    data = decode_transfer(raw[: parts.CUT], part.encoding)
    more = len(data) > limits.TEXT_BYTES or len(raw) >= parts.CUT or part.size > parts.CUT
    return data[: limits.TEXT_BYTES], "\n\n" + say("mail.cut") if more else ""


def _unflow(text: str, *, delsp: bool) -> str:
    """Paragraphs put together again (RFC 3676): a line that ends in a space goes on, if the next is quoted as deeply."""
    lines: list[list[str]] = []
    open_depth = -1
    for raw in text.split("\n"):
        depth = len(raw) - len(raw.lstrip(">"))
        content = raw[depth:].removeprefix(" ") if depth or raw.startswith(" ") else raw
        signature = content == "-- "
        goes_on = content.endswith(" ") and not signature
        if open_depth == depth and not signature:
            lines[-1].append(content)
        else:
            lines.append([">" * depth + " " if depth else "", content])
        open_depth = depth if goes_on else -1
        if goes_on and delsp:
            lines[-1][-1] = lines[-1][-1][:-1]
    return "\n".join(map("".join, lines))


# Parts that hold others ----------------------------------------------------------------------------------------------


def _read_secured(part: PartInfo, raw: bytes, zone: tzinfo, depth: int, found: _Found) -> None:
    """An S/MIME part: the signed message in it, read like any other, unverified."""
    secured = smime.read(decode_transfer(raw, part.encoding))
    if not secured.kind:
        return
    found.mark(f"smime-{secured.kind}")
    if not secured.content:
        return
    body = _read_within(read_structure(secured.content), zone, depth, found)
    found.mark(*body.marks)
    found.original = found.original or body.original
    if secured.complete:
        found.opened.add(part.section)
        found.files.extend(replace(one, part=inner.address(part.section, "smime", part.encoding, one.part)) for one in body.attachments)


def _read_message(raw: bytes, zone: tzinfo, depth: int, found: _Found) -> None:
    """A message that somebody passed on without a word: who wrote it, about what, and its text."""
    if not raw.strip():
        return
    whole = read_structure(raw)
    found.say(clean_line(say("mail.within", who=whole.fields.text("from")[:200] or "?", subject=whole.fields.text("subject")[:300])))
    _read_within(whole, zone, depth, found)


def _read_within(whole: Structure, zone: tzinfo, depth: int, found: _Found) -> Body:
    """The text of a message within, read like any other."""
    sections = parts.wanted_sections(whole.parts)
    body = read_body(whole.parts, {section: whole.content(section)[: parts.CUT] for section in sections}, zone, depth + 1)
    found.say(body.text)
    if body.quoted:
        found.folded.append(body.quoted)
    found.html = found.html or body.html
    found.links.extend(body.links)
    return body


def _read_tnef(part: PartInfo, raw: bytes, found: _Found) -> None:
    """A winmail.dat: the files in it, and the text where the message has no other."""
    found.mark("tnef")
    packed = tnef.read(decode_transfer(raw, part.encoding))
    if not any(text.strip() for text in found.texts):
        text = clean(packed.text)
        if not text.strip() and packed.html:
            converted = html.convert(charset.decode(packed.html, packed.html_charset))
            found.links.extend((clean_line(words), clean_line(target)) for words, target in converted.links)
            text = clean(converted.text)
            found.html = True
        found.say(text)
    for index, file in enumerate(packed.files):
        place = inner.address(part.section, "tnef", part.encoding, index)
        found.files.append(_inner_file(place, file.name, file.type, len(file.content), file.content_id))
    if packed.complete:
        found.opened.add(part.section)


def _inner_file(place: str, name: str, kind: str, size: int, content_id: str = "") -> Attachment:
    shown = file_name(name, f"file-{len(place)}.bin")
    kind = clean_line(kind)[:100] if "/" in kind else parts.type_of(shown)
    return Attachment(place, shown, kind, size, inline=bool(content_id and kind.startswith("image/")), content_id=clean_line(content_id)[:300])
