"""What is read from and written to one account: lists, messages, and whether a message of ours is there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agentdesk.channels.base import ChannelDown
from agentdesk.channels.chatwoot import payloads
from agentdesk.channels.chatwoot.api import Api, Failed, File
from agentdesk.channels.chatwoot.liquid import literal
from agentdesk.channels.chatwoot.payloads import Agent, Listed
from agentdesk.domain.mailbox import ChatMessage
from agentdesk.domain.message import Outgoing
from agentdesk.errors import Refused
from agentdesk.locale import say

_NEWER = 100
"""How many messages one `after` gives at most."""
_MOST_MESSAGES = 2000
_GONE = frozenset({403, 404})


class Account:
    """One account, as the agent whose token it is sees it. Failures come as `Failed`, nonsense as `ChannelDown`."""

    def __init__(self, api: Api, me: Agent) -> None:
        self._api, self.me = api, me

    def page(self, params: dict[str, str | int]) -> tuple[list[Listed], int]:
        found = payloads.listed(self._api.get("conversations", params))
        if found is None:
            raise ChannelDown(say("chat.nonsense", server=self._api.server))
        return found

    def one(self, conversation: str, found: Sequence[Listed]) -> Listed | None:
        """A conversation by its id, unless it was found already or is gone."""
        if any(item.conversation.id == conversation for item in found):
            return None
        try:
            return payloads.conversation_of(self._api.get(f"conversations/{conversation}"))
        except Failed as failure:
            if failure.status in _GONE:
                return None
            raise

    def history(self, conversation: str, *, whole: bool) -> list[ChatMessage]:
        """A chat's messages from its end: the latest twenty, and with `whole` all before them."""
        raw = self.read(conversation, {})
        found = list(raw)
        while whole and raw and len(found) < _MOST_MESSAGES:
            oldest = min((number for item in raw if (number := payloads.message_id(item))), default=0)
            if not oldest:
                break
            known = {payloads.message_id(item) for item in found}
            raw = [i for i in self.read(conversation, {"before": oldest}) if payloads.message_id(i) not in known]
            found = [*raw, *found]
        return _said(found)

    def newer(self, conversation: str, after: int) -> list[ChatMessage]:
        return _said(self.newer_raw(conversation, after))

    def newer_raw(self, conversation: str, after: int) -> list[Any]:
        """Everything with a higher id. The server orders by time and cuts by id, so the highest id seen is the next cursor."""
        found: list[Any] = []
        while len(found) < _MOST_MESSAGES:
            raw = [item for item in self.read(conversation, {"after": after}) if payloads.message_id(item) > after]
            found += raw
            if len(raw) < _NEWER:
                break
            after = max(payloads.message_id(item) for item in raw)
        return found

    def read(self, conversation: str, params: dict[str, str | int]) -> list[Any]:
        """One request's messages; none for a chat that was deleted or taken from our sight meanwhile."""
        try:
            answer = self._api.get(f"conversations/{path_of(conversation)}/messages", params)
        except Failed as failure:
            if failure.status in _GONE:
                return []
            raise
        raw = payloads.messages_of(answer)
        if raw is None:
            raise ChannelDown(say("chat.nonsense", server=self._api.server))
        return raw

    def post_message(self, conversation: str, text: str, outgoing: Outgoing | None = None) -> Any:
        """Write a message, or without `outgoing` a private note."""
        path = f"conversations/{path_of(conversation)}/messages"
        content = literal(text)
        if outgoing is None or not outgoing.files:
            return self._api.post(path, {"content": content, "private": outgoing is None})
        files: list[File] = [("attachments[]", (file.name, file.content, file.type)) for file in outgoing.files]
        return self._api.post_files(path, {"content": content, "private": "false"}, files)

    def find(self, conversation: str, text: str, before: int, *, within: float, private: bool) -> int | None:
        """The id of a message of ours with this text, newer than `before` and not older than `within` seconds.

        0 if there is none, None if nobody answers.
        """
        try:
            raw = self.newer_raw(conversation, before) if before else self.read(conversation, {})
        except (Failed, ChannelDown):
            return None
        earliest = self._api.server_now - within
        for item in reversed(raw):
            message = payloads.message_of(item)
            if (
                message is not None
                and item.get("message_type") == payloads.OUTGOING
                and (item.get("private") is True) is private
                and payloads.sender_id(item) in {0, self.me.id}
                and message.at.timestamp() >= earliest
                and payloads.same_text(message.text, text)
            ):
                return int(message.id)
        return 0


def _said(raw: Sequence[Any]) -> list[ChatMessage]:
    return [message for item in raw if (message := payloads.message_of(item)) is not None]


def path_of(conversation: str) -> str:
    """A chat's own id, as it may stand in a path.

    Raises:
        Refused: it is no number, so it is no chat of this channel.
    """
    if not (conversation.isascii() and conversation.isdigit()):
        raise Refused(say("chat.no_chat", id=conversation))
    return conversation


def whole_number(text: str) -> int:
    """An id as the store has it; 0 for none."""
    return int(text) if text.isascii() and text.isdigit() else 0
