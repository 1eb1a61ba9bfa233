"""The Chatwoot channel: syncing by polling, sending at most once, and the verbs it keeps itself.

**Syncing.** At first the lists are walked page by page, the open ones first, each conversation showing at once with its last
message; then the messages come, newest chats first. Afterwards one request a poll asks what was updated since the last (with an
overlap: its clock has seconds), and messages are asked for only where the list names a newer one. Pages move while they
are walked: conversations are told apart by id, and what the walk missed is noticed by the server's count and walked again.

**Sending.** There is no idempotency key. After a lost answer the messages are read again; one of ours with the same text that
was not there before is it. Not finding it proves nothing (the server may still be busy), so then the outcome is unknown.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any

import httpx

from agentdesk.channels.base import Attempt, Capabilities, ChannelDown, Outcome, Usage
from agentdesk.channels.chatwoot import payloads
from agentdesk.channels.chatwoot.api import Api, Failed, File
from agentdesk.channels.chatwoot.liquid import literal
from agentdesk.channels.chatwoot.payloads import Agent, Listed
from agentdesk.config import ChatChannelConfig
from agentdesk.domain.mailbox import ChatConversation, ChatMessage, ChatStore
from agentdesk.domain.message import Outgoing
from agentdesk.errors import LoginRefused, Refused
from agentdesk.locale import say

log = logging.getLogger(__name__)

MOST_FILES = 15
"""Attachments one message may have."""
_OVERLAP = 15
"""Seconds by which two polls overlap: their clock has seconds, and a transaction may end after the time it carries."""
_LONGEST_DELTA = 3 * 24 * 3600
"""After a longer absence the lists are walked again: everything updated since would come in one answer."""
_RESOLVED_PAGES = 8
"""Pages of closed conversations brought in at first: 200, for the customers' history."""
_MOST_PAGES = 2000
_SAVE_EVERY = 300
_MOST_WALKS = 3
_NEWER = 100
"""How many messages one `after` gives at most."""
_MOST_MESSAGES = 2000
_CHATS_A_STEP = 10
_LOOKS = (0.0, 1.0, 3.0)
"""When a message whose answer was lost is looked for, in seconds after the loss."""
_CLOCK_SLACK = 5
_GONE = frozenset({403, 404})

_STATUSES = {"open": "open", "closed": "resolved", "waiting": "snoozed", "snoozed": "snoozed"}
_PRIORITIES = {"low": "low", "normal": None, "high": "high", "urgent": "urgent"}


