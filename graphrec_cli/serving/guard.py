"""Refuse requests by their first lines, before any route sees them."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from graphrec_cli.serving.limits import MAX_HEADERS, MAX_TARGET

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


class Guard:
    """An ASGI application that hands on to another one what it does not refuse."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer with 400, 414, 431 or 505, or hand on."""
        fault = _fault(scope)
        if fault is None:
            await self.app(scope, receive, send)
            return
        status, message = fault
        headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
        body = json.dumps({"error": message}).encode() + b"\n"
        headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _fault(scope: Message) -> tuple[int, str] | None:
    if scope["http_version"] not in ("1.0", "1.1"):
        return 505, "use HTTP/1.1"
    names = {name for name, _ in scope["headers"]}
    # A proxy may take the other of the two, and so see two requests where this server sees one.
    if {b"content-length", b"transfer-encoding"} <= names:
        return 400, "give content-length or transfer-encoding, not both"
    if scope["http_version"] == "1.0" and b"transfer-encoding" in names:
        return 400, "HTTP/1.0 has no transfer-encoding; use HTTP/1.1"
    target = len(scope["raw_path"]) + len(scope["query_string"])
    if target > MAX_TARGET:
        return 414, f"the path with its query must have at most {MAX_TARGET} bytes"
    # h11 checks only what is incomplete after a read.
    if target + sum(len(name) + len(value) + 4 for name, value in scope["headers"]) > MAX_HEADERS:
        return 431, f"the request line and its headers must have at most {MAX_HEADERS} bytes"
    return None
