"""`agentdesk backup`: one archive that is a whole desk again when it is unpacked into an empty folder."""

from __future__ import annotations

import os
import secrets
import tarfile
import tempfile
from argparse import Namespace
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from agentdesk.cli.opening import open_desk
from agentdesk.cli.output import line, talk
from agentdesk.config import LOCAL, MAIN, DeskConfig
from agentdesk.desk import Desk
from agentdesk.errors import Refused
from agentdesk.locale import say
from agentdesk.store.team import LocalTeamLog

STATE = "state"
"""Where a desk given by its folder has its data; so in the archive, too."""


def backup(arguments: Namespace) -> int:
    target = Path(arguments.file or f"agentdesk-{datetime.now().astimezone():%Y%m%d-%H%M%S}.tar.gz").expanduser()
    with open_desk(arguments) as desk:
        write(desk, target)
    talk(say("cli.backup_written", file=target))
    line(str(target))
    return 0


def write(desk: Desk, target: Path) -> None:
    """The databases are copied by SQLite, so they are consistent while others work.

    Raises:
        Refused: the file is there already, or can't be written.
    """
    if target.exists():
        raise Refused(say("cli.file_exists", file=target))
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with tempfile.TemporaryDirectory(dir=desk.config.state) as folder:
            copies = Path(folder)
            desk.database.backup(copies / "desk.db")
            log = LocalTeamLog(desk.config.state / "team.db")
            try:
                log.backup(copies / "team.db")
            finally:
                log.close()
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
                with tarfile.open(fileobj=stream, mode="w:gz") as archive:
                    for name, file in _contents(desk.config, copies):
                        archive.add(file, name, recursive=False)
                stream.flush()
                os.fsync(stream.fileno())
        part.replace(target)
    except OSError as error:
        raise Refused(say("cli.cannot_write", file=target, reason=error.strerror or error)) from error
    finally:
        part.unlink(missing_ok=True)


def _contents(config: DeskConfig, copies: Path) -> Iterator[tuple[str, Path]]:
    """Name in the archive and file: configuration, what it points to inside the desk's folder, and the data."""
    for name in (MAIN, LOCAL):
        if (config.folder / name).is_file():
            yield name, config.folder / name
    fetched = {source.path for source in config.pack_sources}  # they are fetched again
    for path in (*(path for path in config.packs if path not in fetched), *([config.orders] if config.orders is not None else [])):
        if path.is_relative_to(config.folder) and path != config.folder:
            for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
                if file.is_file() and not file.is_symlink():
                    yield str(file.relative_to(config.folder)), file
    for name in ("desk.db", "team.db"):
        yield f"{STATE}/{name}", copies / name
    for file in sorted((config.state / "blobs").rglob("*")):
        # What is on its way to us is fetched again
        if file.is_file() and not file.is_symlink() and not file.name.startswith(".") and file.parent.name != "partial":
            yield f"{STATE}/blobs/{file.relative_to(config.state / 'blobs')}", file
