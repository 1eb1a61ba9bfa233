"""Header fields as they really are: folded, 8-bit, encoded in the wrong places, without end.

The rules are those of RFC 5322 (fields), RFC 2047 (encoded words), RFC 2231 (parameters) and RFC 6532 (raw UTF-8),
read tolerantly. Every function is one linear pass without recursion and never raises, whatever bytes it is given.
"""

from __future__ import annotations

import re
from binascii import Error as Base64Error
from binascii import a2b_base64, a2b_qp
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from agentdesk.domain.clean import clean_line
from agentdesk.mail import charset, limits

_LINE = re.compile(rb"\r\n|\n|\r")
_FIELD_NAME = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")
ENCODED_WORD_HEAD = re.compile(r"=\?([^?\s]{1,60})\?([BbQq])\?")
_MESSAGE_ID = re.compile(r"<[^<>\s\x00-\x1f\x7f-\x9f\ufffd]{1,900}>")
_BARE_ID = re.compile(r"[^<>\s,;\x00-\x1f\x7f-\x9f\ufffd]{1,900}@[^<>\s,;\x00-\x1f\x7f-\x9f\ufffd]{1,300}")
_CONTINUED = re.compile(r"(.+?)\*(?:([0-9]{1,4})(\*)?)?")
_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")


@dataclass(slots=True)
class Fields:
    """The fields of a header block in their order, names in lower case, values unfolded bytes."""

    items: list[tuple[str, bytes]] = field(default_factory=list)
    too_complex: bool = False
    """A limit was hit; what is here is the beginning."""

    def all(self, name: str) -> list[str]:
        """The values of every field of this name, 8-bit decoded, encoded words left as they are."""
        return [charset.decode(value) for found, value in self.items if found == name]

    def first(self, name: str) -> str:
        for found, value in self.items:
            if found == name:
                return charset.decode(value)
        return ""

    def has(self, name: str) -> bool:
        return any(found == name for found, _ in self.items)

    def text(self, name: str) -> str:
        """The first value of this name as text for a person: decoded and clean."""
        return decode_words(self.first(name))


def parse_fields(block: bytes) -> Fields:
    """The fields of a header block. Lines that are no field (an mbox "From " line, garbage) are passed over."""
    result = Fields()
    if len(block) > limits.HEADER_BYTES:
        block, result.too_complex = block[: limits.HEADER_BYTES], True
    name, size = "", 0
    pieces: list[bytes] = []

    def finish() -> None:
        if name:
            result.items.append((name, b" ".join(pieces).strip()))

    for line in _LINE.split(block):
        if line[:1] in {b" ", b"\t"}:
            if size + len(line) <= limits.FIELD_BYTES:
                pieces.append(line.strip())
            else:
                result.too_complex = True
            size += len(line)
            continue
        head = _FIELD_NAME.match(line)
        if head is None:
            # A field that was folded without the white space: its end says that more must come
            if pieces and pieces[-1].endswith(b";") and b"=" in line and size + len(line) <= limits.FIELD_BYTES:
                pieces.append(line.strip())
                size += len(line)
            continue
        finish()
        if len(result.items) >= limits.FIELDS:
            result.too_complex, name = True, ""
            break
        name, size = head[1].decode("ascii").lower(), len(line)
        if size > limits.FIELD_BYTES:
            result.too_complex = True
        pieces = [line[head.end() : limits.FIELD_BYTES].strip()]
    finish()
    return result


# Encoded words -------------------------------------------------------------------------------------------------------


def decode_words(text: str) -> str:
    """RFC 2047 encoded words decoded wherever they stand, the result clean and on one line.

    Neighbours of the same set are put together as bytes first: common senders cut a character in two.
    """
    if "=?" not in text:
        return clean_line(text)
    out: list[str] = []
    pending: list[bytes] = []
    label = ""
    position = 0
    while True:
        head = ENCODED_WORD_HEAD.search(text, position)
        end = text.find("?=", head.end()) if head else -1
        if head is None or end < 0:
            break
        between = text[position : head.start()]
        if pending and (between.strip() or head[1].lower() != label):
            out.append(charset.decode(b"".join(pending), label))
            pending = []
        if between.strip() or not label:
            out.append(between)
        label = head[1].lower()
        pending.append(_word_bytes(text[head.end() : end], head[2], label))
        position = end + 2
    out.append(charset.decode(b"".join(pending), label))
    out.append(text[position:])
    return clean_line("".join(out))


