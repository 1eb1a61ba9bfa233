"""Canned responses of a Chatwoot account: `{id, short_code, content}`, unique by their code, all in one answer."""

from __future__ import annotations

from typing import Any

from agentdesk.channels.chatwoot.api import Api, Failed

_PATH = "canned_responses"


class CannedResponses:
    """Reads and writes them; nothing is ever deleted."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def all(self) -> Any:
        """The list as the server gives it.

        Raises:
            DeskError: no answer, or not this one.
        """
        try:
            return self._api.get(_PATH)
        except Failed as failure:
            raise failure.explained() from failure

    def add(self, code: str, content: str) -> None:
        """Likewise."""
        self._tell("POST", _PATH, code, content)

    def change(self, number: int, code: str, content: str) -> None:
        """Likewise."""
        self._tell("PATCH", f"{_PATH}/{number}", code, content)

    def _tell(self, method: str, path: str, code: str, content: str) -> None:
        body = {"canned_response": {"short_code": code, "content": content}, "short_code": code, "content": content}
        try:
            if method == "POST":
                self._api.post(path, body)
            else:
                self._api.patch(path, body)
        except Failed as failure:
            raise failure.explained() from failure
