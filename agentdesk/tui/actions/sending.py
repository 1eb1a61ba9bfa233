"""Sending, and what became of what was sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from agentdesk.desk.facts import OutboxFact
from agentdesk.domain import when
from agentdesk.domain.conversation import MessageState
from agentdesk.errors import DeskError
from agentdesk.locale import say
from agentdesk.tui import times
from agentdesk.tui.actions.registry import does
from agentdesk.tui.actions.verbs import ask_moment
from agentdesk.tui.layout import Piece, wrap
from agentdesk.tui.screens.desk import DeskScreen, Sent
from agentdesk.tui.sheets.pick import Options
from agentdesk.tui.widgets.composer import OPEN_PLACE
from agentdesk.tui.widgets.sheet import Choice

TROUBLE = frozenset({MessageState.UNKNOWN, MessageState.CONFLICT, MessageState.REJECTED})


def stopped(screen: DeskScreen) -> bool:
    """Say what stops the draft from being sent, and go there."""
    composer = screen.composer
    draft = composer.take()
    assert draft is not None
    problems = list(screen.desk.writing.check(draft))
    if not problems:
        return False
    screen.save_draft()
    screen.tell(problems[0], "bad")
    if OPEN_PLACE.search(draft.text):
        composer.to_open_place()
    elif not (draft.to or draft.cc or draft.bcc) and screen.is_mail(draft.channel):
        composer.fields.display = draft.kind != "note"
        composer.fields.at = 0
        screen.set_focus(composer.fields)
    else:
        screen.set_focus(composer.box)
    return True


def send(screen: DeskScreen, then: str, until: datetime | None = None) -> None:
    composer = screen.composer
    draft = composer.take()
    if draft is None:
        return
    if draft.kind == "note":
        if not draft.text.strip():
            screen.tell(say("screen.note_empty"), "bad")
            return
        words = screen.desk.work.note([draft.conversation], draft.text)
        if draft.id:
            screen.desk.writing.discard(draft.id)
        composer.shut()
        screen.go_to_pane("middle")
        screen.done(words)
        return
    if stopped(screen):
        return
    who = ", ".join(a.name or a.address for a in draft.to) or (screen.row.customer_name if screen.row else "")
    conversation = draft.conversation
    outbox_id = screen.desk.writing.send(draft, then, until)
    screen.last_sent = Sent(outbox_id, conversation)
    composer.shut()
    screen.desk_app.wake()
    entry = next((e for e in screen.desk.writing.outbox() if e.id == outbox_id), None)
    hold = entry.hold_until if entry is not None and entry.state is MessageState.HELD else None
    # Who wrote to the warehouse, or to somebody new, was about something else and goes back to that.
    after(screen, conversation if draft.kind == "reply" else screen.current, stay=then == "open" or draft.kind != "reply")
    screen.told(say("screen.sent_to", who=who), until=hold)


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
    if draft is None or (draft.kind != "note" and stopped(screen)):
        return

    def chosen(at: datetime) -> None:
        screen.set_focus(screen.composer.box)
        send(screen, "snoozed", at)

    ask_moment(screen, say("commands.send_snooze"), chosen)


# -- the outbox ----------------------------------------------------------------------------------------------------


class Outbox(Options):
    """Each reply with its state in words; enter says what can be done."""

    topics = frozenset({"outbox", "all"})

    def __init__(self, screen: DeskScreen) -> None:
        self._screen = screen
        super().__init__(say("commands.outbox"), (), self._open, share=1.0, wide=True)

    def choices(self, query: str) -> Sequence[Choice]:
        self._options = self._entries()
        return super().choices(query)

    def _entries(self) -> list[Choice]:
        now = self._screen.now()
        entries = sorted(self._screen.desk.writing.outbox(), key=lambda e: (e.state not in TROUBLE, -e.created_at.timestamp()))
        choices = []
        for entry in entries:
            who = ", ".join(a.name or a.address for a in entry.to)
            words = say(f"screen.state_{entry.state.value}")
            if entry.state is MessageState.HELD and entry.hold_until:
                words += f" {max(0, round((entry.hold_until - now).total_seconds()))} s"
            role = "bad" if entry.state in TROUBLE else "mute" if entry.state is MessageState.FILED else "text"
            title = f"{times.clock(entry.created_at, now)}  {who or entry.channel} · {entry.subject}"
            choices.append(Choice(title, words, entry, role=role))
        return choices

    def previews(self) -> bool:
        return True

    def preview_title(self) -> str:
        return ""

    def preview(self, choice: Choice | None, query: str, width: int) -> list[list[Piece]]:
        roles = self._screen.desk_app.roles
        if choice is None:
            return [[(say("screen.outbox_empty"), roles.mute)]]
        entry: OutboxFact = choice.value
        style = roles.bad if entry.state in TROUBLE else roles.mute
        lines: list[list[Piece]] = [[(text, style)] for text in wrap(say(f"screen.outbox_{entry.state.value}"), width)]
        if entry.detail:
            lines += [[(text, style)] for text in wrap(entry.detail, width)]
        if entry.next_try_at is not None and entry.state is MessageState.QUEUED:
            lines.append([(say("screen.next_try", at=times.until(entry.next_try_at, self._screen.now()), n=entry.attempts), roles.mute)])
        lines.append([])
        lines += [[(text, roles.text)] for text in wrap(entry.text, width)]
        return lines

    def _open(self, choice: Choice) -> None:
        screen, entry = self._screen, choice.value
        actions = outbox_actions(entry)

        def chosen(choice: Choice) -> None:
            screen.close_sheet()
            act_on_outbox(screen, entry, str(choice.value))

        screen.choose_from(Options(choice.title, actions, chosen, share=0.4, wide=True))


def outbox_actions(entry: OutboxFact) -> list[Choice]:
    """What can be done about a reply in its state."""
    names = []
    if entry.can_be_taken_back:
        names.append("edit")
    if entry.state in TROUBLE:
        names.append("anyway")
    if entry.state is MessageState.UNKNOWN:
        names = ["mark", "anyway"]
    names.append("open")
    return [Choice(say(f"screen.outbox_do_{name}"), "", name) for name in names]


def act_on_outbox(screen: DeskScreen, entry: OutboxFact, what: str) -> None:
    try:
        if what == "edit":
            row = screen.desk.writing.cancel(entry.id)
            if row is None:
                screen.tell(say("screen.too_late"), "bad")
                return
            screen.current = 0
            screen.open(row)
            if screen.composer.draft is not None:
                screen.set_focus(screen.composer.box)
            screen.tell(say("screen.is_draft_again"))
        elif what == "anyway":
            screen.desk.writing.send_anyway(entry.id)
            screen.tell(say("screen.queued_again"))
        elif what == "mark":
            screen.desk.writing.mark_sent(entry.id)
            screen.tell(say("screen.marked_sent"))
        elif entry.conversation:
            screen.open(entry.conversation)
    except DeskError as error:
        screen.tell(str(error), "bad")
    screen.desk_app.wake()
    screen.renew_conversation()
    screen.refresh_lines()
    screen.show_keys()


@does("outbox")
def outbox(screen: DeskScreen, count: int, argument: str) -> None:
    screen.save_draft()
    screen.choose_from(Outbox(screen))
