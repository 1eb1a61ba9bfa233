"""An SMTP server whose answers are changed: nothing counts as accepted that was not, and nothing that may have been taken is sent again.

What counts is what really went over the line. The server writes down, for each message that came whole, which bytes it answered.
"""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from agentdesk.channels.base import Attempt, Outcome
from agentdesk.channels.smtp import SmtpSender, SmtpTimeouts
from agentdesk.config import MailChannelConfig, Secret, ServerUrl
from agentdesk.domain.message import Address, Outgoing
from agentdesk.errors import DeskError
from faults.figures import Figure
from faults.fuzz import _threads_watched, _where
from faults.links import Over
from faults.sink import Sink, SmtpTalk

SHORT = SmtpTimeouts(connect=5, command=0.6, content=1, answer=0.6, goodbye=0.05)
ANSWERS = (
    b"250 ok\r\n", b"250-ok\r\n250 ok\r\n", b"250-first\r\n550 second\r\n", b"550 no\r\n", b"450 later\r\n", b"354 go on\r\n", b"250\r\n", b"251 elsewhere\r\n", b"\r\n",
    b"221 bye\r\n", b"421 closing\r\n", b"2500 ok\r\n", b"25 ok\r\n", b"250ok\r\n", b" 250 ok\r\n", b"250 ok", b"250-ok\r\n", b"ok\r\n", b"* OK\r\n", b"\0\0\0\r\n", b"150 wait\r\n",
    b"650 odd\r\n", b"000 nothing\r\n", b"550 no\r\n250 ok\r\n", b"250 ok\r\n550 no\r\n", b"-1\r\n", b"\xff\xfe\r\n", b"", b"334 dGVsbA==\r\n", b"x" * 9000 + b"\r\n", b"250-x\r\n" * 300,
)  # fmt: skip
CLEAR = re.compile(rb"(?:250-[^\n]*\n)*250(?: [^\n]*|\r)?\n")


class Liar(Sink):
    """Answers as the number of the dialogue has it."""

    def __init__(self) -> None:
        super().__init__()
        self.draw = random.Random(0)
        self.spoken: list[tuple[str, bytes]] = []
        """Step and what was said there, in order."""
        self.chance = 0.2

    def answer(self, step: str, text: bytes, talk: SmtpTalk) -> bytes:
        said = self._instead(text, talk) if self.draw.random() < (0.6 if step == "dot" else self.chance) else text
        self.spoken.append((step, said))
        return said

    def _instead(self, text: bytes, talk: SmtpTalk) -> bytes:
        match self.draw.randrange(6):
            case 0:
                raise Over
            case 1:
                cut = text[: self.draw.randrange(len(text))]
                self.spoken.append(("cut", cut))
                talk.link.send(cut)
                raise Over
            case 2:
                at = self.draw.randrange(len(text))
                return text[:at] + bytes([self.draw.randrange(256)]) + text[at + 1 :]
            case 3:
                return text + self.draw.choice(ANSWERS)  # an answer too many
            case _:
                return self.draw.choice(ANSWERS)


def _dialogue(sink: Liar, number: int, figure: Figure, lock: threading.Lock) -> None:
    draw = sink.draw = random.Random(number)
    sink.spoken.clear()
    sink.messages.clear()
    sink.chance = draw.choice((0.0, 0.05, 0.2))
    sender = SmtpSender(
        MailChannelConfig(
            "support", "support@casaverde.example", "support", ServerUrl("imap", "127.0.0.1", 1), ServerUrl("smtp", "127.0.0.1", sink.port), Secret("literal")
        ),
        "secret", timeouts=SHORT,
    )  # fmt: skip
    to = tuple(Address("", f"one{n}@post.example") for n in range(draw.randrange(1, 4)))
    outgoing = Outgoing(
        message_id=f"<{number}@casaverde.example>", sender=Address("Anna", "support@casaverde.example"), to=to, cc=(), bcc=(), subject="Order",
        text="Dear customer,\n.\n..\nit arrives." + "x" * draw.choice((0, 0, 50_000)), date=datetime(2026, 11, 20, tzinfo=UTC),
    )  # fmt: skip
    faults: list[str] = []
    try:
        attempt = sender.send(outgoing, "")
    except DeskError:
        attempt = Attempt(Outcome.DEFERRED)
    except Exception as error:  # noqa: BLE001 - what else it may be is what is looked for
        faults.append(f"{error!r} at {_where(error)}")
        attempt = Attempt(Outcome.UNKNOWN)
    faults += _wrong(sink, attempt)
    with lock:
        figure.rounds += 1
        figure.notes[attempt.outcome.value] = int(str(figure.notes.get(attempt.outcome.value, 0))) + 1
        figure.failures += [f"dialogue {number}: {fault}; it was said {sink.spoken[-4:]!r}" for fault in faults]


def _wrong(sink: Liar, attempt: Attempt) -> list[str]:
    """What the outcome does not agree with in what really happened."""
    whole = len(sink.messages)
    if whole > 1:
        return [f"it was handed over {whole} times in one attempt"]
    after = b"".join(said for step, said in sink.spoken if step == "dot")
    if attempt.outcome is Outcome.ACCEPTED and not (whole and CLEAR.match(after)):
        return [f"accepted without a clear 250 after the dot ({after[:60]!r})"]
    if attempt.outcome is Outcome.DEFERRED and whole and not re.match(rb"(?:4\d\d-[^\r\n]*\r\n)*4\d\d", after):
        return [f"it came whole, was not put off ({after[:60]!r}), and would be sent again"]
    if attempt.outcome is Outcome.REJECTED and whole and not re.match(rb"(?:5\d\d-[^\r\n]*\r\n)*5\d\d", after):
        return [f"it came whole, was not refused ({after[:60]!r}), and counts as refused"]
    return []


def dialogues(rounds: int, *, at_once: int = 16, seed: int = 1, tell: Callable[[str], None] = lambda _: None) -> Figure:
    """So many attempts at sending, some at once."""
    figure = Figure("SMTP dialogues with a server that says anything")
    lock = threading.Lock()

    def some(numbers: range) -> None:
        with Liar() as sink:
            for number in numbers:
                _dialogue(sink, number, figure, lock)
                if figure.rounds % 2000 == 0:
                    tell(f"{figure.name}: {figure.rounds} of {rounds}, {len(figure.failures)} failures")
            failures = list(sink.failures)
        with lock:
            figure.failures += [f"the server itself failed: {one!r}" for one in failures]

    with _threads_watched(figure), ThreadPoolExecutor(at_once) as pool:
        list(pool.map(some, [range(seed + part, seed + rounds, at_once) for part in range(at_once)]))
    return figure.done()
