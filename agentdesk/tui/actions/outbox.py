"""The outbox: what is on its way, and what the agent can do about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from agentdesk.desk.facts import OutboxFact
from agentdesk.desk.outgoing import notices
from agentdesk.domain.conversation import MessageState as S
from agentdesk.errors import DeskError
from agentdesk.locale import say
from agentdesk.tui import times
from agentdesk.tui.actions.registry import does
from agentdesk.tui.actions.sending import opening
from agentdesk.tui.actions.verbs import ask_moment
from agentdesk.tui.actions.writing import begin
from agentdesk.tui.layout import Piece, wrap
from agentdesk.tui.screens.desk import DeskScreen
from agentdesk.tui.sheets.pick import Options
from agentdesk.tui.widgets.sheet import Choice


def state_words(entry: OutboxFact, now: datetime) -> str:
    """Its state in a word or two, with the time that matters."""
    if entry.doubtful:
        return say("screen.state_unknown")
    if entry.look:
        return say("screen.state_refused")
    if entry.state is S.ACCEPTED and entry.file_detail:
        return say("screen.state_not_filed")
    words = say(f"screen.state_{entry.state.value}")
    if entry.state is S.HELD and entry.hold_until:
        words += f" {max(0, round((entry.hold_until - now).total_seconds()))} s"
    elif entry.state is S.SCHEDULED and entry.hold_until:
        words = times.until(entry.hold_until, now)
    elif entry.waiting:
        words += " · " + say("screen.state_rest")
    return words


class Outbox(Options):
    """Each reply with its state in words; enter says what can be done."""

    topics = frozenset({"outbox", "channel", "link", "all"})

    def __init__(self, screen: DeskScreen) -> None:
        self._screen = screen
        super().__init__(say("commands.outbox"), (), self._open, share=1.0, wide=True)

    def choices(self, query: str) -> Sequence[Choice]:
        self._options = self._entries()
        return super().choices(query)

    def _entries(self) -> list[Choice]:
        now = self._screen.now()
        entries = sorted(self._screen.desk.writing.outbox(), key=_order)
        choices = []
        for entry in entries:
            who = ", ".join(a.name or a.address for a in entry.to)
            role = "bad" if entry.needs_agent else "mute" if entry.state is S.FILED and not entry.waiting else "text"
            title = f"{times.clock(entry.created_at, now)}  {who or entry.channel} · {entry.subject}"
            choices.append(Choice(title, state_words(entry, now), entry, role=role))
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
        style = roles.bad if entry.needs_agent else roles.mute
        said = [] if entry.state in {S.ACCEPTED, S.FILED} and notices(entry) else [say(f"screen.outbox_{entry.state.value}")]
        said += [*notices(entry), *entry.rest_detail]
        lines: list[list[Piece]] = [[(text, style)] for one in said for text in wrap(one, width)]
        if entry.detail and entry.detail not in said and not (entry.state in {S.ACCEPTED, S.FILED} and notices(entry)):
            lines += [[(text, style)] for text in wrap(entry.detail, width)]
        lines += [[(text, roles.mute)] for text in self._time(entry)]
        if entry.waits:
            lines += [[(text, roles.warm)] for text in wrap(say(f"usage.waits_{entry.waits}", channel=entry.channel), width)]
        for new in entry.newer:
            lines += [[], [(f"{new.sender.name or new.sender.address}  {times.clock(new.at, self._screen.now())}", roles.strong)]]
            lines += [[(text, roles.text)] for text in wrap(new.text, width)]
        lines.append([])
        if entry.newer:
            lines.append([(say("usage.your_reply"), roles.strong)])
        lines += [[(text, roles.text)] for text in wrap(entry.text, width)]
        return lines

    def _time(self, entry: OutboxFact) -> list[str]:
        now = self._screen.now()
        if entry.state is S.SCHEDULED and entry.hold_until is not None:
            return [say("screen.goes_at", at=times.until(entry.hold_until, now))]
        if entry.next_try_at is None or not (entry.state is S.QUEUED or entry.waiting or entry.file_detail):
            return []
        at = times.until(max(entry.next_try_at, now), now)
        if entry.state is S.QUEUED and entry.attempts:
            return [say("screen.next_try", at=at, n=entry.attempts)]
        return [say("screen.next_try_plain", at=at)]

    def _open(self, choice: Choice) -> None:
        screen, entry = self._screen, choice.value
        actions = outbox_actions(entry)

        def chosen(choice: Choice) -> None:
            screen.close_sheet()
            act_on_outbox(screen, entry, str(choice.value))

        screen.choose_from(Options(choice.title, actions, chosen, share=0.4, wide=True))


def _order(entry: OutboxFact) -> tuple[int, float]:
    """What needs the agent first, then what is on its way, then what is for later by its time."""
    if entry.needs_agent:
        return 0, -entry.created_at.timestamp()
    if entry.state is S.SCHEDULED and entry.hold_until is not None:
        return 2, entry.hold_until.timestamp()
    return (3 if entry.state is S.FILED else 1), -entry.created_at.timestamp()


def outbox_actions(entry: OutboxFact) -> list[Choice]:
    """What can be done about a reply in its state."""
    names: list[str] = []
    if entry.state is S.UNKNOWN:
        names = ["mark", "again", "back"]
    elif entry.state in {S.CONFLICT, S.REJECTED}:
        names = ["edit", "anyway"] + (["later"] if entry.state is S.CONFLICT else [])
    elif entry.state is S.SCHEDULED:
        names = ["edit", "retime", "now"]
    elif entry.can_be_taken_back:
        names = ["edit", "now", "later"]
    elif entry.state in {S.ACCEPTED, S.FILED}:
        if entry.doubtful:
            names += ["mark_rest", "again_rest"]
        if entry.refused and entry.look:
            names += ["write_again"] + ([] if entry.doubtful else ["try_again"])
        if entry.waiting:
            names += ["now_rest"]
        if entry.look or entry.waiting:
            names += ["leave"]
        if entry.file_detail:
            names += ["file", "keep"]
    names.append("open")
    return [Choice(say(f"screen.outbox_do_{name}"), "", name) for name in names]


def act_on_outbox(screen: DeskScreen, entry: OutboxFact, what: str) -> None:
    try:
        if what in {"later", "retime"}:
            ask_moment(screen, say(f"screen.outbox_do_{what}"), lambda at: _at(screen, entry, at), first=opening(screen))
            return
        _act(screen, entry, what)
    except DeskError as error:
        screen.tell(str(error), "bad")
    _show(screen)


def _at(screen: DeskScreen, entry: OutboxFact, at: datetime) -> None:
    try:
        screen.desk.writing.reschedule(entry.id, at)
        screen.tell(say("screen.goes_at", at=times.until(at, screen.now())))
    except DeskError as error:
        screen.tell(str(error), "bad")
    _show(screen)


def _show(screen: DeskScreen) -> None:
    screen.desk_app.wake()
    screen.renew_conversation()
    screen.refresh_lines()
    screen.show_keys()


def _act(screen: DeskScreen, entry: OutboxFact, what: str) -> None:
    writing = screen.desk.writing
    simple: dict[str, tuple[Callable[[int], object], str]] = {
        "anyway": (writing.send_anyway, "screen.queued_again"), "again": (writing.send_anyway, "screen.queued_again"),
        "again_rest": (writing.send_anyway, "screen.queued_again"), "try_again": (writing.send_anyway, "screen.queued_again"),
        "mark": (writing.mark_sent, "screen.marked_sent"), "mark_rest": (writing.mark_sent, "screen.marked_sent"),
        "now": (writing.send_now, "screen.tried_now"), "now_rest": (writing.send_now, "screen.tried_now"), "file": (writing.file_now, "screen.tried_now"),
        "keep": (writing.keep_here, "screen.kept_here"), "leave": (writing.leave, "screen.left_so"),
    }  # fmt: skip
    if what in simple:
        do, words = simple[what]
        do(entry.id)
        screen.tell(say(words))
    elif what in {"edit", "back"}:
        row = writing.cancel(entry.id)
        if row is None:
            screen.tell(say("screen.too_late"), "bad")
            return
        screen.reader.current = 0
        screen.open(row)
        if screen.composer.draft is not None:
            screen.set_focus(screen.composer.box)
        screen.tell(say("screen.is_draft_again"))
    elif what == "write_again":
        draft = writing.write_again(entry.id)
        screen.open(draft.conversation)
        begin(screen, draft, fields=True)
        screen.set_focus(screen.composer.fields)
        screen.tell(say("screen.put_address_right"))
    elif entry.conversation:
        screen.open(entry.conversation)


@does("outbox")
def outbox(screen: DeskScreen, count: int, argument: str) -> None:
    screen.save_draft()
    screen.choose_from(Outbox(screen))
