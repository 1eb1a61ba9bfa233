"""Checks of one connection or file each, for `init` and `doctor`: what was found, never an exception."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from agentdesk.channels import validity
from agentdesk.channels.base import ChannelDown
from agentdesk.channels.imap import folders
from agentdesk.channels.imap.commands import command, word
from agentdesk.channels.imap.connection import Connection
from agentdesk.channels.imap.session import Session
from agentdesk.channels.sasl import Tokens
from agentdesk.channels.smtp import SmtpSender
from agentdesk.channels.tls import Identity, client_context, explained, identity_of
from agentdesk.cli import known_mail
from agentdesk.config import ChatChannelConfig, DeskConfig, MailChannelConfig, ServerUrl
from agentdesk.domain.clean import clean_line
from agentdesk.errors import DeskError, LoginRefused
from agentdesk.locale import say
from agentdesk.oauth.tokens import AccessTokens, tokens_of
from agentdesk.secrets import KEY
from agentdesk.shops.files import FilesShop

OK, WARNING, FAILED = "ok", "warning", "failed"
PATIENCE = 10.0
PROBE_PATIENCE = 6.0
DAYS_TO_WARN = 14
SKEW_TO_WARN = 120
WANTED = ("IDLE", "CONDSTORE", "QRESYNC", "UIDPLUS", "MOVE", "SPECIAL-USE", "LITERAL+", "COMPRESS=DEFLATE", "ENABLE")
"""What a mailbox is faster or safer with; it works without."""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of `doctor`."""

    name: str
    state: str
    detail: str
    channel: str = ""
    refused: bool = False
    """The server was reached and refuses this name and password."""


def imap(
    config: MailChannelConfig, password: str, *, tokens: Tokens | None = None, identity: Identity | None = None
) -> Iterator[Check]:
    """Login, capabilities, folders, quota."""
    connection = Connection(config.imap, ca_file=config.ca_file, tokens=tokens, identity=identity)
    try:
        connection.open(config.user, password)
        yield Check("imap", OK, say("doctor.logged_in", server=config.imap, user=config.user), config.name)
        has = [name for name in WANTED if name in connection.capabilities]
        lacks = [name for name in WANTED if name not in connection.capabilities]
        detail = " ".join(has) + (f" · {say('doctor.lacks', names=' '.join(lacks))}" if lacks else "")
        yield Check("capabilities", OK if "IDLE" in has else WARNING, detail, config.name)
        session = Session(connection)
        found = folders.find(session.mailboxes())
        shown = ", ".join(f"{role.value}: {name}" for role, name in found.items())
        missing = [role.value for role in folders.ORDER if role not in found]
        if missing:
            shown += " · " + say("doctor.folders_missing", names=", ".join(missing))
        yield Check("folders", OK, shown, config.name)
        if "QUOTA" in connection.capabilities:
            yield from _quota(session, config.name)
    except (ChannelDown, DeskError) as error:
        yield Check("imap", FAILED, str(error), config.name, isinstance(error, LoginRefused))
    finally:
        connection.close()


