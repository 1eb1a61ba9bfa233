"""`agentdesk login`: an agent's consent, turned into a refresh token that is kept where desk.toml says.

Where a browser can be opened it is; the address is shown always. Over SSH the device flow is taken where the provider has one; else the
agent opens the address at home and pastes the one the browser ended at.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import select
import shutil
import subprocess
import sys
import threading
import time
from argparse import Namespace

from agentdesk.cli import checks
from agentdesk.cli.checks import FAILED
from agentdesk.cli.opening import config_of
from agentdesk.cli.output import talk
from agentdesk.config import DeskConfig, MailChannelConfig
from agentdesk.errors import ConfigError, DeskError, Refused, Unreachable, UsageError
from agentdesk.locale import say
from agentdesk.oauth.answers import Grant, library
from agentdesk.oauth.flows import Account, BrowserFlow, DeviceFlow, account_of
from agentdesk.oauth.loopback import Loopback
from agentdesk.oauth.tokens import tokens_of
from agentdesk.secrets import CLIENT, KEY, fetch, keep, store, without_secrets

PATIENCE = 600.0
"""Seconds for the agent to consent; an authorization code lives as long (RFC 6749, 4.1.2)."""
GLANCE = 0.2


def login(arguments: Namespace) -> int:
    config = config_of(arguments)
    channel = _channel(config, arguments.channel)
    assert channel.oauth is not None
    library()  # without it nothing need be asked
    if channel.password.kind != "keyring" and not channel.password.store:
        allowed = say("config.a_secret_that_changes", name="password")
        raise UsageError(say("oauth.nowhere", channel=channel.name, allowed=allowed))
    secrets = _secrets(channel, config)
    account = account_of(channel, secrets.get(channel.name + CLIENT, ""))
    if arguments.device and not account.provider.device_url:
        raise UsageError(say("oauth.no_device", provider=account.provider.name))
    opener = _browser()
    by_device = arguments.device or not account.provider.authorize_url or (not opener and bool(account.provider.device_url))
    grant = _by_device(account) if by_device else _by_browser(account, channel, config, opener)
    if not grant.refresh_token:
        raise Refused(say("oauth.no_refresh"))
    _say_missing(account, grant)
    trouble = keep(channel.password, channel.name, config.folder, grant.refresh_token)
    if trouble:
        raise Refused(say("oauth.not_kept", reason=trouble))
    talk(say(f"oauth.kept_{channel.password.kind}"))
    _tell_engine(config)
    return _try(channel, config, grant, secrets)


def _channel(config: DeskConfig, name: str) -> MailChannelConfig:
    able = [c for c in config.channels if isinstance(c, MailChannelConfig) and c.oauth is not None]
    if name and name not in {c.name for c in able}:
        if name in {c.name for c in config.channels}:
            raise UsageError(say("oauth.not_oauth", channel=name))
        raise UsageError(say("oauth.which", names=", ".join(c.name for c in able) or "-"))
    if not able:
        raise UsageError(say("oauth.no_channel"))
    if not name and len(able) > 1:
        raise UsageError(say("oauth.which", names=", ".join(c.name for c in able)))
    return next(c for c in able if c.name == (name or able[0].name))


def _secrets(channel: MailChannelConfig, config: DeskConfig) -> dict[str, str]:
    """Those besides the refresh token. A client secret that is meant for the keyring and not there yet is asked for."""
    found: dict[str, str] = {}
    assert channel.oauth is not None
    client = channel.oauth.client_secret
    if client is not None:
        try:
            found[channel.name + CLIENT] = fetch(client, channel.name, config.folder)
        except ConfigError:
            if client.kind != "keyring" or not sys.stdin.isatty():
                raise
            typed = getpass.getpass(say("oauth.client_secret", client=channel.oauth.client_id) + ": ").strip()
            if not typed or store(client.value, typed):
                raise
            found[channel.name + CLIENT] = typed
    if channel.certificate is not None and channel.certificate.passphrase is not None:
        found[channel.name + KEY] = fetch(channel.certificate.passphrase, channel.name, config.folder)
    return found


def _browser() -> str:
    """The program that opens an address on this machine's screen; empty where there is no screen, as over SSH."""
    if sys.platform == "darwin":
        return "" if os.environ.get("SSH_CONNECTION") else shutil.which("open") or ""
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return ""
    return shutil.which("xdg-open") or ""


