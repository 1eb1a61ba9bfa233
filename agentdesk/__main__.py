"""The program: the command line, with the screen handed to it. (Screen and command line don't know each other.)"""

from __future__ import annotations

import sys

from agentdesk import cli
from agentdesk.config import DeskConfig


def open_screen(config: DeskConfig, notice: str = "", *, driver: str = "cells") -> int:
    """The desk on the terminal, until the agent leaves it. `notice` is what it says first; `driver` draws it."""
    from agentdesk.tui.app import run  # noqa: PLC0415 - no other command pays for the screen's libraries

    return run(config, notice, driver=driver)


def main() -> int:
    return cli.main(sys.argv[1:], open_screen=open_screen)


if __name__ == "__main__":
    sys.exit(main())
