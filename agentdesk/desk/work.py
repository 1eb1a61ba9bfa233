"""The verbs: what an agent does with conversations. Each is one transaction, one set of events, and one step of undo.

Mail's shared state are events for the team log. A chat keeps its own status, assignee, labels and priority: there the verb is
applied to the row at once and queued as an action for the chat, whose word is the last one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from agentdesk.config import DeskConfig
from agentdesk.desk.facts import Undoable
from agentdesk.domain.conversation import Priority, Status
from agentdesk.domain.events import Event, Kind
from agentdesk.domain.fold import fold, inverse
from agentdesk.domain.mailbox import Role
from agentdesk.errors import Refused
from agentdesk.locale import say
from agentdesk.store import conversations, drafts, events, jobs, outbox, threads
from agentdesk.store.database import Database, Tx, millis, moment_or_none
from agentdesk.store.rules import Rules

Step = dict[str, Any]
KEEP_UNDO = 200


class Work:
    """Writes intents; the engine makes them true elsewhere. Returned strings are for the status line."""

    def __init__(self, config: DeskConfig, database: Database, rules: Rules) -> None:
        self._config, self._db, self._rules = config, database, rules

    # -- ownership

    def claim(self, rows: Sequence[int]) -> str:
        """Take conversations: "I answer this"."""
        return self._own(rows, Kind.CLAIM, self._rules.agent, say("desk.done.claimed", n=len(rows)), see=True)

    def assign(self, rows: Sequence[int], email: str) -> str:
        """Give conversations to somebody, or to nobody ("")."""
        who = self.colleague(email) if email else ""
        words = say("desk.done.assigned", n=len(rows), who=self.name_of(who)) if who else say("desk.done.unassigned", n=len(rows))
        return self._own(rows, Kind.ASSIGN, who, words, see=False)

    def _own(self, rows: Sequence[int], kind: Kind, owner: str, words: str, *, see: bool) -> str:
        def each(tx: Tx, row: int) -> list[Step]:
            return self.give(tx, row, kind, owner) + (self._see(tx, row) if see else [])

        return self._each(rows, words, each)

    def give(self, tx: Tx, row: int, kind: Kind, owner: str) -> list[Step]:
        """Make somebody the owner of one conversation."""
        known = self._row(tx, row)
        if known["assignee"] == owner:
            return []
        if known["kind"] != "imap":
            return self._chat(tx, known, "assign", {"owner": owner}, {"owner": known["assignee"]})
        return self._event(tx, row, kind, {"owner": owner}, based_on=known["ownership_event"])

    def colleague(self, text: str) -> str:
        """The address of a member by address, name or a part of one; "me" is this agent.

        Raises:
            Refused: nobody, or several.
        """
        wanted = text.strip().lower()
        if wanted == "me":
            return self._rules.agent
        people = {m.email.lower(): m.name for m in self._config.members} | {self._rules.agent: self._config.agent_name}
        if wanted in people:
            return wanted
        found = [email for email, name in people.items() if wanted and (wanted in name.lower() or wanted in email)]
        if len(found) != 1:
            raise Refused(say("desk.no_colleague", text=text, known=", ".join(sorted(f"{n} <{e}>" for e, n in people.items()))))
        return found[0]

    def name_of(self, email: str) -> str:
        """How a colleague is called on the screen."""
        if email == self._rules.agent:
            return self._config.agent_name
        return next((m.name for m in self._config.members if m.email.lower() == email), email)

    # -- status

    def close(self, rows: Sequence[int]) -> str:
        return self._status(rows, Status.CLOSED, say("desk.done.closed", n=len(rows)))

    def reopen(self, rows: Sequence[int]) -> str:
        return self._status(rows, Status.OPEN, say("desk.done.reopened", n=len(rows)))

    def wait(self, rows: Sequence[int]) -> str:
        """The customer is to answer."""
        return self._status(rows, Status.WAITING, say("desk.done.waiting", n=len(rows)))

    def snooze(self, rows: Sequence[int], until: datetime) -> str:
        """Out of the queue until a moment; a customer's answer brings it back earlier.

        Raises:
            Refused: the moment is past.
        """
        if until <= datetime.now(UTC):
            raise Refused(say("desk.snooze_past"))
        local = until.astimezone(self._config.timezone)
        return self._status(rows, Status.SNOOZED, say("desk.done.snoozed", n=len(rows), until=f"{local:%d/%m %H:%M}"), until)

    def _status(self, rows: Sequence[int], status: Status, words: str, until: datetime | None = None) -> str:
        def each(tx: Tx, row: int) -> list[Step]:
            return set_status(self, tx, row, status, until)

        return self._each(rows, words, each)

    # -- the rest

    def tag(self, rows: Sequence[int], add: Iterable[str] = (), remove: Iterable[str] = ()) -> str:
        gained, lost = tags_of(add), tags_of(remove)
        if not gained and not lost:
            raise Refused(say("desk.no_tag"))

        words = " ".join([*(f"+{t}" for t in gained), *(f"-{t}" for t in lost)])
        return self._each(rows, say("desk.done.tagged", n=len(rows), tags=words), lambda tx, row: self.label(tx, row, gained, lost))

    def label(self, tx: Tx, row: int, add: Sequence[str], remove: Sequence[str] = ()) -> list[Step]:
        """Give one conversation tags and take others away."""
        known = self._row(tx, row)
        if known["kind"] == "imap":
            return self._event(tx, row, Kind.TAG, {"add": list(add), "remove": list(remove)})
        now = {r["tag"] for r in tx.all("SELECT tag FROM tag WHERE conversation = ?", (row,))}
        back = {"add": sorted(set(remove) & now), "remove": sorted(set(add) - now)}
        return self._chat(tx, known, "labels", {"add": list(add), "remove": list(remove)}, back)

    def note(self, rows: Sequence[int], text: str, cursor: int | None = None) -> str:
        """An internal note, never sent. Undone, it is the draft of a note again, with the `cursor` where it was."""
        body = text.strip()
        if not body:
            raise Refused(say("desk.empty_note"))

        def each(tx: Tx, row: int) -> list[Step]:
            known = self._row(tx, row)
            # Undo takes the last step back first: a note that has gone out to a chat gives no draft.
            again: Step = {"note": row, "text": text, "cursor": len(text) if cursor is None else cursor}
            if known["kind"] == "imap":
                return [again, *self._event(tx, row, Kind.NOTE, {"text": body})]
            return [again, {"job": jobs.add(tx, known["channel"], "action", conversation=row, data={"verb": "note", "text": body})}]

        return self._each(rows, say("desk.done.noted", n=len(rows)), each)

    def remove_note(self, row: int, event: str) -> str:
        return self._each([row], say("desk.done.note_removed"), lambda tx, r: self._event(tx, r, Kind.NOTE_REMOVED, {"note": event}))

    def priority(self, rows: Sequence[int], priority: Priority) -> str:
        words = say("desk.done.priority", n=len(rows), priority=say(f"desk.priority.{priority.value}"))
        return self._each(rows, words, lambda tx, row: self.rank(tx, row, priority))

    def rank(self, tx: Tx, row: int, priority: Priority) -> list[Step]:
        """Set the priority of one conversation."""
        known = self._row(tx, row)
        if known["kind"] == "imap":
            return self._event(tx, row, Kind.PRIORITY, {"priority": priority.value})
        return self._chat(tx, known, "priority", {"priority": priority.value}, {"priority": known["priority"]})

    def spam(self, rows: Sequence[int], spam: bool) -> str:
        """Mark as spam and move to Junk, or back to the inbox."""

        def each(tx: Tx, row: int) -> list[Step]:
            known = self._row(tx, row)
            if known["kind"] != "imap":
                raise Refused(say("desk.spam_chat"))
            steps = self._event(tx, row, Kind.SPAM, {"spam": spam})
            return steps + move(tx, known, Role.JUNK if spam else Role.INBOX)

        return self._each(rows, say("desk.done.spam" if spam else "desk.done.not_spam", n=len(rows)), each)

    def choose_order(self, row: int, number: str) -> str:
        """Say which order a conversation is about; "" for none of them."""
        words = say("desk.done.order", number=number) if number else say("desk.done.no_order")
        return self._each([row], words, lambda tx, r: self._event(tx, r, Kind.ORDER, {"number": number}))

    def language(self, row: int, language: str) -> str:
        """Say which language the customer reads."""
        return self._each([row], say("desk.done.language", language=language),
                          lambda tx, r: self._event(tx, r, Kind.LANGUAGE, {"language": language}))

    def seen(self, rows: Sequence[int], seen: bool) -> str:
        def each(tx: Tx, row: int) -> list[Step]:
            return self._see(tx, row, seen=seen)

        return self._each(rows, say("desk.done.read" if seen else "desk.done.unread", n=len(rows)), each)

    # -- undo

    def undoable(self) -> Undoable | None:
        """What undo would take back: so that a verb that changed nothing offers none, and undo shows what it brought back."""
        last = self._db.one("SELECT id, steps FROM undo WHERE done = 0 ORDER BY id DESC LIMIT 1")
        if last is None:
            return None
        rows = []
        for step in json.loads(last["steps"]):
            if "outbox" in step:
                rows.append(self._db.value("SELECT conversation FROM outbox WHERE id = ?", (step["outbox"],)) or 0)
            else:
                rows.append(step.get("event") or step.get("chat") or step.get("note") or step.get("row") or 0)
        with self._db.snapshot() as db:
            return Undoable(last["id"], tuple(dict.fromkeys(threads.resolve(db, row) for row in rows if row)))

    def undo(self) -> str | None:
        """Take back the last thing that was done, whatever it was; what it was, or None."""

        def change(tx: Tx) -> str | None:
            last = tx.one("SELECT id, label, steps FROM undo WHERE done = 0 ORDER BY id DESC LIMIT 1")
            if last is None:
                return None
            tx.execute("UPDATE undo SET done = 1 WHERE id = ?", (last["id"],))
            rows: set[int] = set()
            for step in reversed(json.loads(last["steps"])):
                too_late = self._take_back(tx, step, rows)
                if too_late:
                    return too_late
            for row in rows:
                conversations.refresh(tx, row, self._rules)
            return say("desk.undone", what=last["label"])

        return self._db.write(change)

    def _take_back(self, tx: Tx, step: Step, rows: set[int]) -> str:
        """One step back; words if it is too late."""
        if "outbox" in step:
            draft = outbox.restore_draft(tx, step["outbox"])
            return "" if draft is not None else say("desk.undo_too_late")
        if "job" in step:
            taken = tx.execute("DELETE FROM job WHERE id = ? AND attempts = 0", (step["job"],)).rowcount
            return "" if taken else say("desk.undo_too_late")
        if "put" in step:
            put(tx, step["put"], Role(step["role"]))
            return ""
        if "note" in step:
            self._note_again(tx, step)
            return ""
        row = threads.resolve(tx, step.get("event") or step.get("chat") or step["row"])
        known = tx.one("SELECT * FROM conversation WHERE row = ?", (row,))
        if known is None:  # forgotten meanwhile
            return ""
        if "event" in step:
            events.record(tx, row, Kind(step["kind"]), self._rules.agent, step["data"], step.get("based_on", ""))
        elif "chat" not in step:
            self._set_seen(tx, step["messages"], seen=step["seen"])
        elif _still(known, step):
            self._chat(tx, known, step["verb"], step["data"], {})
        rows.add(row)
        return ""

    @staticmethod
    def _note_again(tx: Tx, step: Step) -> None:
        known = tx.one("SELECT channel FROM conversation WHERE row = ?", (threads.resolve(tx, step["note"]),))
        if known is not None:
            drafts.put(tx, 0, drafts.values_of(
                conversation=step["note"], kind="note", channel=known["channel"], to=(), cc=(), bcc=(), subject="", text=step["text"],
                quoted="", base=0, message_id="", language="", snippets=(), actions={}, cursor=step["cursor"],
            ))

    # -- what the verbs are made of

    def _each(self, rows: Sequence[int], words: str, each: Callable[[Tx, int], list[Step]]) -> str:
        def change(tx: Tx) -> None:
            steps: list[Step] = []
            for row in dict.fromkeys(threads.resolve(tx, row) for row in rows):
                steps += each(tx, row)
                conversations.refresh(tx, row, self._rules)
            self.remember(tx, words, steps)

        self._db.write(change)
        return words

    def remember(self, tx: Tx, label: str, steps: list[Step]) -> None:
        """One step of undo; nothing to take back is no step."""
        if steps:
            tx.execute("INSERT INTO undo (at, label, steps) VALUES (?, ?, ?)", (tx.now, label, json.dumps(steps, ensure_ascii=False)))
            tx.execute("DELETE FROM undo WHERE id <= (SELECT max(id) FROM undo) - ?", (KEEP_UNDO,))

    @staticmethod
    def _row(tx: Tx, row: int) -> Any:
        found = tx.one("SELECT * FROM conversation WHERE row = ?", (row,))
        if found is None:
            raise Refused(say("desk.no_conversation", reference=row))
        return found

    def _event(self, tx: Tx, row: int, kind: Kind, data: dict[str, Any], based_on: str = "") -> list[Step]:
        """Record an event; the step that takes it back."""
        known = self._row(tx, row)
        # What is taken back is what was shown: of these, time and mail have their part in it.
        before = replace(
            fold(*events.of_conversation(tx.db, row)), status=Status(known["status"]), spam=bool(known["spam"]),
            snoozed_until=moment_or_none(known["snoozed_until"]),
        )
        made = events.record(tx, row, kind, self._rules.agent, data, based_on)
        event = Event(made, kind, known["target"], self._rules.agent, data, based_on)
        back = inverse(event, before, note=_note_text(tx, data.get("note", "")))
        if back is None:
            return []
        undo = dict(back.data)
        if kind is Kind.STATUS:
            undo["seen"] = conversations.newest_customer_message(tx.db, row)
        return [{"event": row, "kind": back.kind.value, "data": undo, "based_on": back.based_on}]

    @staticmethod
    def _chat(tx: Tx, known: Any, verb: str, data: dict[str, Any], back: dict[str, Any]) -> list[Step]:
        """Apply to the row at once, and ask the chat to do the same."""
        row = known["row"]
        if verb == "status":
            until = datetime.fromisoformat(data["until"]) if data.get("until") else None
            tx.execute("UPDATE conversation SET status = ?, status_at = ?, snoozed_until = ? WHERE row = ?",
                       (data["status"], tx.now, millis(until), row))
        elif verb == "assign":
            tx.execute("UPDATE conversation SET assignee = ? WHERE row = ?", (data["owner"], row))
        elif verb == "priority":
            tx.execute("UPDATE conversation SET priority = ? WHERE row = ?", (data["priority"], row))
        elif verb == "labels":
            now = {r["tag"] for r in tx.all("SELECT tag FROM tag WHERE conversation = ?", (row,))}
            conversations.set_chat_tags(tx, row, frozenset((now | set(data["add"])) - set(data["remove"])))
        jobs.add(tx, known["channel"], "action", conversation=row, data={"verb": verb, **data})
        return [{"chat": row, "verb": verb, "data": back, "set": data}] if back else []

    def _see(self, tx: Tx, row: int, *, seen: bool = True) -> list[Step]:
        messages = [
            r["row"] for r in tx.all("SELECT row FROM message WHERE conversation = ? AND direction = 'in' AND seen = ?", (row, not seen))
        ]
        if not messages:
            return []
        self._set_seen(tx, messages, seen=seen)
        known = self._row(tx, row)
        if known["kind"] != "imap":  # a chat can be told that it was read, and not that it was not
            if seen:
                jobs.add(tx, known["channel"], "action", conversation=row, data={"verb": "seen"})
            return []
        return [{"seen": not seen, "messages": messages, "row": row}]

    @staticmethod
    def _set_seen(tx: Tx, messages: Sequence[int], *, seen: bool) -> None:
        for message in messages:
            tx.execute("UPDATE message SET seen = ? WHERE row = ?", (seen, message))
            known = tx.one(
                "SELECT m.channel, c.kind FROM message m JOIN conversation c ON c.row = m.conversation WHERE m.row = ?", (message,)
            )
            if known is not None and known["kind"] == "imap":
                tx.execute("DELETE FROM job WHERE kind = 'seen' AND message = ? AND attempts = 0", (message,))
                jobs.add(tx, known["channel"], "seen", message=message, data={"seen": seen})


def set_status(work: Work, tx: Tx, row: int, status: Status, until: datetime | None) -> list[Step]:
    """Set a conversation's status where its channel keeps it; the steps that take it back."""
    known = work._row(tx, row)  # noqa: SLF001 - the same room: sending sets the status too
    data: dict[str, Any] = {"status": status.value}
    if until is not None:
        data["until"] = until.isoformat()
    if known["kind"] != "imap":
        back: dict[str, Any] = {"status": known["status"]}
        if known["snoozed_until"]:
            back["until"] = datetime.fromtimestamp(known["snoozed_until"] / 1000, UTC).isoformat()
        return work._chat(tx, known, "status", data, back)  # noqa: SLF001 - the same room
    data["seen"] = conversations.newest_customer_message(tx.db, row)
    steps = work._event(tx, row, Kind.STATUS, data)  # noqa: SLF001 - the same room
    if status is Status.CLOSED:
        steps += work._see(tx, row)  # noqa: SLF001 - the same room
        if work._config.on_close == "archive":  # noqa: SLF001 - the same room
            steps += move(tx, known, Role.ARCHIVE)
    return steps


