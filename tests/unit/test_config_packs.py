"""[snippets] packs in desk.toml: what is fetched, whose it is, and what is refused."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from agentdesk.config import load
from agentdesk.errors import ConfigError

DESK = """\
[desk]
name = "Casa Verde"
locale = "en-GB"
timezone = "Europe/Rome"
[agent]
name = "Anna"
email = "anna@casaverde.example"
"""


@pytest.fixture
def desk(tmp_path: Path):
    def write(packs: str):
        (tmp_path / "desk.toml").write_text(DESK + f"[snippets]\npacks = [{packs}]\n", "utf-8")
        return load(tmp_path, tmp_path / "state")

    return write


def test_each_kind_of_source(desk, tmp_path: Path) -> None:
    (tmp_path / "snippets").mkdir()
    (tmp_path / "snippets.local").mkdir()
    config = desk(
        '"starter", "https://packs.example/a.toml", { url = "https://packs.example/b.toml", sha256 = "' + "A" * 64 + '", every = "30m" },'
        ' { git = "git@git.example:desk/packs.git", branch = "release/1", folder = "texts/" }, { git = "packs.git", layer = "team" }, "snippets"'
    )
    assert config.faults == ()
    assert config.pack_layers == ("", "company", "company", "company", "team", "team", "own")
    assert config.packs[-2:] == (tmp_path / "snippets", tmp_path / "snippets.local")
    kinds = [(source.kind, source.place, source.every, source.branch, source.folder, source.sha256) for source in config.pack_sources]
    hour = timedelta(hours=1)
    assert kinds == [
        ("url", "https://packs.example/a.toml", hour, "", "", ""),
        ("url", "https://packs.example/b.toml", timedelta(minutes=30), "", "", "a" * 64),
        ("git", "git@git.example:desk/packs.git", hour, "release/1", "texts", ""),
        ("git", str(tmp_path / "packs.git"), hour, "", "", ""),
    ]
    assert len({source.root for source in config.pack_sources}) == 4
    assert all(source.path in config.packs and source.path.is_relative_to(config.state) for source in config.pack_sources)
    assert [path.name for path in config.packs_here] == ["packs", "snippets", "snippets.local"] or len(config.packs_here) == 3


def test_a_folder_may_be_of_any_layer(desk, tmp_path: Path) -> None:
    for name in ("ours", "mine"):
        (tmp_path / name).mkdir()
    assert desk('{ path = "ours", layer = "company" }, { path = "mine", layer = "own" }').pack_layers == ("company", "own")


def test_one_repository_may_hold_two_layers(desk) -> None:
    config = desk('{ git = "https://git.example/p.git", folder = "all" }, { git = "https://git.example/p.git", folder = "team", layer = "team" }')
    assert config.pack_layers == ("company", "team")


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ('"http://packs.example/x.toml"', "https URL"), ('"ftp://packs.example/x.toml"', "https URL"), ('"https://me:pw@packs.example/x.toml"', "secret|password"),
        ('{ url = "https://packs.example/x.toml", sha256 = "12" }', "64 digits"), ('{ git = "--upload-pack=x" }', "a git repository"),
        ('{ git = "ext::sh -c touch" }', "a git repository"), ('{ git = "https://g.example/x", branch = "--all" }', "branch or a tag"),
        ('{ git = "https://g.example/x", branch = "a..b" }', "branch or a tag"), ('{ git = "https://g.example/x", folder = "../.." }', "folder in the repository"),
        ('{ git = "https://g.example/x", every = "1s" }', "minute or more"), ('{ git = "https://g.example/x", layer = "boss" }', "company, team, own"),
        ('{ git = "https://g.example/x", brunch = "a" }', "brunch"), ('{ path = "x", sha256 = "a" }', "sha256"), ("1", "a folder or a file"), ("{ }", "a folder or a file"),
        ('"https://p.example/x.toml", "https://p.example/x.toml"', "twice"),
        ('"snippets", { git = "https://g.example/x" }', "company < team < own"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line(desk, tmp_path: Path, entry: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        desk(entry)
    assert str(caught.value).startswith(f"{tmp_path}/desk.toml:9: ")
    assert re.search(words, str(caught.value))
