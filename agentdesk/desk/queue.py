"""The queue as the screen and the command line ask for it: views, counts, order, rows, and finding one conversation."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Sequence
from datetime import UTC, datetime

from agentdesk.config import DeskConfig
from agentdesk.desk.cautions import gravest
from agentdesk.desk.facts import Counts, Row, View
from agentdesk.desk.outgoing import REFUSED, SHOWN_STATE
from agentdesk.domain import query as language
from agentdesk.domain import warnings
from agentdesk.domain.clean import clean_line
from agentdesk.domain.conversation import Status
from agentdesk.domain.warnings import Caution
from agentdesk.errors import NotFound, UsageError
from agentdesk.locale import say
from agentdesk.store import threads
from agentdesk.store.database import Database, moment, moment_or_none, placeholders
from agentdesk.store.queue import EFFECTIVE_STATUS, ORDERS, Asker, compile_query

OPEN = "is:open"

_OUTBOX_WEIGHT = ("unknown", "conflict", "rejected", REFUSED, "held", "scheduled", "queued", "fenced", "sending")


def _built_in() -> tuple[View, ...]:
    return (
        View("open", say("desk.view.open"), OPEN),
        View("mine", say("desk.view.mine"), "is:mine is:open,waiting"),
        View("unassigned", say("desk.view.unassigned"), "is:open is:unassigned"),
        View("waiting", say("desk.view.waiting"), "is:waiting", "newest"),
        View("snoozed", say("desk.view.snoozed"), "is:snoozed", "newest"),
        View("late", say("desk.view.late"), "is:open is:late"),
        View("closed", say("desk.view.closed"), "is:closed", "newest"),
        View("spam", say("desk.view.spam"), "is:spam", "newest"),
        View("all", say("desk.view.all"), "", "newest"),
    )


class Queue:
    """Reads only; every call is one short query."""

    def __init__(self, config: DeskConfig, database: Database) -> None:
        self._config, self._db = config, database
        self._agent = config.agent_email.lower()

    def _asker(self) -> Asker:
        return Asker(self._agent, datetime.now(UTC), self._config.timezone)

    def views(self) -> tuple[View, ...]:
        """The built-in views, then the desk's own."""
        own = tuple(View(v.name, v.name, v.query, v.sort) for v in self._config.views)
        return (*_built_in(), *own)

    def view(self, key: str) -> View:
        """A view by its key or name.

        Raises:
            UsageError: there is none; the message lists those there are.
        """
        for view in self.views():
            if view.key.lower() == key.lower():
                return view
        raise UsageError(say("desk.no_view", name=key, known=", ".join(v.key for v in self.views())))

    def counts(self) -> Counts:
        now = self._asker()
        row = self._db.one(
            f"SELECT coalesce(sum(s = 'open'), 0) AS open, coalesce(sum(s = 'open' AND assignee = :me), 0) AS mine,"
            " coalesce(sum(s = 'open' AND due_at > 0 AND due_at <= :now AND waiting_since > 0), 0) AS late,"
            " coalesce(sum(s = 'open' AND kind != 'imap' AND waiting_since > 0), 0) AS chats,"
            " coalesce(sum(s = 'open' AND assignee = ''), 0) AS unassigned, coalesce(sum(s = 'snoozed'), 0) AS snoozed"
            f" FROM (SELECT {EFFECTIVE_STATUS} AS s, c.assignee, c.due_at, c.waiting_since, c.kind FROM conversation c"
            " WHERE c.merged_into = 0 AND c.spam = 0 AND c.status IN ('open', 'snoozed'))",
            {"me": now.agent, "now": int(now.now.timestamp() * 1000)},
        )
        out = self._db.one(
            "SELECT coalesce(sum(state IN ('held', 'scheduled', 'queued', 'fenced', 'sending')), 0) AS outbox,"
            " coalesce(sum(state IN ('unknown', 'conflict', 'rejected') OR look), 0) AS trouble FROM outbox WHERE state != 'filed' OR look"
        )
        return Counts(
            open=row["open"], mine=row["mine"], late=row["late"], chats_waiting=row["chats"], unassigned=row["unassigned"],
            snoozed=row["snoozed"], outbox=out["outbox"], trouble=out["trouble"],
        )

    def ids(self, view_key: str = "open", query: str = "", *, sort: str = "", limit: int = 0) -> array[int]:
        """Rows of the conversations a view shows, narrowed by a typed query, in order. A typed query is newest first.

        Raises:
            UsageError: the query can't be read, or there is no such view.
        """
        chosen = self.view(view_key)
        typed = language.parse(clean_line(query))
        order = sort or ("newest" if typed.terms else chosen.sort)
        if order not in ORDERS:
            raise UsageError(say("desk.no_sort", name=order, known=", ".join(ORDERS)))
        sql, values = compile_query(language.parse(chosen.query), typed, order, self._asker())
        if limit:
            sql += f" LIMIT {int(limit)}"
        return array("q", (row[0] for row in self._db.reader().execute(sql, values)))

    def rows(self, ids: Sequence[int]) -> list[Row]:
        """The conversations with these numbers, in this order; those that are gone are left out."""
        wanted = list(ids)
        found: dict[int, Row] = {}
        with self._db.snapshot() as db:
            for start in range(0, len(wanted), 500):
                found |= self._some_rows(db, wanted[start : start + 500])
        return [found[row] for row in wanted if row in found]

    def _some_rows(self, db: sqlite3.Connection, ids: Sequence[int]) -> dict[int, Row]:
        marks = placeholders(ids)
        tags: dict[int, list[str]] = {}
        for tag in db.execute(f"SELECT conversation, tag FROM tag WHERE conversation IN ({marks}) ORDER BY tag", ids):
            tags.setdefault(tag["conversation"], []).append(tag["tag"])
        drafts = {d[0] for d in db.execute(f"SELECT conversation FROM draft WHERE conversation IN ({marks}) AND text != ''", ids)}
        outbox: dict[int, str] = {}
        later: dict[int, int] = {}
        for entry in db.execute(
            f"SELECT o.conversation, o.hold_until, {SHOWN_STATE} AS state FROM outbox o WHERE o.conversation IN ({marks})"
            " AND (o.state NOT IN ('accepted', 'filed') OR o.look)", ids,
        ):
            known = outbox.get(entry["conversation"])
            if known is None or _OUTBOX_WEIGHT.index(entry["state"]) < _OUTBOX_WEIGHT.index(known):
                outbox[entry["conversation"]] = entry["state"]
            if entry["state"] == "scheduled":
                later[entry["conversation"]] = min(entry["hold_until"], later.get(entry["conversation"], entry["hold_until"]))
        warned: dict[int, list[Caution]] = {}
        for message in db.execute(f"SELECT conversation, cautions FROM message WHERE conversation IN ({marks}) AND cautions != '[]'", ids):
            warned.setdefault(message["conversation"], []).extend(warnings.from_json(message["cautions"]))
        now = int(datetime.now(UTC).timestamp() * 1000)
        rows = db.execute(
            f"SELECT c.*, {EFFECTIVE_STATUS} AS effective, coalesce(p.name, '') AS person,"
            " coalesce((SELECT i.value FROM identity i WHERE i.customer = p.id AND i.kind = 'email' ORDER BY i.value LIMIT 1), '') AS address"
            f" FROM conversation c LEFT JOIN customer p ON p.id = c.customer WHERE c.row IN ({','.join(f':r{n}' for n in range(len(ids)))})",
            {"now": now, **{f"r{n}": row for n, row in enumerate(ids)}},
        )
        return {
            row["row"]: _row(
                row, tuple(tags.get(row["row"], ())), has_draft=row["row"] in drafts, outbox=outbox.get(row["row"], ""),
                caution=gravest(warned.get(row["row"], ())),
                outbox_at=moment(later[row["row"]]) if outbox.get(row["row"]) == "scheduled" else None,
            )
            for row in rows
        }

    def row(self, row: int) -> Row | None:
        found = self.rows([row])
        return found[0] if found else None

    def find(self, reference: str) -> int:
        """The conversation meant by an id, an unambiguous beginning of one, a Message-ID or a channel's own id.

        Raises:
            NotFound: none, or several.
        """
        wanted = clean_line(reference)
        row = self._db.one("SELECT row FROM conversation WHERE id = ?", (wanted,)) or self._db.one(
            "SELECT conversation AS row FROM alias WHERE alias IN (?, ?)", (wanted, f"<{wanted.strip('<>')}>")
        )
        if row is None and wanted:
            low, high = wanted.lower(), wanted.lower() + "\uffff"
            rows = self._db.all(
                "SELECT row, id FROM conversation WHERE id >= ? AND id < ? AND merged_into = 0 ORDER BY id LIMIT 6", (low, high)
            )
            if len(rows) > 1:
                raise NotFound(say("desk.ambiguous", reference=wanted, known=", ".join(r["id"] for r in rows)))
            row = rows[0] if rows else None
        if row is None:
            row = self._db.one("SELECT row FROM conversation WHERE remote = ? AND remote != ''", (wanted,))
        if row is None:
            raise NotFound(say("desk.no_conversation", reference=wanted))
        return threads.resolve(self._db.reader(), row["row"])

    def next_urgent(self, after: int = 0) -> int | None:
        """The most urgent open conversation nobody has and somebody waits in; not `after` itself."""
        sql, values = compile_query(language.parse("is:open is:unassigned"), language.Query(), "due", self._asker())
        head = sql.replace(" ORDER BY ", " AND c.waiting_since > 0 AND c.row != :after AND NOT EXISTS (SELECT 1 FROM outbox o WHERE"
                           " o.conversation = c.row AND o.state IN ('held', 'queued', 'fenced', 'sending', 'scheduled')) ORDER BY ", 1)
        row = self._db.one(head + " LIMIT 1", {**values, "after": after})
        return row[0] if row else None

    def next_chat(self, after: int = 0) -> int | None:
        """The chat that has waited longest."""
        row = self._db.one(
            f"SELECT c.row FROM conversation c WHERE c.kind != 'imap' AND c.merged_into = 0 AND c.waiting_since > 0 AND c.row != :after"
            f" AND {EFFECTIVE_STATUS} = '{Status.OPEN}' ORDER BY c.waiting_since LIMIT 1",
            {"after": after, "now": int(datetime.now(UTC).timestamp() * 1000)},
        )
        return row[0] if row else None


def _row(row: sqlite3.Row, tags: tuple[str, ...], *, has_draft: bool, outbox: str, outbox_at: datetime | None, caution: str) -> Row:
    return Row(
        row=row["row"], id=row["id"], channel=row["channel"], kind=row["kind"], subject=row["subject"],
        customer_name=row["person"] or row["address"], customer_address=row["address"], status=row["effective"],
        assignee=row["assignee"], claiming=bool(row["claiming"]), tags=tags, priority=row["priority"], unread=row["unread"],
        messages=row["messages"], preview=row["preview"], last_at=moment(row["last_at"]),
        waiting_since=moment_or_none(row["waiting_since"]), due_at=moment_or_none(row["due_at"]),
        snoozed_until=moment_or_none(row["snoozed_until"]) if row["effective"] == Status.SNOOZED else None,
        order_number=row["order_number"], spam=bool(row["spam"]), automatic=bool(row["automatic"]), has_draft=has_draft, outbox=outbox,
        outbox_at=outbox_at,
        caution=caution,
    )
