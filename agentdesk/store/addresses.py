"""Addresses as the store keeps them: a JSON array of [name, address]."""

from __future__ import annotations

import json
from collections.abc import Iterable

from agentdesk.domain.message import Address


def to_json(addresses: Iterable[Address]) -> str:
    return json.dumps([[a.name, a.address] for a in addresses], ensure_ascii=False)


def from_json(stored: str) -> tuple[Address, ...]:
    return tuple(Address(name, address) for name, address in json.loads(stored))
