"""Reading: quotes, attachments, the raw form, history."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from agentdesk.desk.facts import AttachmentFact, Item
from agentdesk.domain.clean import file_name
from agentdesk.domain.message import Direction
from agentdesk.locale import say
from agentdesk.secrets import without_secrets
from agentdesk.tui import times
from agentdesk.tui.actions.registry import does
from agentdesk.tui.layout import cut
from agentdesk.tui.screens.desk import DeskScreen
from agentdesk.tui.sheets.pick import Options, Prompt
from agentdesk.tui.sheets.picture import PictureSheet
from agentdesk.tui.widgets.sheet import Choice

OPENED = frozenset([
    ".pdf", ".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".heic", ".txt", ".csv", ".tsv", ".log", ".md", ".rtf",
    ".ics", ".vcf", ".doc", ".docx", ".odt", ".xls", ".xlsx", ".ods", ".ppt", ".pptx", ".odp", ".pages", ".numbers", ".zip",
    ".mp3", ".m4a", ".ogg", ".oga", ".opus", ".wav", ".flac", ".mp4", ".m4v", ".mov", ".webm", ".avi", ".mkv", ".3gp",
])  # fmt: skip
"""Endings of files that are opened with the system's program; others are only saved."""
PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp")


@does("quotes")
def quotes(screen: DeskScreen, count: int, argument: str) -> None:
    if not screen.conversation.toggle_quotes():
        screen.tell(say("screen.no_quotes"))


@does("attachments")
def attachments(screen: DeskScreen, count: int, argument: str) -> None:
    if count:
        chosen_number(screen, count)
        return
    found = screen.conversation.attachments()
    if not found:
        screen.tell(say("screen.no_attachments"))
        return
    if len(found) == 1:
        menu(screen, found[0])
        return
    choices = [
        Choice(f"{number}  {a.name or a.type}", f"{a.type} · {times.size(a.size)}", a) for number, a in enumerate(found, 1)
    ]
    screen.choose_from(Options(say("commands.attachments"), choices, lambda c: menu(screen, c.value), share=0.5))


def chosen_number(screen: DeskScreen, number: int) -> None:
    found = screen.conversation.attachments()
    if number <= len(found):
        menu(screen, found[number - 1])
    else:
        screen.tell(say("screen.no_attachment_number", number=number), "bad")


def menu(screen: DeskScreen, attachment: AttachmentFact) -> None:
    """Look at it, save it, open it."""
    choices = []
    if attachment.type.lower() in PICTURES:
        choices.append(Choice(say("screen.attachment_show"), "", "show"))
    choices.append(Choice(say("screen.attachment_save"), str(downloads(screen)), "save"))
    choices.append(Choice(say("screen.attachment_open"), "", "open"))

    def chosen(choice: Choice) -> None:
        what = str(choice.value)
        if what == "save":
            ask_folder(screen, lambda folder: fetched(screen, attachment, lambda: save(screen, attachment, folder)))
            return
        screen.close_sheet()
        use = {"show": show, "open": open_outside}[what]
        fetched(screen, attachment, lambda: use(screen, attachment))

    title = f"{attachment.name or attachment.type} · {times.size(attachment.size)}"
    screen.choose_from(Options(title, choices, chosen, share=0.4))


def downloads(screen: DeskScreen) -> Path:
    """Where files are saved unless one says otherwise."""
    folder = Path.home() / "Downloads"
    return folder if folder.is_dir() else screen.desk.config.state / "saved"


def ask_folder(screen: DeskScreen, then: Callable[[Path], None]) -> None:
    def given(text: str) -> None:
        screen.close_sheet()
        folder = Path(text.strip()).expanduser() if text.strip() else downloads(screen)
        then(folder)

    screen.choose_from(Prompt(say("screen.save_where"), given, placeholder=str(downloads(screen))))


