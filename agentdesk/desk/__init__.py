"""The desk: what an agent can do, for the screen and the command line alike.

    Desk
    ├── queue      views, counts, order, rows, finding a conversation
    ├── reading    a conversation, its customer, orders, history
    ├── files      attachments, messages as they came
    ├── work       the verbs and undo
    ├── writing    drafts and the outbox
    ├── usage      what was moved over the line, and how it is taken
    ├── answers    snippets: found, filled
    ├── macros     snippets with actions only: looked at, run
    ├── packs      where they come from, and what changed in them
    └── records    what became of them: who got a text, how it fares
It reads the store and writes intents into it; the engine, another process, does the rest.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self

from agentdesk.config import DeskConfig
from agentdesk.desk.answers import Answers
from agentdesk.desk.checking import Checking
from agentdesk.desk.files import Files
from agentdesk.desk.macros import Macros
from agentdesk.desk.packs import Packs
from agentdesk.desk.queue import Queue
from agentdesk.desk.reading import Reading
from agentdesk.desk.records import Records
from agentdesk.desk.usage import UsageDesk
from agentdesk.desk.work import Work
from agentdesk.desk.writing import Writing
from agentdesk.store.blobs import Blobs
from agentdesk.store.database import Changes, Database
from agentdesk.store.rules import opening_hours, store_rules

__all__ = ["Desk"]


class Desk:
    """An open desk. `close` it, or use it as a context manager."""

    def __init__(self, config: DeskConfig) -> None:
        """Open the desk's database, made if it is not there.

        Raises:
            DeskError: it can't be opened, or a newer version wrote it.
        """
        self.config = config
        self.hours = opening_hours(config)
        self.rules = store_rules(config, self.hours)
        self.database = Database(config.state / "desk.db")
        self.blobs = Blobs(config.state / "blobs")
        self.queue = Queue(config, self.database)
        self.reading = Reading(config, self.database, self.queue)
        self.files = Files(self.database, self.blobs)
        self.work = Work(config, self.database, self.rules)
        self.answers = Answers(config, self.database, self.reading, self.queue, self.hours)
        self.checking = Checking(config, self.database, self.reading, self.answers)
        self.writing = Writing(config, self.database, self.work, self.blobs, self.rules, self.checking)
        self.usage = UsageDesk(config, self.database)
        self.macros = Macros(config, self.database, self.rules, self.queue, self.work, self.answers)
        self.packs = Packs(config, self.database, self.answers)
        self.records = Records(self.database, self.answers)

    @classmethod
    def open(cls, config: DeskConfig) -> Desk:
        return cls(config)

    def changes(self) -> Changes:
        """What others change from now on, to be polled."""
        return Changes(self.database)

    def close(self) -> None:
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
