"""The parts of a raw message, found in one pass over its bytes.

Not `email.parser`: that one is recursive (500 nested multiparts end in RecursionError), takes 14 s for 100,000 parts and
decides only afterwards whether a limit was broken. Here the limits are kept while looking, nothing is copied, and the
result is the same flat list of parts that a channel makes from an IMAP BODYSTRUCTURE, so both ways share one reader.
A message within a message is one part, an attachment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from agentdesk.mail import limits
from agentdesk.mail.headers import Fields, parameter, parse_fields, parse_parameters
from agentdesk.mail.parts import PartInfo

_DASHES = re.compile(rb"^--", re.MULTILINE)
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+")
_BLANK = re.compile(rb"[ \t]*\r?\n")


@dataclass(slots=True)
class Structure:
    fields: Fields
    parts: list[PartInfo] = field(default_factory=list)
    """In order; multiparts before their children."""
    spans: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Where the encoded content of each part that is no multipart lies in `raw`."""
    raw: bytes = b""
    too_complex: bool = False

    def content(self, section: str) -> bytes:
        start, end = self.spans[section]
        return self.raw[start:end]


@dataclass(slots=True)
class _Open:
    """A multipart whose end has not come yet."""

    boundary: bytes
    section: str
    index: int
    """Its place in `parts`."""
    start: int
    digest: bool
    children: int = 0
    closed: bool = False


def read_structure(raw: bytes) -> Structure:
    """The header fields and the parts of a message."""
    if b"\n" not in raw:
        raw = raw.replace(b"\r", b"\n")
    block_end, start = _header_end(raw, 0, len(raw))
    result = Structure(parse_fields(raw[:block_end]), raw=raw)
    stack: list[_Open] = []
    leaf = _enter(result, stack, result.fields, "", start, "text/plain")
    delimiters = _DASHES.finditer(raw, start)
    for found in delimiters:
        position = found.start()
        if position < start or not stack:
            continue
        line_end = raw.find(b"\n", position)
        line = raw[position + 2 : line_end if line_end >= 0 else len(raw)].rstrip(b" \t\r")
        depth, closing = _match(stack, line)
        if depth < 0:
            continue
        if leaf:
            result.spans[leaf] = (start, max(start, _before_line_break(raw, position)))
            leaf = ""
        for unclosed in stack[depth + 1 :]:
            _without_children(result, unclosed, position)
        del stack[depth + 1 :]
        container = stack[depth]
        if closing:
            container.closed = True
            _without_children(result, container, position)
            continue
        if container.closed:
            continue
        if len(result.parts) >= limits.PARTS:
            result.too_complex = True
            break
        container.children += 1
        section = f"{container.section}.{container.children}".lstrip(".")
        head = line_end + 1 if line_end >= 0 else len(raw)
        block_end, start = _part_header(raw, head, stack)
        fields = parse_fields(raw[head:block_end])
        leaf = _enter(result, stack, fields, section, start, "message/rfc822" if container.digest else "text/plain")
        if result.too_complex:
            break
    if leaf:
        result.spans[leaf] = (start, len(raw))
    for unclosed in stack:
        _without_children(result, unclosed, len(raw))
    result.parts = [part for part in result.parts if part.type.startswith("multipart/") or part.section in result.spans]
    result.parts = [_sized(result, part) for part in result.parts]
    return result


def _enter(result: Structure, stack: list[_Open], fields: Fields, section: str, start: int, default: str) -> str:
    """Note a part; returns its section if it is a leaf, "" if it is a multipart, which is now open."""
    kind, parameters = parse_parameters(fields.first("content-type"))
    if not _TYPE.fullmatch(kind):
        kind = default if not fields.has("content-type") else "text/plain"
    boundary = parameter(parameters, "boundary").rstrip().encode("utf-8", errors="replace")
    if kind.startswith("multipart/"):
        if boundary and len(stack) < limits.DEPTH:
            stack.append(_Open(boundary, section, len(result.parts), start, kind == "multipart/digest"))
            result.parts.append(PartInfo(section, kind))
            return ""
        result.too_complex = result.too_complex or bool(boundary)
        kind = "text/plain"
    disposition, disposition_parameters = parse_parameters(fields.first("content-disposition"))
    leaf = section or "1"
    result.parts.append(
        PartInfo(
            leaf,
            kind,
            charset=parameter(parameters, "charset"),
            encoding=fields.first("content-transfer-encoding").split(";")[0].strip().lower(),
            name=parameter(disposition_parameters, "filename") or parameter(parameters, "name"),
            disposition=disposition,
            content_id=fields.text("content-id").strip("<> "),
            flowed=parameter(parameters, "format").lower() == "flowed",
            delsp=parameter(parameters, "delsp").lower() == "yes",
        )
    )
    return leaf


def _match(stack: list[_Open], line: bytes) -> tuple[int, bool]:
    """The innermost open multipart a delimiter line belongs to (-1: none), and whether it closes it."""
    for depth in range(len(stack) - 1, -1, -1):
        boundary = stack[depth].boundary
        if line.startswith(boundary):
            rest = line[len(boundary) :]
            if not rest:
                return depth, False
            if rest == b"--":
                return depth, True
    return -1, False


def _without_children(result: Structure, container: _Open, end: int) -> None:
    """A multipart whose boundary never came is the text it holds."""
    if container.children == 0 and result.parts[container.index].type.startswith("multipart/"):
        leaf = container.section or "1"
        result.parts[container.index] = PartInfo(leaf, "text/plain")
        result.spans[leaf] = (container.start, max(container.start, end))


def _header_end(raw: bytes, start: int, limit: int) -> tuple[int, int]:
    """Where a header block ends and where the content after its blank line begins."""
    blank = _BLANK.match(raw, start, limit)
    if blank:
        return start, blank.end()
    with_return = raw.find(b"\n\r\n", start, limit)
    bare = raw.find(b"\n\n", start, limit if with_return < 0 else with_return)
    if bare >= 0:
        return bare, bare + 2
    return (limit, limit) if with_return < 0 else (with_return, with_return + 3)


def _part_header(raw: bytes, start: int, stack: list[_Open]) -> tuple[int, int]:
    """The same for the header of a part, which a delimiter ends too."""
    block_end, content = _header_end(raw, start, min(len(raw), start + limits.HEADER_BYTES))
    for found in _DASHES.finditer(raw, start, block_end):
        line_end = raw.find(b"\n", found.start())
        line = raw[found.start() + 2 : line_end if line_end >= 0 else len(raw)].rstrip(b" \t\r")
        if _match(stack, line)[0] >= 0:
            return found.start(), found.start()
    return block_end, content


def _before_line_break(raw: bytes, position: int) -> int:
    """The line break before a delimiter belongs to the delimiter (RFC 2046, 5.1.1)."""
    if raw[position - 2 : position] == b"\r\n":
        return position - 2
    return position - 1 if raw[position - 1 : position] == b"\n" else position


def _sized(result: Structure, part: PartInfo) -> PartInfo:
    if part.section not in result.spans or part.type.startswith("multipart/"):
        return part
    start, end = result.spans[part.section]
    return part.with_size(end - start)
