"""Packs from git and from the web: fetched, checked, put in place; what goes wrong leaves the last good state and says why."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from agentdesk.channels.usage import Job, Usage
from agentdesk.config import PackSource
from agentdesk.engine import pack_git
from agentdesk.engine.engine import Engine
from agentdesk.engine.packs import Puller, forget_others
from agentdesk.snippets.pack import load_packs
from agentdesk.store import packs, traffic
from agentdesk.store.database import Database
from tests.desks import desk_config
from tests.pack_servers import Repository, Site, git_over_http, pack, web

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(tmp_path / "state" / "desk.db") as opened:
        yield opened


@pytest.fixture
def site() -> Iterator[Site]:
    with web() as served:
        yield served


def source(tmp_path: Path, kind: str, place: str, **more: object) -> PackSource:
    return PackSource(kind, place, tmp_path / "state" / "packs" / "one", timedelta(hours=1), **more)  # type: ignore[arg-type]


def pull(database: Database, one: PackSource, usage: Usage | None = None) -> packs.Fetched:
    """As when somebody asked for it."""
    database.write(lambda tx: packs.want(tx, [one.id]))
    Puller([one], database, usage or Usage(), lambda: False).run_due()
    return packs.of(database, one.id)


def text(one: PackSource) -> str:
    """What the one snippet says now."""
    library = load_packs([one.path])
    assert not library.faults
    return library.find("hello").texts["en"]


# -- git


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "remote")


@needs_git
def test_a_repository_is_fetched_and_followed(database: Database, repository: Repository, tmp_path: Path) -> None:
    one = source(tmp_path, "git", str(repository.path), branch="main")
    first = repository.commit({"shop.toml": pack("first"), "deep/other.toml": pack("x", "other")})
    assert pull(database, one).version == first
    assert text(one) == "first"
    second = repository.commit({"shop.toml": pack("second")})
    state = pull(database, one)
    assert (state.version, state.detail, text(one)) == (second, "", "second")
    for number in range(3):
        repository.commit({"shop.toml": pack(f"n{number}")})
        pull(database, one)
    assert text(one) == "n2"
    kept = [entry.name for entry in one.root.iterdir() if entry.is_dir() and not entry.is_symlink()]
    assert len(kept) == 3, "git, this version, and the last one for a window that still reads it"
    assert stat.S_IMODE((one.path / "shop.toml").stat().st_mode) == 0o600


@needs_git
def test_a_branch_a_tag_and_a_folder(database: Database, repository: Repository, tmp_path: Path) -> None:
    repository.commit({"snippets/shop.toml": pack("tagged"), "README.md": "x"})
    repository.git("tag", "-a", "v1", "-m", "v1")
    repository.commit({"snippets/shop.toml": pack("main")})
    repository.git("checkout", "-q", "-b", "team")
    repository.commit({"snippets/shop.toml": pack("team")})
    for ref, expected in (("v1", "tagged"), ("main", "main"), ("team", "team"), ("", "team")):
        one = replace(source(tmp_path, "git", str(repository.path), branch=ref, folder="snippets"), root=tmp_path / "packs" / (ref or "head"))
        assert pull(database, one).detail == ""
        assert text(one) == expected


@needs_git
def test_what_can_not_be_fetched_leaves_the_last_good_state_and_says_why(database: Database, repository: Repository, tmp_path: Path) -> None:
    one = source(tmp_path, "git", str(repository.path), branch="main")
    first = repository.commit({"shop.toml": pack("good")})
    pull(database, one)
    repository.commit({"shop.toml": "[pack\nname="})
    state = pull(database, one)
    assert state.version == first
    assert "shop.toml:1" in state.detail
    assert text(one) == "good"
    repository.git("rm", "-q", "shop.toml")
    repository.commit({"notes.txt": "x"})
    assert "no pack" in pull(database, one).detail
    repository.path.rename(tmp_path / "away")
    state = pull(database, one)
    assert "git:" in state.detail
    assert text(one) == "good"
    (tmp_path / "away").rename(repository.path)
    fixed = repository.commit({"shop.toml": pack("mended")})
    state = pull(database, one)
    assert (state.version, state.detail, text(one)) == (fixed, "", "mended")


@needs_git
def test_a_branch_that_is_not_there_is_said(database: Database, repository: Repository, tmp_path: Path) -> None:
    repository.commit({"shop.toml": pack("x")})
    assert "nowhere" in pull(database, source(tmp_path, "git", str(repository.path), branch="nowhere")).detail


@needs_git
def test_nothing_of_a_repository_is_run_or_followed(database: Database, repository: Repository, tmp_path: Path) -> None:
    """Hooks, filters, links out of it, submodules."""
    secret = tmp_path / "secret.toml"
    secret.write_text(pack("stolen", "stolen"), "utf-8")
    trap = tmp_path / "ran"
    for name in ("post-checkout", "post-merge", "reference-transaction", "post-fetch"):
        hook = repository.path / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {trap}\n")
        hook.chmod(0o755)
    (repository.path / "link.toml").symlink_to(secret)
    (repository.path / "out").symlink_to(tmp_path)
    repository.commit({
        "shop.toml": pack("good"), ".gitattributes": "*.toml filter=trap\n",
        ".gitmodules": f'[submodule "m"]\n\tpath = m\n\turl = {tmp_path / "m"}\n',
    })  # fmt: skip
    repository.git("config", "filter.trap.smudge", f"touch {trap}; cat")
    repository.git("config", "core.fsmonitor", f"touch {trap}")
    trap.unlink(missing_ok=True)  # committing may have run what is ours
    one = source(tmp_path, "git", str(repository.path), branch="main")
    assert pull(database, one).detail == ""
    assert text(one) == "good"
    assert not trap.exists()
    assert {file.name for file in one.path.iterdir()} == {"shop.toml", ".gitattributes", ".gitmodules"}
    assert "stolen/hello" not in load_packs([one.path]).snippets


@needs_git
def test_over_http_bytes_are_counted_and_nothing_new_costs_little(database: Database, repository: Repository, tmp_path: Path) -> None:
    repository.commit({"shop.toml": pack("first"), "large.txt": os.urandom(30_000).hex()})
    with git_over_http(tmp_path) as port:
        one = source(tmp_path, "git", f"http://127.0.0.1:{port}/remote/.git", branch="main")
        usage = Usage(job=Job.PACKS)
        assert pull(database, one, usage).detail == ""
        first = usage.copy()
        assert first.bytes_in > 30_000
        assert first.bytes_out > 100
        assert first.round_trips >= 2
        pull(database, one, usage)
        again = usage.since(first)
        assert 0 < again.bytes_in < 2_000
        assert text(one) == "first"


@needs_git
def test_a_repository_that_wants_a_password_is_not_asked_twice(database: Database, tmp_path: Path, site: Site) -> None:
    site.status = 401
    one = source(tmp_path, "git", f"http://127.0.0.1:{site.port}/private.git", branch="main")
    assert "git:" in pull(database, one).detail


@needs_git
def test_a_repository_that_grows_beyond_measure_is_refused(
    database: Database, repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pack_git, "MOST_BYTES", 200_000)
    one = source(tmp_path, "git", str(repository.path), branch="main")
    repository.commit({"shop.toml": pack("good")})
    pull(database, one)
    repository.commit({"large.txt": os.urandom(400_000).hex()})
    assert "too large" in pull(database, one).detail
    assert text(one) == "good"


@needs_git
def test_when_the_engine_ends_git_ends(database: Database, tmp_path: Path) -> None:
    hung = threading.Event()
    usage = Usage()
    one = source(tmp_path, "git", str(tmp_path), branch="main")
    puller = Puller([one], database, usage, lambda: hung.is_set())
    puller.stop()
    puller.run_due()
    assert packs.of(database, one.id) == packs.Fetched()


# -- the web


def test_a_file_is_fetched_once_and_asked_for_by_its_etag(database: Database, site: Site, tmp_path: Path) -> None:
    one = source(tmp_path, "url", site.url)
    site.body = pack("first").encode()
    usage = Usage()
    state = pull(database, one, usage)
    assert (state.version, state.detail, text(one)) == (hashlib.sha256(site.body).hexdigest(), "", "first")
    first = usage.copy()
    assert first.bytes_in > len(site.body)
    state = pull(database, one, usage)
    assert site.asked == ["", site.etag]
    assert usage.since(first).bytes_in < 200
    assert state.checked_at > state.changed_at
    site.body = pack("second").encode()
    pull(database, one)
    assert text(one) == "second"


def test_what_is_not_the_file_that_was_named_is_refused(database: Database, site: Site, tmp_path: Path) -> None:
    site.body = pack("good").encode()
    one = source(tmp_path, "url", site.url, sha256=hashlib.sha256(site.body).hexdigest())
    assert pull(database, one).detail == ""
    pull(database, one)
    assert len(site.asked) == 1, "what is pinned can't be another"
    site.body = pack("evil").encode()
    other = replace(one, sha256="0" * 64)
    state = pull(database, other)
    assert "SHA-256" in state.detail
    assert text(one) == "good"
    newer = replace(one, sha256=hashlib.sha256(site.body).hexdigest())
    assert pull(database, newer).detail == ""
    assert text(one) == "evil"


@pytest.mark.parametrize(
    ("status", "body", "location", "words"),
    [(404, b"", "", "404"), (200, b"<html>Log in</html>", "", "shop.toml"), (200, b"", "", "shop.toml"), (200, b"\xff\xfe", "", "UTF-8"),
     (302, b"", "http://packs.example/x.toml", "not https"), (302, b"", "/packs/shop.toml", "does not end"), (302, b"", "ftp://x/", "not https")],
)  # fmt: skip
def test_what_is_no_pack_leaves_the_last_good_one(
    database: Database, site: Site, tmp_path: Path, status: int, body: bytes, location: str, words: str
) -> None:
    one = source(tmp_path, "url", site.url)
    site.body = pack("good").encode()
    pull(database, one)
    site.status, site.body, site.location = status, body, location
    state = pull(database, one)
    assert words in state.detail
    assert text(one) == "good"
    site.status, site.body = 200, pack("mended").encode()
    assert pull(database, one).detail == ""


def test_a_server_that_is_not_there_is_said(database: Database, tmp_path: Path) -> None:
    assert "127.0.0.1" in pull(database, source(tmp_path, "url", "http://127.0.0.1:1/x.toml")).detail
    assert not source(tmp_path, "url", "http://127.0.0.1:1/x.toml").path.exists()


# -- when


def test_a_source_is_due_by_its_pause_and_after_a_failure_sooner(database: Database, site: Site, tmp_path: Path) -> None:
    one = source(tmp_path, "url", site.url)
    away = [True]
    puller = Puller([one], database, Usage(), lambda: away[0])
    puller.run_due()
    assert site.asked == [], "offline nothing moves"
    away[0] = False
    assert puller.seconds_to_next(9999.0) == 0
    site.body = pack("first").encode()
    puller.run_due()
    assert 3500 < puller.seconds_to_next(9999.0) <= 3600
    puller.run_due()
    assert len(site.asked) == 1
    database.write(lambda tx: packs.want(tx, [one.id]))
    assert puller.seconds_to_next(9999.0) == 0
    site.status = 500
    puller.run_due()
    assert 250 < puller.seconds_to_next(9999.0) <= 300
    database.write(lambda tx: tx.execute("UPDATE pack_source SET tried_at = tried_at + 9999999999"))
    assert puller.seconds_to_next(9999.0) == 0, "the clock was set back"


def test_the_engine_fetches_counts_and_forgets(site: Site, tmp_path: Path) -> None:
    site.body = pack("first").encode()
    config = desk_config(tmp_path, channels=())
    one = PackSource("url", site.url, config.state / "packs" / "one")
    old = config.state / "packs" / "old"
    old.mkdir(parents=True)
    os.utime(old, (1, 1))
    engine = Engine(replace(config, packs=(one.path,), pack_sources=(one,)), {})
    assert engine.lock.take()
    engine.start()
    try:
        wait(engine, lambda: one.path.exists() and engine.up_to_date())
        assert not old.exists()
        engine.used()
        moved = engine.database.all("SELECT channel, job, bytes_in FROM traffic")
        assert [(row["channel"], row["job"]) for row in moved] == [("packs", "packs")]
        assert moved[0]["bytes_in"] > len(site.body)
        site.body = pack("second").encode()
        engine.database.write(lambda tx: packs.want(tx, [one.id]))
        wait(engine, lambda: text(one) == "second")
        assert traffic.KEEP_DAYS
    finally:
        engine.stop()
    forget_others(config.state, ())


def wait(engine: Engine, condition: object) -> None:
    end = time.monotonic() + 30
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end
        engine.tick()
        time.sleep(0.02)