def _quota(session: Session, channel: str) -> Iterator[Check]:
    """RFC 9208: `* QUOTA "root" (STORAGE used limit)`, in units of 1024 octets."""
    answer = session.run(command("GETQUOTAROOT", word("INBOX")))[0]
    for response in answer.of("QUOTA"):
        match = re.search(rb"STORAGE (\d+) (\d+)", response.text, re.IGNORECASE)
        if match is not None and int(match[2]):
            used, limit = int(match[1]), int(match[2])
            state = WARNING if used > limit * 0.9 else OK
            yield Check("quota", state, say("doctor.quota", used=used // 1024, limit=limit // 1024, share=100 * used // limit), channel)


def smtp(config: MailChannelConfig, password: str, *, tokens: Tokens | None = None, identity: Identity | None = None) -> Check:
    try:
        SmtpSender(config, password, tokens=tokens, identity=identity).check()
    except (ChannelDown, DeskError) as error:
        return Check("smtp", FAILED, str(error), config.name, isinstance(error, LoginRefused))
    return Check("smtp", OK, say("doctor.logged_in", server=config.smtp, user=config.user), config.name)


def mailbox(config: MailChannelConfig, secrets: Mapping[str, str], folder: Path) -> Iterator[Check]:
    """Everything about one mailbox. `secrets` are named as `secrets.needed` does."""
    provider = known_mail.by_server(config.imap.host)
    if provider is not None and config.oauth is None:
        state = WARNING if provider.takes == "oauth" else OK
        yield Check("provider", state, say(f"doctor.takes_{provider.takes.replace('-', '_')}", name=provider.name, page=provider.page), config.name)
    identity = identity_of(config, secrets.get(config.name + KEY, ""))
    if config.certificate is not None:
        yield own_certificate(config.certificate.cert, config.name)
    not_kept: list[str] = []
    try:
        tokens = tokens_of(config, folder, secrets, not_kept.append)
        if tokens is not None:
            yield from _sign_in(tokens, config.name)
    except DeskError as error:
        yield Check("sign-in", FAILED, _with_advice(str(error), config), config.name, isinstance(error, LoginRefused))
        return
    password = secrets.get(config.name, "")
    yield from imap(config, password, tokens=tokens, identity=identity)
    yield smtp(config, password, tokens=tokens, identity=identity)
    for reason in not_kept:
        yield Check("sign-in", FAILED, say("oauth.not_kept", reason=reason), config.name)


def let_in(config: MailChannelConfig, secrets: Mapping[str, str], tokens: Tokens) -> list[Check]:
    """Whether a mailbox takes an account that has just signed in."""
    return list(imap(config, "", tokens=tokens, identity=identity_of(config, secrets.get(config.name + KEY, ""))))


def _with_advice(words: str, config: MailChannelConfig) -> str:
    return f"{words} {say('doctor.sign_in', channel=config.name)}"


def _sign_in(tokens: AccessTokens, channel: str) -> Iterator[Check]:
    """An access token, how long it is good, and how far our clock is from the provider's."""
    tokens.current()
    yield Check("sign-in", OK, say("doctor.token", minutes=round(tokens.seconds_left / 60)), channel)
    if tokens.skew is not None:
        skew = round(tokens.skew)
        yield Check("clock", WARNING if abs(skew) > SKEW_TO_WARN else OK, say("doctor.clock", seconds=skew), channel)


def own_certificate(file: Path, channel: str) -> Check:
    """How long our own certificate is still good."""
    try:
        until = validity.ends(file)
    except (OSError, ValueError) as error:
        return Check("client-certificate", FAILED, say("channels.client_cert", file=file, reason=clean_line(str(error))), channel)
    days = (until - datetime.now(UTC)).days
    state = FAILED if days < 0 else WARNING if days < DAYS_TO_WARN else OK
    return Check("client-certificate", state, say("doctor.certificate", server=file.name, days=days, date=f"{until:%Y-%m-%d}"), channel)


def chat(config: ChatChannelConfig, token: str) -> Iterator[Check]:
    """The account answers with this token; and, while at it, how far our clock is from the server's."""
    import httpx  # noqa: PLC0415 - a desk without a chat does not pay for it

    url = f"{config.url}/api/v1/profile"
    verify = client_context(config.ca_file) if config.url.startswith("https:") else False
    try:
        before = time.time()
        answer = httpx.get(url, headers={"api_access_token": token}, timeout=PATIENCE, verify=verify)
        middle = (before + time.time()) / 2
    except (httpx.HTTPError, OSError) as error:
        yield Check("chat", FAILED, say("doctor.no_answer", server=config.url, reason=_reason(error)), config.name)
        return
    if answer.status_code in {401, 403}:
        yield Check("chat", FAILED, say("doctor.token_refused", server=config.url), config.name)
    elif answer.status_code >= 400:
        yield Check("chat", FAILED, say("doctor.http_status", server=config.url, status=answer.status_code), config.name)
    else:
        yield Check("chat", OK, say("doctor.answers", server=config.url), config.name)
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return
    skew = round(middle - theirs.timestamp())
    yield Check("clock", WARNING if abs(skew) > SKEW_TO_WARN else OK, say("doctor.clock", seconds=skew), config.name)


def certificate(server: ServerUrl, ca_file: Path | None, channel: str, identity: Identity | None = None) -> Check | None:
    """How long a server's certificate is still good; None where the server speaks without TLS (loopback)."""
    if server.scheme in {"imap", "smtp", "http"}:
        return None
    try:
        with explained(server), closing(_secured(server, ca_file, identity=identity)) as sock:
            ends = str((sock.getpeercert() or {}).get("notAfter", ""))
    except ChannelDown as error:
        return Check("certificate", FAILED, str(error), channel)
    until = datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC)
    days = (until - datetime.now(UTC)).days
    state = WARNING if days < DAYS_TO_WARN else OK
    return Check("certificate", state, say("doctor.certificate", server=server, days=days, date=f"{until:%Y-%m-%d}"), channel)


def _secured(
    server: ServerUrl, ca_file: Path | None, patience: float = PATIENCE, identity: Identity | None = None
) -> ssl.SSLSocket:
    """A verified TLS connection, by STARTTLS where the scheme says so."""
    context = client_context(ca_file, identity)
    if server.scheme == "smtp+starttls":
        client = smtplib.SMTP(server.host, server.port, timeout=patience)
        client.starttls(context=context)
        assert isinstance(client.sock, ssl.SSLSocket)
        return client.sock
    sock = socket.create_connection((server.host, server.port), timeout=patience)
    try:
        if server.scheme == "imap+starttls":
            with sock.makefile("rb", buffering=0) as stream:
                stream.readline(8192)
                sock.sendall(b"a STARTTLS\r\n")
                while (answer := stream.readline(8192)).startswith(b"*"):
                    pass
            if not answer.upper().startswith(b"A OK"):
                raise ConnectionError(say("doctor.no_starttls"))
        return context.wrap_socket(sock, server_hostname=server.host)
    except BaseException:
        sock.close()
        raise


def guess(domain: str) -> tuple[ServerUrl | None, ServerUrl | None]:
    """The servers of a mail domain, by the names everybody uses, over verified TLS only; None where none answers."""
    hosts = [f"imap.{domain}", f"mail.{domain}", domain]
    read = [ServerUrl("imaps", host, 993) for host in hosts] + [ServerUrl("imap+starttls", host, 143) for host in hosts]
    out_hosts = [f"smtp.{domain}", f"mail.{domain}", domain]
    out = [ServerUrl("smtps", host, 465) for host in out_hosts] + [ServerUrl("smtp+starttls", host, 587) for host in out_hosts]
    with ThreadPoolExecutor(len(read) + len(out)) as pool:
        answers = list(pool.map(_answers, [*read, *out]))
    first = [server for server, good in zip(read, answers[: len(read)], strict=True) if good]
    second = [server for server, good in zip(out, answers[len(read) :], strict=True) if good]
    return (first[0] if first else None), (second[0] if second else None)


def _answers(server: ServerUrl) -> bool:
    try:
        _secured(server, None, PROBE_PATIENCE).close()
    except (OSError, smtplib.SMTPException):
        return False
    return True


def orders(config: DeskConfig) -> Check | None:
    """The order file, and its first bad line."""
    if config.orders is None or not config.orders.exists():  # that it is not there is said of desk.toml
        return None
    shop = FilesShop(config.orders, config.timezone)
    try:
        count = len(shop.all_orders())
    except DeskError as error:
        return Check("orders", FAILED, str(error))
    if shop.faults:
        return Check("orders", WARNING, say("doctor.orders_faults", n=len(shop.faults), count=count, first=shop.faults[0]))
    return Check("orders", OK, say("doctor.orders", n=count))


def _reason(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return clean_line(error.verify_message)
    if isinstance(error, TimeoutError):
        return say("doctor.timeout")
    return clean_line(str(error)) or type(error).__name__
