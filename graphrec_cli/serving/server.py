"""Run uvicorn on a socket until it is told to stop."""

from __future__ import annotations

import socket
from typing import Any

import uvicorn

from graphrec_cli.serving.address import BACKLOG
from graphrec_cli.serving.limits import (
    MAX_HEADERS,
    SILENT_SECONDS,
    STOP_SECONDS,
)
from graphrec_cli.serving.protocol import DeadlineProtocol

HEADERS = [
    ("x-content-type-options", "nosniff"),
    ("cache-control", "no-store"),
    ("cross-origin-resource-policy", "same-origin"),
]
"""Headers of the application's answers: no browser guesses their type, keeps them or shows them to
another site."""


class StoppableServer:
    """A server of one application.

    The signal handlers that are there before ``serve`` are there after it, and get the signal that
    has stopped the server.
    """

    def __init__(self, app: Any) -> None:
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                loop="asyncio",
                http=DeadlineProtocol,
                ws="none",
                lifespan="off",
                interface="asgi3",
                log_config=None,
                log_level="error",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                headers=HEADERS,
                backlog=BACKLOG,
                timeout_keep_alive=SILENT_SECONDS,
                timeout_graceful_shutdown=STOP_SECONDS,
                h11_max_incomplete_event_size=MAX_HEADERS,
            )
        )

    async def serve(self, bound: socket.socket) -> None:
        """Answer until SIGINT, SIGTERM or ``stop``, and finish what is in progress."""
        await self._server.serve(sockets=[bound])

    def stop(self) -> None:
        """Have ``serve`` return; from any thread or signal handler."""
        self._server.should_exit = True
