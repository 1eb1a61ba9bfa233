"""What ../shared/tools/hostile_gen.py expects of each of its messages, looked for in a desk that brought them all in.

Looked at are the list, the conversation, a reply, the command line and saved attachments. What only a process or a terminal can show
(no network, nothing sent, nothing opened, escapes on the screen) is the business of `test_hostile_mail`, which walks through them all.
"""

from __future__ import annotations

import json
import re
import resource
import stat
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from io import StringIO
from pathlib import Path
from typing import Any

from agentdesk.cli import main as command_line
from agentdesk.desk import Desk
from agentdesk.domain.message import Direction
from agentdesk.mail.compose import compose
from agentdesk.mail.reader import Reader
from tests.servers.corpus import MailDesk

BIDI = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")
UNSEEN = re.compile("[\u200b\u00ad\u2060\ufeff\U000e0000-\U000e007f]")
ONCE = ("from", "to", "subject", "message-id")
PATIENCE = 4.0
"""Times the seconds a message may take: the generator's are for a machine of its own."""


@dataclass(frozen=True)
class Case:
    name: str
    expect: dict[str, Any]
    raw: bytes


@dataclass
class Outcome:
    """How many expectations of each kind there are, and which do not hold."""

    all: Counter[str] = field(default_factory=Counter)
    broken: list[tuple[str, str]] = field(default_factory=list)
    """(kind, name of the message)."""
    grown: int = 0
    """Megabytes of memory that bringing all of them in took at its peak, this process being the engine."""

    def count(self, kind: str, name: str, *, holds: bool) -> None:
        self.all[kind] += 1
        if not holds:
            self.broken.append((kind, name))

    def lines(self) -> Iterator[str]:
        missed = Counter(kind for kind, _ in self.broken)
        for kind, count in sorted(self.all.items()):
            names = ", ".join(name for one, name in self.broken if one == kind)
            yield f"{kind}: {count - missed[kind]} of {count}{' but ' + names if names else ''}"


def cases(folder: Path) -> list[Case]:
    found = []
    for path in sorted(folder.glob("*.eml")):
        told = json.loads(path.with_suffix(".json").read_text("utf-8"))
        found.append(Case(told["name"], told["expect"], path.read_bytes()))
    return found


OURS = (
    b"From: Casa Verde <support@agentdesk.test>\r\nTo: Anna Customer <anna@customer.test>\r\nSubject: Ticket 1001\r\n"
    b"Message-ID: <out-1@agentdesk.test>\r\nDate: Mon, 02 Nov 2026 09:00:00 +0100\r\n\r\nYour order is on its way.\r\n"
)
"""What some of them answer, or claim to be."""


def bring_in(desk: MailDesk, some: list[Case]) -> dict[str, int]:
    """Everything of every message that a server takes, attachments and whole messages too; the row of each by name."""
    desk.fill([OURS], "Sent")
    taken = [case for case in some if case.raw]
    desk.fill([case.raw for case in taken])
    assert desk.sync().channels["support"].state == "ready"
    with Desk.open(desk.config) as opened:
        rows = desk.rows(opened)
        for row in set(rows.values()):
            opened.files.want_raw(row)
        for attachment in opened.database.all("SELECT id FROM attachment"):
            opened.files.want(attachment["id"])
    assert desk.sync().channels["support"].state == "ready"
    return {case.name: rows[uid] for uid, case in enumerate(taken, 1)}


def command(desk: MailDesk) -> Callable[..., str]:
    """The command line; gives what it prints, and fails if it ends with an error or prints a control."""

    def run(*words: str) -> str:
        out = StringIO()
        with redirect_stdout(out), redirect_stderr(out):
            status = command_line([*words, "--desk", str(desk.folder)])
        assert status == 0, (words, out.getvalue())
        bad = {char for char in out.getvalue() if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}} - set("\n\u200c\u200d")
        assert not bad, (words, bad)
        return out.getvalue()

    return run


