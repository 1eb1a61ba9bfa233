"""The command line: `agentdesk COMMAND`. Data goes to stdout, talk to stderr; exit statuses are those of `errors.py`.

Each command lives in a module of this package that is imported only when it is called, so that reading the queue from a script costs
neither the screen's libraries nor the engine's.
"""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from importlib import import_module

from agentdesk import locale, paths
from agentdesk.cli.parser import build, desk_argument
from agentdesk.config import locale_of
from agentdesk.domain.clean import clean
from agentdesk.errors import DeskError

INTERRUPTED = 130
BROKEN_PIPE = 141

Screen = Callable[..., int]
"""Opens the desk of a configuration; may be given something to say first."""


def main(argv: Sequence[str], *, open_screen: Screen | None = None) -> int:
    """Run one command line; returns the exit status."""
    os.umask(0o077)  # what this program writes is its owner's
    try:
        _speak(argv)
        arguments = build().parse_args(argv)
        arguments.open_screen = open_screen
        status = _run(arguments)
        sys.stdout.flush()
    except DeskError as error:
        print(clean(f"agentdesk: {error}"), file=sys.stderr)
        return error.exit_status
    except (KeyboardInterrupt, EOFError):  # Ctrl-C, or Ctrl-D instead of an answer
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has enough of it. The interpreter must not try to flush it once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except SystemExit as ended:  # argparse: --help, --version, wrong use
        return ended.code if isinstance(ended.code, int) else 2
    return status


def _speak(argv: Sequence[str]) -> None:
    """The desk's language where there is a desk, else the environment's: help is shown before desk.toml is read."""
    folder = paths.desk_folder(desk_argument(argv))
    environment = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "en")
    locale.use(locale_of(folder) or environment)


def _run(arguments: Namespace) -> int:
    module = import_module(f"{__name__}.{arguments.module}")
    command: Callable[[Namespace], int] = getattr(module, arguments.function)
    return command(arguments)
