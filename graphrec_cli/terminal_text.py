"""Make text safe to print: no control characters, bounded length."""

from __future__ import annotations

MAX_LINE = 1_500
"""Maximum length of an error line; longer ones are cut in the middle."""


def printable(text: str) -> str:
    """Escape line breaks and control characters, as ``repr`` does.

    A terminal would interpret them, and could hide or overwrite a line.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def one_line(error: BaseException) -> str:
    """The message of an error as one line of at most about ``MAX_LINE`` characters."""
    text = printable(" ".join(str(error).splitlines()))
    if len(text) <= MAX_LINE:
        return text
    return f"{text[: MAX_LINE // 2]} ... {text[-MAX_LINE // 2 :]}"


def mask_unprintable(text: str) -> str:
    """Replace every unprintable character by ``?``; the length stays the same."""
    return "".join(c if c.isprintable() else "?" for c in text)


def shorten(text: str, width: int) -> str:
    """The first ``width`` characters of a text, with ``?`` for unprintable ones."""
    return mask_unprintable(text[:width]) + ("..." if len(text) > width else "")


def first_line(message: object) -> str:
    """The first line of a message or an error; the name of its type if it is empty."""
    return next(iter(str(message).strip().splitlines()), type(message).__name__)


def counted(number: int, noun: str) -> str:
    """A number with its noun, such as ``1 user`` or ``2,000 users``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
