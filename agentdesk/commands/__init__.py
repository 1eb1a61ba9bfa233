"""What the agent can do, said once: ids, contexts, arguments; the words stand in the catalogue."""

from agentdesk.commands.moving import DESKWIDE, MOVING, PICKING, VIEWS
from agentdesk.commands.registry import Argument, Command, Registry, Where
from agentdesk.commands.working import LOOP, READING, VERBS
from agentdesk.commands.writing import COMPOSING, WRITING

COMMANDS = Registry(
    (
        ("loop", LOOP),
        ("writing", WRITING),
        ("composing", COMPOSING),
        ("verbs", VERBS),
        ("reading", READING),
        ("moving", MOVING),
        ("views", VIEWS),
        ("desk", DESKWIDE),
        ("picking", PICKING),
    )
)
"""Every command, by topic in the order of help (`commands.topic_<name>`)."""

__all__ = ["COMMANDS", "Argument", "Command", "Registry", "Where"]
