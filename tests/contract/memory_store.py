"""A MailStore in memory: what the contract asks, simply. It also checks what a caller owes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from agentdesk.domain.mailbox import Arrival, Finished, FolderState, Place, Sources, Unfinished, Wanted
from agentdesk.domain.message import Body, Envelope


@dataclass
class Stored:
    row: int
    envelope: Envelope
    body: Body | None = None
    source: dict[str, bytes] = field(default_factory=dict)
    lean: bool = False


class MemoryStore:
    def __init__(self) -> None:
        self.states: dict[str, FolderState] = {}
        self.rows: dict[int, Stored] = {}
        self.at: dict[tuple[str, int], tuple[int, frozenset[str]]] = {}
        self.by_id: dict[str, int] = {}
        self.calls: list[tuple[str, object]] = []

    def folders(self) -> Sequence[FolderState]:
        return tuple(self.states.values())

    def save_folder(self, state: FolderState) -> None:
        self.states[state.name] = state

    def forget_folder(self, name: str) -> None:
        self.calls.append(("forget", name))
        self.states.pop(name, None)
        self.at = {key: value for key, value in self.at.items() if key[0] != name}

    def uids(self, folder: str) -> Mapping[int, frozenset[str]]:
        return {uid: flags for (name, uid), (_, flags) in self.at.items() if name == folder}

    def message_ids(self, folder: str, uids: Sequence[int]) -> Mapping[int, str]:
        return {uid: self.rows[self.at[folder, uid][0]].envelope.message_id for uid in uids if (folder, uid) in self.at}

    def add(self, folder: FolderState, arrivals: Sequence[Arrival]) -> None:
        assert len(arrivals) <= 50
        self.calls.append(("add", (folder.name, tuple(arrival.uid for arrival in arrivals))))
        for arrival in arrivals:
            key = arrival.envelope.message_id or f"{folder.name}/{folder.uidvalidity}/{arrival.uid}"
            row = self.by_id.setdefault(key, len(self.by_id) + 1)
            new = row not in self.rows
            stored = self.rows.setdefault(row, Stored(row, arrival.envelope, lean=arrival.lean))
            if new or not arrival.lean:
                stored.source["HEADER"], stored.lean = arrival.header, arrival.lean
                stored.envelope = arrival.envelope if new else stored.envelope
            if arrival.structure:
                stored.source["STRUCTURE"] = arrival.structure
            self.at[folder.name, arrival.uid] = (row, arrival.flags)

    def unfinished(self, limit: int) -> Sequence[Unfinished]:
        found = [
            Unfinished(row, self._place(name, uid, flags), self.rows[row].source["HEADER"])
            for (name, uid), (row, flags) in self.at.items()
            if self.rows[row].lean
        ]
        found.sort(key=lambda one: self.rows[one.message].envelope.at, reverse=True)
        return found[:limit]

    def finish(self, messages: Mapping[int, Finished]) -> None:
        assert len(messages) <= 50
        self.calls.append(("finish", tuple(messages)))
        for message, whole in messages.items():
            stored = self.rows[message]
            told = whole.envelope
            stored.envelope = replace(
                stored.envelope, automatic=told.automatic, verified=told.verified, problem=stored.envelope.problem or told.problem
            )
            stored.lean = False
            stored.source["HEADER"] = whole.header
            if whole.structure:
                stored.source["STRUCTURE"] = whole.structure

    def structures(self, messages: Sequence[int]) -> Mapping[int, bytes]:
        return {one: self.rows[one].source["STRUCTURE"] for one in messages if "STRUCTURE" in self.rows[one].source}

    def set_flags(self, folder: str, flags: Mapping[int, frozenset[str]]) -> None:
        assert len(flags) <= 50
        self.calls.append(("flags", (folder, dict(flags))))
        for uid, new in flags.items():
            row, _ = self.at[folder, uid]
            self.at[folder, uid] = (row, new)

    def vanish(self, folder: str, uids: Iterable[int]) -> None:
        gone = list(uids)
        assert len(gone) <= 50
        self.calls.append(("vanish", (folder, tuple(gone))))
        for uid in gone:
            self.at.pop((folder, uid), None)

    def without_text(self, limit: int) -> Sequence[Wanted]:
        wanted = []
        for (name, uid), (row, flags) in self.at.items():
            if self.rows[row].body is None and name in self.states and all(one.message != row for one in wanted):
                wanted.append(Wanted(row, self._place(name, uid, flags)))
        wanted.sort(key=lambda one: self.rows[one.message].envelope.at, reverse=True)
        return wanted[:limit]

    def texts_failed(self, messages: Sequence[int]) -> None:
        self.calls.append(("texts_failed", tuple(messages)))

    def places(self, message: int) -> Sequence[Place]:
        return [self._place(name, uid, flags) for (name, uid), (row, flags) in self.at.items() if row == message]

    def _place(self, name: str, uid: int, flags: frozenset[str]) -> Place:
        state = self.states[name]
        return Place(name, state.role, state.uidvalidity, uid, flags)

    def save_body(self, message: int, body: Body, source: Mapping[str, bytes] = MappingProxyType({})) -> None:
        self.rows[message].body = body
        self.rows[message].source.update(source)

    def save_bodies(self, bodies: Mapping[int, Body], sources: Sources = MappingProxyType({})) -> None:
        for message, body in bodies.items():
            self.save_body(message, body, sources.get(message, {}))

    def keep(self, message: int, section: str, content: bytes) -> None:
        self.rows[message].source[section] = content

    # For tests.

    def row(self, message_id: str) -> int:
        return self.by_id[message_id]

    def where(self, message_id: str) -> dict[str, frozenset[str]]:
        row = self.by_id[message_id]
        return {name: flags for (name, _), (other, flags) in self.at.items() if other == row}

    def snapshot(self) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
        """Folder -> (Message-ID, flags), sorted: what must be the same whatever happened on the way."""
        ids = {row: key for key, row in self.by_id.items()}
        found: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
        for (name, _), (row, flags) in self.at.items():
            found.setdefault(name, []).append((ids[row], tuple(sorted(flags))))
        return {name: sorted(rows) for name, rows in found.items()}

    def set_state(self, name: str, **changes: object) -> None:
        self.states[name] = replace(self.states[name], **changes)
