"""Flags of graphrec, which Hydra does not know."""

from __future__ import annotations

from collections.abc import Sequence

FROM = "--from"
PLUGIN = "--plugin"


def take_flag(flag: str, words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split words into the values of ``FLAG VALUE`` or ``FLAG=VALUE``, and the other words.

    A missing value becomes an empty string.
    """
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
