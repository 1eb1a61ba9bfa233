"""The canned responses of a chat's server: read, added and changed, with every byte counted as the engine counts it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from agentdesk.channels.base import ChannelDown
from agentdesk.channels.chatwoot.api import Api
from agentdesk.channels.chatwoot.canned import CannedResponses
from agentdesk.channels.usage import Job, Usage
from agentdesk.config import ChatChannelConfig
from agentdesk.desk import Desk
from agentdesk.errors import Unreachable, UsageError
from agentdesk.locale import say
from agentdesk.secrets import fetch_channel
from agentdesk.store import traffic
from agentdesk.store.traffic import Moved


@contextmanager
def canned_responses(desk: Desk, channel: str) -> Iterator[CannedResponses]:
    """Those of the chat named, or of the only one there is.

    Raises:
        UsageError: there is none, or several.
        Unreachable: the server does not answer.
    """
    chat = _chat(desk, channel)
    usage = Usage(job=Job.PACKS)
    secret = fetch_channel(chat, desk.config.folder)[chat.name]
    try:
        api = Api(chat, secret, usage)
        try:
            yield CannedResponses(api)
        finally:
            api.close()
    except ChannelDown as error:
        raise Unreachable(str(error)) from error
    finally:
        today = datetime.now(desk.config.timezone).date().isoformat()
        moved = [Moved(today, chat.name, job.value, *counts) for job, counts in usage.take().items()]
        if moved:
            desk.database.write(lambda tx: traffic.add(tx, moved))


def _chat(desk: Desk, name: str) -> ChatChannelConfig:
    chats = [one for one in desk.config.channels if isinstance(one, ChatChannelConfig) and name in ("", one.name)]
    if len(chats) != 1:
        raise UsageError(say("importing.which_chat", names=", ".join(one.name for one in chats)) if chats else say("importing.no_chat"))
    return chats[0]
