"""Attachments of chats: in pieces where the server can, whole where it can't, and with our token only to our server."""

import re

import httpx
import pytest
from chatwoot_server import TOKEN, Kept, Server, Store

from agentdesk.channels.base import ChannelDown
from agentdesk.channels.chatwoot import ChatwootChannel, files
from agentdesk.config import ChatChannelConfig, Secret
from agentdesk.errors import Refused

URL, AT = "https://chat.example/rails/blobs/k", "https://storage.example/k"
CONTENT = bytes(range(256)) * 1200


class Storage:
    """Where Chatwoot's files lie: behind a redirect, able to answer ranges or not."""

    def __init__(self, server, content=CONTENT, **headers):
        self.content, self.headers, self.ranges = content, headers, True
        self.cut_after = -1
        self.asked, self.seen = [], []
        self._server, self._plain = server, server.handle_request
        server.handle_request = self.answer

    def answer(self, request):
        self.seen.append((str(request.url), "api_access_token" in request.headers))
        if request.url.host == "chat.example":
            return httpx.Response(302, headers={"location": AT})
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", request.headers["range"])
        first, last = int(wanted[1]), int(wanted[2])
        self.asked.append((first, request.headers.get("if-range", "")))
        if not self.ranges or request.headers.get("if-range") not in {None, *self.headers.values()}:
            return httpx.Response(200, headers=self.headers, stream=Broken(self.content, self.cut_after))
        if first >= len(self.content):
            return httpx.Response(416, headers={"content-range": f"bytes */{len(self.content)}"})
        piece = self.content[first : last + 1]
        place = f"bytes {first}-{first + len(piece) - 1}/{len(self.content)}"
        return httpx.Response(206, headers=self.headers | {"content-range": place}, stream=Broken(piece, self.cut_after))


class Broken(httpx.SyncByteStream):
    """A body that ends in a broken line after so many bytes (-1: it does not)."""

    def __init__(self, content, cut_after):
        self._content, self._cut_after = content, cut_after

    def __iter__(self):
        if self._cut_after >= 0:
            yield self._content[: self._cut_after]
            raise httpx.ReadError("reset")
        yield self._content


@pytest.fixture
def server():
    return Server()


@pytest.fixture
def channel(server):
    config = ChatChannelConfig("chat", "https://chat.example", 1, Secret("literal", TOKEN))
    made = ChatwootChannel(config, TOKEN, Store(), transport=server, looks=(0.0,))
    made.open()
    server.requests.clear()
    yield made
    made.close()


def test_in_pieces_with_our_token_only_to_our_server(channel, server):
    storage, kept = Storage(server, etag='"v1"'), Kept()
    assert channel.fetch_attachment(URL, 0, "", 0, kept)
    assert (kept.content, kept.mark, kept.total, kept.whole, kept.begun) == (CONTENT, '"v1"', len(CONTENT), False, 1)
    assert len(storage.asked) > 2
    assert storage.seen == [(URL, True), *[(AT, False)] * len(storage.asked)], "the address found is used again"


def test_it_goes_on_where_it_was_left(channel, server):
    storage, kept = Storage(server, etag='"v1"'), Kept(most=2)
    assert not channel.fetch_attachment(URL, 0, "", 0, kept)
    here = len(kept.content)
    assert 0 < here < len(CONTENT)
    kept.most = 1000
    assert channel.fetch_attachment(URL, here, kept.mark, kept.total, kept)
    assert (kept.content, kept.begun) == (CONTENT, 1)
    assert (here, '"v1"') in storage.asked
    assert [first for first, _ in storage.asked].count(here) == 1


@pytest.mark.parametrize("headers", [{"etag": '"v1"'}, {"last-modified": "Fri, 20 Nov 2026 10:00:00 GMT"}, {}])
def test_another_file_by_now_comes_from_the_beginning(channel, server, headers):
    storage, kept = Storage(server, **headers), Kept(most=2)
    channel.fetch_attachment(URL, 0, "", 0, kept)
    storage.content = CONTENT[:-100]
    storage.headers = {name: value.replace("1", "2") for name, value in headers.items()}
    kept.most = 1000
    assert channel.fetch_attachment(URL, len(kept.content), kept.mark, kept.total, kept)
    assert (kept.content, kept.begun) == (storage.content, 2)


def test_whole_where_there_are_no_ranges(channel, server):
    storage, kept = Storage(server), Kept()
    storage.ranges = False
    assert channel.fetch_attachment(URL, 0, "", 0, kept)
    assert (kept.content, kept.whole, kept.total) == (CONTENT, True, len(CONTENT))
    kept = Kept(most=1)
    assert not channel.fetch_attachment(URL, 0, "", 0, kept)
    assert len(kept.content) <= files.LEAST


def test_a_line_that_breaks(channel, server):
    storage, kept = Storage(server), Kept()
    storage.cut_after = 1000
    with pytest.raises(ChannelDown):
        channel.fetch_attachment(URL, 0, "", 0, kept)
    storage.ranges = False
    with pytest.raises(ChannelDown):
        channel.fetch_attachment(URL, 0, "", 0, kept)


@pytest.mark.parametrize("ranges", [True, False])
def test_a_file_without_a_byte(channel, server, ranges):
    storage, kept = Storage(server, content=b""), Kept()
    storage.ranges = ranges
    assert channel.fetch_attachment(URL, 0, "", 0, kept)
    assert (kept.content, kept.total, kept.begun) == (b"", 0, 1)


def test_all_is_here_already(channel, server):
    """Ended between the last piece and writing it down."""
    Storage(server, etag='"v1"')
    kept = Kept()
    assert channel.fetch_attachment(URL, len(CONTENT), '"v1"', len(CONTENT), kept)
    assert (kept.content, kept.begun) == (b"", 0)


@pytest.mark.parametrize("place", ["bytes 5-9/100", "bytes 0-9/x", "", "items 0-9/100"])
def test_a_server_that_answers_another_range_is_not_believed(channel, server, place):
    server.handle_request = lambda _: httpx.Response(206, headers={"content-range": place}, content=b"0123456789")
    with pytest.raises(Refused):
        channel.fetch_attachment(URL, 0, "", 0, Kept())
    with pytest.raises(Refused):
        channel.fetch_attachment(URL, 50, "", 100, Kept())


def test_an_empty_piece_is_no_end(channel, server):
    server.handle_request = lambda _: httpx.Response(206, headers={"content-range": "bytes 0-9/100"}, content=b"")
    with pytest.raises(Refused):
        channel.fetch_attachment(URL, 0, "", 0, Kept())


@pytest.mark.parametrize("url", ["http://storage.example/k", "file:///etc/passwd", "ftp://x/y", "nonsense", "https://"])
def test_nothing_is_fetched_in_the_open(channel, server, url):
    with pytest.raises((Refused, ChannelDown)):
        channel.fetch_attachment(url, 0, "", 0, Kept())
    assert [r for r in server.requests if r.url.scheme != "https"] == []


def test_redirects_end(channel, server):
    server.handle_request = lambda _: httpx.Response(302, headers={"location": "https://chat.example/again"})
    with pytest.raises(Refused):
        channel.fetch_attachment("https://chat.example/again", 0, "", 0, Kept())


def test_a_file_that_is_gone(channel):
    with pytest.raises(Refused, match="HTTP 404"):
        channel.fetch_attachment("https://chat.example/api/v1/accounts/1/nothing", 0, "", 0, Kept())
