"""[snippets] packs: folders and files, git repositories, packs from the web; in this order, later ones win."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from agentdesk.config.nodes import Node, Table, text_of
from agentdesk.config.types import PackSource
from agentdesk.config.values import duration, is_loopback
from agentdesk.errors import UsageError
from agentdesk.locale import say
from agentdesk.paths import shipped

STARTER = "starter"
"""What a desk calls the packs that come with the program."""
TEAM, OWN = "snippets", "snippets.local"
"""The desk's own folder, and this agent's beside desk.local.toml, which wins over everything."""
EVERY, LEAST = timedelta(hours=1), timedelta(minutes=1)

_GIT_KEYS = ("git", "branch", "folder", "every")
_URL_KEYS = ("url", "sha256", "every")
_BRANCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+-]{0,99}")
_SCP = re.compile(r"[A-Za-z0-9._-]+@[A-Za-z0-9.-]+:[^:]\S*")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def packs(table: Table | None, folder: Path, state: Path, faults: list[str]) -> dict[str, Any]:
    """The starter packs and the desk's own folder, unless the desk says otherwise; a pack that is missing is a fault, not the end."""
    paths: list[Path] = []
    sources: list[PackSource] = []
    if table is None or table.get("packs") is None:
        paths += _starter(faults)
        if (folder / TEAM).is_dir():
            paths.append(folder / TEAM)
    else:
        for entry in table.nodes("packs"):
            source = _source(entry, folder, state)
            if source is not None:
                if source in sources:
                    raise entry.wrong(say("config.pack_twice", key=entry.key, place=source.place))
                sources.append(source)
                paths.append(source.path)
            else:
                paths += _local(entry, folder, faults)
    own = folder / OWN
    if own.is_dir() and own not in paths:
        paths.append(own)
    return {"packs": tuple(paths), "pack_sources": tuple(sources)}


def _local(entry: Node, folder: Path, faults: list[str]) -> list[Path]:
    text = text_of(entry)
    if text == STARTER:
        return _starter(faults)
    path = folder / Path(text).expanduser()
    if not path.exists():
        faults.append(f"{entry.place}: " + say("config.no_pack", key=entry.key, file=path))
    return [path]


def _starter(faults: list[str]) -> list[Path]:
    try:
        return [shipped("packs")]
    except UsageError as error:
        faults.append(str(error))
        return []


def _source(entry: Node, folder: Path, state: Path) -> PackSource | None:
    """What is fetched; None for what lies on this machine."""
    if isinstance(entry.value, str):
        if not re.match(r"[a-z+]+://", entry.value):
            return None
        return _made("url", _url(entry), state, every=EVERY)
    if not isinstance(entry.value, dict):
        raise entry.error(say("config.a_pack"))
    if "git" in entry.value:
        table = Table(entry, *_GIT_KEYS)
        place = _repository(table.need("git", '"https://git.example/packs.git"'), folder)
        return _made("git", place, state, every=_every(table), branch=_branch(table), folder=_inside(table))
    table = Table(entry, *_URL_KEYS)
    place = _url(table.need("url", '"https://casaverde.example/shipping.toml"'))
    return _made("url", place, state, every=_every(table), sha256=_checksum(table))


def _made(
    kind: str, place: str, state: Path, *, every: timedelta, branch: str = "", folder: str = "", sha256: str = ""
) -> PackSource:
    name = hashlib.sha256(f"{kind}\0{place}\0{branch}".encode()).hexdigest()[:12]
    return PackSource(kind, place, state / "packs" / name, every, branch, folder, sha256)


def _every(table: Table) -> timedelta:
    node = table.get("every")
    if node is None:
        return EVERY
    every = duration(node)
    if every < LEAST:
        raise node.error(say("config.a_pause"))
    return every


def _branch(table: Table) -> str:
    node = table.get("branch")
    if node is None:
        return ""
    text = text_of(node)
    if not _BRANCH.fullmatch(text) or ".." in text or text.endswith((".lock", "/", ".")):
        raise node.error(say("config.a_branch"))
    return text


def _inside(table: Table) -> str:
    """A folder in the repository."""
    node = table.get("folder")
    if node is None:
        return ""
    text = text_of(node).strip("/")
    if not text.isprintable() or any(part in {"", ".", ".."} for part in text.split("/")):
        raise node.error(say("config.an_inner_folder"))
    return text


def _checksum(table: Table) -> str:
    node = table.get("sha256")
    if node is None:
        return ""
    text = text_of(node).strip().lower()
    if not _SHA256.fullmatch(text):
        raise node.error(say("config.a_checksum"))
    return text


def _url(node: Node) -> str:
    text = text_of(node).strip()
    parts = _parts(node, text)
    if parts.scheme not in {"https", "http"} or not parts.hostname or parts.fragment:
        raise node.error(say("config.a_pack_url"))
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise node.error(say("config.a_pack_url"))
    return text


def _repository(node: Node, folder: Path) -> str:
    text = text_of(node).strip()
    if not text or text.startswith("-") or not text.isprintable() or "::" in text:
        raise node.error(say("config.a_repository"))
    if _SCP.fullmatch(text):
        return text
    if "://" not in text:
        return str((folder / Path(text).expanduser()).resolve())
    parts = _parts(node, text)
    if parts.scheme not in {"https", "ssh", "file", "http"} or (parts.scheme != "file" and not parts.hostname):
        raise node.error(say("config.a_repository"))
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise node.error(say("config.a_repository"))
    return text


def _parts(node: Node, text: str) -> Any:
    """A URL in its parts, without a password in it."""
    try:
        parts = urlsplit(text)
        secret = parts.password is not None or (parts.username is not None and parts.scheme != "ssh")
    except ValueError as error:
        raise node.error(say("config.a_pack_url")) from error
    if re.search(r"\s", text) or not text.isprintable():
        raise node.error(say("config.a_pack_url"))
    if secret:
        raise node.wrong(say("config.secret_in_url", key=node.key))
    return parts
