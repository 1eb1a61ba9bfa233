"""Addresses as an agent types and reads them, in To and Cc: not the grammar of RFC 5322, which is `agentdesk.mail.addresses`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from agentdesk.domain.message import Address

_NAMED = re.compile(r"\"?(?P<name>[^\"]*?)\"?\s*<(?P<address>[^<>]*)>?")


def valid_address(address: str) -> bool:
    """Whether it can stand in an envelope: one @, something on both sides, nothing that could be a command."""
    local, at, domain = address.rpartition("@")
    bad = any(c.isspace() or not c.isprintable() or c in '<>()[],;:\\"' for c in address)
    return bool(local and at and domain) and not bad and "@" not in local and ".." not in domain and not domain.startswith(".")


def parse_addresses(text: str) -> tuple[Address, ...]:
    """What an agent typed into To or Cc: addresses parted by commas, semicolons or spaces, with or without names.

    `Rossi, Maria <m@b.example>` is one person, with quotation marks or without. What has no @ is kept, so that the check
    before sending can name it.
    """
    found: list[Address] = []
    pieces = _pieces(text)
    for number, piece in enumerate(pieces):
        following = pieces[number + 1] if number + 1 < len(pieces) else ""
        if "@" not in piece and "<" in following:
            # A surname before the comma of a name without quotation marks.
            pieces[number + 1] = f"{piece}, {following}"
            continue
        named = _NAMED.fullmatch(piece)
        words = piece.split()
        if named is not None:
            found.append(Address(named["name"].strip(), named["address"].strip()))
        elif all("@" in word for word in words):
            found.extend(Address("", word) for word in words)
        else:
            found.append(Address("", piece))
    return tuple(found)


def _pieces(text: str) -> list[str]:
    """The text between the commas that stand neither in quotation marks nor in angle brackets."""
    pieces, current, quoted, inside = [], "", False, False
    for character in text:
        quoted ^= character == '"'
        inside = not quoted and (inside or character == "<") and character != ">"
        if character in ",;\n" and not quoted and not inside:
            pieces.append(current)
            current = ""
        else:
            current += character
    return [piece.strip() for piece in (*pieces, current) if piece.strip()]


def show_addresses(addresses: Iterable[Address]) -> str:
    """Addresses as an agent edits them."""
    return ", ".join(f'"{a.name}" <{a.address}>' if set(a.name) & set(",;") else str(a) for a in addresses)
