"""The Chatwoot channel against a scripted server: bringing chats in, the verbs, and what goes wrong on the line."""

import json
import threading
import time
from datetime import UTC, datetime

import httpx
import pytest
from chatwoot_server import NOW, TOKEN, Server, Store

from agentdesk import locale
from agentdesk.channels.base import ChannelDown
from agentdesk.channels.chatwoot import ChatwootChannel
from agentdesk.config import ChatChannelConfig, Secret
from agentdesk.domain.message import Direction
from agentdesk.errors import LoginRefused, Refused


@pytest.fixture(autouse=True)
def english():
    before = locale.language()
    locale.use("en")
    yield
    locale.use(before)


def config(url="https://chat.example", account=1):
    return ChatChannelConfig("chat", url, account, Secret("literal", TOKEN))


@pytest.fixture
def server():
    return Server()


@pytest.fixture
def store():
    return Store()


@pytest.fixture
def connect(server, store):
    opened = []

    def connect_(token=TOKEN, settings=None, poll=3.0):
        channel = ChatwootChannel(settings or config(), token, store, poll=poll, transport=server, looks=(0.0,))
        opened.append(channel)
        channel.open()
        return channel

    yield connect_
    for channel in opened:
        channel.close()


def drain(channel):
    for turn in range(500):
        if channel.refresh():
            return turn + 1
    raise AssertionError("it never comes to an end")


class TestOpening:
    def test_a_refused_token_is_no_lost_line(self, connect):
        with pytest.raises(LoginRefused, match="Invalid Access Token"):
            connect(token="wrong")

    def test_another_account_is_said(self, connect):
        with pytest.raises(LoginRefused, match="not good for account 5, only for: 1"):
            connect(settings=config(account=5))

    @pytest.mark.parametrize("token", ["tok\nen", "tök", "to\x00ken"])
    def test_a_token_no_header_takes(self, connect, token):
        with pytest.raises(LoginRefused, match="holds characters"):
            connect(token=token)

    @pytest.mark.parametrize("url", ["http://chat.example", "http://192.168.1.5:3000"])
    def test_nothing_in_the_open(self, connect, server, url):
        with pytest.raises(ChannelDown, match="no encryption"):
            connect(settings=config(url))
        assert server.requests == []

    @pytest.mark.parametrize("url", ["http://localhost:3000", "http://127.0.0.1:3000/", "http://[::1]:3000"])
    def test_this_machine_may_be_spoken_to_openly(self, connect, url):
        connect(settings=config(url))

    @pytest.mark.parametrize(
        "url", ["ftp://chat.example", "chat.example", "https://", "https://[::1", "https://x:99999999"]
    )
    def test_what_is_no_address(self, connect, url):
        with pytest.raises(ChannelDown, match="no address of a chat server"):
            connect(settings=config(url))

    @pytest.mark.parametrize(
        ("fault", "words"),
        [
            (httpx.ConnectError("Connection refused"), "can't be reached: Connection refused"),
            (httpx.ReadTimeout("timed out"), "connection was lost"),
            (httpx.Response(502, text="<html>Bad gateway\x1b[31m"), "has trouble: HTTP 502"),
            (httpx.Response(200, text="<html>Hotel Wi-Fi"), "does not answer like Chatwoot"),
            (httpx.Response(200, json=["what"]), "does not answer like Chatwoot"),
            (httpx.Response(301, headers={"location": "https://other.example/"}), "sends us elsewhere"),
            (
                httpx.Response(500, json={"message": "Oh\x1b[2J", "attributes": ["content"]}),
                r"has trouble: Oh.*\(content\)",
            ),
        ],
    )
    def test_what_goes_wrong_is_said(self, connect, server, fault, words):
        server.fail(fault)
        with pytest.raises(ChannelDown, match=words) as caught:
            connect()
        assert "\x1b" not in str(caught.value)

    def test_a_closed_channel_says_so(self, connect):
        channel = connect()
        channel.close()
        with pytest.raises(ChannelDown, match="not connected"):
            channel.refresh()


