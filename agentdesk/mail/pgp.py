"""OpenPGP within a text (RFC 9580, 6.2 and 7): what was signed in clear is shown without its armor, unchecked; the rest is marked."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SIGNED, _SIGNATURE = "-----BEGIN PGP SIGNED MESSAGE-----", "-----BEGIN PGP SIGNATURE-----"
_SIGNATURE_END = "-----END PGP SIGNATURE-----"
_MESSAGE, _MESSAGE_END = "-----BEGIN PGP MESSAGE-----", "-----END PGP MESSAGE-----"
_ARMOR_FIELD = re.compile(r"(?:Hash|Version|Comment|Charset|NotDashEscaped|SaltedHash):", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Read:
    text: str
    armored: str = ""
    """What is encrypted, as it stood there."""
    marks: tuple[str, ...] = ()


def read(text: str) -> Read:
    """A text without the armor in it. One pass; a block that never ends goes to the end."""
    if "-----BEGIN PGP " not in text:
        return Read(text)
    shown: list[str] = []
    armored: list[str] = []
    marks: dict[str, None] = {}
    state = "text"
    for line in text.split("\n"):
        bare = line.rstrip()
        if state in {"text", "signed"} and bare == _SIGNED:
            state = "fields"
            marks["pgp-signed"] = None
        elif state in {"text", "signed"} and bare == _MESSAGE:
            state = "message"
            armored.append(line)
            marks["pgp-encrypted"] = None
        elif state == "fields":
            if not bare:
                state = "signed"
            elif not _ARMOR_FIELD.match(bare):
                state = "signed"
                shown.append(_undashed(line))
        elif state == "signed":
            if bare == _SIGNATURE:
                state = "signature"
            else:
                shown.append(_undashed(line))
        elif state == "signature":
            if bare == _SIGNATURE_END:
                state = "text"
        elif state == "message":
            armored.append(line)
            if bare == _MESSAGE_END:
                state = "text"
        else:
            shown.append(line)
    return Read("\n".join(shown), "\n".join(armored), tuple(marks))


def _undashed(line: str) -> str:
    return line.removeprefix("- ")
