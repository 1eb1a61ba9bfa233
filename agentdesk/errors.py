"""What can go wrong, as the agent is told it.

    DeskError                exit status 1
    ├── ConfigError          2   a file says something wrong: file, line, key, found, allowed
    ├── UsageError           2   a command line says something wrong
    ├── NotInThisVersion     2   known, planned, refused kindly
    ├── NotFound             1
    ├── NotSaved             1   the disk is full, or the store is held: for now
    ├── Refused              1   the desk says no, and why
    └── Unreachable          3   a server could not be reached
        └── LoginRefused     3   a server was reached and refuses the password
            └── SignInNeeded 3   the provider of access tokens wants to see the agent again

Messages are already in the agent's language (`locale.say`) and say what to do.
"""

from __future__ import annotations

from pathlib import Path


class DeskError(Exception):
    """The base of everything that is shown to the agent as one clear message."""

    exit_status = 1


class UsageError(DeskError):
    exit_status = 2


class NotInThisVersion(DeskError):  # noqa: N818 - the name is the words the agent reads
    exit_status = 2


class NotSaved(DeskError):  # noqa: N818 - it names a state
    """The desk's own files can't be written at the moment: the disk is full, or somebody holds the store. It is worth trying again."""


class NotFound(DeskError):  # noqa: N818 - reads as the answer it is
    exit_status = 1


class Refused(DeskError):  # noqa: N818 - reads as the answer it is
    exit_status = 1


class Unreachable(DeskError):  # noqa: N818 - reads as the answer it is
    exit_status = 3


class LoginRefused(Unreachable):
    """The server answered; the name or the password is wrong. Not retried until something changes."""


class SignInNeeded(LoginRefused):
    """No refresh token, or one that is revoked or too old: `agentdesk login` helps, waiting does not."""


class ConfigError(DeskError):
    """A configuration file (desk.toml, a keymap, a pack, an order file) says something wrong.

    `str(error)` is the one line to show: `file:line: message`.
    """

    exit_status = 2

    def __init__(self, message: str, *, file: Path | None = None, line: int | None = None, key: str = "") -> None:
        self.message, self.file, self.line, self.key = message, file, line, key
        place = "" if file is None else f"{file}:{line}: " if line else f"{file}: "
        super().__init__(place + message)
