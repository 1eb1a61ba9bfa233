"""The composer under the conversation: a line that says to whom and in which language, fields on a key, the text.

The text knows which of its values a snippet filled in (accent) and which places are still open (bad); both are found in
the text itself, so that editing can't make the marks lie.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from rich.text import Text
from textual import events
from textual.containers import Vertical
from textual.message import Message
from textual.strip import Strip
from textual.widgets import TextArea

from agentdesk.desk.addresses import parse_addresses, show_addresses
from agentdesk.desk.facts import Draft
from agentdesk.locale import say
from agentdesk.tui import times
from agentdesk.tui.joining import Joined, join
from agentdesk.tui.layout import Piece, cells, cut, line, rule
from agentdesk.tui.widgets.entry import Entry
from agentdesk.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from textual.app import ComposeResult

    from agentdesk.tui.app import DeskApp

OPEN_PLACE = re.compile(r"⟨[^⟨⟩\n]*⟩|\{\{[^{}\n]*\}\}|\{%[^{}\n]*%\}")
"""What stops a reply: a gap of a snippet, or a raw piece of a template."""
SHORT = 18
"""Cells that what a reply does besides gets in any case."""
OPENERS = {"::": "snippet.pick", "??": "article.pick"}
"""What opens a picker where it is typed."""
FIELDS = ("to", "cc", "bcc", "subject")


class Bar(Lines):
    """`─ reply to maria.rossi@posta.example ──────── it  draft saved ─`."""

    DEFAULT_CSS = "Bar { height: 1; width: 100%; }"

    def __init__(self) -> None:
        super().__init__()
        self.draft: Draft | None = None
        self.saved = ""
        self.language = ""
        self.to = ""
        """Who gets it where it has no addresses."""
        self.passed_over = ""
        """Who wrote, where the answer goes to somebody else."""
        self.does: Callable[[Mapping[str, Any]], Sequence[str]] = lambda _: ()
        """The words for what sending does besides."""
        self._who: tuple[object, ...] = ()

    def show(self, draft: Draft | None, saved: str, language: str) -> None:
        who = (draft.to, draft.cc, draft.bcc, self.to, self.passed_over, str(draft.actions)) if draft is not None else ()
        if (draft, saved, language, who) != (self.draft, self.saved, self.language, self._who):
            self.draft, self.saved, self.language, self._who = draft, saved, language, who
            self.repaint(0)

    def draw(self, y: int, width: int) -> Strip:
        roles, draft = self.roles, self.draft
        if draft is None:
            return rule(width, roles.line)
        left: list[Piece]
        if draft.kind == "note":
            left = [(say("screen.writing_note"), roles.note)]
        else:
            who = ", ".join(a.address for a in (*draft.to, *draft.cc, *draft.bcc)) or self.to or "…"
            left = [(say(f"screen.writing_{draft.kind}", who=who), roles.mute)]
            if self.passed_over and self.passed_over not in {a.identity for a in (*draft.to, *draft.cc, *draft.bcc)}:
                left.append((" · " + say("cautions.not_to", who=self.passed_over), roles.warm))
        right: list[Piece] = []
        if width > 46 and self.saved:
            right = [("  ", roles.line), (self.saved, roles.faint)]
        if draft.kind != "note" and (does := " · ".join(self.does(draft.actions))):
            # What sending does besides is worth more than whether the draft is saved.
            room = width - sum(cells(text) for text, _ in left) - cells(self.language) - 10
            if cells(does) + cells(self.saved) + 2 > room:
                right = []
            right = [("  ", roles.line), (cut(does, max(SHORT, room)), roles.mute), *right]
        if self.language and draft.kind != "note":
            right = [(self.language, roles.accent), *right]
        elif right:
            right = right[1:]
        return rule(width, roles.line, left, right)


class Fields(Lines, can_focus=True):
    """Recipients and subject, one line each."""

    DEFAULT_CSS = "Fields { height: 4; width: 100%; display: none; }"

    def __init__(self) -> None:
        super().__init__()
        self.entries = {name: Entry() for name in FIELDS}
        self.at = 0

    def load(self, draft: Draft) -> None:
        for name, text in (
            ("to", show_addresses(draft.to)),
            ("cc", show_addresses(draft.cc)),
            ("bcc", show_addresses(draft.bcc)),
            ("subject", draft.subject),
        ):
            self.entries[name].set(text)
        self.at = 0
        self.refresh()

    def store(self, draft: Draft) -> None:
        """Write into the draft what was changed here; an untouched list keeps its addresses as they were."""
        for name in ("to", "cc", "bcc"):
            if self.entries[name].text != show_addresses(getattr(draft, name)):
                setattr(draft, name, parse_addresses(self.entries[name].text))
        draft.subject = self.entries["subject"].text.strip()

    def press(self, key: str, character: str | None) -> bool:
        """True if a text changed."""
        if key in {"down", "up"}:
            before, self.at = self.at, max(0, min(self.at + (1 if key == "down" else -1), len(FIELDS) - 1))
            self.repaint(before)
            self.repaint(self.at)
            return False
        entry = self.entries[FIELDS[self.at]]
        before_text = entry.text
        if entry.press(key, character):
            self.repaint(self.at)
        return entry.text != before_text

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def draw(self, y: int, width: int) -> Strip:
        roles = self.roles
        if y >= len(FIELDS):
            return Strip.blank(width)
        name = FIELDS[y]
        here = self.has_focus and y == self.at
        typed = self.entries[name].pieces(roles, width - 12, focused=here)
        bar: Piece = ("▌", roles.accent) if here else (" ", roles.text)
        return line(width, [bar, (f"{say('screen.field_' + name):<9}", roles.mute), *typed])


class Files(Lines):
    """What is attached, in one line."""

    DEFAULT_CSS = "Files { height: 1; width: 100%; display: none; }"

    def __init__(self) -> None:
        super().__init__()
        self.draft: Draft | None = None

    def draw(self, y: int, width: int) -> Strip:
        roles = self.roles
        pieces: list[Piece] = [(" ", roles.text)]
        for file in self.draft.files if self.draft else ():
            pieces += [("+ ", roles.accent), (file.name, roles.text), (f" {times.size(file.size)}  ", roles.faint)]
        return line(width, pieces)


class TextBox(TextArea):
    """The text: no blinking cursor, no line numbers, no markup."""

    DEFAULT_CSS = """
    TextBox, TextBox:focus {
        background: $desk-ground; color: $desk-text; border: none; padding: 0 1; height: 1fr;
        scrollbar-size: 0 0; overflow-x: hidden;
        & .text-area--cursor { background: $desk-accent; color: $desk-ground; }
        & .text-area--selection { background: $desk-line; }
    }
    TextBox:ansi, TextBox:ansi:focus {
        & .text-area--cursor { text-style: reverse; background: ansi_default; color: ansi_default; }
        & .text-area--selection { text-style: reverse; }
    }
    """

    def __init__(self) -> None:
        super().__init__(
            id="text", soft_wrap=True, tab_behavior="focus", show_line_numbers=False, highlight_cursor_line=False,
            compact=True,
        )  # fmt: skip
        self.cursor_blink = False
        self.values: tuple[str, ...] = ()
        """What snippets filled in, longest first."""
        self.as_note = False
        self.opened_by = ""
        """What was typed to open the picker that is about to open; it comes back where nothing is chosen."""

    def on_resize(self) -> None:
        # What was put in before the box had its height would else leave the cursor out of sight.
        self.call_after_refresh(self.scroll_cursor_visible)

    def get_line(self, line_index: int) -> Text:
        text = super().get_line(line_index)
        roles = cast("DeskApp", self.app).roles
        if self.as_note:
            text.stylize(roles.note)
        plain = text.plain
        for value in self.values:
            start = plain.find(value)
            while start >= 0:
                text.stylize(roles.accent, start, start + len(value))
                start = plain.find(value, start + len(value))
        for place in OPEN_PLACE.finditer(plain):
            text.stylize(roles.bad_strong, place.start(), place.end())
        return text

    async def typed(self, event: events.Key) -> bool:
        """Put a typed character in at once; False if the key is none."""
        if not (event.is_printable or event.key == "enter"):
            return False
        await self._on_key(event)
        if event.character in {":", "?"}:
            row, column = self.cursor_location
            opener, before = self.document.get_line(row)[max(0, column - 2) : column], self.document.get_line(row)[: max(0, column - 2)]
            # At the end of a word it is punctuation: "really??".
            if opener == "::" or (opener in OPENERS and not before[-1:].strip()):
                self.replace("", (row, column - 2), (row, column))
                self.opened_by = opener
                cast("DeskApp", self.app).run_command(OPENERS[opener])
        return True

    async def paste(self, event: events.Paste) -> None:
        await self._on_paste(event)


class Composer(Vertical):
    """Holds a draft while it is being written."""

    DEFAULT_CSS = """
    Composer { height: 40%; min-height: 4; max-height: 18; display: none; background: $desk-ground; }
    """

    class Edited(Message):
        """The draft differs from what was saved."""

    def __init__(self) -> None:
        super().__init__(id="composer")
        self.bar, self.fields, self.box, self.files = Bar(), Fields(), TextBox(), Files()
        self.draft: Draft | None = None
        self.dirty = False
        self._saved = ""

    def compose(self) -> ComposeResult:
        yield self.bar
        yield self.fields
        yield self.files
        yield self.box

    @property
    def writing(self) -> bool:
        """The keys go into the draft."""
        return self.draft is not None and self.screen.focused in (self.box, self.fields)

    def open(self, draft: Draft, values: Sequence[str] = (), *, fields: bool = False, to: str = "", passed_over: str = "") -> None:
        """Show a draft. `to`: who gets it where it has no addresses, as in a chat; `passed_over`: who wrote, and gets no answer."""
        self.draft, self.dirty = draft, False
        self.bar.to, self.bar.passed_over = to, passed_over
        self.box.values = tuple(values)
        self.box.as_note = draft.kind == "note"
        self.box.load_text(draft.text)
        self.box.history.clear()
        self.box.move_cursor(self.location(draft.cursor))
        self.fields.load(draft)
        self.fields.display = fields and draft.kind != "note"
        self._saved = say("screen.draft_saved") if draft.text else ""
        self.show_files()
        self.display = True
        self.refresh_bar()

    def shut(self) -> None:
        self.draft, self.dirty = None, False
        self.display = False

    def show_files(self) -> None:
        self.files.draft = self.draft
        self.files.display = bool(self.draft and self.draft.files)
        self.files.refresh()

    def refresh_bar(self, saved: str | None = None) -> None:
        if saved is not None:
            self._saved = saved
        self.bar.show(self.draft, self._saved, self.draft.language if self.draft else "")

    def take(self) -> Draft | None:
        """The draft as it stands now."""
        draft = self.draft
        if draft is None:
            return None
        draft.text = self.box.text
        draft.cursor = self.offset_of(self.box.cursor_location)
        if draft.kind != "note":
            self.fields.store(draft)
        return draft

    def edited(self) -> None:
        if self.draft is not None and self.screen.focused is self.fields:
            # The line above says to whom, while it is being typed.
            self.fields.store(self.draft)
            self.dirty = True
            self.refresh_bar("")
        elif self.draft is not None and not self.dirty:
            self.dirty = True
            self.refresh_bar("")
        self.post_message(self.Edited())

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        if self.draft is not None and self.box.text != self.draft.text:
            self.edited()

    def insert(self, text: str, values: Sequence[str], cursor: int | None, *, inline: bool = False) -> None:
        """Put a snippet's text in at the cursor; the cursor goes to the place it names, else behind it. `inline`: as it is, where it is."""
        self.box.values = tuple(sorted({*self.box.values, *values}, key=len, reverse=True))
        at = self.offset_of(self.box.cursor_location)
        joined = Joined(at, text, 0, 0) if inline else join(self.box.text, at, text)
        self.box.move_cursor(self.location(joined.at))
        self.box.insert(joined.text)
        if cursor is not None:
            inside = max(0, min(cursor - joined.skipped + joined.before, len(joined.text.rstrip())))
            self.box.move_cursor(self.location(joined.at + inside))
        self.box.scroll_cursor_visible()

    def replace_text(self, text: str, first: int = 0, last: int | None = None) -> None:
        """Put other lines in the place of some (of all), as one step of the text's own undo. The cursor goes behind them."""
        lines = self.box.text.split("\n")
        end = len(lines) if last is None else last
        self.box.replace(text, (first, 0), (end - 1, len(lines[end - 1])), maintain_selection_offset=False)
        self.box.scroll_cursor_visible()

    def rewrite(self, text: str, values: Sequence[str], cursor: int) -> None:
        """Put another text in the place of all of it."""
        if text != self.box.text:
            self.box.values = tuple(sorted({*self.box.values, *values}, key=len, reverse=True))
            self.replace_text(text)
            self.box.move_cursor(self.location(cursor))
            self.box.scroll_cursor_visible()

    def to_open_place(self) -> bool:
        """Select the next place still open, from the cursor on; after those of the text comes the subject."""
        text = self.box.text
        at = self.offset_of(self.box.cursor_location)
        found = OPEN_PLACE.search(text, at) or OPEN_PLACE.search(text)
        if found is None and OPEN_PLACE.search(self.fields.entries["subject"].text):
            self.fields.display, self.fields.at = True, FIELDS.index("subject")
            self.screen.set_focus(self.fields)
            return True
        if found is None:
            return False
        self.screen.set_focus(self.box)
        self.select(found.start(), found.end())
        return True

    def select(self, start: int, end: int) -> None:
        """Mark a place in the text and bring it into sight."""
        self.box.move_cursor(self.location(start))
        self.box.move_cursor(self.location(end), select=True)
        self.box.scroll_cursor_visible()

    def location(self, offset: int) -> tuple[int, int]:
        """A place in the text as row and column."""
        before = self.box.text[: max(0, offset)]
        row = before.count("\n")
        return row, len(before) - (before.rfind("\n") + 1)

    def offset_of(self, location: tuple[int, int]) -> int:
        row, column = location
        lines = self.box.text.split("\n")
        return sum(len(text) + 1 for text in lines[:row]) + column