def _word_bytes(content: str, encoding: str, label: str) -> bytes:
    """The bytes of one encoded word. Raw 8-bit letters in it have been decoded already, so they go back the same way."""
    raw = content.encode((not content.isascii() and charset.codec(label)) or "utf-8", errors="replace")
    return a2b_qp(raw, header=True) if encoding in "qQ" else base64_bytes(raw)


def base64_bytes(raw: bytes) -> bytes:
    """What can be read of base64, junk passed over."""
    data = _NOT_BASE64.sub(b"", raw)
    if len(data) % 4 == 1:
        data = data[:-1]
    try:
        return a2b_base64(data + b"=" * (-len(data) % 4))
    except Base64Error:
        return b""


# Parameters ----------------------------------------------------------------------------------------------------------


def parse_parameters(value: str) -> tuple[str, dict[str, str]]:
    """`text/plain; charset=utf-8; name="a.txt"` as ("text/plain", {...}), names in lower case, RFC 2231 not yet joined."""
    main, _, rest = value[: limits.FIELD_BYTES].partition(";")
    found: dict[str, str] = {}
    for piece in _split_outside_quotes(rest, ";"):
        name, equals, content = piece.partition("=")
        name = name.strip().lower()
        if equals and name and name not in found:
            found[name] = _unquote(content.strip())
        if len(found) >= limits.PARAMETERS:
            break
    return main.strip().lower(), found


def _split_outside_quotes(text: str, separator: str) -> Iterable[str]:
    start, quoted, skip = 0, False, False
    for index, char in enumerate(text):
        if skip:
            skip = False
        elif quoted and char == "\\":
            skip = True
        elif char == '"':
            quoted = not quoted
        elif char == separator and not quoted:
            yield text[start:index]
            start = index + 1
    yield text[start:]


def _unquote(text: str) -> str:
    if not text.startswith('"'):
        return text
    out: list[str] = []
    skip = False
    for char in text[1:]:
        if skip:
            out.append(char)
            skip = False
        elif char == "\\":
            skip = True
        elif char == '"':
            break
        else:
            out.append(char)
    return "".join(out)


def parameter(parameters: Mapping[str, str], name: str) -> str:
    """One parameter as clean text: RFC 2231 continuations and percent signs resolved, else encoded words decoded.

    Works on what `parse_parameters` found as well as on the parameters of an IMAP BODYSTRUCTURE.
    """
    lower = {key.lower(): value for key, value in parameters.items()}
    pieces: dict[int, tuple[str, bool]] = {}
    for key, value in lower.items():
        match = _CONTINUED.fullmatch(key)
        if match and match[1] == name:
            pieces[int(match[2] or 0)] = (value, bool(match[3]) or match[2] is None)
    raw, label, index = b"", "", 0
    while index in pieces:
        value, encoded = pieces[index]
        if encoded and index == 0 and value.count("'") >= 2:
            label, _, value = value.split("'", 2)
        data = value.encode("utf-8", errors="replace")
        raw += _PERCENT.sub(lambda m: bytes((int(m[1], 16),)), data) if encoded else data
        index += 1
    if raw:
        return clean_line(charset.decode(raw[: limits.FIELD_BYTES], label))[: limits.NAME_CHARACTERS]
    return decode_words(lower.get(name, ""))[: limits.NAME_CHARACTERS]


# Message ids ---------------------------------------------------------------------------------------------------------


def message_ids(text: str) -> tuple[str, ...]:
    """The ids of a References or In-Reply-To field, with their brackets, each once, at most `limits.REFERENCES`.

    Of a list that is too long, the first (the root of the thread) and the newest are kept.
    """
    found = list(dict.fromkeys(_MESSAGE_ID.findall(text)))
    if len(found) > limits.REFERENCES:
        found = [found[0], *found[-limits.REFERENCES + 1 :]]
    return tuple(found)


def message_id(text: str) -> str:
    """The id of a Message-ID field, with brackets (added where the sender forgot them), or "" if there is none."""
    text = text[:4_000]
    bracketed = _MESSAGE_ID.search(text)
    if bracketed:
        return bracketed[0]
    bare = None if "<" in text else _BARE_ID.search(text)
    return f"<{bare[0]}>" if bare else ""
