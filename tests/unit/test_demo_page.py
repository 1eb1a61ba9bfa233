"""The customer page finds every word it says in the catalogue, and no script can hide in what it shows."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from agentdesk.locale import words_of

PAGE = files("agentdesk.demo").joinpath("page")
HTML = PAGE.joinpath("customer.html").read_text("utf-8")
SCRIPT = PAGE.joinpath("customer.js").read_text("utf-8")


@pytest.mark.parametrize("language", ["en", "it"])
def test_every_word_is_there_and_used(language: str) -> None:
    used = set(re.findall(r'data-(?:say|hint)="(\w+)"', HTML)) | set(re.findall(r"words\.(\w+)", SCRIPT))
    known = {key.removeprefix("demo.page_") for key in words_of(language) if key.startswith("demo.page_")}
    assert used == known


def test_the_script_finds_its_elements() -> None:
    wanted = set(re.findall(r'\$\("([\w-]+)"\)', SCRIPT))
    there = set(re.findall(r'\bid="([\w-]+)"', HTML))
    assert wanted
    assert wanted <= there


def test_nothing_foreign_is_ever_markup() -> None:
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", SCRIPT)
    assert not re.search(r"<script(?![^>]*src=)|\son\w+=|style=", HTML), "the content policy would stop it"
