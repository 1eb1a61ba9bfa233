"""desk.toml as `init` writes it: short, with a word on each thing one may want to change."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from agentdesk.config import MailChannelConfig, Secret
from agentdesk.errors import Refused
from agentdesk.locale import say


@dataclass(frozen=True, slots=True)
class Answers:
    """What the user said of the desk."""

    name: str
    locale: str
    timezone: str
    agent: str
    email: str
    address: str
    orders: str = ""


def quoted(text: str) -> str:
    """A TOML basic string. JSON's escapes are TOML's, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def compose(answers: Answers, mailbox: MailChannelConfig) -> str:
    q = quoted
    lines = [
        f"# {say('init.file_head')}",
        "",
        "[desk]",
        f"name = {q(answers.name)}",
        f"locale = {q(answers.locale)}",
        f"timezone = {q(answers.timezone)}",
        "",
        "[agent]",
        f"name = {q(answers.agent)}",
        f"email = {q(answers.email)}",
        "",
        "[[channels]]",
        f"name = {q(mailbox.name)}",
        'kind = "imap"',
        f"address = {q(mailbox.address)}",
        f"user = {q(mailbox.user)}",
        f"imap = {q(str(mailbox.imap))}",
        f"smtp = {q(str(mailbox.smtp))}",
        *_sign_in(mailbox),
        f"password = {_secret(mailbox.password)}",
        *([f"ca_file = {q(str(mailbox.ca_file))}"] if mailbox.ca_file else []),
        "",
    ]
    if answers.orders:
        lines += ["[shop]", 'kind = "files"', f"orders = {q(answers.orders)}", ""]
    else:
        lines += [f"# {say('init.file_orders')}", "# [shop]", '# kind = "files"', '# orders = "orders.csv"', ""]
    lines += [
        f"# {say('init.file_snippets')}",
        "[snippets]",
        'packs = ["starter"]',
        "",
        f"# {say('init.file_promises')}",
        "[promises]",
        'imap = "4h"',
        "",
        "[hours]",
        'week = { mon-fri = "09:00-18:00" }',
        "",
        f"# {say('init.file_sending')}",
        "[sending]",
        'undo = { imap = "8s" }',
    ]
    return "\n".join(lines) + "\n"


def _sign_in(mailbox: MailChannelConfig) -> list[str]:
    oauth = mailbox.oauth
    if oauth is None:
        return []
    words = [f"provider = {quoted(oauth.provider)}", f"client_id = {quoted(oauth.client_id)}"]
    if oauth.client_secret is not None:
        words.append(f"client_secret = {_secret(oauth.client_secret)}")
    if oauth.tenant not in {"", "common"}:
        words.append(f"tenant = {quoted(oauth.tenant)}")
    return ['auth = "xoauth2"', f"oauth = {{ {', '.join(words)} }}"]


def _secret(secret: Secret) -> str:
    if secret.kind == "keyring":
        return "{ keyring = true }"
    keeps = f", store = {quoted(secret.store)}" if secret.store else ""
    return f"{{ {secret.kind} = {quoted(secret.value)}{keeps} }}"


def replace_file(file: Path, text: str) -> Path | None:
    """Write a file whole or not at all; where an earlier one was kept, or None.

    Raises:
        Refused: it can't be written.
    """
    part = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(text.encode())
            stream.flush()
            os.fsync(stream.fileno())
        kept = None
        if file.exists():
            kept = file.with_name(file.name + ".old")
            shutil.copy2(file, kept)
        part.replace(file)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise Refused(say("cli.cannot_write", file=file, reason=error.strerror or error)) from error
    return kept
