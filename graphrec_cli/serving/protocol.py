"""HTTP/1.1 by h11 with a deadline: no connection stays open by being slow or silent."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from graphrec_cli.serving.limits import CONNECTION_SECONDS, MAX_OPEN, SILENT_SECONDS


class DeadlineProtocol(H11Protocol):  # type: ignore[misc]  # the extra may be missing
    """uvicorn's protocol, which itself waits for ever for headers, and for answers to be read."""

    _deadline: asyncio.TimerHandle | None = None
    _is_silent = True

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Start the clock, or close at once if too many connections are open."""
        super().connection_made(transport)
        if len(self.connections) > MAX_OPEN:
            transport.abort()
        else:
            self._restart_clock(SILENT_SECONDS)

    def data_received(self, data: bytes) -> None:
        """Give the first request its time when it begins."""
        if self._is_silent:
            self._is_silent = False
            self._restart_clock(CONNECTION_SECONDS)
        super().data_received(data)

    def on_response_complete(self) -> None:
        """Give the next request as much time; uvicorn closes a connection that brings none."""
        self._restart_clock(CONNECTION_SECONDS)
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP, also in or after the body of a request that has an answer."""
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            # Or the application would answer as well.
            cycle.disconnected = True
            cycle.message_event.set()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
        else:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        if self._deadline is not None:
            self._deadline.cancel()
        super().connection_lost(exc)

    def _restart_clock(self, seconds: float) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        # abort, because close would wait until the client has read everything.
        abort: Any = self.transport.abort
        self._deadline = self.loop.call_later(seconds, abort)