class TestFirstWalk:
    def test_open_chats_come_first_and_show_before_their_messages(self, connect, server, store):
        for number in range(1, 31):
            server.add_chat(number, f"hello {number}", f"still {number}")
        server.add_chat(40, "old", status="resolved")
        channel = connect()
        assert channel.refresh() is False
        assert len(store.chats) == 25
        assert store.texts(7) == ["still 7"]
        drain(channel)
        assert len(store.chats) == 31
        assert store.texts(7) == ["hello 7", "still 7"]
        assert store.chats["40"].status == "closed"
        first_reading = next(i for i, r in enumerate(server.requests) if "/messages" in r.url.path)
        assert [r.url.params["status"] for r in server.requests[1:first_reading]] == ["open", "open"]

    def test_a_chat_is_what_it_is(self, connect, server, store):
        server.add_chat(
            3, name="Ma\x1b[31mria\u202e", email="Maria@mail.example", labels=["vip", "vip", ""], priority="urgent", assignee=8,
            status="snoozed", snoozed_until=NOW + 3600, can_reply=False,
        )  # fmt: skip
        server.customer_says(3, "Dov'è\r\nil \x07pacco?", attachments=[
            {"id": 1, "file_type": "image", "data_url": "https://chat.example/blobs/k/pacco%20rotto.jpg", "file_size": 1234},
            {"id": 2, "file_type": "file", "data_url": "javascript:alert(1)", "file_size": 1},
        ])  # fmt: skip
        server.chats[3] |= {"status": "snoozed", "snoozed_until": NOW + 3600}
        server.agent_says(3, "called, no answer", private=True)
        server.activity(3, "Anna snoozed the conversation")
        server.agent_says(3, "A moment, please", status="read")
        drain(connect())
        chat = store.chats["3"]
        assert (chat.status, chat.assignee, chat.tags, chat.priority) == (
            "snoozed",
            "luca@casaverde.example",
            ("vip",),
            "urgent",
        )
        assert chat.snoozed_until == datetime.fromtimestamp(NOW + 3600, UTC)
        assert (chat.can_reply, chat.unread) == (False, 1)
        assert (chat.contact.id, chat.contact.email) == ("103", "Maria@mail.example")
        assert not set(chat.contact.name) & set("\x1b\u202e")
        asked, note, answer = sorted(store.messages["3"].values(), key=lambda m: int(m.id))
        assert asked.direction is Direction.IN
        assert asked.text.startswith("Dov'è\nil ")
        assert "\x07" not in asked.text
        assert asked.attachments == (
            ("https://chat.example/blobs/k/pacco%20rotto.jpg", "pacco rotto.jpg", "image/jpeg", 1234),
        )
        assert (note.direction, note.state) == (Direction.NOTE, "")
        assert (answer.direction, answer.state, answer.sender.name) == (Direction.OUT, "read", "Anna Bianchi")

    @pytest.mark.parametrize(
        ("fields", "status"),
        [
            ({"status": "open"}, "open"),
            ({"status": "pending"}, "waiting"),
            ({"status": "resolved"}, "closed"),
            ({"status": "snoozed", "snoozed_until": None}, "waiting"),
            ({"status": "snoozed", "snoozed_until": "2026-12-01T09:00:00.000Z"}, "snoozed"),
        ],
    )
    def test_statuses(self, connect, server, store, fields, status):
        server.add_chat(3, "x")
        server.chats[3] |= fields
        drain(connect())
        assert store.chats["3"].status == status

    def test_pages_that_move_while_they_are_turned(self, connect, server, store):
        server.list_limit = 5
        for number in range(1, 21):
            server.add_chat(number, f"hello {number}", last_activity_at=NOW + number)
            server.chats[number]["last_activity_at"] = NOW + number
        channel = connect()
        channel.refresh()
        # two of those seen are resolved: the next pages slip up by two, and two chats would never be seen
        for number in (20, 19):
            server.chats[number]["status"] = "resolved"
        drain(channel)
        assert set(store.chats) == {str(number) for number in range(1, 21)}

    def test_all_messages_of_a_long_chat(self, connect, server, store):
        server.add_chat(3, *[f"m{n}" for n in range(250)])
        drain(connect())
        assert store.texts(3) == [f"m{n}" for n in range(250)]

    def test_a_walk_goes_on_after_a_lost_line(self, connect, server, store):
        for number in range(1, 31):
            server.add_chat(number, f"hello {number}")
        channel = connect()
        channel.refresh()
        server.fail(httpx.ReadError("reset"), match="page=2", times=2)
        with pytest.raises(ChannelDown):
            drain(channel)
        channel.open()
        drain(channel)
        assert len(store.chats) == 30
        assert len(server.asked("status=open&page=1")) == 1

    def test_a_chat_deleted_while_it_is_read_blocks_nothing(self, connect, server, store):
        for number in (1, 2):
            server.add_chat(number, "x")
        channel = connect()
        channel.refresh()
        del server.chats[1]
        drain(channel)
        assert store.texts(2) == ["x"]

    def test_news_are_seen_while_the_walk_goes_on(self, connect, server, store):
        for number in range(1, 60):
            server.add_chat(number, f"hello {number}")
        channel = connect(poll=0.0)
        for _ in range(3):
            channel.refresh()
        server.customer_says(5, "anybody there?")
        channel.refresh()
        assert "anybody there?" in store.texts(5)

    def test_garbage_in_a_list_is_passed_over(self, connect, server, store):
        server.add_chat(3, "x")
        good = server._shape(server.chats[3])
        bad = [
            None,
            7,
            {},
            {"id": "3"},
            {"id": True},
            {"id": 1e400},
            {"id": 4, "meta": 7, "messages": {"a": 1}, "labels": "x", "priority": []},
        ]
        messages = {
            "payload": [None, [], {"id": 1}, {"id": 2, "message_type": 0, "created_at": 1e300}, *server.messages[3]]
        }
        answer = json.dumps({"data": {"meta": [], "payload": [*bad, good]}})
        server.fail(httpx.Response(200, content=answer.encode()), match="status=open")
        server.fail(httpx.Response(200, json=messages), match="conversations/3/messages")
        drain(connect())
        assert store.texts(3) == ["x"]
        assert store.chats["4"].status == "open"


