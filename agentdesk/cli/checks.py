"""Checks of one connection or file each, for `init` and `doctor`: what was found, never an exception."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from agentdesk.channels.base import ChannelDown
from agentdesk.channels.imap import folders
from agentdesk.channels.imap.commands import command, word
from agentdesk.channels.imap.connection import Connection
from agentdesk.channels.imap.session import Session
from agentdesk.channels.smtp import SmtpSender
from agentdesk.channels.tls import client_context, explained
from agentdesk.config import ChatChannelConfig, DeskConfig, MailChannelConfig, ServerUrl
from agentdesk.domain.clean import clean_line
from agentdesk.errors import DeskError, LoginRefused
from agentdesk.locale import say
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


def imap(config: MailChannelConfig, password: str) -> Iterator[Check]:
    """Login, capabilities, folders, quota."""
    connection = Connection(config.imap, ca_file=config.ca_file)
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


def smtp(config: MailChannelConfig, password: str) -> Check:
    try:
        SmtpSender(config, password).check()
    except (ChannelDown, DeskError) as error:
        return Check("smtp", FAILED, str(error), config.name, isinstance(error, LoginRefused))
    return Check("smtp", OK, say("doctor.logged_in", server=config.smtp, user=config.user), config.name)


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


def certificate(server: ServerUrl, ca_file: Path | None, channel: str) -> Check | None:
    """How long a server's certificate is still good; None where the server speaks without TLS (loopback)."""
    if server.scheme in {"imap", "smtp", "http"}:
        return None
    try:
        with explained(server), closing(_secured(server, ca_file)) as sock:
            ends = str((sock.getpeercert() or {}).get("notAfter", ""))
    except ChannelDown as error:
        return Check("certificate", FAILED, str(error), channel)
    until = datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC)
    days = (until - datetime.now(UTC)).days
    state = WARNING if days < DAYS_TO_WARN else OK
    return Check("certificate", state, say("doctor.certificate", server=server, days=days, date=f"{until:%Y-%m-%d}"), channel)


def _secured(server: ServerUrl, ca_file: Path | None, patience: float = PATIENCE) -> ssl.SSLSocket:
    """A verified TLS connection, by STARTTLS where the scheme says so."""
    context = client_context(ca_file)
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
