"""Attachments and messages as they came: looked at, saved, opened; fetched first where they are not here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from agentdesk.commands import Where
from agentdesk.desk.facts import AttachmentFact, Fetch, Item
from agentdesk.domain.clean import file_name
from agentdesk.domain.message import Direction
from agentdesk.errors import Refused
from agentdesk.locale import say
from agentdesk.tui import outside, times
from agentdesk.tui.actions.registry import does
from agentdesk.tui.screens.desk import DeskScreen
from agentdesk.tui.sheets.attachments import PICTURES, AttachmentsSheet, FileMenu
from agentdesk.tui.sheets.pick import Prompt
from agentdesk.tui.sheets.picture import PictureSheet
from agentdesk.tui.widgets.attachment import fetch_words, name_of, whereabouts
from agentdesk.tui.widgets.sheet import Choice

OPENED = frozenset([
    ".pdf", ".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".heic", ".txt", ".csv", ".tsv", ".log", ".md", ".rtf",
    ".ics", ".vcf", ".doc", ".docx", ".odt", ".xls", ".xlsx", ".ods", ".ppt", ".pptx", ".odp", ".pages", ".numbers", ".zip",
    ".mp3", ".m4a", ".ogg", ".oga", ".opus", ".wav", ".flac", ".mp4", ".m4v", ".mov", ".webm", ".avi", ".mkv", ".3gp",
])  # fmt: skip
"""Endings of files that are opened with the system's program; others are only saved."""


@does("attachments")
def attachments(screen: DeskScreen, count: int, argument: str) -> None:
    found = screen.conversation.attachments()
    if not found:
        screen.tell(say("screen.no_attachments"))
    elif count > len(found):
        screen.tell(say("screen.no_attachment_number", number=count), "bad")
    elif count or len(found) == 1:
        menu(screen, found[max(0, count - 1)])
    else:
        screen.choose_from(AttachmentsSheet(screen.conversation.attachments, partial(chosen, screen)))


def chosen(screen: DeskScreen, what: AttachmentFact | str) -> None:
    if isinstance(what, AttachmentFact):
        menu(screen, what)
        return
    found = screen.conversation.attachments()
    if what == "save":
        ask_folder(screen, partial(save_all, screen, found))
        return
    screen.close_sheet()
    for fact in found:
        screen.desk.files.stop(fact.id)
    told(screen, say("files.stopped_all"))


def menu(screen: DeskScreen, fact: AttachmentFact) -> None:
    """Look at it, save it, open it; fetch it, or fetch it no further."""
    uses = [Choice(say("screen.attachment_show"), "", "show")] if fact.type.lower() in PICTURES else []
    uses.append(Choice(say("screen.attachment_save"), shown(downloads(screen)), "save"))
    uses.append(Choice(say("screen.attachment_open"), "", "open"))

    def stands() -> tuple[bool, Fetch | None, str]:
        now = next((one for one in screen.conversation.attachments() if one.id == fact.id), fact)
        words = whereabouts(now)[0]
        return now.here, now.fetch, " · ".join(filter(None, (times.size(now.size), words)))

    def use(what: str) -> None:
        if what == "save":
            ask_folder(screen, lambda folder: fetched(screen, fact, lambda: save(screen, fact, folder)))
            return
        screen.close_sheet()
        if what == "stop":
            screen.desk.files.stop(fact.id)
            told(screen, say("files.stopped", name=name_of(fact)))
        elif what == "fetch":
            fetched(screen, fact, lambda: is_here(screen, fact))
        else:
            do = {"show": show, "open": open_outside}[what]
            fetched(screen, fact, lambda: do(screen, fact) if at_leisure(screen, fact) else is_here(screen, fact))

    screen.choose_from(FileMenu(name_of(fact), stands, uses, use))


def at_leisure(screen: DeskScreen, fact: AttachmentFact) -> bool:
    """What was asked for minutes ago must not take the keys from somebody who writes, chooses, or reads something else by now."""
    return screen.where() not in {Where.COMPOSER, Where.PICKER} and any(one.id == fact.id for one in screen.conversation.attachments())


def is_here(screen: DeskScreen, fact: AttachmentFact) -> None:
    screen.tell(say("files.is_here", name=name_of(fact), key=screen.desk_app.key_of("attachments")), "good")


def told(screen: DeskScreen, words: str) -> None:
    """Something was asked of the engine, or called off: it looks at once, and the conversation shows it."""
    screen.desk_app.wake()
    screen.renew_thread()
    screen.tell(words)


def downloads(screen: DeskScreen) -> Path:
    """Where files are saved unless one says otherwise."""
    folder = Path.home() / "Downloads"
    return folder if folder.is_dir() else screen.desk.config.state / "saved"


def shown(path: Path) -> str:
    """A path as one writes it: from one's own folder on."""
    home = Path.home()
    return str(Path("~") / path.relative_to(home)) if path.is_relative_to(home) and path != home else str(path)


def saved(screen: DeskScreen, path: Path) -> None:
    """The name first: where the line is short, it is the folder that is cut."""
    screen.tell(say("files.saved", name=path.name, folder=shown(path.parent)), "good")


