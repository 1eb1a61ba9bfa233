"""The season of the embedded shop: what lies in its mailbox, its chat and its order file in the weeks before Christmas.

`generate` is deterministic: the same seed and the same time give the same bytes. It makes people, then conversations (who
writes about what, when, and how far it has come), then the orders they are about, and at last the words: the letters are
written by hand in `letters/*.toml`, four languages, and vary by choices and by the details of each order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from agentdesk.demo import season_orders, season_words, shop
from agentdesk.demo.season_chats import chats_and_arrivals
from agentdesk.demo.season_files import PICTURES, invoice_pdf, parcel_picture
from agentdesk.demo.season_mime import PROGRAMS, Letter, answer_subject, message_id, write
from agentdesk.demo.season_orders import DemoOrder, State
from agentdesk.demo.season_people import LANGUAGES, Person, elsewhere, people
from agentdesk.demo.season_text import Opening, Pen, load, openings
from agentdesk.demo.season_types import Attachment, Folder, ScriptedAnswer, Season, SeasonMail

PEOPLE = {"it": 99, "en": 54, "de": 37, "fr": 30}
CONVERSATIONS = {"it": 131, "en": 71, "de": 48, "fr": 37}
ORDERS = 330
ANSWERING = 40
"""So many customers have an answer ready for what the agent will write."""
SPAN = timedelta(days=34)

Step = str
"""One message of a conversation: "open", "reply" (ours), "ok" (content), "info" (what we asked for), "bad" (it did not
work), "second" (ours, after info or bad), "close" (ours, after ok), "chase" (no answer yet), "again" (after answers),
"thanks"."""

_WAITING: tuple[tuple[int, tuple[Step, ...]], ...] = (
    (72, ("open",)),
    (9, ("open", "chase")),
    (23, ("open", "reply", "bad")),
    (9, ("open", "reply", "info")),
    (9, ("open", "reply", "bad", "second", "again")),
)
_ANSWERED: tuple[tuple[int, tuple[Step, ...]], ...] = (
    (60, ("open", "reply")),
    (45, ("open", "reply", "ok", "close")),
    (31, ("open", "reply", "bad", "second")),
    (15, ("open", "reply", "bad", "second", "thanks", "close")),
    (14, ("open", "reply", "bad", "second", "thanks")),
)
_OURS = frozenset({"reply", "second", "close"})

_STATES: Mapping[str, State] = {
    "wismo-shipped": "shipped",
    "wismo-processing": "processing",
    "wismo-late": "late",
    "wismo-delivered": "delivered",
    "return": "delivered",
    "size": "delivered",
    "damaged": "delivered",
    "refund": "returned",
    "invoice": "delivered",
    "address": "processing",
    "address-late": "shipped",
    "cancel": "cancelled",
    "cancel-late": "in transit, cancelled",
    "payment": "processing",
    "gift": "processing",
    "thanks": "delivered",
}
"""How the order of a topic stands; topics that aren't here are about no order (or their letter says how it stands)."""
_BRIEF = frozenset({"thanks"})
_CALM = frozenset({"product", "wholesale", "gift", "coupon"})
_WITH_INFO = frozenset({"wismo-delivered", "size", "damaged"})
_TRIED = frozenset({"coupon", "address-late"})
"""Where the customer can say "I have tried that, it does not work"."""


@dataclass(slots=True)
class _Conversation:
    person: Person
    opening: Opening
    steps: tuple[Step, ...]
    times: list[datetime]
    agent: str
    program: str
    order: DemoOrder | None = None
    letters: list[Letter] = field(default_factory=list)

    @property
    def waiting(self) -> bool:
        return self.steps[-1] not in _OURS and self.steps[-1] != "thanks"

    @property
    def kind(self) -> str:
        return "where-is-my-order" if self.opening.topic.startswith("wismo") else self.opening.topic


