"""`agentdesk` and `agentdesk demo`: the desk on the terminal. The screen itself is handed in by `__main__`."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from agentdesk import paths
from agentdesk.cli.opening import config_of
from agentdesk.config import load
from agentdesk.errors import UsageError
from agentdesk.locale import say


def desk(arguments: Namespace) -> int:
    _need_terminal()
    config = config_of(arguments)
    paths.make_private(config.state)
    assert arguments.open_screen is not None
    status: int = arguments.open_screen(config, driver=arguments.driver)
    return status


def demo(arguments: Namespace) -> int:
    """The embedded shop lives as long as the desk is open, and goes on where it stopped the next time."""
    _need_terminal()
    from agentdesk.demo import launch  # noqa: PLC0415 - the demo's servers are an extra

    folder = Path(arguments.desk).expanduser().resolve() if arguments.desk else None
    with launch.prepare(folder, reset=arguments.reset) as shop:
        config = load(shop.folder, paths.make_private(shop.folder / "state"))
        assert arguments.open_screen is not None
        status: int = arguments.open_screen(config, say("cli.demo_page", page=shop.page), driver=arguments.driver)
        return status


def _need_terminal() -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(say("cli.no_terminal"))
