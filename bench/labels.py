"""Labelled queries and conversations: what the picker should find, said by people before the ranking ran.

    python -m bench.labels check bench/labels/queries.toml        # shape, and that every accepted snippet is in the packs
    python -m bench.labels mailbox 0 40                           # customers' messages among the first 40 of the generated mailbox
    python -m bench.labels freeze bench/labels/queries.toml       # check it, then write its digest into bench/labels/FROZEN
    python -m bench snippets                                      # hit rates on all frozen sets

A set is one TOML file of one kind of entry. `accept` lists full names (`pack/name`) of every snippet that a careful agent would be content
with as *the* answer; their order does not matter. Unknown keys are refused, so that a slip of the pen is not silently left out.

**`queries.toml`**: what agents type.

    [[query]]
    text = "pacco fermo"                       # as typed: hurried, abbreviated, with slips; 1 to 80 characters
    language = "it"                            # of the typed words: it, en, de, fr
    accept = ["shipping/order-late", "shipping/inquiry-open"]

    [[query]]
    text = "rmb"
    language = "it"
    accept = ["refunds-payments/refund-done"]
    [query.conversation]                       # optional: what the agent has open; keys as below, without `accept`
    subject = "Rimborso"
    text = "..."
    language = "it"
    channel = "imap"
    order = { status = "refunded", refund = true }

**`conversations.toml`**: what customers wrote, with nothing typed.

    [[conversation]]
    subject = "Wo bleibt mein Paket?"          # empty for a chat
    text = '''...'''                           # all the customer wrote since the desk's last answer, without quotes
    language = "de"                            # the customer's: it, en, de, fr
    channel = "imap"                           # imap or chat
    order = { status = "late" }                # the order it is about; without this line there is none
    accept = ["shipping/order-late"]

`order.status` is one of pending (not paid or not confirmed), processing (being prepared), shipped (on its way, still in time), late (on its way, the
promised day has passed), delivered, cancelled, refunded, returned; or several: the customer has several orders and it can't be told which is
meant. Optional: `refund = true` (money was given back; with status refunded it goes without saying) and `parcels = 2` (1 from shipped on).

**`conversations-mailbox.toml`**: the same on messages of `../shared/tools/gen_mailbox.py`, which are not copied but named.

    [[mailbox]]
    message = 137                              # place among messages(n, seed=7), counted from 0; one from a customer
    order = { status = "shipped" }             # as above; language, subject and text are the message's
    accept = ["shipping/order-shipped"]

`FROZEN` has a line `sha256  name` for each finished set, as `sha256sum` writes it. A frozen set whose bytes differ is refused; one that is not
in `FROZEN` is refused, too, unless it is called `dev-*.toml`: those belong to whoever works on the ranking, and say nothing about it.
"""

from __future__ import annotations

import argparse
import email
import email.policy
import hashlib
import importlib.util
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import tomli

from agentdesk.mail import html, quotes
from agentdesk.snippets.model import Library
from agentdesk.snippets.pack import load_packs

ROOT = Path(__file__).resolve().parents[1]
LABELS = ROOT / "bench" / "labels"
FROZEN = "FROZEN"
GENERATOR = ROOT.parent / "shared" / "tools" / "gen_mailbox.py"
SETS = ("queries", "conversations", "conversations-mailbox")
LANGUAGES, CHANNELS = ("it", "en", "de", "fr"), ("imap", "chat")
STATES = ("pending", "processing", "shipped", "late", "delivered", "cancelled", "refunded", "returned", "several")
_TALK = {"subject": str, "text": str, "language": str, "channel": str}
_SEED = 7
SHOP = "support@shop.example"


class BadLabelsError(Exception):
    """A set that can't be used, with the reason."""


@dataclass(frozen=True, slots=True)
class Talk:
    """What a conversation says before anything is typed."""

    subject: str
    text: str
    language: str
    channel: str
    status: str | None
    """As the ranking has it: empty for no order, None where it can't be told which."""
    refund: bool = False
    parcels: int = 0


