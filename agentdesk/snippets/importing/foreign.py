"""What the readers of other programs' files give: plain values, not yet in our language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MOST_BYTES = 32 << 20
"""Of a file; larger ones are no canned replies."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """A canned reply as another program has it."""

    key: str
    """What stays the same there when it is edited: an id, or a shortcut. By it a snippet keeps its name when it is imported again."""
    title: str
    text: str
    """Plain; variables as they are written there."""
    html: bool = False
    subject: str = ""
    shortcut: str = ""
    language: str = ""
    tags: tuple[str, ...] = ()
    actions: Mapping[str, Any] = field(default_factory=dict)
    asks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Variables that ask the person there, too, with their choices."""
    left: tuple[str, ...] = ()
    """What it does there and can't do here, in a word or two."""


@dataclass(frozen=True, slots=True)
class Refused:
    """An entry that is not imported, and why."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Read:
    entries: tuple[Foreign, ...]
    refused: tuple[Refused, ...] = ()
