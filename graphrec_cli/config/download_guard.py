"""The addresses that a saved configuration would fetch data from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from graphrec_cli.config.options import conf_dir
from graphrec_cli.config.serialize import SavedConfig, to_plain
from graphrec_cli.errors import ConfigError


def refuse_new_addresses(saved: SavedConfig, overrides: Sequence[str], where: Path) -> None:
    """Refuse to fetch from an address that only the saved configuration names.

    It says under which name the file is put as well, so that it could put anything anywhere.

    Args:
        saved: as it was read.
        overrides: the words of the command, which may name addresses, or another data set.
        where: the file that was read, for messages.

    Raises:
        ConfigError: naming the key and the address.
    """
    keys = {word.partition("=")[0] for word in overrides}
    values = to_plain(saved.config.dataset)
    if {"dataset", "dataset.download"} & keys or not values.get("download", False):
        return
    known = {
        address
        for option in (conf_dir() / "dataset").glob("*.yaml")
        for address in re.findall(r"^ *(?:base_)?url: (\S+)$", option.read_text("utf-8"), re.M)
    }
    for key, address in _addresses("dataset", values):
        if address not in known and key not in keys:
            raise ConfigError(
                f"{where} would fetch data from {address}, which no option of this release names; "
                f"say {key}={address} yourself if you trust it, or dataset.download=false"
            )


def _addresses(key: str, values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _addresses(f"{key}.{name}", value)
        elif name in ("url", "base_url") and value not in (None, "???"):
            yield f"{key}.{name}", str(value)
