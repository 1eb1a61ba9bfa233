"""Who writes to the embedded shop about what, when, and how far it has come: conversations, still without a word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from agentdesk.demo import season_orders
from agentdesk.demo.season_mime import PROGRAMS, Letter
from agentdesk.demo.season_orders import DemoOrder, State
from agentdesk.demo.season_people import LANGUAGES, Person
from agentdesk.demo.season_text import Opening, openings

PEOPLE = {"it": 99, "en": 54, "de": 37, "fr": 30}
CONVERSATIONS = {"it": 131, "en": 71, "de": 48, "fr": 37}
ORDERS = 330
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
OURS = frozenset({"reply", "second", "close"})

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
_BRIEF = frozenset({"thanks", "coupon", "wholesale"})
"""Thanks need no more than an answer; in the others ours asks for something that a short "thank you" does not give."""
_CALM = frozenset({"product", "gift"})
_WITH_INFO = frozenset({"wismo-delivered", "size", "damaged"})
TRIED = frozenset({"address-late"})
"""Where the customer can say "I have tried that, it does not work"."""


@dataclass(slots=True)
class Conversation:
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
        return self.steps[-1] not in OURS and self.steps[-1] != "thanks"

    @property
    def kind(self) -> str:
        return "where-is-my-order" if self.opening.topic.startswith("wismo") else self.opening.topic


def plan(rng: Random, crowd: Mapping[str, list[Person]], now: datetime) -> list[Conversation]:
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
            end = ends.pop() if waiting else now - spread(rng, timedelta(hours=3), SPAN - timedelta(days=2))
            phone = opening.style == "phone"
            program = rng.choice(("apple", "apple", "android", "gmail")) if phone else rng.choice(PROGRAMS)
            agent = rng.choice(("Anna", "Anna", "Luca"))
            conversation = Conversation(person, opening, kind, _times(rng, kind, opening.topic, end), agent, program)
            conversation.order = _order_of(rng, conversation, now)
            result.append(conversation)
    return result


class _Deck:
    """The letters of a language: of those that fit, the one used least comes next."""

    def __init__(self, rng: Random, letters: Sequence[Opening]) -> None:
        self._letters = list(letters)
        rng.shuffle(self._letters)
        self._used: Counter[str] = Counter()

    def draw(self, steps: tuple[Step, ...]) -> Opening:
        fitting = [letter for letter in self._letters if _fits(letter, steps)]
        chosen = min(fitting, key=lambda letter: self._used[letter.key])
        self._used[chosen.key] += 1
        return chosen


def _fits(opening: Opening, steps: tuple[Step, ...]) -> bool:
    if opening.topic in _BRIEF or (opening.topic == "invoice" and opening.reply):
        return len(steps) == 1 or steps == ("open", "reply") or ("chase" in steps and opening.topic != "thanks")
    if "info" in steps:
        return opening.topic in _WITH_INFO
    if "ok" in steps and opening.topic == "damaged":
        return False  # our answer asks what they want: "thanks" is no answer to that
    if opening.topic in _CALM:
        return "bad" not in steps
    return True


def _ends(rng: Random, now: datetime, count: int) -> list[datetime]:
    """When the customers who still wait wrote last: some minutes ago, most within two days, a few long ago."""
    ages = [timedelta(minutes=rng.uniform(1.5, 75)) for _ in range(count // 8)]
    ages += [spread(rng, timedelta(hours=1.2), timedelta(hours=20)) for _ in range(count // 3)]
    ages += [spread(rng, timedelta(hours=20), timedelta(days=2.6)) for _ in range(count // 3)]
    ages += [spread(rng, timedelta(days=2.6), timedelta(days=6)) for _ in range(count - len(ages))]
    rng.shuffle(ages)
    return [now - age if age < timedelta(hours=2) else _awake(rng, now - age) for age in ages]


def spread(rng: Random, low: timedelta, high: timedelta) -> timedelta:
    return timedelta(seconds=round(rng.uniform(low.total_seconds(), high.total_seconds())))


def _times(rng: Random, steps: tuple[Step, ...], topic: str, end: datetime) -> list[datetime]:
    """When each message came, from the last back to the first."""
    times = [_at_work(rng, end) if steps[-1] in OURS else end]
    for step, following in zip(reversed(steps[:-1]), reversed(steps[1:]), strict=True):
        low, high = _GAPS.get(following, (0.05, 1.3))
        if following == "bad":
            low, high = _PATIENCE.get(topic, (low, high))
        before = times[-1] - timedelta(days=rng.uniform(low, high))
        times.append(_at_work(rng, before) if step in OURS else _awake(rng, before))
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

_PATIENCE: Mapping[str, tuple[float, float]] = {
    "wismo-shipped": (2.7, 4),
    "wismo-processing": (4, 5.2),
    "wismo-late": (3, 5),
    "size": (4, 6),
    "damaged": (2, 2.6),
    "refund": (7, 9),
}
"""Days until "it did not work" makes sense: our answers name these times."""


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


def _order_of(rng: Random, conversation: Conversation, now: datetime) -> DemoOrder | None:
    opening = conversation.opening
    state = opening.state or _STATES.get(opening.topic)
    if state is None:
        return None
    settled = not conversation.waiting
    return season_orders.make(
        rng, conversation.person, state, conversation.times[0], now, item=opening.item, settled=settled
    )


def fill_up(rng: Random, crowd: Mapping[str, list[Person]], orders: list[DemoOrder], now: datetime) -> None:
    """Orders nobody writes about: first of those who have none, then earlier ones of anybody."""
    everybody = [person for language in LANGUAGES for person in crowd[language]]
    buyers = {order.person.email for order in orders}
    for person in everybody:
        if person.email not in buyers:
            state: State = rng.choice(("processing", "shipped", "delivered", "delivered", "delivered"))
            orders.append(
                season_orders.make(rng, person, state, now - spread(rng, timedelta(hours=1), timedelta(days=6)), now)
            )
    while len(orders) < ORDERS:
        earlier = now - spread(rng, timedelta(days=8), SPAN)
        orders.append(season_orders.make(rng, rng.choice(everybody), "delivered", earlier, now))
