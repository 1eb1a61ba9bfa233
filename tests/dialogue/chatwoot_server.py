"""A Chatwoot to be scripted: the routes we use, in its shapes (jbuilder views of 4.13), with faults on demand.

`Server` is an httpx transport: no socket, every request recorded. Faults are put in with `fail`: an HTTP answer, an exception, or
one of them after the request has done its work (the answer that gets lost).
"""

import json
import re
import time
from collections import deque
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from email.utils import format_datetime
from urllib.parse import unquote

import httpx
from liquid import Environment
from liquid.exceptions import LiquidError

TOKEN = "a-token"
NOW = 1_795_000_000
PER_PAGE = 25


class Clock:
    """The server's own."""

    def __init__(self):
        self.offset = NOW - time.time()

    def now(self):
        return time.time() + self.offset

    def pass_by(self, seconds):
        self.offset += seconds


def stored_by_the_server(content):
    """What liquidable.rb makes of an outgoing message's content."""
    source = re.sub(r"`(.*?)`", r"{% raw %}`\1`{% endraw %}", content, flags=re.DOTALL)
    try:
        return (
            Environment()
            .from_string(source)
            .render(contact={"name": "Maria", "email": "maria@mail.example"}, agent={"name": "Anna"})
        )
    except LiquidError:
        return content


