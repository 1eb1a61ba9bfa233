"""`agentdesk reply`: a reply into the outbox, under the rules of the composer."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from agentdesk.cli.opening import open_desk
from agentdesk.cli.output import block, line, shown_time, talk, write_json
from agentdesk.cli.verbs import moment, text_or_stdin
from agentdesk.config import MailChannelConfig
from agentdesk.desk import Desk
from agentdesk.desk.checking import words
from agentdesk.desk.facts import Draft
from agentdesk.domain.clean import clean
from agentdesk.domain.slips import Slip
from agentdesk.errors import Refused, UsageError
from agentdesk.locale import say


def reply(arguments: Namespace) -> int:
    if arguments.at and arguments.wait:
        raise UsageError(say("cli.at_and_wait"))
    with open_desk(arguments) as desk:
        row = desk.queue.find(arguments.id)
        draft = desk.writing.draft(row)
        if draft.text.strip():
            # An agent has begun to write here. A script must neither overwrite that nor send it.
            raise Refused(say("cli.draft_begun"))
        draft = _written(desk, draft, row, arguments)
        at = moment(arguments.at, datetime.now(desk.config.timezone)) if arguments.at else None
        stops = desk.writing.check(draft)
        found = () if stops or arguments.anyway else desk.writing.slips(draft, at)
        problems = stops or tuple(map(words, found))
        if arguments.json and (problems or arguments.dry_run):
            write_json({"problem": {"text": "\n".join(problems), "found": [_shown(slip) for slip in found]} if problems else None})
        if arguments.dry_run:
            for problem in problems:
                talk(problem)
            if not arguments.json:
                _print(desk, draft)
            return 1 if problems else 0
        if problems:
            raise Refused("\n".join((*problems, say("cli.anyway_hint")) if found else problems))
        outbox_id = desk.writing.send(draft, now=arguments.now, at=at, anyway=arguments.anyway)
        if arguments.json:
            write_json({"outbox": outbox_id})
        if at is not None:
            talk(say("cli.goes_out", at=shown_time(at, desk.config.timezone)))
            return 0
        if arguments.wait:
            from agentdesk.cli.waiting import send_and_wait  # noqa: PLC0415 - starting an engine is the exception

            return send_and_wait(desk, outbox_id)
        talk(say("cli.reply_queued"))
        return 0


def _written(desk: Desk, draft: Draft, row: int, arguments: Namespace) -> Draft:
    """The draft with its text: given, or a snippet filled for this conversation.

    Raises:
        UsageError: the text is empty.
        Refused: a value of the snippet is missing, or it may not be used here and now.
    """
    if arguments.snippet is None:
        text = clean(text_or_stdin(arguments.text)).strip("\n")
        if not text.strip():
            raise UsageError(say("cli.empty_text"))
        return replace(draft, text=text)
    filled = desk.answers.fill(arguments.snippet, row, arguments.language, assignments(arguments.set))
    if filled.missing or filled.ask:
        names = [missing.name for missing in filled.missing] + [f"ask.{ask.name}" for ask in filled.ask]
        words = [say("cli.missing_values", names=", ".join(dict.fromkeys(names)))]
        panel = desk.reading.panel(row)
        if panel.unproven and not panel.vouched:
            words.append(say("proof.unproven", who=", ".join(panel.unproven)))
        raise Refused(" ".join(words))
    desk.answers.inserted(draft, filled)
    return replace(draft, text=filled.text, subject=draft.subject or filled.subject)


def assignments(words: Sequence[str]) -> dict[str, str]:
    """`--set days=3` as {"days": "3"}.

    Raises:
        UsageError: a word without `=`.
    """
    result = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name.strip():
            raise UsageError(say("cli.not_assignment", text=word))
        result[name.strip().removeprefix("ask.")] = clean(value)
    return result


def _shown(slip: Slip) -> dict[str, str | int]:
    return {"kind": slip.kind, "text": words(slip), "what": slip.what, "start": slip.start, "end": slip.end}


def _print(desk: Desk, draft: Draft) -> None:
    """The reply as it would leave: a mail with its headers, a chat message as its text."""
    channel = desk.config.channel(draft.channel)
    if not isinstance(channel, MailChannelConfig):
        block(draft.text)
        return
    from email import message_from_bytes, policy  # noqa: PLC0415 - only a dry run needs it

    from agentdesk.mail.compose import compose  # noqa: PLC0415 - see above

    outgoing = desk.writing.outgoing(draft)
    message = message_from_bytes(compose(outgoing), policy=policy.default)
    for name, value in message.items():
        line(f"{name}: {value}")
    line()
    block(outgoing.text)