def ask_folder(screen: DeskScreen, then: Callable[[Path], None]) -> None:
    def given(text: str) -> None:
        screen.close_sheet()
        folder = Path(text.strip()).expanduser() if text.strip() else downloads(screen)
        then(folder)

    screen.choose_from(Prompt(say("screen.save_where"), given, placeholder=shown(downloads(screen))))


def fetched(screen: DeskScreen, fact: AttachmentFact, then: Callable[[], None]) -> None:
    """Do something with an attachment once it is here; ask for it if it is not."""
    files = screen.desk.files
    if files.here(fact.id):
        then()
        return
    files.want(fact.id)
    words = say("screen.fetching", name=name_of(fact), size=times.size(fact.size))
    if fact.seconds is not None:
        words += " · " + say("files.about", time=times.rough(fact.seconds))
    told(screen, words)
    once(screen, lambda: files.here(fact.id), lambda: files.fetch(fact.id), words, then)


def once(screen: DeskScreen, here: Callable[[], bool], fetch: Callable[[], Fetch | None], words: str, then: Callable[[], None]) -> None:
    """Wait for something to come; not for what was called off, or failed."""

    def settled() -> bool:
        if here():
            if screen.footer.words == words:
                screen.tell("")
            screen.desk_app.guarded(then)
            return True
        now = fetch()
        if now is not None and now.state == "failed":
            screen.tell(fetch_words(now)[0], "bad")
        return now is None or now.state == "failed"

    screen.desk_app.after_blob.append(settled)


def save(screen: DeskScreen, fact: AttachmentFact, folder: Path) -> None:
    saved(screen, screen.desk.files.save(fact.id, folder))


def save_all(screen: DeskScreen, found: Sequence[AttachmentFact], folder: Path) -> None:
    """Each as it comes; at the end one word for all."""
    left = {fact.id for fact in found}

    def one(fact: AttachmentFact) -> None:
        screen.desk.files.save(fact.id, folder)
        left.discard(fact.id)
        if not left:
            screen.tell(say("files.saved_all", n=len(found), folder=shown(folder)), "good")

    for fact in found:
        fetched(screen, fact, partial(one, fact))
    if left:
        screen.tell(say("files.saving_all", n=len(left), folder=shown(folder)))


def show(screen: DeskScreen, fact: AttachmentFact) -> None:
    content = screen.desk.files.content(fact.id)
    if content is not None:
        screen.choose_from(PictureSheet(name_of(fact), content, screen.desk_app.roles, screen.close_sheet))


def open_outside(screen: DeskScreen, attachment: AttachmentFact) -> None:
    """With the program the system has for it; a copy is saved first, never the stored one opened.

    Only what is looked at or listened to: the system decides by the name, and a name a sender chose may start a program or
    a page that calls home.
    """
    if Path(file_name(attachment.name)).suffix.lower() not in OPENED:
        screen.tell(say("screen.not_opened", name=name_of(attachment)), "bad")
        return
    folder = screen.desk.config.state / "opened"
    try:
        program = outside.opener()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = screen.desk.files.save(attachment.id, folder)
        outside.start(screen.desk.config, program, str(path))
    except Refused as error:  # it may have been fetched first, and then no key is behind it that would say so
        screen.tell(str(error), "bad")
        return
    except OSError as error:
        screen.tell(say("screen.not_saved", why=error.strerror or error), "bad")
        return
    screen.tell(say("screen.opened", name=attachment.name))


# -- messages as they came


@does("raw.save")
def save_raw(screen: DeskScreen, count: int, argument: str) -> None:
    """The newest message of the customer (or the newest that can't be shown) as it came."""
    items = [item for item in screen.conversation.items if item.row and item.direction is Direction.IN]
    if not items:
        screen.tell(say("screen.no_raw"))
        return
    item = next((i for i in reversed(items) if i.problem), items[-1])
    if screen.desk.files.raw_fetch(item.row) is not None:
        raw_menu(screen, item)
    elif argument:
        with_raw(screen, item, Path(argument).expanduser())
    else:
        ask_folder(screen, lambda folder: with_raw(screen, item, folder))


def raw_menu(screen: DeskScreen, item: Item) -> None:
    """It has been asked for already: how far it is, and what can be done about it."""
    files = screen.desk.files

    def stands() -> tuple[bool, Fetch | None, str]:
        fetch = files.raw_fetch(item.row)
        return files.raw_here(item.row), fetch, fetch_words(fetch)[0] if fetch is not None else times.size(files.raw_size(item.row))

    def use(what: str) -> None:
        if what == "stop":
            screen.close_sheet()
            files.stop_raw(item.row)
            told(screen, say("files.stopped", name=say("files.raw")))
        else:
            ask_folder(screen, lambda folder: with_raw(screen, item, folder))

    uses = [Choice(say("screen.attachment_save"), shown(downloads(screen)), "save")]
    screen.choose_from(FileMenu(say("files.raw"), stands, uses, use))


def with_raw(screen: DeskScreen, item: Item, folder: Path) -> None:
    files = screen.desk.files

    def write() -> None:
        saved(screen, files.save_raw(item.row, folder))

    if files.raw_here(item.row):
        write()
        return
    files.want_raw(item.row)
    size = files.raw_size(item.row)
    words = say("screen.fetching_raw") + (f" · {times.size(size)}" if size else "")
    told(screen, words)
    once(screen, lambda: files.raw_here(item.row), lambda: files.raw_fetch(item.row), words, write)
