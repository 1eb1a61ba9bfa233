"""The Chatwoot channel: syncing by polling, sending at most once, and the verbs it keeps itself.

**Syncing.** At first the lists are walked page by page, the open ones first, each conversation showing at once with its last
message; then the messages come, newest chats first. Afterwards one request a poll asks what was updated since the last (with an
overlap: its clock has seconds), and messages are asked for only where the list names a newer one. Pages move while they
are walked: conversations are told apart by id, and what the walk missed is noticed by the server's count and walked again.

**Sending.** There is no idempotency key. After a lost answer the messages are read again; one of ours with the same text that
was not there before is it. Not finding it proves nothing (the server may still be busy), so then the outcome is unknown.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any

import httpx

from agentdesk.channels.base import Attempt, Capabilities, ChannelDown, Job, Outcome, Usage
from agentdesk.channels.chatwoot import payloads
from agentdesk.channels.chatwoot.account import Account, whole_number
from agentdesk.channels.chatwoot.api import Api, Failed
from agentdesk.channels.chatwoot.files import Files, Taker
from agentdesk.channels.chatwoot.verbs import PATIENCE, Verbs
from agentdesk.channels.chatwoot.walk import Walk
from agentdesk.config import ChatChannelConfig
from agentdesk.domain.mailbox import ChatConversation, ChatMessage, ChatStore
from agentdesk.domain.message import Outgoing
from agentdesk.errors import LoginRefused, Refused
from agentdesk.locale import say

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
_CHATS_A_STEP = 10
_LOOKS = (0.0, 1.0, 3.0)
"""When a message whose answer was lost is looked for, in seconds after the loss."""


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
    capabilities = Capabilities(notes=True, assign=True, labels=True)

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
        self.usage = Usage(job=Job.CHAT)
        self.looked = False
        self._config, self._token, self._store = config, token, store
        self._poll, self._transport, self._looks = poll, transport, tuple(looks)
        self._wake = threading.Event()
        self._api: Api | None = None
        self._known: Account | None = None
        self._verbs: Verbs | None = None
        self._steps: deque[Callable[[], None]] = deque()
        self._shown: dict[str, ChatConversation] = {}
        self._doubtful: set[str] = set()
        self._since = 0.0
        self._saved = 0.0
        self._polled_at = -math.inf
        self._open_listed = False
        self._stepped = False
        self._unsure_notes: dict[tuple[str, str], int] = {}
        self._files = Files()

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
        me = payloads.agent_of(profile)
        accounts = payloads.accounts_of(profile)
        if not me.id:
            api.close()
            raise ChannelDown(say("chat.nonsense", server=self._config.url))
        if accounts and self._config.account not in accounts:
            api.close()
            known = ", ".join(map(str, accounts))
            raise LoginRefused(say("chat.no_account", account=self._config.account, known=known))
        self._api = api
        self._known = Account(api, me)
        self._verbs = Verbs(api, self._known, self._store, self._unsure_notes)
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

    def doubt(self) -> None:
        """A request has its own deadline, and the next one makes a new connection where the old one is dead."""
        self._polled_at = -math.inf

    def close(self) -> None:
        if self._api is not None:
            self._api.close()
            self._api = self._known = self._verbs = None

    @property
    def _connected(self) -> Api:
        if self._api is None:
            raise ChannelDown(say("chat.closed"))
        return self._api

    @property
    def _account(self) -> Account:
        if self._known is None:
            raise ChannelDown(say("chat.closed"))
        return self._known

    # Bringing in ------------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        """Go on with a walk that was cut off, or from the cursor, or walk the lists."""
        self.looked = False
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
            self._steps.append(partial(self._page, Walk(status, pages)))

    def _page(self, walk: Walk) -> None:
        """One page of a list; its messages and the next page come as steps of their own, right after."""
        params: dict[str, str | int] = {"status": walk.status, "page": walk.page, "sort_by": "last_activity_at_desc"}
        found, total = self._account.page(params)
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
            self._open_listed = self.looked = True
            self._steps.appendleft(partial(self._read_some, walk))

    def _read_some(self, walk: Walk) -> None:
        """The messages of some chats, from the end: of these the store may only have the last message."""
        batch = list(islice(walk.to_read, _CHATS_A_STEP))
        whole = walk.status != "resolved"
        self._store.merge([_with(chat, self._account.history(chat.id, whole=whole)) for chat in batch])
        for _ in batch:
            walk.to_read.popleft()
        if walk.to_read:
            self._steps.appendleft(partial(self._read_some, walk))

    def _bring_news(self) -> None:
        """What was updated since the last poll, and what our own verbs touched."""
        now = self._connected.server_now
        self._polled_at = time.monotonic()
        window = max(1, math.ceil(now - self._since)) + _OVERLAP
        found, _ = self._account.page({"status": "all", "updated_within": window})
        found += [item for number in sorted(self._doubtful) if (item := self._account.one(number, found)) is not None]
        for number in self._doubtful:
            self._shown.pop(number, None)
        changed: dict[str, ChatConversation] = {}
        listed = {item.conversation.id: item for item in found}
        for number, item in listed.items():
            chat = item.conversation
            if self._shown.get(number) == chat:
                continue  # the overlap shows everything several times
            known = whole_number(self._store.last_message(number))
            if not known:
                changed[number] = _with(chat, self._account.history(number, whole=True))
            elif item.last_id > known or not item.last_id:
                changed[number] = _with(chat, [*self._account.newer(number, known), *chat.messages])
            else:
                changed[number] = chat
        if changed:
            self._store.merge(list(changed.values()))
        self._shown = {number: item.conversation for number, item in listed.items()}
        self._doubtful.clear()
        self._since = now
        self.looked = True
        if not self._steps and (changed or now - self._saved >= _SAVE_EVERY):
            self._save_cursor()

    def _save_cursor(self) -> None:
        """Not at every poll: an old cursor only makes the first answer of the next start a little longer."""
        self._saved = self._since
        self._store.save_cursor(str(int(self._since)))

    # Sending ----------------------------------------------------------------------------------------------------------

    def send(self, outgoing: Outgoing, conversation: str) -> Attempt:
        if self._known is None:
            return Attempt(Outcome.DEFERRED, say("chat.closed"))
        if len(outgoing.files) > MOST_FILES:
            return Attempt(Outcome.REJECTED, say("chat.too_many_files", n=len(outgoing.files), most=MOST_FILES))
        try:
            before = whole_number(self._store.last_message(conversation))
            answer = self._account.post_message(conversation, outgoing.text, outgoing)
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

    def fetch_attachment(self, url: str, start: int, mark: str, total: int, taker: Taker) -> bool:
        """The content of an attachment named by a message (`files.Files.bring`)."""
        return self._files.bring(self._connected, url, start, mark, total, taker)

    def _look_for(self, conversation: str, text: str, before: int, words: str) -> Attempt:
        """After a lost answer: is the message there?"""
        started = time.monotonic()
        patience = PATIENCE + max(self._looks, default=0.0)
        for pause in self._looks:
            left = started + pause - time.monotonic()
            if left > 0:
                threading.Event().wait(
                    left
                )  # not `_wake`: being asked for something else must not cut the search short
            number = self._account.find(conversation, text, before, within=patience, private=False)
            if number:
                return Attempt(Outcome.ACCEPTED, "", remote_id=str(number))
        return Attempt(Outcome.UNKNOWN, words)

    def perform(self, verb: str, conversation: str, data: dict[str, Any]) -> None:
        """A verb the chat keeps itself (`verbs.Verbs.perform`)."""
        if self._verbs is None:
            raise ChannelDown(say("chat.closed"))
        try:
            self._verbs.perform(verb, conversation, data)
        finally:
            # Meanwhile the store took no news of this chat (`StoredChats`), and a refused verb must be shown as not done.
            if conversation.isascii() and conversation.isdigit():
                self._doubtful.add(conversation)


def _for_worker(failure: Failed) -> Exception:
    """While syncing, a refusal that is not about the login is a reason to try again later, not the agent's mistake."""
    explained = failure.explained()
    return ChannelDown(failure.words) if isinstance(explained, Refused) else explained


def _with(chat: ChatConversation, messages: Sequence[ChatMessage]) -> ChatConversation:
    once = {message.id: message for message in messages}
    return replace(chat, messages=tuple(sorted(once.values(), key=lambda message: (message.at, int(message.id)))))


def _seconds(cursor: str) -> float:
    return float(cursor) if cursor.isascii() and cursor.isdigit() and len(cursor) < 13 else 0.0
