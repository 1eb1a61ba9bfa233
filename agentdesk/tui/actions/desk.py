"""The desk as a whole: lists, questions, channels, colours, quitting."""

from __future__ import annotations

from collections.abc import Sequence

from agentdesk.domain.conversation import MessageState
from agentdesk.locale import say
from agentdesk.tui import notices, theme, times
from agentdesk.tui.actions.registry import does
from agentdesk.tui.layout import wrap
from agentdesk.tui.line import figures
from agentdesk.tui.screens.desk import DeskScreen
from agentdesk.tui.sheets.pick import Options, Prompt
from agentdesk.tui.widgets.sheet import Choice, Sheet

UNDER_WAY = frozenset({
    MessageState.HELD, MessageState.QUEUED, MessageState.FENCED, MessageState.SENDING,
})  # fmt: skip


@does("picker.down")
def picker_down(screen: DeskScreen, count: int, argument: str) -> None:
    if screen.queue.searching:
        screen.queue.move(1)
    else:
        screen.sheet.move(1)


@does("picker.up")
def picker_up(screen: DeskScreen, count: int, argument: str) -> None:
    if screen.queue.searching:
        screen.queue.move(-1)
    else:
        screen.sheet.move(-1)


@does("picker.page-down")
def picker_page_down(screen: DeskScreen, count: int, argument: str) -> None:
    if screen.queue.searching:
        screen.queue.page(1)
    else:
        screen.sheet.page(1)


@does("picker.page-up")
def picker_page_up(screen: DeskScreen, count: int, argument: str) -> None:
    if screen.queue.searching:
        screen.queue.page(-1)
    else:
        screen.sheet.page(-1)


@does("picker.choose")
def picker_choose(screen: DeskScreen, count: int, argument: str) -> None:
    if screen.queue.searching:
        screen.end_search(keep=True)
        screen.follow()
        return
    sheet = screen.sheet.sheet
    if sheet is not None:
        sheet.choose(screen.sheet.current, screen.sheet.entry.text)


@does("picker.turn")
def picker_turn(screen: DeskScreen, count: int, argument: str) -> None:
    sheet = screen.sheet.sheet
    if sheet is not None and not screen.queue.searching:
        typed = sheet.turn(screen.sheet.current, screen.sheet.entry.text)
        if typed is not None:
            screen.sheet.entry.set(typed)
        screen.sheet.search(keep=typed is None)


@does("picker.leave")
def picker_leave(screen: DeskScreen, count: int, argument: str) -> None:
    if screen.queue.searching:
        screen.end_search(keep=False)
        return
    sheet = screen.sheet.sheet
    screen.close_sheet()
    if sheet is not None:
        sheet.leave()


@does("questions")
def questions(screen: DeskScreen, count: int, argument: str) -> None:
    """What a server wants to know, one after the other."""
    waiting = screen.desk.reading.questions()
    if not waiting:
        screen.tell(say("screen.no_questions"))
        return
    question = waiting[0]

    def given(text: str) -> None:
        screen.close_sheet()
        engine = screen.desk_app.engine
        if engine is None:
            screen.tell(say("screen.no_engine"), "bad")
        elif question.kind == "login":
            screen.desk_app.sign_in(question.channel)
        elif text:
            # Down the pipe, never into the store.
            engine.secret(question.channel, text)
            screen.tell(say("screen.answered"))

    title = question.channel or say("commands.questions")
    secret = question.kind == "password"
    words = question.text if question.kind != "login" else f"{question.text}\n\n{say('screen.sign_in_here')}"
    screen.choose_from(Prompt(title, given, secret=secret, words=words, roles=screen.desk_app.roles))


class Channels(Sheet):
    """Each channel with its state, what it moved, and what is wrong with it."""

    share, wide, typed = 1.0, True, False
    topics = frozenset({"channel", "progress", "traffic", "all"})

    def __init__(self, screen: DeskScreen) -> None:
        self._screen = screen
        self.title = say("commands.channels")

    def choices(self, query: str) -> Sequence[Choice]:
        now = self._screen.now()
        choices: list[Choice] = []
        for channel in self._screen.desk.reading.channels():
            state = say(f"screen.channel_{channel.state}")
            if channel.total > channel.done:
                state += f" {times.number(channel.done)}/{times.number(channel.total)}"
            reached = say("screen.reached", at=times.ago(channel.reached_at, now)) if channel.reached_at else ""
            moved = f"↓{times.size(channel.bytes_in)} ↑{times.size(channel.bytes_out)} · " + say("screen.round_trips", n=channel.round_trips)
            spared = say("usage.spared_short") if channel.spared else ""
            role = "bad" if channel.state == "refused" else "warm" if channel.state in {"down", "offline"} else "text"
            choices.append(Choice(f"{channel.name} · {state}", " · ".join(p for p in (reached, moved, figures(channel), spared) if p), channel.name, role=role))
            said = [channel.detail]
            if channel.out_detail:
                said.append(say("screen.nothing_out", why=channel.out_detail, at=times.until(max(channel.out_until or now, now), now)))
            choices += [Choice("  " + text, heading=True) for one in said for text in wrap(one, self.width - 4) if text]
        return choices

    def choose(self, choice: Choice | None, query: str) -> None:
        self._screen.close_sheet()


