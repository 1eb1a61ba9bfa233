"""What is known of the big mail providers, as of 2026-11: their servers, and which kind of password they take from a program.

From their own help pages: support.google.com/mail/answer/7126229 and /accounts/answer/185833; Exchange Team Blog 2026-01-27 and
support.microsoft.com "POP, IMAP, and SMTP settings for Outlook.com"; help.yahoo.com SLN15241; support.apple.com/102525 and /102654;
fastmail.help "Server names and ports"; hilfe.gmx.net "Anwendungsspezifisches Passwort"; aiuto.libero.it "Configurare la posta"; guide.hosting.aruba.it
and guide.pec.it ("password dedicata"). A mail domain of one's own is recognised by its servers' names only.
"""

from __future__ import annotations

from dataclasses import dataclass

from agentdesk.config import ServerUrl


@dataclass(frozen=True, slots=True)
class MailProvider:
    name: str
    takes: str
    """`app`: a password made for this program; `app-2fa`: likewise, where two-step verification is on; `oauth`: no password; `own`: the mailbox's."""
    imap: ServerUrl
    smtp: ServerUrl
    domains: tuple[str, ...]
    page: str
    """Where that is made or switched on."""
    oauth: str = ""
    """Our name of the provider of access tokens, where there is one."""
    servers: tuple[str, ...] = ()
    """Further names its servers are known by."""


def _imaps(host: str) -> ServerUrl:
    return ServerUrl("imaps", host, 993)


def _smtps(host: str) -> ServerUrl:
    return ServerUrl("smtps", host, 465)


def _starttls(host: str) -> ServerUrl:
    return ServerUrl("smtp+starttls", host, 587)


KNOWN = (
    MailProvider(
        "Gmail", "app", _imaps("imap.gmail.com"), _smtps("smtp.gmail.com"), ("gmail.com", "googlemail.com"),
        "https://myaccount.google.com/apppasswords", "google",
    ),
    MailProvider(
        "Microsoft 365", "oauth", _imaps("outlook.office365.com"), _starttls("smtp.office365.com"), (),
        "https://entra.microsoft.com", "microsoft", ("imap-mail.outlook.com",),
    ),
    MailProvider(
        "Outlook.com", "oauth", _imaps("outlook.office365.com"), _starttls("smtp-mail.outlook.com"),
        ("outlook.com", "outlook.it", "outlook.de", "outlook.fr", "outlook.es", "hotmail.com", "hotmail.it", "hotmail.de", "hotmail.fr",
         "hotmail.es", "hotmail.co.uk", "live.com", "live.it", "live.de", "live.fr", "live.co.uk", "msn.com"),
        "https://entra.microsoft.com", "microsoft",
    ),
    MailProvider(
        "Yahoo", "app", _imaps("imap.mail.yahoo.com"), _smtps("smtp.mail.yahoo.com"),
        ("yahoo.com", "yahoo.it", "yahoo.de", "yahoo.fr", "yahoo.es", "yahoo.co.uk", "ymail.com", "rocketmail.com"),
        "https://login.yahoo.com/account/security",
    ),
    MailProvider(
        "iCloud", "app", _imaps("imap.mail.me.com"), _starttls("smtp.mail.me.com"), ("icloud.com", "me.com", "mac.com"),
        "https://account.apple.com",
    ),
    MailProvider(
        "Fastmail", "app", _imaps("imap.fastmail.com"), _smtps("smtp.fastmail.com"), ("fastmail.com", "fastmail.fm", "messagingengine.com"),
        "https://app.fastmail.com/settings/security",
    ),
    MailProvider(
        "GMX", "app-2fa", _imaps("imap.gmx.net"), _smtps("mail.gmx.net"), ("gmx.de", "gmx.net", "gmx.at", "gmx.ch"),
        "https://hilfe.gmx.net/pop-imap/einschalten.html",
    ),
    MailProvider(
        "GMX", "app-2fa", _imaps("imap.gmx.com"), _smtps("mail.gmx.com"), ("gmx.com", "gmx.co.uk", "gmx.fr", "gmx.es", "gmx.it"),
        "https://support.gmx.com/pop-imap/toggle.html",
    ),
    MailProvider(
        "Libero", "own", _imaps("imapmail.libero.it"), _smtps("smtp.libero.it"), ("libero.it", "inwind.it", "iol.it", "blu.it", "giallo.it"),
        "https://aiuto.libero.it",
    ),
    MailProvider("Aruba PEC", "app-2fa", _imaps("imaps.pec.aruba.it"), _smtps("smtps.pec.aruba.it"), ("pec.it", "pec.aruba.it"), "https://guide.pec.it"),
    MailProvider("Aruba", "own", _imaps("imaps.aruba.it"), _smtps("smtps.aruba.it"), ("aruba.it", "technet.it"), "https://guide.hosting.aruba.it"),
)


def by_domain(domain: str) -> MailProvider | None:
    """The provider of an address, by what stands behind its @."""
    wanted = domain.lower().rstrip(".")
    return next((each for each in KNOWN if wanted in each.domains), None)


def by_server(host: str) -> MailProvider | None:
    """The provider that runs a server."""
    wanted = host.lower().rstrip(".")
    return next((each for each in KNOWN if wanted in {each.imap.host, each.smtp.host, *each.servers}), None)
