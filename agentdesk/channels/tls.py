"""Who may be spoken to, and how the other side proves who it is."""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from agentdesk.channels.base import ChannelDown
from agentdesk.config import MailChannelConfig, ServerUrl
from agentdesk.domain.clean import clean_line
from agentdesk.locale import say

_CERTIFICATES = {62: "certificate_host", 64: "certificate_host", 10: "certificate_expired"}
"""OpenSSL's codes (X509_V_ERR_HOSTNAME_MISMATCH, _IP_ADDRESS_MISMATCH, CERT_HAS_EXPIRED) for which there is better advice than for the rest."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate of ours, for servers that want to see one."""

    certificate: Path
    key: Path | None = None
    """None: in the same file."""
    passphrase: str = field(repr=False, default="")


def identity_of(settings: MailChannelConfig, passphrase: str) -> Identity | None:
    """Our certificate for a mailbox's servers; None where they want none."""
    ours = settings.certificate
    return None if ours is None else Identity(ours.cert, ours.key, passphrase)


def client_context(ca_file: Path | None, identity: Identity | None = None) -> ssl.SSLContext:
    """TLS that checks the chain and the host name: against the system's authorities, or only those of `ca_file`.

    Raises:
        ChannelDown: `ca_file` can't be read, or holds no certificate; likewise our own certificate and its key.
    """
    try:
        context = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    except OSError as error:
        raise ChannelDown(say("channels.ca_file", file=str(ca_file), reason=clean_line(str(error)))) from error
    if identity is not None:
        try:
            # A passphrase is always given: OpenSSL would ask for one on the terminal.
            context.load_cert_chain(identity.certificate, identity.key, lambda: identity.passphrase)
        except (OSError, ValueError) as error:
            reason = clean_line(getattr(error, "reason", None) or str(error))
            raise ChannelDown(say("channels.client_cert", file=str(identity.certificate), reason=reason)) from error
    return context


class Tls:
    """TLS with one server, connection after connection: a session that was begun is taken up again (RFC 8446, 2.2; RFC 5077).

    That saves the certificates on the way, two or three kilobytes on every reconnect. What holds for a first connection holds
    for the session: the host is part of it, and who the host is was checked when it began. It ends when the server says so (it
    sets how long it may last), and here as soon as one of the files changes that say whom to trust and who we are.
    """

    def __init__(self, ca_file: Path | None, identity: Identity | None = None) -> None:
        self._ca_file, self._identity = ca_file, identity
        self._context: ssl.SSLContext | None = None
        self._stamps: list[tuple[int, int] | None] = []
        self._session: ssl.SSLSession | None = None
        self._host = ""
        self.resumed = False
        """Whether the last connection took up an earlier session."""

    def wrap(self, sock: socket.socket, host: str) -> ssl.SSLSocket:
        """The socket with TLS over it, before the handshake.

        Raises:
            ChannelDown: as `client_context`.
        """
        stamps = [_stamp(path) for path in self._files()]
        if self._context is None or stamps != self._stamps:
            self._context, self._stamps, self._session = client_context(self._ca_file, self._identity), stamps, None
        if host != self._host:
            self._host, self._session = host, None
        return self._context.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False, session=self._session)

    def _files(self) -> list[Path]:
        system = ssl.get_default_verify_paths()
        trusted = [Path(path) for path in (system.cafile, system.capath) if path] if self._ca_file is None else [self._ca_file]
        ours = [] if self._identity is None else [self._identity.certificate, self._identity.key or self._identity.certificate]
        return [*trusted, *ours]

    def shaken(self, sock: ssl.SSLSocket) -> None:
        """The handshake is over."""
        self.resumed = bool(sock.session_reused)

    def remember(self, sock: ssl.SSLSocket) -> None:
        """At the end of a connection: what the server gave us to take up again. In TLS 1.3 that comes after the handshake."""
        session = sock.session
        if session is not None and (session.has_ticket or session.id):
            self._session = session

    def forget(self) -> None:
        """The handshake failed: whatever it was, the next one begins anew."""
        self._session = None


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def is_loopback(host: str) -> bool:
    """Whether a host is this machine: the only one that is spoken to without TLS."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


@contextmanager
def explained(url: ServerUrl) -> Iterator[None]:
    """Turn what can go wrong while connecting into words for the agent.

    Raises:
        ChannelDown: with what went wrong and, where one can do something, what.
    """
    server = str(url)
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        key = _CERTIFICATES.get(error.verify_code, "certificate")
        reason = clean_line(error.verify_message)
        raise ChannelDown(say(f"channels.{key}", server=server, host=url.host, reason=reason)) from error
    except ssl.SSLError as error:
        raise ChannelDown(say("channels.tls", server=server, reason=clean_line(error.reason or str(error)))) from error
    except TimeoutError as error:
        raise ChannelDown(say("channels.no_answer", server=server)) from error
    except (socket.gaierror, UnicodeError) as error:
        raise ChannelDown(say("channels.no_host", server=server, host=url.host)) from error
    except ConnectionRefusedError as error:
        raise ChannelDown(say("channels.nobody_there", server=server)) from error
    except OSError as error:
        reason = clean_line(error.strerror or str(error))
        raise ChannelDown(say("channels.lost", server=server, reason=reason)) from error
