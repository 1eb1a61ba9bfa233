"""Orders from a file a shop exports: `.csv`, `.json`, `.sqlite` (formats: `docs/configuration.md`).

The file is read whole. It may be replaced or rewritten at any time: `changed` compares its time, size and inode (for a
database also those of its write-ahead log), and a reading that fails leaves the orders known so far with whoever holds them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from agentdesk.domain.order import Order
from agentdesk.errors import ConfigError
from agentdesk.locale import say
from agentdesk.shops.gather import Faults, gather
from agentdesk.shops.tables import read_csv, read_json, read_sqlite

_CSV = frozenset({".csv", ".txt", ".tsv"})
_SQLITE = frozenset({".sqlite", ".sqlite3", ".db"})

_Signature = tuple[tuple[int, int, int] | None, ...]


class FilesShop:
    """An order source that is one file.

    Args:
        path: of the file; its ending says what it is.
        zone: of dates that do not say theirs.
    """

    def __init__(self, path: Path, zone: tzinfo) -> None:
        self._path = path
        self._zone = zone
        self._seen: _Signature | None = None
        self.faults: Sequence[str] = ()
        self.as_of: datetime | None = None

    def changed(self) -> bool:
        return self._seen != self._signature()

    def all_orders(self) -> Sequence[Order]:
        signature = self._signature()  # before reading: what is written meanwhile shows as a change
        self._seen = signature
        self.faults = ()
        path, suffix = self._path, self._path.suffix.lower()
        if signature[0] is None:
            raise ConfigError(say("shops.missing"), file=path)
        if not path.is_file():
            raise ConfigError(say("shops.not_a_file"), file=path)
        faults = Faults(path.name)
        try:
            if suffix in _SQLITE:
                rows = read_sqlite(path, faults)
            elif suffix in _CSV:
                rows = read_csv(path, path.read_bytes(), faults)
            elif suffix == ".json":
                rows = read_json(path, path.read_bytes(), faults)
            else:
                raise ConfigError(say("shops.unknown_format", suffix=suffix or path.name), file=path)
            orders = gather(rows, self._zone, faults)
        except OSError as error:
            raise ConfigError(say("shops.unreadable", reason=error.strerror or str(error)), file=path) from error
        self.faults = faults.lines()
        newest = max(part[0] for part in signature if part is not None)
        self.as_of = datetime.fromtimestamp(newest / 1_000_000_000, UTC).astimezone(self._zone)
        return orders

    def _signature(self) -> _Signature:
        paths = [self._path]
        if self._path.suffix.lower() in _SQLITE:
            paths.append(self._path.with_name(self._path.name + "-wal"))
        return tuple(_stat(path) for path in paths)


def _stat(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
