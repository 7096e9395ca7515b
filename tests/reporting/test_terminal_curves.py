"""Curves of characters: every epoch is drawn where it belongs, within 80 columns."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.reporting.terminal_curves import can_show_dots, curve_lines

EPOCHS = st.lists(st.integers(1, 5000), min_size=1, max_size=60, unique=True).map(sorted)
VALUES = st.floats(-1e300, 1e300, allow_nan=False)
HEIGHT = 6
START = 11
"""Column of the first epoch."""


def canvas(lines: list[str]) -> list[str]:
    """The rows of a curve, without title, labels and axis."""
    return [line[START:] for line in lines[1 : 1 + HEIGHT]]


@given(epochs=EPOCHS, data=st.data(), dots=st.booleans())
def test_every_line_fits_a_terminal(epochs: list[int], data: st.DataObject, dots: bool) -> None:
    values = data.draw(st.lists(VALUES, min_size=len(epochs), max_size=len(epochs)))
    marked = data.draw(st.none() | st.sampled_from(epochs))
    lines = curve_lines("loss", epochs, values, dots=dots, marked=marked)
    assert len(lines) == 1 + HEIGHT + 1 + (marked is not None)
    assert max(map(len, lines)) <= 80
    assert "".join(lines).isascii() is not dots
    assert str(epochs[0]) in lines[1 + HEIGHT]
    assert lines[1 + HEIGHT].endswith(str(epochs[-1]))
    assert marked is None or f"epoch {marked}" in lines[-1]


@given(values=st.lists(st.floats(-5, 5), min_size=2, max_size=69))
def test_every_epoch_is_at_its_height(values: list[float]) -> None:
    lines = curve_lines("loss", [1, 70], [values[0], values[-1]], dots=False)
    epochs = [1 + round(place * 69 / (len(values) - 1)) for place in range(len(values))]
    lines = curve_lines("loss", epochs, values, dots=False)
    rows = canvas(lines)
    low, high = min(values), max(values)
    last = max(map(len, rows)) - 1
    for epoch, value in zip(epochs, values, strict=True):
        share = (value - low) / (high - low) if high > low else 0.0
        column = round((epoch - 1) / 69 * last)
        # A value between two rows may be in either, because of rounding.
        near = {HEIGHT - 1 - round(share * (HEIGHT - 1) + slack) for slack in (-1e-6, 1e-6)}
        assert any(rows[row].ljust(80)[column] == "*" for row in near)


@pytest.mark.parametrize("dots", [True, False])
@pytest.mark.parametrize("falls", [True, False])
def test_a_straight_line_has_no_gap(dots: bool, falls: bool) -> None:
    epochs = list(range(1, 8))
    values = [float(epoch) for epoch in epochs]
    rows = canvas(curve_lines("x", epochs, values[::-1] if falls else values, dots=dots))
    width = max(map(len, rows))
    blank = " \u2800"
    filled = np.array([[cell not in blank for cell in row.ljust(width)] for row in rows])
    assert filled.any(axis=0).all()
    for column in range(1, width):
        touching = filled[:, column - 1] | np.roll(filled[:, column - 1], 1)
        touching |= np.roll(filled[:, column - 1], -1)
        assert (filled[:, column] & touching).any()
    corner = filled[0, 0], filled[-1, -1], filled[-1, 0], filled[0, -1]
    assert corner == ((True, True, False, False) if falls else (False, False, True, True))


def test_a_curve_by_hand() -> None:
    assert curve_lines("valid", [1, 2], [0.0, 1.0], dots=False, marked=2) == [
        "valid",
        "   1.0000 |        *",
        "          |      ***",
        "          |     **",
        "          |   ***",
        "          | ***",
        "   0.0000 |**",
        "    epoch  1       2",
        "                   ^ best: epoch 2",
    ]


@pytest.mark.parametrize(
    ("encoding", "can"),
    [("utf-8", True), ("UTF-8", True), ("utf-16", True), ("ascii", False), ("cp1252", False)],
)
def test_who_can_show_dots(encoding: str, can: bool) -> None:
    assert can_show_dots(encoding) is can
    assert not can_show_dots(None)
    assert not can_show_dots("no such encoding")
