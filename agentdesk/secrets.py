"""Passwords: fetched where desk.toml says they are, when somebody needs them, and kept nowhere.

The window fetches them before it takes the terminal, because a command may ask its own question there. The one kind that is written, too,
are refresh tokens (`keep`): by `agentdesk login`, and by the engine when a provider changes them (`docs/decisions/0007-sign-in.md`).
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from agentdesk.config.types import ChannelConfig, DeskConfig, MailChannelConfig, Secret
from agentdesk.errors import ConfigError
from agentdesk.locale import say

SERVICE = "agentdesk"
"""The keyring's service; the entry is the channel's user and server."""
PATIENCE = 120.0
"""Seconds for a command: long enough to type a passphrase into its prompt."""
KEYRING_PATIENCE = 20.0

CLIENT, KEY = ":client", ":key"
"""What is put behind a channel's name (which holds no colon) for its other secrets: of the OAuth client, of the private key."""


def fetch(secret: Secret, channel: str, folder: Path) -> str:
    """The password or token of one channel.

    Raises:
        ConfigError: it is not where desk.toml says; with the place of that entry and what to do.
    """
    if secret.kind in {"literal", "none"}:
        return secret.value
    if secret.kind == "env":
        found = os.environ.get(secret.value, "")
        if not found:
            raise _error(secret, say("config.secret_no_env", channel=channel, name=secret.value))
    elif secret.kind == "command":
        found = _ask_command(secret, channel, folder)
    else:
        found = _ask_keyring(secret, channel)
    if any(ord(c) < 32 or ord(c) == 127 for c in found):
        raise _error(secret, say("config.secret_bad", channel=channel))
    return found


def needed(channel: ChannelConfig) -> Iterator[tuple[str, Secret]]:
    """Every secret of a channel, by the name the engine knows it by."""
    if not isinstance(channel, MailChannelConfig):
        yield channel.name, channel.token
        return
    yield channel.name, channel.password
    if channel.oauth is not None and channel.oauth.client_secret is not None:
        yield channel.name + CLIENT, channel.oauth.client_secret
    if channel.certificate is not None and channel.certificate.passphrase is not None:
        yield channel.name + KEY, channel.certificate.passphrase


def fetch_channel(channel: ChannelConfig, folder: Path) -> dict[str, str]:
    """What one channel needs. A refresh token that can't be had is left empty: the engine asks for `agentdesk login` then.

    Raises:
        ConfigError: another of its secrets can't be fetched.
    """
    found: dict[str, str] = {}
    for name, secret in needed(channel):
        try:
            found[name] = fetch(secret, channel.name, folder)
        except ConfigError:
            if name != channel.name or not isinstance(channel, MailChannelConfig) or channel.oauth is None:
                raise
            found[name] = ""
    return found


def fetch_all(config: DeskConfig) -> dict[str, str]:
    """The secrets of every channel.

    Raises:
        ConfigError: the first that can't be fetched.
    """
    found: dict[str, str] = {}
    for channel in config.channels:
        found |= fetch_channel(channel, config.folder)
    return found


def without_secrets(config: DeskConfig) -> dict[str, str]:
    """The environment for programs we start: where a password stands in it, they need not know."""
    names = {secret.value for channel in config.channels for _, secret in needed(channel) if secret.kind == "env"}
    return {name: value for name, value in os.environ.items() if name not in names}


def keep(secret: Secret, channel: str, folder: Path, value: str) -> str:
    """Put a new refresh token where desk.toml says it is; why that failed, or an empty string."""
    if secret.kind == "keyring":
        return store(secret.value, value)
    if secret.kind == "command" and secret.store:
        return _tell_command(secret, folder, value)
    return say("config.secret_no_place", channel=channel, allowed=say("config.a_secret_that_changes", name="password"))


def _tell_command(secret: Secret, folder: Path, value: str) -> str:
    """The value goes in by stdin, which nobody else can read; never as an argument."""
    try:
        done = subprocess.run(  # noqa: S602 - a shell line written by the desk's owner, that is the format
            secret.store, shell=True, cwd=folder, input=value.encode() + b"\n", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            timeout=PATIENCE, check=False,
        )
    except subprocess.TimeoutExpired:
        return say("config.secret_store_failed", status="-", said=say("config.keyring_silent"))
    except OSError as error:
        return say("config.secret_store_failed", status="-", said=error.strerror)
    return "" if done.returncode == 0 else say("config.secret_store_failed", status=done.returncode, said=_said(done.stderr))


def _said(stderr: bytes | None) -> str:
    said = " ".join((stderr or b"").decode("utf-8", "replace").split())
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in said)[:200] or "-"


def store(entry: str, password: str) -> str:
    """Put a password into the keyring and read it back; returns why that failed, or an empty string."""

    def put() -> str:
        import keyring  # noqa: PLC0415 - slow to import, and only where a keyring is used

        keyring.set_password(SERVICE, entry, password)
        return keyring.get_password(SERVICE, entry) or ""

    try:
        return "" if _in_time(put) == password else say("config.keyring_forgot")
    except _KeyringFailed as error:
        return str(error)


def _ask_command(secret: Secret, channel: str, folder: Path) -> str:
    """The first line the command prints (as `pass` does it, further lines are notes)."""
    terminal = sys.stdin is not None and sys.stdin.isatty()
    try:
        done = subprocess.run(  # noqa: S602 - a shell line written by the desk's owner, that is the format
            secret.value,
            shell=True,
            cwd=folder,
            stdin=None if terminal else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=None if terminal else subprocess.PIPE,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _error(secret, say("config.secret_command_slow", channel=channel, seconds=int(PATIENCE))) from error
    except OSError as error:
        raise _error(secret, say("config.secret_command_failed", channel=channel, status="-", said=error.strerror)) from error
    if done.returncode != 0:
        raise _error(secret, say("config.secret_command_failed", channel=channel, status=done.returncode, said=_said(done.stderr)))
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    if not lines or not lines[0]:
        raise _error(secret, say("config.secret_command_empty", channel=channel))
    return lines[0]


def _ask_keyring(secret: Secret, channel: str) -> str:
    def get() -> str:
        import keyring  # noqa: PLC0415 - slow to import, and only where a keyring is used

        return keyring.get_password(SERVICE, secret.value) or ""

    try:
        found = _in_time(get)
    except _KeyringFailed as error:
        allowed = say("config.a_secret", name="password")
        raise _error(secret, say("config.secret_no_keyring", channel=channel, reason=error, allowed=allowed)) from error
    if not found:
        raise _error(secret, say("config.secret_missing", channel=channel, entry=secret.value))
    return found


class _KeyringFailed(Exception):  # noqa: N818 - it names what happened
    pass


def _in_time(call: Callable[[], str]) -> str:
    """A keyring behind D-Bus may wait for a window nobody sees: it gets a thread and a limit."""
    answer: list[str] = []
    failure: list[str] = []

    def run() -> None:
        try:
            answer.append(call())
        except Exception as error:  # noqa: BLE001 - back ends raise what they like, D-Bus errors included
            none = type(error).__name__ == "NoKeyringError"
            failure.append(say("config.keyring_none") if none else " ".join(str(error).split())[:120] or type(error).__name__)

    thread = threading.Thread(target=run, name="keyring", daemon=True)
    thread.start()
    thread.join(KEYRING_PATIENCE)
    if answer:
        return answer[0]
    raise _KeyringFailed(failure[0] if failure else say("config.keyring_silent"))


def _error(secret: Secret, message: str) -> ConfigError:
    return ConfigError(message, file=secret.file, line=secret.line or None)
