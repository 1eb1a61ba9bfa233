"""The verbs a chat keeps itself: status, assignee, labels, priority, notes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from agentdesk.channels.base import ChannelDown
from agentdesk.channels.chatwoot import payloads
from agentdesk.channels.chatwoot.account import Account, path_of, whole_number
from agentdesk.channels.chatwoot.api import Api, Failed
from agentdesk.channels.chatwoot.payloads import Agent
from agentdesk.domain.mailbox import ChatStore
from agentdesk.errors import Refused
from agentdesk.locale import say

PATIENCE = 65.0
"""Seconds an attempt whose answer was just lost may have begun ago: one request's patience and the clocks' slack."""

_STATUSES = {"open": "open", "closed": "resolved", "waiting": "snoozed", "snoozed": "snoozed"}
_PRIORITIES = {"low": "low", "normal": None, "high": "high", "urgent": "urgent"}


class Verbs:
    """Does them, for one connection."""

    def __init__(self, api: Api, account: Account, store: ChatStore, unsure: dict[tuple[str, str], int]) -> None:
        self._api, self._account, self._store = api, account, store
        self._unsure_notes = unsure
        self._agents = {account.me.email: account.me} if account.me.email else {}

    def perform(self, verb: str, conversation: str, data: dict[str, Any]) -> None:
        """A verb the chat keeps itself.

        `status` {status, until} · `assign` {owner: address or ""} · `labels` {add, remove} · `priority` {priority} · `note` {text} ·
        `seen` {}. All but `note` can be repeated without harm; a note whose answer was lost is looked for first.

        Raises:
            Refused: the server says no, and why.
            ChannelDown: no line; to be tried again.
        """
        try:
            match verb:
                case "status":
                    self._set_status(conversation, str(data.get("status")), data.get("until"))
                case "assign":
                    self._assign(conversation, str(data.get("owner") or ""))
                case "labels":
                    self._set_labels(conversation, data.get("add") or (), data.get("remove") or ())
                case "priority":
                    priority = str(data.get("priority"))
                    if priority not in _PRIORITIES:
                        raise Refused(say("chat.unknown_value", value=priority))
                    body = {"priority": _PRIORITIES[priority]}
                    self._api.post(f"conversations/{path_of(conversation)}/toggle_priority", body)
                case "note":
                    self._note(conversation, str(data.get("text") or ""))
                case "seen":
                    self._api.post(f"conversations/{path_of(conversation)}/update_last_seen", {})
                case _:
                    raise Refused(say("chat.unknown_value", value=verb))
        except Failed as failure:
            raise failure.explained() from failure

    def _set_status(self, conversation: str, status: str, until: object) -> None:
        """Opening as an agent makes the server assign the conversation to that agent; that is its rule, not ours."""
        if status not in _STATUSES:
            raise Refused(say("chat.unknown_value", value=status))
        body: dict[str, object] = {"status": _STATUSES[status]}
        if status == "snoozed":
            try:
                end = until if isinstance(until, datetime) else datetime.fromisoformat(str(until))
            except ValueError:
                raise Refused(say("chat.unknown_value", value=str(until))) from None
            body["snoozed_until"] = math.ceil(end.timestamp())
        self._api.post(f"conversations/{path_of(conversation)}/toggle_status", body)

    def _assign(self, conversation: str, owner: str) -> None:
        agent = self._agent(owner) if owner else None
        body = {"assignee_id": None if agent is None else agent.id}
        self._api.post(f"conversations/{path_of(conversation)}/assignments", body)

    def _agent(self, address: str) -> Agent:
        wanted = address.strip().lower()
        if wanted not in self._agents:
            agents = payloads.agents_of(self._api.get("agents"))
            self._agents |= {agent.email: agent for agent in agents if agent.email}
        agent = self._agents.get(wanted)
        if agent is None:
            raise Refused(say("chat.no_agent", address=wanted, known=", ".join(sorted(self._agents))))
        return agent

    def _set_labels(self, conversation: str, add: Sequence[str], remove: Sequence[str]) -> None:
        """The server takes whole lists only: read, change, write, right after each other."""
        path = f"conversations/{path_of(conversation)}/labels"
        now = payloads.labels_of(self._api.get(path))
        gone = {label.strip().lower() for label in remove}
        wanted = [label for label in now if label.lower() not in gone]
        present = {label.lower() for label in wanted}
        wanted += [label for label in dict.fromkeys(a.strip().lower() for a in add) if label and label not in present]
        if wanted != now:
            self._api.post(path, {"labels": wanted})

    def _note(self, conversation: str, text: str) -> None:
        key = (conversation, text)
        if key in self._unsure_notes:
            found = self._account.find(conversation, text, self._unsure_notes[key], within=PATIENCE, private=True)
            if found is None:
                raise ChannelDown(say("chat.lost", server=self._api.server, reason=say("chat.unclear_note")))
            del self._unsure_notes[key]
            if found:
                return
        before = whole_number(self._store.last_message(conversation))
        try:
            self._account.post_message(conversation, text)
        except Failed as failure:
            if not failure.acted:
                raise
            if not self._account.find(conversation, text, before, within=PATIENCE, private=True):
                self._unsure_notes[key] = before
                raise ChannelDown(failure.words) from failure
