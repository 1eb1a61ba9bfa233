"""The base of everything drawn here: a widget that says what stands on each of its lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from agentdesk.tui.layout import line
from agentdesk.tui.theme import Roles

if TYPE_CHECKING:
    from agentdesk.tui.app import DeskApp


class Lines(Widget):
    """Line API without a scrollbar. Subclasses give `draw`; `repaint` names the lines that changed."""

    DEFAULT_CSS = "Lines { background: $desk-ground; color: $desk-text; }"
    ALLOW_SELECT = False
    raised = False

    @property
    def desk_app(self) -> DeskApp:
        return cast("DeskApp", self.app)

    @property
    def roles(self) -> Roles:
        return self.desk_app.roles

    @property
    def ground(self) -> Style:
        return self.roles.raised if self.raised else self.roles.ground

    def draw(self, y: int, width: int) -> Strip:
        """The line `y` of the widget, `width` cells wide."""
        raise NotImplementedError

    def render_line(self, y: int) -> Strip:
        return self.draw(y, self.size.width).apply_style(self.ground)

    def repaint(self, first: int, count: int = 1, *, x: int = 0) -> None:
        """Redraw some lines, from column `x` on."""
        if not self.size.width:
            # Not shown yet: what was drawn the last time it was must not come back.
            self.refresh()
        elif self.size.width > x and count > 0:
            self.refresh(Region(x, first, self.size.width - x, count))


class Across(Lines):
    """A thin line across."""

    DEFAULT_CSS = "Across { height: 1; width: 100%; }"

    def draw(self, y: int, width: int) -> Strip:
        return line(width, [("─" * width, self.roles.line)])


class Down(Lines):
    """A thin line down."""

    DEFAULT_CSS = "Down { width: 1; height: 100%; }"

    def draw(self, y: int, width: int) -> Strip:
        return line(width, [("│", self.roles.line)])
