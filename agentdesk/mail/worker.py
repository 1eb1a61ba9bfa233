"""The process that reads suspicious or large mail: `python -m agentdesk.mail.worker`, started by `mail.helper`.

Requests come on stdin, answers go to stdout, both as a JSON head with its length in front (four bytes, big-endian); a request's
head says how many bytes of content follow it. It has no business with the world: the first things it does are to limit its
memory, to make itself nice, and to give up files to write, other processes and the network. It ends when its stdin does, when
nobody asked for a while, and by the kernel's hand when it computes for longer than it may.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import sys
from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Any, BinaryIO, cast
from zoneinfo import ZoneInfo

from agentdesk import locale
from agentdesk.mail import limits
from agentdesk.mail.body import read_body
from agentdesk.mail.parse import parse_header, parse_message
from agentdesk.mail.parts import PartInfo
from agentdesk.mail.wire import body_out, envelope_out

IDLE_SECONDS = 60.0
_FORBIDDEN = ("socket.", "subprocess.", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.fork", "os.kill", "os.remove", "os.rename", "ctypes.", "webbrowser.")


def main() -> None:
    """Serve until stdin ends."""
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not be taken for an answer
    confine()
    _send(answers, {"ready": True})
    while request := _next(requests):
        head, contents = request
        allow(float(head["seconds"]))
        try:
            answer = reading(head, contents)
        except Exception as error:  # noqa: BLE001 - whatever it is, this mail is too complex and the next one is another matter
            answer = {"error": f"{type(error).__name__}"}
        _send(answers, answer)


def reading(head: dict[str, Any], contents: Sequence[bytes]) -> dict[str, Any]:
    """The answer to one request."""
    locale.use(str(head["language"]))
    zone = _zone(str(head["zone"]))
    received = datetime.fromisoformat(head["received"]) if head.get("received") else None
    match head["kind"]:
        case "header":
            assert received is not None
            envelope = parse_header(contents[0], received=received, size=head["size"], preview=head["preview"])
            return {"envelope": envelope_out(envelope)}
        case "message":
            assert received is not None
            envelope, body = parse_message(contents[0], received=received, zone=zone)
            return {"envelope": envelope_out(envelope), "body": body_out(body)}
        case "body":
            infos = [PartInfo(**part) for part in head["parts"]]
            return {"body": body_out(read_body(infos, dict(zip(head["sections"], contents, strict=True)), zone))}
    raise ValueError(head["kind"])


def _zone(name: str) -> tzinfo:
    return ZoneInfo(name)


def confine() -> None:
    """Give up what reading mail does not need. Where the system has no such limits, the guard of the interpreter remains."""

    def guard(event: str, arguments: tuple[object, ...]) -> None:
        if event.startswith(_FORBIDDEN) or (event == "open" and _writes(arguments)):
            raise PermissionError(event)

    sys.addaudithook(guard)
    with contextlib.suppress(ImportError, OSError):
        os.nice(5)
    with contextlib.suppress(ImportError):
        import resource  # noqa: PLC0415 - not on every system

        for limit, value in ((resource.RLIMIT_AS, limits.WORKER_MEMORY), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)):
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(limit, (value, value))


def _writes(arguments: tuple[object, ...]) -> bool:
    mode, flags = arguments[1], arguments[2]
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))


def allow(seconds: float) -> None:
    """So much computing for the next message; the kernel ends this process where it takes more, even if nobody else is there to."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource  # noqa: PLC0415 - see above

        used = resource.getrusage(resource.RUSAGE_SELF)
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime + seconds) + 1, hard))


def _next(stream: BinaryIO) -> tuple[dict[str, Any], list[bytes]] | None:
    ready, _, _ = select.select([stream], [], [], IDLE_SECONDS)
    if not ready:
        return None
    size = stream.read(4)
    if len(size) < 4:
        return None
    head = cast(dict[str, Any], json.loads(stream.read(int.from_bytes(size, "big"))))
    return head, [stream.read(length) for length in head["lengths"]]


def _send(stream: BinaryIO, answer: dict[str, Any]) -> None:
    raw = json.dumps(answer).encode()
    stream.write(len(raw).to_bytes(4, "big") + raw)
    stream.flush()


if __name__ == "__main__":
    main()
