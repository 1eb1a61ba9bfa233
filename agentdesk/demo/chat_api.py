"""The chat over HTTP: the part of Chatwoot's agent API and public client API that a desk and the customer page use.

Shapes follow the jbuilder views of Chatwoot 4.13 (app/views/api/v1/...): integers for `message_type`, epoch seconds with 0 for
never, display ids. Errors have the shapes a client must be able to read: `{"error": ...}` and `{"message": ..., "attributes": [...]}`.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agentdesk.demo import shop
from agentdesk.demo.canned import Canned
from agentdesk.demo.chat import ACTIVITY, AGENTS, ANNA, PRIORITIES, STATUSES, Chat, Chats, Contact
from agentdesk.demo.chat_requests import Refused, content_of, fields_of, number, truth
from agentdesk.demo.chat_shapes import Shapes, additional, agent_shape, contact_shape, contact_times, iso

PER_PAGE = 25

Handler = Callable[[Request], Awaitable[Response]]


class ChatApi:
    """Both APIs over one `Chats`."""

    def __init__(self, chats: Chats, token: str, base_url: str) -> None:
        self._chats = chats
        self._responses = Canned(chats.journal)
        self._shapes = Shapes(chats, base_url)
        self._token = token.encode()

    def routes(self) -> list[Route]:
        conversations = "/api/v1/accounts/{account:int}/conversations"
        one = conversations + "/{chat:int}"
        canned = "/api/v1/accounts/{account:int}/canned_responses"
        contacts = "/public/api/v1/inboxes/{inbox}/contacts"
        own = contacts + "/{source}/conversations"
        agent, public = self._for_agents, self._for_everybody
        return [
            Route("/api/v1/profile", agent(self._profile)),
            Route(conversations, agent(self._list)),
            Route(one, agent(self._show)),
            Route(one + "/messages", agent(self._read), methods=["GET"]),
            Route(one + "/messages", agent(self._send), methods=["POST"]),
            Route(one + "/toggle_status", agent(self._toggle_status), methods=["POST"]),
            Route(one + "/toggle_priority", agent(self._toggle_priority), methods=["POST"]),
            Route(one + "/toggle_typing_status", agent(self._toggle_typing), methods=["POST"]),
            Route(one + "/assignments", agent(self._assign), methods=["POST"]),
            Route(one + "/labels", agent(self._labels), methods=["GET"]),
            Route(one + "/labels", agent(self._set_labels), methods=["POST"]),
            Route(one + "/update_last_seen", agent(self._seen), methods=["POST"]),
            Route("/api/v1/accounts/{account:int}/contacts/{contact:int}", agent(self._contact)),
            Route("/api/v1/accounts/{account:int}/contacts/{contact:int}/conversations", agent(self._contact_chats)),
            Route("/api/v1/accounts/{account:int}/agents", agent(self._agents)),
            Route(canned, agent(self._canned), methods=["GET"]),
            Route(canned, agent(self._add_canned), methods=["POST"]),
            Route(canned + "/{canned:int}", agent(self._change_canned), methods=["PATCH", "PUT"]),
            Route(contacts, public(self._public_contact), methods=["POST"]),
            Route(own, public(self._public_chats), methods=["GET"]),
            Route(own, public(self._public_begin), methods=["POST"]),
            Route(own + "/{chat:int}", public(self._public_chat)),
            Route(own + "/{chat:int}/messages", public(self._public_read), methods=["GET"]),
            Route(own + "/{chat:int}/messages", public(self._public_send), methods=["POST"]),
            Route(own + "/{chat:int}/update_last_seen", public(self._public_seen), methods=["POST"]),
            Route("/rails/active_storage/blobs/{key}/{name}", public(self._file)),
        ]

    # Who asks ---------------------------------------------------------------------------------------------------------

    def _for_agents(self, handler: Handler) -> Handler:
        async def checked(request: Request) -> Response:
            given = request.headers.get("api_access_token", "").encode()
            if not hmac.compare_digest(given, self._token):
                return JSONResponse({"error": "Invalid Access Token"}, 401)
            if request.path_params.get("account", shop.ACCOUNT) != shop.ACCOUNT:
                return JSONResponse({"error": "You are not authorized to access this account"}, 401)
            return await self._answer(handler, request)

        return checked

    def _for_everybody(self, handler: Handler) -> Handler:
        async def checked(request: Request) -> Response:
            if request.path_params.get("inbox", shop.INBOX_IDENTIFIER) != shop.INBOX_IDENTIFIER:
                return _not_found()
            return await self._answer(handler, request)

        return checked

    async def _answer(self, handler: Handler, request: Request) -> Response:
        try:
            return await handler(request)
        except KeyError:
            return _not_found()
        except Refused as refused:
            return JSONResponse(refused.body, refused.status)

    # The agent's side -------------------------------------------------------------------------------------------------

    async def _profile(self, request: Request) -> Response:
        del request
        account = {
            "id": shop.ACCOUNT,
            "name": shop.NAME,
            "status": "active",
            "active_at": iso(time.time()),
            "role": ANNA.role,
            "permissions": [ANNA.role],
            "availability": "online",
            "availability_status": "online",
            "auto_offline": True,
        }
        return JSONResponse(
            {
                "access_token": self._token.decode(),
                "account_id": shop.ACCOUNT,
                "available_name": ANNA.name,
                "avatar_url": "",
                "confirmed": True,
                "display_name": None,
                "message_signature": None,
                "email": ANNA.email,
                "id": ANNA.id,
                "inviter_id": None,
                "name": ANNA.name,
                "provider": "email",
                "pubsub_token": "demo",
                "role": ANNA.role,
                "ui_settings": {},
                "uid": ANNA.email,
                "type": None,
                "accounts": [account],
            }
        )

    async def _agents(self, request: Request) -> Response:
        del request
        return JSONResponse([agent_shape(agent) for agent in AGENTS.values()])

    async def _canned(self, request: Request) -> Response:
        return JSONResponse(self._responses.all(request.query_params.get("search", "")))

    async def _add_canned(self, request: Request) -> Response:
        fields, _ = await fields_of(request)
        return JSONResponse(self._responses.add(fields))

    async def _change_canned(self, request: Request) -> Response:
        fields, _ = await fields_of(request)
        return JSONResponse(self._responses.change(request.path_params["canned"], fields))

    async def _list(self, request: Request) -> Response:
        query = request.query_params
        status = query.get("status", "open")
        words = query.get("q")
        if status not in {*STATUSES, "all"}:
            raise Refused(422, {"error": f"'{status}' is not a valid status"})
        found = [chat for chat in self._chats.chats() if words or status in {"all", chat.status}]
        if "inbox_id" in query and number(query["inbox_id"]) != shop.INBOX:
            found = []
        if labels := query.getlist("labels[]") + query.getlist("labels"):
            found = [chat for chat in found if set(labels) & set(chat.labels)]
        if words:
            found = [chat for chat in found if self._mentions(chat, words)]
        counts = {
            "mine_count": sum(chat.assignee == ANNA.id for chat in found),
            "assigned_count": sum(chat.assignee is not None for chat in found),
            "unassigned_count": sum(chat.assignee is None for chat in found),
            "all_count": len(found),
        }
        match query.get("assignee_type"):
            case "me":
                found = [chat for chat in found if chat.assignee == ANNA.id]
            case "assigned":
                found = [chat for chat in found if chat.assignee is not None]
            case "unassigned":
                found = [chat for chat in found if chat.assignee is None]
        found = _sorted(found, query.get("sort_by", "last_activity_at_desc"))
        if "updated_within" in query:
            since = time.time() - number(query["updated_within"])
            found = [chat for chat in found if chat.updated_at > since]
        else:
            page = max(1, number(query.get("page", "1")))
            found = found[(page - 1) * PER_PAGE : page * PER_PAGE]
        payload = [self._shapes.chat(chat) for chat in found]
        return JSONResponse({"data": {"meta": counts, "payload": payload}})

    def _mentions(self, chat: Chat, words: str) -> bool:
        messages = self._chats.messages(chat.id, after=0, before=1 << 62)
        return any(words.lower() in (m.content or "").lower() for m in messages if m.type != ACTIVITY)

    async def _show(self, request: Request) -> Response:
        return JSONResponse(self._shapes.chat(self._chat_of(request)))

    async def _read(self, request: Request) -> Response:
        chat = self._chat_of(request)
        query = request.query_params
        after, before = (number(query[name]) if query.get(name) else None for name in ("after", "before"))
        messages = self._chats.messages(
            chat.id, after=after, before=before, public=bool(query.get("filter_internal_messages"))
        )
        meta: dict[str, Any] = {
            "labels": list(chat.labels),
            "additional_attributes": additional(self._chats.contact(chat.contact)),
            "contact": contact_shape(self._chats.contact(chat.contact)),
            "agent_last_seen_at": iso(chat.agent_last_seen_at),
            "assignee_last_seen_at": iso(chat.assignee_last_seen_at),
        }
        if chat.assignee is not None:
            meta["assignee"] = agent_shape(AGENTS[chat.assignee])
        payload = [self._shapes.message(message) for message in messages]
        return JSONResponse({"meta": meta, "payload": payload})

    async def _send(self, request: Request) -> Response:
        chat = self._chat_of(request)
        fields, files = await fields_of(request)
        content = content_of(fields, files)
        if fields.get("message_type", "outgoing") != "outgoing":
            raise Refused(422, {"error": "Incoming messages are only allowed in Api inboxes"})
        given = fields.get("content_attributes")
        attributes = given if isinstance(given, dict) else {}
        message = self._chats.agent_writes(
            chat.id, content, ANNA, private=truth(fields.get("private")), attributes=attributes, files=files
        )
        shape = self._shapes.message(message)
        if fields.get("echo_id"):
            shape["echo_id"] = fields["echo_id"]
        return JSONResponse(shape)

    async def _toggle_status(self, request: Request) -> Response:
        chat = self._chat_of(request)
        fields, _ = await fields_of(request)
        status = fields.get("status") or ("resolved" if chat.status == "open" else "open")
        if status not in STATUSES:
            raise Refused(422, {"error": f"'{status}' is not a valid status"})
        until = fields.get("snoozed_until")
        after = self._chats.set_status(chat.id, str(status), float(number(until)) if until else None, ANNA)
        payload = {
            "success": True,
            "conversation_id": chat.id,
            "current_status": after.status,
            "snoozed_until": iso(after.snoozed_until),
        }
        return JSONResponse({"meta": {}, "payload": payload})

    async def _toggle_priority(self, request: Request) -> Response:
        chat = self._chat_of(request)
        fields, _ = await fields_of(request)
        priority = fields.get("priority") or None
        if priority is not None and priority not in PRIORITIES:
            raise Refused(422, {"error": f"'{priority}' is not a valid priority"})
        self._chats.set_priority(chat.id, priority, ANNA)
        return Response(status_code=200)

    async def _toggle_typing(self, request: Request) -> Response:
        self._chat_of(request)
        return Response(status_code=200)

    async def _assign(self, request: Request) -> Response:
        chat = self._chat_of(request)
        fields, _ = await fields_of(request)
        if "assignee_id" not in fields:
            return JSONResponse(None)
        wanted = fields["assignee_id"]
        agent = AGENTS.get(number(wanted)) if wanted else None  # an unknown id unassigns (assignments_controller.rb)
        self._chats.assign(chat.id, None if agent is None else agent.id, ANNA)
        return JSONResponse(None if agent is None else agent_shape(agent))

    async def _labels(self, request: Request) -> Response:
        return JSONResponse({"payload": list(self._chat_of(request).labels)})

    async def _set_labels(self, request: Request) -> Response:
        chat = self._chat_of(request)
        fields, _ = await fields_of(request)
        labels = fields.get("labels", [])
        if not isinstance(labels, list):
            labels = [labels]
        self._chats.set_labels(chat.id, [str(label) for label in labels], ANNA)
        return JSONResponse({"payload": list(self._chats.chat(chat.id).labels)})

    async def _seen(self, request: Request) -> Response:
        chat = self._chats.seen_by_agent(self._chat_of(request).id, ANNA)
        return JSONResponse(self._shapes.chat(chat))

    async def _contact(self, request: Request) -> Response:
        contact = self._chats.contact(request.path_params["contact"])
        inbox = {"id": shop.INBOX, "name": shop.NAME, "channel_type": "Channel::Api"}
        boxes = [{"source_id": contact.source_id, "inbox": inbox}]
        return JSONResponse({"payload": contact_shape(contact) | contact_times(contact) | {"contact_inboxes": boxes}})

    async def _contact_chats(self, request: Request) -> Response:
        contact = self._chats.contact(request.path_params["contact"])
        chats = sorted(self._chats.chats_of(contact.id), key=lambda chat: -chat.last_activity_at)[:20]
        return JSONResponse({"payload": [self._shapes.chat(chat) for chat in chats]})

    def _chat_of(self, request: Request) -> Chat:
        return self._chats.chat(request.path_params["chat"])

    # The customer's side ----------------------------------------------------------------------------------------------

    async def _public_contact(self, request: Request) -> Response:
        fields, _ = await fields_of(request)
        contact = self._chats.add_contact(
            name=str(fields.get("name") or fields.get("email") or "Visitor"),
            email=str(fields["email"]) if fields.get("email") else None,
            phone=str(fields["phone_number"]) if fields.get("phone_number") else None,
        )
        return JSONResponse(
            {
                "source_id": contact.source_id,
                "pubsub_token": "demo",
                "id": contact.id,
                "name": contact.name,
                "email": contact.email,
                "phone_number": contact.phone,
            }
        )

    async def _public_chats(self, request: Request) -> Response:
        contact = self._visitor(request)
        return JSONResponse([self._shapes.public_chat(chat) for chat in self._chats.chats_of(contact.id)])

    async def _public_begin(self, request: Request) -> Response:
        return JSONResponse(self._shapes.public_chat(self._chats.begin(self._visitor(request).id)))

    async def _public_chat(self, request: Request) -> Response:
        return JSONResponse(self._shapes.public_chat(self._visitors_chat(request)))

    async def _public_read(self, request: Request) -> Response:
        chat = self._visitors_chat(request)
        before = number(request.query_params["before"]) if request.query_params.get("before") else None
        messages = self._chats.messages(chat.id, before=before, public=True)
        return JSONResponse([self._shapes.public_message(message) for message in messages])

    async def _public_send(self, request: Request) -> Response:
        chat = self._visitors_chat(request)
        fields, files = await fields_of(request)
        message = self._chats.visitor_writes(chat.id, content_of(fields, files), files)
        return JSONResponse(self._shapes.public_message(message))

    async def _public_seen(self, request: Request) -> Response:
        self._chats.seen_by_customer(self._visitors_chat(request).id)
        return Response(status_code=200)

    async def _file(self, request: Request) -> Response:
        file, content = self._chats.file(request.path_params["key"])
        disposition = f"attachment; filename*=UTF-8''{quote(file.name)}"
        return Response(content, media_type=file.type, headers={"content-disposition": disposition})

    def _visitor(self, request: Request) -> Contact:
        return self._chats.contact_by_source(request.path_params["source"])

    def _visitors_chat(self, request: Request) -> Chat:
        chat = self._chat_of(request)
        if chat.contact != self._visitor(request).id:
            raise KeyError(chat.id)
        return chat


def _not_found() -> Response:
    return JSONResponse({"error": "Resource could not be found"}, 404)


def _sorted(chats: list[Chat], order: str) -> list[Chat]:
    weight = {"low": 1, "medium": 2, "high": 3, "urgent": 4}
    keys: dict[str, Callable[[Chat], float]] = {
        "last_activity_at": lambda chat: chat.last_activity_at,
        "created_at": lambda chat: chat.created_at,
        "waiting_since": lambda chat: chat.waiting_since or 0.0,
        "priority": lambda chat: weight.get(chat.priority or "", 0),
    }
    field, _, direction = order.rpartition("_")
    return sorted(chats, key=keys.get(field, keys["last_activity_at"]), reverse=direction != "asc")
