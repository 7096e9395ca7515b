"""Addresses are taken before a run is loaded, and refused in one line."""

from __future__ import annotations

import socket
from contextlib import suppress

import pytest

from graphrec_cli.errors import ConfigError
from graphrec_cli.serving.address import accepted_hosts, bound_socket, is_loopback, listen


def test_a_free_port_is_taken_and_answers_only_once_it_listens() -> None:
    with bound_socket("127.0.0.1", 0) as bound:
        port = bound.getsockname()[1]
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
        assert listen(bound, "127.0.0.1") == f"http://127.0.0.1:{port}"
        socket.create_connection(("127.0.0.1", port)).close()
        with (
            pytest.raises(ConfigError, match=f"port {port} of 127.0.0.1 is in use"),
            bound_socket("127.0.0.1", port),
        ):
            pass


def test_of_two_that_have_a_port_only_one_listens() -> None:
    with bound_socket("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with bound_socket("127.0.0.1", port) as second:
            listen(first, "127.0.0.1")
            with pytest.raises(ConfigError, match="is in use"):
                listen(second, "127.0.0.1")


def test_only_loopback_looks_at_the_name_that_a_client_used() -> None:
    with bound_socket("127.0.0.1", 0) as bound:
        assert is_loopback(bound)
        assert accepted_hosts(bound, "127.0.0.1") == ["localhost", "127.0.0.1", "[::1]"]
        assert accepted_hosts(bound, "My.Name")[-1] == "my.name"
    with bound_socket("0.0.0.0", 0) as bound:
        assert not is_loopback(bound)
        assert accepted_hosts(bound, "0.0.0.0") == ["*"]


def test_the_newer_version_of_ip() -> None:
    with suppress(ConfigError), bound_socket("::1", 0) as bound:  # where the system has it
        assert is_loopback(bound)
        assert listen(bound, "::1").startswith("http://[::1]:")


@pytest.mark.parametrize("host", ["a" * 300, "x..y", "no such host", "\ud800", "127.0.0.1:80"])
def test_what_is_no_address_is_refused(host: str) -> None:
    with pytest.raises(ConfigError, match="is no address"), bound_socket(host, 0):
        pass


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(ConfigError, match="cannot listen on port 0"), bound_socket("192.0.2.1", 0):
        pass
