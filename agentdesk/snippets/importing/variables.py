"""Variables of other programs and their names here; a text of theirs into one of ours, and the other way round."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from agentdesk.locale import say
from agentdesk.snippets.names import leaf_names

CURSOR = "$cursor"
"""Where the agent goes on writing; no program calls a variable so."""
_SHOPIFY = "ticket.customer.integrations.shopify.orders[0]"
_OWN = {name: name for name in leaf_names()} | {
    **{name: f"{name} | money" for name in ("order.total", "order.refund.total")},
    **{name: f"{name} | date" for name in ("order.placed_at", "order.shipment.shipped_at", "order.shipment.eta", "order.refund.at", "customer.since", "hours.next_open")},
}
_HELPSCOUT = {
    "customer.firstName": "customer.first_name", "customer.lastName": "customer.last_name", "customer.fullName": "customer.name",
    "customer.email": "customer.email", "user.firstName": "agent.first_name", "user.fullName": "agent.name", "user.email": "agent.email",
    "mailbox.name": "desk.name", "conversation.number": "conversation.id", "conversation.subject": "conversation.subject",
}  # fmt: skip

TABLES: Mapping[str, Mapping[str, str]] = {
    "chatwoot": {
        "contact.name": "customer.name", "contact.first_name": "customer.first_name", "contact.last_name": "customer.last_name",
        "contact.email": "customer.email", "contact.phone_number": "customer.phone", "contact.phone": "customer.phone",
        "agent.name": "agent.name", "agent.first_name": "agent.first_name", "agent.email": "agent.email",
        "conversation.display_id": "conversation.id", "conversation.id": "conversation.id", "inbox.name": "desk.name", "account.name": "desk.name",
    },
    "zendesk": {
        "ticket.id": "conversation.id", "ticket.title": "conversation.subject", "ticket.account": "desk.name", "ticket.brand.name": "desk.name",
        "ticket.requester.name": "customer.name", "ticket.requester.first_name": "customer.first_name",
        "ticket.requester.last_name": "customer.last_name", "ticket.requester.email": "customer.email", "ticket.requester.phone": "customer.phone",
        "ticket.requester.language": "customer.language",
        **{f"{who}.{name}": f"agent.{name}" for who in ("current_user", "ticket.assignee") for name in ("name", "first_name", "email")},
    },
    "gorgias": {
        "ticket.id": "conversation.id", "ticket.subject": "conversation.subject",
        "ticket.customer.firstname": "customer.first_name", "ticket.customer.first_name": "customer.first_name",
        "ticket.customer.lastname": "customer.last_name", "ticket.customer.last_name": "customer.last_name",
        "ticket.customer.name": "customer.name", "ticket.customer.email": "customer.email",
        **{f"{who}.{theirs}": f"agent.{ours}" for who in ("current_user", "ticket.assignee_user")
           for theirs, ours in (("name", "name"), ("firstname", "first_name"), ("first_name", "first_name"), ("email", "email"))},
        f"{_SHOPIFY}.name": "order.number", f"{_SHOPIFY}.order_number": "order.number", f"{_SHOPIFY}.total_price": "order.total | money",
        f"{_SHOPIFY}.created_at": "order.placed_at | date",
        f"{_SHOPIFY}.fulfillments[0].tracking_number": "order.shipment.number", f"{_SHOPIFY}.fulfillments[0].tracking_url": "order.shipment.url",
        f"{_SHOPIFY}.fulfillments[0].tracking_company": "order.shipment.carrier",
    },
    # Its variables are not described anywhere we know of: only those that are ours are taken over.
    "reamaze": _OWN,
    "csv": _OWN | _HELPSCOUT,
    "espanso": {CURSOR: CURSOR},
}  # fmt: skip
"""By format: a path there, and what is printed for it here."""

_EXPRESSION = re.compile(r"\{\{-?\s*([^{}]{1,400}?)\s*-?\}\}")
_HELPSCOUT_TAG = re.compile(r"\{%\s*([A-Za-z]+\.[A-Za-z]+)\s*(?:,\s*fallback\s*=\s*([^{}%]*?))?\s*%\}")
_LEFT_OVER = re.compile(r"\{\{|\}\}|\{%|%\}")
_PART = re.compile(r"""\|(?=(?:[^"']|"[^"]*"|'[^']*')*$)""")
_QUOTED = re.compile(r"""["']([^"']*)["']""")
_DEFAULTS = frozenset({"default", "fallback", ""})
_KEPT = frozenset({"capitalize", "upcase", "downcase", "strip"})
_NEEDLESS = frozenset({"escape", "strip_html", "newline_to_br", "date", "datetime_format", "money"})
"""What makes HTML does nothing to a text; dates and amounts are written by us."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A variable we have no name for: the agent is asked for it."""

    name: str
    """As it is written there."""
    line: int
    """Of the text."""
    ask: str


@dataclass(frozen=True, slots=True)
class Ours:
    """A text in our language."""

    text: str
    unknown: tuple[Unknown, ...] = ()
    asks: tuple[tuple[str, str, str], ...] = ()
    """Name, label, default of each question."""
    refused: str = ""
    """Why it can't be had; empty: it can."""


def ours(text: str, table: Mapping[str, str], questions: frozenset[str] = frozenset()) -> Ours:
    """Another program's text in our language. `questions`: its variables that are questions there, too."""
    made: list[str] = []
    unknown: list[Unknown] = []
    asks: dict[str, tuple[str, str]] = {}
    at = 0
    found = sorted([*_EXPRESSION.finditer(text), *_HELPSCOUT_TAG.finditer(text)], key=lambda match: match.start())
    for match in found:
        before = text[at : match.start()]
        if why := _stray(before, at == 0, end=False):
            return Ours("", refused=why)
        made.append(before)
        if match.re is _HELPSCOUT_TAG:
            path, default, strange = match[1], match[2] or "", ""
            kept: list[str] = []
        else:
            path, default, kept, strange = _parts(match[1])
        target = table.get(path, "")
        if target == CURSOR:
            made.append("{% cursor %}")
            at = match.end()
            continue
        if target.partition(" | ")[0] == path and "|" in match[1]:  # one of ours, with what is to be done to it: our check reads it
            made.append("{{ " + match[1].strip() + " }}")
            at = match.end()
            continue
        target = "" if strange else target
        if not target:
            name = _ask_name(path)
            if path not in questions:
                unknown.append(Unknown(strange or path, text.count("\n", 0, match.start()) + 1, name))
            asks.setdefault(name, (path, default))
            target, default = f"ask.{name}", ""
        filters = [*kept, *([f"default: {_quoted(default)}"] if default.strip() else [])]
        value, _, formatted = target.partition(" | ")
        made.append("{{ " + " | ".join([value, *([formatted] if formatted else []), *filters]) + " }}")
        at = match.end()
    if why := _stray(text[at:], at == 0, end=True):
        return Ours("", refused=why)
    made.append(text[at:])
    return Ours("".join(made), tuple(unknown), tuple((name, label, default) for name, (label, default) in asks.items()))


def _stray(literal: str, first: bool, *, end: bool) -> str:
    """Why a text between variables can't be taken over as it is."""
    found = _LEFT_OVER.search(literal)
    if found is not None:
        return say("importing.logic" if "%" in found[0] else "importing.braces")
    touching = (not first and literal.startswith("}")) or (not end and literal.endswith("{"))
    return say("importing.braces") if touching else ""


def _parts(expression: str) -> tuple[str, str, list[str], str]:
    """Path, default, filters we have too, and the whole expression where something in it is strange to us."""
    path, *filters = (part.strip() for part in _PART.split(expression))
    default, strange = "", ""
    kept: list[str] = []
    for one in filters:
        name, _, argument = one.partition("(" if "(" in one else ":")
        name = name.strip()
        if _QUOTED.fullmatch(name):  # `x || "there"`
            name, argument = "", name
        quoted = _QUOTED.search(argument)
        if name in _DEFAULTS:
            default = quoted[1] if quoted is not None else default
        elif name in _KEPT:
            kept.append(name)
        elif name not in _NEEDLESS:
            strange = " ".join(expression.split())
    return re.sub(r"\s+", "", path), default, kept, strange


def _quoted(text: str) -> str:
    mark = "'" if '"' in text else '"'
    return mark + text.replace(mark, "") + mark


def _ask_name(path: str) -> str:
    name = re.sub(r"[^a-z0-9]+", "_", path.lower()).strip("_")[:40].rstrip("_") or "value"
    return name if name[0].isalpha() else f"v_{name}"


# -- the other way round

_CHATWOOTS = {
    "customer.name": "contact.name", "customer.first_name": "contact.first_name", "customer.last_name": "contact.last_name",
    "customer.email": "contact.email", "customer.phone": "contact.phone_number", "agent.name": "agent.name",
    "agent.first_name": "agent.first_name", "conversation.id": "conversation.display_id",
}  # fmt: skip
"""Only what both its screen and its server know."""


@dataclass(frozen=True, slots=True)
class Theirs:
    """A text of ours as Chatwoot can hold it."""

    text: str
    cannot: tuple[str, ...] = ()
    """What of it can't be said there; then there is no text."""


def for_chatwoot(text: str, fixed: Mapping[str, str]) -> Theirs:
    """A text of ours in Chatwoot's names; `fixed` values (of the pack, of the desk) are written out."""
    cannot: list[str] = []
    made: list[str] = []
    at = 0
    for match in _EXPRESSION.finditer(text):
        made.append(text[at : match.start()])
        at = match.end()
        path, default, kept, strange = _parts(match[1])
        if path in fixed and not kept and not strange and "|" not in match[1]:
            made.append(fixed[path])
        elif path in _CHATWOOTS and not kept and not strange:
            made.append("{{ " + _CHATWOOTS[path] + (f" | default: {_quoted(default)}" if default else "") + " }}")
        else:
            cannot.append(match[1])
    made.append(text[at:])
    tags = re.findall(r"\{%-?\s*(\w+)", text)
    cannot += [f"{{% {tag} %}}" for tag in dict.fromkeys(tags) if not tag.startswith("end")]
    return Theirs("" if cannot else "".join(made), tuple(dict.fromkeys(cannot)))
