"""Which panes are shown, how wide, and where the keys go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agentdesk.commands import COMMANDS, Where
from agentdesk.tui.widgets.composer import TextBox

if TYPE_CHECKING:
    from agentdesk.tui.screens.desk import DeskScreen

THREE = 112
"""Columns from which all three panes are shown."""
TWO = 60
ROOMY = 76
"""Columns below which a list to choose from has the screen for itself."""


class Panes:
    """The panes of the screen."""

    def __init__(self, screen: DeskScreen) -> None:
        self.screen = screen
        self.panel_wanted = True
        """At full width: the panel is shown."""
        self.panel_instead = False
        """On a narrow terminal: the panel stands where the queue was."""
        self._where = Where.QUEUE
        """Where the keys went when they were shown last."""
        self._shape: tuple[object, ...] = ()

    def shape(self, width: int = 0, height: int = 0) -> None:
        """Widths of the panes, and which of them are shown."""
        width, height = width or self.screen.app.size.width, height or self.screen.app.size.height
        focus = self.pane()
        if width >= THREE:
            shown = {"queue", "middle"} | ({"panel"} if self.panel_wanted or focus == "panel" else set())
        elif width >= TWO:
            shown = {"middle", "panel"} if self.panel_instead or focus == "panel" else {"queue", "middle"}
        else:
            shown = {focus}
        if (sheet := self.screen.sheet.sheet) is not None:
            if width < ROOMY or (sheet.wide and width < THREE):
                shown = {"middle"}
            elif sheet.wide:
                shown = {"queue", "middle"}
        queue_width = max(32, min(48, width * 28 // 100)) if width >= THREE else max(26, min(36, width * 38 // 100))
        panel_width = max(28, min(44, width * 25 // 100))
        key = (width, height, frozenset(shown))
        if key == self._shape:
            return
        self._shape = key
        self.screen.queue.display = "queue" in shown
        self.screen.middle.display = "middle" in shown
        self.screen.panel.display = "panel" in shown
        self.screen.left.display = shown >= {"queue", "middle"}
        self.screen.right.display = shown >= {"middle", "panel"}
        self.screen.queue.styles.width = queue_width if len(shown) > 1 else "1fr"
        self.screen.panel.styles.width = panel_width if len(shown) > 1 else "1fr"
        self.screen.head.styles.height = 3 if height >= 16 else 1
        self.screen.composer.styles.height = "40%" if height >= 20 else "60%"
        self.screen.reader.show_head()

    def pane(self) -> str:
        """Where the keys go: queue, middle or panel."""
        focused = self.screen.focused
        if focused is self.screen.panel:
            return "panel"
        return "queue" if focused is self.screen.queue or focused is None else "middle"

    def where(self) -> Where:
        """The context of the keys."""
        focused = self.screen.focused
        if focused is self.screen.sheet or self.screen.queue.searching:
            return Where.PICKER
        if isinstance(focused, TextBox) or focused is self.screen.composer.fields:
            return Where.COMPOSER
        if focused is self.screen.panel:
            return Where.PANEL
        return Where.CONVERSATION if focused is self.screen.conversation else Where.QUEUE

    def go_to(self, pane: str) -> None:
        """Focus a pane; on a narrow terminal it comes into sight."""
        if pane == "panel":
            self.panel_instead = True
        elif pane == "queue":
            self.panel_instead = False
        target: Any = {"queue": self.screen.queue, "panel": self.screen.panel}.get(pane, self.screen.conversation)
        for widget in (self.screen.queue, self.screen.middle, self.screen.panel):
            # What is hidden can't be focused: show first, then settle which panes stay.
            if widget is target or (widget is self.screen.middle and target is self.screen.conversation):
                widget.display = True
        self.screen.set_focus(target)
        self.anew()

    def anew(self) -> None:
        """What is shown has changed: lay the panes out again, and say which keys work now."""
        self._shape = ()
        self.shape()
        self.show_keys()

    def show_keys(self) -> None:
        """The footer's left side: what works here, or what may follow what was pressed."""
        keyboard = self.screen.desk_app.keyboard
        where = self.where()
        if where is not self._where:
            self._where = where
            self.screen.footer.fade()
        if keyboard.pending or keyboard.count:
            following = keyboard.continuations(where)
            following_keys = [(key, COMMANDS[command].title) for key, command in following.items()]
            pending = " ".join([keyboard.count, *keyboard.pending]).strip()
            self.screen.footer.show_keys(following_keys, pending, can_undo=False)
            return
        ranked = sorted((c for c in COMMANDS.all() if c.footer and where in c.where), key=lambda c: c.footer)
        sheet = self.screen.sheet.sheet
        here = keyboard.here(where)
        shown = []
        for command in ranked:
            if command.id == "picker.turn" and (self.screen.queue.searching or sheet is None or not sheet.turns()):
                continue
            if keys_here := here.get(command.id):
                title = sheet.turn_title() if command.id == "picker.turn" and sheet is not None else command.title
                shown.append((keys_here[0], title))
        help_keys = here.get("help", ())
        last = (help_keys[0], COMMANDS["help"].title) if help_keys and where is not Where.PICKER else ("", "")
        shown = [pair for pair in shown if pair != last and pair[1] != COMMANDS["help"].title]
        self.screen.footer.show_keys(shown, last=last, can_undo="undo" in here)
