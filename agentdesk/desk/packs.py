"""Where canned texts come from: layers, what is fetched and how that stands, and what changed since this agent's last shift."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from agentdesk.config import DeskConfig
from agentdesk.domain.clean import clean_line
from agentdesk.store import packs
from agentdesk.store.database import Database, millis, moment_or_none

if TYPE_CHECKING:
    from agentdesk.desk.answers import Answers
    from agentdesk.snippets.model import Snippet

SHORT = 7
"""Characters of a commit or a checksum that tell it from others."""
PROGRAMS = "program"
"""What the layer of the packs that come with the program is called."""


@dataclass(frozen=True, slots=True)
class PackFact:
    """One entry of `[snippets] packs`."""

    layer: str
    place: str
    kind: str
    """`git`, `url`, or empty: it lies on this machine."""
    here: bool
    """False: it was never fetched, or the folder is missing."""
    branch: str = ""
    version: str = ""
    """A commit or a SHA-256 in full."""
    checked_at: datetime | None = None
    changed_at: datetime | None = None
    detail: str = ""
    """Why the last attempt failed; what was fetched before goes on being used."""
    wanted: bool = False
    """Somebody asked for it, and it is not done yet."""

    @property
    def short(self) -> str:
        return self.version[:SHORT]


@dataclass(frozen=True, slots=True)
class Listed:
    """A snippet, and where it stands."""

    snippet: Snippet
    layer: str
    over: tuple[str, ...]
    """The layers whose text of this name it replaces, lowest first."""
    commit: str


@dataclass(frozen=True, slots=True)
class Named:
    name: str
    title: str


@dataclass(frozen=True, slots=True)
class News:
    """Which texts are other than at a moment before, by name."""

    since: datetime | None
    """None: this agent never closed a desk before, and nothing is news."""
    added: tuple[Named, ...] = ()
    changed: tuple[Named, ...] = ()
    removed: tuple[Named, ...] = ()

    @property
    def count(self) -> int:
        return len(self.added) + len(self.changed) + len(self.removed)


class Packs:
    """Reads how the packs stand; asks the engine to look at once."""

    def __init__(self, config: DeskConfig, database: Database, answers: Answers) -> None:
        self._config, self._db, self._answers = config, database, answers
        self._since: int | None = None

    def sources(self) -> tuple[PackFact, ...]:
        """All entries, in their order."""
        fetched = {source.path: source for source in self._config.pack_sources}
        found = []
        for path, layer in self._layers().items():
            source = fetched.get(path)
            if source is None:
                found.append(PackFact(layer, _shown(path, self._config.folder) if layer != PROGRAMS else "", "", path.exists()))
                continue
            state = packs.of(self._db, source.id)
            found.append(
                PackFact(
                    layer, clean_line(source.place), source.kind, source.path.exists(), source.branch, state.version, state.checked_at,
                    state.changed_at, state.detail, state.wanted,
                )
            )  # fmt: skip
        return tuple(found)

    def pull(self) -> int:
        """Ask the engine to fetch at once; returns how many sources there are."""
        wanted = [source.id for source in self._config.pack_sources]
        if wanted:
            self._db.write(lambda tx: packs.want(tx, wanted))
        return len(wanted)

    def installed(self) -> Mapping[Path, str]:
        """The versions that are there now, by folder."""
        return {source.path: source.installed for source in self._config.pack_sources}

    def listed(self) -> list[Listed]:
        """Every snippet, macro and article, by layer and then in the packs' order."""
        library = self._answers.library
        parts = [library, *(part for part in (library.macros, library.articles) if part is not None)]
        layers = self._layers()
        order = {layer: number for number, layer in enumerate(layers.values())}
        found = [
            Listed(snippet, self._layer_of(snippet.file, layers), tuple(self._layer_of(file, layers) for file in snippet.over),
                   self._answers.commit_of(snippet))
            for part in parts for snippet in part.snippets.values()
        ]  # fmt: skip
        return sorted(found, key=lambda one: order.get(one.layer, 0))

    def _layers(self) -> dict[Path, str]:
        config = self._config
        named = dict(zip(config.packs, config.pack_layers, strict=False))
        return {path: named.get(path, "") or PROGRAMS for path in config.packs}

    @staticmethod
    def _layer_of(file: str, layers: Mapping[Path, str]) -> str:
        place = Path(file)
        holding = [path for path in layers if place.is_relative_to(path)]
        return layers[max(holding, key=lambda path: len(path.parts))] if holding else ""

    # -- what changed

    def note(self) -> int:
        """Write down which texts there are now; returns how many are other than when that was done last."""
        library = self._answers.library
        parts = [library, *(part for part in (library.macros, library.articles) if part is not None)]
        now = {
            name: packs.Version(snippet.version, snippet.title) for part in parts for name, snippet in part.snippets.items()
        }
        if packs.latest(self._db.reader()) == now:  # as on most days: nothing to write
            return 0
        return self._db.write(lambda tx: packs.note_versions(tx, now))

    def news(self, since: datetime | None = None) -> News:
        """What changed since this agent's last shift, which stays the same while the desk is open; or since a moment."""
        if self._since is None:
            self._since = packs.last_shift(self._db)
        start = millis(since) if since is not None else self._since
        if not start:
            return News(None)
        before, now = packs.latest(self._db.reader(), start), packs.latest(self._db.reader())
        added, changed, removed = [], [], []
        for name, version in now.items():
            was = before.get(name, packs.Version("", ""))
            entry = Named(name, version.title)
            if version.version and not was.version:
                added.append(entry)
            elif was.version and not version.version:
                removed.append(entry)
            elif version.version != was.version:
                changed.append(entry)
        return News(moment_or_none(start), _sorted(added), _sorted(changed), _sorted(removed))

    def end_shift(self) -> None:
        """What changes from now on is news to this agent."""
        self.news()  # the shift that ends keeps its own beginning
        self._db.write(packs.end_shift)


def _sorted(found: Sequence[Named]) -> tuple[Named, ...]:
    return tuple(sorted(found, key=lambda one: one.name))


def _shown(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)
