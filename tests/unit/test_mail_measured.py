"""Figures over third-party mail: how well HTML reads, how well replies are parted from quotations, how often honest mail is warned of.

    pytest -s tests/unit/test_mail_measured.py        prints them
"""

import email
import hashlib
import json
import re
import statistics
from collections import Counter
from datetime import UTC, datetime
from email.message import Message
from pathlib import Path

import pytest

from agentdesk.domain import warnings
from agentdesk.domain.clean import clean
from agentdesk.mail import charset
from agentdesk.mail.html import to_text
from agentdesk.mail.parse import parse_message
from agentdesk.mail.quotes import split

pytestmark = pytest.mark.shared

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
WORD = re.compile(r"\w+")


def files(shared: Path) -> list[Path]:
    return [one for one in sorted((shared / "mail").glob("*/*")) if one.suffix not in {".json", ".md"}]


def held_out(path: Path) -> bool:
    """Every third by its name: told apart, so that rules made for the others show."""
    return int(hashlib.sha256(path.name.encode()).hexdigest(), 16) % 3 == 0


def content(part: Message) -> str:
    data = part.get_payload(decode=True)
    return charset.decode(data, part.get_content_charset() or "") if isinstance(data, bytes) else ""


def alternatives(message: Message) -> list[tuple[str, str]]:
    found = []
    for part in message.walk():
        if part.get_content_type() == "multipart/alternative":
            plain = next((one for one in part.walk() if one.get_content_type() == "text/plain"), None)
            rich = next((one for one in part.walk() if one.get_content_type() == "text/html"), None)
            if plain is not None and rich is not None:
                found.append((content(plain), content(rich)))
    return found


@pytest.mark.timeout(300)
def test_html_says_what_the_sender_s_text_says(shared: Path) -> None:
    scores = []
    for path in files(shared):
        if path.stat().st_size > 3_000_000:
            continue
        try:
            pairs = alternatives(email.message_from_bytes(path.read_bytes()))
        except RecursionError:  # messages made to break Python's own parser
            continue
        for plain, rich in pairs:
            theirs, ours = Counter(WORD.findall(plain)), Counter(WORD.findall(to_text(rich)))
            if theirs.total() > 5 and ours.total() > 5:
                scores.append(2 * (theirs & ours).total() / (theirs.total() + ours.total()))
    print(f"\nHTML against the sender's own text: {len(scores)} pairs, word F1 mean {statistics.mean(scores):.3f}, median {statistics.median(scores):.3f}")
    assert len(scores) > 80
    assert statistics.mean(scores) >= 0.8
    assert statistics.median(scores) >= 0.98


def folded(path: Path, expected: dict[str, str]) -> str:
    if path.suffix == ".eml":
        return parse_message(path.read_bytes(), received=AT)[1].text
    text = path.read_bytes().decode("utf-8", errors="replace")
    return split(clean(to_text(text) if expected.get("input") == "html" else text))[0]


def test_replies_are_parted_from_quotations(shared: Path) -> None:
    """Lost are words of unquoted lines of the expectation; a rule of dashes or a kept quotation is no text of the reply."""
    exact: dict[bool, list[bool]] = {True: [], False: []}
    words = missing = 0
    for listing in sorted((shared / "mail").glob("*/expected.json")):
        for name, expected in json.loads(listing.read_text("utf-8")).items():
            wanted = expected.get("stripped_reply", expected.get("first_fragment")) if isinstance(expected, dict) else None
            path = listing.parent / name
            if wanted is None or not path.exists():
                continue
            got = folded(path, expected)
            exact[held_out(path)].append("".join(wanted.split()) == "".join(got.split()))
            own = Counter(WORD.findall("\n".join(line for line in wanted.split("\n") if not line.lstrip().startswith(">"))))
            words += own.total()
            missing += (own - Counter(WORD.findall(got))).total()
    both = exact[True] + exact[False]
    known, held = (sum(part) / len(part) for part in (exact[False], exact[True]))
    print(f"\nReplies: {len(both)}, exact {sum(both) / len(both):.1%} ({len(exact[False])} to learn from: {known:.1%}, held out {len(exact[True])}: {held:.1%})")
    print(f"Words of replies lost: {missing} of {words}, {missing / words:.2%}")
    assert len(both) > 80
    assert sum(both) / len(both) >= 0.75
    assert held >= 0.65
    assert missing / words <= 0.02


LABELLED = {"phishing1.eml", "phishing2.eml", "phishing_query_overcap.eml", "phishing_query_safe.eml", "redir_phishing_safe.eml", "url4.eml", "replyto.eml", "replytosubdomain.eml"}
"""Made by their source to hold what is warned of."""


@pytest.mark.timeout(300)
def test_honest_mail_is_rarely_warned_of(shared: Path) -> None:
    labels = json.loads((shared / "mail" / "spamassassin" / "expected.json").read_text("utf-8"))
    spam = {name for name, one in labels.items() if one["kind"] == "spam"}
    ham = {name for name, one in labels.items() if one["kind"] == "ham"}
    warned: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    for path in files(shared):
        if (path.parent.name == "spamassassin" and path.name in spam) or path.name in LABELLED:
            continue
        envelope, body = parse_message(path.read_bytes(), received=AT)
        found = (*warnings.of_envelope(envelope), *warnings.of_body(body, sender=envelope.sender, automatic=envelope.automatic, verified=envelope.verified))
        group = "ham" if path.parent.name == "spamassassin" and path.name in ham else "other"
        seen[group] += 1
        warned[group] += any(one.kind not in {"executable", "card"} for one in found)
        warned["card"] += any(one.kind == "card" for one in found)
    everything, alarms = seen["ham"] + seen["other"], warned["ham"] + warned["other"]
    print(f"\nWarned of (other than programs and cards): {alarms} of {everything} messages that are not labelled as spam, {alarms / everything:.2%}")
    print(f"of those labelled as honest: {warned['ham']} of {seen['ham']}; card numbers: {warned['card']}")
    assert seen["ham"] > 20
    assert alarms / everything <= 0.02
    assert warned["ham"] / seen["ham"] <= 0.02
