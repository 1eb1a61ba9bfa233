"""Whether the check before a reply goes out is right, and how long it takes: `python -m bench.check [--customers 100000] [--dev] [--json]`.

Replies written by hand, clean ones and such with a planted leak (`bench/leaks/frozen.toml`, whose digest is held by a test), in a shop with as many
other customers and orders. Caught: the leak is found as what it is. False alarm: anything is found in a clean one. Processor time is what the
check costs; the time on the clock also tells what else the machine did. `--dev` takes the set to tune by (`bench/leaks/dev.toml`), `--misses`
lists what was wrong, for that set only: a set whose misses are read measures no longer.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from agentdesk.desk.facts import Draft, FileFact
from agentdesk.domain.insertion import Insertion
from agentdesk.domain.mailbox import Arrival
from agentdesk.domain.message import Address
from agentdesk.domain.order import Order, Shipment
from agentdesk.mail.parse import parse_message
from agentdesk.snippets.render import open_places
from agentdesk.store import orders
from agentdesk.store.mail import StoredMail
from bench import desks
from bench.keys import percentile
from bench.report import Figure, Part, say
from bench.words import LANGUAGES

LEAKS = Path(__file__).parent / "leaks"
CAUGHT, ALARMS, SLOWEST = 99.0, 1.0, 10.0
LEARNT = "d'Antoine"
"""In a reply of the frozen set whose miss was read and learnt from: it says nothing any more of what was never seen, and counts as missed."""
RUNS = 3

TOML = '''\
[desk]
name = "{name}"
locale = "it-IT"
timezone = "Europe/Rome"
link = "offline"
[agent]
name = "{agent[0]}"
email = "{agent[1]}"
signature = """{signature}"""
[[channels]]
name = "support"
kind = "imap"
address = "{address}"
imap = "imap://127.0.0.1:1"
smtp = "smtp://127.0.0.1:1"
password = {{ env = "NOT_NEEDED" }}
[[channels]]
name = "chat"
kind = "chatwoot"
url = "http://127.0.0.1:1"
account = 1
token = {{ env = "NOT_NEEDED" }}
[team]
members = [{members}]
'''
OLD = """\
[pack]
name = "own"
title = "Own"
languages = ["it", "en", "de", "fr"]
[[snippet]]
name = "old"
title = "Old"
valid = { until = 2025-12-31 }
[snippet.text]
it = "x"
en = "x"
de = "x"
fr = "x"
"""


class Shop:
    """The shop of a set, its customers with their orders, and many others."""

    def __init__(self, folder: Path, data: Mapping[str, Any], customers: int) -> None:
        self.data = data
        (folder / "snippets").mkdir()
        (folder / "snippets" / "own.toml").write_text(OLD, "utf-8")
        members = ", ".join(f'{{ name = "{name}", email = "{email}" }}' for name, email in data["desk"]["members"])
        (folder / "desk.toml").write_text(TOML.format(**{**data["desk"], "members": members}), "utf-8")
        self.desk = desks.opened(folder)
        known = [_order(str(number), data["people"][who], carrier, code, url) for number, (who, carrier, code, url) in data["orders"].items()]
        orders.replace_all(self.desk.database, [*known, *_others(customers)], datetime.now(UTC), ())
        self.store = StoredMail(self.desk.database, "support", self.desk.rules)
        self.desk.database.write(lambda tx: [tx.execute("INSERT INTO channel (name, kind) VALUES (?, ?)", one) for one in (("support", "imap"), ("chat", "chatwoot"))])
        self.desk.answers.prepare()  # as the screen does after its first picture
        self.count = 0
        for name, address in [*((one[0], one[1]) for one in data["people"].values()), *data.get("strangers", {}).values()]:
            self._letter(name, address, "Buongiorno")

    def _letter(self, name: str, address: str, text: str) -> int:
        """The conversation that a letter begins."""
        self.count += 1
        message = EmailMessage()
        message["From"] = f'"{name}" <{address}>'
        message["To"] = self.data["desk"]["address"]
        message["Subject"] = f"{self.count}."
        message["Message-ID"] = f"<check{self.count}@example.org>"
        message.set_content(text)
        received = datetime.now(UTC) - timedelta(days=1) + timedelta(seconds=self.count)
        envelope, body = parse_message(message.as_bytes(), received=received)
        self.store.add(desks.FOLDERS["INBOX"], [Arrival(self.count, frozenset(), envelope)])
        row = self.desk.database.one("SELECT row, conversation FROM message WHERE message_id = ?", (envelope.message_id,))
        self.store.save_bodies({row["row"]: body})
        return int(row["conversation"])

    def draft(self, item: Mapping[str, Any]) -> Draft:
        people = self.data["people"]
        name, address, _, language = people[item["who"]]
        row = self._letter(name, address, item.get("wrote", self.data["wrote"][language]))
        for note in item.get("notes", ()):
            self.desk.work.note([row], note)
        draft = self.desk.writing.draft(row, "forward" if item.get("kind_of") == "forward" else "reply")
        if "to" in item:
            draft.to = tuple(Address("", to) for to in item["to"])
        draft.cc = tuple(Address(people[who][0], people[who][1]) for who in item.get("cc", ()))
        draft.text, draft.subject = item["text"], item.get("subject", draft.subject)
        draft.files = tuple(FileFact(number, f"{number}.pdf", "application/pdf", 9) for number in range(int(item.get("files", 0))))
        draft.snippets = tuple(Insertion(f"own/{one}", language, text=item["text"]) for one in item.get("snippets", ()))
        if item.get("chat"):
            draft.channel, draft.to = "chat", ()
        return draft

    def found(self, draft: Draft) -> set[str]:
        kinds = {slip.kind for slip in self.desk.writing.slips(draft)}
        return kinds | ({"open"} if open_places(draft.text) else set())


def _order(number: str, person: tuple[str, str, str, str], carrier: str, code: str, url: str) -> Order:
    name, email, phone, _ = person
    shipments = (Shipment(carrier, code, url),) if code else ()
    return Order(number, "shipped", datetime.now(UTC), "EUR", None, email=email, phone=phone, name=name, shipments=shipments)


def _others(count: int) -> Iterator[Order]:
    """Customers nobody writes to here."""
    for number in range(count):
        language = LANGUAGES[number % len(LANGUAGES)]
        first, last = language.first[number % len(language.first)], language.last[number // 7 % len(language.last)]
        yield Order(
            str(300_000 + number), "shipped", datetime.now(UTC), "EUR", None, email=f"other{number}@elsewhere.example",
            phone=f"+39 366 {number:07}", name=f"{first} {last}", shipments=(Shipment("GLS", f"XX{700_000_000 + number}", ""),),
        )  # fmt: skip


def measure(customers: int = 100_000, *, dev: bool = False, misses: bool = False) -> Part:
    data = tomllib.loads((LEAKS / ("dev.toml" if dev else "frozen.toml")).read_text("utf-8"))
    details, taken, clock, learnt = [], [], [], 0
    with tempfile.TemporaryDirectory(prefix="agentdesk-bench-", ignore_cleanup_errors=True) as name:
        shop = Shop(Path(name), data, customers)
        right = {"clean": 0, "leaks": 0}
        for which, items in data["set"].items():
            for item in items:
                draft = shop.draft(item)
                for _ in range(RUNS):
                    began, worked = time.perf_counter(), time.process_time()
                    found = shop.found(draft)
                    taken.append(1000 * (time.process_time() - worked))
                    clock.append(1000 * (time.perf_counter() - began))
                well = not found if which == "clean" else item["kind"] in found
                if well and which == "leaks" and not dev and LEARNT in item["text"]:
                    learnt, well = learnt + 1, False
                right[which] += well
                if not well:
                    details.append(f"{which} {item.get('kind', '')} {sorted(found)}: {item['text'][:100]!r}")
        shop.desk.close()
    clean, leaks = len(data["set"]["clean"]), len(data["set"]["leaks"])
    return Part(
        f"The check before a reply goes out{' (development)' if dev else ''}: {customers:,} other customers",
        (
            Figure("planted leaks caught", 100 * right["leaks"] / leaks, "%", least=CAUGHT, note=f"{right['leaks']} of {leaks}" + (f"; {learnt} more is found since its miss was read" if learnt else "")),
            Figure("false alarms", 100 * (clean - right["clean"]) / clean, "%", ALARMS, f"{clean - right['clean']} of {clean} clean replies"),
            Figure("processor time, median", statistics.median(taken), "ms", SLOWEST),
            Figure("processor time, p95", percentile(taken, 0.95), "ms", SLOWEST),
            Figure("processor time, slowest", max(taken), "ms", SLOWEST),
            Figure("on the clock, median", statistics.median(clock), "ms"),
            Figure("on the clock, p95", percentile(clock, 0.95), "ms"),
            Figure("on the clock, slowest", max(clock), "ms"),
        ),
        details=tuple(details) if misses and dev else (),
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.check", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--dev", action="store_true")
    parser.add_argument("--misses", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    return say([measure(options.customers, dev=options.dev, misses=options.misses)], as_data=options.json)


if __name__ == "__main__":
    sys.exit(main())
