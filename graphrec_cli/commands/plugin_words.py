"""``--plugin`` and ``--plugin-changed``, which every command accepts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

FLAG, ACCEPT = "--plugin", "--plugin-changed=accept"


def take_flag(flag: str, words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The values of a flag ("" if one is missing), and the other words."""
    values, rest, waiting = [], [], list(words)
    while waiting:
        word = waiting.pop(0)
        if word == flag:
            values.append(waiting.pop(0) if waiting and not waiting[0].startswith("-") else "")
        elif word.startswith(f"{flag}="):
            values.append(word.removeprefix(f"{flag}="))
        else:
            rest.append(word)
    return values, rest


@contextmanager
def plugins_of(words: Sequence[str]) -> Iterator[list[str]]:
    """Load the plugins that the words name for the block; yield the other words.

    Raises:
        ConfigError: a plugin cannot be loaded.
    """
    names, rest = take_flag(FLAG, words)
    if not names:
        yield rest
        return
    from graphrec_cli.config.plugins import loaded_plugins

    with loaded_plugins(names, accept_changed=ACCEPT in rest):
        yield [word for word in rest if word != ACCEPT]
