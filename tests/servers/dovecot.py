"""A Dovecot of our own for one test run: free loopback ports, TLS, users made as tests need them."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from agentdesk.config import MailChannelConfig, Secret, ServerUrl
from tests.dialogue.certificates import Authority

_CONF = """
base_dir = {dir}/run
state_dir = {dir}/state
log_path = {dir}/dovecot.log
protocols = imap
listen = 127.0.0.1
{users}
first_valid_uid = 1
first_valid_gid = 1
mail_uid = {uid}
mail_gid = {gid}
ssl = yes
ssl_cert = <{cert}
ssl_key = <{key}
auth_mechanisms = plain login
disable_plaintext_auth = no
auth_failure_delay = 0
auth_verbose = yes
mail_max_userip_connections = 200
mail_plugins =
mail_fsync = never
passdb {{
  driver = passwd-file
  args = {dir}/users
}}
userdb {{
  driver = passwd-file
  args = {dir}/users
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Sent {{
    auto = subscribe
    special_use = \\Sent
  }}
  mailbox Archive {{
    auto = subscribe
    special_use = \\Archive
  }}
  mailbox Junk {{
    auto = subscribe
    special_use = \\Junk
  }}
}}
protocol imap {{
  mail_plugins = imap_zlib quota
  imap_idle_notify_interval = 2 mins
}}
service imap-login {{
  {no_chroot}
  process_min_avail = 1
  service_count = 0
  inet_listener imap {{
    port = {plain}
  }}
  inet_listener imaps {{
    port = {tls}
    ssl = yes
  }}
}}
service anvil {{
  {no_chroot}
}}
service stats {{
  {no_chroot}
}}
"""


def available() -> str:
    """Why there can't be a Dovecot here; empty if there can."""
    binary = _binary()
    if not binary:
        return "Dovecot is not installed (dovecot-imapd)"
    version = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=30, check=False).stdout
    return "" if version.startswith("2.3.") else f"Dovecot {version.split(' ')[0]} is another than the 2.3 this configuration is for"


def _binary() -> str | None:
    return shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin")


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class Dovecot:
    def __init__(self, extra: Callable[[Path], str] = lambda _: "") -> None:
        """`extra`: further settings, which win; it is given the folder the server reads."""
        # Not below pytest's folder: that is closed to the user mail runs as, and too long a path for sockets
        self.dir = Path(tempfile.mkdtemp(prefix="agentdesk-dovecot-"))
        self.dir.chmod(0o755)
        self.plain, self.tls = free_port(), free_port()
        self.authority = Authority(self.dir)
        self._numbers = itertools.count(1)
        root = os.geteuid() == 0
        self.uid, self.gid = (65534, 65534) if root else (os.geteuid(), os.getegid())
        me = "" if root else f"default_internal_user = {_user()}\ndefault_login_user = {_user()}\ndefault_internal_group = {_group()}"
        cert, key = self.authority.certificate("localhost", "127.0.0.1")
        self._write_users()
        (self.dir / "mail").mkdir()
        os.chown(self.dir / "mail", self.uid, self.gid)
        (self.dir / "dovecot.conf").write_text(
            _CONF.format(
                dir=self.dir, uid=self.uid, gid=self.gid, users=me, no_chroot="" if root else "chroot =",
                cert=cert, key=key, plain=self.plain, tls=self.tls,
            ) + extra(self.dir),
            encoding="utf-8",
        )  # fmt: skip
        binary = _binary()
        assert binary is not None
        self._process = subprocess.Popen(
            [binary, "-F", "-c", str(self.dir / "dovecot.conf")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        self._await_ready()

    def _await_ready(self) -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                assert self._process.stdout is not None
                raise RuntimeError(f"Dovecot did not start: {self._process.stdout.read().decode()}\n{self.log()}")
            try:
                with socket.create_connection(("127.0.0.1", self.plain), 1) as sock:
                    if sock.recv(100).startswith(b"* OK"):
                        return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"Dovecot does not answer: {self.log()}")

    def log(self) -> str:
        path = self.dir / "dovecot.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def _write_users(self) -> None:
        """All of them at once: Dovecot reads the file again only when a second has passed since it was changed."""
        passwords = {"mdbox": "secret", "maildir": "secret", "beyond": "pässwörd€", "bare": "secret", "small": "secret"}
        lines = []
        for kind, password in passwords.items():
            store = kind if kind == "maildir" else "mdbox"
            for number in range(1, 301):
                home = self.dir / "mail" / f"{kind}{number}"
                location = f"userdb_mail={store}:{home}/{store}"
                if kind == "bare":
                    location += "".join(f" userdb_namespace/inbox/mailbox/{name}/auto=no" for name in ("Sent", "Archive", "Junk"))
                if kind == "small":
                    location += " userdb_quota=count:User userdb_quota_vsizes=yes userdb_quota_rule=*:storage=64K userdb_quota_grace=0"
                lines.append(f"{kind}{number}:{{PLAIN}}{password}:{self.uid}:{self.gid}::{home}::{location}\n")
        (self.dir / "users").write_text("".join(lines), encoding="utf-8")
        (self.dir / "users").chmod(0o644)

    def user(self, kind: str = "mdbox") -> str:
        """A user with an empty mailbox of this format; those of `beyond` have a password that is not ASCII, `bare` no other
        folders, `small` room for 64 kB in all."""
        return f"{kind}{next(self._numbers)}"

    def config(self, user: str, scheme: str = "imaps", host: str = "localhost") -> MailChannelConfig:
        port = self.tls if scheme == "imaps" else self.plain
        return MailChannelConfig(
            name="support",
            address="support@shop.example",
            user=user,
            imap=ServerUrl(scheme, host, port),
            smtp=ServerUrl("smtp", "127.0.0.1", 1),
            password=Secret("literal", "secret"),
            ca_file=self.authority.file,
        )

    def forget_uids(self, user: str, folder: str) -> None:
        """Delete a mailbox and make it anew: a new UIDVALIDITY, as after a restored backup."""
        for command in (["mailbox", "delete", "-u", user, folder], ["mailbox", "create", "-u", user, folder]):
            self.doveadm(*command)

    def doveadm(self, *arguments: str) -> str:
        binary = shutil.which("doveadm") or "/usr/bin/doveadm"
        done = subprocess.run(
            [binary, "-c", str(self.dir / "dovecot.conf"), *arguments], capture_output=True, text=True, timeout=30, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5)
        assert self._process.stdout is not None
        self._process.stdout.close()
        shutil.rmtree(self.dir, ignore_errors=True)


def _user() -> str:
    import pwd

    return pwd.getpwuid(os.geteuid()).pw_name


def _group() -> str:
    import grp

    return grp.getgrgid(os.getegid()).gr_name
