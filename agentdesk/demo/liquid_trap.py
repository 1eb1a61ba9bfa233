"""Chatwoot reads what an agent sends as a Liquid template. A client that forgets it loses text, so the demo does the same.

app/models/concerns/liquidable.rb of Chatwoot 4.13: before an outgoing message is stored its content is parsed and rendered with
the drops below; what stands between back-ticks is left alone; what is undefined becomes nothing; a syntax error leaves the
whole text as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from liquid import Environment
from liquid.exceptions import LiquidError

from agentdesk.demo import shop

if TYPE_CHECKING:
    from agentdesk.demo.chat import Agent, Chat, Contact

_CODE = re.compile(r"`(.*?)`", re.DOTALL)


class _Environment(Environment):
    loop_iteration_limit = 10_000  # an endless loop typed for fun must not stop the demo


_environment = _Environment()


def rendered(content: str, contact: Contact, chat: Chat, agent: Agent, recent: Sequence[str | None]) -> str:
    """What Chatwoot stores for `content`."""
    source = _CODE.sub(lambda code: "{% raw %}`" + code[1] + "`{% endraw %}", content)
    try:
        return _environment.from_string(source).render(**drops(contact, chat, agent, recent))
    except LiquidError:
        return content


def drops(
    contact: Contact, chat: Chat, agent: Agent, recent: Sequence[str | None]
) -> Mapping[str, Mapping[str, object]]:
    """The names a text may use (app/drops/*.rb)."""
    return {
        "contact": {
            "id": contact.id,
            "name": _capitalised(contact.name),
            "email": contact.email,
            "phone_number": contact.phone,
            "first_name": _first_name(contact.name),
            "last_name": _last_name(contact.name),
            "custom_attribute": {},
        },
        "agent": {
            "id": agent.id,
            "name": _capitalised(agent.name),
            "available_name": agent.name,
            "first_name": _first_name(agent.name),
            "last_name": _last_name(agent.name),
        },
        "conversation": {
            "id": chat.id,
            "display_id": chat.id,
            "contact_name": _capitalised(contact.name),
            "recent_messages": list(recent)[-5:],
            "custom_attribute": {},
        },
        "inbox": {"id": shop.INBOX, "name": shop.NAME},
        "account": {"id": shop.ACCOUNT, "name": shop.NAME},
    }


def _capitalised(name: str) -> str:
    return " ".join(word.capitalize() for word in name.split())


def _first_name(name: str) -> str | None:
    """None for a name of one word, as the drops have it."""
    words = name.split()
    return words[0].capitalize() if len(words) > 1 else None


def _last_name(name: str) -> str | None:
    words = name.split()
    return words[-1].capitalize() if len(words) > 1 else None
