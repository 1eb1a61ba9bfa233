"""Chatwoot: live chats through its agent API (release 4.13).

Written from its source, its OpenAPI description and our own demo server; it was never run against a live instance.

    counting   bytes and round trips, limits on time and size
    api        requests, both shapes of its errors, what a failure means
    payloads   its JSON to our types, distrusting every field
    liquid     what we send arrives as it was written
    account    lists and messages of one account
    walk       pages that move while they are turned
    verbs      status, assignee, labels, priority, notes
    channel    syncing and sending
"""

from agentdesk.channels.chatwoot.channel import ChatwootChannel

__all__ = ["ChatwootChannel"]
