"""The season of the embedded shop: what lies in its mailbox, its chat and its order file in the weeks before Christmas.

`generate` is deterministic: the same seed and the same time give the same bytes. It makes people, then conversations (who
writes about what, when, and how far it has come), then the orders they are about, and at last the words: the letters are
written by hand in `letters/*.toml`, four languages, and vary by choices and by the details of each order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from agentdesk.demo import season_orders, season_plan, shop
from agentdesk.demo.season_chats import chats_and_arrivals
from agentdesk.demo.season_files import PICTURES, invoice_pdf, parcel_picture
from agentdesk.demo.season_mime import Letter, answer_subject, message_id, write
from agentdesk.demo.season_orders import DemoOrder
from agentdesk.demo.season_people import elsewhere, people
from agentdesk.demo.season_plan import OURS, TRIED, Conversation, Step
from agentdesk.demo.season_text import Pen, details_of, load
from agentdesk.demo.season_types import Attachment, Folder, ScriptedAnswer, Season, SeasonMail

ANSWERING = 40
"""So many customers have an answer ready for what the agent will write."""


def generate(seed: int, now: datetime) -> Season:
    """The whole season, ending at `now` (which carries its zone)."""
    rng = Random(seed)  # noqa: S311 - invents letters, guards nothing
    now = now.astimezone(ZoneInfo(shop.TIMEZONE)).replace(microsecond=0)
    crowd = people(rng, season_plan.PEOPLE)
    conversations = season_plan.plan(rng, crowd, now)
    orders = [conversation.order for conversation in conversations if conversation.order is not None]
    pen = Pen(rng)
    chats, arrivals = chats_and_arrivals(rng, pen, crowd, orders, now)
    season_plan.fill_up(rng, crowd, orders, now)
    season_orders.number(rng, orders)
    mails: list[SeasonMail] = []
    for conversation in sorted(conversations, key=lambda each: each.times[0]):
        mails.extend(_written(rng, pen, conversation, now))
    mails.extend(_strays(rng, pen, orders, now))
    mails.sort(key=lambda mail: mail.received)
    rows = [row for order in sorted(orders, key=lambda order: int(order.number)) for row in order.rows()]
    answers = (*_answers(rng, pen, conversations), *arrivals())
    return Season(tuple(mails), chats(), tuple(rows), answers)


# What they write.


def _written(rng: Random, pen: Pen, conversation: Conversation, now: datetime) -> list[SeasonMail]:
    person, opening = conversation.person, conversation.opening
    details = details_of(rng, person, conversation.order, conversation.agent)
    us, them = (shop.NAME, shop.SUPPORT), (person.name, person.email)
    subject = pen.fill(opening.subject, details)
    archived = not conversation.waiting and now - conversation.times[-1] > timedelta(days=9) and rng.random() < 0.6
    archived = archived or conversation.steps[-1] == "thanks"
    previous: Letter | None = None
    result = []
    for place, (step, at) in enumerate(zip(conversation.steps, conversation.times, strict=True)):
        ours = step in OURS
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
        if step == "chase" and rng.random() < 0.5:
            # Written anew, not as an answer: no headers join it to the first mail.
            letter = replace(letter, answers=None, subject=subject)
        last = place == len(conversation.steps) - 1
        folder: Folder = "Sent" if ours else "Archive" if archived else "INBOX"
        seen = ours or not (conversation.waiting and last) or rng.random() < 0.25
        number = conversation.order.number if conversation.order else ""
        result.append(
            SeasonMail(
                write(letter, rng), folder, seen, at + timedelta(seconds=rng.randint(1, 9)), conversation.kind, number
            )
        )
        conversation.letters.append(letter)
        previous = letter
    return result


def _words(pen: Pen, conversation: Conversation, place: int, details: Mapping[str, str]) -> str:
    step, opening = conversation.steps[place], conversation.opening
    source = load(conversation.person.language)
    if step == "open":
        return pen.write([opening.text], details)
    if step in OURS:
        if step == "reply":
            texts = [opening.reply] if opening.reply else source["reply"][opening.topic]
        elif step == "close":
            texts = source["closing"]["texts"]
        else:
            texts = source["second"].get(_second(conversation, place)) or source["second"]["default"]
        agent = source["agent"]
        return pen.write(
            texts,
            details,
            wrap=f"{pen.fill(_one(agent['hello'], place), details)}\n\n{{}}\n\n{_one(agent['bye'], len(details['name']))}",
        )
    if step in ("ok", "info", "bad"):
        follow = source["follow"]
        texts = follow.get(opening.topic, {}).get(step)
        if texts is None:
            general = follow["default"][step]
            texts = (
                general
                if step != "bad"
                else [general[1]]
                if opening.topic in TRIED
                else [general[2]]
                if opening.topic == "complaint"
                else [general[0], general[2]]
            )
        return pen.write(texts, details)
    if step == "thanks":
        return pen.write(source["thanks"]["texts"], details)
    chase = source["chase"]
    about_order = [text for text in chase["after"] if "{order}" not in text or "order" in details]
    return pen.write(chase["texts"] if step == "chase" else about_order + chase["texts"][:1], details)


def _second(conversation: Conversation, place: int) -> str:
    """Which of our second answers fits what the customer has just said."""
    topic = conversation.opening.topic
    if topic == "damaged" and conversation.steps[place - 1] == "bad":
        return "damaged-bad"
    return "wismo-late" if topic == "complaint" and conversation.opening.state == "late" else topic


def _one(texts: Sequence[str], which: int) -> str:
    return texts[which % len(texts)]


def _files(rng: Random, conversation: Conversation, step: Step, details: Mapping[str, str]) -> tuple[Attachment, ...]:
    if step == "open" and conversation.opening.photo:
        return (picture(rng),)
    if step == "info" and conversation.opening.topic == "damaged" and rng.random() < 0.7:
        return (picture(rng),)
    if step in ("reply", "second") and conversation.opening.topic == "invoice" and not conversation.opening.reply:
        return (invoice(details),)
    return ()


def picture(rng: Random) -> Attachment:
    """A picture as a telephone names it."""
    name = rng.choice(
        (
            f"IMG_{rng.randint(1000, 9999)}.png",
            f"foto_{rng.randint(1, 40)}.png",
            "image0.png",
            "Schäden am Päckchen è così.png",
        )
    )
    return Attachment(name, "image/png", parcel_picture(rng.randrange(PICTURES)))


def invoice(details: Mapping[str, str]) -> Attachment:
    lines = [
        shop.NAME,
        f"{details['order']}  {details['placed']}",
        details["name"],
        details["item_name"],
        details["total"],
    ]
    return Attachment(f"{shop.NAME.replace(' ', '')}-{details['order']}.pdf", "application/pdf", invoice_pdf(lines))


def _strays(rng: Random, pen: Pen, orders: Sequence[DemoOrder], now: datetime) -> list[SeasonMail]:
    """What stands outside every conversation: strangers, look-alikes, machines, advertising."""
    result = []
    open_orders = [order for order in orders if order.status in ("processing", "shipped")]
    script = elsewhere()
    for stray in load("strays")["stray"]:
        language, kind = stray["language"], stray["kind"]
        fitting = [
            order for order in open_orders if order.person.language == language and order.person.email not in script
        ]
        order = rng.choice(fitting)
        who = stray["from"]
        details = details_of(rng, order.person, order, "Anna")
        if who == "customer":
            sender = (order.person.name, order.person.email)
        elif who == "look-alike":
            local, _, domain = order.person.email.partition("@")
            sender = (order.person.name, f"{local}@{domain.replace('.', '-mail.', 1)}")
        else:
            sender = (who[0], who[1])
        own = kind in ("stranger", "look-alike", "unverified", "security")
        at = now - timedelta(hours=stray["ago_hours"], seconds=rng.randint(5, 900))
        program = (
            "page"
            if stray.get("html")
            else "plain"
            if stray.get("folder")
            else rng.choice(("gmail", "apple", "thunderbird"))
        )
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


def _answers(rng: Random, pen: Pen, conversations: Sequence[Conversation]) -> list[ScriptedAnswer]:
    """Answers of those who have waited longest, whom the agent meets first, and of those who wrote last."""
    waiting: dict[str, Conversation] = {}
    for conversation in sorted((c for c in conversations if c.waiting), key=lambda each: each.times[-1]):
        waiting.setdefault(conversation.person.email, conversation)
    queue = list(waiting.values())
    result = []
    for conversation in (*queue[: ANSWERING * 2 // 3], *queue[-(ANSWERING - ANSWERING * 2 // 3) :]):
        person = conversation.person
        details = details_of(rng, person, conversation.order, conversation.agent)
        texts = load(person.language)["answers"]["mail"]
        for turn in range(2 if rng.random() < 0.25 else 1):
            text = pen.write(texts, details, wrap="{}\n\n{name}" if turn == 0 and rng.random() < 0.7 else "{}")
            result.append(
                ScriptedAnswer(
                    "mail",
                    person.email,
                    round(rng.uniform(20, 90), 1),
                    text,
                    name=person.name,
                    language=person.language,
                )
            )
    return result
