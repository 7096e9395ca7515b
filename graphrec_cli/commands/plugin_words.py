"""``--plugin`` and ``--plugin-changed``, which every command accepts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from graphrec_cli.config.flags import PLUGIN, take_flag

ACCEPT = "--plugin-changed=accept"


@contextmanager
def plugins_of(words: Sequence[str]) -> Iterator[list[str]]:
    """Load the plugins that the words name for the block; yield the other words.

    Raises:
        ConfigError: a plugin cannot be loaded.
    """
    names, rest = take_flag(PLUGIN, words)
    if not names:
        yield rest
        return
    from graphrec_cli.config.plugins import loaded_plugins

    with loaded_plugins(names, accept_changed=ACCEPT in rest):
        yield [word for word in rest if word != ACCEPT]
