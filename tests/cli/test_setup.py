"""init, doctor, backup: onto one's own mailbox and safely away again. Servers are tested in tests/servers."""

import io
import socket
import sys
import tarfile

import pytest

from agentdesk import cli
from agentdesk.cli import checks, init
from agentdesk.cli.checks import FAILED, OK, Check
from agentdesk.config import ServerUrl, load
from agentdesk.errors import ConfigError

GIVEN = (
    "--yes", "--no-check", "--name", 'Casa "Verde"', "--agent", "Anna Bianchi", "--address", "support@casaverde.example",
    "--locale", "it-IT", "--timezone", "Europe/Rome",
)  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch):
    from agentdesk import locale

    monkeypatch.delenv("AGENTDESK_DESK", raising=False)
    yield tmp_path / "desk"
    locale.use("en")


def run(folder, *argv):
    return cli.main(["init", "--desk", str(folder), *argv])


def test_init_with_everything_given_asks_nothing(folder, capsys):
    assert run(folder, *GIVEN, "--password-command", "pass show 'shop'") == 0
    config = load(folder, folder / "state")
    channel = config.channels[0]
    assert (config.name, config.agent_email, config.locale) == ('Casa "Verde"', "support@casaverde.example", "it-IT")
    assert (str(channel.imap), str(channel.smtp)) == ("imaps://imap.casaverde.example:993", "smtps://smtp.casaverde.example:465")
    assert (channel.password.kind, channel.password.value) == ("command", "pass show 'shop'")
    assert (folder / "desk.toml").stat().st_mode & 0o077 == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert "agentdesk doctor" in err


def test_init_never_overwrites_without_asking(folder, capsys):
    folder.mkdir()
    (folder / "desk.toml").write_text("mine")
    assert run(folder, *GIVEN) == 1
    assert (folder / "desk.toml").read_text() == "mine"
    assert run(folder, *GIVEN, "--force", "--password-env", "PW") == 0
    assert (folder / "desk.toml.old").read_text() == "mine"
    assert load(folder, folder).channels[0].password.kind == "env"
    assert sorted(file.name for file in folder.iterdir()) == ["desk.toml", "desk.toml.old"]


@pytest.mark.parametrize(
    ("left_out", "option"), [("--name", "--name"), ("--agent", "--agent"), ("--address", "--address")]
)
def test_init_names_the_option_that_is_missing(folder, capsys, left_out, option):
    at = GIVEN.index(left_out)
    assert run(folder, *GIVEN[:at], *GIVEN[at + 2 :]) == 2
    assert option in capsys.readouterr().err
    assert not (folder / "desk.toml").exists()


def test_init_refuses_what_desk_toml_would_refuse(folder, capsys):
    assert run(folder, *GIVEN, "--imap", "imap://mail.casaverde.example", "--password-env", "PW") == 2
    assert run(folder, *GIVEN, "--email", "nobody", "--password-env", "PW") == 2
    assert not (folder / "desk.toml").exists()


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_init_asks_step_by_step_and_asks_again(folder, capsys, monkeypatch):
    """Servers are found by guessing; a wrong address is asked for again; the second password is right."""
    passwords = iter(["wrong", "right"])
    tried = []

    def logs_in(channel, password):
        tried.append((str(channel.imap), password))
        yield Check("imap", OK if password == "right" else FAILED, "said so", channel.name, refused=password != "right")

    monkeypatch.setattr(init.getpass, "getpass", lambda _prompt: next(passwords))
    monkeypatch.setattr(checks, "imap", logs_in)
    monkeypatch.setattr(checks, "smtp", lambda channel, password: Check("smtp", OK, "fine", channel.name))
    monkeypatch.setattr(
        checks, "guess", lambda domain: (ServerUrl("imaps", f"mail.{domain}", 993), ServerUrl("smtp+starttls", f"mail.{domain}", 587))
    )
    monkeypatch.setattr(init, "store", lambda entry, password: "no keyring here")
    lines = ["en-GB", "Europe/Rome", "Casa Verde", "Anna", "support", "support@casaverde.example", "", "", "", "", "", "y", ""]
    monkeypatch.setattr(sys, "stdin", Terminal("".join(f"{line}\n" for line in lines)))
    assert run(folder) == 0
    config = load(folder, folder)
    channel = config.channels[0]
    assert (str(channel.imap), str(channel.smtp)) == ("imaps://mail.casaverde.example:993", "smtp+starttls://mail.casaverde.example:587")
    assert [password for _, password in tried] == ["wrong", "right"]
    assert (channel.password.kind, channel.password.value) == ("env", "AGENTDESK_PASSWORD")
    out, err = capsys.readouterr()
    assert out == ""
    assert "AGENTDESK_PASSWORD" in err
    assert "right" not in (folder / "desk.toml").read_text()