class ChatwootChannel:
    """One account of a Chatwoot server, as `Channel` and `Sender`.

    Args:
        config: the channel's part of desk.toml.
        token: the agent's access token.
        store: where chats go.
        poll: seconds between two looks for news.
        transport: for tests; otherwise httpx's own.
        looks: when a message whose answer was lost is looked for.
    """

    kind = "chatwoot"
    capabilities = Capabilities(notes=True, assign=True, labels=True, typing=True)

    def __init__(
        self,
        config: ChatChannelConfig,
        token: str,
        store: ChatStore,
        *,
        poll: float = 3.0,
        transport: httpx.BaseTransport | None = None,
        looks: Sequence[float] = _LOOKS,
    ) -> None:
        self.name = config.name
        self.usage = Usage()
        self._config, self._token, self._store = config, token, store
        self._poll, self._transport, self._looks = poll, transport, tuple(looks)
        self._wake = threading.Event()
        self._api: Api | None = None
        self._me = Agent(0, "", "")
        self._agents: dict[str, Agent] = {}
        self._steps: deque[Callable[[], None]] = deque()
        self._shown: dict[str, ChatConversation] = {}
        self._doubtful: set[str] = set()
        self._since = 0.0
        self._saved = 0.0
        self._polled_at = -math.inf
        self._open_listed = False
        self._stepped = False
        self._unsure_notes: dict[tuple[str, str], int] = {}

    # Channel ----------------------------------------------------------------------------------------------------------

    def set_secret(self, secret: str) -> None:
        """The token to use from the next `open` on."""
        self._token = secret

    def open(self) -> None:
        self.close()
        api = Api(self._config, self._token, self.usage, self._transport)
        try:
            profile = api.profile()
        except Failed as failure:
            api.close()
            raise failure.explained() from failure
        self._me = payloads.agent_of(profile)
        accounts = payloads.accounts_of(profile)
        if not self._me.id:
            api.close()
            raise ChannelDown(say("chat.nonsense", server=self._config.url))
        if accounts and self._config.account not in accounts:
            api.close()
            known = ", ".join(map(str, accounts))
            raise LoginRefused(say("chat.no_account", account=self._config.account, known=known))
        self._api = api
        self._agents = {self._me.email: self._me} if self._me.email else {}
        self._start()

    def refresh(self) -> bool:
        if self._connected.pause:
            return True
        try:
            due = self._open_listed and time.monotonic() - self._polled_at >= self._poll
            if not self._steps or (due and self._stepped):
                self._stepped = False
                self._bring_news()
            else:
                self._stepped = True  # in turn: on a thin line every poll is due again when it is done
                self._take_step()
        except Failed as failure:
            if failure.status == 429:
                return True
            raise _for_worker(failure) from failure
        return not self._steps

    def _take_step(self) -> None:
        """One step of the first walk. One that fails stays first, also over a reconnect."""
        step = self._steps.popleft()
        try:
            step()
        except BaseException:
            self._steps.appendleft(step)
            raise
        if not self._steps:
            self._save_cursor()

    def wait(self, seconds: float) -> None:
        pause = self._api.pause if self._api else 0.0
        self._wake.wait(max(0.0, min(seconds, max(self._poll, pause))))
        self._wake.clear()

    def interrupt(self) -> None:
        self._wake.set()

    def close(self) -> None:
        if self._api is not None:
            self._api.close()
            self._api = None

    @property
    def _connected(self) -> Api:
        if self._api is None:
            raise ChannelDown(say("chat.closed"))
        return self._api

    # Bringing in ------------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        """Go on with a walk that was cut off, or from the cursor, or walk the lists."""
        self._polled_at = -math.inf
        now = self._connected.server_now
        if self._steps and now - self._since <= _LONGEST_DELTA:
            return
        self._steps.clear()
        self._shown.clear()
        self._open_listed = False
        since = self._since or _seconds(self._store.cursor())
        if since and abs(now - since) <= _LONGEST_DELTA:
            self._since = since
            return
        self._since, self._polled_at = now, time.monotonic()
        for status, pages in (("open", None), ("snoozed", None), ("pending", None), ("resolved", _RESOLVED_PAGES)):
            self._steps.append(partial(self._page, _Walk(status, pages)))

    def _page(self, walk: _Walk) -> None:
        """One page of a list; its messages and the next page come as steps of their own, right after."""
        params: dict[str, str | int] = {"status": walk.status, "page": walk.page, "sort_by": "last_activity_at_desc"}
        found, total = self._list(params)
        new = {item.conversation.id: item.conversation for item in found if item.conversation.id not in walk.seen}
        self._store.merge(list(new.values()))
        walk.seen.update(new)
        walk.to_read.extend(new.values())
        walk.turn([item.conversation.id for item in found], total)
        if not walk.at_end and walk.page <= (walk.pages or _MOST_PAGES):
            self._steps.appendleft(partial(self._page, walk))
        elif walk.slipped and walk.pages is None and walk.walks < _MOST_WALKS:
            walk.again()
            self._steps.appendleft(partial(self._page, walk))
        else:
            self._open_listed = True
            self._steps.appendleft(partial(self._read_some, walk))

    def _read_some(self, walk: _Walk) -> None:
        """The messages of some chats, from the end: of these the store may only have the last message."""
        batch = list(islice(walk.to_read, _CHATS_A_STEP))
        whole = walk.status != "resolved"
        self._store.merge([_with(chat, self._history(chat.id, whole=whole)) for chat in batch])
        for _ in batch:
            walk.to_read.popleft()
        if walk.to_read:
            self._steps.appendleft(partial(self._read_some, walk))

    def _bring_news(self) -> None:
        """What was updated since the last poll, and what our own verbs touched."""
        now = self._connected.server_now
        self._polled_at = time.monotonic()
        window = max(1, math.ceil(now - self._since)) + _OVERLAP
        found, _ = self._list({"status": "all", "updated_within": window})
        found += [item for number in sorted(self._doubtful) if (item := self._one(number, found)) is not None]
        for number in self._doubtful:
            self._shown.pop(number, None)
        changed: dict[str, ChatConversation] = {}
        listed = {item.conversation.id: item for item in found}
        for number, item in listed.items():
            chat = item.conversation
            if self._shown.get(number) == chat:
                continue  # the overlap shows everything several times
            known = _whole(self._store.last_message(number))
            if not known:
                changed[number] = _with(chat, self._history(number, whole=True))
            elif item.last_id > known or not item.last_id:
                changed[number] = _with(chat, [*self._newer(number, known), *chat.messages])
            else:
                changed[number] = chat
        if changed:
            self._store.merge(list(changed.values()))
        self._shown = {number: item.conversation for number, item in listed.items()}
        self._doubtful.clear()
        self._since = now
        if not self._steps and (changed or now - self._saved >= _SAVE_EVERY):
            self._save_cursor()

    def _one(self, conversation: str, found: Sequence[Listed]) -> Listed | None:
        """A conversation by its id, unless it was found already or is gone."""
        if any(item.conversation.id == conversation for item in found):
            return None
        try:
            return payloads.conversation_of(self._connected.get(f"conversations/{conversation}"))
        except Failed as failure:
            if failure.status in _GONE:
                return None
            raise

    def _save_cursor(self) -> None:
        """Not at every poll: an old cursor only makes the first answer of the next start a little longer."""
        self._saved = self._since
        self._store.save_cursor(str(int(self._since)))

    def _list(self, params: dict[str, str | int]) -> tuple[list[Listed], int]:
        found = payloads.listed(self._connected.get("conversations", params))
        if found is None:
            raise ChannelDown(say("chat.nonsense", server=self._config.url))
        return found

    def _history(self, conversation: str, *, whole: bool) -> list[ChatMessage]:
        """A chat's messages from its end: the latest twenty, and with `whole` all before them."""
        raw = self._read(conversation, {})
        found = list(raw)
        while whole and raw and len(found) < _MOST_MESSAGES:
            oldest = min((number for item in raw if (number := payloads.message_id(item))), default=0)
            if not oldest:
                break
            known = {payloads.message_id(item) for item in found}
            raw = [i for i in self._read(conversation, {"before": oldest}) if payloads.message_id(i) not in known]
            found = [*raw, *found]
        return _said(found)

    def _newer(self, conversation: str, after: int) -> list[ChatMessage]:
        return _said(self._newer_raw(conversation, after))

    def _newer_raw(self, conversation: str, after: int) -> list[Any]:
        """Everything with a higher id. The server orders by time and cuts by id, so the highest id seen is the next cursor."""
        found: list[Any] = []
        while len(found) < _MOST_MESSAGES:
            raw = [item for item in self._read(conversation, {"after": after}) if payloads.message_id(item) > after]
            found += raw
            if len(raw) < _NEWER:
                break
            after = max(payloads.message_id(item) for item in raw)
        return found

    def _read(self, conversation: str, params: dict[str, str | int]) -> list[Any]:
        """One request's messages; none for a chat that was deleted or taken from our sight meanwhile."""
        try:
            answer = self._connected.get(f"conversations/{_id(conversation)}/messages", params)
        except Failed as failure:
            if failure.status in _GONE:
                return []
            raise
        raw = payloads.messages_of(answer)
        if raw is None:
            raise ChannelDown(say("chat.nonsense", server=self._config.url))
        return raw

    # Sending ----------------------------------------------------------------------------------------------------------

    def send(self, outgoing: Outgoing, conversation: str) -> Attempt:
        if self._api is None:
            return Attempt(Outcome.DEFERRED, say("chat.closed"))
        if len(outgoing.files) > MOST_FILES:
            return Attempt(Outcome.REJECTED, say("chat.too_many_files", n=len(outgoing.files), most=MOST_FILES))
        try:
            before = _whole(self._store.last_message(conversation))
            answer = self._post_message(conversation, outgoing.text, outgoing)
        except Failed as failure:
            if failure.acted:
                return self._look_for(conversation, outgoing.text, before, failure.words)
            refused = failure.status not in {0, 408, 425, 429}
            return Attempt(Outcome.REJECTED if refused else Outcome.DEFERRED, failure.words)
        except Refused as error:
            return Attempt(Outcome.REJECTED, str(error))
        number = payloads.message_id(answer)
        if not number:  # "200 OK" from something between us and the server
            return self._look_for(conversation, outgoing.text, before, say("chat.nonsense", server=self._config.url))
        stored = payloads.message_of(answer)
        changed = stored is not None and not payloads.same_text(stored.text, outgoing.text)
        return Attempt(Outcome.ACCEPTED, say("chat.text_changed") if changed else "", remote_id=str(number))

    def fetch_attachment(self, url: str) -> bytes:
        """The content of an attachment named by a message."""
        return self._connected.download(url)

    def _post_message(self, conversation: str, text: str, outgoing: Outgoing | None = None) -> Any:
        """A message, or without `outgoing` a private note."""
        path = f"conversations/{_id(conversation)}/messages"
        content = literal(text)
        if outgoing is None or not outgoing.files:
            return self._connected.post(path, {"content": content, "private": outgoing is None})
        files: list[File] = [("attachments[]", (file.name, file.content, file.type)) for file in outgoing.files]
        return self._connected.post_files(path, {"content": content, "private": "false"}, files)

    def _look_for(self, conversation: str, text: str, before: int, words: str) -> Attempt:
        """After a lost answer: is the message there?"""
        started = time.monotonic()
        for pause in self._looks:
            left = started + pause - time.monotonic()
            if left > 0:
                threading.Event().wait(
                    left
                )  # not `_wake`: being asked for something else must not cut the search short
            number = self._find(conversation, text, before, private=False)
            if number:
                return Attempt(Outcome.ACCEPTED, "", remote_id=str(number))
        return Attempt(Outcome.UNKNOWN, words)

    def _find(self, conversation: str, text: str, before: int, *, private: bool) -> int | None:
        """The id of a message of ours with this text, newer than `before`; 0 if there is none, None if nobody answers."""
        try:
            raw = self._newer_raw(conversation, before) if before else self._read(conversation, {})
        except (Failed, ChannelDown):
            return None
        earliest = self._connected.server_now - self._patience
        for item in reversed(raw):
            message = payloads.message_of(item)
            if (
                message is not None
                and item.get("message_type") == payloads.OUTGOING
                and (item.get("private") is True) is private
                and payloads.sender_id(item) in {0, self._me.id}
                and message.at.timestamp() >= earliest
                and payloads.same_text(message.text, text)
            ):
                return int(message.id)
        return 0

    @property
    def _patience(self) -> float:
        """How long ago an attempt whose answer was just lost may have begun."""
        return 60.0 + max(self._looks, default=0.0) + _CLOCK_SLACK

    # The verbs --------------------------------------------------------------------------------------------------------

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
                    self._connected.post(f"conversations/{_id(conversation)}/toggle_priority", body)
                case "note":
                    self._note(conversation, str(data.get("text") or ""))
                case "seen":
                    self._connected.post(f"conversations/{_id(conversation)}/update_last_seen", {})
                case _:
                    raise Refused(say("chat.unknown_value", value=verb))
        except Failed as failure:
            raise failure.explained() from failure
        finally:
            # Meanwhile the store took no news of this chat (`StoredChats`), and a refused verb must be shown as not done.
            if conversation.isascii() and conversation.isdigit():
                self._doubtful.add(conversation)

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
        self._connected.post(f"conversations/{_id(conversation)}/toggle_status", body)

    def _assign(self, conversation: str, owner: str) -> None:
        agent = self._agent(owner) if owner else None
        body = {"assignee_id": None if agent is None else agent.id}
        self._connected.post(f"conversations/{_id(conversation)}/assignments", body)

    def _agent(self, address: str) -> Agent:
        wanted = address.strip().lower()
        if wanted not in self._agents:
            agents = payloads.agents_of(self._connected.get("agents"))
            self._agents |= {agent.email: agent for agent in agents if agent.email}
        agent = self._agents.get(wanted)
        if agent is None:
            raise Refused(say("chat.no_agent", address=wanted, known=", ".join(sorted(self._agents))))
        return agent

    def _set_labels(self, conversation: str, add: Sequence[str], remove: Sequence[str]) -> None:
        """The server takes whole lists only: read, change, write, right after each other."""
        path = f"conversations/{_id(conversation)}/labels"
        now = payloads.labels_of(self._connected.get(path))
        gone = {label.strip().lower() for label in remove}
        wanted = [label for label in now if label.lower() not in gone]
        present = {label.lower() for label in wanted}
        wanted += [label for label in dict.fromkeys(a.strip().lower() for a in add) if label and label not in present]
        if wanted != now:
            self._connected.post(path, {"labels": wanted})

    def _note(self, conversation: str, text: str) -> None:
        key = (conversation, text)
        if key in self._unsure_notes:
            found = self._find(conversation, text, self._unsure_notes[key], private=True)
            if found is None:
                raise ChannelDown(say("chat.lost", server=self._config.url, reason=say("chat.unclear_note")))
            del self._unsure_notes[key]
            if found:
                return
        before = _whole(self._store.last_message(conversation))
        try:
            self._post_message(conversation, text)
        except Failed as failure:
            if not failure.acted:
                raise
            if not self._find(conversation, text, before, private=True):
                self._unsure_notes[key] = before
                raise ChannelDown(failure.words) from failure


