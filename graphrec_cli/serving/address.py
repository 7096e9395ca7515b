"""The address that a server listens on."""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from graphrec_cli.errors import ConfigError

BACKLOG = 128
"""Connections that the system keeps until the server accepts them."""


@contextmanager
def bound_socket(host: str, port: int) -> Iterator[socket.socket]:
    """A socket with the address, which does not listen yet: a wrong address is told of early.

    Args:
        host: a name or an address of this machine.
        port: 0 for a free one.

    Raises:
        ConfigError: there is no such address, or the port is in use or not allowed.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise ConfigError(
            f"host={host} is no address of this machine; use 127.0.0.1, or 0.0.0.0 for all"
        ) from error
    family, kind, number, _, place = found[0]
    with socket.socket(family, kind, number) as bound:
        # A server that was stopped a moment ago does not keep the port.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with _refused_address(host, port):
            bound.bind(place)
        yield bound


def listen(bound: socket.socket, host: str) -> str:
    """Accept connections from now on.

    Returns:
        The address for a browser, with the port.

    Raises:
        ConfigError: another process listens on the port.
    """
    port = bound.getsockname()[1]
    with _refused_address(host, port):
        bound.listen(BACKLOG)
    return f"http://{_in_url(host)}:{port}"


def is_loopback(bound: socket.socket) -> bool:
    """Whether only this machine can reach the address."""
    return ipaddress.ip_address(bound.getsockname()[0].partition("%")[0]).is_loopback


def accepted_hosts(bound: socket.socket, host: str) -> list[str]:
    """The names in the header Host that a server accepts.

    On loopback only its own: a page of another site, whose name leads to this machine (DNS
    rebinding), has its browser send that name. Elsewhere any, because many may be right.
    """
    if not is_loopback(bound):
        return ["*"]
    own = ("localhost", "127.0.0.1", "[::1]", _in_url(host).lower())
    return list(dict.fromkeys(own))


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


@contextmanager
def _refused_address(host: str, port: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ConfigError(
                f"port {port} of {host} is in use; choose another port=, or port=0 for a free one"
            ) from error
        reason = error.strerror or error
        raise ConfigError(f"cannot listen on port {port} of {host}: {reason}") from error
