"""Words of desk.toml with a grammar of their own: durations, hours, servers, zones, locales, addresses, secrets.

Each function takes a node, gives the checked value, or raises with the node's place and what is allowed there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from agentdesk.config.nodes import Node, Table, display, nearest, text_of
from agentdesk.config.types import Secret, ServerUrl
from agentdesk.locale import say

IMAP_PORTS = {"imaps": 993, "imap+starttls": 143, "imap": 143}
SMTP_PORTS = {"smtps": 465, "smtp+starttls": 587, "smtp": 25}
WEB_PORTS = {"https": 443, "http": 80}
PLAIN = frozenset({"imap", "smtp", "http"})
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_DURATION = re.compile(r"(\d{1,6})\s*(s|m|h|d)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_AMOUNT = re.compile(r"(\d{1,6}(?:[.,]\d{1,3})?)\s*(kB|MB|GB)", re.IGNORECASE)
_SIZES = {"kb": 1000, "mb": 1000_000, "gb": 1000_000_000}
_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\\\"\x00-\x1f]+@[^\s@<>()\[\],;:\\\"\x00-\x1f]+")
_LOCALE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z]{4})?(?:[-_](?:[A-Za-z]{2}|\d{3}))?")
_SPAN = re.compile(r"(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})")  # people type both dashes


def duration(node: Node) -> timedelta:
    """As in "8s", "5m", "1h" or "2d" (a day is 24 hours)."""
    match = _DURATION.fullmatch(node.value.strip()) if isinstance(node.value, str) else None
    if match is None:
        raise node.error(say("config.a_duration"))
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def amount(node: Node) -> int:
    """Bytes, as in "500kB", "20MB" or "1.5GB"."""
    match = _AMOUNT.fullmatch(node.value.strip()) if isinstance(node.value, str) else None
    size = round(float(match[1].replace(",", ".")) * _SIZES[match[2].lower()]) if match else 0
    if not size:
        raise node.error(say("config.an_amount"))
    return size


def address(node: Node) -> str:
    text = text_of(node).strip()
    if not _ADDRESS.fullmatch(text):
        raise node.error(say("config.an_address"))
    return text


def zone(node: Node) -> ZoneInfo:
    name = text_of(node)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        near = nearest(name, sorted(available_timezones()))
        hint = " " + say("config.did_you_mean", key=near) if near else ""
        raise node.error(say("config.a_zone") + hint) from error


def system_zone() -> str:
    """The machine's time zone by name, else UTC."""
    candidates = [os.environ.get("TZ", "").removeprefix(":")]
    named = Path("/etc/timezone")  # Debian
    if named.is_file():
        candidates.append(named.read_text("utf-8", "replace").strip())
    link = Path("/etc/localtime")
    if link.is_symlink():
        candidates.append(str(link.resolve()).partition("zoneinfo/")[2])
    for name in candidates:
        if name and not name.startswith("/"):
            try:
                return ZoneInfo(name).key
            except (ZoneInfoNotFoundError, ValueError, OSError):
                continue
    return "UTC"


def locale(node: Node) -> str:
    """A locale the CLDR data of Babel knows; Babel itself is not imported for it (it costs more than all of this)."""
    text = text_of(node)
    known = _locales()
    if not _LOCALE.fullmatch(text) or (known and _folded(text) not in known):
        near = nearest(_folded(text), sorted(known))
        hint = " " + say("config.did_you_mean", key=known[near]) if near else ""
        raise node.error(say("config.a_locale") + hint)
    return text


def _folded(name: str) -> str:
    return name.replace("-", "_").lower()


def _locales() -> Mapping[str, str]:
    spec = find_spec("babel")
    places = spec.submodule_search_locations if spec is not None else None
    files = [file.stem for place in places or () for file in Path(place, "locale-data").glob("*.dat")]
    return {_folded(name): name.replace("_", "-") for name in files}


