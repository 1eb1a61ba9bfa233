"""The application: keys to commands, changes to the screen, and nothing that waits."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import sqlite3
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, cast

from rich.color import ColorSystem
from rich.console import RenderableType
from rich.text import Text
from textual import events
from textual._compositor import CompositorUpdate
from textual.app import App, SuspendNotSupported
from textual.screen import Screen

from agentdesk.commands import COMMANDS, Where
from agentdesk.commands.keymap import Keymap, load
from agentdesk.config import DeskConfig
from agentdesk.desk.facts import Counts, Draft
from agentdesk.domain.clean import clean
from agentdesk.errors import DeskError
from agentdesk.locale import say
from agentdesk.tui import notices, theme
from agentdesk.tui.actions import ACTIONS
from agentdesk.tui.driver.driver import CellDriver
from agentdesk.tui.keyboard import Keyboard, token
from agentdesk.tui.ports import Desk, Engine
from agentdesk.tui.screens.desk import DeskScreen

POLL = 0.1
"""Seconds between two looks at what changed; a look costs one PRAGMA."""
TROUBLE = (DeskError, OSError, sqlite3.Error)
"""What may go wrong without being a defect of the screen."""
_KEEP_TITLE, _FORMER_TITLE = "\x1b[22;2t", "\x1b[23;2t"
"""xterm, kitty, VTE and others keep the title of before on a stack; the rest ignore it."""
KEYMAP_LOOK = 1.0
"""Seconds between two looks at the keymap's file."""
REPAINTS = 0.25
"""Changes from outside reach the screen at most this often."""


