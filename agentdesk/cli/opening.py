"""The desk a command works on."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from agentdesk import paths
from agentdesk.config import MAIN, DeskConfig, load
from agentdesk.errors import ConfigError

if TYPE_CHECKING:
    from agentdesk.desk import Desk


def folder_of(arguments: Namespace) -> Path:
    return paths.desk_folder(arguments.desk)


def config_of(arguments: Namespace) -> DeskConfig:
    """The desk's configuration.

    Raises:
        ConfigError: it says something wrong, or there is none.
    """
    folder = folder_of(arguments)
    return load(folder, paths.state_folder(folder, arguments.desk))


def config_or_none(arguments: Namespace) -> DeskConfig | None:
    """For commands that work without a desk, too. A desk that says something wrong is still an error."""
    try:
        return config_of(arguments)
    except ConfigError:
        if (folder_of(arguments) / MAIN).exists():
            raise
        return None


def open_desk(arguments: Namespace) -> Desk:
    """The desk's store, with its state folder closed to others."""
    from agentdesk.desk import Desk  # noqa: PLC0415 - commands without a store don't pay for it

    config = config_of(arguments)
    paths.make_private(config.state)
    return Desk.open(config)
