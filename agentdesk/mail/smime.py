"""What an S/MIME part (application/pkcs7-mime, RFC 8551) holds, as far as it can be told without keys: its kind, and the signed
content if it stands there in clear. Nothing is verified.

A reader of just the path through the BER (X.690) that leads there (RFC 5652): ContentInfo, SignedData, EncapsulatedContentInfo.
What breaks off, because only the beginning was fetched, is read as far as it goes.
"""

from __future__ import annotations

from dataclasses import dataclass

_SEQUENCE, _OID, _CONTEXT_0 = 0x30, 0x06, 0xA0
_OCTETS, _OCTETS_IN_PIECES = 0x04, 0x24
_SIGNED = bytes.fromhex("2a864886f70d010702")
_KINDS = {
    _SIGNED: "signed",
    bytes.fromhex("2a864886f70d010703"): "encrypted",
    bytes.fromhex("2a864886f70d0109100117"): "encrypted",  # authEnvelopedData, RFC 5083
    bytes.fromhex("2a864886f70d010704"): "encrypted",  # signedAndEnvelopedData of PKCS #7
}
_MOST_PIECES = 100_000


@dataclass(frozen=True, slots=True)
class Secured:
    kind: str
    """ "signed", "encrypted", or "" for anything else."""
    content: bytes = b""
    """The signed MIME entity."""
    complete: bool = False


@dataclass(slots=True)
class _Element:
    tag: int
    start: int
    """Of its content."""
    end: int | None
    """None: indefinite, up to its end-of-contents."""


def read(der: bytes) -> Secured:
    """Never raises."""
    try:
        return _read(der)
    except (IndexError, ValueError):
        return Secured("")


def _read(der: bytes) -> Secured:
    info = _expect(der, 0, _SEQUENCE)
    kind = _expect(der, info.start, _OID)
    assert kind.end is not None
    name = _KINDS.get(der[kind.start : kind.end], "")
    if name != "signed":
        return Secured(name)
    signed = _expect(der, _expect(der, kind.end, _CONTEXT_0).start, _SEQUENCE)
    version = _element(der, signed.start)
    digests = _element(der, _after(der, version))
    inside = _expect(der, _after(der, digests), _SEQUENCE)
    content_kind = _expect(der, inside.start, _OID)
    assert content_kind.end is not None
    if content_kind.end >= len(der) or der[content_kind.end] != _CONTEXT_0:
        return Secured(name)  # detached, or certificates only
    content, complete = _octets(der, _expect(der, content_kind.end, _CONTEXT_0).start)
    return Secured(name, content, complete)


def _octets(der: bytes, at: int) -> tuple[bytes, bool]:
    """An OCTET STRING, whole or in pieces."""
    outer = _element(der, at)
    if outer.tag == _OCTETS and outer.end is not None:
        return der[outer.start : outer.end], outer.end <= len(der)
    if outer.tag != _OCTETS_IN_PIECES:
        raise ValueError("no octets")
    pieces: list[bytes] = []
    at = outer.start
    while len(pieces) < _MOST_PIECES and at < len(der) and (outer.end is None or at < outer.end):
        if der[at : at + 2] == b"\0\0":
            return b"".join(pieces), True
        piece = _element(der, at)
        if piece.tag != _OCTETS or piece.end is None:
            raise ValueError("no octets")
        pieces.append(der[piece.start : piece.end])
        at = piece.end
    return b"".join(pieces), outer.end is not None and outer.end <= len(der)


def _expect(der: bytes, at: int, tag: int) -> _Element:
    found = _element(der, at)
    if found.tag != tag:
        raise ValueError("unexpected")
    return found


def _element(der: bytes, at: int) -> _Element:
    tag, length = der[at], der[at + 1]
    at += 2
    if tag & 0x1F == 0x1F:
        raise ValueError("long tag")
    if length == 0x80:
        return _Element(tag, at, None)
    if length > 0x80:
        octets = length & 0x7F
        if octets > 8:
            raise ValueError("long length")
        length = int.from_bytes(der[at : at + octets], "big")
        at += octets
    return _Element(tag, at, at + length)


def _after(der: bytes, element: _Element) -> int:
    """Where the next one begins. Version and digest algorithms are short, so an indefinite one is searched for its end."""
    if element.end is not None:
        return element.end
    end = der.index(b"\0\0", element.start)
    return end + 2
