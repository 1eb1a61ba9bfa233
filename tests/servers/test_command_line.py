"""From nothing to an answered customer by the command line alone, against Dovecot and an SMTP server, checked from outside."""

from __future__ import annotations

import email
import json
import os
import subprocess
import sys
import time
from email import policy
from imaplib import IMAP4
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from tests.servers.dovecot import free_port

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.servers, pytest.mark.timeout(180)]

MAIL = (
    "From: Maria Rossi <maria@posta.example>\r\nTo: support@casaverde.example\r\nSubject: Dov'e il mio ordine?\r\n"
    "Message-ID: <first@posta.example>\r\nDate: Fri, 20 Nov 2026 10:00:00 +0100\r\n"
    "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nBuongiorno, aspetto l'ordine 10245.\r\n"
)
ORDERS = "number;email;name;status;placed_at;currency;total;carrier;tracking_number\n10245;maria@posta.example;Maria Rossi;shipped;2026-11-15;EUR;89,90;GLS;GL883120\n"


class Sink:
    """Takes what is sent with the right password."""

    def __init__(self):
        self.messages = []

    async def handle_DATA(self, _server, session, envelope):
        if not session.authenticated:
            return "530 log in first"
        self.messages.append((list(envelope.rcpt_tos), envelope.content))
        return "250 taken"


@pytest.fixture
def smtp():
    def authenticate(_server, _session, _envelope, _mechanism, data):
        return AuthResult(success=data.password == b"secret", handled=False)

    sink = Sink()
    controller = Controller(sink, hostname="127.0.0.1", port=free_port(), authenticator=authenticate, auth_require_tls=False)
    controller.start()
    try:
        yield sink, controller.port
    finally:
        controller.stop()


@pytest.fixture
def agentdesk(tmp_path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "AGENTDESK"))}
    environment["DESK_PW"] = "secret"

    def run(*argv, status=0, **changes):
        done = subprocess.run(
            [sys.executable, "-m", "agentdesk", *argv, "--desk", str(tmp_path / "desk")],
            cwd=ROOT, env=environment | changes, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=90,
        )  # fmt: skip
        assert done.returncode == status, done.stdout + done.stderr
        return json.loads(done.stdout) if "--json" in argv else done.stdout + done.stderr

    return run


def wait_for(condition, seconds=30.0):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)
    return found


def new_user(dovecot):
    """A user Dovecot knows already: it looks at its file of users once a second."""
    user = dovecot.user()

    def known():
        outside = IMAP4("127.0.0.1", dovecot.plain)
        try:
            outside.login(user, "secret")
        except IMAP4.error:
            return False
        finally:
            outside.logout()
        return True

    wait_for(known)
    return user


def init(agentdesk, dovecot, user, port, tmp_path, **options):
    (tmp_path / "orders.csv").write_text(ORDERS)
    return agentdesk(
        "init", "--yes", "--name", "Casa Verde", "--agent", "Anna Bianchi", "--address", "support@casaverde.example", "--user", user,
        "--imap", f"imap://127.0.0.1:{dovecot.plain}", "--smtp", f"smtp://127.0.0.1:{port}", "--password-env", "DESK_PW",
        "--locale", "en-GB", "--timezone", "Europe/Rome", "--orders", str(tmp_path / "orders.csv"), **options,
    )  # fmt: skip


