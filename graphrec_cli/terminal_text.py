"""Text that a terminal shows and does not obey."""

from __future__ import annotations

MAX_LINE = 1_500
"""Characters of an error's line; of a longer one the middle is left out."""


def printable(text: str) -> str:
    """The text with line breaks, escapes and the like as Python writes them.

    A terminal would obey some of them: they could hide a line or write another one.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def one_line(error: BaseException) -> str:
    """The message of an error as a line of bounded length; it may quote what a file holds."""
    text = printable(" ".join(str(error).splitlines()))
    if len(text) <= MAX_LINE:
        return text
    return f"{text[: MAX_LINE // 2]} ... {text[-MAX_LINE // 2 :]}"


def mask_unprintable(text: str) -> str:
    """The text with ``?`` for every unprintable character: as many characters as before."""
    return "".join(c if c.isprintable() else "?" for c in text)


def shorten(text: str, width: int) -> str:
    """The first ``width`` characters of what a file holds, with ``?`` for unprintable ones."""
    return mask_unprintable(text[:width]) + ("..." if len(text) > width else "")


def first_line(message: object) -> str:
    """The first line of a message or an error, or else the name of its type."""
    return next(iter(str(message).strip().splitlines()), type(message).__name__)