def test_init_tries_servers_as_they_are_named_and_blames_no_password_for_them(folder, capsys, monkeypatch):
    """Nobody listens on the first; the second is kept all the same, and then no other password is asked for."""
    asked = []
    monkeypatch.setattr(init.getpass, "getpass", lambda prompt: asked.append(prompt) or "pw")
    monkeypatch.setattr(checks, "guess", lambda _domain: (None, None))
    monkeypatch.setattr(init, "store", lambda entry, password: "none is installed")
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        nobody = f"imaps://127.0.0.1:{taken.getsockname()[1]}"
        lines = ["en-GB", "Europe/Rome", "Casa Verde", "Anna", "a@b.example", "", "nowhere.csv", nobody, "n", "imap://127.0.0.1:1", "smtp://127.0.0.1:1", ""]
        monkeypatch.setattr(sys, "stdin", Terminal("".join(f"{line}\n" for line in [*lines, "pass show x"])))
        assert run(folder) == 3
    err = capsys.readouterr().err
    assert f"{nobody}: nobody listens there" in err
    assert "nowhere.csv is not there yet" in err
    assert len(asked) == 1
    assert "Not everything was reached" in err
    channel = load(folder, folder).channels[0]
    assert (str(channel.imap), channel.password.value) == ("imap://127.0.0.1:1", "pass show x")


def test_init_takes_the_file_of_an_authority(folder, tmp_path, capsys):
    file = tmp_path / "own.pem"
    assert run(folder, *GIVEN, "--password-env", "PW", "--ca-file", str(file)) == 2
    assert str(file) in capsys.readouterr().err
    file.write_text("x")
    assert run(folder, *GIVEN, "--password-env", "PW", "--ca-file", str(file)) == 0
    assert load(folder, folder).channels[0].ca_file == file


def test_sync_says_what_is_wrong_with_holidays_and_orders(empty):
    toml = empty.folder / "desk.toml"
    text = toml.read_text()
    text = text[: text.index("[[channels]]")] + text[text.index("[team]") :]
    line = text.count("\n") + 2
    toml.write_text(text + '[hours]\nholidays = "ZZ"\n[shop]\nkind = "files"\norders = "orders.csv"\n')
    (empty.folder / "orders.csv").write_text("number,total,placed_at\n1,1.00,2026-11-01\n2,many,2026-11-01\n3,1.00,2026-11-01,x\n")
    said = empty.run("sync", "--once").err
    assert f"desk.toml:{line}: [hours] holidays" in said
    assert said.index("orders.csv:3: ") < said.index("orders.csv:4: ")
    toml.write_text(text)
    assert empty.run("sync", "--once").err == ""


def test_doctor_says_once_what_is_not_there(empty):
    toml = empty.folder / "desk.toml"
    text = toml.read_text()
    toml.write_text(text + '[snippets]\npacks = ["mine/"]\n[shop]\nkind = "files"\norders = "orders.csv"\n')
    said = empty.run("doctor").out
    assert said.count(str(empty.folder / "mine")) == 1
    assert said.count("orders.csv") == 1


def test_doctor_reports_what_can_not_be_reached(world):
    outcome = world.run("doctor", "--json")
    assert outcome.status == 1
    found = {(check["channel"], check["name"]): check for check in outcome.json["checks"]}
    assert found[("", "config")]["state"] == "ok"
    assert found[("support", "secret")]["state"] == "ok"
    assert found[("support", "imap")]["state"] == "failed"
    assert found[("support", "smtp")]["state"] == "failed"
    assert found[("", "packs")]["state"] == "ok"
    assert found[("", "disk")]["state"] in {"ok", "warning"}
    lines = world.run("doctor").out.splitlines()
    assert len(lines) == len(found)
    assert all(line.isprintable() for line in lines)


def test_doctor_without_channels_passes(empty):
    toml = empty.folder / "desk.toml"
    text = toml.read_text()
    toml.write_text(text[: text.index("[[channels]]")] + text[text.index("[team]") :])
    assert empty.run("doctor").status == 0
    toml.write_text(toml.read_text() + '[hours]\nholidays = "XX"\n')
    outcome = empty.run("doctor")
    assert outcome.status == 1
    assert "holidays" in outcome.out


