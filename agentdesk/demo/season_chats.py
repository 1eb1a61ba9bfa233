"""The chats of the season, and what comes in newly while one works."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any

from agentdesk.demo import season_orders
from agentdesk.demo.season_files import PICTURES, parcel_picture
from agentdesk.demo.season_orders import DemoOrder
from agentdesk.demo.season_people import Person, elsewhere
from agentdesk.demo.season_text import Pen, details_of, load
from agentdesk.demo.season_types import Attachment, ChatLine, ScriptedAnswer, SeasonChat

_Planned = list[tuple[dict[str, Any], Person, DemoOrder | None]]


def chats_and_arrivals(
    rng: Random, pen: Pen, crowd: Mapping[str, list[Person]], orders: list[DemoOrder], now: datetime
) -> tuple[Callable[[], tuple[SeasonChat, ...]], Callable[[], tuple[ScriptedAnswer, ...]]]:
    """Makes the orders these are about (into `orders`); the words are written later, when orders have their numbers."""
    writing = {order.person.email for order in orders} | elsewhere()
    # Those who have not written yet come first: who chats is nobody who waits for a mail.
    free = {language: [p for p in persons if p.email not in writing] for language, persons in crowd.items()}
    rest = {language: [p for p in persons if p.email not in elsewhere()] for language, persons in crowd.items()}

    def plan(entries: list[dict[str, Any]]) -> _Planned:
        planned: _Planned = []
        for entry in entries:
            language = entry["language"]
            person = free[language].pop() if free[language] else rng.choice(rest[language])
            order = None
            if "state" in entry:
                written = now - timedelta(minutes=entry.get("ago", 0) + 10)
                settled = entry.get("status") == "resolved" or entry["state"] == "cancelled"
                order = season_orders.make(
                    rng, person, entry["state"], written, now, item=entry.get("item", ""), settled=settled
                )
                orders.append(order)
            planned.append((entry, person, order))
        return planned

    chats = plan(load("chats")["chat"])
    new_chats = plan(load("chats")["arrival"])
    new_mails = plan(load("arrivals")["mail"])

    def write_chats() -> tuple[SeasonChat, ...]:
        return tuple(_chat(rng, pen, entry, person, order, now) for entry, person, order in chats)

    def write_arrivals() -> tuple[ScriptedAnswer, ...]:
        result = []
        for entry, person, _ in chats:
            if entry["status"] == "open" and not entry.get("anonymous"):
                result += _chat_answers(rng, pen, person)
        for entry, person, order in new_mails:
            text = pen.fill(entry["text"], details_of(rng, person, order, "Anna"))
            subject = pen.fill(entry["subject"], details_of(rng, person, order, "Anna"))
            files: tuple[Attachment, ...] = ()
            if entry.get("photo"):
                files = (Attachment("IMG_4471.png", "image/png", parcel_picture(rng.randrange(PICTURES))),)
            result.append(
                ScriptedAnswer(
                    "new-mail", person.email, entry["after"], text, subject, person.name, person.language, files
                )
            )
            answer = pen.write(load(person.language)["answers"]["mail"], details_of(rng, person, order, "Anna"))
            result.append(
                ScriptedAnswer(
                    "mail",
                    person.email,
                    round(rng.uniform(20, 90), 1),
                    answer,
                    name=person.name,
                    language=person.language,
                )
            )
        for entry, person, order in new_chats:
            text = pen.fill(entry["text"], details_of(rng, person, order, "Anna"))
            result.append(
                ScriptedAnswer(
                    "new-chat", person.email, entry["after"], text, name=person.name, language=person.language
                )
            )
            result += _chat_answers(rng, pen, person)
        return tuple(result)

    return write_chats, write_arrivals


def _chat(
    rng: Random, pen: Pen, entry: Mapping[str, Any], person: Person, order: DemoOrder | None, now: datetime
) -> SeasonChat:
    end = now - timedelta(minutes=entry["ago"], seconds=rng.randint(0, 20))
    at = end - timedelta(seconds=sum(pause for _, pause, _ in entry["lines"]))
    details = details_of(rng, person, order, "Anna")
    lines = []
    for direction, pause, text in entry["lines"]:
        at += timedelta(seconds=pause)
        lines.append(ChatLine(at, direction, pen.fill(text, details)))
    anonymous = entry.get("anonymous", False)
    return SeasonChat(
        person.first if anonymous else person.name,
        "" if anonymous else person.email,
        person.language, tuple(lines), entry["status"],
    )  # fmt: skip


def _chat_answers(rng: Random, pen: Pen, person: Person) -> list[ScriptedAnswer]:
    texts = load(person.language)["answers"]["chat"]
    return [
        ScriptedAnswer(
            "chat",
            person.email,
            round(rng.uniform(4, 15), 1),
            pen.write(texts, {}),
            name=person.name,
            language=person.language,
        )
        for _ in range(2)
    ]
