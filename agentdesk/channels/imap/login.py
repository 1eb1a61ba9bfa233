"""Logging in: by password, access token or certificate, in as few flights as it can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentdesk.channels import sasl
from agentdesk.channels.base import ChannelDown
from agentdesk.channels.imap import limits
from agentdesk.channels.imap.commands import Command, Word, command, sasl_plain, text
from agentdesk.channels.imap.responses import Answer
from agentdesk.channels.sasl import TokenRefused
from agentdesk.domain.clean import clean_line
from agentdesk.errors import LoginRefused
from agentdesk.locale import say

if TYPE_CHECKING:
    from agentdesk.channels.imap.connection import Connection


def log_in(connection: Connection, user: str, password: str, *, tokens: bool, token: str, certified: bool) -> None:
    """Log in and compress. `tokens`: by access token only; `certified`: our certificate may be enough.

    Raises:
        LoginRefused: the server does not accept the name, the password or the token.
        ChannelDown: it can't take the login now.
    """
    if not connection.capabilities:
        connection.ask_capabilities()
    if tokens:
        _by_token(connection, user, token)
        return
    if certified and "AUTH=EXTERNAL" in connection.capabilities:
        answer, _ = connection.authenticate(sasl.by_certificate(user))
        if answer.status == "OK":
            _logged_in(connection, answer)
            return
        if not password:
            raise _refused(connection, answer, user)
    if "LOGINDISABLED" in connection.capabilities:
        raise connection.down(say("channels.login_disabled"))
    try:
        login = _by_password(connection, user, password)
    except ValueError as error:
        raise LoginRefused(say("channels.login_unusable", server=str(connection.url), user=clean_line(user))) from error
    if connection.compresses and (connection.quirks.compresses or "COMPRESS=DEFLATE" in connection.capabilities):
        # One flight for both. Nothing else may be under way with COMPRESS: where compression begins would be a guess.
        answer, compress = connection.run(login, command("COMPRESS DEFLATE"))
        connection.compress(compress)
    else:
        answer, compress = connection.run(login)[0], None
    if answer.status != "OK":
        raise _refused(connection, answer, user)
    _logged_in(connection, answer, compress)


def _logged_in(connection: Connection, answer: Answer, compress: Answer | None = None) -> None:
    connection.capabilities = answer.capabilities() or frozenset()
    if not connection.capabilities:
        connection.ask_capabilities()
    connection.believe()
    if connection.compresses and compress is None and "COMPRESS=DEFLATE" in connection.capabilities:
        connection.compress(connection.run(command("COMPRESS DEFLATE"))[0])


def _refused(connection: Connection, answer: Answer, user: str, why: str = "", *, token: bool = False) -> LoginRefused | ChannelDown:
    detail = f"{answer.words} ({why})" if why else answer.words
    connection.close()
    pause = limits.at_the_door(answer.code()[0], answer.words)
    if pause:
        return limits.down(connection.url, detail, pause)
    words = say("channels.login_refused", server=str(connection.url), user=clean_line(user), detail=detail)
    return TokenRefused(words) if token else LoginRefused(words)


def _by_token(connection: Connection, user: str, token: str) -> None:
    url = connection.url
    offered = {name.removeprefix("AUTH=") for name in connection.capabilities if name.startswith("AUTH=")}
    try:
        mechanism = sasl.by_token(offered, user, token, url.host, url.port)
    except ValueError as error:
        raise LoginRefused(say("channels.login_unusable", server=str(url), user=clean_line(user))) from error
    if mechanism is None:
        connection.close()
        raise LoginRefused(say("channels.no_oauth", server=str(url)))
    answer, why = connection.authenticate(mechanism)
    if answer.status != "OK":
        raise _refused(connection, answer, user, why, token=True)
    _logged_in(connection, answer)


def _by_password(connection: Connection, user: str, password: str) -> Command:
    """AUTHENTICATE PLAIN wherever it is offered, for it is UTF-8; LOGIN is ASCII by its standard."""
    if "AUTH=PLAIN" not in connection.capabilities:
        return command("LOGIN", text(user), text(password))
    secret = sasl_plain(user, password)
    if "SASL-IR" in connection.capabilities:
        return command("AUTHENTICATE PLAIN", Word(secret))
    return Command("AUTHENTICATE PLAIN", (), secret)