@dataclass(frozen=True, slots=True)
class Label:
    """One entry: what is typed (empty for none), where, and what is right."""

    query: str
    language: str
    accept: frozenset[str]
    talk: Talk | None


def packs() -> Library:
    """The starter packs, which all labels are about."""
    return load_packs([ROOT / "snippets"], check=False)


def load(path: Path, library: Library | None = None, *, frozen: bool = True) -> list[Label]:
    """The entries of one set.

    Raises:
        BadLabelsError: its bytes are not the frozen ones, it is not frozen, or an entry is wrong.
    """
    data = path.read_bytes()
    if frozen:
        _verify(path, data)
    try:
        document = tomli.loads(data.decode())
    except (UnicodeDecodeError, tomli.TOMLDecodeError) as error:
        raise BadLabelsError(f"{path.name}: {error}") from error
    known = library or packs()
    labels = []
    for kind, entries in document.items():
        if kind not in ("query", "conversation", "mailbox") or not isinstance(entries, list):
            raise BadLabelsError(f"{path.name}: there is [[query]], [[conversation]] and [[mailbox]], not {kind}")
        for number, entry in enumerate(entries, 1):
            place = f"{path.name}: [[{kind}]] number {number}"
            labels.append(_label(kind, entry, place, known))
    if not labels:
        raise BadLabelsError(f"{path.name} is empty")
    return labels


def digests(folder: Path = LABELS) -> dict[str, str]:
    """The frozen sets: file name -> sha256."""
    file = folder / FROZEN
    lines = file.read_text().splitlines() if file.exists() else []
    return {name: digest for digest, name in (line.split(maxsplit=1) for line in lines if line.strip())}


def freeze(path: Path) -> str:
    """Check a set and write its digest beside it; a set that is already frozen stays as it is."""
    found = digests(path.parent)
    if path.name in found:
        raise BadLabelsError(f"{path.name} is frozen already; what has been measured must stay comparable, so write another set")
    load(path, frozen=False)
    found[path.name] = digest = hashlib.sha256(path.read_bytes()).hexdigest()
    (path.parent / FROZEN).write_text("".join(f"{value}  {name}\n" for name, value in sorted(found.items())))
    return digest


def _verify(path: Path, data: bytes) -> None:
    expected = digests(path.parent).get(path.name)
    if expected is None:
        if path.name.startswith("dev-"):
            return
        raise BadLabelsError(f"{path.name} is not frozen: `python -m bench.labels freeze {path.name}`, once it is finished")
    found = hashlib.sha256(data).hexdigest()
    if found != expected:
        raise BadLabelsError(f"{path.name} is not the frozen set: sha256 {found}, expected {expected}")


def _label(kind: str, entry: Mapping[str, Any], place: str, library: Library) -> Label:
    keys: dict[str, type] = {"accept": list}
    if kind == "query":
        keys |= {"text": str, "language": str}
        _shape(entry, keys, {"conversation": dict}, place)
        inner = entry.get("conversation")
        if inner is not None:
            _shape(inner, _TALK, {"order": dict}, place)
        talk = _talk(inner, place) if inner is not None else None
        query, language = entry["text"], entry["language"]
        if not 0 < len(query.strip()) <= 80:
            raise BadLabelsError(f"{place}: a query has 1 to 80 characters")
    elif kind == "conversation":
        _shape(entry, keys | _TALK, {"order": dict}, place)
        talk = _talk(entry, place)
        query, language = "", talk.language
    else:
        _shape(entry, keys | {"message": int}, {"order": dict}, place)
        subject, text, language = _message(entry["message"], place)
        talk = _talk({**entry, "subject": subject, "text": text, "language": language, "channel": "imap"}, place)
        query = ""
    _one_of(language, LANGUAGES, "language", place)
    accept = entry["accept"]
    if not accept:
        raise BadLabelsError(f"{place}: accept is empty")
    if unknown := [name for name in accept if name not in library.snippets]:
        raise BadLabelsError(f"{place}: there is no snippet {', '.join(map(str, unknown))}")
    return Label(query, language, frozenset(accept), talk)