def test_doctor_says_what_is_wrong_with_the_desk_itself(empty):
    (empty.folder / "desk.toml").write_text("[desk\n")
    outcome = empty.run("doctor", "--json")
    assert outcome.status == 1
    (check,) = outcome.json["checks"]
    assert (check["name"], check["state"]) == ("config", "failed")
    assert "desk.toml:1" in check["detail"]


def test_doctor_names_a_missing_password_and_a_bad_pack(world):
    toml = world.folder / "desk.toml"
    (world.folder / "bad.toml").write_text("[pack]\nname = 3\n")
    toml.write_text(toml.read_text().replace('password = "pw"', 'password = { env = "DESK_NOT_SET" }') + '[snippets]\npacks = ["bad.toml"]\n')
    found = [check for check in world.run("doctor", "--json").json["checks"] if check["state"] == "failed"]
    assert {check["name"] for check in found} == {"secret", "packs"}
    assert any("DESK_NOT_SET" in check["detail"] for check in found)


@pytest.mark.parametrize(
    ("mounts", "kind"),
    [("/ / ext4 rw 0 0\n/ /x nfs4 rw 0 0".replace("/ /x", "h:/x {folder}"), "nfs4"), ("dev / ext4 rw 0 0", "ext4")],
)
def test_the_file_system_is_told_by_the_nearest_mount(tmp_path, monkeypatch, mounts, kind):
    from agentdesk.cli import doctor

    monkeypatch.setattr(doctor.Path, "read_text", lambda *_: mounts.format(folder=tmp_path))
    assert doctor._file_system(tmp_path / "state") == kind


def test_a_backup_is_a_desk_again(world, tmp_path_factory):
    identity = world.ids()[0]
    assert world.run("tag", identity, "kept").status == 0
    target = world.folder / "copy.tar.gz"
    outcome = world.run("backup", str(target))
    assert (outcome.status, outcome.out.strip()) == (0, str(target))
    assert target.stat().st_mode & 0o077 == 0
    again = world.run("backup", str(target))
    assert again.status == 1
    assert not [file for file in world.folder.iterdir() if file.name.startswith(".copy")]
    elsewhere = tmp_path_factory.mktemp("restored")
    with tarfile.open(target) as archive:
        assert all(member.isfile() or member.isdir() for member in archive)
        archive.extractall(elsewhere)
    world.folder = elsewhere
    shown = world.run("show", identity, "--local", "--json").json
    assert shown["tags"] == ["kept"]
    assert len(world.ids()) == 3


def test_a_backup_that_can_not_be_written_leaves_nothing(world):
    assert world.run("backup", "/nonexistent/x.tar.gz").status == 1


def test_nothing_is_fetched_for_init_without_checks(folder, monkeypatch):
    def fail(*_):
        raise ConfigError("asked")

    monkeypatch.setattr(init, "fetch", fail)
    assert run(folder, *GIVEN, "--password-env", "NOT_SET") == 0


# Providers, sign-ins


def given_for(address):
    at = GIVEN.index("--address")
    return (*GIVEN[: at + 1], address, *GIVEN[at + 2 :])


@pytest.mark.parametrize(
    ("address", "imap", "smtp", "words"),
    [
        ("negozio@gmail.com", "imaps://imap.gmail.com:993", "smtps://smtp.gmail.com:465", "Gmail"),
        ("negozio@hotmail.it", "imaps://outlook.office365.com:993", "smtp+starttls://smtp-mail.outlook.com:587", "xoauth2"),
        ("negozio@yahoo.it", "imaps://imap.mail.yahoo.com:993", "smtps://smtp.mail.yahoo.com:465", "Yahoo"),
        ("negozio@icloud.com", "imaps://imap.mail.me.com:993", "smtp+starttls://smtp.mail.me.com:587", "iCloud"),
        ("negozio@fastmail.com", "imaps://imap.fastmail.com:993", "smtps://smtp.fastmail.com:465", "Fastmail"),
        ("negozio@gmx.de", "imaps://imap.gmx.net:993", "smtps://mail.gmx.net:465", "GMX"),
        ("negozio@LIBERO.it", "imaps://imapmail.libero.it:993", "smtps://smtp.libero.it:465", "Libero"),
        ("negozio@pec.it", "imaps://imaps.pec.aruba.it:993", "smtps://smtps.pec.aruba.it:465", "Aruba PEC"),
        ("negozio@aruba.it", "imaps://imaps.aruba.it:993", "smtps://smtps.aruba.it:465", "Aruba"),
    ],
)
def test_init_knows_the_big_providers_and_which_password_they_want(folder, capsys, address, imap, smtp, words):
    assert run(folder, *given_for(address), "--password-env", "PW") == 0
    channel = load(folder, folder).channels[0]
    assert (str(channel.imap), str(channel.smtp)) == (imap, smtp)
    assert words in capsys.readouterr().err