def _by_device(account: Account) -> Grant:
    flow = DeviceFlow(account)
    code = flow.begin()
    talk(say("oauth.type", url=code.url, code=code.user_code))
    talk(say("oauth.waiting", minutes=max(1, round(code.seconds / 60))))
    return flow.wait(code)


def _by_browser(account: Account, channel: MailChannelConfig, config: DeskConfig, opener: str) -> Grant:
    flow = BrowserFlow(account, hint=channel.user if "@" in channel.user else "")
    with Loopback(flow.state, account.provider.loopback) as page:
        url = flow.begin(page.address)
        opened = bool(opener) and _open(opener, url, config)
        talk(say("oauth.opened" if opened else "oauth.open"))
        sys.stderr.write(f"\n  {url}\n\n")  # whole, however long: it is for copying
        if sys.stdin.isatty() and not opened:
            talk(say("oauth.paste"))
        talk(say("oauth.waiting", minutes=round(PATIENCE / 60)))
        return flow.finish(_answer(flow, page))


def _open(opener: str, url: str, config: DeskConfig) -> bool:
    with contextlib.suppress(OSError):
        child = subprocess.Popen(  # noqa: S603 - the platform's own opener, and an address of ours
            [opener, url], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True, env=without_secrets(config),
        )  # fmt: skip
        threading.Thread(target=child.wait, daemon=True).start()  # it may end with the browser only
        return True
    return False


def _answer(flow: BrowserFlow, page: Loopback) -> str:
    """What the browser came back with, or what the agent pastes; whichever comes first.

    Raises:
        Refused: neither, in time.
    """
    end, strangers = time.monotonic() + PATIENCE, 0
    typing = sys.stdin.isatty()
    while time.monotonic() < end:
        if page.came.wait(0.0 if typing else GLANCE):
            return page.query
        if page.strangers > strangers:
            strangers = page.strangers
            talk(say("oauth.stranger_called"))
        if typing and select.select([sys.stdin], [], [], GLANCE)[0]:
            line = sys.stdin.readline()
            typing = bool(line)
            if line.strip():
                if query := flow.pasted(line):
                    return query
                talk(say("oauth.wrong_paste"))
    raise Refused(say("oauth.too_late"))


def _say_missing(account: Account, grant: Grant) -> None:
    """Google lets people untick what they do not want to give; Microsoft names scopes as it likes, and never offline_access."""
    wanted = set(account.provider.scope.split()) - {"offline_access"}
    given = {scope.lower() for scope in grant.scope.split()}
    missing = sorted(scope for scope in wanted if scope.lower() not in given and scope.rpartition("/")[2].lower() not in given)
    if given and missing:
        talk(say("oauth.scope_missing", scope=" ".join(missing)))


def _tell_engine(config: DeskConfig) -> None:
    """An engine that waits for this goes on at once. It would notice by itself at its next attempt."""
    if not (config.state / "desk.db").exists():
        return
    from agentdesk.store.database import Database  # noqa: PLC0415 - only where there is one

    with contextlib.suppress(DeskError):
        database = Database(config.state / "desk.db")
        try:
            database.write(lambda tx: tx.touch("login"))
        finally:
            database.close()


def _try(channel: MailChannelConfig, config: DeskConfig, grant: Grant, secrets: dict[str, str]) -> int:
    """Whether the mailbox lets this account in: the provider does not know which mailbox is meant."""
    tokens = tokens_of(channel, config.folder, secrets | {channel.name: grant.refresh_token}, talk)
    assert tokens is not None
    tokens.begin(grant)
    found = checks.let_in(channel, secrets, tokens)
    for check in found[:1]:
        talk(f"  {say(f'doctor.state_{check.state}')}  {check.name}: {check.detail}")
    refused = any(check.refused for check in found)
    if refused:
        talk(say("oauth.other_account", user=channel.user))
    return Unreachable.exit_status if any(check.state == FAILED for check in found) else 0
