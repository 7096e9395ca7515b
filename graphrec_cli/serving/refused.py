"""A request that gets an error as its answer."""

from __future__ import annotations


class Refused(Exception):
    """The status and the message of an answer that is an error.

    Attributes:
        status: an HTTP status from 400 on.
        message: for the client: no path, nothing about the process.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
