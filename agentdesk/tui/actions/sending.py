"""Sending, and what became of what was sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from agentdesk.desk.checking import words
from agentdesk.desk.facts import Draft
from agentdesk.domain import when
from agentdesk.domain.conversation import MessageState
from agentdesk.errors import Refused
from agentdesk.locale import say
from agentdesk.tui import times
from agentdesk.tui.actions.registry import does
from agentdesk.tui.actions.verbs import ask_moment
from agentdesk.tui.screens.desk import DeskScreen, Sent
from agentdesk.tui.widgets.composer import OPEN_PLACE
from agentdesk.tui.widgets.sheet import Choice


def stopped(screen: DeskScreen, again: Callable[[], None], at: datetime | None = None) -> bool:
    """Say what stops the draft from being sent, and go there. `again`: what the agent wanted, for when they say "all the same"."""
    composer = screen.composer
    draft = composer.take()
    assert draft is not None
    problems = list(screen.desk.writing.check(draft))
    if not problems:
        return not screen.doubts.cleared(draft) and doubted(screen, draft, again, at)
    screen.save_draft()
    screen.tell(problems[0], "bad")
    if OPEN_PLACE.search(f"{draft.text}\n{draft.subject}"):
        composer.to_open_place()
    elif not (draft.to or draft.cc or draft.bcc) and screen.is_mail(draft.channel):
        composer.fields.display = draft.kind != "note"
        composer.fields.at = 0
        screen.set_focus(composer.fields)
    else:
        screen.set_focus(composer.box)
    return True


def doubted(screen: DeskScreen, draft: Draft, again: Callable[[], None], at: datetime | None) -> bool:
    """Say what is wrong with the text, show where, and with which key it goes out all the same."""
    slips = screen.desk.writing.slips(draft, at)
    at_slip = screen.doubts.raised(draft, again, len(slips))
    if not slips:
        return False
    screen.save_draft()
    slip = slips[at_slip]
    if screen.doubts.unseen:
        key = screen.desk_app.key_of("send")
        screen.tell(say("check.next", n=at_slip + 1, total=len(slips), words=words(slip), key=key), "bad")
    else:
        screen.tell(say("check.how", words=words(slip), key=screen.desk_app.key_of("send.anyway")), "bad")
    screen.set_focus(screen.composer.box)
    if slip.end:
        screen.composer.select(slip.start, slip.end)
    return True


@does("send.anyway")
def send_anyway(screen: DeskScreen, count: int, argument: str) -> None:
    """What the check found is no fault here. It holds for this reply alone: one that was changed is looked at again, and nothing is
    waved through unseen: where more was found, the next is shown."""
    draft = screen.composer.take()
    if draft is None:
        return
    again = screen.doubts.clear(draft)
    if again is None:
        screen.tell(say("check.nothing", key=screen.desk_app.key_of("send")))
        return
    again()


def send(screen: DeskScreen, then: str, until: datetime | None = None, at: datetime | None = None) -> None:
    """`then`, `until`: what the conversation becomes; `at`: not now but then."""
    composer = screen.composer
    draft = composer.take()
    if draft is None:
        return
    if draft.kind == "note":
        if not draft.text.strip():
            screen.tell(say("screen.note_empty"), "bad")
            return
        words = screen.desk.work.note([draft.conversation], draft.text, draft.cursor)
        if draft.id:
            screen.desk.writing.discard(draft.id)
        composer.shut()
        screen.go_to_pane("middle")
        screen.done(words)
        return
    if stopped(screen, lambda: send(screen, then, until, at), at):
        return
    who = ", ".join(a.name or a.address for a in draft.to) or (screen.row.customer_name if screen.row else "")
    conversation = draft.conversation
    try:
        outbox_id = screen.desk.writing.send(draft, then, until, at=at, anyway=screen.doubts.cleared(draft))
    except Refused as error:
        screen.tell(str(error), "bad")
        return
    screen.last_sent = Sent(outbox_id, conversation)
    composer.shut()
    screen.desk_app.wake()
    entry = next((e for e in screen.desk.writing.outbox() if e.id == outbox_id), None)
    hold = entry.hold_until if entry is not None and entry.state is MessageState.HELD else None
    # Who wrote to the warehouse, or to somebody new, was about something else and goes back to that.
    after(screen, conversation if draft.kind == "reply" else screen.current, stay=then == "open" or draft.kind != "reply")
    words = say("screen.sent_to", who=who) if at is None else say("screen.goes_to", who=who, at=times.until(at, screen.now()))
    screen.told(words, until=hold)


def after(screen: DeskScreen, sent: int, *, stay: bool) -> None:
    """Open the next: the most urgent that nobody has, else the next of the list."""
    screen.queue.changed()
    screen.load_list(show=True, keep=sent if stay else 0)
    screen.refresh_lines()
    if stay:
        screen.renew_conversation()
        screen.go_to_pane("middle" if screen.current else "queue")
        return
    following = screen.desk.queue.next_urgent(sent)
    if following and following != sent:
        screen.open(following)
        screen.desk.work.claim([following])
        if screen.last_sent is not None:
            screen.last_sent.took_next = True
        screen.queue.changed([following])
        screen.renew_conversation()
        screen.refresh_lines()
        return
    screen.show_conversation(screen.queue.current)
    screen.go_to_pane("middle" if screen.current else "queue")


@does("send")
def send_plain(screen: DeskScreen, count: int, argument: str) -> None:
    send(screen, "waiting")


@does("send.close")
def send_close(screen: DeskScreen, count: int, argument: str) -> None:
    send(screen, "closed")


@does("send.keep")
def send_keep(screen: DeskScreen, count: int, argument: str) -> None:
    send(screen, "open")


@does("send.snooze")
def send_snooze(screen: DeskScreen, count: int, argument: str) -> None:
    if argument:
        at = when.parse(argument, screen.now())
        if at is None:
            screen.tell(say("screen.no_moment", text=argument), "bad")
        else:
            send(screen, "snoozed", at)
        return
    draft = screen.composer.draft
    if draft is None or (draft.kind != "note" and stopped(screen, lambda: send_snooze(screen, 0, ""))):
        return

    def chosen(at: datetime) -> None:
        screen.set_focus(screen.composer.box)
        send(screen, "snoozed", at)

    ask_moment(screen, say("commands.send_snooze"), chosen)


@does("send.later")
def send_later(screen: DeskScreen, count: int, argument: str) -> None:
    """At a moment to come: one of the usual ones, the next opening, or one in words."""
    if argument:
        at = when.parse(argument, screen.now())
        if at is None:
            screen.tell(say("screen.no_moment", text=argument), "bad")
        else:
            send(screen, "waiting", at=at)
        return
    draft = screen.composer.draft
    if draft is None:
        return
    if draft.kind == "note":
        screen.tell(say("screen.note_not_later"), "bad")
        return
    if stopped(screen, lambda: send_later(screen, 0, "")):
        return

    def chosen(at: datetime) -> None:
        screen.set_focus(screen.composer.box)
        send(screen, "waiting", at=at)

    ask_moment(screen, say("commands.send_later"), chosen, first=opening(screen))


def opening(screen: DeskScreen) -> tuple[Choice, ...]:
    """The next time the desk opens, to choose from."""
    at = screen.desk.writing.next_opening()
    return () if at is None else (Choice(say("screen.at_opening"), times.until(at, screen.now()), at),)
