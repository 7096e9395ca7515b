"""Curves of plain characters: braille dots, or ASCII where the terminal cannot show them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.reporting.tables import WIDTH, clip

_HEIGHT = 6
_LABEL = 9
"""Columns of the values at the left edge."""
_COLUMNS = WIDTH - _LABEL - 2
_BRAILLE = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
"""Bits of the four rows and two columns of dots in a character (Unicode, U+2800 and after)."""


def can_show_dots(encoding: str | None) -> bool:
    """Whether a stream with this encoding can print braille characters; false if it is unknown."""
    try:
        "\u28ff".encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def curve_lines(
    title: str,
    epochs: Sequence[int],
    values: Sequence[float],
    *,
    dots: bool,
    marked: int | None = None,
) -> list[str]:
    """Draw a curve over epochs in lines of at most 80 columns, with its title above.

    Args:
        epochs: ascending, at least one.
        values: one for each epoch.
        dots: with braille characters, else in ASCII.
        marked: epoch that is marked below the curve; None marks none.
    """
    down, across = (4, 2) if dots else (1, 1)
    x, columns = _places(epochs, _COLUMNS * across)
    grid = _draw(x, np.array(values, dtype=np.float64), _HEIGHT * down, columns)
    labels = [""] * _HEIGHT
    labels[0], labels[-1] = _label(max(values)), _label(min(values))
    if min(values) == max(values):
        labels = ["" for _ in labels[:-1]] + [_label(values[0])]
    edge = "\u2502" if dots else "|"
    rows = _characters(grid) if dots else ["".join(" *"[cell] for cell in row) for row in grid]
    lines = [clip(title, WIDTH)]
    lines += [
        f"{label:>{_LABEL}} {edge}{row}".rstrip() for label, row in zip(labels, rows, strict=True)
    ]
    return [*lines, *_axis(epochs, x // across, marked)]


def _places(epochs: Sequence[int], most: int) -> tuple[NDArray[np.int64], int]:
    """The column of each epoch, and the number of columns: at most ``most``."""
    first, last = epochs[0], epochs[-1]
    columns = min(most, max(last - first, 1) * 8 + 1)
    share = (np.array(epochs, dtype=np.float64) - first) / max(last - first, 1)
    return np.rint(share * (columns - 1)).astype(np.int64), columns


def _draw(
    x: NDArray[np.int64], values: NDArray[np.float64], height: int, columns: int
) -> NDArray[np.int64]:
    """A grid of 0 and 1, shape (height, columns), the top row first.

    Columns between two epochs are interpolated; of several epochs in a column all are drawn.
    """
    values = values / max(float(np.abs(values).max()), 1e-300)  # differences stay finite
    low, high = values.min(), values.max()
    share = (values - low) / (high - low) if high > low else np.zeros(len(values))
    level = np.rint(share * (height - 1)).astype(np.int64)
    across = np.arange(columns)
    # Of the epochs in one column, np.interp would take one of them.
    between = np.rint(np.interp(across, x, level)).astype(np.int64)
    low_level, high_level = between.copy(), between.copy()
    np.minimum.at(low_level, x, level)
    np.maximum.at(high_level, x, level)
    # Steep pieces stay connected: each column reaches up or down to the column before it.
    lowest, highest = low_level.copy(), high_level.copy()
    lowest[1:] = np.minimum(low_level[1:], high_level[:-1])
    highest[1:] = np.maximum(high_level[1:], low_level[:-1])
    rows = np.arange(height)[::-1, None]
    return ((rows >= lowest) & (rows <= highest)).astype(np.int64)


def _characters(grid: NDArray[np.int64]) -> list[str]:
    height, columns = grid.shape
    padded = np.pad(grid, ((0, 0), (0, columns % 2)))
    cells = padded.reshape(height // 4, 4, -1, 2) * _BRAILLE[None, :, None, :]
    codes = 0x2800 + cells.sum(axis=(1, 3))
    return ["".join(map(chr, row)).rstrip("\u2800") for row in codes.tolist()]


def _axis(epochs: Sequence[int], column: NDArray[np.int64], marked: int | None) -> list[str]:
    """The first and the last epoch, and below them a mark at another one."""
    start, end = _LABEL + 2, _LABEL + 3 + int(column[-1])
    line = f"{'epoch':>{_LABEL}}  {epochs[0]}"
    if epochs[-1] != epochs[0]:
        line += str(epochs[-1]).rjust(max(end - len(line), len(str(epochs[-1])) + 2))
    if marked is None or marked not in epochs:
        return [line]
    place = start + int(column[list(epochs).index(marked)])
    text = f"best: epoch {marked}"
    mark = f"{' ' * place}^ {text}"
    return [line, mark if len(mark) <= WIDTH else f"{text} ^".rjust(place + 1)]


def _label(value: float) -> str:
    text = f"{value:.4f}"
    return text if len(text) <= _LABEL else f"{value:.1e}"
