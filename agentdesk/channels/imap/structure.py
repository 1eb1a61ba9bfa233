"""BODYSTRUCTURE (RFC 3501, 7.4.2) as the list of parts that the mail room reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from agentdesk.mail import charset
from agentdesk.mail.headers import parameter, parse_parameters
from agentdesk.mail.parts import PartInfo

_NAMES = tuple(field.name for field in fields(PartInfo))
_DEEPEST = 50
_MOST = 1000


def parts(body: Any) -> tuple[PartInfo, ...]:
    """The parts of a message, multiparts before their children; empty if the structure makes no sense.

    Messages within the message are single parts: they are attachments, opened as such.
    """
    found: list[PartInfo] = []
    try:
        _walk(body, "", found, depth=0)
    except (TypeError, IndexError, ValueError, AttributeError):
        return ()
    if any(part.is_multipart for part in found) and not any(part.size for part in found):
        return ()  # its boundary never comes: what is in it is the text
    return tuple(found)


def dump(found: Sequence[PartInfo]) -> bytes:
    """Parts written down, for `load`; empty if there are none."""
    if not found:
        return b""
    written = [
        {"section": part.section, "type": part.type} | {name: value for name in _NAMES if (value := getattr(part, name))} for part in found
    ]
    return json.dumps(written, separators=(",", ":")).encode("ascii")


def load(written: bytes) -> tuple[PartInfo, ...]:
    """What `dump` wrote, also that of another version of it; empty if it can't be read."""
    try:
        return tuple(PartInfo(**{name: value for name, value in part.items() if name in _NAMES}) for part in json.loads(written))
    except (ValueError, TypeError, AttributeError):
        return ()


def _walk(body: Any, section: str, found: list[PartInfo], *, depth: int) -> None:
    if depth > _DEEPEST or len(found) >= _MOST:
        raise ValueError("too complex")
    if not isinstance(body, tuple) or not body:
        raise ValueError("no structure")
    if isinstance(body[0], (list, tuple)):
        # IMAPClient puts the children of the outer levels into a list, and leaves those of others side by side
        children = list(body[0]) if isinstance(body[0], list) else [one for one in body if isinstance(one, tuple)]
        rest: Sequence[Any] = body[1:] if isinstance(body[0], list) else body[len(children) :]
        subtype = _word(rest[0]) if rest else "mixed"
        found.append(PartInfo(section, f"multipart/{subtype}"))
        for index, child in enumerate(children, 1):
            _walk(child, f"{section}.{index}" if section else str(index), found, depth=depth + 1)
        return
    kind, subtype = _word(body[0]), _word(body[1])
    if not kind or not subtype:  # what makes no sense is plain text (RFC 2045, 5.2)
        kind, subtype = "text", "plain"
    given = _parameters(body[2])
    disposition, also = _disposition(body, kind, subtype)
    found.append(
        PartInfo(
            section or "1",
            f"{kind}/{subtype}",
            charset=given.get("charset", ""),
            encoding=_word(body[5]) if body[5] is not None else "",
            name=parameter(also, "filename") or parameter(given, "name"),
            disposition=disposition,
            content_id=_text(body[3]).strip().strip("<>"),
            size=body[6] if isinstance(body[6], int) else 0,
            flowed=given.get("format", "").lower() == "flowed",
            delsp=given.get("delsp", "").lower() == "yes",
        )
    )


def _disposition(body: Sequence[Any], kind: str, subtype: str) -> tuple[str, dict[str, str]]:
    at = 9 if kind == "text" else 11 if (kind, subtype) == ("message", "rfc822") else 8
    value = body[at] if len(body) > at else None
    if isinstance(value, bytes):  # pymap: the header field as it stands, in one string
        return parse_parameters(_text(value))
    if not isinstance(value, tuple) or not value or not isinstance(value[0], bytes):
        return "", {}
    return _word(value[0]), _parameters(value[1] if len(value) > 1 else None)


def _parameters(value: Any) -> dict[str, str]:
    """Name and value alternating; names in lower case."""
    if not isinstance(value, tuple):
        return {}
    pairs = zip(value[::2], value[1::2], strict=False)
    return {_word(name): _text(given) for name, given in pairs}


def _word(value: Any) -> str:
    return _text(value).strip().lower()


def _text(value: Any) -> str:
    if value is None:
        return ""
    return charset.decode(value) if isinstance(value, bytes) else str(value)
