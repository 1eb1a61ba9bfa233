"""Keymaps: what is wrong is said with file and line, and the rest works."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from fake_desk import FakeDesk
from screens import opened

from agentdesk.commands import COMMANDS, Where
from agentdesk.commands.keymap import Keymap, load
from agentdesk.paths import shipped
from agentdesk.tui.actions import ACTIONS
from agentdesk.tui.keyboard import Keyboard

UNBOUND = {"theme", "mouse", "notices"}


def test_every_command_does_something_and_everything_done_is_a_command():
    assert set(ACTIONS) == set(COMMANDS.by_id)


@pytest.mark.parametrize("name", sorted(file.stem for file in shipped("keymaps").glob("*.toml")))
def test_shipped_maps_reach_every_command(name):
    keymap = load(name)
    assert keymap.faults == ()
    assert {command for command in COMMANDS.by_id if not keymap.keys.get(command)} == UNBOUND


def test_a_verb_of_the_queue_has_the_same_key_in_the_conversation():
    keyboard = Keyboard(load("default"))
    queue, conversation = keyboard.here(Where.QUEUE), keyboard.here(Where.CONVERSATION)
    for command in set(queue) & set(conversation):
        assert queue[command] == conversation[command]


def written(tmp_path, text: str) -> Keymap:
    file = tmp_path / "mine.toml"
    file.write_text(text, "utf-8")
    return load("mine.toml", tmp_path)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('"clsoe" = "e"', "there is no command clsoe; nearest is close"),
        ('"close" = "hyper+x"', "there is no key hyper+x"),
        ('"close" = 5', "keys are a text or a list"),
        ('"send" = "s"', "is typed text there"),
        ('"close" = "5"', "begins a count"),
        ('"close" = "r"', "r is already reply"),
        ('"close" = "r r"', "can't be reached beside r (reply)"),
    ],
)
def test_a_bad_line_costs_one_key(tmp_path, line, said):
    keymap = written(tmp_path, f'[map]\nname = "mine"\nbase = "default"\n\n[keys]\n"reply" = "r"\n{line}\n"tag" = "T"\n')
    (fault,) = keymap.faults
    assert str(fault).startswith(f"{tmp_path}/mine.toml:7: ")
    assert said in fault.message
    assert keymap.shown("reply") == "r"
    assert keymap.shown("tag") == "T"
    assert keymap.shown("next.urgent") == "n"


def test_a_key_of_ones_own_leaves_the_command_it_had(tmp_path):
    keymap = written(tmp_path, '[map]\nbase = "default"\n[keys]\n"close" = "n"\n')
    assert keymap.faults == ()
    assert keymap.shown("close") == "n"
    assert keymap.shown("next.urgent") == ""


def test_what_is_no_toml_or_not_there_leaves_the_default_keys(tmp_path):
    keymap = written(tmp_path, "[keys\n")
    assert keymap.faults[0].line == 1
    assert keymap.shown("reply") == "r"
    assert load("gone.toml", tmp_path).faults
    assert load("gone.toml", tmp_path).shown("reply") == "r"


def test_sequences_counts_and_what_leads_nowhere():
    keyboard = Keyboard(load("default"))
    assert keyboard.press("1", Where.QUEUE).taken
    assert keyboard.press("0", Where.QUEUE).taken
    assert keyboard.press("j", Where.QUEUE).count == 10
    assert keyboard.press("g", Where.QUEUE).command == ""
    assert "m" in keyboard.continuations(Where.QUEUE)
    assert keyboard.press("m", Where.QUEUE).command == "view.mine"
    keyboard.press("g", Where.QUEUE)
    assert keyboard.press("e", Where.QUEUE).command == "", "what follows g was not meant to close"
    assert keyboard.press("e", Where.QUEUE).command == "close"
    assert not keyboard.press("5", Where.COMPOSER).taken
    assert keyboard.press("ctrl+x", Where.COMPOSER).taken
    assert keyboard.press("e", Where.COMPOSER).command == "send.close"


async def test_a_fault_is_shown_and_the_desk_works(tmp_path):
    keymap = written(tmp_path, '[map]\nbase = "default"\n[keys]\n"nothing" = "x"\n')
    async with opened(keymap=keymap) as desk:
        await desk.until(lambda: "there is no command" in desk.lines()[-1] or "mine.toml:4" in desk.lines()[-1])
        await desk.press("e")
        assert desk.desk.work.did == [("closed", [1])]


async def test_the_palette_finds_shows_keys_and_takes_arguments():
    async with opened() as desk:
        await desk.press(":", "'snooz'")
        assert "Put the conversation away" in desk.text()
        await desk.press("escape", ":", "'tag vip'", "enter")
        assert desk.desk.work.did[-1] == ("tag", [1], ["vip"], [])


async def test_help_shows_what_works_here():
    async with opened() as desk:
        await desk.press("?")
        assert "Open the most urgent conversation" in desk.text()
        await desk.press("escape", "r", "f1")
        assert "Send, and open the next" in desk.text()
        assert "Open the most urgent conversation" not in desk.text()


async def test_keys_changed_in_the_file_hold_at_once(tmp_path):
    own = tmp_path / "mine.toml"
    own.write_text('[map]\nname = "mine"\nbase = "default"\n[keys]\n"claim" = "9"\n', "utf-8")
    fake = FakeDesk()
    fake.config = replace(fake.config, folder=tmp_path, keymap="mine.toml")
    async with opened(fake) as desk:
        await desk.until(lambda: "mine.toml:5" in desk.lines()[-1])
        own.write_text('[map]\nname = "mine"\nbase = "default"\n[keys]\n"claim" = "C"\n"new" = "i"\n', "utf-8")
        os.utime(own, (1, 1))
        desk.app._look_at_keymap()
        await desk.press("C")
        assert fake.work.did[-1][0] == "taken"
        own.write_text("[", "utf-8")
        os.utime(own, (2, 2))
        desk.app._look_at_keymap()
        await desk.pilot.pause()
        assert "mine.toml" in desk.lines()[-1]
        await desk.press("c", "i")
        assert desk.screen.where() is Where.COMPOSER, "the keys of before stay"
