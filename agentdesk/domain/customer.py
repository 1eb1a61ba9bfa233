"""A customer: one person, known by one or more identities."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class IdentityKind(StrEnum):
    EMAIL = "email"
    PHONE = "phone"
    CHAT = "chat"


@dataclass(frozen=True, slots=True, order=True)
class Identity:
    """One thing that identifies a person: an address, a phone number, a chat contact (`channel:contact`)."""

    kind: IdentityKind
    value: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"


def email_identity(address: str) -> Identity | None:
    """An address in the form in which two are compared, or None if it is not one."""
    value = address.strip().lower()
    return Identity(IdentityKind.EMAIL, value) if "@" in value and not value.startswith("@") else None


LONGEST_PHONE = 15
"""Digits, international prefix included (E.164)."""


def phone_identity(number: str) -> Identity | None:
    """A phone number reduced to its digits, international prefix without 00 or +; None if it is none.

    What people type into a field they want to leave empty (0000000, 333 3333333, 123456789) is nobody's number.
    """
    digits = re.sub(r"[^0-9]", "", number)
    made_up = len(set(digits)) < 3 or digits in "01234567890123456789"
    digits = digits.removeprefix("00")
    return None if made_up or not 7 <= len(digits) <= LONGEST_PHONE else Identity(IdentityKind.PHONE, digits)


@dataclass(frozen=True, slots=True)
class Customer:
    id: int
    name: str
    language: str = ""
    identities: tuple[Identity, ...] = ()

    @property
    def address(self) -> str:
        """The first mail address, or the first identity's value."""
        for identity in self.identities:
            if identity.kind is IdentityKind.EMAIL:
                return identity.value
        return self.identities[0].value if self.identities else ""
