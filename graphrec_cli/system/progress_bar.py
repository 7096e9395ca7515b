"""Progress bars: on a terminal only, no wider than it, and removed at the end."""

from __future__ import annotations

from typing import NoReturn

from tqdm import tqdm

# Without tqdm's own rate, which averages over much more than a second.
_FORMAT = "{desc} |{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}{postfix}]"


def progress_bar(
    title: str, total: int, *, done: int = 0, delay: float = 0.0, shown: bool | None = None
) -> tqdm[NoReturn]:
    """Open a bar on stderr; call its ``update`` and use it as a context manager.

    Args:
        title: the text before the bar.
        total: number of units of the whole work.
        done: units finished before.
        delay: seconds before the bar appears, so that short work shows none.
        shown: None shows the bar if stderr is a terminal.
    """
    return tqdm(
        desc=title,
        total=total,
        initial=done,
        delay=delay,
        disable=None if shown is None else not shown,
        leave=False,
        dynamic_ncols=True,
        bar_format=_FORMAT,
    )
