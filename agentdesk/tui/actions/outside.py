"""What leaves the screen: copies to the clipboard, links in a browser, the reply in one's own editor, the desk put to sleep."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from textual.app import SuspendNotSupported

from agentdesk.commands import Where
from agentdesk.desk.facts import Panel
from agentdesk.domain import reflow
from agentdesk.domain.clean import clean
from agentdesk.domain.customer import IdentityKind
from agentdesk.errors import Refused
from agentdesk.locale import say
from agentdesk.tui import outside
from agentdesk.tui.actions.registry import does
from agentdesk.tui.layout import cut
from agentdesk.tui.screens.desk import DeskScreen
from agentdesk.tui.sheets.pick import Options
from agentdesk.tui.widgets.sheet import Choice

_LINK = re.compile(r"(?i)\bhttps?://[^\s<>\"'()\[\]{}|\\^`]{3,2000}")
_LISTED = 40


def copied(screen: DeskScreen, what: str, words: str) -> None:
    """To the terminal's own clipboard (OSC 52), which is the agent's also over SSH."""
    screen.desk_app.copy_to_clipboard(what)
    screen.tell(say("outside.copied", what=words, text=cut(what, 60)))


def things(facts: Panel | None) -> Iterator[tuple[str, str]]:
    """What an agent copies most, first what the conversation is about: (name, text)."""
    if facts is None:
        return
    order = facts.about
    if order is not None:
        yield "order", order.number
        for shipment in order.shipments:
            if shipment.url:
                yield "tracking", shipment.url
            if shipment.number:
                yield "tracking_code", shipment.number
    customer = facts.customer
    for identity in customer.identities if customer is not None else ():
        if identity.kind is IdentityKind.EMAIL:
            yield "address", identity.value
        elif identity.kind is IdentityKind.PHONE:
            yield "phone", identity.value
    if customer is not None and customer.name:
        yield "name", customer.name


def _copy_first(screen: DeskScreen, *names: str) -> None:
    found = dict(reversed(list(things(screen.facts))))
    for name in names:
        if name in found:
            copied(screen, found[name], say(f"outside.copy_{name}"))
            return
    screen.tell(say("outside.nothing_to_copy", what=say(f"outside.copy_{names[0]}")))


@does("copy.order")
def copy_order(screen: DeskScreen, count: int, argument: str) -> None:
    _copy_first(screen, "order")


@does("copy.tracking")
def copy_tracking(screen: DeskScreen, count: int, argument: str) -> None:
    """The link, else the code."""
    _copy_first(screen, "tracking", "tracking_code")


@does("copy.address")
def copy_address(screen: DeskScreen, count: int, argument: str) -> None:
    _copy_first(screen, "address", "phone")


@does("copy")
def copy(screen: DeskScreen, count: int, argument: str) -> None:
    found = list(things(screen.facts))
    if screen.row is not None:
        found += [("conversation", screen.row.id), ("subject", screen.row.subject)]
    choices = [Choice(cut(text, 70), say(f"outside.copy_{name}"), (name, text)) for name, text in dict.fromkeys(found) if text]
    if not choices:
        screen.tell(say("screen.no_conversation"))
        return

    def chosen(choice: Choice) -> None:
        screen.close_sheet()
        name, text = choice.value
        copied(screen, text, say(f"outside.copy_{name}"))

    screen.choose_from(Options(say("commands.copy_help"), choices, chosen, share=0.6))


# -- links


def links(screen: DeskScreen) -> list[tuple[str, str]]:
    """(link, where it stands): where parcels are first, then the newest message's."""
    facts = screen.facts
    found: dict[str, str] = {}
    for order in facts.orders if facts is not None else ():
        for shipment in order.shipments:
            if _LINK.fullmatch(shipment.url):
                found.setdefault(shipment.url, say("outside.link_of_order", number=order.number))
    for item in reversed(screen.conversation.items):
        for match in _LINK.finditer(item.text or ""):
            found.setdefault(match[0].rstrip(".,;:!?…*_"), item.sender.name or item.sender.address)
    return list(found.items())[:_LISTED]


@does("links")
def show_links(screen: DeskScreen, count: int, argument: str) -> None:
    found = links(screen)
    if not found:
        screen.tell(say("outside.no_links"))
        return

    def chosen(choice: Choice) -> None:
        screen.close_sheet()
        follow(screen, str(choice.value))

    def turned(choice: Choice) -> None:
        screen.close_sheet()
        copied(screen, str(choice.value), say("outside.copy_link"))

    choices = [Choice(f"{host_of(link)} · {cut(link.partition('://')[2].partition('/')[2] or '/', 60)}", where, link) for link, where in found]
    hint = [(say("outside.links_hint", key=screen.desk_app.key_of("picker.turn")), screen.desk_app.roles.mute)]
    screen.choose_from(Options(say("commands.links_help"), choices, chosen, turned=turned, share=0.6, wide=True, hint=hint))


def host_of(link: str) -> str:
    """Who it leads to, in the form that shows look-alike letters for what they are."""
    host = urlsplit(link).hostname or ""
    try:
        return host if host.isascii() else f"{host} ({host.encode('idna').decode()})"
    except UnicodeError:
        return host


def follow(screen: DeskScreen, link: str) -> None:
    """In the agent's browser; where that is on another machine, the link is copied instead."""
    if outside.is_remote(os.environ):
        copied(screen, link, say("outside.copy_link_to_open"))
        return
    try:
        outside.start(screen.desk.config, outside.opener(), link)
    except (Refused, OSError):
        copied(screen, link, say("outside.copy_link_to_open"))
        return
    screen.tell(say("screen.opened", name=host_of(link)))


# -- the terminal lent to others


def _away(screen: DeskScreen, do: Callable[[], None]) -> None:
    """With the screen put away. What was typed is saved before."""
    screen.save_draft()
    try:
        with screen.desk_app.suspend():
            do()
    except SuspendNotSupported:
        screen.tell(say("outside.no_suspend"), "bad")


@does("composer.editor")
def edit_outside(screen: DeskScreen, count: int, argument: str) -> None:
    draft = screen.composer.take()
    if draft is None:
        screen.tell(say("outside.editor_where"))
        return
    found: list[str | Exception] = []

    def write() -> None:
        try:
            found.append(outside.edited(screen.desk.config, draft.text))
        except (Refused, OSError) as error:
            found.append(error)

    _away(screen, write)
    if not found:
        return
    if isinstance(found[0], Exception):
        screen.tell(str(found[0]), "bad")
        return
    text = clean(found[0]).replace("\ufffd", "")
    if text != draft.text:
        screen.composer.replace_text(text)
        screen.composer.edited()
        screen.tell(say("outside.edited_outside"))
    screen.show_keys()


@does("composer.reflow")
def wrap_anew(screen: DeskScreen, count: int, argument: str) -> None:
    """The paragraph the cursor is in."""
    composer = screen.composer
    if composer.draft is None:
        return
    lines = composer.box.text.split("\n")
    first, last = reflow.paragraph(lines, composer.box.cursor_location[0])
    found = reflow.wrapped(lines[first:last])
    if found == lines[first:last]:
        screen.tell(say("outside.nothing_to_reflow"))
        return
    composer.replace_text("\n".join(found), first, last)
    composer.edited()
    screen.tell(say("outside.reflowed"))


@does("suspend")
def suspend(screen: DeskScreen, count: int, argument: str) -> None:
    """Back to the shell, until `fg`. The engine goes on meanwhile."""
    if screen.where() is Where.COMPOSER:
        screen.save_draft()
    screen.desk_app.action_suspend_process()