def peak() -> int:
    """Megabytes of memory this process had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def look(desk: MailDesk, some: list[Case], rows: dict[str, int], folder: Path, grown: int) -> Outcome:
    """`grown`: megabytes of memory that bringing them in took."""
    outcome, run = Outcome(grown=grown), command(desk)
    listed = run("list", "--view", "all", "--limit", "0") + run("list", "--view", "spam", "--limit", "0")
    found = [one for view in ("all", "spam") for one in json.loads(run("list", "--view", view, "--limit", "0", "--json"))["conversations"]]
    printed = {one["id"]: run("show", one["id"], "--local") for one in found}
    shown = {one["id"]: json.loads(run("show", one["id"], "--local", "--json")) for one in found}
    log = desk.folder / "state" / "engine.log"
    everything = "\n".join((listed, *printed.values(), json.dumps(shown, ensure_ascii=False), log.read_text("utf-8", "replace") if log.exists() else ""))
    items = {item["id"]: (item, shown[conversation]) for conversation in shown for item in shown[conversation]["thread"]}
    with Desk.open(desk.config) as opened:
        looking = _Looking(opened, items, everything, folder, outcome)
        differences = {int(line.split()[1].rstrip(",")) for line in desk.compare(opened).differences}
        for case in some:
            if case.raw:
                looking.at(case, rows, differences)
            else:
                outcome.count("stored", case.name, holds=True)  # a server takes no empty message
        looking.close()
    return outcome


class _Looking:
    def __init__(self, desk: Desk, items: dict[str, Any], everything: str, folder: Path, outcome: Outcome) -> None:
        self._desk, self._items, self._everything, self._folder, self._outcome = desk, items, everything, folder, outcome
        self._reader = Reader()

    def at(self, case: Case, rows: dict[str, int], differences: set[int]) -> None:
        message = self._desk.database.one("SELECT * FROM message WHERE row = ?", (rows[case.name],))
        item, conversation = self._items.get(message["key"], ({}, {}))
        words = json.dumps(item, ensure_ascii=False)
        text = "\n".join((*_strings(item), conversation.get("subject", "")))
        names = "\n".join((item.get("from", ""), item.get("subject", ""), *(file["name"] for file in item.get("attachments", ()))))
        for kind, wanted in case.expect.items():
            if kind in ELSEWHERE:
                continue
            self._outcome.count(kind, case.name, holds=self._holds(kind, wanted, case, rows, differences, message, item, conversation, words, text, names))

    def _holds(
        self, kind: str, wanted: Any, case: Case, rows: dict[str, int], differences: set[int], message: Any, item: Any, conversation: Any,
        words: str, text: str, names: str,
    ) -> bool:  # fmt: skip
        match kind:
            case "stored":
                return bool(item) and message["row"] not in differences and self._desk.files.raw(message["row"]) is not None
            case "list_ok" | "threads_finite":
                return bool(item)
            case "no_control":
                return not any(unicodedata.category(char) in {"Cc", "Cs"} for char in text.replace("\n", ""))
            case "no_bidi":
                return not BIDI.search(names)
            case "no_invisible":
                return not UNSEEN.search(names)
            case "literal" | "text_contains" | "template_inert":
                return all(one in text for one in wanted) and (kind != "template_inert" or self._quotes(message, wanted))
            case "text_lacks":
                return all(one not in text for one in wanted)
            case "mask":
                return all(one not in self._everything for one in wanted)
            case "never_auto_answer":
                return bool(message["automatic"]) == wanted or message["direction"] == Direction.OUT or case.name in ASKED_ONLY
            case "warn":
                told = item["warnings"] or "undelivered" in item["marks"] or conversation["unproven"] or item["direction"] == Direction.OUT
                return bool(told) or (wanted in PRETENDERS and self._apart(message, ["out-1"]))
            case "reply_to":
                return bool(item["warnings"] or conversation["unproven"])
            case "reply_headers":
                return self._reply(message, wanted)
            case "save_inside" | "no_expand":
                return self._saved(message["row"], case.name)
            case "not_merged":
                others = [rows[name] for name in wanted if name in rows]
                return message["row"] not in others and message["message_id"] != "" and self._apart(message, wanted)
            case "max_seconds":
                return self._read_in_time(case.raw, wanted)
            case "max_rss_mb":
                return self._outcome.grown <= wanted
        raise AssertionError(f"{kind} is looked for nowhere")

    def _quotes(self, message: Any, wanted: list[str]) -> bool:
        """A name with a template in it is put into an answer as it stands."""
        draft = self._desk.writing.draft(message["conversation"])
        draft.text = f"Gentile {message['from_name']},"
        return all(one in draft.text and one in compose(self._desk.writing.outgoing(draft)).decode("utf-8", "replace") for one in wanted)

    def _reply(self, message: Any, unwanted: list[str]) -> bool:
        draft = self._desk.writing.draft(message["conversation"], all=True)
        draft.text = "Thank you."
        made = message_from_bytes(compose(self._desk.writing.outgoing(draft)), policy=policy.default)
        return all(len(made.get_all(name, [])) == 1 for name in ONCE) and not any(name in made for name in unwanted)

    def _saved(self, row: int, name: str) -> bool:
        folder = self._folder / name
        for attachment in self._desk.database.all("SELECT id, size FROM attachment WHERE message = ?", (row,)):
            before = set(folder.iterdir()) if folder.exists() else set()
            path = self._desk.files.save(attachment["id"], folder)
            mode = path.stat().st_mode
            inside = path.parent == folder and path not in before and len(path.name.encode()) <= 255 and path.name not in {"", ".", ".."}
            if not inside or mode & (stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH) or path.stat().st_size > attachment["size"] + 100:
                return False
        return True

    def _apart(self, message: Any, wanted: list[str]) -> bool:
        """Not in the conversation of our own mail that it would like to be."""
        ours = self._desk.database.one("SELECT conversation FROM message WHERE message_id = '<out-1@agentdesk.test>' AND direction = 'out'")
        return not {"out-1", "ticket 1001"} & set(wanted) or ours is None or ours["conversation"] != message["conversation"]

    def _read_in_time(self, raw: bytes, seconds: float) -> bool:
        start = time.monotonic()
        self._reader.message(raw, received=datetime(2026, 11, 2, tzinfo=UTC))
        return time.monotonic() - start <= PATIENCE * seconds

    def close(self) -> None:
        self._reader.close()


PRETENDERS = frozenset({"foreign sender with our id", "other sender in this conversation"})
"""Kept out of the conversation they would like to be in, they need no warning."""
ELSEWHERE = frozenset({"no_network", "no_send", "never_open_url"})
KNOWN = {
    ("mask", "pan_split_lines"): "a card number that a line break parts is taken for two numbers",
    ("mask", "iban"): "an account number is no card number",
    ("warn", "isolate_filename"): "without its control characters, which are taken out, the name ends in what the file is: .txt",
    ("warn", "alt_contradict"): "the HTML form is not fetched where there is a text form, so they can't be compared",
    ("warn", "svg_script"): "nothing here runs or shows the picture; it is saved like any file",
    ("warn", "hijack_in_reply_to"): "said when the conversation is answered, of its newest message only",
}
"""What does not hold, and why."""
ASKED_ONLY = frozenset({"mdn_request", "auto_x_loop", "auto_bcc_only", "pingpong_1", "pingpong_2", "received_200"})
"""Nothing in them says that a machine wrote them: they ask for a receipt or come in circles. Here only people answer."""


def _strings(shape: Any) -> Iterator[str]:
    if isinstance(shape, str):
        yield shape
    elif isinstance(shape, dict):
        for value in shape.values():
            yield from _strings(value)
    elif isinstance(shape, list):
        for value in shape:
            yield from _strings(value)
