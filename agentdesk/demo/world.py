"""The world outside the shop: who gets our mail, and what customers write while the agent works."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from agentdesk.demo import mail_program, shop
from agentdesk.demo.journal import Journal, Script
from agentdesk.demo.season_types import Attachment

_log = logging.getLogger(__name__)

AFTER_A_PAUSE = 2.0
"""Seconds between answers that became due while the desk was closed: they come in one by one."""


class Inbox(Protocol):
    async def deliver(self, raw: bytes, received: datetime | None = None) -> int: ...


class ChatRoom(Protocol):
    def customer_writes(self, email: str, name: str, text: str, *, chat: int | None, language: str) -> int: ...


class World:
    """Delivers what the shop sends, and lets the scripted customers write."""

    def __init__(self, journal: Journal, inbox: Inbox) -> None:
        self._journal = journal
        self._inbox = inbox
        self.chats: ChatRoom | None = None
        self._changed = asyncio.Event()

    async def accept(self, sender: str, recipients: Sequence[str], raw: bytes) -> None:
        """Mail the shop hands over. It is on disk when this returns."""
        message_id = mail_program.header_of(raw, "Message-ID")
        row, repeated = self._journal.add_delivered(sender, recipients, message_id, raw)
        if repeated:
            _log.warning("a message left twice: %s", message_id)
        for recipient in dict.fromkeys(address.lower() for address in recipients):
            if recipient in shop.OWN:
                await self._inbox.deliver(raw)
            elif not repeated:
                self.reached(recipient, "mail", row)

    def reached(self, customer: str, kind: str, reply_to: int) -> None:
        """A reply of ours reached a customer: their next scripted answer is on its way.

        In a chat one often writes two lines one after the other; they get one answer.
        """
        if kind == "chat" and any(s.reply_to == reply_to for s in self._journal.due_scripts() if s.answer.kind == kind):
            return
        script = self._journal.next_script(kind, customer)
        if script is not None:
            self._journal.set_due(script.id, time.time() + script.answer.after_seconds, reply_to)
            self._changed.set()

    async def write(
        self,
        *,
        name: str,
        address: str,
        subject: str,
        text: str,
        answers: int | None = None,
        language: str = "it",
        attachments: Sequence[Attachment] = (),
    ) -> None:
        """A customer writes to the shop; `answers` is the row of a delivered message."""
        raw = mail_program.write(
            name=name,
            address=address,
            subject=subject,
            text=text,
            at=datetime.now(ZoneInfo(shop.TIMEZONE)),
            attachments=attachments,
            answers=None if answers is None else self._journal.delivered(answers).raw,
            language=language,
        )
        await self._inbox.deliver(raw)

    async def run(self) -> None:
        """Let the customers write when their time has come."""
        self._resume()
        while True:
            self._changed.clear()
            scripts = self._journal.due_scripts()
            wait = None if not scripts else max(0.0, (scripts[0].due_at or 0.0) - time.time())
            if wait == 0.0:
                await self._play(scripts[0])
                continue
            try:
                async with asyncio.timeout(wait):
                    await self._changed.wait()
            except TimeoutError:
                continue

    def _resume(self) -> None:
        """New conversations go on where they stopped; overdue answers come in one by one."""
        now = time.time()
        told = self._journal.told_news()
        overdue = [s for s in self._journal.due_scripts() if s.reply_to is not None and (s.due_at or 0.0) < now]
        with self._journal.change():
            for place, script in enumerate(overdue, 1):
                self._journal.set_due(script.id, now + place * AFTER_A_PAUSE, script.reply_to)
            for script in self._journal.news():
                self._journal.set_due(script.id, now + script.answer.after_seconds - told, None)

    async def _play(self, script: Script) -> None:
        answer = script.answer
        try:
            if answer.kind in {"mail", "new-mail"}:
                await self.write(
                    name=answer.name,
                    address=answer.customer,
                    subject=answer.subject,
                    text=answer.text,
                    answers=script.reply_to if answer.kind == "mail" else None,
                    language=answer.language,
                    attachments=answer.attachments,
                )
            elif self.chats is not None:
                chat = script.reply_to if answer.kind == "chat" else None
                self.chats.customer_writes(
                    answer.customer, answer.name, answer.text, chat=chat, language=answer.language
                )
        except Exception:  # noqa: BLE001 - one customer's broken script must not silence the others
            _log.exception("a customer could not write")
        self._journal.set_done(script.id)