class Server(httpx.BaseTransport):
    """One account with two agents."""

    def __init__(self):
        self.clock = Clock()
        self.chats = {}
        self.messages = {}
        self.requests = []
        self.answers = []
        self.faults = deque()
        self.count = 0
        self.list_limit = PER_PAGE
        self.agents = [
            {
                "id": 7,
                "name": "Anna Bianchi",
                "available_name": "Anna",
                "email": "Anna@casaverde.example",
                "account_id": 1,
            },
            {
                "id": 8,
                "name": "Luca Ferri",
                "available_name": "Luca",
                "email": "luca@casaverde.example",
                "account_id": 1,
            },
        ]

    # What the test does ------------------------------------------------------------------------------------------------

    def add_chat(self, number, *texts, name="Maria Rossi", email="maria@mail.example", **fields):
        now = int(self.clock.now())
        self.chats[number] = {
            "id": number, "status": "open", "labels": [], "priority": None, "snoozed_until": None, "assignee": None, "can_reply": True,
            "agent_last_seen_at": 0, "created_at": now, "last_activity_at": now, "updated_at": self.clock.now(),
            "sender": {"id": 100 + number, "name": name, "email": email, "phone_number": None},
        } | fields  # fmt: skip
        self.messages[number] = []
        for text in texts:
            self.customer_says(number, text)
        self.chats[number] |= {key: fields[key] for key in ("status", "snoozed_until") if key in fields}
        return number

    def customer_says(self, number, text, **more):
        chat = self.chats[number]
        if chat["status"] in {"resolved", "snoozed"}:
            chat |= {"status": "open", "snoozed_until": None}
        return self._store(number, text, 0, chat["sender"] | {"type": "contact"}, **more)

    def agent_says(self, number, text, agent=0, private=False, **more):
        return self._store(number, text, 1, self._agent_sender(self.agents[agent]), private=private, **more)

    def activity(self, number, text):
        return self._store(number, text, 2, None)

    def fail(self, what, *, match="", after=False, times=1):
        """Answer the next matching request(s) with a response or an exception; with `after`, once it has been done."""
        for _ in range(times):
            self.faults.append((what, match, after))

    def sent(self, number):
        return [m["content"] for m in self.messages[number] if m["message_type"] == 1]

    def asked(self, pattern):
        return [request for request in self.requests if re.search(pattern, f"{request.method} {request.url}")]

    def _store(self, number, text, kind, sender, private=False, **more):
        self.count += 1
        now = self.clock.now()
        message = {
            "id": self.count, "content": text, "inbox_id": 1, "conversation_id": number, "message_type": kind, "content_type": "text",
            "status": "sent", "content_attributes": {}, "created_at": int(now), "private": private, "source_id": None,
        } | ({"sender": sender} if sender else {}) | more  # fmt: skip
        self.messages[number].append(message)
        self.chats[number] |= {"updated_at": now}
        if kind != 2:
            self.chats[number] |= {"last_activity_at": int(now)}
        return message

    @staticmethod
    def _agent_sender(agent):
        return {
            "id": agent["id"],
            "name": agent["name"],
            "available_name": agent["available_name"],
            "type": "user",
            "avatar_url": "",
        }

    # What the server does ----------------------------------------------------------------------------------------------

    def handle_request(self, request):
        request._content = b"".join(request.stream)  # as a line would take it
        self.requests.append(request)
        fault = None
        for candidate in list(self.faults):
            if re.search(candidate[1], f"{request.method} {request.url}"):
                self.faults.remove(candidate)
                fault = candidate
                break
        if fault is None or fault[2]:
            response = self._answer(request)
        if fault is not None:
            what = fault[0]
            if isinstance(what, Exception):
                what.request = request
                raise what
            response = what
        self.answers.append((request, response.status_code, response.content))
        response = httpx.Response(
            response.status_code, headers=response.headers, stream=httpx.ByteStream(response.content)
        )
        response.headers.setdefault("date", format_datetime(datetime.fromtimestamp(self.clock.now(), UTC), usegmt=True))
        return response

    def _answer(self, request):
        if request.headers.get("api_access_token") != TOKEN:
            return httpx.Response(401, json={"error": "Invalid Access Token"})
        path, params = request.url.path, request.url.params
        if path == "/api/v1/profile":
            return httpx.Response(
                200, json=self.agents[0] | {"accounts": [{"id": 1, "role": "agent"}], "pubsub_token": "p"}
            )
        below = path.removeprefix("/api/v1/accounts/1/")
        if below == "agents":
            return httpx.Response(200, json=self.agents)
        if below == "conversations":
            return httpx.Response(200, json=self._list(params))
        match = re.fullmatch(r"conversations/(\d+)(?:/(\w+))?", below)
        number = int(match[1]) if match else 0
        if number not in self.chats:
            return httpx.Response(404, json={"error": "Resource could not be found"})
        return self._of_chat(request, self.chats[number], match[2] or "")

    def _list(self, params):
        chats = sorted(self.chats.values(), key=lambda chat: -chat["last_activity_at"])
        status = params.get("status", "open")
        chats = [chat for chat in chats if status in {"all", chat["status"]}]
        total = len(chats)
        if "updated_within" in params:
            chats = [chat for chat in chats if chat["updated_at"] > self.clock.now() - int(params["updated_within"])]
        else:
            page = int(params.get("page", 1))
            chats = chats[(page - 1) * self.list_limit : page * self.list_limit]
        meta = {"mine_count": 0, "assigned_count": 0, "unassigned_count": 0, "all_count": total}
        return {"data": {"meta": meta, "payload": [self._shape(chat) for chat in chats]}}

    def _shape(self, chat):
        messages = self.messages[chat["id"]]
        said = [message for message in messages if message["message_type"] != 2]
        meta = {"sender": chat["sender"], "channel": "Channel::WebWidget", "hmac_verified": False}
        if chat["assignee"]:
            meta |= {"assignee": next(a for a in self.agents if a["id"] == chat["assignee"]), "assignee_type": "User"}
        shape = {key: value for key, value in chat.items() if key not in {"sender", "assignee"}}
        unread = [m for m in messages if m["message_type"] == 0 and m["created_at"] > chat["agent_last_seen_at"]]
        return shape | {
            "meta": meta, "messages": messages[-1:], "last_non_activity_message": said[-1] if said else None,
            "unread_count": min(10, len(unread)), "timestamp": chat["last_activity_at"], "inbox_id": 1, "account_id": 1,
        }  # fmt: skip

    def _of_chat(self, request, chat, route):
        number = chat["id"]
        if request.method == "GET":
            if route == "messages":
                return httpx.Response(200, json={"meta": {}, "payload": self._messages(number, request.url.params)})
            return httpx.Response(200, json={"payload": chat["labels"]} if route == "labels" else self._shape(chat))
        fields, files = _fields(request)
        match route:
            case "messages":
                attachments = [
                    {
                        "id": n,
                        "file_type": "image",
                        "data_url": f"https://chat.example/files/{name}",
                        "file_size": len(content),
                    }
                    for n, (name, content) in enumerate(files)
                ]
                private = str(fields.get("private", "")).lower() == "true"
                more = {"attachments": attachments} if attachments else {}
                message = self.agent_says(
                    number, stored_by_the_server(fields.get("content", "")), private=private, **more
                )
                return httpx.Response(200, json=message)
            case "toggle_status":
                chat |= {"status": fields["status"], "snoozed_until": fields.get("snoozed_until")}
                answer = {"payload": {"success": True, "conversation_id": number, "current_status": chat["status"]}}
            case "toggle_priority":
                chat["priority"] = fields["priority"]
                answer = None
            case "assignments":
                chat["assignee"] = fields["assignee_id"]
                answer = next((a for a in self.agents if a["id"] == fields["assignee_id"]), None)
            case "labels":
                chat["labels"] = fields["labels"]
                answer = {"payload": chat["labels"]}
            case "update_last_seen":
                chat["agent_last_seen_at"] = int(self.clock.now())
                answer = self._shape(chat)
            case _:
                return httpx.Response(404, json={"error": "Resource could not be found"})
        if route != "update_last_seen":
            chat["updated_at"] = self.clock.now()
        return httpx.Response(200, json=answer) if answer is not None else httpx.Response(200)

    def _messages(self, number, params):
        messages = self.messages[number]
        if "after" in params:
            return [m for m in messages if m["id"] > int(params["after"])][:100]
        if "before" in params:
            return [m for m in messages if m["id"] < int(params["before"])][-20:]
        return messages[-20:]


