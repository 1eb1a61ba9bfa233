"""Outgoing mail, written field by field (RFC 5322, 2045-2047, 2231). Only what is put in here can come out.

Not the generators of Python's email package: they have let line breaks through into the header (CVE-2024-6923, CVE-2026-1299).
Here a value is reduced to one clean line before it is encoded, and what it is encoded to cannot hold a line break.
"""

from __future__ import annotations

import re
import secrets
from binascii import b2a_base64, b2a_qp
from collections.abc import Iterable, Sequence
from email.utils import format_datetime
from hashlib import sha256

from agentdesk.domain.clean import clean, clean_line, file_name
from agentdesk.domain.message import Address, Outgoing, OutgoingFile
from agentdesk.errors import Refused
from agentdesk.locale import say

_WIDTH = 76
_CRLF = "\r\n"
_ATOM_TEXT = r"A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\U0010ffff-"
_DOT_ATOM = re.compile(rf"[{_ATOM_TEXT}]+(?:\.[{_ATOM_TEXT}]+)*")
_PLAIN_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"[^\s\x00-\x20\x7f@<>()\[\],;:\\\"\ufffd]{1,255}|\[[0-9A-Za-z:.]{1,64}\]")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,900}>")
_TYPE = re.compile(r"(?!multipart/|message/)[a-z0-9][a-z0-9!#$&^_.+-]{0,60}/[a-z0-9][a-z0-9!#$&^_.+-]{0,80}")
_ENCODED_WORD_BYTES = 45  # become 60 characters of base64, 72 with "=?utf-8?B?" and "?="
_REFERENCES_KEPT = 30
_SAFE_IN_NAME = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$&+-.^_`|~")


def new_message_id(domain: str) -> str:
    """A Message-ID that nobody can guess, with its brackets."""
    host = clean_line(domain).rpartition("@")[2]
    try:
        host = host.encode("idna").decode("ascii") if not host.isascii() else host
    except (UnicodeError, ValueError):
        host = ""
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?", host):
        host = "agentdesk.invalid"
    return f"<{secrets.token_hex(16)}@{host}>"


def compose(outgoing: Outgoing) -> bytes:
    """The message as it goes over the wire and into Sent: the same bytes every time it is composed.

    Blind copies are no part of it. An address whose local part is not ASCII stays raw UTF-8 (RFC 6532): such a message is
    not `isascii()` and needs a server with SMTPUTF8.

    Raises:
        Refused: an address or the Message-ID can't stand in a header.
    """
    if not _MESSAGE_ID.fullmatch(outgoing.message_id):
        raise Refused(say("mail.bad_id", id=clean_line(outgoing.message_id)[:80]))
    lines = [
        _field("Date", [format_datetime(outgoing.date)]),
        _field("From", [_address(outgoing.sender)]),
        _field("To", _comma_separated(outgoing.to) or ["undisclosed-recipients:;"]),
    ]
    if outgoing.cc:
        lines.append(_field("Cc", _comma_separated(outgoing.cc)))
    lines.append(_field("Subject", _words(outgoing.subject)))
    lines.append(_field("Message-ID", [outgoing.message_id]))
    if _MESSAGE_ID.fullmatch(outgoing.in_reply_to):
        lines.append(_field("In-Reply-To", [outgoing.in_reply_to]))
    references = [each for each in outgoing.references if _MESSAGE_ID.fullmatch(each)]
    if len(references) > _REFERENCES_KEPT:
        references = [references[0], *references[1 - _REFERENCES_KEPT :]]
    if references:
        lines.append(_field("References", references))
    lines.append("MIME-Version: 1.0")
    head = _CRLF.join(lines) + _CRLF
    text_head, text = _text_part(outgoing.text)
    if not outgoing.files:
        return f"{head}{text_head}{_CRLF}{text}".encode()
    # "=_" occurs in no quoted-printable or base64 text, and the digest in no other.
    boundary = "=_" + sha256(f"{outgoing.message_id}{outgoing.text}".encode(errors="replace")).hexdigest()[:40]
    delimiter = f"{_CRLF}--{boundary}"
    parts = [f"{text_head}{_CRLF}{text}", *(_file_part(file) for file in outgoing.files)]
    return (
        f'{head}Content-Type: multipart/mixed; boundary="{boundary}"{_CRLF}'
        + "".join(f"{delimiter}{_CRLF}{part}" for part in parts)
        + f"{delimiter}--{_CRLF}"
    ).encode()


# Fields --------------------------------------------------------------------------------------------------------------


def _field(name: str, tokens: Sequence[str]) -> str:
    """A header field, folded between tokens at 76 columns."""
    lines = [f"{name}:"]
    for token in tokens:
        if len(lines[-1]) + 1 + len(token) > _WIDTH and lines[-1] != f"{name}:":
            lines.append("")
        lines[-1] += f" {token}"
    return _CRLF.join(lines)


def _words(text: str) -> list[str]:
    """Unstructured text as tokens that may be folded apart: its words, or encoded words (RFC 2047)."""
    line = clean_line(text)
    words = line.split(" ")
    if line.isascii() and "=?" not in line and all(len(word) <= _WIDTH - 10 for word in words):
        return words if line else []
    return list(_encoded_words(line))


def _encoded_words(line: str) -> Iterable[str]:
    """Base64 words of at most 75 characters, none of which cuts a character in two."""
    chunk = b""
    for char in line:
        data = char.encode("utf-8", errors="replace")
        if len(chunk) + len(data) > _ENCODED_WORD_BYTES:
            yield f"=?utf-8?B?{_base64(chunk)}?="
            chunk = b""
        chunk += data
    if chunk:
        yield f"=?utf-8?B?{_base64(chunk)}?="


def _comma_separated(addresses: Sequence[Address]) -> list[str]:
    tokens = [_address(address) for address in addresses]
    return [f"{token}," for token in tokens[:-1]] + tokens[-1:]


def _address(address: Address) -> str:
    spec = addr_spec(address.address)
    name = clean_line(address.name)
    if not name:
        return spec
    if name.isascii() and "=?" not in name and len(name) <= _WIDTH:
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return f"{name} <{spec}>" if _PLAIN_PHRASE.fullmatch(name) else f'"{escaped}" <{spec}>'
    return f"{f'{_CRLF} '.join(_encoded_words(name))} <{spec}>"


def addr_spec(address: str) -> str:
    """An address as it may stand in a header and in an SMTP command: quoted where needed, its domain in ASCII.

    Raises:
        Refused: it is no address.
    """
    line = clean_line(address)
    local, at, domain = line.rpartition("@")
    refused = Refused(say("mail.bad_address", address=line[:80]))
    if not at or not local or len(line) > 320 or "\ufffd" in line or not _DOMAIN.fullmatch(domain):
        raise refused
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode("ascii")
        except (UnicodeError, ValueError):
            raise refused from None
    if _DOT_ATOM.fullmatch(local):
        return f"{local}@{domain}"
    inner = local[1:-1].replace('\\"', '"').replace("\\\\", "\\") if len(local) > 1 and local[0] == local[-1] == '"' else ""
    if not inner:
        raise refused
    quoted = inner.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}"@{domain}'


# Content -------------------------------------------------------------------------------------------------------------


def _text_part(text: str) -> tuple[str, str]:
    """Header and content of the text: as it is where short ASCII lines allow it, else quoted-printable, else base64."""
    text = clean(text).strip("\n") + "\n"
    lines = text.split("\n")
    plain = text.isascii() and all(len(line) <= 78 and not line.startswith("From ") and line != "." for line in lines)
    if plain:
        return _text_head("us-ascii", "7bit"), _CRLF.join(lines)
    data = _CRLF.join(lines).encode("utf-8", errors="replace")
    quoted = b2a_qp(data, istext=True)
    if len(quoted) > len(data) * 4 // 3 + 100:
        return _text_head("utf-8", "base64"), _wrapped_base64(data)
    # "From " at the start of a line is what mailbox files are parted by
    body = quoted.decode("ascii").replace("\r\n", "\n").replace("\nFrom ", "\n=46rom ").replace("\n", _CRLF)
    return _text_head("utf-8", "quoted-printable"), body.replace("From ", "=46rom ", 1) if body.startswith("From ") else body


def _text_head(charset: str, encoding: str) -> str:
    return f"Content-Type: text/plain; charset={charset}{_CRLF}Content-Transfer-Encoding: {encoding}{_CRLF}"


def _file_part(file: OutgoingFile) -> str:
    kind = clean_line(file.type).lower()
    kind = kind if _TYPE.fullmatch(kind) else "application/octet-stream"
    name = file_name(file.name)
    head = [
        _field("Content-Type", [f"{kind};", *_old_style_name(name)]),
        _field("Content-Disposition", ["attachment;", *_name_parameter("filename", name)]),
        "Content-Transfer-Encoding: base64",
    ]
    return _CRLF.join(head) + _CRLF * 2 + _wrapped_base64(file.content)


def _old_style_name(name: str) -> list[str]:
    """`name` of the Content-Type, for programs that don't know RFC 2231: quoted, or as encoded words inside quotes."""
    if name.isascii() and len(name) < 60:
        return [f'name="{_escaped(name)}"']
    words = f"{_CRLF} ".join(_encoded_words(name))
    return [f'name="{words}"']


def _name_parameter(parameter: str, name: str) -> list[str]:
    """A parameter by RFC 2231, in pieces where it is long."""
    if name.isascii() and len(name) < 60:
        return [f'{parameter}="{_escaped(name)}"']
    encoded = [chr(byte) if byte in _SAFE_IN_NAME else f"%{byte:02X}" for byte in name.encode()]
    pieces = [""]
    for item in encoded:
        if len(pieces[-1]) + len(item) > 50:
            pieces.append("")
        pieces[-1] += item
    if len(pieces) == 1:
        return [f"{parameter}*=utf-8''{pieces[0]}"]
    pieces[0] = f"utf-8''{pieces[0]}"
    tokens = [f"{parameter}*{index}*={piece}" for index, piece in enumerate(pieces)]
    return [f"{token};" for token in tokens[:-1]] + tokens[-1:]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _base64(data: bytes) -> str:
    return b2a_base64(data, newline=False).decode("ascii")


def _wrapped_base64(data: bytes) -> str:
    encoded = _base64(data)
    return _CRLF.join(encoded[start : start + _WIDTH] for start in range(0, len(encoded), _WIDTH)) + _CRLF