def test_from_nothing_to_an_answered_customer(agentdesk, dovecot, smtp, tmp_path):
    sink, port = smtp
    user = new_user(dovecot)
    said = init(agentdesk, dovecot, user, port, tmp_path)
    assert "logged in" in said
    checks = {(c["channel"], c["name"]): c["state"] for c in agentdesk("doctor", "--json")["checks"]}
    assert checks[("support", "imap")] == checks[("support", "smtp")] == checks[("", "orders")] == "ok"

    outside = IMAP4("127.0.0.1", dovecot.plain)
    outside.login(user, "secret")
    outside.append("INBOX", "", None, MAIL.encode())
    synced = agentdesk("sync", "--once", "--json")
    assert synced["schema"] == 1
    channel = synced["channels"]["support"]
    assert (channel["state"], channel["conversations"], channel["messages"]) == ("ready", 1, 1)
    assert min(channel["bytes_in"], channel["bytes_out"], channel["round_trips"]) > 0
    assert synced["outbox"] == dict.fromkeys(synced["outbox"], 0)
    assert {"held", "queued", "accepted", "filed", "unknown", "conflict", "rejected"} <= set(synced["outbox"])

    (conversation,) = agentdesk("list", "--json")["conversations"]
    shown = agentdesk("show", conversation["id"], "--json")
    assert shown["thread"][0]["text"].startswith("Buongiorno, aspetto l'ordine 10245.")
    assert shown["orders"][0]["shipments"][0]["number"] == "GL883120"

    agentdesk("reply", conversation["id"], "--text", "Gentile Maria, è partito.", "--now", "--wait")
    ((recipients, content),) = sink.messages
    message = email.message_from_bytes(content, policy=policy.default)
    assert recipients == ["maria@posta.example"]
    assert message["In-Reply-To"] == "<first@posta.example>"
    assert message.get_body().get_content().startswith("Gentile Maria, è partito.")

    synced = agentdesk("sync", "--once", "--json")
    assert (synced["outbox"]["filed"], synced["outbox"]["queued"]) == (1, 0)
    outside.select("Sent")
    _, found = outside.search(None, "HEADER", "Message-ID", message["Message-ID"])
    assert len(found[0].split()) == 1
    assert len(sink.messages) == 1
    outside.logout()


def test_a_text_that_is_not_here_is_fetched_for_show_also_when_the_ceiling_is_reached(agentdesk, dovecot, smtp, tmp_path):
    _, port = smtp
    user = new_user(dovecot)
    init(agentdesk, dovecot, user, port, tmp_path)
    toml = tmp_path / "desk" / "desk.toml"
    toml.write_text(toml.read_text() + '\n[budget]\nday = "0.5kB"\n')
    outside = IMAP4("127.0.0.1", dovecot.plain)
    outside.login(user, "secret")
    outside.append("INBOX", "", None, MAIL.encode())
    outside.logout()
    synced = agentdesk("sync", "--once", "--json")["channels"]["support"]
    assert "texts" not in synced["jobs"]
    assert sum(job["bytes_in"] for job in synced["jobs"].values()) == synced["bytes_in"] > 0
    (conversation,) = agentdesk("list", "--json")["conversations"]
    local = agentdesk("show", conversation["id"], "--json", "--local")
    if local["thread"][0]["text"] is not None:
        pytest.fail("nothing is to be fetched any more that nobody asked for")
    shown = agentdesk("show", conversation["id"], "--json")
    assert shown["thread"][0]["text"].startswith("Buongiorno")


def test_a_wrong_password_is_said_at_each_step(agentdesk, dovecot, smtp, tmp_path):
    _, port = smtp
    said = agentdesk_init_refused(agentdesk, dovecot, port, tmp_path)
    assert "FAILED" in said
    found = {(c["channel"], c["name"]): c["state"] for c in agentdesk("doctor", "--json", status=1, DESK_PW="wrong")["checks"]}
    assert found[("support", "imap")] == found[("support", "smtp")] == "failed"
    synced = agentdesk("sync", "--once", "--json", status=3, DESK_PW="wrong")
    assert synced["channels"]["support"]["state"] == "refused"


def agentdesk_init_refused(agentdesk, dovecot, port, tmp_path):
    """init with a wrong password: told, written all the same, exit 3."""
    return init(agentdesk, dovecot, new_user(dovecot), port, tmp_path, status=3, DESK_PW="wrong")


def test_sync_without_once_ends_when_it_is_told_to(agentdesk, dovecot, smtp, tmp_path):
    _, port = smtp
    user = new_user(dovecot)
    init(agentdesk, dovecot, user, port, tmp_path)
    child = subprocess.Popen(
        [sys.executable, "-m", "agentdesk", "sync", "--json", "--desk", str(tmp_path / "desk")],
        cwd=ROOT, env=os.environ | {"DESK_PW": "secret"}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    outside = IMAP4("127.0.0.1", dovecot.plain)
    outside.login(user, "secret")
    outside.append("INBOX", "", None, MAIL.encode())
    outside.logout()
    wait_for(lambda: agentdesk("list", "--json")["conversations"])
    child.terminate()
    out, _ = child.communicate(timeout=30)
    assert child.returncode == 0
    assert json.loads(out)["channels"]["support"]["messages"] == 1