class TestNews:
    @pytest.fixture
    def channel(self, connect, server):
        server.add_chat(3, "hello")
        channel = connect(poll=0.0)
        drain(channel)
        server.requests.clear()
        return channel

    def test_one_request_when_there_is_nothing(self, channel, server, store):
        server.clock.pass_by(120)
        for _ in range(
            3
        ):  # the first notices that the server's clock jumped, the second asks for all of the time between
            channel.refresh()
        server.requests.clear()
        merges, saves = store.merges, store.saves
        assert channel.refresh() is True
        assert len(server.requests) == 1
        assert (store.merges, store.saves) == (merges, saves)

    def test_a_new_message_costs_two(self, channel, server, store):
        server.customer_says(3, "news")
        assert channel.refresh() is True
        assert [r.url.path.rsplit("/", 1)[1] for r in server.requests] == ["conversations", "messages"]
        assert store.texts(3) == ["hello", "news"]

    def test_a_new_chat(self, channel, server, store):
        server.add_chat(4, *[f"m{n}" for n in range(30)])
        channel.refresh()
        assert store.texts(4) == [f"m{n}" for n in range(30)]

    def test_more_than_a_hundred_new_messages(self, channel, server, store):
        for n in range(230):
            server.customer_says(3, f"m{n}")
        channel.refresh()
        assert len(store.texts(3)) == 231

    def test_what_others_did(self, channel, server, store):
        server.chats[3] |= {"status": "resolved", "assignee": 8, "labels": ["vip"], "updated_at": server.clock.now()}
        channel.refresh()
        assert (store.chats["3"].status, store.chats["3"].tags) == ("closed", ("vip",))
        assert len(server.requests) == 1

    def test_the_overlap_hides_no_message_of_the_same_second(self, channel, server, store):
        channel.refresh()
        server.customer_says(3, "in the same second")
        channel.refresh()
        assert store.texts(3) == ["hello", "in the same second"]

    def test_the_state_of_the_last_message_is_told(self, channel, server, store):
        message = server.agent_says(3, "hi")
        channel.refresh()
        message["status"] = "failed"
        server.chats[3]["updated_at"] = server.clock.now()
        channel.refresh()
        assert store.messages["3"][str(message["id"])].state == "failed"

    def test_it_goes_on_from_the_cursor(self, channel, server, store, connect):
        channel.close()
        server.clock.pass_by(3600)
        server.customer_says(3, "while you were away")
        server.requests.clear()
        assert drain(connect()) == 1
        assert store.texts(3) == ["hello", "while you were away"]
        assert not server.asked("page=")

    def test_after_a_long_absence_the_lists_are_walked(self, channel, server, store, connect):
        channel.close()
        server.clock.pass_by(30 * 24 * 3600)
        server.requests.clear()
        drain(connect())
        assert server.asked("page=1")

    @pytest.mark.parametrize("cursor", ["nonsense", "-5", "²", "99999999999999999999", "{}"])
    def test_a_broken_cursor_is_none(self, server, store, connect, cursor):
        server.add_chat(3, "hello")
        store.saved = cursor
        drain(connect())
        assert store.texts(3) == ["hello"]

    def test_a_clock_that_is_wrong_here_changes_nothing(self, channel, server, store, connect):
        server.clock.pass_by(-9 * 365 * 24 * 3600)  # ours is nine years ahead
        drain(connect())
        server.customer_says(3, "now")
        server.clock.pass_by(5)
        again = connect(poll=0.0)
        drain(again)
        assert store.texts(3)[-1] == "now"

    def test_the_server_asks_for_a_pause(self, channel, server):
        server.fail(httpx.Response(429, json={"error": "Retry later"}, headers={"retry-after": "120"}))
        assert channel.refresh() is True
        server.requests.clear()
        assert channel.refresh() is True
        assert server.requests == []

    def test_a_broken_line_is_tried_once_more_for_reading(self, channel, server, store):
        server.customer_says(3, "news")
        server.fail(httpx.RemoteProtocolError("Server disconnected"), match="updated_within")
        channel.refresh()
        assert store.texts(3) == ["hello", "news"]

    def test_the_token_was_revoked(self, channel, server):
        server.fail(httpx.Response(401, json={"error": "Invalid Access Token"}))
        with pytest.raises(LoginRefused):
            channel.refresh()