def move(tx: Tx, known: Any, role: Role) -> list[Step]:
    """Ask the engine to move what the customer wrote to the folder with this role; the steps that put each back where it was."""
    was: dict[str, list[int]] = {}
    for message in tx.all(
        "SELECT m.row, coalesce((SELECT json_extract(j.data, '$.role') FROM job j WHERE j.kind = 'move' AND j.message = m.row"
        " AND j.attempts < ? ORDER BY j.id DESC LIMIT 1), (SELECT f.role FROM place p JOIN folder f ON f.channel = p.channel"
        " AND f.name = p.folder WHERE p.message = m.row AND f.role != 'sent' ORDER BY f.role = 'inbox' DESC LIMIT 1)) AS role"
        " FROM message m WHERE m.conversation = ? AND m.direction = 'in' AND m.gone = 0",
        (jobs.MAX_ATTEMPTS, known["row"]),
    ):
        if message["role"] not in (None, role.value):
            was.setdefault(message["role"], []).append(message["row"])
    for messages in was.values():
        put(tx, messages, role)
    return [{"put": messages, "role": before} for before, messages in was.items()]


def put(tx: Tx, messages: Iterable[int], role: Role) -> None:
    """Ask the engine to move these messages."""
    for message in messages:
        channel = tx.one("SELECT channel FROM message WHERE row = ?", (message,))
        if channel is not None:
            jobs.add(tx, channel["channel"], "move", message=message, data={"role": role.value})


def _still(known: Any, step: Step) -> bool:
    """Whether a chat still is as we set it: what a colleague did since is not taken back."""
    column, name = {"status": ("status", "status"), "assign": ("assignee", "owner"), "priority": ("priority", "priority")}.get(
        step["verb"], ("", "")
    )
    return not column or known[column] == step["set"][name]


def _note_text(tx: Tx, event: object) -> str:
    if not isinstance(event, str) or not event:
        return ""
    found = tx.one("SELECT data FROM event WHERE id = ?", (event,))
    return str(json.loads(found["data"]).get("text", "")) if found else ""


def tags_of(words: Iterable[object]) -> list[str]:
    """Each once, in order, as they are kept."""
    return sorted({tag for word in words if (tag := _tag(str(word)))})


def _tag(text: str) -> str:
    """A tag as it is kept: lower case, no spaces or commas."""
    return "-".join(text.strip().lstrip("#").lower().replace(",", " ").split())[:50]
