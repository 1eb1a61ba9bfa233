"""Which folder is which, on the servers people have."""

from __future__ import annotations

import pytest

from agentdesk.channels.imap.folders import find
from agentdesk.channels.imap.responses import Mailbox
from agentdesk.domain.mailbox import Role


def boxes(*names: str, delimiter: str = "/", **uses: str) -> list[Mailbox]:
    plain = [Mailbox(name, delimiter, frozenset()) for name in names]
    return plain + [Mailbox(name.replace("__", " "), delimiter, frozenset({f"\\{use}"})) for use, name in uses.items()]


SERVERS = {
    "Dovecot": (boxes("INBOX", sent="Sent", archive="Archive", junk="Junk", drafts="Drafts"), ("Sent", "Archive", "Junk")),
    "Gmail": (
        [
            Mailbox("INBOX", "/", frozenset()), Mailbox("[Gmail]", "/", frozenset({"\\noselect"})),
            Mailbox("[Gmail]/Alle Nachrichten", "/", frozenset({"\\all"})), Mailbox("[Gmail]/Gesendet", "/", frozenset({"\\sent"})),
            Mailbox("[Gmail]/Spam", "/", frozenset({"\\junk"})),
        ],
        ("[Gmail]/Gesendet", "[Gmail]/Alle Nachrichten", "[Gmail]/Spam"),
    ),
    "Gmail without SPECIAL-USE": (
        boxes("INBOX", "[Gmail]/All Mail", "[Gmail]/Sent Mail", "[Gmail]/Spam"), ("[Gmail]/Sent Mail", "[Gmail]/All Mail", "[Gmail]/Spam"),
    ),
    "Courier": (boxes("INBOX", "INBOX.Sent", "INBOX.Junk", "INBOX.Archive", delimiter="."), ("INBOX.Sent", "INBOX.Archive", "INBOX.Junk")),
    "Exchange, Italian": (boxes("INBOX", "Posta inviata", "Archivio", "Posta indesiderata"), ("Posta inviata", "Archivio", "Posta indesiderata")),
    "Exchange, French": (boxes("INBOX", "Éléments envoyés", "Archives", "Courrier indésirable"), ("Éléments envoyés", "Archives", "Courrier indésirable")),
    "Aruba": (boxes("INBOX", "INBOX.Inviata", "INBOX.Spam", delimiter="."), ("INBOX.Inviata", "", "INBOX.Spam")),
    "GMX": (boxes("INBOX", "Gesendet", "Spamverdacht"), ("Gesendet", "", "Spamverdacht")),
    "nothing but INBOX": (boxes("INBOX"), ("", "", "")),
    "somebody's old tree": (boxes("INBOX", "2019/Sent", "Old/Archive/Junk"), ("", "", "")),
    "a special use wins over a name": (boxes("INBOX", "Sent", sent="Sent__Items"), ("Sent Items", "", "")),
    "the usual name wins": (boxes("INBOX", "Sent Messages", "Sent"), ("Sent", "", "")),
    "hidden": ([Mailbox("Sent", "/", frozenset({"\\noselect"})), *boxes("INBOX.Sent", delimiter=".")], ("INBOX.Sent", "", "")),
}  # fmt: skip


@pytest.mark.parametrize(("mailboxes", "expected"), SERVERS.values(), ids=SERVERS.keys())
def test_folders_are_found(mailboxes: list[Mailbox], expected: tuple[str, str, str]) -> None:
    found = find(mailboxes)
    assert found.pop(Role.INBOX) == "INBOX"
    wanted = dict(zip((Role.SENT, Role.ARCHIVE, Role.JUNK), expected, strict=True))
    assert found == {role: name for role, name in wanted.items() if name}