class TestWaiting:
    def test_it_ends_by_itself(self, connect):
        channel = connect(poll=0.05)
        began = time.monotonic()
        channel.wait(60)
        assert 0.04 < time.monotonic() - began < 30

    def test_it_ends_when_it_is_interrupted(self, connect):
        channel = connect(poll=60)
        threading.Timer(0.05, channel.interrupt).start()
        began = time.monotonic()
        channel.wait(60)
        assert time.monotonic() - began < 30

    def test_an_interrupt_before_counts(self, connect):
        channel = connect(poll=60)
        channel.interrupt()
        began = time.monotonic()
        channel.wait(60)
        assert time.monotonic() - began < 30


class TestVerbs:
    @pytest.fixture
    def channel(self, connect, server):
        server.add_chat(3, "hello")
        channel = connect(poll=0.0)
        drain(channel)
        return channel

    @pytest.mark.parametrize(
        ("data", "status", "until"),
        [
            ({"status": "open"}, "open", None),
            ({"status": "closed"}, "resolved", None),
            ({"status": "waiting"}, "snoozed", None),
            ({"status": "snoozed", "until": "2026-12-01T09:00:00+01:00"}, "snoozed", 1_796_112_000),
        ],
    )
    def test_status(self, channel, server, store, data, status, until):
        channel.perform("status", "3", data)
        assert (server.chats[3]["status"], server.chats[3]["snoozed_until"]) == (status, until)
        channel.refresh()
        assert store.chats["3"].status == data["status"]

    def test_assign(self, channel, server, store):
        channel.perform("assign", "3", {"owner": "Luca@casaverde.example"})
        assert server.chats[3]["assignee"] == 8
        channel.refresh()
        assert store.chats["3"].assignee == "luca@casaverde.example"
        channel.perform("assign", "3", {"owner": "anna@casaverde.example"})
        assert server.chats[3]["assignee"] == 7
        channel.perform("assign", "3", {"owner": ""})
        assert server.chats[3]["assignee"] is None
        assert len(server.asked("agents$")) == 1

    def test_assign_to_nobody_known(self, channel):
        with pytest.raises(Refused, match=r"eve@x\.example.*anna@casaverde\.example, luca@casaverde\.example"):
            channel.perform("assign", "3", {"owner": "eve@x.example"})

    def test_labels_keep_what_others_put_there(self, channel, server):
        server.chats[3]["labels"] = ["gift", "Reso"]
        channel.perform("labels", "3", {"add": ["VIP", "gift"], "remove": ["reso"]})
        assert server.chats[3]["labels"] == ["gift", "vip"]
        server.requests.clear()
        channel.perform("labels", "3", {"add": ["vip"]})
        assert [r.method for r in server.requests] == ["GET"]

    @pytest.mark.parametrize(
        ("ours", "theirs"), [("low", "low"), ("normal", None), ("high", "high"), ("urgent", "urgent")]
    )
    def test_priority(self, channel, server, store, ours, theirs):
        channel.perform("priority", "3", {"priority": ours})
        assert server.chats[3]["priority"] == theirs
        channel.refresh()
        assert store.chats["3"].priority == ours

    def test_a_note_is_private_and_literal(self, channel, server):
        channel.perform("note", "3", {"text": "ask for {{ size }}"})
        note = server.messages[3][-1]
        assert (note["private"], note["content"]) == (True, "ask for {{ size }}")

    def test_a_note_whose_answer_was_lost_is_not_written_twice(self, channel, server):
        server.fail(httpx.ReadTimeout("timed out"), match="POST", after=True)
        channel.perform("note", "3", {"text": "called"})
        server.fail(httpx.ReadTimeout("timed out"), match="POST", after=True)
        server.fail(httpx.ConnectError("down"), match="GET.*messages", times=2)
        for _ in range(2):  # the second time it can't be looked for: then it is not written either
            with pytest.raises(ChannelDown):
                channel.perform("note", "3", {"text": "called again"})
        channel.perform("note", "3", {"text": "called again"})
        assert server.sent(3) == ["called", "called again"]

    def test_seen(self, channel, server, store):
        channel.perform("seen", "3", {})
        channel.refresh()
        assert store.chats["3"].unread == 0

    def test_the_servers_words_when_it_says_no(self, channel, server):
        server.fail(
            httpx.Response(422, json={"message": "Label is \x1b[1mbad", "attributes": ["labels"]}), match="POST"
        )
        with pytest.raises(Refused) as caught:
            channel.perform("labels", "3", {"add": ["x"]})
        assert str(caught.value).startswith("Label is ")
        assert "(labels)" in str(caught.value)
        assert "\x1b" not in str(caught.value)

    def test_what_was_refused_is_shown_as_it_is(self, channel, server, store):
        server.clock.pass_by(3600)
        channel.refresh()
        server.fail(httpx.Response(403, json={"error": "no"}), match="POST")
        with pytest.raises(Refused):
            channel.perform("status", "3", {"status": "closed"})
        store.chats.clear()
        channel.refresh()
        assert store.chats["3"].status == "open"

    def test_a_lost_line_is_no_refusal(self, channel, server):
        server.fail(httpx.ConnectError("down"), match="POST")
        with pytest.raises(ChannelDown):
            channel.perform("status", "3", {"status": "closed"})

    @pytest.mark.parametrize(
        ("verb", "chat", "data"),
        [
            ("dance", "3", {}),
            ("status", "3", {"status": "asleep"}),
            ("status", "3", {"status": "snoozed"}),
            ("priority", "3", {"priority": "huge"}),
            ("seen", "3/../4", {}),
            ("seen", "", {}),
            ("seen", "９", {}),
            ("seen", "99", {}),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, channel, verb, chat, data):
        with pytest.raises(Refused):
            channel.perform(verb, chat, data)


def test_bytes_and_round_trips_are_counted(connect, server):
    server.add_chat(3, "hello " * 1000)
    channel = connect()
    drain(channel)
    assert channel.usage.round_trips == len(server.requests)
    before = channel.usage.copy()
    channel.perform("note", "3", {"text": "x" * 5000})
    spent = channel.usage.since(before)
    assert spent.round_trips == 1
    request = server.requests[-1]
    head = f"POST {request.url.raw_path.decode()} HTTP/1.1\r\n" + "".join(
        f"{k.decode()}: {v.decode()}\r\n" for k, v in request.headers.raw
    )
    assert spent.bytes_out == len(head) + 2 + len(request.content)
    assert spent.bytes_in > 5000
