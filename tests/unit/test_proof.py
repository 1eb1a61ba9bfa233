"""Nobody gets what belongs to another customer: a name, an address or a number that somebody typed proves nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agentdesk.channels.chatwoot.payloads import conversation_of
from agentdesk.cli import main as command_line
from agentdesk.desk import Desk
from agentdesk.domain.customer import phone_identity
from agentdesk.domain.mailbox import ChatContact, ChatConversation, ChatMessage
from agentdesk.domain.message import Address, Direction
from agentdesk.store import orders
from agentdesk.store.chats import StoredChats
from tests.desks import JAN, MARIA, NOON, Mailbox, desk_config, order

PACK = """
[pack]
name = "own"
title = "Own"
languages = ["en"]
[[snippet]]
name = "order"
title = "Order"
[snippet.text]
en = "{{ order.number }}"
[[snippet]]
name = "who"
title = "Who"
[snippet.text]
en = "{{ customer.name | default: 'nobody' }}|{{ customer.email | default: '-' }}|{{ customer.phone | default: '-' }}|{{ customer.orders_count | default: 0 }}"
[[snippet]]
name = "all"
title = "All"
[snippet.text]
en = "{% for one in orders %}{{ one.number }} {% endfor %}."
"""
STRANGER = Address("Eve", "eve@elsewhere.example")


@pytest.fixture
def desk(tmp_path: Path):
    (tmp_path / "own.toml").write_text(PACK)
    with Desk.open(desk_config(tmp_path, packs=(tmp_path / "own.toml",))) as opened:
        opened.database.write(lambda tx: tx.execute("INSERT INTO channel (name, kind) VALUES ('chat', 'chatwoot')"))
        yield opened


@pytest.fixture
def mailbox(desk: Desk) -> Mailbox:
    return Mailbox(desk)


@pytest.fixture
def chats(desk: Desk) -> StoredChats:
    return StoredChats(desk.database, "chat", desk.rules)


def shop(desk: Desk, *found: object) -> None:
    orders.replace_all(desk.database, found, None, [])  # type: ignore[arg-type]


def chat(store: StoredChats, number: str, contact: ChatContact, text: str = "Where is it?") -> None:
    said = ChatMessage(number, Direction.IN, Address("", ""), NOON, text)
    store.merge([ChatConversation(number, contact, "open", unread=1, messages=(said,))])


def only(desk: Desk) -> int:
    (row,) = desk.queue.ids("all")
    return row


def filled(desk: Desk, row: int) -> tuple[str, str, str]:
    """What the order, the person and the list of orders fill; a gap is empty."""
    texts = [desk.answers.fill(name, row, "en") for name in ("own/order", "own/who", "own/all")]
    return tuple("" if one.missing else one.text for one in texts)  # type: ignore[return-value]


# -- chats: an address is typed, not proven


def test_a_chat_that_claims_an_address_gets_nothing_of_its_owner(desk: Desk, mailbox: Mailbox, chats: StoredChats) -> None:
    shop(desk, order("10245"))
    mailbox.bring("a", "Hello", seen=True)
    chat(chats, "1", ChatContact("7", "Eve", MARIA.address, "+39 333 1112223"), "Where is 10245?")
    row = desk.queue.find("1")
    panel = desk.reading.panel(row)
    assert panel.unproven == (MARIA.address, "393331112223")
    assert [one.number for one in panel.orders] == ["10245"], "the agent sees what they ask for"
    assert filled(desk, row) == ("", "Eve|-|-|0", ""), "and they get nothing of it"
    assert not panel.history, "Maria's mails are not theirs"
    (mail,) = (r for r in desk.queue.ids("all") if r != row)
    assert not desk.reading.panel(mail).history
    desk.work.choose_order(row, "10245")
    assert filled(desk, row) == ("10245", "Eve|-|-|1", "10245 .")


def test_a_chat_whose_site_vouches_for_the_address_is_the_customer(desk: Desk, mailbox: Mailbox, chats: StoredChats) -> None:
    shop(desk, order("10245"))
    mailbox.bring("a", "Hello")
    chat(chats, "1", ChatContact("7", "Maria R.", MARIA.address, email_proven=True))
    row = desk.queue.find("1")
    assert not desk.reading.panel(row).unproven
    assert filled(desk, row) == ("10245", f"Maria Rossi|{MARIA.address}|-|1", "10245 .")
    assert len(desk.reading.panel(row).history) == 1


def test_what_a_chat_claims_never_makes_two_customers_one(desk: Desk, mailbox: Mailbox, chats: StoredChats) -> None:
    shop(desk, order("10245"), replace(order("10300", email=JAN.address), phone="+39 347 1234567"))
    mailbox.bring("a", "Hello")
    mailbox.bring("j", "Hallo", sender=JAN)
    chat(chats, "1", ChatContact("7", "Eve", MARIA.address, "+39 347 1234567"))
    for row in desk.queue.ids("all"):
        shown = {one.number for one in desk.reading.panel(row).orders}
        if desk.queue.row(row).kind == "imap":
            assert len(shown) == 1


def test_a_phone_two_people_share_leaves_them_two(desk: Desk, chats: StoredChats) -> None:
    shop(desk, order("10245"), order("10300", email=JAN.address))
    phone = {"phone": "+39 347 1234567", "phone_proven": True, "email_proven": True}
    chat(chats, "1", ChatContact("7", "Maria", MARIA.address, **phone))
    chat(chats, "2", ChatContact("8", "Jan", JAN.address, **phone))
    chat(chats, "3", ChatContact("8", "Jan", JAN.address, **phone))
    assert filled(desk, desk.queue.find("1"))[2] == "10245 ."
    assert filled(desk, desk.queue.find("2"))[2] == "10300 ."
    assert filled(desk, desk.queue.find("3"))[2] == "10300 ."


def test_a_contact_that_goes_on_under_another_address_is_the_other(desk: Desk, chats: StoredChats) -> None:
    shop(desk, order("10245"), order("10300", email=JAN.address))
    chat(chats, "1", ChatContact("7", "Maria", MARIA.address, email_proven=True))
    chat(chats, "2", ChatContact("7", "Jan", JAN.address, email_proven=True))
    assert filled(desk, desk.queue.find("1"))[2] == "10245 ."
    assert filled(desk, desk.queue.find("2"))[2] == "10300 ."


@pytest.mark.parametrize("number", ["", "0", "0000000000", "000 00 00", "+39 333 3333333", "123456789", "n/a", "1234567", "1" * 10 + "234567", "٣٣٣١٢٣٤٥٦٧"])
def test_what_is_typed_to_leave_a_field_empty_is_nobodys_number(number: str) -> None:
    assert phone_identity(number) is None


@pytest.mark.parametrize("value", ["", " ", "@", "n/a", "-", "0000000"])
def test_empty_identities_never_match(desk: Desk, chats: StoredChats, value: str) -> None:
    shop(desk, replace(order("10245", email=value), phone=value))
    for number in ("1", "2"):
        chat(chats, number, ChatContact("", f"Visitor {number}", value, value, email_proven=True, phone_proven=True))
    for number in ("1", "2"):
        panel = desk.reading.panel(desk.queue.find(number))
        assert not panel.orders
        assert not panel.history


def listed(**more: object) -> ChatContact:
    meta = {
        "sender": {"id": 7, "name": "Eve", "email": "Maria@posta.example", "phone_number": "+393471234567", "identifier": "maria@POSTA.example"},
        "channel": "Channel::WebWidget", "hmac_verified": True, **more,
    }  # fmt: skip
    found = conversation_of({"id": 1, "status": "open", "meta": meta})
    assert found is not None
    return found.conversation.contact


def test_what_a_chat_server_says_of_proof() -> None:
    assert listed().email_proven
    assert not listed(hmac_verified=False).email_proven
    assert not listed(hmac_verified="true").email_proven
    other = {"id": 7, "email": "maria@posta.example", "identifier": "4711"}
    assert not listed(sender=other).email_proven, "the site signed 4711; the address came from the browser"
    assert not listed(sender={"id": 7, "email": "", "identifier": ""}).email_proven
    assert listed(channel="Channel::Whatsapp").phone_proven
    assert not listed().phone_proven
    assert not listed(channel=["Channel::Whatsapp"]).phone_proven


# -- mail: who gets the answer


def test_an_answer_that_is_wanted_elsewhere_takes_nothing_along(desk: Desk, mailbox: Mailbox) -> None:
    shop(desk, order("10245"))
    mailbox.bring("a", "Where is 10245?", reply_to=(STRANGER,))
    row = only(desk)
    assert desk.writing.draft(row).to == (STRANGER,)
    assert desk.reading.panel(row).unproven == (STRANGER.address,)
    assert filled(desk, row) == ("", "Eve|-|-|0", "")
    desk.work.choose_order(row, "10245")
    assert filled(desk, row) == ("10245", "Eve|-|-|1", "10245 .")


def test_who_joins_a_conversation_gets_nothing_of_its_customer(desk: Desk, mailbox: Mailbox) -> None:
    shop(desk, order("10245"))
    mailbox.bring("a", "Where is 10245?")
    row = only(desk)
    assert filled(desk, row)[0] == "10245"
    desk.work.choose_order(row, "10245")
    mailbox.bring("b", "And mine?", sender=STRANGER, references=("a",), at=datetime.now(UTC) + timedelta(hours=1))
    assert only(desk) == row
    assert desk.writing.draft(row).to == (STRANGER,)
    assert filled(desk, row) == ("", "Eve|-|-|0", ""), "the agent's choice was made for Maria"
    mailbox.bring("c", "Hello?", references=("b",), at=datetime.now(UTC) + timedelta(hours=2))
    assert filled(desk, row)[0] == "10245"


@pytest.mark.parametrize("reply_to", [MARIA, Address("", MARIA.address.upper()), Address("Us", "support@casaverde.example")])
def test_the_customers_own_address_in_any_case_and_ours_are_no_elsewhere(desk: Desk, mailbox: Mailbox, reply_to: Address) -> None:
    shop(desk, order("10245"))
    mailbox.bring("a", "Where is 10245?", reply_to=(reply_to,))
    assert filled(desk, only(desk))[0] == "10245"


def test_the_command_line_says_why_nothing_is_filled(desk: Desk, mailbox: Mailbox, tmp_path: Path, capsys) -> None:
    shop(desk, order("10245"))
    mailbox.bring("a", "Where is 10245?", reply_to=(STRANGER,))
    (tmp_path / "desk.toml").write_text(
        '[desk]\nname = "Casa Verde"\n[agent]\nname = "Anna"\nemail = "anna@casaverde.example"\n[snippets]\npacks = ["own.toml"]\n'
        '[[channels]]\nname = "support"\nkind = "imap"\naddress = "support@casaverde.example"\nimap = "imap://127.0.0.1:1"\n'
        'smtp = "smtp://127.0.0.1:1"\npassword = "x"\n'
    )
    identity = desk.queue.row(only(desk)).id
    assert command_line(["reply", identity, "--snippet", "own/order", "--desk", str(tmp_path)]) == 1
    assert STRANGER.address in capsys.readouterr().err
    assert command_line(["show", identity, "--desk", str(tmp_path)]) == 0
    assert f"Not proven to be this customer: {STRANGER.address}" in capsys.readouterr().out


# -- orders


@pytest.mark.parametrize("email", [" Maria.Rossi@Posta.Example ", "maria.rossi@posta.example\t", "MARIA.ROSSI@POSTA.EXAMPLE"])
def test_case_and_white_space_of_an_address_are_nothing(desk: Desk, mailbox: Mailbox, email: str) -> None:
    shop(desk, order("10245", email=email))
    mailbox.bring("a", "Hello")
    assert filled(desk, only(desk))[0] == "10245"


@pytest.mark.parametrize(
    "email", ["maria.rossi+shop@posta.example", "mariarossi@posta.example", "maria.rossi@posta.example.evil.example", "rossi@posta.example",
              "maria.rossi@posta.example, jan@post.example", "m\u0430ria.rossi@posta.example"]
)  # fmt: skip
def test_an_address_that_is_only_like_theirs_is_another(desk: Desk, mailbox: Mailbox, email: str) -> None:
    shop(desk, order("10245", email=email))
    mailbox.bring("a", "Where is 10245?")
    panel = desk.reading.panel(only(desk))
    assert not panel.orders
    assert panel.foreign == ("10245",)
    assert filled(desk, only(desk))[0] == ""


def test_the_same_number_in_another_case_is_the_same_order_and_still_theirs(desk: Desk, mailbox: Mailbox) -> None:
    shop(desk, order("ab-10245", email=JAN.address))
    mailbox.bring("a", "Where are AB-10245 and ab-10245?")
    panel = desk.reading.panel(only(desk))
    assert panel.foreign == ("AB-10245",)
    assert panel.about is None
    desk.work.choose_order(only(desk), "Ab-10245")
    assert filled(desk, only(desk))[0] == "", "not even when an agent types it"


# -- values are never rendered again


NASTY = ["{{ 7 | times: 7 }}", "{% for a in (1..9) %}x{% endfor %}", "⟨order.number⟩", "{{ order.total }}", "{% raw %}"]


@pytest.mark.parametrize("name", NASTY)
def test_a_name_that_is_a_template_stays_a_name(desk: Desk, mailbox: Mailbox, name: str) -> None:
    shop(desk, order("10245"))
    mailbox.bring("a", "Hello", sender=Address(name, MARIA.address))
    row = only(desk)
    answer = desk.answers.fill("own/who", row, "en")
    assert answer.text == f"{name}|{MARIA.address}|-|1"
    draft = desk.writing.draft(row)
    draft.text = answer.text
    assert desk.writing.check(draft), "and is not sent without being looked at"