def is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def server(node: Node, ports: Mapping[str, int]) -> ServerUrl:
    """`scheme://host[:port]`; the schemes without TLS for loopback only."""
    text = text_of(node).strip()
    allowed = say("config.a_server", schemes=", ".join(f"{scheme}://" for scheme in ports))
    if not text.isprintable():
        raise node.error(allowed)
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise node.error(allowed) from error
    if parts.scheme not in ports or not host or parts.query or parts.fragment or re.search(r"\s", host):
        meant = [scheme for scheme in ports if scheme not in PLAIN or is_loopback(host)]
        near = nearest(parts.scheme, meant) if parts.scheme not in ports else ""
        raise node.error(allowed + (" " + say("config.did_you_mean", key=f"{near}://") if near else ""))
    if parts.username is not None or parts.password is not None:
        raise node.wrong(say("config.secret_in_url", key=node.key))
    path = parts.path.rstrip("/")
    if path and parts.scheme not in WEB_PORTS:
        raise node.error(allowed)
    if port == 0:
        raise node.error(allowed)
    if parts.scheme in PLAIN and not is_loopback(host):
        secure = [scheme for scheme in ports if scheme not in PLAIN]
        raise node.wrong(
            say("config.plain", key=node.key, found=display(text), allowed=", ".join(f"{scheme}://" for scheme in secure))
        )
    return ServerUrl(parts.scheme, host, port or ports[parts.scheme], path)


def secret(
    node: Node | None, key: str, *, hosts: tuple[str, ...], entry: str, owner: Node, changing: bool = False
) -> Secret:
    """Where a password is. A password written out is taken for servers on this machine only.

    `entry` names it in the keyring; `owner` is the channel, for the place when the key is left out. One that is `changing` may
    have a second command, which keeps a new one.
    """
    allowed = say("config.a_secret_that_changes" if changing else "config.a_secret", name=key)
    if node is None:
        return Secret("keyring", entry, owner.file, owner.line)
    if isinstance(node.value, str):
        if not all(is_loopback(host) for host in hosts):
            raise node.wrong(say("config.literal_secret", key=node.key, allowed=allowed))
        return Secret("literal", node.value, node.file, node.line)
    if not isinstance(node.value, dict):
        raise node.error(allowed, found=type(node.value).__name__)
    table = Table(node, "command", "env", "keyring", *(("store",) if changing else ()))
    command, env, keyring = table.get("command"), table.get("env"), table.get("keyring")
    given = [child for child in (command, env, keyring) if child is not None]
    keep = table.text("store") if changing else ""
    if len(given) != 1 or (keep and command is None):
        raise node.error(allowed)
    if keyring is not None:
        if keyring.value is not True:
            raise keyring.error("true")
        return Secret("keyring", entry, node.file, node.line)
    word = text_of(given[0])
    if not word.strip() or (env is not None and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", word)):
        raise given[0].error(allowed)
    return Secret("env" if env is not None else "command", word, node.file, node.line, keep)


def week(table: Table) -> dict[int, tuple[tuple[time, time], ...]]:
    """`{ mon-fri = "09:00-12:30, 14:00-18:00", sat = "10:00-13:00" }` -> weekday -> spans."""
    result: dict[int, tuple[tuple[time, time], ...]] = {}
    for key, node in table.entries():
        spans = _spans(node)
        for day in _days(key, node):
            if day in result:
                raise node.wrong(say("config.day_twice", key=node.key, day=DAYS[day]))
            result[day] = spans
    return result


def _days(key: str, node: Node) -> list[int]:
    first, dash, last = key.partition("-")
    if first not in DAYS or (dash and last not in DAYS):
        raise node.wrong(say("config.unknown_day", key=node.key, days=", ".join(DAYS)))
    start = DAYS.index(first)
    length = (DAYS.index(last) - start) % 7 + 1 if dash else 1
    return [(start + step) % 7 for step in range(length)]


def _spans(node: Node) -> tuple[tuple[time, time], ...]:
    spans: list[tuple[time, time]] = []
    for part in text_of(node).split(","):
        match = _SPAN.fullmatch(part.strip())
        if match is None:
            raise node.error(say("config.a_span"))
        start, end = _clock(match[1], match[2], node), _clock(match[3], match[4], node)
        if start >= end or (spans and start < spans[-1][1]):
            raise node.error(say("config.a_span"))
        spans.append((start, end))
    return tuple(spans)


def _clock(hour: str, minute: str, node: Node) -> time:
    if (int(hour), int(minute)) == (24, 0):
        return time.max
    if int(hour) > 23 or int(minute) > 59:
        raise node.error(say("config.a_span"))
    return time(int(hour), int(minute))


def day(node: Node) -> date:
    """A TOML date, written without quotes."""
    if isinstance(node.value, datetime) or not isinstance(node.value, date):
        raise node.error(say("config.a_date"))
    return node.value