def test_a_provider_is_known_by_its_servers_where_the_domain_is_ones_own():
    from agentdesk.cli import known_mail

    assert known_mail.by_server("IMAP.gmail.com.").name == "Gmail"
    assert known_mail.by_server("outlook.office365.com").takes == "oauth"
    assert known_mail.by_server("imap.evil-gmail.com") is None
    assert known_mail.by_domain("notgmail.com") is None


def test_init_writes_a_sign_in_with_a_client_of_ones_own(folder, capsys):
    assert run(folder, *given_for("negozio@gmail.com"), "--client-id", 'id "x".apps.example') == 0
    channel = load(folder, folder).channels[0]
    assert (channel.oauth.provider, channel.oauth.client_id) == ("google", 'id "x".apps.example')
    assert channel.oauth.client_secret.kind == channel.password.kind == "keyring"
    assert "agentdesk login" in capsys.readouterr().err


def test_init_writes_a_sign_in_with_microsoft_and_two_commands(folder, capsys):
    given = (*given_for("shop@shop.example"), "--imap", "outlook.office365.com", "--smtp", "smtp+starttls://smtp.office365.com")
    assert run(folder, *given, "--client-id", "guid", "--tenant", "shop.example", "--password-command", "cat t", "--store-command", "cat > t") == 0
    channel = load(folder, folder).channels[0]
    assert (channel.oauth.tenant, channel.password.value, channel.password.store) == ("shop.example", "cat t", "cat > t")


def test_init_knows_no_sign_in_for_others(folder, capsys):
    assert run(folder, *GIVEN, "--client-id", "x", "--password-env", "PW") == 2
    assert "--client-id" in capsys.readouterr().err


def test_doctor_says_which_password_a_provider_wants(empty, monkeypatch):
    toml = empty.folder / "desk.toml"
    text = toml.read_text().replace("imap://127.0.0.1:1", "imaps://outlook.office365.com").replace("smtp://127.0.0.1:1", "smtps://smtp.gmail.com")
    monkeypatch.setenv("PW", "pw")
    toml.write_text(text.replace('password = "pw"', 'password = { env = "PW" }'))
    monkeypatch.setattr(checks, "imap", lambda config, password, **_: iter([Check("imap", OK, "in", config.name)]))
    monkeypatch.setattr(checks, "smtp", lambda config, password, **_: Check("smtp", OK, "in", config.name))
    monkeypatch.setattr(checks, "certificate", lambda server, ca_file, channel, **_: None)
    found = {check["name"]: check for check in empty.run("doctor", "--json").json["checks"]}
    assert found["provider"]["state"] == "warning"
    assert "xoauth2" in found["provider"]["detail"]


def test_doctor_names_what_is_wrong_with_a_sign_in(empty, monkeypatch):
    """Not signed in, revoked, a clock that is wrong; and always what to do."""
    from email.utils import formatdate

    from tests.oauth_server import as_json, oauth_server

    monkeypatch.setattr(checks, "imap", lambda config, password, *, tokens, **_: iter([Check("imap", OK, tokens.current()[:6], config.name)]))
    monkeypatch.setattr(checks, "smtp", lambda config, password, **_: Check("smtp", OK, "in", config.name))
    with oauth_server() as server:
        toml = empty.folder / "desk.toml"
        toml.write_text(
            toml.read_text().replace(
                'password = "pw"', f'auth = "xoauth2"\noauth = {server.toml()}\npassword = {{ command = "cat token", store = "cat > token" }}'
            )
        )

        def found():
            outcome = empty.run("doctor", "--json")
            return {check["name"]: (check["state"], check["detail"]) for check in outcome.json["checks"] if check["channel"]}

        state, words = found()["secret"]
        assert (state, "agentdesk login support" in words) == ("failed", True)
        (empty.folder / "token").write_text("gone\n")
        state, words = found()["sign-in"]
        assert (state, "agentdesk login support" in words, words.isprintable()) == ("failed", True, True)
        (empty.folder / "token").write_text(server.sign_in() + "\n")
        assert found()["sign-in"] == ("ok", "the provider gives access tokens (this one for 59 minutes)")
        assert (empty.folder / "token").read_text().strip() in server.refresh_tokens
        answer = {"access_token": "a", "token_type": "Bearer", "expires_in": 600}
        server.instead = [lambda: as_json(200, answer, Date=formatdate(usegmt=True, timeval=1_000_000_000))]
        state, words = found()["clock"]
        assert state == "warning"
        assert "differs by" in words
