"""Snippets in a reply: several in one, in another language by a key, asked with defaults, gone on with where they say."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
from fake_desk import FakeAsk, FakeDesk, FakeFilled, FakeHit
from screens import opened

from agentdesk.commands import Where

TEXTS = {
    ("shipping/one", "it"): "Gentile Maria,\n\nil pacco è partito.\n\nSaluti,\nAnna",
    ("shipping/one", "en"): "Dear Maria,\n\nyour parcel has left.\n\nRegards,\nAnna",
    ("shipping/two", "it"): "Gentile Maria,\n\nil rimborso è in corso.\n\nSaluti,\nAnna",
    ("shipping/two", "en"): "Dear Maria,\n\nthe refund is on its way.\nPlease allow some days.\n\nRegards,\nAnna",
}


def spoken(fake: FakeDesk, name: str, row: int, language: str = "", asked: object = None) -> FakeFilled:
    full = name if "/" in name else f"shipping/{name}"
    shown = language if (full, language) in TEXTS else "it"
    text = TEXTS[full, shown]
    return FakeFilled(text, cursor=len(text), language=shown, snippet=full)


@pytest.fixture
def fake(monkeypatch):
    desk = FakeDesk()
    hits = [FakeHit("shipping/one", "Uno", ""), FakeHit("shipping/two", "Due", "")]
    monkeypatch.setattr(desk.answers, "search", lambda query, row: [hit for hit in hits if query.lower() in hit.title.lower()])
    monkeypatch.setattr(desk.answers, "fill", partial(spoken, desk))
    return desk


async def test_two_in_one_reply_change_their_language_by_a_key(fake):
    async with opened(fake) as desk:
        await desk.press("s", "enter", "'::due'", "enter")
        box = desk.screen.composer.box
        assert box.text.strip() == "Gentile Maria,\n\nil pacco è partito.\n\nil rimborso è in corso.\n\nSaluti,\nAnna"
        await desk.press("ctrl+l", "'engl'", "enter")
        assert desk.screen.where() is Where.COMPOSER
        assert box.text.strip() == (
            "Dear Maria,\n\nyour parcel has left.\n\nthe refund is on its way.\nPlease allow some days.\n\nRegards,\nAnna"
        )
        draft = desk.screen.composer.draft
        assert (draft.language, [one.language for one in draft.snippets]) == ("en", ["en", "en"])
        assert "stays" not in desk.lines()[-1]
        await desk.press("ctrl+s")
        assert "your parcel has left" in fake.sent[0].text


async def test_what_was_changed_stays_and_is_named(fake):
    async with opened(fake) as desk:
        await desk.press("s", "enter")
        box = desk.screen.composer.box
        box.load_text(box.text.replace("partito", "partito oggi"))
        await desk.press("ctrl+l", "'engl'", "enter")
        assert "partito oggi" in box.text
        assert "one text stays as it is" in desk.lines()[-1]
        assert "shipping/one" in desk.lines()[-1]


async def test_what_was_typed_around_it_stays(fake):
    async with opened(fake) as desk:
        await desk.press("r", "'Premessa.'", "enter", "enter", "'::uno'", "enter", "ctrl+end", "enter", "'Coda'")
        await desk.press("ctrl+l", "'engl'", "enter", "'!'")
        text = desk.screen.composer.box.text
        assert text.startswith("Premessa.\n\nDear Maria,")
        assert text.endswith("Coda!"), "the cursor stays where it was"


async def test_a_default_is_asked_and_taken_by_enter(monkeypatch):
    desk_ = FakeDesk()
    fill = desk_.answers.fill

    def asking(name, row, language="", asked=None):
        asked = {"days": "3", "size": "M"} | dict(asked or {})
        text = f"Arriva tra {asked['days']} giorni, taglia {asked['size']}."
        questions = (FakeAsk("days", "Days of delay", "3", ("1", "3", "7")), FakeAsk("size", "Size", "M"))
        return replace(fill("gift", row, language), text=text, ask=questions, cursor=len(text))

    monkeypatch.setattr(desk_.answers, "fill", asking)
    async with opened(desk_) as desk:
        await desk.press("s")
        assert "asked on enter: Days of delay, Size" in desk.text()
        await desk.press("enter")
        assert "Days of delay · 1/2" in desk.text()
        await desk.press("enter")
        assert "Size · 2/2" in desk.text()
        await desk.press("'XL'")
        assert "Arriva tra 3 giorni, taglia XL." in desk.text()
        await desk.press("enter")
        assert desk.screen.composer.box.text == "Arriva tra 3 giorni, taglia XL."


async def test_the_cursor_goes_where_the_text_says(fake, monkeypatch):
    text = "Ciao,\n\n\n\nSaluti"
    monkeypatch.setattr(fake.answers, "fill", lambda *_, **__: FakeFilled(text, cursor=6, snippet="shipping/one"))
    async with opened(fake) as desk:
        await desk.press("s", "enter", "'qui'")
        assert desk.screen.composer.box.text == "Ciao,\nqui\n\n\nSaluti"


async def test_open_places_one_after_the_other_by_a_key(fake, monkeypatch):
    text = "Ordine ⟨order.number⟩, pacco ⟨order.shipment.number⟩."
    monkeypatch.setattr(fake.answers, "fill", lambda *_, **__: FakeFilled(text, cursor=7, snippet="shipping/one"))
    async with opened(fake) as desk:
        await desk.press("s", "enter", "ctrl+s")
        assert not fake.sent, "it is stopped"
        box = desk.screen.composer.box
        assert box.selected_text == "⟨order.number⟩"
        await desk.press("ctrl+n")
        assert box.selected_text == "⟨order.shipment.number⟩"
        await desk.press("'GL1'", "ctrl+n", "'77'", "ctrl+n")
        assert box.text == "Ordine 77, pacco GL1."
        await desk.press("ctrl+s")
        assert fake.sent[0].text == "Ordine 77, pacco GL1."


async def test_an_open_place_of_the_subject_is_gone_to_as_well():
    desk_ = FakeDesk()
    async with opened(desk_) as desk:
        await desk.press("r", "'Testo'")
        desk.screen.composer.draft.subject = "Ordine ⟨order.number⟩"
        desk.screen.composer.fields.load(desk.screen.composer.draft)
        desk_.writing.check = lambda draft: ("order.number has no value yet.",) if "⟨" in draft.subject else ()
        await desk.press("ctrl+s")
        assert not desk_.sent
        assert desk.screen.focused is desk.screen.composer.fields
        assert desk.screen.composer.fields.at == 3
        await desk.press("ctrl+u", "'Ordine 77'", "ctrl+s")
        assert desk_.sent[0].subject == "Ordine 77"


HOSTILE = ["{{ 7 | times: 7 }}", "[/bold][@click=app.quit]x[/]", "a" * 20_000, "山田花子" * 500, "\u202eevil\u202c", "⟨order.number⟩"]


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_whatever_fills_a_text_is_text(fake, monkeypatch, value, size):
    text = f"Gentile {value}, tutto bene."
    made = FakeFilled(text, spans=((8, 8 + len(value)),), cursor=len(text), snippet="shipping/one", summary=value)
    monkeypatch.setattr(fake.answers, "fill", lambda *_, **__: made)
    async with opened(fake, size=size) as desk:
        await desk.press("S", "escape", "s", "tab", "enter")
        assert desk.screen.composer.box.text == text
        await desk.press("ctrl+home", "ctrl+end", "ctrl+l", "down", "enter")
        assert desk.screen.composer.box.text == text
        assert desk.app.is_running