def _fields(request):
    kind = request.headers.get("content-type", "")
    if not kind.startswith("multipart/"):
        return json.loads(request.content or b"{}"), []
    mail: EmailMessage = BytesParser(policy=HTTP).parsebytes(
        b"Content-Type: " + kind.encode() + b"\r\n\r\n" + request.content
    )
    fields, files = {}, []
    for part in mail.iter_parts():
        name = part.get_param("name", header="content-disposition")
        if part.get_filename() is not None:
            assert name == "attachments[]"
            files.append((unquote(part.get_filename()), part.get_payload(decode=True)))
        else:
            fields[name] = part.get_payload(decode=True).decode()
    return fields, files


class Store:
    """What the desk's store would keep of it (`domain.mailbox.ChatStore`)."""

    def __init__(self):
        self.saved = ""
        self.saves = 0
        self.chats = {}
        self.messages = {}
        self.merges = 0

    def cursor(self):
        return self.saved

    def save_cursor(self, cursor):
        self.saved = cursor
        self.saves += 1

    def last_message(self, conversation):
        return str(max(map(int, self.messages.get(conversation, {})), default=""))

    def merge(self, conversations):
        self.merges += 1
        for chat in conversations:
            self.chats[chat.id] = chat
            known = self.messages.setdefault(chat.id, {})
            known |= {message.id: message for message in chat.messages}

    def texts(self, conversation):
        known = self.messages[str(conversation)]
        return [known[key].text for key in sorted(known, key=int)]


class Kept:
    """Takes what comes of a file; after so many pieces it has enough."""

    def __init__(self, most=1000):
        self.content, self.mark, self.total, self.whole, self.begun = b"", "", 0, False, 0
        self.most = most

    def begin(self, mark, total, *, whole):
        self.content, self.mark, self.total, self.whole = b"", mark, total, whole
        self.begun += 1

    def keep(self, piece, total):
        self.content += piece
        self.total = total
        self.most -= 1
        return self.most > 0