def generate(seed: int, now: datetime) -> Season:
    """The whole season, ending at `now` (which carries its zone)."""
    rng = Random(seed)
    now = now.astimezone(ZoneInfo(shop.TIMEZONE)).replace(microsecond=0)
    crowd = people(rng, PEOPLE)
    conversations = _plan(rng, crowd, now)
    orders = [conversation.order for conversation in conversations if conversation.order is not None]
    pen = Pen(rng)
    chats, arrivals = chats_and_arrivals(rng, pen, crowd, orders, now)
    _fill_up(rng, crowd, orders, now)
    season_orders.number(rng, orders)
    mails: list[SeasonMail] = []
    for conversation in sorted(conversations, key=lambda each: each.times[0]):
        mails.extend(_written(rng, pen, conversation, now))
    mails.extend(_strays(rng, pen, crowd, orders, now))
    mails.sort(key=lambda mail: mail.received)
    rows = [row for order in sorted(orders, key=lambda order: int(order.number)) for row in order.rows()]
    answers = (*_answers(rng, pen, conversations), *arrivals())
    return Season(tuple(mails), chats(), tuple(rows), answers)


# Who writes about what, and when.


def _plan(rng: Random, crowd: Mapping[str, list[Person]], now: datetime) -> list[_Conversation]:
    steps = [(kind, True) for count, kind in _WAITING for _ in range(count)]
    steps += [(kind, False) for count, kind in _ANSWERED for _ in range(count)]
    rng.shuffle(steps)
    ends = _ends(rng, now, sum(waiting for _, waiting in steps))
    result = []
    for language in LANGUAGES:
        deck = _Deck(rng, openings(language))
        writers = list(crowd[language])
        del writers[: len(writers) // 10]  # some customers never write
        known: list[Person] = []
        for _ in range(CONVERSATIONS[language]):
            kind, waiting = steps.pop()
            opening = deck.draw(kind)
            person = writers.pop() if writers and rng.random() < 0.72 else rng.choice(known or writers)
            known.append(person)
            end = ends.pop() if waiting else now - _spread(rng, timedelta(hours=3), SPAN - timedelta(days=2))
            phone = opening.style == "phone"
            program = rng.choice(("apple", "apple", "android", "gmail")) if phone else rng.choice(PROGRAMS)
            agent = rng.choice(("Anna", "Anna", "Luca"))
            conversation = _Conversation(person, opening, kind, _times(rng, kind, end), agent, program)
            conversation.order = _order_of(rng, conversation, now)
            result.append(conversation)
    return result


class _Deck:
    """The letters of a language: each comes once before any comes a second time."""

    def __init__(self, rng: Random, letters: Sequence[Opening]) -> None:
        self._rng = rng
        self._letters = letters
        self._cards: list[Opening] = []

    def draw(self, steps: tuple[Step, ...]) -> Opening:
        for _ in range(2):
            for card in self._cards:
                if _fits(card, steps):
                    self._cards.remove(card)
                    return card
            fresh = list(self._letters)
            self._rng.shuffle(fresh)
            self._cards.extend(fresh)
        raise LookupError(f"no letter fits {steps}")


def _fits(opening: Opening, steps: tuple[Step, ...]) -> bool:
    if opening.topic in _BRIEF:
        return len(steps) == 1 or steps == ("open", "reply")
    if "info" in steps:
        return opening.topic in _WITH_INFO
    if "ok" in steps and opening.topic == "damaged":
        return False  # our answer asks what they want: "thanks" is no answer to that
    if opening.topic in _CALM:
        return "bad" not in steps or opening.topic in _TRIED
    return True


def _ends(rng: Random, now: datetime, count: int) -> list[datetime]:
    """When the customers who still wait wrote last: some minutes ago, most within two days, a few long ago."""
    ages = [timedelta(minutes=rng.uniform(1.5, 75)) for _ in range(count // 8)]
    ages += [_spread(rng, timedelta(hours=1.2), timedelta(hours=20)) for _ in range(count // 3)]
    ages += [_spread(rng, timedelta(hours=20), timedelta(days=2.6)) for _ in range(count // 3)]
    ages += [_spread(rng, timedelta(days=2.6), timedelta(days=6)) for _ in range(count - len(ages))]
    rng.shuffle(ages)
    return [now - age for age in ages]


def _spread(rng: Random, low: timedelta, high: timedelta) -> timedelta:
    return timedelta(seconds=round(rng.uniform(low.total_seconds(), high.total_seconds())))


def _times(rng: Random, steps: tuple[Step, ...], end: datetime) -> list[datetime]:
    """When each message came, from the last back to the first."""
    times = [_at_work(rng, end) if steps[-1] in _OURS else end]
    for step, following in zip(reversed(steps[:-1]), reversed(steps[1:]), strict=True):
        low, high = _GAPS.get(following, (0.05, 1.3))
        before = times[-1] - timedelta(days=rng.uniform(low, high))
        times.append(_at_work(rng, before) if step in _OURS else _awake(rng, before))
    return [at.replace(microsecond=0) for at in reversed(times)]


_GAPS: Mapping[Step, tuple[float, float]] = {
    "ok": (0.02, 1.0),
    "info": (0.02, 0.9),
    "bad": (1.6, 3.8),
    "again": (1.5, 3),
    "chase": (1.0, 2.5),
    "thanks": (0.1, 2),
}
"""Days until a customer writes this; we answer within a day or so."""


def _at_work(rng: Random, at: datetime) -> datetime:
    """The latest working minute before `at`: weekdays from nine to six, Saturdays to one."""
    while True:
        closing = (18, 18, 18, 18, 18, 13, 0)[at.weekday()]
        if at.hour >= 9 and at.hour < closing:
            return at
        if closing and at.hour >= closing:
            return at.replace(hour=closing - 1, minute=rng.randint(5, 59), second=rng.randint(0, 59))
        at = (at - timedelta(days=1)).replace(hour=23)


def _awake(rng: Random, at: datetime) -> datetime:
    if 1 <= at.hour < 6:
        at = (at - timedelta(days=1)).replace(hour=rng.choice((20, 21, 22)), minute=rng.randint(0, 59))
    return at


def _order_of(rng: Random, conversation: _Conversation, now: datetime) -> DemoOrder | None:
    opening = conversation.opening
    state = opening.state or _STATES.get(opening.topic)
    if state is None:
        return None
    settled = not conversation.waiting
    if state == "returned" and "importo" in opening.subject.lower():
        state = "refunded"
    return season_orders.make(
        rng, conversation.person, state, conversation.times[0], now, item=opening.item, settled=settled
    )  # type: ignore[arg-type]


def _fill_up(rng: Random, crowd: Mapping[str, list[Person]], orders: list[DemoOrder], now: datetime) -> None:
    """Orders nobody writes about: first of those who have none, then earlier ones of anybody."""
    everybody = [person for language in LANGUAGES for person in crowd[language]]
    buyers = {order.person.email for order in orders}
    for person in everybody:
        if person.email not in buyers:
            state: State = rng.choice(("processing", "shipped", "delivered", "delivered", "delivered"))
            orders.append(season_orders.make(rng, person, state, now - _spread(rng, timedelta(hours=1), timedelta(days=6)), now))
    while len(orders) < ORDERS:
        earlier = now - _spread(rng, timedelta(days=8), SPAN)
        orders.append(season_orders.make(rng, rng.choice(everybody), "delivered", earlier, now))


# What they write.


def _written(rng: Random, pen: Pen, conversation: _Conversation, now: datetime) -> list[SeasonMail]:
    person, opening = conversation.person, conversation.opening
    details = _details(rng, person, conversation.order, conversation.agent)
    us, them = (shop.NAME, shop.SUPPORT), (person.name, person.email)
    subject = pen.fill(opening.subject, details)
    archived = not conversation.waiting and now - conversation.times[-1] > timedelta(days=9) and rng.random() < 0.6
    archived = archived or conversation.steps[-1] == "thanks"
    previous: Letter | None = None
    result = []
    for place, (step, at) in enumerate(zip(conversation.steps, conversation.times, strict=True)):
        ours = step in _OURS
        program = "shop" if ours else conversation.program
        letter = Letter(
            at=at,
            sender=us if ours else them,
            recipient=them if ours else us,
            subject=subject if previous is None else answer_subject(previous.subject, program, person.language),
            text=_words(pen, conversation, place, details),
            language=person.language,
            program=program,
            message_id=message_id(rng, shop.SUPPORT if ours else person.email, program),
            answers=previous,
            attachments=_files(rng, conversation, step, details),
            verified=rng.choice(("pass", "pass", "pass", "")),
        )
        if step == "chase":
            letter = replace(letter, answers=None, subject=subject)
        last = place == len(conversation.steps) - 1
        folder: Folder = "Sent" if ours else "Archive" if archived else "INBOX"
        seen = ours or not (conversation.waiting and last) or rng.random() < 0.25
        number = conversation.order.number if conversation.order else ""
        result.append(SeasonMail(write(letter, rng), folder, seen, at + timedelta(seconds=rng.randint(1, 9)), conversation.kind, number))
        conversation.letters.append(letter)
        previous = letter
    return result


def _details(rng: Random, person: Person, order: DemoOrder | None, agent: str) -> dict[str, str]:
    language = person.language
    anna = agent == "Anna"
    details = {
        "first": person.first,
        "last": person.last,
        "name": person.name,
        "city": person.town,
        "street": person.street,
        "phone": person.phone,
        "oa": "a" if person.woman else "o",
        "e": "e" if person.woman else "",
        "agent": agent,
        "agent_oa": "a" if anna else "o",
        "agent_e": "e" if anna else "",
    }
    if order is not None:
        details |= {
            "order": order.number,
            "item": order.item,
            "total": season_words.amount(order.total, order.currency, language, rng),
            "placed": season_words.day(order.placed, language),
            "carrier": order.carrier,
            "tracking": order.tracking,
            "url": order.url,
            "eta": "" if order.eta is None else season_words.day(order.eta, language),
        }
    return details


def _words(pen: Pen, conversation: _Conversation, place: int, details: Mapping[str, str]) -> str:
    step, opening = conversation.steps[place], conversation.opening
    source = load(conversation.person.language)
    if step == "open":
        return pen.write([opening.text], details)
    if step in _OURS:
        if step == "reply":
            texts = [opening.reply] if opening.reply else source["reply"][opening.topic]
        elif step == "close":
            texts = source["closing"]["texts"]
        else:
            own = source["second"].get(opening.topic)
            complains = conversation.steps[place - 1] == "bad"
            texts = source["second"]["default"] if own is None or (complains and opening.topic == "damaged") else own
        agent = source["agent"]
        return pen.write(texts, details, wrap=f"{pen.fill(_one(agent['hello'], place), details)}\n\n{{}}\n\n{_one(agent['bye'], len(details['name']))}")
    if step in ("ok", "info", "bad"):
        follow = source["follow"]
        texts = follow.get(opening.topic, {}).get(step)
        if texts is None:
            general = follow["default"][step]
            texts = general if step != "bad" else [general[1]] if opening.topic in _TRIED else [general[0], general[2]]
        return pen.write(texts, details)
    if step == "thanks":
        return pen.write(source["thanks"]["texts"], details)
    chase = source["chase"]
    about_order = [text for text in chase["after"] if "{order}" not in text or "order" in details]
    return pen.write(chase["texts"] if step == "chase" else about_order + chase["texts"][:1], details)


def _one(texts: Sequence[str], which: int) -> str:
    return texts[which % len(texts)]


def _files(rng: Random, conversation: _Conversation, step: Step, details: Mapping[str, str]) -> tuple[Attachment, ...]:
    if step == "open" and conversation.opening.photo:
        return (picture(rng),)
    if step == "info" and conversation.opening.topic == "damaged" and rng.random() < 0.7:
        return (picture(rng),)
    if step == "reply" and conversation.opening.topic == "invoice" and not conversation.opening.reply:
        return (invoice(details),)
    return ()


def picture(rng: Random) -> Attachment:
    """A picture as a telephone names it."""
    name = rng.choice((f"IMG_{rng.randint(1000, 9999)}.png", f"foto_{rng.randint(1, 40)}.png", "image0.png", "Schäden am Päckchen è così.png"))
    return Attachment(name, "image/png", parcel_picture(rng.randrange(PICTURES)))


def invoice(details: Mapping[str, str]) -> Attachment:
    lines = [shop.NAME, f"{details['order']}  {details['placed']}", details["name"], details["item"], details["total"]]
    return Attachment(f"{shop.NAME.replace(' ', '')}-{details['order']}.pdf", "application/pdf", invoice_pdf(lines))


def _strays(
    rng: Random, pen: Pen, crowd: Mapping[str, list[Person]], orders: Sequence[DemoOrder], now: datetime
) -> list[SeasonMail]:
    """What stands outside every conversation: strangers, look-alikes, machines, advertising."""
    result = []
    open_orders = [order for order in orders if order.status in ("processing", "shipped")]
    script = elsewhere()
    for stray in load("strays")["stray"]:
        language, kind = stray["language"], stray["kind"]
        fitting = [order for order in open_orders if order.person.language == language and order.person.email not in script]
        order = rng.choice(fitting)
        who = stray["from"]
        details = _details(rng, order.person, order, "Anna")
        if who == "customer":
            sender = (order.person.name, order.person.email)
        elif who == "look-alike":
            local, _, domain = order.person.email.partition("@")
            sender = (order.person.name, f"{local}@{domain.replace('.', '-mail.', 1)}")
        else:
            sender = (who[0], who[1])
        own = kind in ("stranger", "look-alike", "unverified", "security")
        at = now - timedelta(hours=stray["ago_hours"], seconds=rng.randint(5, 900))
        program = "page" if stray.get("html") else "plain" if stray.get("folder") else rng.choice(("gmail", "apple", "thunderbird"))
        letter = Letter(
            at=at,
            sender=sender,
            recipient=(shop.NAME, shop.SUPPORT),
            subject=pen.fill(stray["subject"], details),
            text=pen.fill(stray["text"], details),
            language=language,
            program=program,
            message_id=message_id(rng, sender[1], program),
            headers=stray.get("headers", ()),
            verified="fail" if stray.get("fail") else "pass",
        )
        folder: Folder = stray.get("folder", "INBOX")
        result.append(SeasonMail(write(letter, rng), folder, False, at, kind, order.number if own else ""))
    return result


# What they will write while the agent works.


def _answers(rng: Random, pen: Pen, conversations: Sequence[_Conversation]) -> list[ScriptedAnswer]:
    """Answers of those who have waited longest, whom the agent meets first, and of those who wrote last."""
    waiting: dict[str, _Conversation] = {}
    for conversation in sorted((c for c in conversations if c.waiting), key=lambda each: each.times[-1]):
        waiting.setdefault(conversation.person.email, conversation)
    queue = list(waiting.values())
    result = []
    for conversation in (*queue[: ANSWERING * 2 // 3], *queue[-(ANSWERING - ANSWERING * 2 // 3) :]):
        person = conversation.person
        details = _details(rng, person, conversation.order, conversation.agent)
        texts = load(person.language)["answers"]["mail"]
        for turn in range(2 if rng.random() < 0.25 else 1):
            text = pen.write(texts, details, wrap="{}\n\n{name}" if turn == 0 and rng.random() < 0.7 else "{}")
            result.append(
                ScriptedAnswer("mail", person.email, round(rng.uniform(20, 90), 1), text, name=person.name, language=person.language)
            )
    return result
