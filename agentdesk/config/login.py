"""How a mailbox is logged in to: the keys `auth`, `oauth`, `client_cert`, `client_key` of a channel."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from agentdesk.config.nodes import Node, Table, choice_of, display, text_of
from agentdesk.config.types import ClientCertificate, OAuth, ServerUrl
from agentdesk.config.values import PLAIN, is_loopback, secret
from agentdesk.locale import say

AUTHS = ("password", "xoauth2")
PROVIDERS = ("google", "microsoft", "custom")
KEYS = ("auth", "oauth", "client_cert", "client_key")

_OAUTH_KEYS = ("provider", "client_id", "client_secret")
_CUSTOM_KEYS = ("authorize_url", "token_url", "device_url", "scope")


def oauth(table: Table) -> OAuth | None:
    """What `auth = "xoauth2"` needs; None where a password is used. One without the other is an error: it would do nothing."""
    auth = table.choice("auth", "password", AUTHS)
    node = table.get("oauth")
    if auth == "password":
        if node is not None:
            raise node.wrong(say("config.oauth_idle", key=node.key))
        return None
    node = table.need("oauth", '{ provider = "google", client_id = "..." }')
    provider = node.value.get("provider") if isinstance(node.value, dict) else None
    name = "" if provider is None else choice_of(provider, PROVIDERS)
    own = {"microsoft": ("tenant",), "custom": _CUSTOM_KEYS}.get(name, ())
    entry = Table(node, *_OAUTH_KEYS, *own)
    entry.need("provider", '"google"')
    client_id = entry.need_text("client_id", "...")
    if not client_id.isascii() or not client_id.isprintable():
        raise entry.need("client_id", '"..."').error(say("config.a_text"))
    given = entry.get("client_secret")
    hosts = tuple(host for key in _CUSTOM_KEYS[:3] if name == "custom" and (host := _host(entry.get(key))))
    client_secret = None
    if given is not None:
        client_secret = secret(given, "client_secret", hosts=hosts or ("oauth",), entry=f"client {client_id}", owner=node)
    if name == "custom":
        urls = {key: _web(found) for key in _CUSTOM_KEYS[:3] if (found := entry.get(key)) is not None}
        entry.need("token_url", '"https://login.casaverde.example/token"')
        if "authorize_url" not in urls and "device_url" not in urls:
            entry.need("authorize_url", '"https://login.casaverde.example/authorize"')
        return OAuth(name, client_id, client_secret, scope=entry.text("scope"), **urls)
    tenant = entry.text("tenant", "common") if name == "microsoft" else ""
    if name == "microsoft" and not _is_tenant(tenant):
        raise entry.need("tenant", "").error(say("config.a_tenant"))
    return OAuth(name, client_id, client_secret, tenant=tenant)


def _is_tenant(text: str) -> bool:
    """A domain, a GUID, or one of Microsoft's words: it becomes a part of a path."""
    return bool(text) and text.isascii() and all(c.isalnum() or c in ".-" for c in text) and text.strip(".") == text


def _host(node: Node | None) -> str:
    return "" if node is None else urlsplit(_web(node)).hostname or ""


def _web(node: Node) -> str:
    """https, or http on this machine: tokens are passwords."""
    text = text_of(node).strip()
    allowed = say("config.a_server", schemes="https://")
    if not text.isprintable() or not text.isascii():
        raise node.error(allowed)
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise node.error(allowed) from error
    if not host or parts.scheme not in {"https", "http"} or parts.fragment:
        raise node.error(allowed)
    if parts.username is not None or parts.password is not None:
        raise node.wrong(say("config.secret_in_url", key=node.key))
    if parts.scheme == "http" and not is_loopback(host):
        raise node.wrong(say("config.plain", key=node.key, found=display(text), allowed="https://"))
    return text


def certificate(table: Table, folder: Path, servers: tuple[ServerUrl, ...]) -> ClientCertificate | None:
    """`client_cert`, with its key in the same file, in another, or with a passphrase: `client_key = { file = "...", passphrase = {...} }`."""
    cert, key = table.get("client_cert"), table.get("client_key")
    if cert is None:
        if key is not None:
            raise key.wrong(say("config.client_key_idle", key=key.key))
        return None
    if all(server.scheme in PLAIN for server in servers):
        raise cert.wrong(say("config.client_cert_idle", key=cert.key))
    file = _file(cert, folder)
    if key is None:
        return ClientCertificate(file)
    if isinstance(key.value, str):
        return ClientCertificate(file, _file(key, folder))
    entry = Table(key, "file", "passphrase")
    place, passphrase = entry.get("file"), entry.get("passphrase")
    hosts = tuple(server.host for server in servers)
    return ClientCertificate(
        file,
        None if place is None else _file(place, folder),
        None if passphrase is None else secret(passphrase, "passphrase", hosts=hosts, entry=f"key {file.name}", owner=key),
    )


def _file(node: Node, folder: Path) -> Path:
    file = folder / Path(text_of(node)).expanduser()
    if not file.is_file():
        raise node.error(say("config.a_file"), found=str(file))
    return file