class _Walk:
    """A walk through the pages of one list. What leaves the list while we turn pages moves the rest up, past us."""

    def __init__(self, status: str, pages: int | None) -> None:
        self.status, self.pages = status, pages
        self.seen: set[str] = set()
        self.to_read: deque[ChatConversation] = deque()
        self.walks = 0
        self.again()

    def again(self) -> None:
        """From the first page."""
        self.walks += 1
        self.page = 1
        self.at_end = False
        self.slipped = False
        self._met: set[str] = set()
        self._total = 0

    def turn(self, ids: Sequence[str], total: int) -> None:
        """A page was read; `total` is how many the list has now, 0 if the server does not say."""
        self._met.update(ids)
        self.slipped = self.slipped or total < self._total
        self._total = total
        self.page += 1
        self.at_end = not ids or 0 < total <= len(self._met)
        if self.at_end and len(self._met) < total:
            self.slipped = True


def _for_worker(failure: Failed) -> Exception:
    """While syncing, a refusal that is not about the login is a reason to try again later, not the agent's mistake."""
    explained = failure.explained()
    return ChannelDown(failure.words) if isinstance(explained, Refused) else explained


def _with(chat: ChatConversation, messages: Sequence[ChatMessage]) -> ChatConversation:
    once = {message.id: message for message in messages}
    return replace(chat, messages=tuple(sorted(once.values(), key=lambda message: (message.at, int(message.id)))))


def _said(raw: Sequence[Any]) -> list[ChatMessage]:
    return [message for item in raw if (message := payloads.message_of(item)) is not None]


def _id(conversation: str) -> str:
    """A chat's own id, as it may stand in a path.

    Raises:
        Refused: it is no number, so it is no chat of this channel.
    """
    if not (conversation.isascii() and conversation.isdigit()):
        raise Refused(say("chat.no_chat", id=conversation))
    return conversation


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


def _seconds(cursor: str) -> float:
    return float(cursor) if cursor.isascii() and cursor.isdigit() and len(cursor) < 13 else 0.0
