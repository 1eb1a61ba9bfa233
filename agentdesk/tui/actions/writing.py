"""Writing: replies, notes, forwards, new conversations, snippets, files."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from agentdesk.commands import Where
from agentdesk.desk.facts import Draft
from agentdesk.locale import say
from agentdesk.tui import times
from agentdesk.tui.actions.registry import does
from agentdesk.tui.ports import Filled
from agentdesk.tui.screens.desk import DeskScreen
from agentdesk.tui.sheets.pick import Options, Prompt
from agentdesk.tui.sheets.snippets import ArticlePicker, AskForm, Picker, value_name
from agentdesk.tui.widgets.panel import language_name
from agentdesk.tui.widgets.sheet import Choice, Sheet


def begin(screen: DeskScreen, draft: Draft, *, fields: bool = False) -> None:
    """Open a draft in the composer and put the keys there."""
    screen.save_draft()
    if not draft.language and draft.kind == "reply" and draft.conversation:
        draft.language = screen.desk.answers.language(draft.conversation)
    fields = fields and screen.is_mail(draft.channel)
    screen.composer.open(draft, fields=fields, to=screen.answered(draft), passed_over=screen.passed_over(draft))
    screen.go_to_pane("middle")
    screen.set_focus(screen.composer.fields if fields and not draft.to else screen.composer.box)
    screen.show_keys()


def target(screen: DeskScreen) -> int:
    rows = screen.targets()
    if not rows:
        screen.tell(say("screen.no_conversation"))
        return 0
    if rows[0] != screen.current:
        screen.show_conversation(rows[0])
    return rows[0]


def start(screen: DeskScreen, kind: str, *, everybody: bool = False) -> bool:
    row = target(screen)
    if not row:
        return False
    screen.fetch_texts()
    begin(screen, screen.desk.writing.draft(row, kind, all=everybody), fields=everybody)
    return True


@does("reply")
def reply(screen: DeskScreen, count: int, argument: str) -> None:
    start(screen, "reply")


@does("reply.all")
def reply_all(screen: DeskScreen, count: int, argument: str) -> None:
    start(screen, "reply", everybody=True)


@does("note")
def note(screen: DeskScreen, count: int, argument: str) -> None:
    if argument:
        rows = screen.targets()
        if rows:
            screen.done(screen.desk.work.note(rows, argument))
        return
    start(screen, "note")


@does("forward")
def forward(screen: DeskScreen, count: int, argument: str) -> None:
    row = target(screen)
    if row:
        begin(screen, screen.desk.writing.forward(row), fields=True)


@does("new")
def new(screen: DeskScreen, count: int, argument: str) -> None:
    begin(screen, screen.desk.writing.new(argument), fields=True)


@does("drafts")
def drafts(screen: DeskScreen, count: int, argument: str) -> None:
    found = screen.desk.writing.drafts()
    choices = []
    for draft in found:
        who = ", ".join(a.name or a.address for a in draft.to) or say(f"screen.draft_{draft.kind}")
        first = draft.text.strip().split("\n")[0]
        choices.append(Choice(f"{who} · {first}" if first else who, draft.subject, draft))

    def chosen(choice: Choice) -> None:
        screen.close_sheet()
        draft: Draft = choice.value
        if draft.conversation:
            screen.open(draft.conversation)
        begin(screen, draft, fields=draft.kind in {"new", "forward"})

    if not choices:
        screen.tell(say("screen.no_drafts"))
        return
    screen.choose_from(Options(say("commands.drafts"), choices, chosen))


@does("composer.leave")
def leave(screen: DeskScreen, count: int, argument: str) -> None:
    """Back to the conversation; an empty draft is not kept."""
    draft = screen.composer.take()
    if draft is not None and not draft.text.strip() and not draft.files:
        if draft.id:
            screen.desk.writing.discard(draft.id)
        screen.composer.shut()
    else:
        screen.save_draft()
    screen.go_to_pane("middle")
    if screen.current:
        screen.queue.changed([screen.current])


@does("composer.fields")
def fields(screen: DeskScreen, count: int, argument: str) -> None:
    """Show recipients and subject, or go back to the text."""
    composer = screen.composer
    if composer.draft is None or composer.draft.kind == "note" or not screen.is_mail(composer.draft.channel):
        screen.tell(say("screen.no_fields"))
        return
    if screen.focused is composer.fields:
        screen.set_focus(composer.box)
        return
    composer.fields.display = True
    screen.set_focus(composer.fields)
    screen.show_keys()


@does("composer.next-field")
def next_field(screen: DeskScreen, count: int, argument: str) -> None:
    composer = screen.composer
    if screen.focused is not composer.fields:
        if composer.fields.display:
            composer.fields.at = 0
            screen.set_focus(composer.fields)
        else:
            fields(screen, 0, "")
        return
    if composer.fields.at < len(composer.fields.entries) - 1:
        composer.fields.press("down", None)
    else:
        composer.take()
        composer.refresh_bar()
        screen.set_focus(composer.box)


@does("composer.open-place")
def open_place(screen: DeskScreen, count: int, argument: str) -> None:
    if not screen.composer.to_open_place():
        screen.tell(say("screen.no_open_place"))


@does("composer.language")
def language(screen: DeskScreen, count: int, argument: str) -> None:
    draft = screen.composer.draft
    if draft is None:
        return

    def take(code: str) -> None:
        screen.composer.take()
        turned = screen.desk.answers.turn(draft, code)
        screen.set_focus(screen.composer.box)
        screen.composer.rewrite(turned.text, turned.values, turned.cursor)
        screen.composer.fields.load(draft)
        screen.composer.edited()
        screen.composer.refresh_bar()
        if turned.stay:
            screen.tell(say("screen.stays_as_it_is", n=len(turned.stay), names=", ".join(turned.stay)), "note")

    if argument:
        take(argument.strip().lower()[:2])
        return

    def chosen(choice: Choice) -> None:
        screen.close_sheet()
        take(str(choice.value))

    choices = [Choice(language_name(code), code, code) for code in screen.desk.answers.languages()]
    screen.choose_from(Options(say("commands.composer_language_help"), choices, chosen, share=0.4))


@does("composer.actions")
def actions(screen: DeskScreen, count: int, argument: str) -> None:
    """What the snippets in this reply do with it; each can be taken away."""
    draft = screen.composer.draft
    if draft is None or not (choices := _actions_of(screen, draft)):
        screen.tell(say("screen.no_actions"))
        return

    def chosen(choice: Choice) -> None:
        key, tag = choice.value
        known = draft.actions[key]
        if tag and isinstance(known, list) and len(known) > 1:
            draft.actions[key] = [each for each in known if each != tag]
        else:
            del draft.actions[key]
        screen.composer.edited()
        screen.composer.refresh_bar()
        left = _actions_of(screen, draft)
        if left:
            screen.choose_from(Options(title, left, chosen, share=0.4, left=screen.close_sheet))
        else:
            screen.close_sheet()
            screen.tell(say("screen.actions_left"))

    title = say("screen.with_send")
    screen.choose_from(Options(title, choices, chosen, share=0.4, left=screen.close_sheet))


def _actions_of(screen: DeskScreen, draft: Draft) -> list[Choice]:
    """One entry for each: what it does, and how it is kept."""
    choices = []
    for key, value in draft.actions.items():
        for tag in value if isinstance(value, list) else [""]:
            words = screen.desk.macros.words({key: [tag] if tag else value})
            choices += [Choice(word, say("screen.remove"), (key, tag)) for word in words]
    return choices


@does("attach")
def attach(screen: DeskScreen, count: int, argument: str) -> None:
    draft = screen.composer.draft
    if draft is None or draft.kind == "note":
        screen.tell(say("screen.attach_where"))
        return

    def given(text: str) -> None:
        path = Path(text.strip()).expanduser()
        if path.is_dir():
            screen.sheet.entry.set(text.rstrip("/") + "/")
            screen.sheet.search()
            return
        screen.close_sheet()
        add_file(screen, draft, path)

    if argument:
        add_file(screen, draft, Path(argument).expanduser())
        return
    screen.choose_from(Prompt(say("commands.attach_help"), given, placeholder="~/", suggestions=paths_like))


def add_file(screen: DeskScreen, draft: Draft, path: Path) -> None:
    if not draft.id:
        screen.composer.take()
        screen.desk.writing.save(draft)
    file = screen.desk.writing.attach(draft.id, path)
    draft.files = (*(f for f in draft.files if f.id != file.id), file)
    screen.composer.show_files()
    screen.tell(say("screen.attached", name=file.name, size=times.size(file.size)))


def paths_like(typed: str) -> list[Choice]:
    """Files that begin as typed, folders first."""
    path = Path(typed or "~/").expanduser()
    folder, start = (path, "") if not typed or typed.endswith("/") else (path.parent, path.name)
    try:
        entries = sorted(folder.iterdir(), key=lambda e: (not e.is_dir(), e.name.casefold()))[:2000]
    except OSError:
        return []
    found = []
    for entry in entries:
        if entry.name.casefold().startswith(start.casefold()) and (not entry.name.startswith(".") or start.startswith(".")):
            folderlike = entry.is_dir()
            found.append(Choice(entry.name + ("/" if folderlike else ""), "", str(entry) + ("/" if folderlike else "")))
    return found[:100]


@does("detach")
def detach(screen: DeskScreen, count: int, argument: str) -> None:
    draft = screen.composer.draft
    if draft is None or not draft.files:
        screen.tell(say("screen.nothing_attached"))
        return

    def chosen(choice: Choice) -> None:
        screen.close_sheet()
        screen.desk.writing.detach(choice.value)
        draft.files = tuple(f for f in draft.files if f.id != choice.value)
        screen.composer.show_files()
        screen.tell(say("screen.detached", name=choice.title))

    choices = [Choice(f.name, times.size(f.size), f.id) for f in draft.files]
    if len(choices) == 1:
        chosen(choices[0])
        return
    screen.choose_from(Options(say("commands.detach_help"), choices, chosen, share=0.4))


@does("draft.discard")
def discard(screen: DeskScreen, count: int, argument: str) -> None:
    draft = screen.composer.take()
    if draft is None:
        return
    screen.desk_app.thrown_away = draft
    if draft.id:
        screen.desk.writing.discard(draft.id)
    screen.composer.shut()
    screen.go_to_pane("middle")
    screen.queue.changed([draft.conversation])
    screen.tell(say("screen.discarded"), undo=True)


# -- snippets ------------------------------------------------------------------------------------------------------


@does("snippet.pick")
def pick(screen: DeskScreen, count: int, argument: str) -> None:
    """The picker, from the queue, the conversation or the composer."""
    lay_picker(screen, Picker, argument, insert)


@does("article.pick")
def pick_article(screen: DeskScreen, count: int, argument: str) -> None:
    """The same for articles. A link goes where the cursor is, not into a paragraph of its own."""
    lay_picker(screen, ArticlePicker, argument, partial(insert, inline=True))


def lay_picker(screen: DeskScreen, kind: type[Picker], query: str, put: Callable[[DeskScreen, int, Filled], None]) -> None:
    writing = screen.where() is Where.COMPOSER
    draft = screen.composer.draft
    row = draft.conversation if writing and draft is not None else target(screen)
    if not writing and not row:
        return
    answers = screen.desk.answers
    chosen_language = draft.language if draft is not None and draft.language else ""
    language = chosen_language or (answers.language(row) if row else screen.desk.config.locale.split("-")[0])
    typed, screen.composer.box.opened_by = screen.composer.box.opened_by, ""

    def chosen(name: str, filled: Filled) -> None:
        screen.close_sheet()
        put(screen, row, filled)

    def left() -> None:
        """What was typed to open it, and in it, was meant as text after all."""
        screen.close_sheet()
        if typed:
            screen.composer.box.insert(typed + screen.sheet.entry.text)

    def ask(name: str, filled: Filled, language: str) -> None:
        form = AskForm(
            answers, row, screen.desk_app.roles, name, filled, language,
            chosen=chosen, again=lambda sheet: again(screen, sheet), left=screen.close_sheet,
        )  # fmt: skip
        screen.choose_from(form)

    picker = kind(
        answers, row, screen.desk_app.roles, language=language, chosen=chosen, ask=ask, left=left,
        turn_key=screen.desk_app.keyboard.keymap.shown("picker.turn"), does=screen.desk.macros.words,
    )  # fmt: skip
    screen.choose_from(picker, query)


def again(screen: DeskScreen, sheet: Sheet) -> None:
    screen.sheet.show(sheet)


def insert(screen: DeskScreen, row: int, filled: Filled, *, inline: bool = False) -> None:
    """Put a filled snippet into the reply; one is begun if there is none. `inline`: right at the cursor."""
    composer = screen.composer
    if composer.draft is None or (composer.draft.kind == "note" and not composer.writing):
        begin(screen, screen.desk.writing.draft(row, "reply"))
    draft = composer.draft
    assert draft is not None
    screen.set_focus(composer.box)
    subject = draft.subject
    screen.desk.answers.inserted(draft, filled)
    if draft.subject != subject:
        composer.fields.load(draft)
    text = filled.text.rstrip()
    composer.insert(text, filled.values, filled.cursor, inline=inline)
    composer.edited()
    composer.refresh_bar()
    if filled.missing:
        composer.to_open_place()
        names = ", ".join(dict.fromkeys(value_name(m.name) for m in filled.missing))
        screen.tell(say("screen.still_open", names=names), "bad")
    screen.show_keys()
