"""What one request and one connection may take."""

from __future__ import annotations

from dataclasses import dataclass

MAX_IDS = 1_000
"""Ids in one request."""
MAX_LISTED = 50_000
"""Items in one answer: users times k."""
MAX_TARGET = 4_096
"""Bytes of a path with its query."""
MAX_HEADERS = 16_384
"""Bytes of a request line with its headers."""
MAX_OPEN = 256
"""Connections that are open at the same time; others are closed at once."""
BODY_SECONDS = 10
"""Within which a body has to arrive."""
WORK_SECONDS = 15
"""After which a request that still waits for its turn is given up."""
CONNECTION_SECONDS = 30
"""Within which a connection has to bring a request and take its answer."""
SILENT_SECONDS = 5
"""After which a connection without a request is closed."""
STOP_SECONDS = 5
"""For which the requests in progress may go on when the server stops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits that the command line sets.

    Attributes:
        max_k: largest k.
        max_body: bytes of a body.
        max_waiting: requests that wait for their lists at the same time.
    """

    max_k: int = 1_000
    max_body: int = 65_536
    max_waiting: int = 64
