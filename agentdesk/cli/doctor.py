"""`agentdesk doctor`: one line for each thing that can be wrong outside of the program; exit 1 if any is."""

from __future__ import annotations

import os
import shutil
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from agentdesk.cli import checks
from agentdesk.cli.checks import FAILED, OK, WARNING, Check
from agentdesk.cli.opening import config_of
from agentdesk.cli.output import cells, line, write_json
from agentdesk.commands.keymap import load as load_keymap
from agentdesk.config import ChannelConfig, DeskConfig, MailChannelConfig, ServerUrl, check_calendar
from agentdesk.errors import DeskError
from agentdesk.locale import say
from agentdesk.paths import make_private
from agentdesk.secrets import fetch, needed
from agentdesk.snippets.model import Severity
from agentdesk.snippets.pack import load_packs

FREE_TO_WARN = 500 * 1024 * 1024
FREE_TO_FAIL = 50 * 1024 * 1024
REMOTE = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "afs", "ceph", "glusterfs", "fuse.glusterfs"})


def doctor(arguments: Namespace) -> int:
    """A desk.toml that can't be read is the one finding that ends it at once."""
    try:
        config = config_of(arguments)
    except DeskError as error:
        _report([Check("config", FAILED, str(error))], as_json=arguments.json)
        return 1
    if arguments.json:
        found = list(_checks(config))
        _report(found, as_json=True)
    else:
        found = []
        for check in _checks(config):  # each line as soon as it is known
            found.append(check)
            _report([check], as_json=False)
    return 1 if any(check.state == FAILED for check in found) else 0


def _report(found: list[Check], *, as_json: bool) -> None:
    if as_json:
        write_json(
            {"checks": [{"name": c.name, "channel": c.channel, "state": c.state, "detail": c.detail} for c in found]}
        )
        return
    words = {state: say(f"doctor.state_{state}") for state in (OK, WARNING, FAILED)}
    wide = max(cells(word) for word in words.values())
    for check in found:
        what = f"{check.channel} {check.name}".strip()
        line(f"{words[check.state]}{' ' * (wide - cells(words[check.state]))}  {what}: {check.detail}")


def _checks(config: DeskConfig) -> Iterator[Check]:
    yield Check("config", OK, say("doctor.config", folder=config.folder, n=len(config.channels)))
    for fault in config.faults:
        yield Check("config", WARNING, fault)
    if config.hours.holidays:
        try:
            check_calendar(config.hours)
        except DeskError as error:
            yield Check("holidays", FAILED, str(error))
        else:
            yield Check("holidays", OK, config.hours.holidays)
    yield from _packs(config)
    for keymap_fault in load_keymap(config.keymap, config.folder).faults:
        yield Check("keys", WARNING, str(keymap_fault))
    shop = checks.orders(config)
    if shop is not None:
        yield shop
    yield from _state(config)
    if not config.channels:
        yield Check("channels", WARNING, say("doctor.no_channels"))
    for channel in config.channels:
        secrets: dict[str, str] = {}
        yield from _secrets(channel, config, secrets)
        if channel.name not in secrets:
            continue
        if isinstance(channel, MailChannelConfig):
            found = list(checks.mailbox(channel, secrets, config.folder))
            yield from found
            servers = [channel.imap, channel.smtp]
        else:
            found = list(checks.chat(channel, secrets[channel.name]))
            yield from found
            parts = urlsplit(channel.url)
            servers = [ServerUrl(parts.scheme, parts.hostname or "", parts.port or 443)]
        for server in servers:
            valid = checks.certificate(server, channel.ca_file, channel.name)
            if valid is not None and not (valid.state == FAILED and valid.detail in {check.detail for check in found}):
                yield valid


def _secrets(channel: ChannelConfig, config: DeskConfig, found: dict[str, str]) -> Iterator[Check]:
    """Whether each can be had; what is `found` is put there, and nothing at all if one is missing."""
    given: dict[str, str] = {}
    missing = False
    for name, secret in needed(channel):
        what = "secret" + (f" ({name.partition(':')[2]})" if ":" in name else "")
        try:
            given[name] = fetch(secret, channel.name, config.folder)
        except DeskError as error:
            missing = True
            oauth = isinstance(channel, MailChannelConfig) and channel.oauth is not None and name == channel.name
            words = f"{error} {say('doctor.sign_in', channel=channel.name)}" if oauth else str(error)
            yield Check(what, FAILED, words, channel.name)
        else:
            if secret.kind != "none":
                yield Check(what, OK, say(f"doctor.secret_{secret.kind}"), channel.name)
    if not missing:
        found |= given


def _packs(config: DeskConfig) -> Iterator[Check]:
    library = load_packs(config.packs_here)
    yield Check("packs", OK if library.snippets else WARNING, say("doctor.packs", n=len(library.snippets)))
    for source in config.pack_sources:
        words = say("doctor.pack_here", place=source.place, version=source.installed[:7]) if source.path.exists() else say("doctor.pack_never", place=source.place)
        yield Check("packs", OK if source.path.exists() else WARNING, words)
    for fault in library.faults:
        if fault.code == "not-found":  # desk.toml names it: said above
            continue
        yield Check("packs", FAILED if fault.severity is Severity.ERROR else WARNING, str(fault))


def _state(config: DeskConfig) -> Iterator[Check]:
    """The folder with the database: on a local disk, private, with room."""
    try:
        folder = make_private(config.state)
        free = shutil.disk_usage(folder).free
        mode = folder.stat().st_mode & 0o077
    except (DeskError, OSError) as error:
        yield Check("state", FAILED, str(error))
        return
    kind = _file_system(folder)
    if kind in REMOTE:
        # Locks and shared memory of SQLite can't be trusted there: two engines might both believe they are alone.
        yield Check("state", FAILED, say("doctor.remote", folder=folder, kind=kind))
    elif mode or not os.access(folder, os.W_OK):
        yield Check("state", WARNING, say("doctor.not_private", folder=folder))
    else:
        yield Check("state", OK, say("doctor.local", folder=folder, kind=kind or "-"))
    state = FAILED if free < FREE_TO_FAIL else WARNING if free < FREE_TO_WARN else OK
    yield Check("disk", state, say("doctor.free", megabytes=free // (1024 * 1024)))


def _file_system(folder: Path) -> str:
    """The type of the file system a folder is on, by the longest mount point that leads to it; empty where that can't be told."""
    try:
        lines = Path("/proc/self/mounts").read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return ""
    best, kind = "", ""
    resolved = str(folder.resolve())
    for each in lines:
        parts = each.split(" ")
        point = parts[1].replace("\\040", " ")
        inside = resolved == point or resolved.startswith(point.rstrip("/") + "/")
        if len(parts) > 2 and inside and len(point) >= len(best):
            best, kind = point, parts[2]
    return kind
