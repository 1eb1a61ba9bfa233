"""[snippets] packs: folders and files, git repositories, packs from the web; in this order, later ones win.

Each belongs to a layer, company, team or own, and the layers stand in this order: what is fetched is the company's, a folder of the desk
the team's, `snippets.local` this agent's own, unless `layer` says otherwise.
"""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from agentdesk.config.nodes import Node, Table, text_of
from agentdesk.config.types import LAYERS, PackSource
from agentdesk.config.values import duration, is_loopback
from agentdesk.errors import UsageError
from agentdesk.locale import say
from agentdesk.paths import shipped

STARTER = "starter"
"""What a desk calls the packs that come with the program."""
TEAM, OWN = "snippets", "snippets.local"
"""The desk's own folder, and this agent's beside desk.local.toml, which wins over everything."""
EVERY, LEAST = timedelta(hours=1), timedelta(minutes=1)

COMPANYS, TEAMS, OWNS = LAYERS
PROGRAMS = ""

_GIT_KEYS = ("git", "branch", "folder", "every", "layer")
_URL_KEYS = ("url", "sha256", "every", "layer")
_PATH_KEYS = ("path", "layer")
_BRANCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+-]{0,99}")
_SCP = re.compile(r"[A-Za-z0-9._-]+@[A-Za-z0-9.-]+:[^:]\S*")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def packs(table: Table | None, folder: Path, state: Path, faults: list[str]) -> dict[str, Any]:
    """The starter packs and the desk's own folder, unless the desk says otherwise; a pack that is missing is a fault, not the end."""
    found: list[tuple[Path, str]] = []
    sources: list[PackSource] = []
    if table is None or table.get("packs") is None:
        found += _starter(faults)
        if (folder / TEAM).is_dir():
            found.append((folder / TEAM, TEAMS))
    else:
        for entry in table.nodes("packs"):
            layer, source = _layer(entry), _source(entry, folder, state)
            if source is not None:
                if any(source.root == other.root for other in sources):
                    raise entry.wrong(say("config.pack_twice", key=entry.key, place=source.place))
                sources.append(source)
                more = [(source.path, layer or COMPANYS)]
            else:
                more = _local(entry, layer, folder, faults)
            before = next((known for _, known in reversed(found) if known), "")
            if any(one and before and LAYERS.index(one) < LAYERS.index(before) for _, one in more):
                raise entry.wrong(say("config.layers_mixed", key=entry.key, layer=more[0][1], before=before, order=" < ".join(LAYERS)))
            found += more
    own = folder / OWN
    if own.is_dir() and own not in {path for path, _ in found}:
        found.append((own, OWNS))
    return {
        "packs": tuple(path for path, _ in found), "pack_layers": tuple(layer for _, layer in found), "pack_sources": tuple(sources),
    }  # fmt: skip


def _layer(entry: Node) -> str:
    """As the entry says it; empty where it does not."""
    if not isinstance(entry.value, dict):
        return ""
    node: Node | None = entry.value.get("layer")
    if node is None:
        return ""
    if node.value not in LAYERS:
        raise node.error(", ".join(LAYERS))
    return text_of(node)


def _local(entry: Node, layer: str, folder: Path, faults: list[str]) -> list[tuple[Path, str]]:
    text = text_of(Table(entry, *_PATH_KEYS).need("path", '"snippets/"') if isinstance(entry.value, dict) else entry)
    if text == STARTER:
        return _starter(faults)
    path = folder / Path(text).expanduser()
    if not path.exists():
        faults.append(f"{entry.place}: " + say("config.no_pack", key=entry.key, file=path))
    return [(path, layer or (OWNS if path == folder / OWN else TEAMS))]


def _starter(faults: list[str]) -> list[tuple[Path, str]]:
    try:
        return [(shipped("packs"), PROGRAMS)]
    except UsageError as error:
        faults.append(str(error))
        return []


def _source(entry: Node, folder: Path, state: Path) -> PackSource | None:
    """What is fetched; None for what lies on this machine."""
    if isinstance(entry.value, str):
        if not re.match(r"[a-z+]+://", entry.value):
            return None
        return _made("url", _url(entry), state, every=EVERY)
    if not isinstance(entry.value, dict) or not entry.value.keys() & {"path", "git", "url"}:
        raise entry.error(say("config.a_pack"))
    if "path" in entry.value:
        return None
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
    name = hashlib.sha256(f"{kind}\0{place}\0{branch}\0{folder}".encode()).hexdigest()[:12]
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
