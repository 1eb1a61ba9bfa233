"""A canned reply that was put into a draft: which, of which version, and its text as it stood there.

A draft carries its insertions until it is sent, so that taking a reply back takes back what is recorded of it, too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Insertion:
    name: str
    """Full name: `pack/name`."""
    language: str = ""
    version: str = ""
    """Of what the snippet said then (`Snippet.version`)."""
    commit: str = ""
    """Of the pack, where it comes from git."""
    text: str = ""
    """As it was put in, filled."""
    at: int = 0
    """Milliseconds since 1970."""
    asked: tuple[tuple[str, str], ...] = ()
    """What the agent answered: name, answer."""

    @property
    def pack(self) -> str:
        return self.name.rpartition("/")[0]


_NAMES = frozenset(each.name for each in fields(Insertion))


def to_json(insertions: Iterable[Insertion]) -> str:
    return json.dumps([asdict(each) for each in insertions], ensure_ascii=False)


def from_json(text: str) -> tuple[Insertion, ...]:
    """Drafts of version 1 and 2 name their snippets and say no more."""
    return tuple(
        Insertion(each) if isinstance(each, str) else _read({name: value for name, value in each.items() if name in _NAMES})
        for each in json.loads(text)
    )


def _read(values: dict[str, Any]) -> Insertion:
    asked = tuple((str(name), str(answer)) for name, answer in values.pop("asked", ()))
    return Insertion(**values, asked=asked)
