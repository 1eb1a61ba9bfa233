"""Drafts: made by the rules of replying, on disk from the first pause on, bound to their conversation."""

from __future__ import annotations

import json
import mimetypes
import secrets
import sqlite3
from pathlib import Path

from agentdesk.config import DeskConfig, MailChannelConfig
from agentdesk.desk.addresses import parse_addresses
from agentdesk.desk.facts import Draft, FileFact
from agentdesk.desk.work import Work
from agentdesk.domain import insertion
from agentdesk.domain import language as languages
from agentdesk.domain import reply as rules_of_reply
from agentdesk.domain.message import Address
from agentdesk.errors import NotFound, Refused
from agentdesk.locale import say
from agentdesk.store import conversations, drafts, threads
from agentdesk.store.addresses import from_json
from agentdesk.store.blobs import Blobs
from agentdesk.store.database import Database, Tx, moment
from agentdesk.store.rules import Rules

MOST_ATTACHED = 25 * 1024 * 1024
"""Bytes of attachments in one reply; beyond it most servers refuse."""


class Drafting:
    """Drafts and their attachments."""

    def __init__(self, config: DeskConfig, database: Database, work: Work, blobs: Blobs, rules: Rules) -> None:
        self._config, self._db, self._work, self._blobs, self._rules = config, database, work, blobs, rules

    def draft(self, row: int, kind: str = "reply", all: bool = False) -> Draft:  # noqa: A002 - as in "reply to all"
        """The saved draft of a conversation, or a new one made by the rules of replying."""
        with self._db.snapshot() as db:
            row = threads.resolve(db, row)
            known = drafts.of_conversation(db, row, kind)
            c = db.execute("SELECT * FROM conversation WHERE row = ?", (row,)).fetchone()
            if c is None:
                raise NotFound(say("desk.no_conversation", reference=row))
            newest = self._newest(db, row)
            if known is not None:
                draft = self._draft(db, known)
                draft.base = self._newest_row(db, row)  # who opens it again has the conversation before their eyes
                if all and kind == "reply" and c["kind"] == "imap" and newest is not None:
                    # Begun as a reply to one: now everybody who got the message gets it too.
                    _, others = self._recipients(newest)
                    had = {a.identity for a in (*draft.to, *draft.cc, *draft.bcc)}
                    draft.cc = (*draft.cc, *(a for a in others if a.identity not in had))
                return draft
            made = Draft(id=0, conversation=row, kind=kind, channel=c["channel"], base=self._newest_row(db, row), message_id=self._mint(c["channel"]))
            if kind == "reply" and c["kind"] == "imap" and newest is not None:
                made.to, made.cc = self._recipients(newest)
                if not all:
                    made.cc = ()
                made.subject = rules_of_reply.reply_subject(newest["subject"] or c["subject"])
                text = newest["text"] if newest["text"] is not None else newest["preview"]
                made.quoted = rules_of_reply.quote(
                    text, Address(newest["from_name"], newest["from_address"]), moment(newest["at"]).astimezone(self._config.timezone),
                    c["language"] or languages.guess(text) or self._config.locale,
                )
            return made

    def _recipients(self, newest: sqlite3.Row) -> tuple[tuple[Address, ...], tuple[Address, ...]]:
        """To and Cc of a reply to everybody who got a message."""
        return rules_of_reply.reply_recipients(
            Address(newest["from_name"], newest["from_address"]), from_json(newest["reply_to"]), from_json(newest["to_list"]),
            from_json(newest["cc_list"]), self._config.own_addresses,
        )

    @staticmethod
    def _newest(db: sqlite3.Connection, row: int) -> sqlite3.Row | None:
        """What a reply answers: the customer's newest message, else our own newest."""
        found: sqlite3.Row | None = db.execute(
            "SELECT * FROM message WHERE conversation = ? AND direction IN ('in', 'out')"
            f" ORDER BY direction = 'in' AND {conversations.NO_REPORT} DESC, direction = 'out' DESC, at DESC, row DESC LIMIT 1",
            (row,),
        ).fetchone()
        return found

    def new(self, to: str = "", channel: str = "") -> Draft:
        """A draft that begins a conversation."""
        chosen = channel or next((c.name for c in self._config.channels if isinstance(c, MailChannelConfig)), "")
        if not chosen:
            raise Refused(say("desk.no_mail_channel"))
        return Draft(id=0, conversation=0, kind="new", channel=chosen, to=parse_addresses(to), message_id=self._mint(chosen))

    def forward(self, row: int) -> Draft:
        """A draft that passes a conversation on, to the warehouse or the carrier; attachments that are here come along."""
        with self._db.snapshot() as db:
            row = threads.resolve(db, row)
            c = db.execute("SELECT * FROM conversation WHERE row = ?", (row,)).fetchone()
            newest = self._newest(db, row)
            if c is None or newest is None:
                raise NotFound(say("desk.no_conversation", reference=row))
            channel = c["channel"] if c["kind"] == "imap" else self.new().channel
            known = drafts.of_conversation(db, row, "forward")
            if known is not None:
                return self._draft(db, known)
            base = self._newest_row(db, row)
            made = Draft(
                id=0, conversation=row, kind="forward", channel=channel, base=base, message_id=self._mint(channel),
                subject=rules_of_reply.forward_subject(newest["subject"] or c["subject"]),
                quoted=rules_of_reply.forward_text(
                    newest["text"] if newest["text"] is not None else newest["preview"],
                    Address(newest["from_name"], newest["from_address"]), moment(newest["at"]).astimezone(self._config.timezone),
                    newest["subject"], from_json(newest["to_list"]), self._config.locale,
                ),
            )
            here = db.execute("SELECT name, type, blob, size FROM attachment WHERE message = ? AND blob != ''", (newest["row"],)).fetchall()
        made = self.save(made)
        if here:
            def change(tx: Tx) -> None:
                for a in here:
                    tx.execute("INSERT INTO draft_file (draft, name, type, size, blob) VALUES (?, ?, ?, ?, ?)",
                               (made.id, a["name"], a["type"], a["size"], a["blob"]))

            self._db.write(change)
            made.files = self._files(self._db.reader(), made.id)
        return made

    def save(self, draft: Draft) -> Draft:
        """Put a draft on disk; the same object with its id. Committed when this returns."""
        values = drafts.values_of(
            conversation=draft.conversation, kind=draft.kind, channel=draft.channel, to=draft.to, cc=draft.cc, bcc=draft.bcc,
            subject=draft.subject, text=draft.text, quoted=draft.quoted, base=draft.base, message_id=draft.message_id,
            language=draft.language, snippets=draft.snippets, actions=draft.actions, cursor=draft.cursor,
        )
        draft.id = self._db.write(lambda tx: drafts.put(tx, draft.id, values))
        return draft

    def discard(self, draft: int) -> None:
        self._db.write(lambda tx: drafts.discard(tx, draft))

    def restore(self, draft: Draft) -> Draft:
        """A draft thrown away from this window is there again, with what was attached to it."""
        discarded, draft.id = draft.id, 0
        self.save(draft)
        self._db.write(lambda tx: drafts.give_back_files(tx, discarded, draft.id))
        return draft

    @staticmethod
    def _newest_row(db: sqlite3.Connection, conversation: int) -> int:
        """The newest message there is: what a draft made now has seen."""
        found = db.execute("SELECT coalesce(max(row), 0) AS row FROM message WHERE conversation = ?", (conversation,)).fetchone()
        return int(found["row"])

    def drafts(self) -> tuple[Draft, ...]:
        """Every draft with text in it, newest first."""
        with self._db.snapshot() as db:
            rows = db.execute("SELECT * FROM draft WHERE text != '' OR conversation = 0 ORDER BY updated_at DESC").fetchall()
            return tuple(self._draft(db, row) for row in rows)

    def _draft(self, db: sqlite3.Connection, row: sqlite3.Row) -> Draft:
        return Draft(
            id=row["id"], conversation=row["conversation"], kind=row["kind"], channel=row["channel"], to=from_json(row["to_list"]),
            cc=from_json(row["cc_list"]), bcc=from_json(row["bcc_list"]), subject=row["subject"], text=row["text"], quoted=row["quoted"],
            base=row["base"], language=row["language"], snippets=insertion.from_json(row["snippets"]), actions=json.loads(row["actions"]),
            cursor=row["cursor"], files=self._files(db, row["id"]), message_id=row["message_id"],
        )

    @staticmethod
    def _files(db: sqlite3.Connection, draft: int) -> tuple[FileFact, ...]:
        rows = db.execute("SELECT id, name, type, size FROM draft_file WHERE draft = ? AND draft != 0 ORDER BY id", (draft,))
        return tuple(FileFact(r["id"], r["name"], r["type"], r["size"]) for r in rows)

    def attach(self, draft: int, path: Path) -> FileFact:
        """Copy a file into the desk and attach it.

        Raises:
            Refused: it can't be read, is no file, or the reply grows too large.
        """
        file = path.expanduser()
        try:
            if not file.is_file():
                raise Refused(say("desk.no_file", path=path))
            if file.stat().st_size > MOST_ATTACHED:
                raise Refused(say("desk.file_too_large", path=path, size=MOST_ATTACHED // 1024 // 1024))
            content = file.read_bytes()
        except OSError as error:
            raise Refused(say("desk.cannot_read", path=path, error=error.strerror or error)) from error
        digest = self._blobs.put(content)
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"

        def change(tx: Tx) -> FileFact:
            size = tx.one("SELECT coalesce(sum(size), 0) AS n FROM draft_file WHERE draft = ?", (draft,))["n"]
            if size + len(content) > MOST_ATTACHED:
                raise Refused(say("desk.file_too_large", path=path, size=MOST_ATTACHED // 1024 // 1024))
            row = tx.insert("INSERT INTO draft_file (draft, name, type, size, blob) VALUES (?, ?, ?, ?, ?)",
                            (draft, file.name, kind, len(content), digest))
            tx.touch("draft", draft)
            return FileFact(row, file.name, kind, len(content))

        return self._db.write(change)

    def detach(self, file: int) -> None:
        self._db.write(lambda tx: tx.execute("DELETE FROM draft_file WHERE id = ? AND draft != 0", (file,)))

    def _mint(self, channel: str) -> str:
        """A Message-ID for every attempt to send this draft (RFC 5322, 3.6.4)."""
        known = next((c for c in self._config.channels if c.name == channel), None)
        address = known.address if isinstance(known, MailChannelConfig) else self._config.agent_email
        domain = address.rpartition("@")[2] or "agentdesk.invalid"
        return f"<{secrets.token_hex(12)}@{domain}>"
