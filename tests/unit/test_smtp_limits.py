"""What counts as "slower, please": words of real servers."""

from __future__ import annotations

import pytest

from agentdesk.channels.smtp_limits import LONG, SHORT, for_now, pause_for
from agentdesk.channels.smtp_line import Reply

LIMITS = {
    "421 4.7.0 Try again later, closing connection. (MAIL) abc - gsmtp": SHORT,
    "421 4.7.28 Gmail has detected an unusual rate of mail originating from your IP address": SHORT,
    "450 4.7.1 Error: too many messages from this client": SHORT,
    "452 4.7.0 sending rate limit exceeded, please slow down": SHORT,
    "451 4.7.500 Server busy. Please try again later: messages limit exceeded": SHORT,
    "454 4.7.0 Too many login attempts, please try again later.": SHORT,
    "432 4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending for more information.": SHORT,
    "421 4.4.2 server shutting down": SHORT,
    "450 4.2.1 Daily user sending quota exceeded": LONG,
    "550 5.4.5 Daily user sending limit exceeded. For more information on Gmail sending limits go to ...": LONG,
    "550 5.4.5 Daily SMTP relay limit exceeded for user.": LONG,
    "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed to process message": LONG,
    "550 5.1.90 Your message can't be sent because you've reached your daily limit for message recipients": LONG,
    "550 5.7.705 Access denied, tenant has exceeded threshold": LONG,
}
NO_LIMITS = (
    "250 ok", "354 go", "550 5.1.1 no such user", "554 5.7.1 spam: too many links", "552 5.3.4 message too big", "451 4.3.0 try later",
    "550 5.7.1 sender rejected: daily digest refused", "450 4.2.0 Recipient address rejected: Greylisted", "535 5.7.8 wrong password",
    "554 5.2.0 mailbox disabled",
)  # fmt: skip
OF_RECIPIENTS = (
    "450 4.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages from being delivered",
    "452 4.2.2 The email account that you tried to reach is over quota", "451 4.7.1 Greylisting in action, please come back later",
    "452 4.5.3 Too many recipients", "450 4.7.0 try again",
)  # fmt: skip


def reply(words: str) -> Reply:
    return Reply(int(words[:3]), words[4:])


@pytest.mark.parametrize(("words", "pause"), LIMITS.items())
def test_limits_of_the_sender(words: str, pause: float) -> None:
    assert pause_for(reply(words)) == pause
    assert for_now(reply(words)), "it is tried again, also where it was said with 5xx"


@pytest.mark.parametrize("words", NO_LIMITS)
def test_what_is_no_limit(words: str) -> None:
    assert pause_for(reply(words)) == 0


@pytest.mark.parametrize("words", OF_RECIPIENTS)
def test_what_is_one_recipients_business(words: str) -> None:
    assert pause_for(reply(words), of_recipient=True) == 0
    assert for_now(reply(words))


def test_a_limit_told_with_a_recipient_is_a_limit_all_the_same() -> None:
    assert pause_for(reply("450 4.7.1 <a@b>: Recipient address rejected: rate limit exceeded"), of_recipient=True) == SHORT
    assert pause_for(reply("550 5.4.5 Daily sending quota exceeded"), of_recipient=True) == LONG
