"""States that must look right: narrow terminals, trouble, things not here yet, leaving."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from fake_desk import NOW, FakeDesk, item, minutes, panel
from screens import FakeEngine, opened

from agentdesk.commands import Where
from agentdesk.desk.facts import ChannelFact, Question
from agentdesk.domain.conversation import MessageState
from agentdesk.domain.message import Address, Direction, Verified


@pytest.mark.parametrize("size", [(40, 10), (59, 20), (80, 24), (99, 24), (120, 36), (200, 50)])
async def test_every_size(size):
    async with opened(size=size) as desk:
        lines = desk.lines()
        assert len(lines) == size[1]
        assert "Maria Rossi" in desk.text()
        await desk.press("enter")
        assert "Dov'è il mio ordine?" in desk.text()
        await desk.press("p")
        assert "in transit" in desk.text() or size[0] >= 100 or size[1] < 12
        await desk.press("escape", "s", "down", "enter")
        assert desk.screen.where() is Where.COMPOSER
        assert "regalo." in desk.text()
        await desk.press("escape", "escape")
        assert desk.screen.where() is Where.QUEUE
        assert "Jan de Vries" in desk.text()


async def test_resizing_while_one_writes_keeps_the_text():
    async with opened() as desk:
        await desk.press("r", "'Buongiorno'")
        for width, height in ((45, 12), (70, 20), (160, 40)):
            await desk.pilot.resize_terminal(width, height)
            await desk.pilot.pause()
            assert "Buongiorno" in desk.text(), (width, height)


async def test_the_picture_of_the_design():
    async with opened() as desk:
        lines = desk.lines()
        assert lines[0].startswith(" Casa Verde  Anna        Open 14   Mine 1   Late 1   Chats waiting 2")
        assert lines[0].rstrip().endswith("↓2.1 kB ↑400 B  ●")
        assert set(lines[1]) == {"─"}
        assert lines[3][:39] == "▌ ✉ Maria Rossi                  -12 m "
        assert lines[4][:39] == "▌   Dov'è il mio ordine?        #10245 "
        assert lines[5][:39] == "  ❯ Jan de Vries                   2 m "
        assert "#10245 in transit" in desk.text()
        text = desk.text()
        assert "Anna  17:02  ✓ filed" in text
        assert "note · Luca  09:12" in text
        assert "▸ 14 quoted lines" in text
        assert "1 tracking.png  48.2 kB" in text


async def test_quotes_unfold_and_fold():
    async with opened() as desk:
        await desk.press(">")
        await desk.press("enter", "G")
        assert "riga citata 13" in desk.text()
        await desk.press(">")
        assert "riga citata" not in desk.text()


async def test_texts_not_here_are_asked_for_on_opening_and_shown_when_they_come():
    fake = FakeDesk()
    fake.threads[2] = (item("55", Direction.IN, NOW, None),)
    async with opened(fake) as desk:
        await desk.press("j")
        await desk.until(lambda: "not here yet" in desk.text())
        assert fake.reading.wanted == [], "looking past it fetches nothing"
        await desk.press("enter")
        assert fake.reading.wanted == [("text", 55)]
        assert "has been asked for" in desk.text()
        fake.threads[2] = (item("55", Direction.IN, NOW, "Eccolo"),)
        fake.changed.add(("conversation", 2))
        await desk.until(lambda: "Eccolo" in desk.text())


async def test_an_unverified_sender_and_anothers_order():
    fake = FakeDesk()
    fake.threads[1] = (item("1", Direction.IN, NOW, "Ordine 10198", verified=Verified.FAIL),)
    fake.panels[1] = panel(orders=(), about=None, foreign=("10198",), verified=Verified.FAIL, faults=("orders.csv:12: no number",))
    async with opened(fake) as desk:
        text = desk.text()
        assert "sender not verified" in text
        assert "#10198 · other customer" in text
        assert "orders.csv:12: no number" in text


async def test_old_order_data_and_an_order_to_choose():
    fake = FakeDesk()
    fake.panels[1] = panel(about=None, ambiguous=True, orders_as_of=NOW - minutes(240))
    async with opened(fake) as desk:
        assert "orders 4 h old" in desk.text()
        assert "Which order is it? o" in desk.text()
        await desk.press("o", "'9981'", "enter")
        assert fake.work.did[-1] == ("order", 1, "9981")


@pytest.mark.parametrize(
    ("state", "done", "total", "words"),
    [("syncing", 1240, 10000, "syncing 1,240 of 10,000"), ("refused", 0, 0, "support: login refused"), ("offline", 0, 0, "offline")],
)
async def test_the_line_to_the_servers(state, done, total, words):
    fake = FakeDesk()
    fake.reading.states = (ChannelFact("support", "imap", state, "", done, total, 0, 0, 0, None),)
    async with opened(fake) as desk:
        assert words in desk.lines()[0]


async def test_a_password_the_engine_asks_for_goes_down_the_pipe_unseen():
    engine, fake = FakeEngine(), FakeDesk()
    async with opened(fake, engine=engine) as desk:
        fake.reading.asked = (Question(4, "password", "support: the server refuses the password.", "support"),)
        fake.changed.add(("question", 4))
        await desk.until(lambda: "1 question waits · g ?" in desk.lines()[-1])
        await desk.press("g", "?", "'geheim'")
        assert "geheim" not in desk.text()
        assert "••••••" in desk.text()
        await desk.press("enter")
        assert engine.secrets == [("support", "geheim")]


async def test_an_engine_that_keeps_dying_is_shown():
    engine = FakeEngine()
    async with opened(engine=engine) as desk:
        engine.alive = False
        await desk.until(lambda: "keeps stopping" in desk.lines()[0])


async def test_the_outbox_says_what_can_be_done():
    fake = FakeDesk()
    async with opened(fake) as desk:
        await desk.press("s", "down", "enter", "ctrl+s")
        fake.writing._set(1, MessageState.UNKNOWN)
        await desk.press("O")
        assert "The line broke while it was handed over" in desk.text()
        await desk.press("enter")
        assert "mark it as sent" in desk.text()
        await desk.press("enter")
        assert fake.sent[0].state is MessageState.ACCEPTED
        fake.writing._set(1, MessageState.CONFLICT)
        await desk.press("O", "enter", "enter")
        assert fake.sent == []
        assert "Gentile Maria" in desk.screen.composer.box.text


async def test_quitting_with_nothing_on_its_way_just_quits():
    async with opened() as desk:
        await desk.press("q")
        assert desk.app._exit
        assert desk.app.ending == "now"


@pytest.mark.parametrize(("down", "ending"), [(1, "background"), (2, "now")])
async def test_quitting_with_a_held_reply_asks(down, ending):
    async with opened() as desk:
        await desk.press("s", "down", "enter", "ctrl+s", "q")
        assert "1 reply is not out yet" in desk.text()
        assert not desk.app._exit
        await desk.press(*["down"] * down, "enter")
        assert desk.app._exit
        assert desk.app.ending == ending
        assert desk.app.return_value == 0


async def test_quitting_can_wait_and_be_called_off():
    async with opened() as desk:
        await desk.press("s", "down", "enter", "ctrl+s", "q", "enter")
        assert "waiting for 1 reply" in desk.lines()[-1]
        await desk.press("j")
        assert "staying" in desk.lines()[-1]
        await desk.press("q", "enter")
        desk.desk.writing._set(1, MessageState.FILED)
        await desk.until(lambda: desk.app._exit)


async def test_quitting_while_writing_saves_the_draft():
    async with opened() as desk:
        await desk.press("r", "'Mezza frase'", "ctrl+q")
        assert desk.app._exit
        assert desk.desk.writing.kept[1].text == "Mezza frase"


async def test_attachments_are_fetched_saved_and_seen(tmp_path):
    fake = FakeDesk()
    async with opened(fake) as desk:
        await desk.press("d", "down", "enter")
        await desk.press(f"'{tmp_path}/new'", "enter")
        assert fake.files.wanted == [("attachment", 7)]
        assert "fetching tracking.png" in desk.lines()[-1]
        from PIL import Image

        picture = io.BytesIO()
        Image.new("RGB", (40, 20), (255, 0, 0)).save(picture, "PNG")
        fake.files.arrive(7, picture.getvalue())
        await desk.until(lambda: (tmp_path / "new" / "attachment-7").exists())
        await desk.press("d", "enter")
        assert "▀▀▀▀" in desk.text()
        await desk.press("escape")
        assert "▀▀▀▀" not in desk.text()


async def test_a_picture_that_is_none_says_so():
    fake = FakeDesk()
    fake.files.blobs[7] = b"\x89PNG broken"
    async with opened(fake) as desk:
        await desk.press("d", "enter")
        assert "can't be shown" in desk.text()


async def test_the_raw_form_of_what_cannot_be_shown_is_saved(tmp_path):
    fake = FakeDesk()
    fake.threads[1] = (item("9", Direction.IN, NOW, "", problem="too complex"),)
    async with opened(fake) as desk:
        assert "too complex to show" in desk.text()
        await desk.press("D", f"'{tmp_path}'", "enter")
        assert fake.files.wanted == [("raw", 9)]
        fake.files.arrive(-9, b"From: x\r\n\r\n")
        await desk.until(lambda: (tmp_path / "message-9.eml").exists())
        assert (tmp_path / "message-9.eml").stat().st_mode & 0o777 == 0o600


async def test_lookup_finds_orders_and_customers_without_a_conversation():
    async with opened() as desk:
        await desk.press("L", "'10245'")
        assert "Sciarpa di lana" in desk.text()
        await desk.press("ctrl+u", "'sofia'", "enter")
        assert desk.screen.current == 12


async def test_history_opens_from_the_panel():
    fake = FakeDesk()
    fake.panels[1] = panel(history=(fake.rows[12],))
    async with opened(fake) as desk:
        await desk.press("tab", "tab")
        assert desk.screen.where() is Where.PANEL
        await desk.press("enter")
        assert desk.screen.current == 12


async def test_two_hundred_messages_open_at_the_newest():
    fake = FakeDesk()
    fake.threads[1] = tuple(
        item(str(n), Direction.IN if n % 2 else Direction.OUT, NOW - minutes(300 - n), f"Messaggio {n}\n" + "parole " * 60,
             sender=Address("Maria", "m@x.example"))
        for n in range(200)
    )  # fmt: skip
    async with opened(fake) as desk:
        assert "Messaggio 199" in desk.text()
        await desk.press("enter", "g", "g")
        assert "Messaggio 0" in desk.text()


async def test_files_are_attached_and_removed(tmp_path):
    (tmp_path / "etichetta.pdf").write_bytes(b"%PDF")
    async with opened() as desk:
        await desk.press("r", "'Ecco'", "ctrl+x", "a", f"'{tmp_path}/eti'", "enter")
        assert "+ etichetta.pdf 4 B" in desk.text()
        await desk.press("ctrl+x", "d")
        assert "etichetta.pdf 4 B" not in desk.text().replace("attached etichetta.pdf", "")


async def test_nothing_is_repainted_while_nothing_happens():
    async with opened() as desk:
        await desk.until(lambda: desk.app._changes is not None)
        await desk.pilot.pause(0.6)
        drawn: list[str] = []
        for widget in (desk.screen.queue, desk.screen.conversation, desk.screen.panel, desk.screen.topline, desk.screen.footer):
            original = widget.draw
            widget.draw = lambda y, width, original=original, widget=widget: drawn.append(widget.id) or original(y, width)
        await desk.pilot.pause(0.5)
        assert drawn == []


async def test_moving_repaints_two_rows():
    async with opened() as desk:
        await desk.pilot.pause(0.4)
        drawn: list[int] = []
        original = desk.screen.queue.draw
        desk.screen.queue.draw = lambda y, width: drawn.append(y) or original(y, width)
        await desk.press("j")
        assert sorted(set(drawn)) == [1, 2, 3, 4]


@pytest.mark.parametrize("palette", ["dark", "light", "ansi", "none"])
async def test_palettes_change_while_it_runs(palette):
    async with opened() as desk:
        desk.app.run_command("theme", 0, palette)
        await desk.pilot.pause()
        assert "Maria Rossi" in desk.text()
        assert desk.app.roles.name == palette


async def test_italian():
    async with opened(locale="it") as desk:
        assert "Chat in attesa" in desk.lines()[0]
        assert "righe citate" in desk.text()
        await desk.press("s", "down", "enter", "ctrl+s")
        assert "inviata a Maria Rossi · u annulla 8 s" in desk.lines()[-1]


async def test_gone_replaced_rows_do_not_break_the_list():
    fake = FakeDesk()
    async with opened(fake) as desk:
        del fake.rows[3]
        fake.rows[1] = replace(fake.rows[1], subject="Nuovo oggetto")
        fake.changed |= {("conversation", 3), ("conversation", 1)}
        await desk.until(lambda: "Nuovo oggetto" in desk.text())


async def test_a_colleague_takes_it_while_one_writes_and_the_customer_writes_again():
    fake = FakeDesk()
    async with opened(fake) as desk:
        await desk.press("r", "'Gentile'")
        fake.rows[1] = replace(fake.rows[1], assignee="luca@casaverde.example")
        fake.changed.add(("conversation", 1))
        await desk.until(lambda: "Luca has taken this conversation" in desk.lines()[-1])
        fake.threads[1] = (*fake.reading.thread(1), item("88", Direction.IN, NOW, "Ancora io"))
        fake.changed.add(("conversation", 1))
        await desk.until(lambda: "something new in this conversation" in desk.lines()[-1])
        assert "Ancora io" in desk.text()
        assert desk.screen.composer.box.text == "Gentile"


async def test_faults_of_packs_and_engine_are_said_once():
    fake = FakeDesk()
    fake.answers.faults = ("shipping.toml:12: no text",)
    async with opened(fake) as desk:
        await desk.until(lambda: "shipping.toml:12: no text" in desk.lines()[-1])
        fake.reading.faults = ("orders.csv:3: no number", "orders.csv:9: no number")
        fake.changed.add(("orders", 0))
        await desk.until(lambda: "orders.csv:3: no number (and 1 more)" in desk.lines()[-1])
        await desk.press("escape")
        assert "orders.csv" not in desk.lines()[-1]
        fake.changed.add(("orders", 0))
        await desk.until(lambda: not fake.changed)
        assert "orders.csv" not in desk.lines()[-1]


@pytest.mark.parametrize(("status", "words"), [(0, "Signed in to support"), (1, "Not signed in to support"), (None, "agentdesk login support")])
async def test_a_sign_in_the_engine_asks_for_is_made_on_this_terminal(monkeypatch, status, words):
    """The screen is put away meanwhile; where that can't be, it says what to run elsewhere."""
    import contextlib
    import signal
    from types import SimpleNamespace

    from textual.app import SuspendNotSupported

    from agentdesk.tui import app

    ran = []

    def run(argv, *, check):
        ran.append(argv[1:5])
        assert signal.getsignal(signal.SIGINT) is not signal.SIG_IGN, "the child would inherit it"
        return SimpleNamespace(returncode=status)

    @contextlib.contextmanager
    def suspend(_self):
        if status is None:
            raise SuspendNotSupported
        yield

    monkeypatch.setattr(app.DeskApp, "suspend", suspend)
    monkeypatch.setattr(app.subprocess, "run", run)
    before = signal.getsignal(signal.SIGINT)
    engine, fake = FakeEngine(), FakeDesk()
    async with opened(fake, engine=engine) as desk:
        fake.reading.asked = (Question(4, "login", "support: the sign-in was revoked.", "support"),)
        fake.changed.add(("question", 4))
        await desk.until(lambda: "1 question waits · g ?" in desk.lines()[-1])
        await desk.press("g", "?")
        assert "the sign-in was revoked" in desk.text()
        assert "Enter: sign in now" in desk.text()
        await desk.press("enter")
        await desk.until(lambda: words in desk.text())
    assert ran == ([] if status is None else [["-m", "agentdesk", "login", "support"]])
    assert engine.secrets == []
    assert signal.getsignal(signal.SIGINT) == before
