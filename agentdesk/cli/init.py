"""`agentdesk init`: from a mailbox one has to a desk.toml that works. It asks, checks as it goes, and writes at the end.

Asked on stderr, so that stdout stays clean; with `--yes` nothing is asked and what is missing is an error that names the option.
"""

from __future__ import annotations

import getpass
import os
import sys
from argparse import Namespace
from dataclasses import dataclass, replace
from pathlib import Path

from agentdesk import locale as catalogue
from agentdesk.cli import checks, known_mail
from agentdesk.cli.checks import FAILED, Check
from agentdesk.cli.desk_file import Answers, compose, replace_file
from agentdesk.cli.opening import folder_of
from agentdesk.cli.output import talk
from agentdesk.config import MAIN, MailChannelConfig, OAuth, Secret, ServerUrl, load
from agentdesk.config.nodes import Node
from agentdesk.config.values import IMAP_PORTS, SMTP_PORTS, address, locale, server, system_zone, zone
from agentdesk.domain.clean import clean_line
from agentdesk.errors import ConfigError, Refused, Unreachable, UsageError
from agentdesk.locale import say
from agentdesk.paths import make_private, state_folder
from agentdesk.secrets import fetch, store

CHANNEL = "support"
TRIES = 3


def init(arguments: Namespace) -> int:
    folder = folder_of(arguments)
    asker = Asker(silent=arguments.yes or not sys.stdin.isatty())
    if (folder / MAIN).exists() and not arguments.force:
        if asker.silent:
            raise Refused(say("init.exists", file=folder / MAIN))
        if not asker.agrees(say("init.replace", file=folder / MAIN)):
            raise Refused(say("init.kept"))
    talk(say("init.hello", folder=folder))
    answers = _questions(arguments, asker)
    make_private(folder)
    mailbox, unreached = _mailbox(arguments, asker, answers, folder)
    kept = replace_file(folder / MAIN, compose(answers, mailbox))
    load(folder, state_folder(folder, arguments.desk))  # what was written must be readable
    if kept is not None:
        talk(say("init.old_kept", file=kept))
    talk(say("init.written", file=folder / MAIN))
    if unreached:
        talk(say("init.unreached"))
    option = f" --desk {arguments.desk}" if arguments.desk else ""
    if mailbox.oauth is not None:
        talk(say("init.then_login", option=option))
    talk(say("init.next", option=option))
    return Unreachable.exit_status if unreached else 0


@dataclass(slots=True)
class Asker:
    """Questions on the terminal; a silent one takes what it is given."""

    silent: bool

    def text(self, question: str, given: str, default: str, option: str) -> str:
        """The given value, else the answer, else the default.

        Raises:
            UsageError: there is none and nobody can be asked.
        """
        if given:
            return clean_line(given)
        if self.silent:
            if not default:
                raise UsageError(say("init.needs", option=option))
            return default
        while True:
            sys.stderr.write(f"{question} [{default}]: " if default else f"{question}: ")
            sys.stderr.flush()
            line = sys.stdin.readline()
            if not line:
                raise UsageError(say("init.needs", option=option))
            answer = clean_line(line) or default
            if answer:
                return answer

    def optional(self, question: str, given: str) -> str:
        if given or self.silent:
            return clean_line(given)
        sys.stderr.write(f"{question}: ")
        sys.stderr.flush()
        return clean_line(sys.stdin.readline())

    def agrees(self, question: str) -> bool:
        sys.stderr.write(f"{question} [{say('init.yes_no')}]: ")
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower()[:1] in {"y", "s"}