def _talk(entry: Mapping[str, Any], place: str) -> Talk:
    _one_of(entry["language"], LANGUAGES, "language", place)
    _one_of(entry["channel"], CHANNELS, "channel", place)
    talk = Talk(entry["subject"], entry["text"], entry["language"], entry["channel"], "")
    order = entry.get("order")
    if order is None:
        return talk
    _shape(order, {"status": str}, {"refund": bool, "parcels": int}, place)
    status = order["status"]
    _one_of(status, STATES, "order.status", place)
    parcels = order.get("parcels", int(status in {"shipped", "late", "delivered", "returned", "refunded"}))
    refund = order.get("refund", status == "refunded")
    return replace(talk, status=None if status == "several" else status, refund=refund, parcels=parcels)


def _shape(entry: Mapping[str, Any], required: Mapping[str, type], optional: Mapping[str, type], place: str) -> None:
    if missing := [key for key in required if key not in entry]:
        raise BadLabelsError(f"{place}: {', '.join(missing)} is missing")
    allowed = {**required, **optional}
    for key, value in entry.items():
        if key not in allowed:
            raise BadLabelsError(f"{place}: there is no key {key}; there are {', '.join(allowed)}")
        if type(value) is not allowed[key]:
            raise BadLabelsError(f"{place}: {key} is no {allowed[key].__name__}")


def _one_of(value: str, allowed: tuple[str, ...], key: str, place: str) -> None:
    if value not in allowed:
        raise BadLabelsError(f"{place}: {key} is {value!r}; there are {', '.join(allowed)}")


@lru_cache(maxsize=1)
def _generator() -> ModuleType:
    if not GENERATOR.exists():
        raise BadLabelsError("../shared/tools/gen_mailbox.py is not here")
    spec = importlib.util.spec_from_file_location("gen_mailbox", GENERATOR)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    module._block = lru_cache(maxsize=4)(module._block)  # noqa: SLF001 - 500 are made at a time, and asked for one by one
    return module


def mailbox(count: int, start: int = 0) -> Iterator[tuple[int, str, str, str, str]]:
    """Messages of the generated mailbox: place, sender, subject, what was newly written, language."""
    for number, message in enumerate(_generator().messages(count, _SEED, start), start):
        parsed = email.message_from_bytes(message.raw, policy=email.policy.default)
        body = parsed.get_body(("plain", "html"))
        text = body.get_content() if body is not None else ""
        if body is not None and body.get_content_type() == "text/html":
            text = html.to_text(text)
        yield number, str(parsed["From"]), str(parsed["Subject"]), quotes.split(text.replace("\r\n", "\n"))[0], message.meta["lang"]


@lru_cache(maxsize=512)
def _message(number: int, place: str) -> tuple[str, str, str]:
    _, sender, subject, text, language = next(mailbox(1, number))
    if SHOP in sender:
        raise BadLabelsError(f"{place}: message {number} is an answer of the shop's")
    return subject, text, language


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.labels", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("check", "mailbox", "freeze"))
    parser.add_argument("arguments", nargs="+", metavar="FILE | FIRST COUNT")
    options = parser.parse_args()
    try:
        if options.what == "mailbox":
            first, count = map(int, options.arguments)
            for number, sender, subject, text, language in mailbox(count, first):
                if SHOP not in sender:
                    print(f"--- message {number} ({language}): {subject}\n{text}\n")
            return 0
        for path in map(Path, options.arguments):
            if options.what == "freeze":
                print(f"{freeze(path)}  {path.name}")
            else:
                print(f"{path.name}: {len(load(path, frozen=path.name in digests(path.parent)))} entries")
    except BadLabelsError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
