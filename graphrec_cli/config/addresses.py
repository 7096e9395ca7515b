"""Addresses of databases and servers that a command may name, without passwords."""

from __future__ import annotations

import os
import re

from graphrec_cli.errors import ConfigError

VARIABLE = "env://"
"""Begins the name of an environment variable that has the address."""


def refuse_password(address: str, where: str, *, example: str, instead: str) -> None:
    """Refuse an address that would leave a password in logs and shell histories.

    Args:
        address: as typed; the message does not repeat it.
        where: the key.
        example: an address of the right form.
        instead: the variables that may hold the password.

    Raises:
        ConfigError: the address has a password or a token, or is no address.
    """
    if not re.match(r"[a-z][\w+]*://", address):
        raise ConfigError(f"{where} must be an address such as {example}")
    scheme, _, rest = address.partition("://")
    # A password may itself have the characters that end it elsewhere.
    user, at, _ = rest.rpartition("@")
    query = rest.partition("?")[2]
    # On the web the name of a user is often a token.
    is_secret = ":" in user or (at and scheme.startswith("http"))
    if is_secret or re.search(r"pass|pwd|odbc_connect|secret|token|api_?key", query, re.I):
        raise ConfigError(
            f"{where} must not hold a password, which logs would keep; set {instead}, or write the "
            f"name of a variable with the whole address: {where}={VARIABLE}NAME"
        )


def resolved(address: str, where: str) -> str:
    """The address itself, or that in the environment variable which it names.

    Raises:
        ConfigError: the variable is not set.
    """
    if not address.startswith(VARIABLE):
        return address
    found = os.environ.get(address.removeprefix(VARIABLE), "")
    if not found:
        raise ConfigError(f"{where}={address}: the variable is not set")
    return found
