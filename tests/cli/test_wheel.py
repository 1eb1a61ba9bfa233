"""The wheel is the program: built, installed into an empty environment, used from there."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FULL = os.environ.get("AGENTDESK_REQUIRE_SERVERS") == "1"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    target = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(target), str(ROOT)], check=True, capture_output=True
    )
    (built,) = target.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory):
    """An environment with the wheel in it. Its dependencies are those of the tests' own environment, so no network is needed;
    the project itself is not among them: an editable install is found by a file that a plain path does not read."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    interpreter = folder / "bin" / "python"
    subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(interpreter), "install", "--no-index", "--no-deps", str(wheel)],
        check=True, capture_output=True,
    )  # fmt: skip
    (packages,) = (folder / "lib").glob("python*/site-packages")
    (packages / "others.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return interpreter


def run(python, *argv, cwd):
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "AGENTDESK", "PYTHONPATH"))}
    return subprocess.run([python.parent / "agentdesk", *argv], cwd=cwd, env=environment, capture_output=True, text=True)


def test_the_wheel_carries_keymaps_packs_and_schema(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    keymaps = {f"agentdesk/keymaps/{file.name}" for file in (ROOT / "keymaps").glob("*.toml")}
    packs = {f"agentdesk/packs/{file.name}" for file in (ROOT / "snippets").glob("*.toml")}
    data = {str(f.relative_to(ROOT)) for kind in ("sql", "tcss", "html") for f in (ROOT / "agentdesk").rglob(f"*.{kind}")}
    assert keymaps
    assert packs
    assert keymaps | packs | data | {"agentdesk/py.typed"} <= set(names)
    assert not [name for name in names if name.startswith(("tests/", "bench/"))]


def test_the_installed_program_is_used_from_the_wheel(python, tmp_path):
    done = subprocess.run([python, "-c", "import agentdesk; print(agentdesk.__file__)"], cwd=tmp_path, capture_output=True, text=True)
    assert str(python.parents[1]) in done.stdout
    version = run(python, "--version", cwd=tmp_path)
    assert version.stdout.startswith("agentdesk "), version.stderr


def test_keymaps_and_packs_come_from_the_wheel(python, tmp_path):
    keys = run(python, "keys", "--json", cwd=tmp_path)
    assert keys.returncode == 0, keys.stderr
    assert any(command["keys"] for command in json.loads(keys.stdout)["commands"])
    desk = tmp_path / "desk"
    made = run(
        python, "init", "--desk", str(desk), "--yes", "--no-check", "--name", "N", "--agent", "A", "--address", "a@b.example",
        "--locale", "it-IT", "--timezone", "Europe/Rome", "--password-env", "PW", cwd=tmp_path,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    lint = run(python, "snippets", "lint", "--json", "--desk", str(desk), cwd=tmp_path)
    assert json.loads(lint.stdout)["faults"] == []
    found = run(python, "snippets", "search", "ordine", "--json", "--desk", str(desk), cwd=tmp_path)
    assert json.loads(found.stdout)["snippets"], found.stderr
    listed = run(python, "list", "--json", "--desk", str(desk), cwd=tmp_path)
    assert json.loads(listed.stdout) == {"schema": 1, "conversations": []}


@pytest.mark.servers
@pytest.mark.timeout(600)
@pytest.mark.skipif(not FULL, reason="downloads every dependency: `make test-all`")
def test_the_wheel_brings_its_dependencies(wheel, tmp_path):
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", f"{wheel}[demo]"], check=True, capture_output=True)
    assert run(python, "--version", cwd=tmp_path).returncode == 0
    every = "import agentdesk.tui.app, agentdesk.engine.engine, agentdesk.demo.server, agentdesk.snippets.render, zoneinfo, babel"
    subprocess.run([python, "-W", "error::ImportWarning", "-c", every], check=True, cwd=tmp_path)
