"""Where the modules of this package enter what they do."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from agentdesk.commands import COMMANDS

if TYPE_CHECKING:
    from agentdesk.tui.screens.desk import DeskScreen

Action = Callable[["DeskScreen", int, str], None]
"""Gets the screen, the count typed before the key (0: none) and the argument given in the palette."""

ACTIONS: dict[str, Action] = {}


def does(*command_ids: str) -> Callable[[Action], Action]:
    def enter(action: Action) -> Action:
        for command_id in command_ids:
            if command_id not in COMMANDS or command_id in ACTIONS:
                message = f"{command_id}: no such command, or done twice"
                raise ValueError(message)
            ACTIONS[command_id] = action
        return action

    return enter
