"""Check the addresses from which a saved config would download data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from graphrec_cli.config.keys import list_keys
from graphrec_cli.config.options import conf_dir
from graphrec_cli.config.serialize import SavedConfig, to_plain
from graphrec_cli.config.store import SCHEMAS
from graphrec_cli.errors import ConfigError


def refuse_new_addresses(saved: SavedConfig, overrides: Sequence[str], where: Path) -> None:
    """Refuse to download from an address that only the saved config names.

    The saved config also sets the name of the downloaded file, so it could write any file anywhere.

    Args:
        saved: the saved config.
        overrides: the words of the command; they may name addresses or another data set.
        where: the file of the saved config, for messages.

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
    for schema in SCHEMAS["dataset"].values():
        keys_of = list_keys(schema, "dataset")
        known |= {key.default for key in keys_of if key.name.endswith("url")}
    for key, address in _addresses("dataset", values):
        if address not in known and key not in keys:
            raise ConfigError(
                f"{where} would download from {address}, which no option of this release names; "
                f"set {key}={address} if you trust it, or dataset.download=false"
            )


def _addresses(key: str, values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _addresses(f"{key}.{name}", value)
        elif name in ("url", "base_url") and value not in (None, "???"):
            yield f"{key}.{name}", str(value)
