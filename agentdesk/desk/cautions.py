"""A caution in the agent's words."""

from __future__ import annotations

from collections.abc import Iterable

from agentdesk.desk.facts import Item
from agentdesk.domain import cards
from agentdesk.domain.warnings import KINDS, Caution
from agentdesk.locale import say


def words(caution: Caution, item: Item | None = None) -> str:
    """One sentence. `item`: the message, whose text says whether its card numbers are hidden."""
    first, _, second = caution.detail.partition(" ")
    match caution.kind:
        case "reply-to":
            return say("cautions.reply-to", answer=caution.detail)
        case "look-alike" if "@" in first and "@" in second and first.rpartition("@")[2] == second.rpartition("@")[2]:
            return say("cautions.near", real=first, copied=second)
        case "look-alike" if "@" in second:
            return say("cautions.claims", real=first, copied=second)
        case "look-alike":
            return say("cautions.look-alike", real=first, copied=second)
        case "link-target":
            return say("cautions.link-target", shown=first, target=second)
        case "executable":
            return say("cautions.executable", file=caution.detail)
        case _:
            in_full = item is not None and bool(cards.find(f"{item.subject}\n{item.text or ''}\n{item.quoted}"))
            return say("cautions.card" if in_full else "cautions.card_masked", card=caution.detail)


def gravest(cautions: Iterable[Caution]) -> str:
    """The kind of the worst severe one, or ""."""
    return min((one.kind for one in cautions if one.severe), key=KINDS.index, default="")