def fetched(screen: DeskScreen, attachment: AttachmentFact, then: Callable[[], None]) -> None:
    """Do something with an attachment once it is here; ask for it if it is not."""
    if screen.desk.files.content(attachment.id) is not None:
        then()
        return
    screen.desk.files.want(attachment.id)
    screen.desk_app.wake()
    words = say("screen.fetching", name=attachment.name or attachment.type, size=times.size(attachment.size))
    screen.tell(words)
    screen.conversation.fetch(attachment.id)

    def arrived() -> bool:
        if screen.desk.files.content(attachment.id) is None:
            return False
        screen.conversation.fetch(attachment.id, here=True)
        if screen.footer.words == words:
            screen.tell("")
        then()
        return True

    screen.desk_app.after_blob.append(arrived)


def save(screen: DeskScreen, attachment: AttachmentFact, folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = screen.desk.files.save(attachment.id, folder)
    except OSError as error:
        screen.tell(say("screen.not_saved", why=error.strerror or error), "bad")
        return
    screen.tell(say("screen.saved", path=path), "good")


def show(screen: DeskScreen, attachment: AttachmentFact) -> None:
    content = screen.desk.files.content(attachment.id)
    if content is not None:
        screen.choose_from(PictureSheet(attachment.name or attachment.type, content, screen.desk_app.roles, screen.close_sheet))


def open_outside(screen: DeskScreen, attachment: AttachmentFact) -> None:
    """With the program the system has for it; a copy is saved first, never the stored one opened.

    Only what is looked at or listened to: the system decides by the name, and a name a sender chose may start a program or
    a page that calls home.
    """
    if Path(file_name(attachment.name)).suffix.lower() not in OPENED:
        screen.tell(say("screen.not_opened", name=attachment.name or attachment.type), "bad")
        return
    opener = "open" if sys.platform == "darwin" else "xdg-open"
    program = shutil.which(opener)
    if program is None:
        screen.tell(say("screen.no_opener", name=opener), "bad")
        return
    folder = screen.desk.config.state / "opened"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = screen.desk.files.save(attachment.id, folder)
        subprocess.Popen(  # noqa: S603 - the path is made by the desk and absolute; no shell is involved
            [program, str(path)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True, env=without_secrets(screen.desk.config),
        )  # fmt: skip
    except OSError as error:
        screen.tell(say("screen.not_saved", why=error.strerror or error), "bad")
        return
    screen.tell(say("screen.opened", name=attachment.name))


@does("raw.save")
def save_raw(screen: DeskScreen, count: int, argument: str) -> None:
    """The newest message of the customer (or the newest that can't be shown) as it came."""
    items = [item for item in screen.conversation.items if item.row and item.direction is Direction.IN]
    if not items:
        screen.tell(say("screen.no_raw"))
        return
    item = next((i for i in reversed(items) if i.problem), items[-1])
    if argument:
        with_raw(screen, item, Path(argument).expanduser())
    else:
        ask_folder(screen, lambda folder: with_raw(screen, item, folder))


def with_raw(screen: DeskScreen, item: Item, folder: Path) -> None:
    def write() -> bool:
        if not screen.desk.files.raw_here(item.row):
            return False
        screen.tell(say("screen.saved", path=screen.desk.files.save_raw(item.row, folder)), "good")
        return True

    if not write():
        screen.desk.files.want_raw(item.row)
        screen.desk_app.wake()
        screen.tell(say("screen.fetching_raw"))
        screen.desk_app.after_blob.append(write)


@does("history")
def history(screen: DeskScreen, count: int, argument: str) -> None:
    facts = screen.facts
    if facts is None or not facts.history:
        screen.tell(say("screen.no_history"))
        return
    now = screen.now()
    choices = [
        Choice(
            f"{times.day(row.last_at, now):>6}  {'❯' if row.is_chat else '✉'} {cut(row.subject or row.preview, 60)}",
            say(f"screen.status_{row.status}"), row.row,
        )
        for row in facts.history
    ]  # fmt: skip

    def chosen(choice: Choice) -> None:
        screen.close_sheet()
        screen.open(int(choice.value))

    screen.choose_from(Options(say("screen.history"), choices, chosen))
