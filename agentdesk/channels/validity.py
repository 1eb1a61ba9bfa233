"""How long a certificate in a file is valid. The standard library reads that of a server only, so its DER (RFC 5280, 4.1) is walked here."""

from __future__ import annotations

import re
import ssl
from datetime import UTC, datetime
from pathlib import Path

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_SEQUENCE, _VERSION, _UTC_TIME = 0x30, 0xA0, 0x17


def ends(file: Path) -> datetime:
    """When the first certificate of a PEM file ends.

    Raises:
        OSError: it can't be read.
        ValueError: there is none in it.
    """
    found = _PEM.search(file.read_text("ascii", "replace"))
    if found is None:
        raise ValueError("no certificate")
    outer, _ = _part(ssl.PEM_cert_to_DER_cert(found[0]), _SEQUENCE)
    rest, _ = _part(outer, _SEQUENCE)
    if rest[:1] == bytes([_VERSION]):
        _, rest = _part(rest, _VERSION)
    for _ in range(3):  # serialNumber, signature, issuer
        _, rest = _part(rest, None)
    validity, _ = _part(rest, _SEQUENCE)
    _, after = _part(validity, None)
    words, _ = _part(after, None)
    text = words.decode("ascii").removesuffix("Z")
    if after[0] == _UTC_TIME:  # of two figures, 50 and more are of the last century (RFC 5280, 4.1.2.5.1)
        text = ("19" if text[:2] >= "50" else "20") + text
    return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)


def _part(data: bytes, tag: int | None) -> tuple[bytes, bytes]:
    """The content of the first element, and what comes after it."""
    if len(data) < 2 or (tag is not None and data[0] != tag):
        raise ValueError("not a certificate")
    size, start = data[1], 2
    if size & 0x80:
        start += size & 0x7F
        size = int.from_bytes(data[2:start])
    if start + size > len(data):
        raise ValueError("not a certificate")
    return data[start : start + size], data[start + size :]
