"""What each command does on the screen. `ACTIONS` has exactly one entry for every id of the registry."""

from __future__ import annotations

import importlib

from agentdesk.tui.actions.registry import ACTIONS

for _topic in ("attachments", "desk", "finding", "line", "moving", "outbox", "outside", "packs", "reading", "sending", "verbs", "writing"):
    importlib.import_module(f"{__name__}.{_topic}")

__all__ = ["ACTIONS"]
