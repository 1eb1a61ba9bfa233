"""A tiny season for the tests of the embedded shop."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from agentdesk.demo.season_types import (
    Attachment,
    ChatLine,
    ScriptedAnswer,
    Season,
    SeasonChat,
    SeasonMail,
)

NOW = datetime(2025, 12, 15, 10, 30, tzinfo=UTC)
GIULIA, TOM, MIA = "giulia@posta.example", "tom@mail.example", "mia@post.example"


def mail(number: int, sender: str, subject: str, *, folder: str = "INBOX", seen: bool = False) -> SeasonMail:
    message = EmailMessage(policy=SMTP)
    message["From"] = f"Giulia Conti <{sender}>" if sender == GIULIA else sender
    message["To"] = "support@casaverde.example"
    message["Subject"] = subject
    message["Message-ID"] = f"<sample-{number}@posta.example>"
    received = NOW - timedelta(days=10 - number)
    message["Date"] = format_datetime(received)
    message.set_content(f"Messaggio numero {number}: dov'è il mio pacco? È già partito?\n")
    return SeasonMail(message.as_bytes(), folder, seen, received, "where-is-my-order", "10245")  # type: ignore[arg-type]


def season(*, answers: tuple[ScriptedAnswer, ...] | None = None) -> Season:
    chat = SeasonChat(
        "Tom Baker", TOM, "en",
        (ChatLine(NOW - timedelta(minutes=9), "in", "Hi, is the blue one in stock?"),
         ChatLine(NOW - timedelta(minutes=8), "out", "Let me look."),
         ChatLine(NOW - timedelta(minutes=7), "in", "Thanks!")),
        "open",
    )  # fmt: skip
    done = SeasonChat("Mia", MIA, "de", (ChatLine(NOW - timedelta(days=2), "in", "Danke!"),), "resolved")
    order = {"number": "10245", "email": GIULIA, "name": "Giulia Conti", "total": "89.90", "currency": "EUR"}
    return Season(
        mails=(
            mail(3, GIULIA, "Terzo"),
            mail(1, GIULIA, "Primo", seen=True),
            mail(2, "support@casaverde.example", "Re: Primo", folder="Sent", seen=True),
            mail(4, MIA, "Alt", folder="Archive", seen=True),
        ),
        chats=(chat, done),
        orders=(order,),
        answers=(
            ScriptedAnswer("mail", GIULIA, 0.05, "Grazie mille, aspetto allora.", attachments=(
                Attachment("pacco.jpg", "image/jpeg", b"\xff\xd8\xff\x00"),)),
            ScriptedAnswer("chat", TOM, 0.05, "Great, thank you!"),
        )
        if answers is None
        else answers,
    )  # fmt: skip
