"""What each command does on the screen. `ACTIONS` has exactly one entry for every id of the registry."""

from __future__ import annotations

from agentdesk.tui.actions import desk, finding, moving, reading, sending, verbs, writing
from agentdesk.tui.actions.registry import ACTIONS

__all__ = ["ACTIONS", "desk", "finding", "moving", "reading", "sending", "verbs", "writing"]
