"""`auth`, `oauth`, `client_cert`, `client_key`: what is read, what is refused, and that nothing is accepted idle."""

import pytest

from agentdesk.config import load
from agentdesk.errors import ConfigError
from agentdesk.secrets import CLIENT, KEY, needed

HEAD = """\
[desk]
name = "Casa Verde"
locale = "en-GB"
[agent]
name = "Anna Bianchi"
email = "anna@casaverde.example"
[[channels]]
name = "support"
kind = "imap"
address = "support@casaverde.example"
imap = "imaps://mail.casaverde.example"
smtp = "smtps://mail.casaverde.example"
"""
GOOGLE = 'auth = "xoauth2"\noauth = { provider = "google", client_id = "id.apps.example" }\n'
CUSTOM = 'provider = "custom", client_id = "x", token_url = "https://login.example/token"'


@pytest.fixture
def read(tmp_path):
    def channel(lines, head=HEAD):
        (tmp_path / "desk.toml").write_text(head + lines)
        return load(tmp_path, tmp_path).channels[0]

    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).write_text("x")
    return channel


def test_google_with_the_refresh_token_in_the_keyring(read):
    channel = read(GOOGLE)
    assert (channel.oauth.provider, channel.oauth.client_id, channel.oauth.client_secret) == ("google", "id.apps.example", None)
    assert (channel.password.kind, channel.password.value) == ("keyring", "oauth support@casaverde.example@mail.casaverde.example")


def test_microsoft_with_a_tenant_and_two_commands(read):
    channel = read(
        'auth = "xoauth2"\noauth = { provider = "microsoft", client_id = "guid", tenant = "shop.example", client_secret = { env = "S" } }\n'
        'password = { command = "pass show shop", store = "pass insert -m -f shop" }\n'
    )
    assert channel.oauth.tenant == "shop.example"
    assert (channel.password.value, channel.password.store) == ("pass show shop", "pass insert -m -f shop")
    assert [name for name, _ in needed(channel)] == ["support", "support" + CLIENT]
    assert "pass" not in repr(channel.password)
    assert read('auth = "xoauth2"\noauth = { provider = "microsoft", client_id = "guid" }\n').oauth.tenant == "common"


def test_a_provider_of_ones_own(read):
    channel = read(f'auth = "xoauth2"\noauth = {{ {CUSTOM}, device_url = "http://127.0.0.1:8080/device", scope = "mail" }}\n')
    assert (channel.oauth.token_url, channel.oauth.device_url) == ("https://login.example/token", "http://127.0.0.1:8080/device")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('auth = "oauth"\n', ['"xoauth2"']),
        ('auth = "xoauth2"\n', ["oauth is missing", "provider"]),
        ('oauth = { provider = "google", client_id = "x" }\n', ['auth = "xoauth2"']),
        ('auth = "xoauth2"\noauth = { client_id = "x" }\n', ["provider is missing"]),
        ('auth = "xoauth2"\noauth = { provider = "gogle", client_id = "x" }\n', ["google"]),
        ('auth = "xoauth2"\noauth = { provider = "google" }\n', ["client_id is missing"]),
        ('auth = "xoauth2"\noauth = { provider = "google", client_id = " " }\n', ["client_id"]),
        ('auth = "xoauth2"\noauth = { provider = "google", client_id = "x", tenant = "y" }\n', ["tenant", "unknown key"]),
        ('auth = "xoauth2"\noauth = { provider = "google", client_id = "x", token_url = "https://evil.example" }\n', ["token_url", "unknown key"]),
        ('auth = "xoauth2"\noauth = { provider = "google", client_id = "x", client_secret = "written out" }\n', ["must not stand in a file"]),
        ('auth = "xoauth2"\noauth = { provider = "microsoft", client_id = "x", tenant = "../evil" }\n', ["tenant"]),
        ('auth = "xoauth2"\noauth = { provider = "custom", client_id = "x" }\n', ["token_url is missing"]),
        (f'auth = "xoauth2"\noauth = {{ {CUSTOM} }}\n', ["authorize_url is missing"]),
        ('auth = "xoauth2"\noauth = { provider = "custom", client_id = "x", token_url = "http://login.example/t" }\n', ["not encrypted"]),
        ('auth = "xoauth2"\noauth = { provider = "custom", client_id = "x", token_url = "https://a:b@login.example/t" }\n', ["does not belong"]),
        ('auth = "xoauth2"\noauth = { provider = "custom", client_id = "x", token_url = "ftp://login.example" }\n', ["https://"]),
        (GOOGLE + 'password = "written out"\n', ["must not stand in a file"]),
        (GOOGLE + 'password = { keyring = true, store = "x" }\n', ["store = "]),
        (GOOGLE + 'password = { store = "x" }\n', ["store = "]),
        ('password = { command = "x", store = "y" }\n', ["store", "unknown key"]),
        ('client_key = "key.pem"\n', ["client_cert"]),
        ('client_cert = "none.pem"\n', ["client_cert", "a file that exists"]),
        ('client_cert = "cert.pem"\nclient_key = { passphrase = "written out" }\n', ["must not stand in a file"]),
        ('client_cert = "cert.pem"\nclient_key = { path = "x" }\n', ["unknown key"]),
    ],
)
def test_what_is_refused_names_the_key_and_what_is_allowed(read, lines, words):
    with pytest.raises(ConfigError) as caught:
        read(lines)
    assert "desk.toml:" in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_a_certificate_needs_no_password_and_keeps_one_that_is_given(read):
    channel = read('client_cert = "cert.pem"\n')
    assert (channel.certificate.cert.name, channel.certificate.key, channel.password.kind) == ("cert.pem", None, "none")
    assert read('client_cert = "cert.pem"\nclient_key = "key.pem"\n').certificate.key.name == "key.pem"
    channel = read('client_cert = "cert.pem"\nclient_key = { file = "key.pem", passphrase = { env = "P" } }\npassword = { env = "W" }\n')
    assert [(name, secret.kind) for name, secret in needed(channel)] == [("support", "env"), ("support" + KEY, "env")]


def test_a_certificate_without_tls_would_do_nothing(read):
    with pytest.raises(ConfigError, match="TLS"):
        read('client_cert = "cert.pem"\n', HEAD.replace("imaps://mail.casaverde.example", "imap://127.0.0.1").replace("smtps://mail.casaverde.example", "smtp://127.0.0.1"))


def test_a_password_of_this_machine_replaces_both_commands(tmp_path, read):
    (tmp_path / "desk.local.toml").write_text('[[channels]]\nname = "support"\npassword = { keyring = true }\n')
    assert read(GOOGLE + 'password = { command = "a", store = "b" }\n').password.kind == "keyring"