class DeskApp(App[int]):
    """AgentDesk on the terminal."""

    TITLE = "agentdesk"
    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False
    BINDINGS = []  # noqa: RUF012 - keys are the keymap's business, none are Textual's
    CSS_PATH = "desk.tcss"

    def __init__(
        self,
        desk: Desk,
        engine: Engine | None = None,
        *,
        palette: str = "",
        clock: Callable[[], datetime] | None = None,
        keymap: Keymap | None = None,
        notice: str = "",
    ) -> None:
        self.roles = theme.palette(palette or theme.chosen(desk.config.state))
        super().__init__(ansi_color=True if self.roles.name in {"ansi", "none"} else None)
        self.animation_level = "none"
        for name in theme.NAMES:
            self.register_theme(theme.textual_theme(theme.palette(name)))
        self.theme = f"desk-{self.roles.name}"
        self.desk, self.engine, self._notice = desk, engine, notice
        self.agent = desk.config.agent_email.lower()
        zone = desk.config.timezone
        self.now: Callable[[], datetime] = clock or (lambda: datetime.now(zone))
        self.keyboard = Keyboard(keymap or load(desk.config.keymap, desk.config.folder))
        self._keymap_written = _written(self.keyboard.keymap.file)
        self._names = {m.email.lower(): m.name for m in desk.config.members} | {self.agent: desk.config.agent_name}
        self._changes = desk.changes()
        self._seen: set[tuple[str, int]] = set()
        self._painted = 0.0
        self._aside = ThreadPoolExecutor(max_workers=1, thread_name_prefix="screen-reader")
        self.desk_screen = DeskScreen(desk, self.now)
        self.after_blob: list[Callable[[], bool]] = []
        """What waits for an attachment or a raw form to arrive; each says whether it is done."""
        self.thrown_away: Draft | None = None
        """The draft discarded last; undo brings it back."""
        self.mouse_on = False
        self.notices, self.notices_mode = notices.Notices(), notices.chosen(desk.config.state)
        self._title = ""
        self.ending = "background"
        """What the engine is told at the end. A lost terminal means: send what is on its way."""
        self._leaving = False
        self._known_faults: Sequence[str] = ()
        self._unsaved = ""
        self._packs_read: Mapping[Path, str] | None = None
        """The versions of the fetched packs as they were read; None: not yet."""
        self._packs_failed: dict[str, str] = {}
        self._started = False
        """The engine is."""

    def get_default_screen(self) -> DeskScreen:
        return self.desk_screen

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """Textual's frames go to our driver as they are, before they become escape sequences."""
        driver, update = self._driver, cast("object", renderable)
        if not isinstance(driver, CellDriver):
            super()._display(screen, renderable)
            return
        try:
            if isinstance(update, CompositorUpdate) and self._running and not self._closed and not self._batch_count:
                driver.paint(update, self.console._color_system or ColorSystem.TRUECOLOR, self.size)  # noqa: SLF001 - as Textual does
        finally:
            self.post_display_hook()

    def on_mount(self) -> None:
        self.set_interval(POLL, self._poll)
        self.set_interval(60.0, self.desk_screen.tick)
        self.set_interval(KEYMAP_LOOK, self._look_at_keymap)
        self.call_after_refresh(self._settle)
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            # Neither on Windows nor in a thread that is not the main one.
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGHUP, self.terminal_lost)
            loop.add_signal_handler(signal.SIGTERM, partial(self.leave, "background"))

    def terminal_lost(self) -> None:
        """The SSH line dropped: keep what was typed, and go as one goes then. The engine sends what is on its way."""
        self.guarded(self.desk_screen.save_draft)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGHUP)

    def _settle(self) -> None:
        """The first picture is out: forget garbage for good, start what works behind, warm what comes first."""
        if self.engine is not None:
            # Only now: it is a second Python that starts, and the first picture should not wait for it.
            self.engine.start()
            self._started = True
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 50, 1_000)
        faults = [*map(str, self.keyboard.keymap.faults), *self.desk.config.faults]
        if faults:
            self._say_faults(faults)
        elif unsent := self.desk.writing.unsent():
            self.desk_screen.tell(say("screen.unsent_at_start", n=unsent, key=self.key_of("outbox")), "note")
        elif self._notice:
            self.desk_screen.tell(self._notice, "accent")
        self.look_for_questions()
        self.set_timer(0.5, self._warm)

    def _warm(self) -> None:
        """Load what the first picker needs while nothing else happens."""

        def prepared(result: object) -> None:
            # What is wrong with a pack is said once, where nothing more urgent stands.
            faults = [str(result)] if isinstance(result, TROUBLE) else list(self.desk.answers.faults)
            if faults and not self.desk_screen.footer.words:
                self._say_faults(faults)
            elif not isinstance(result, TROUBLE):
                self._say_news()

        self.aside(self._prepare, prepared)

    def _prepare(self) -> int:
        """Load the packs and write down which texts there are; returns how many are other than at the last look."""
        self._packs_read = self.desk.packs.installed()
        self.desk.answers.prepare()
        return self.desk.packs.note()

    def _say_news(self) -> None:
        """What changed in the packs since the last shift: a line that any key takes away, and a key that shows it."""
        found = self.desk.packs.news().count
        if found and not self.desk_screen.footer.words:
            self.desk_screen.tell(say("packs.news", n=found, key=self.key_of("news")), "note")

    def look_for_packs(self) -> None:
        """Something was fetched, or could not be: read the packs anew if they are others, and say what went wrong once."""
        failed = {source.place: source.detail for source in self.desk.packs.sources() if source.detail}
        fresh = [f"{place}: {detail} {say('packs.goes_on')}" for place, detail in failed.items() if self._packs_failed.get(place) != detail]
        self._packs_failed = failed
        if fresh:
            self._say_faults(fresh)
        if self._packs_read is None or self.desk.packs.installed() == self._packs_read:
            return

        def prepared(result: object) -> None:
            if isinstance(result, TROUBLE):
                self._say_faults([str(result)])
            elif result:
                self.desk_screen.tell(say("packs.now_other", n=result, key=self.key_of("news")), "note")

        def again() -> int:
            self.desk.answers.reload()
            return self._prepare()

        self.aside(again, prepared)

    def _say_faults(self, faults: Sequence[str]) -> None:
        more = say("screen.more_faults", n=len(faults) - 1) if len(faults) > 1 else ""
        self.desk_screen.tell(faults[0] + more, "bad")

    def look_for_faults(self) -> None:
        """What the engine wants known, once each."""
        unsaved, before = self.desk.reading.unsaved(), self._unsaved
        self._unsaved = unsaved
        self.desk_screen.topline.update(engine_fault=say("screen.not_saving") if unsaved else "")
        if before and not unsaved:
            self.desk_screen.tell(say("screen.saving_again"), "note")
        faults = self.desk.reading.engine_faults()
        fresh = [fault for fault in faults if fault not in self._known_faults]
        self._known_faults = tuple(faults)
        if fresh:
            self._say_faults(fresh)

    # -- keys ------------------------------------------------------------------------------------------------------

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key) and not event.is_forwarded and self.screen is self.desk_screen:
            if not self._press(event):
                await self._type(event)
            return
        if isinstance(event, events.Paste) and not event.is_forwarded and self.screen is self.desk_screen:
            # What is pasted comes from anywhere: it passes the gate that mail passes.
            text = clean(event.text).replace("\ufffd", "")
            if not self._paste(text):
                await self.desk_screen.composer.box.paste(events.Paste(text))
            return
        await super().on_event(event)

    async def _type(self, event: events.Key) -> None:
        """A key for the text being written. It takes effect before the next key is looked at: posted to the text, as Textual
        does it, it would be overtaken by the command behind it, and a reply be sent without its last words.
        """
        box = self.desk_screen.composer.box
        if await self._check_bindings(event.key, priority=True):
            return
        before = box.text
        if not await box.typed(event):
            await self._check_bindings(event.key)
        if box.text != before:
            self.desk_screen.composer.edited()

    def _press(self, event: events.Key) -> bool:
        """Take a key; False leaves it to the text being written."""
        screen = self.desk_screen
        screen.listing.touched = True
        if self._leaving:
            self._leaving = False
            screen.tell(say("screen.quit_called_off"))
        where, key = screen.where(), token(event)
        before = (self.keyboard.pending, self.keyboard.count)
        meant = self.keyboard.press(key, where)
        if meant.command:
            self.run_command(meant.command, meant.count)
            screen.show_keys()
            return True
        if before != (self.keyboard.pending, self.keyboard.count):
            screen.show_keys()
        if meant.taken:
            return True
        if where is Where.PICKER:
            if screen.queue.searching:
                if screen.queue.search is not None and screen.queue.search.press(key, event.character):
                    screen.search_changed()
            else:
                screen.sheet.press(key, event.character)
            return True
        if where is Where.COMPOSER:
            if screen.focused is screen.composer.fields:
                if screen.composer.fields.press(key, event.character):
                    screen.composer.edited()
                return True
            return False
        if event.is_printable:
            self._dead_key(key, where)
        return True

    def _dead_key(self, key: str, where: Where) -> None:
        """A key that does nothing here says so, and where it would."""
        command, other = self.keyboard.elsewhere(key, where)
        if command:
            words = say("screen.key_elsewhere", key=key, what=COMMANDS[command].title, where=say(f"screen.pane_{other}"))
        else:
            words = say("screen.no_such_key", key=key, help=self.key_of("help"))
        self.desk_screen.tell(words)

    def _paste(self, text: str) -> bool:
        screen = self.desk_screen
        if screen.where() is Where.PICKER:
            if screen.queue.searching and screen.queue.search is not None:
                screen.queue.search.insert(text)
                screen.search_changed()
            else:
                screen.sheet.paste(text)
            return True
        if screen.focused is screen.composer.fields:
            fields = screen.composer.fields
            fields.entries[list(fields.entries)[fields.at]].insert(text)
            fields.refresh()
            screen.composer.edited()
            return True
        # Pasted text is no row of verbs.
        return screen.where() is not Where.COMPOSER

    def run_command(self, command_id: str, count: int = 0, argument: str = "") -> None:
        """Carry out a command; what the desk refuses is said in the status line."""
        self.guarded(partial(ACTIONS[command_id], self.desk_screen, count, argument))

    def guarded(self, do: Callable[[], object]) -> None:
        """Do something; a refusal, a full disk or a store held by another process costs this one step, not the screen."""
        try:
            do()
        except TROUBLE as error:
            self.desk_screen.tell(str(error), "bad")

    def key_of(self, command_id: str) -> str:
        return self.keyboard.keymap.shown(command_id) or ":" + COMMANDS[command_id].title

    # -- what happens behind ---------------------------------------------------------------------------------------

    def aside(self, ask: Callable[[], Any], then: Callable[[Any], None], *, wait: bool = False) -> None:
        """Read something slow in another thread; `then` gets it, or the exception, on the screen's own.

        With `wait` it is read at once: for what the agent's key asked to see.
        """
        if wait:
            try:
                result = ask()
            except Exception as error:  # noqa: BLE001 - handed to the caller, who raises what is none of its own
                result = error
            then(result)
            return
        loop = asyncio.get_running_loop()
        future = loop.run_in_executor(self._aside, ask)

        def finished(done: asyncio.Future[Any]) -> None:
            if done.cancelled() or not self.is_running:
                return
            error = done.exception()
            then(error if error is not None else done.result())

        future.add_done_callback(finished)

    def _poll(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            self._seen |= self._changes.poll()
        now = asyncio.get_running_loop().time()
        if self._seen and now - self._painted >= REPAINTS:
            changes, self._seen = frozenset(self._seen), set()
            self._painted = now
            self.guarded(partial(self.desk_screen.changed, changes))
        if self._started and self.engine is not None and not self.engine.watch():
            self.desk_screen.topline.update(engine_fault=say("screen.engine_gone"))

    def _look_at_keymap(self) -> None:
        """Keys that were changed in the file hold at once. While it is being written it may be no file, or half of one."""
        now = _written(self.keyboard.keymap.file)
        if now in {self._keymap_written, 0}:
            return
        self._keymap_written = now
        keymap = load(self.desk.config.keymap, self.desk.config.folder)
        if any(keymap.keys.values()):  # else it can't be read at all, and those of before stay
            self.keyboard.use(keymap)
            self.keyboard.forget()
            self.desk_screen.show_keys()
        if keymap.faults:
            self._say_faults([str(fault) for fault in keymap.faults])
        else:
            self.desk_screen.tell(say("screen.keymap_read", name=keymap.name), "note")

    def wake(self) -> None:
        if self.engine is not None:
            self.engine.wake()

    def sign_in(self, channel: str) -> None:
        """`agentdesk login` on this terminal, with the screen put away meanwhile; the engine hears of it from there."""
        config = self.desk.config
        # A desk given by path has its state beside it; one in the platform's place is found without being named.
        named = ["--desk", str(config.folder)] if config.state == config.folder / "state" else []
        try:
            with self.suspend():
                # Ctrl-C is for the sign-in. A handler and not SIG_IGN: the child would inherit that.
                before = signal.signal(signal.SIGINT, lambda *_: None)
                try:
                    status = subprocess.run([sys.executable, "-m", "agentdesk", "login", channel, *named], check=False).returncode  # noqa: S603 - our own program
                finally:
                    signal.signal(signal.SIGINT, before)
        except SuspendNotSupported:
            self.desk_screen.tell(say("screen.sign_in_elsewhere", channel=channel), "note")
            return
        self.desk_screen.tell(say("screen.signed_in" if status == 0 else "screen.not_signed_in", channel=channel), "note" if status == 0 else "bad")

    # -- leaving ---------------------------------------------------------------------------------------------------

    def leave(self, how: str) -> None:
        """End the screen. `background`: the engine sends what is on its way first; else it finishes its step and ends."""
        self.guarded(self.desk_screen.save_draft)
        self.ending = "background" if how == "background" else "now"
        self.exit(0)

    def leave_when_sent(self) -> None:
        """Stay until nothing is on its way any more; any key calls it off."""
        self._leaving = True
        self.wake()
        self._say_waiting()
        self.set_timer(0.5, self._leave_if_sent)

    def _say_waiting(self) -> None:
        count = self.desk.writing.unsent()
        self.desk_screen.tell(say("screen.waiting_to_quit", n=count), "note")

    def _leave_if_sent(self) -> None:
        if not self._leaving:
            return
        if self.desk.writing.unsent() == 0:
            self.leave("now")
            return
        self._say_waiting()
        self.set_timer(0.5, self._leave_if_sent)

    def look_for_questions(self) -> None:
        """Something behind wants to know something: say so, without taking the keys away."""
        questions = self.desk.reading.questions()
        if questions:
            self.desk_screen.tell(say("screen.question_waits", n=len(questions), key=self.key_of("questions")), "warm")

    def blob_arrived(self) -> None:
        self.after_blob = [waiting for waiting in self.after_blob if not waiting()]

    # -- small things the widgets ask ------------------------------------------------------------------------------

    def short_name(self, who: str) -> str:
        """A colleague's first name, from an address or a name."""
        name = self._names.get(who.lower(), who)
        return name.split(" ")[0] if name in self._names.values() else name

    def counted(self, counts: Counts) -> None:
        """What waits goes into the terminal's title, and more chats than before are told of."""
        title = notices.title(self.desk.config.name, counts)
        if title != self._title:
            self._say_to_terminal(("" if self._title else _KEEP_TITLE) + title)
            self._title = title
        self.notify_of(self.notices.chats(counts))

    def notify_of(self, words: str) -> None:
        """Call the agent's attention, here and, if they look elsewhere, through the terminal."""
        if words:
            self.desk_screen.tell(words, "warm")
            self._say_to_terminal(notices.bell_and_notice(words, self.desk.config.name, self.notices_mode, os.environ, looking=self.app_focus))

    def use_notices(self, mode: notices.Mode) -> None:
        self.notices_mode = mode
        with contextlib.suppress(OSError):
            notices.remember(self.desk.config.state, mode)

    def _say_to_terminal(self, sequence: str) -> None:
        if self._driver is not None and sequence:
            self._driver.write(sequence)

    def redraw(self) -> None:
        """Send the whole picture again."""
        if isinstance(self._driver, CellDriver):
            self._driver.repaint()
        else:
            self.refresh()

    def use_mouse(self, *, on: bool) -> None:
        """1000: buttons; 1006: their places as decimal numbers. Not 1003, which reports every move."""
        self.mouse_on = on
        sign = "h" if on else "l"
        if sys.__stderr__ is not None and not self.is_headless:
            sys.__stderr__.write(f"\x1b[?1000{sign}\x1b[?1006{sign}")
            sys.__stderr__.flush()

    def on_unmount(self) -> None:
        if self.mouse_on:
            self.use_mouse(on=False)
        if self._title:
            self._say_to_terminal(_FORMER_TITLE)

    def use_palette(self, name: str) -> None:
        with contextlib.suppress(OSError):
            theme.remember(self.desk.config.state, name)
        self.roles = theme.palette(name)
        self.ansi_color = True if name in {"ansi", "none"} else None
        self.theme = f"desk-{name}"
        screen = self.desk_screen
        screen.conversation.update(screen.conversation.items)
        screen.conversation._build()  # noqa: SLF001 - styles are kept in its lines
        screen.panel._build()  # noqa: SLF001 - likewise
        self.refresh_css(animate=False)
        for widget in screen.walk_children():
            widget.refresh()

    def _fatal_error(self) -> None:
        """A defect ends the screen. What was typed is kept, and where it happened is written to a file of the agent's own.

        Textual's own picture of an error shows every variable, and so customers' names and letters, on the terminal.
        """
        error = sys.exc_info()[1] or self._exception
        with contextlib.suppress(Exception):
            self.desk_screen.save_draft()
        file = self.desk.config.state / "defect.txt"
        with contextlib.suppress(OSError):
            file.unlink(missing_ok=True)
            with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
                out.write(clean("".join(traceback.format_exception(error))))
        self._exit_renderables.append(Text(say("screen.defect", what=type(error).__name__, file=file)))
        self._close_messages_no_wait()

    def action_help_quit(self) -> None:
        """Textual's own answer to ctrl+c would be a toast."""
        self.desk_screen.tell(say("screen.how_to_quit", key=self.key_of("quit")))


def _written(file: Path) -> int:
    """When a file was last written; 0 where there is none."""
    try:
        return file.stat().st_mtime_ns if file.name else 0
    except OSError:
        return 0


def run(config: DeskConfig, notice: str = "", *, driver: str = "cells") -> int:
    """Open the desk on this terminal; returns the exit status. `driver`: "cells" sends what changed, "stock" is Textual's own."""
    from agentdesk.desk import Desk as RealDesk  # noqa: PLC0415 - the tests run without a store

    with RealDesk.open(config) as desk:
        engine = _engine(config)
        theme.first_look(config.state)
        app = DeskApp(desk, engine, notice=notice)
        if driver == "cells" and sys.platform != "win32":
            app.driver_class = CellDriver
        try:
            return app.run(mouse=False) or app.return_code or 0
        finally:
            with contextlib.suppress(*TROUBLE):
                desk.packs.end_shift()
            if engine is not None:
                engine.stop(app.ending)


def _engine(config: DeskConfig) -> Engine | None:
    """The engine, not yet started; none for a desk that has nothing to bring in.

    Passwords are fetched now, before the screen takes the terminal: `pass` may want to ask for a PIN.
    """
    if not config.channels and not config.pack_sources:
        return None
    from agentdesk.desk.engine_process import EngineProcess  # noqa: PLC0415 - not needed to draw
    from agentdesk.secrets import fetch_channel  # noqa: PLC0415 - likewise

    secrets: dict[str, str] = {}
    for channel in config.channels:
        try:
            secrets |= fetch_channel(channel, config.folder)
        except DeskError:
            # The engine asks for what it was not given, and the desk works without this channel until then.
            continue
    return EngineProcess(config, secrets)
