"""Cautions kept with a message: found once, when it is brought in and when its text or an attachment comes."""

from __future__ import annotations

from collections.abc import Iterable

from agentdesk.domain import executable, warnings
from agentdesk.domain.message import Address, Body, Direction, Envelope, Verified
from agentdesk.domain.warnings import Caution
from agentdesk.store.database import Tx
from agentdesk.store.rules import Rules


def at_arrival(tx: Tx, conversation: int, envelope: Envelope, rules: Rules) -> str:
    """What the header says, as the column holds it."""
    rows = tx.all(
        "SELECT i.value FROM identity i JOIN conversation c ON c.customer = i.customer WHERE c.row = ? AND i.kind = 'email'", (conversation,)
    )
    found = warnings.of_envelope(envelope, own=rules.own, known=[row["value"] for row in rows])
    return warnings.to_json(found + _cards(envelope.subject))


def of_text(tx: Tx, message: int, body: Body) -> None:
    """What text and attachments add. What we wrote ourselves needs no warning."""
    known = tx.one("SELECT direction, from_name, from_address, automatic, verified FROM message WHERE row = ?", (message,))
    if known["direction"] != Direction.IN:
        return
    sender = Address(known["from_name"], known["from_address"])
    add(tx, message, warnings.of_body(body, sender=sender, automatic=bool(known["automatic"]), verified=Verified(known["verified"])))


def of_chat(text: str, files: Iterable[tuple[str, str]]) -> str:
    """What a chat's message holds, as the column holds it; `files`: (name, type)."""
    named = (Caution("executable", name or kind) for name, kind in files if executable.is_executable(name, kind))
    return warnings.to_json(warnings.merged(warnings.of_links(warnings.links_in(text)), named, _cards(text)))


def of_archive(tx: Tx, attachment: int, program: str) -> None:
    """An attachment has come; `program`: the first one in it, or ""."""
    row = tx.one("SELECT message, name FROM attachment WHERE id = ?", (attachment,)) if program else None
    if row is not None:
        add(tx, row["message"], [Caution("executable", f"{row['name']}: {program}")])


def add(tx: Tx, message: int, found: Iterable[Caution]) -> None:
    row = tx.one("SELECT cautions FROM message WHERE row = ?", (message,))
    now = warnings.to_json(warnings.merged(warnings.from_json(row["cautions"]), found))
    if now != row["cautions"]:
        tx.execute("UPDATE message SET cautions = ? WHERE row = ?", (now, message))


def _cards(text: str) -> tuple[Caution, ...]:
    return warnings.of_text(text)