@does("channels")
def channels(screen: DeskScreen, count: int, argument: str) -> None:
    screen.choose_from(Channels(screen))


@does("theme")
def choose_theme(screen: DeskScreen, count: int, argument: str) -> None:
    def use(name: str) -> None:
        screen.desk_app.use_palette(name)

    if argument in theme.NAMES:
        use(argument)
        return

    def chosen(choice: Choice) -> None:
        screen.close_sheet()
        use(str(choice.value))

    here = screen.desk_app.roles.name
    choices = [Choice(say(f"screen.theme_{n}"), "", n, role="accent" if n == here else "text") for n in theme.NAMES]
    screen.choose_from(Options(say("commands.theme"), choices, chosen, share=0.4))


@does("notices")
def choose_notices(screen: DeskScreen, count: int, argument: str) -> None:
    def use(mode: notices.Mode) -> None:
        screen.desk_app.use_notices(mode)
        screen.tell(say(f"notices.chosen_{mode}"))

    if argument in set(notices.Mode):
        use(notices.Mode(argument))
        return

    def chosen(choice: Choice) -> None:
        screen.close_sheet()
        use(choice.value)

    here = screen.desk_app.notices_mode
    choices = [Choice(say(f"notices.{mode}"), "", mode, role="accent" if mode is here else "text") for mode in notices.Mode]
    screen.choose_from(Options(say("commands.notices_help"), choices, chosen, share=0.4))


@does("mouse")
def mouse(screen: DeskScreen, count: int, argument: str) -> None:
    """Off by default: a terminal that reports the mouse sends bytes at every move and can't mark text."""
    app = screen.desk_app
    app.use_mouse(on=not app.mouse_on)
    screen.tell(say("screen.mouse_on" if app.mouse_on else "screen.mouse_off"))


@does("redraw")
def redraw(screen: DeskScreen, count: int, argument: str) -> None:
    """Something else wrote on the terminal."""
    screen.desk_app.redraw()


@does("quit", "quit.now")
def quit_desk(screen: DeskScreen, count: int, argument: str) -> None:
    """Leave; with replies still on their way, ask what becomes of them."""
    screen.save_draft()
    entries = screen.desk.writing.outbox()
    unsent = [entry for entry in entries if entry.state in UNDER_WAY]
    for_later = [entry for entry in entries if entry.state is MessageState.SCHEDULED]
    if not unsent and not for_later:
        screen.desk_app.leave("now")
        return
    choices = [
        Choice(say("screen.quit_wait"), say("screen.quit_wait_why"), "wait"),
        Choice(say("screen.quit_background"), say("screen.quit_background_why"), "background"),
        Choice(say("screen.quit_keep"), say("screen.quit_keep_why"), "keep"),
    ] if unsent else [Choice(say("screen.quit_anyway"), say("screen.quit_anyway_why"), "keep")]
    choices += [Choice(say("screen.quit_stay"), "", "stay", role="mute"), Choice("", heading=True)]
    now = screen.now()
    if for_later:
        needed = say("screen.quit_later", n=len(for_later))
        choices += [Choice(text, heading=True) for text in wrap(needed, max(30, screen.middle.size.width - 4))]
    for entry in (*unsent, *for_later):
        who = ", ".join(a.name or a.address for a in entry.to) or entry.channel
        state = say(f"screen.state_{entry.state.value}")
        if entry.hold_until is not None and entry.state is MessageState.HELD:
            state += f" {max(0, round((entry.hold_until - now).total_seconds()))} s"
        elif entry.hold_until is not None and entry.state is MessageState.SCHEDULED:
            state = times.until(entry.hold_until, now)
        choices.append(Choice(f"{who} · {entry.subject} · {state}", heading=True))

    def chosen(choice: Choice) -> None:
        screen.close_sheet()
        what = str(choice.value)
        if what == "wait":
            screen.desk_app.leave_when_sent()
        elif what != "stay":
            screen.desk_app.leave("background" if what == "background" else "keep")

    title = say("screen.quit_title", n=len(unsent)) if unsent else say("screen.quit_later_title", n=len(for_later))
    screen.choose_from(Options(title, choices, chosen, typed=False, share=1.0, wide=True))
