"""The canned responses of the demo's chat, kept in its journal, with the rules of Chatwoot 4.13 a client meets.

A code and a content must be there, and a code is unique (app/models/canned_response.rb); the list is whole, without pages.
"""

from __future__ import annotations

import json
import time
from typing import Any

from agentdesk.demo import shop
from agentdesk.demo.chat_requests import Refused
from agentdesk.demo.chat_shapes import iso
from agentdesk.demo.journal import Journal

_KEPT = "canned_responses"
FIRST = (
    ("hello", "Hi {{contact.first_name}}, this is {{agent.name}} of {{inbox.name}}. How can I help?"),
    ("loyalty", "You have {{contact.custom_attribute.points}} points with us."),
    ("thanks", "Thank you, and have a nice day!"),
)
"""What the shop wrote in its chat before it had a desk."""


class Canned:
    """Reads and writes them."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def all(self, search: str = "") -> list[dict[str, Any]]:
        words = search.lower()
        return [one for one in self._kept() if words in f"{one['short_code']}\n{one['content']}".lower()]

    def add(self, fields: dict[str, Any]) -> dict[str, Any]:
        kept = self._kept()
        now = str(iso(time.time()))
        made = {
            "id": max((one["id"] for one in kept), default=0) + 1, "account_id": shop.ACCOUNT, "short_code": "", "content": "",
            "created_at": now, "updated_at": now,
        }  # fmt: skip
        kept.append(made)
        return self._changed(kept, made, fields)

    def change(self, number: int, fields: dict[str, Any]) -> dict[str, Any]:
        """Raises KeyError: there is none of this number."""
        kept = self._kept()
        made = next((one for one in kept if one["id"] == number), None)
        if made is None:
            raise KeyError(number)
        return self._changed(kept, made, fields)

    def _changed(self, kept: list[dict[str, Any]], made: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
        given = fields.get("canned_response")
        values = given if isinstance(given, dict) else fields
        made |= {key: str(values[key]) for key in ("short_code", "content") if values.get(key) is not None}
        made["updated_at"] = str(iso(time.time()))
        for key, words in (("content", "Content"), ("short_code", "Short code")):
            if not made[key].strip():
                raise Refused(422, {"message": f"{words} can't be blank", "attributes": [key]})
        if any(one is not made and one["short_code"] == made["short_code"] for one in kept):
            raise Refused(422, {"message": "Short code has already been taken", "attributes": ["short_code"]})
        with self._journal.change():
            self._journal.set_meta(_KEPT, json.dumps(kept, ensure_ascii=False))
        return made

    def _kept(self) -> list[dict[str, Any]]:
        stored = self._journal.meta(_KEPT)
        if stored:
            kept: list[dict[str, Any]] = json.loads(stored)
            return kept
        began = str(iso(time.time()))
        return [
            {"id": number, "account_id": shop.ACCOUNT, "short_code": code, "content": content, "created_at": began, "updated_at": began}
            for number, (code, content) in enumerate(FIRST, 1)
        ]