def _questions(arguments: Namespace, asker: Asker) -> Answers:
    """Everything but the mailbox."""
    while True:
        tag = asker.text(say("init.ask_locale"), arguments.locale, _system_locale(), "--locale")
        try:
            locale(_node(tag))
            break
        except ConfigError as error:
            _again(asker, error)
            arguments.locale = ""
    catalogue.use(tag)
    while True:
        time_zone = asker.text(say("init.ask_timezone"), arguments.timezone, system_zone(), "--timezone")
        try:
            zone(_node(time_zone))
            break
        except ConfigError as error:
            _again(asker, error)
            arguments.timezone = ""
    name = asker.text(say("init.ask_name"), arguments.name, "", "--name")
    agent = asker.text(say("init.ask_agent"), arguments.agent, "", "--agent")
    own = _address(asker, say("init.ask_address"), arguments.address, "", "--address")
    email = _address(asker, say("init.ask_email"), arguments.email, own, "--email")
    orders = asker.optional(say("init.ask_orders"), arguments.orders)
    path = str(Path(orders).expanduser().resolve()) if orders else ""
    if path and not Path(path).is_file():
        talk(say("init.no_orders", file=path))
    return Answers(name=name, locale=tag, timezone=time_zone, agent=agent, email=email, address=own, orders=path)


def _address(asker: Asker, question: str, given: str, default: str, option: str) -> str:
    while True:
        text = asker.text(question, given, default, option)
        try:
            return address(_node(text))
        except ConfigError as error:
            _again(asker, error)
            given = ""


def _again(asker: Asker, error: ConfigError) -> None:
    """Say what was wrong and let the question be asked again, if there is somebody to ask."""
    if asker.silent:
        raise UsageError(error.message) from error
    talk(error.message)


def _node(text: str) -> Node:
    """An answer as the checks of desk.toml take it."""
    return Node(text, Path(MAIN), 0, say("init.answer"))


def _mailbox(arguments: Namespace, asker: Asker, answers: Answers, folder: Path) -> tuple[MailChannelConfig, bool]:
    """The channel, and whether a server could not be reached or refused us."""
    guessed: tuple[ServerUrl | None, ServerUrl | None] = (None, None)
    domain = answers.address.partition("@")[2]
    provider = known_mail.by_domain(domain)
    if provider is not None:
        guessed = (provider.imap, provider.smtp)
    elif not arguments.no_check and not (arguments.imap and arguments.smtp):
        talk(say("init.guessing", domain=domain))
        guessed = checks.guess(domain)
    ca_file = Path(arguments.ca_file).expanduser().resolve() if arguments.ca_file else None
    if ca_file is not None and not ca_file.is_file():
        raise UsageError(say("cli.no_file", file=ca_file))
    reach = Reach(arguments.no_check, ca_file, tuple(server for server in guessed if server is not None))
    read = _server(
        asker, say("init.ask_imap"), arguments.imap, guessed[0] or ServerUrl("imaps", f"imap.{domain}", 993), "--imap", IMAP_PORTS, reach
    )
    out = _server(
        asker, say("init.ask_smtp"), arguments.smtp, guessed[1] or ServerUrl("smtps", f"smtp.{domain}", 465), "--smtp", SMTP_PORTS, reach
    )
    user = asker.text(say("init.ask_user"), arguments.user, answers.address, "--user")
    entry = f"{user}@{read.host}"
    provider = known_mail.by_server(read.host)
    if provider is not None:
        talk(say(f"doctor.takes_{provider.takes.replace('-', '_')}", name=provider.name, page=provider.page))
    oauth = _oauth(arguments, asker, provider)
    if oauth is not None:
        return MailChannelConfig(CHANNEL, answers.address, user, read, out, _kept(arguments, entry), ca_file, oauth=oauth), False
    channel = MailChannelConfig(CHANNEL, answers.address, user, read, out, _given_secret(arguments, entry), ca_file)
    if channel.password.kind in {"command", "env"} or asker.silent:
        if arguments.no_check:
            return channel, False
        return channel, bool(_faults(channel, fetch(channel.password, CHANNEL, folder)))
    return _typed_password(arguments, asker, channel)


