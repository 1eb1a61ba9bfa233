"""The loop and the verbs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from agentdesk.commands import Where
from agentdesk.domain import when
from agentdesk.domain.conversation import Priority
from agentdesk.locale import say
from agentdesk.tui import times
from agentdesk.tui.actions.registry import does
from agentdesk.tui.screens.desk import DeskScreen
from agentdesk.tui.sheets.macros import MacroPicker
from agentdesk.tui.sheets.pick import Options
from agentdesk.tui.widgets.panel import language_name, order_status
from agentdesk.tui.widgets.sheet import Choice


def take(screen: DeskScreen, row: int | None, nothing: str) -> None:
    """Open a conversation and claim it."""
    if not row:
        screen.tell(say(nothing))
        return
    screen.open(row)
    screen.last_sent = None
    words = screen.desk.work.claim([row])
    screen.queue.changed([row])
    screen.renew_conversation()
    screen.refresh_lines()
    screen.desk_app.wake()
    screen.told(words)


@does("next.urgent")
def next_urgent(screen: DeskScreen, count: int, argument: str) -> None:
    take(screen, screen.desk.queue.next_urgent(), "screen.nothing_urgent")


@does("next.chat")
def next_chat(screen: DeskScreen, count: int, argument: str) -> None:
    take(screen, screen.desk.queue.next_chat(), "screen.no_chat_waits")


@does("undo")
def undo(screen: DeskScreen, count: int, argument: str) -> None:
    thrown_away, screen.desk_app.thrown_away = screen.desk_app.thrown_away, None
    if thrown_away is not None:
        screen.desk.writing.restore(thrown_away)
        if thrown_away.conversation and thrown_away.conversation != screen.current:
            screen.show_conversation(thrown_away.conversation)
        screen.composer.open(thrown_away)
        screen.tell(say("screen.is_draft_again"))
        return
    sent, screen.last_sent = screen.last_sent, None
    if sent is not None and any(e.id == sent.outbox_id and not e.can_be_taken_back for e in screen.desk.writing.outbox()):
        # Taking back the rest of it, the next conversation's claim say, would be half an undo.
        screen.tell(say("screen.too_late"), "bad")
        return
    if sent is not None and sent.took_next:
        screen.desk.work.undo()
    step = screen.desk.work.undoable()
    rows = step.rows if step is not None else ()
    words = screen.desk.work.undo()
    if words is None:
        screen.tell(say("screen.nothing_to_undo"))
        return
    screen.desk_app.wake()
    screen.queue.changed()
    if sent is not None and all(entry.id != sent.outbox_id for entry in screen.desk.writing.outbox()):
        # The reply is a draft again: back to where it was written.
        screen.load_list(show=True)
        screen.reader.current = 0
        screen.open(sent.conversation)
        if screen.composer.draft is not None:
            screen.set_focus(screen.composer.box)
    else:
        bring_back(screen, rows)
    screen.refresh_lines()
    screen.told(words)


def bring_back(screen: DeskScreen, rows: Sequence[int]) -> None:
    """Show what undo was about, also where the list had gone on from it."""
    screen.load_list(show=True, keep=rows[0] if rows else 0)
    if rows and screen.current not in rows and screen.where() is not Where.COMPOSER:
        screen.show_conversation(rows[0])
    else:
        screen.renew_conversation()
        if screen.composer.draft is None and screen.current in rows and (draft := screen.saved_draft(screen.current)):
            screen.composer.open(draft, to=screen.answered(draft))  # a note that was taken back


def act(screen: DeskScreen, verb: Callable[[Sequence[int]], str], *, leaves: bool = False) -> None:
    """Carry out a verb on what it is meant for."""
    rows = screen.targets()
    if not rows:
        screen.tell(say("screen.no_conversation"))
        return
    words = verb(rows)
    screen.done(words, gone=rows if leaves else ())


@does("claim")
def claim(screen: DeskScreen, count: int, argument: str) -> None:
    act(screen, screen.desk.work.claim)


@does("release")
def release(screen: DeskScreen, count: int, argument: str) -> None:
    act(screen, lambda rows: screen.desk.work.assign(rows, ""))


@does("close")
def close(screen: DeskScreen, count: int, argument: str) -> None:
    act(screen, screen.desk.work.close, leaves=True)


@does("reopen")
def reopen(screen: DeskScreen, count: int, argument: str) -> None:
    act(screen, screen.desk.work.reopen)


@does("wait")
def wait(screen: DeskScreen, count: int, argument: str) -> None:
    act(screen, screen.desk.work.wait, leaves=True)


@does("spam")
def spam(screen: DeskScreen, count: int, argument: str) -> None:
    rows = screen.targets()
    known = screen.desk.queue.rows(rows[:1])
    act(screen, lambda rows: screen.desk.work.spam(rows, not (known and known[0].spam)), leaves=True)


@does("assign")
def assign(screen: DeskScreen, count: int, argument: str) -> None:
    if argument:
        act(screen, lambda rows: screen.desk.work.assign(rows, "" if argument == "-" else argument))
        return
    config = screen.desk.config
    people = [Choice(config.agent_name, say("screen.yourself"), config.agent_email)]
    people += [Choice(m.name, m.role, m.email) for m in config.members if m.email.lower() != config.agent_email.lower()]
    people.append(Choice(say("screen.nobody"), "", "", role="mute"))
    rows = screen.targets()
    ask(screen, say("commands.assign"), people, rows, lambda c: screen.desk.work.assign(rows, str(c.value)))


def ask(
    screen: DeskScreen,
    title: str,
    choices: Sequence[Choice],
    rows: Sequence[int],
    verb: Callable[[Choice], str],
    *,
    other: Callable[[str], Choice | None] | None = None,
    placeholder: str = "",
    leaves: bool = False,
) -> None:
    """Let the agent choose, then carry out the verb."""
    if not rows:
        screen.tell(say("screen.no_conversation"))
        return

    def chosen(choice: Choice) -> None:
        screen.close_sheet()
        screen.done(verb(choice), gone=rows if leaves else ())

    count = say("screen.marked", n=len(rows)) if len(rows) > 1 else ""
    title = f"{title} · {count}" if count else title
    screen.choose_from(Options(title, choices, chosen, other=other, placeholder=placeholder, share=0.5))


@does("tag")
def tag(screen: DeskScreen, count: int, argument: str) -> None:
    if argument:
        words = argument.replace(",", " ").split()
        add, remove = [w for w in words if not w.startswith("-")], [w[1:] for w in words if w.startswith("-") and w[1:]]
        act(screen, lambda rows: screen.desk.work.tag(rows, add, remove))
        return
    rows = screen.targets()
    known = screen.desk.queue.rows(rows)
    on = sorted({t for row in known for t in row.tags})
    seen = _tags_in_sight(screen)
    choices = [Choice("-" + t, say("screen.remove"), "-" + t, role="mute") for t in on]
    choices += [Choice(t, "", t) for t in seen if t not in on]

    def verb(choice: Choice) -> str:
        word = str(choice.value)
        if word.startswith("-"):
            return screen.desk.work.tag(rows, [], [word[1:]])
        return screen.desk.work.tag(rows, word.replace(",", " ").split(), [])

    def other(typed: str) -> Choice | None:
        return None if typed.strip() in {*seen, *(f"-{t}" for t in on)} else Choice(typed.strip(), say("screen.new_tag"), typed.strip())

    ask(screen, say("commands.tag"), choices, rows, verb, other=other, placeholder=say("screen.tag_placeholder"))


def _tags_in_sight(screen: DeskScreen) -> list[str]:
    """Tags of the rows around the cursor, the commonest first: enough to choose from without reading the whole desk."""
    ids = screen.queue.ids[max(0, screen.queue.cursor - 100) : screen.queue.cursor + 100].tolist()
    counted: dict[str, int] = {}
    for row in screen.desk.queue.rows(ids):
        for word in row.tags:
            counted[word] = counted.get(word, 0) + 1
    return sorted(counted, key=lambda word: (-counted[word], word))


def moments(now: datetime) -> list[Choice]:
    """The usual moments to come."""
    morning = now.replace(hour=9, minute=0, second=0, microsecond=0)
    hour = (now + timedelta(hours=1)).replace(second=0, microsecond=0)
    evening = now.replace(hour=18, minute=0, second=0, microsecond=0)
    monday = morning + timedelta(days=7 - now.weekday())
    options = [("screen.in_an_hour", hour), ("screen.in_three_hours", hour + timedelta(hours=2))]
    if evening > now:
        options.append(("screen.this_evening", evening))
    options.append(("screen.tomorrow_morning", morning + timedelta(days=1)))
    if monday.date() != (now + timedelta(days=1)).date():
        options.append(("screen.next_monday", monday))
    options.append(("screen.in_a_week", morning + timedelta(days=7)))
    return [Choice(say(key), times.until(at, now), at) for key, at in options]


def ask_moment(screen: DeskScreen, title: str, then: Callable[[datetime], None], *, first: Sequence[Choice] = ()) -> None:
    """One of the usual moments (`first` before them), or one in words."""

    def other(typed: str) -> Choice | None:
        at = when.parse(typed, screen.now())
        return Choice(typed.strip(), times.until(at, screen.now()), at) if at else None

    def chosen(choice: Choice) -> None:
        screen.close_sheet()
        then(choice.value)

    sheet = Options(
        title, [*first, *moments(screen.now())], chosen, other=other, placeholder=say("screen.moment_placeholder"), share=0.5,
        nothing=say("screen.no_such_moment"),
    )
    screen.choose_from(sheet)


@does("snooze")
def snooze(screen: DeskScreen, count: int, argument: str) -> None:
    rows = screen.targets()
    if not rows:
        screen.tell(say("screen.no_conversation"))
        return

    def until(at: datetime) -> None:
        screen.done(screen.desk.work.snooze(rows, at), gone=rows)

    if argument:
        at = when.parse(argument, screen.now())
        if at is None:
            screen.tell(say("screen.no_moment", text=argument), "bad")
        else:
            until(at)
        return
    ask_moment(screen, say("commands.snooze"), until)


@does("priority")
def priority(screen: DeskScreen, count: int, argument: str) -> None:
    words = {say(f"screen.priority_{p.value}"): p for p in reversed(Priority)}
    if argument:
        wanted = argument.strip().casefold()
        found = next((p for word, p in words.items() if wanted in {word.casefold(), p.value}), None)
        if found is None:
            screen.tell(say("screen.no_priority", known=", ".join(words)), "bad")
        else:
            act(screen, lambda rows: screen.desk.work.priority(rows, found))
        return
    rows = screen.targets()
    choices = [Choice(word, "", p, role="warm" if p is Priority.URGENT else "text") for word, p in words.items()]
    ask(screen, say("commands.priority"), choices, rows, lambda c: screen.desk.work.priority(rows, c.value))


@does("macro")
def macro(screen: DeskScreen, count: int, argument: str) -> None:
    """Run actions without a text, after a look at what they would do."""
    rows = screen.targets()
    if not rows:
        screen.tell(say("screen.no_conversation"))
        return

    def run(name: str) -> None:
        words = screen.desk.macros.run(name, rows)
        screen.close_sheet()
        screen.done(words, gone=rows)

    if argument:
        run(argument.strip())
        return
    screen.choose_from(
        MacroPicker(screen.desk.answers, screen.desk.macros, rows, screen.desk_app.roles, run=run, left=screen.close_sheet)
    )


@does("order.choose")
def choose_order(screen: DeskScreen, count: int, argument: str) -> None:
    row = next(iter(screen.targets()), 0)
    facts = screen.facts
    if not row or facts is None:
        screen.tell(say("screen.no_conversation"))
        return
    if argument:
        screen.done(screen.desk.work.choose_order(row, "" if argument == "-" else argument.lstrip("#")))
        return
    now = screen.now()
    choices = []
    for order in facts.orders:
        parts = [order_status(order.status)]
        parts += [times.day(order.placed_at, now)] if order.placed_at else []
        parts += [times.money(order.total, order.currency)] if order.total is not None else []
        items = ", ".join(item.name for item in order.items[:2])
        title = f"#{order.number.lstrip('#')}  {items}"
        chosen = facts.about is not None and facts.about.number == order.number
        choices.append(Choice(title, " · ".join(parts), order.number, role="accent" if chosen else "text"))
    choices.append(Choice(say("screen.no_order"), "", "", role="mute"))
    ask(screen, say("screen.about_which_order"), choices, [row], lambda c: screen.desk.work.choose_order(row, str(c.value)))


@does("language.choose")
def choose_language(screen: DeskScreen, count: int, argument: str) -> None:
    rows: list[int] = screen.targets()[:1]
    if argument and rows:
        screen.done(screen.desk.work.language(rows[0], argument.strip().lower()))
        return
    languages = [Choice(language_name(code), code, code) for code in ("it", "en", "de", "fr", "es", "nl")]

    def other(typed: str) -> Choice | None:
        code = typed.strip().lower()
        return Choice(code, "", code) if len(code) == 2 and code.isalpha() else None

    ask(screen, say("commands.language_choose_help"), languages, rows, lambda c: screen.desk.work.language(rows[0], str(c.value)), other=other)
