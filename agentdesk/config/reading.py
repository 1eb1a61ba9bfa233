"""From the files to a `DeskConfig`.

The first thing that is wrong ends the reading with its file, line and key. What the rest can live without (a pack, an order
file, a keymap that is not there) is kept in `DeskConfig.faults` instead.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from agentdesk import locale as catalogue
from agentdesk.config import sections
from agentdesk.config.nodes import LIMIT, Node, Table, nearest, overlay, read_file
from agentdesk.config.packs import packs
from agentdesk.config.types import DeskConfig, Hours
from agentdesk.errors import ConfigError
from agentdesk.locale import say

MAIN = "desk.toml"
LOCAL = "desk.local.toml"
TABLES = ("desk", "agent", "channels", "shop", "snippets", "team", "promises", "hours", "views", "sending", "privacy", "budget", "keys")


def load(folder: Path, state: Path) -> DeskConfig:
    """Read a desk's folder. From here on the catalogue speaks the desk's language.

    Raises:
        ConfigError: a file is missing or says something wrong.
        NotInThisVersion: it asks for what a later version brings.
    """
    main = folder / MAIN
    if not main.is_file():
        raise ConfigError(say("config.no_desk", folder=folder), file=main)
    if broken_too := locale_of(folder):
        catalogue.use(broken_too)
    root = read_file(main)
    local = folder / LOCAL
    if local.is_file():
        root = overlay(root, read_file(local))
    _speak(root)
    table = Table(root, *TABLES)
    faults: list[str] = []
    found: dict[str, Any] = {}
    found |= sections.desk(_needed(table, "desk", main, sections.DESK_KEYS))
    found |= sections.agent(_needed(table, "agent", main, sections.AGENT_KEYS))
    found["channels"] = sections.channels(table.nodes("channels"), folder)
    if (shop := _shop(table)) is not None:
        found |= sections.shop(shop, folder, faults)
    found |= packs(table.table("snippets", "packs"), folder, state, faults)
    if (team := table.table("team", *sections.TEAM_KEYS)) is not None:
        found |= sections.team(team)
    if (promises := table.table("promises", *sections.PROMISES)) is not None:
        found["promises"] = sections.promises(promises)
    if (hours := table.table("hours", *sections.HOURS_KEYS)) is not None:
        found["hours"] = sections.hours(hours)
    found["views"] = sections.views(table.nodes("views"))
    if (sending := table.table("sending", *sections.SENDING_KEYS)) is not None:
        found |= sections.sending(sending)
    if (privacy := table.table("privacy", *sections.PRIVACY_KEYS)) is not None:
        found |= sections.privacy(privacy)
    if (budget := table.table("budget", "day", "channels")) is not None:
        # A chat fetches nothing ahead that could be held back
        found["budget"] = sections.budget(budget, [channel.name for channel in found["channels"] if channel.kind == "imap"])
    if (keys := table.table("keys", "map")) is not None:
        found["keymap"] = sections.keymap(keys, folder, faults)
    return DeskConfig(folder=folder, state=state, faults=tuple(faults), **found)


def _speak(root: Node) -> None:
    """Choose the desk's language before anything can go wrong in it."""
    desk = root.value.get("desk")
    locale = desk.value.get("locale") if desk is not None and isinstance(desk.value, dict) else None
    if locale is not None and isinstance(locale.value, str):
        catalogue.use(locale.value)


def locale_of(folder: Path) -> str:
    """The desk's locale by its line alone, or empty: for words that are needed before desk.toml is read, or when it is broken."""
    try:
        text = (folder / MAIN).read_text("utf-8", "replace")[:LIMIT]
    except OSError:
        return ""
    match = re.search(r'^\s*locale\s*=\s*"([\w-]{2,20})"', text, re.MULTILINE)
    return match[1] if match is not None else ""


def _shop(table: Table) -> Table | None:
    """The shop's table. The keys of other kinds are not known here, so the kind is looked at first."""
    shop = table.table("shop")
    kind = shop.node.value.get("kind") if shop is not None else None
    if shop is None or kind is None or kind.value not in sections.SHOP_KINDS:
        return shop
    return Table(shop.node, *sections.SHOP_KEYS)


def _needed(table: Table, name: str, file: Path, known: tuple[str, ...]) -> Table:
    found = table.table(name, *known)
    if found is None:
        raise ConfigError(say("config.no_table", key=f"[{name}]"), file=file, line=1, key=f"[{name}]")
    return found


def check_calendar(hours: Hours) -> None:
    """Whether the `holidays` library knows the country and its part. Apart from `load`: importing it takes 0.1 s.

    Raises:
        ConfigError: it does not.
    """
    if not hours.holidays:
        return
    from holidays import list_supported_countries  # noqa: PLC0415 - slow to import, see above

    known = list_supported_countries(include_aliases=False)
    country, _, part = hours.holidays.partition("-")
    if country not in known:
        near = nearest(country, sorted(known))
        hint = say("config.did_you_mean", key=near) if near else ""
        raise _calendar_error(hours, say("config.a_country") + (" " + hint if hint else ""))
    if part and part not in known[country]:
        raise _calendar_error(hours, ", ".join([country, *(f"{country}-{p}" for p in known[country])]))


def _calendar_error(hours: Hours, allowed: str) -> ConfigError:
    message = say("config.wrong_value", key="[hours] holidays", found=f'"{hours.holidays}"', allowed=allowed)
    return ConfigError(message, file=hours.file, line=hours.line or None, key="[hours] holidays")