def _oauth(arguments: Namespace, asker: Asker, provider: known_mail.MailProvider | None) -> OAuth | None:
    """The client the user registered with the provider; None: a password is used."""
    if provider is None or not provider.oauth:
        if arguments.client_id:
            raise UsageError(say("init.no_oauth"))
        return None
    client_id = asker.optional(say("init.ask_client_id", name=provider.name), arguments.client_id)
    if not client_id:
        return None
    if provider.oauth == "microsoft":
        return OAuth("microsoft", client_id, tenant=asker.text(say("init.ask_tenant"), arguments.tenant, "common", "--tenant"))
    # Google gives every client a secret and wants to see it; `agentdesk login` asks for it once
    return OAuth(provider.oauth, client_id, Secret("keyring", f"client {client_id}"))


def _kept(arguments: Namespace, entry: str) -> Secret:
    """Where the refresh token goes."""
    if arguments.password_command and arguments.store_command:
        return Secret("command", arguments.password_command, store=arguments.store_command)
    return Secret("keyring", f"oauth {entry}")


@dataclass(frozen=True, slots=True)
class Reach:
    """Whether servers are tried as soon as they are named, so that a password is not blamed for a wrong name."""

    no_check: bool
    ca_file: Path | None
    known: tuple[ServerUrl, ...]
    """Reached a moment ago."""

    def holds(self, asker: Asker, server: ServerUrl) -> bool:
        """False: it was not reached, and the agent wants to name another."""
        if self.no_check or asker.silent or server in self.known:
            return True
        found = checks.certificate(server, self.ca_file, CHANNEL)
        if found is None or found.state != FAILED:
            return True
        talk(f"  {say(f'doctor.state_{found.state}')}  {found.detail}")
        return asker.agrees(say("init.keep_server"))


def _server(
    asker: Asker, question: str, given: str, default: ServerUrl, option: str, ports: dict[str, int], reach: Reach
) -> ServerUrl:
    while True:
        text = asker.text(question, given, str(default), option)
        if "://" not in text:
            text = f"{next(iter(ports))}://{text}"
        try:
            named = server(_node(text), ports)
        except ConfigError as error:
            _again(asker, error)
        else:
            if reach.holds(asker, named):
                return named
            default = named
        given = ""


def _given_secret(arguments: Namespace, entry: str) -> Secret:
    if arguments.password_command:
        return Secret("command", arguments.password_command)
    if arguments.password_env:
        return Secret("env", arguments.password_env)
    return Secret("keyring", entry)


def _faults(channel: MailChannelConfig, password: str) -> list[Check]:
    """Try both servers and say what was found; what failed."""
    found = [*checks.imap(channel, password), checks.smtp(channel, password)]
    for check in found:
        _say_check(check)
    return [check for check in found if check.state == FAILED]


def _say_check(check: Check) -> None:
    talk(f"  {say(f'doctor.state_{check.state}')}  {check.name}: {check.detail}")


def _typed_password(arguments: Namespace, asker: Asker, channel: MailChannelConfig) -> tuple[MailChannelConfig, bool]:
    """Ask for the password, try it, and find it a place that is no file."""
    good = False
    password = ""
    for _ in range(TRIES):
        password = getpass.getpass(say("init.ask_password", user=channel.user) + ": ")
        if arguments.no_check:
            good = True
            break
        faults = _faults(channel, password)
        good = not faults
        if not any(fault.refused for fault in faults) or not asker.agrees(say("init.try_again")):
            break
    trouble = store(channel.password.value, password)
    if not trouble:
        talk(say("init.in_keyring"))
        return channel, not good
    talk(say("init.no_keyring", reason=trouble))
    command = asker.optional(say("init.ask_command"), "")
    secret = Secret("command", command) if command else Secret("env", "AGENTDESK_PASSWORD")
    if not command:
        talk(say("init.use_env", name=secret.value))
    return replace(channel, password=secret), not good


def _system_locale() -> str:
    """Language and country of the environment, in our spelling."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        word = os.environ.get(name, "").partition(".")[0].partition("@")[0].replace("_", "-")
        if word and word not in {"C", "POSIX"}:
            return word
    return "en-GB"
