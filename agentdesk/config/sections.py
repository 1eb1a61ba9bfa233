"""The tables of desk.toml, one function each: checked values out, or the first thing that is wrong."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from agentdesk.config import login
from agentdesk.config.nodes import Node, Table, choice_of, choices, nearest, text_of
from agentdesk.config.types import (
    Budget,
    ChannelConfig,
    ChatChannelConfig,
    Hours,
    Link,
    MailChannelConfig,
    Member,
    Secret,
    ViewConfig,
    default_undo,
)
from agentdesk.config.values import (
    IMAP_PORTS,
    SMTP_PORTS,
    WEB_PORTS,
    address,
    amount,
    day,
    duration,
    locale,
    secret,
    server,
    system_zone,
    week,
    zone,
)
from agentdesk.domain.clean import clean, clean_line
from agentdesk.errors import UsageError
from agentdesk.locale import say
from agentdesk.paths import shipped

CHANNEL_KINDS = ("imap", "chatwoot")
LATER_CHANNELS = ("matrix", "reamaze", "livechat", "whatsapp", "telegram")
SHOP_KINDS = ("files",)
LATER_SHOPS = ("woocommerce", "bigcommerce", "shopify")
ORDER_FILES = (".csv", ".tsv", ".txt", ".json", ".sqlite", ".sqlite3", ".db")
ROLES = ("agent", "lead")
SORTS = ("due", "newest", "oldest")
PROMISES = ("imap", "chat", "chat_abandon")
DEFAULT_LOCALE = "en-GB"

_CHANNEL_NAME = re.compile(r"[^\s:/][^:/\x00-\x1f\x7f]{0,39}")
_HOLIDAYS = re.compile(r"[A-Z]{2,4}(?:-[A-Za-z0-9]{1,4})?")


DESK_KEYS = ("name", "locale", "timezone", "link", "url")
AGENT_KEYS = ("name", "email", "signature")
SHOP_KEYS = ("kind", "orders")
TEAM_KEYS = ("log", "members")
HOURS_KEYS = ("week", "holidays", "closed")
SENDING_KEYS = ("undo", "reopen_days", "on_close", "aliases", "per_minute")
SENT_COPIES = ("auto", "file", "server")
PRIVACY_KEYS = ("retention_days", "mask_cards")


def desk(table: Table) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": clean_line(table.need_text("name", "Casa Verde")),
        "locale": DEFAULT_LOCALE if (tag := table.get("locale")) is None else locale(tag),
        "timezone": ZoneInfo(system_zone()) if (name := table.get("timezone")) is None else zone(name),
        "link": Link(table.choice("link", Link.AUTO, [link.value for link in Link])),
    }
    url = table.get("url")
    if url is not None:
        found["url"] = clean_line(text_of(url))
    return found


def agent(table: Table) -> dict[str, Any]:
    return {
        "agent_name": clean_line(table.need_text("name", "Anna Bianchi")),
        "agent_email": address(table.need("email", '"anna@casaverde.example"')),
        "signature": clean(table.text("signature")),
    }


MAIL_KEYS = ("name", "kind", "address", "user", "imap", "smtp", "password", "ca_file", "sent_copy", *login.KEYS)
CHAT_KEYS = ("name", "kind", "url", "account", "token", "ca_file")


def _channel_keys(node: Node) -> tuple[str, ...]:
    """Which keys a channel may have depends on its kind; where that is unclear the message about the kind comes first."""
    kind = node.value.get("kind") if isinstance(node.value, dict) else None
    if kind is None or kind.value not in CHANNEL_KINDS:
        return ()
    return MAIL_KEYS if kind.value == "imap" else CHAT_KEYS


def channels(nodes: list[Node], folder: Path) -> tuple[ChannelConfig, ...]:
    result: list[ChannelConfig] = []
    for node in nodes:
        table = Table(node, *_channel_keys(node))
        name_node = table.need("name", '"support"')
        name = text_of(name_node)
        if not _CHANNEL_NAME.fullmatch(name) or not name.isprintable():
            raise name_node.error(say("config.a_channel_name"))
        if any(channel.name.lower() == name.lower() for channel in result):
            raise name_node.wrong(say("config.channel_twice", key=name_node.key, name=name))
        kind = table.need("kind", '"imap"')
        if kind.value in LATER_CHANNELS:
            raise kind.later(kind.value, choices(CHANNEL_KINDS))
        result.append(_mail(table, name, folder) if choice_of(kind, CHANNEL_KINDS) == "imap" else _chat(table, name, folder))
    return tuple(result)


def _mail(table: Table, name: str, folder: Path) -> MailChannelConfig:
    own = address(table.need("address", '"support@casaverde.example"'))
    imap = server(table.need("imap", '"imaps://mail.casaverde.example"'), IMAP_PORTS)
    smtp = server(table.need("smtp", '"smtps://mail.casaverde.example"'), SMTP_PORTS)
    user = table.text("user") or own
    oauth = login.oauth(table)
    certificate = login.certificate(table, folder, (imap, smtp))
    entry = f"{user}@{imap.host}" if oauth is None else f"oauth {user}@{imap.host}"
    given = table.get("password")
    password = secret(
        given, "password", hosts=(imap.host, smtp.host), entry=entry, owner=table.node, changing=oauth is not None
    )
    if given is None and certificate is not None and oauth is None:
        password = Secret("none", "", table.node.file, table.node.line)
    return MailChannelConfig(
        name, own, user, imap, smtp, password, _ca_file(table, folder), oauth=oauth, certificate=certificate,
        sent_copy=table.choice("sent_copy", "auto", SENT_COPIES),
    )


def _chat(table: Table, name: str, folder: Path) -> ChatChannelConfig:
    url = server(table.need("url", '"https://chat.casaverde.example"'), WEB_PORTS)
    account = table.need("account", "1")
    if not isinstance(account.value, int) or isinstance(account.value, bool) or account.value < 1:
        raise account.error(say("config.a_number", least=1, most="…"))
    entry = f"{url.host}/accounts/{account.value}"
    token = secret(table.get("token"), "token", hosts=(url.host,), entry=entry, owner=table.node)
    host = f"[{url.host}]" if ":" in url.host else url.host
    port = "" if url.port == WEB_PORTS[url.scheme] else f":{url.port}"
    return ChatChannelConfig(name, f"{url.scheme}://{host}{port}{url.path}", account.value, token, _ca_file(table, folder))


def _ca_file(table: Table, folder: Path) -> Path | None:
    node = table.get("ca_file")
    if node is None:
        return None
    file = folder / Path(text_of(node)).expanduser()
    if not file.is_file():
        raise node.error(say("config.a_file"), found=str(file))
    return file


def shop(table: Table, folder: Path, faults: list[str]) -> dict[str, Any]:
    kind = table.need("kind", '"files"')
    if kind.value in LATER_SHOPS:
        raise kind.later(kind.value, choices(SHOP_KINDS))
    choice_of(kind, SHOP_KINDS)
    node = table.need("orders", '"orders.csv"')
    orders = folder / Path(text_of(node)).expanduser()
    if orders.suffix.lower() not in ORDER_FILES:
        raise node.error(", ".join(ORDER_FILES))
    if not orders.is_file():
        faults.append(f"{node.place}: " + say("config.no_orders", key=node.key, file=orders))
    return {"shop_kind": "files", "orders": orders}


def team(table: Table) -> dict[str, Any]:
    log = table.get("log")
    if log is not None and log.value != "local":
        if re.match(r"(imap|postgres(ql)?):", text_of(log)):
            raise log.later(log.value, '"local"')
        raise log.error('"local"')
    members: list[Member] = []
    for node in table.nodes("members"):
        entry = Table(node, "name", "email", "role")
        role = entry.get("role")
        if role is not None and role.value == "observer":
            raise role.later("observer", choices(ROLES))
        members.append(
            Member(
                clean_line(entry.need_text("name", "Luca")),
                address(entry.need("email", '"luca@casaverde.example"')),
                "agent" if role is None else choice_of(role, ROLES),
            )
        )
    return {"members": tuple(members)}


def promises(table: Table) -> dict[str, timedelta]:
    return {key: duration(node) for key in PROMISES if (node := table.get(key)) is not None}


def hours(table: Table) -> Hours:
    days = table.table("week")
    node = table.get("holidays")
    holidays = ""
    if node is not None:
        holidays = text_of(node)
        if holidays and not _HOLIDAYS.fullmatch(holidays):
            raise node.error(say("config.a_country"))
    closed = frozenset(day(entry) for entry in table.nodes("closed"))
    return Hours(
        week(days) if days is not None else {},
        holidays,
        closed,
        file=node.file if node is not None else None,
        line=node.line if node is not None else 0,
    )


def views(nodes: list[Node]) -> tuple[ViewConfig, ...]:
    result: list[ViewConfig] = []
    for node in nodes:
        table = Table(node, "name", "query", "sort")
        name_node = table.need("name", '"VIP"')
        name = clean_line(text_of(name_node))
        if not name:
            raise name_node.error(say("config.a_text"))
        if any(view.name.lower() == name.lower() for view in result):
            raise name_node.wrong(say("config.view_twice", key=name_node.key, name=name))
        query = table.need_text("query", "is:open tag:vip")
        result.append(ViewConfig(name, query, table.choice("sort", "due", SORTS)))
    return tuple(result)


def sending(table: Table) -> dict[str, Any]:
    found: dict[str, Any] = {
        "reopen_days": table.number("reopen_days", 14, least=0, most=3650),
        "on_close": table.choice("on_close", "keep", ("keep", "archive")),
        "per_minute": table.number("per_minute", 0, least=0, most=10_000),
        "aliases": frozenset(address(node).lower() for node in table.nodes("aliases")),
    }
    undo = table.table("undo", "imap", "chat")
    if undo is not None:
        found["undo"] = default_undo() | {key: duration(node) for key in ("imap", "chat") if (node := undo.get(key)) is not None}
    return found


def privacy(table: Table) -> dict[str, Any]:
    return {
        "retention_days": table.number("retention_days", 0, least=0, most=36500),
        "mask_cards": table.flag("mask_cards", default=False),
    }


def budget(table: Table, names: Sequence[str]) -> Budget:
    day = table.get("day")
    channels: dict[str, int] = {}
    own = table.table("channels", *(names or ("",)))
    if own is not None:
        channels = {name: amount(found) for name, found in own.entries()}
    return Budget(amount(day) if day is not None else 0, channels)


def keymap(table: Table, folder: Path, faults: list[str]) -> str:
    """A name in keymaps/, or the path of a file; where it is neither the default keys stay and the fault is shown."""
    node = table.get("map")
    if node is None:
        return "default"
    text = text_of(node)
    own = folder / Path(text).expanduser()
    if own.suffix == ".toml" and own.is_file():
        return str(own)
    try:
        names = sorted(file.stem for file in shipped("keymaps").glob("*.toml"))
    except UsageError as error:
        faults.append(str(error))
        return "default"
    if text in names or text == "default":
        return text
    near = nearest(text, names)
    hint = say("config.did_you_mean", key=near) if near else ""
    allowed = say("config.a_keymap", names=choices(names)) + (" " + hint if hint else "")
    faults.append(str(node.error(allowed)))
    return "default"
