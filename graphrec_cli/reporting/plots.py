"""What all pictures share: a figure in the same style on every machine, colours, and its file."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from graphrec_cli.storage.atomic import atomic_write

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999")
"""Colours that colour-blind people tell apart (Okabe and Ito, Color Universal Design, 2008)."""
_LEFT, _RIGHT, _BELOW, _ABOVE = 0.6, 0.2, 0.48, 0.3
"""Inches around a panel, for its labels and its title."""
_LEGEND = 0.34
"""Inches for the legend above the panels."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X")


def new_figure(
    width: float, height: float, layout: Literal["constrained"] | None = "constrained"
) -> Figure:
    """An empty figure, in inches."""
    # Imported here so that commands without plots start fast; without pyplot, which has global
    # state and may need a display.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=120, layout=layout)
    FigureCanvasAgg(figure)
    return figure


def panel_grid(panels: int, columns: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """A figure of equal panels, row by row, with room for a legend above them.

    Unlike those of ``new_figure``, its panels stand at fixed places: finding the best places takes
    as long as drawing.

    Args:
        columns: of the grid; one row may have fewer panels.
        width, height: of a panel with its labels, in inches.
    """
    rows = -(-panels // columns)
    figure = new_figure(width * columns, height * rows + _LEGEND, None)
    size = figure.get_size_inches()
    figure.subplots_adjust(
        left=_LEFT / size[0],
        right=1 - _RIGHT / size[0],
        bottom=_BELOW / size[1],
        top=1 - (_LEGEND + _ABOVE) / size[1],
        wspace=(_LEFT + _RIGHT) / (width - _LEFT - _RIGHT),
        hspace=(_BELOW + _ABOVE) / (height - _BELOW - _ABOVE),
    )
    axes = list(figure.subplots(rows, columns, squeeze=False).ravel())
    for axis in axes[panels:]:
        axis.set_axis_off()
    for axis in axes[:panels]:
        axis.tick_params(labelsize=8)
        axis.locator_params(axis="y", nbins=6)
    return figure, axes[:panels]


@contextmanager
def plain_style() -> Iterator[None]:
    """Draw with matplotlib's own defaults inside the block, whatever the user's style file says.

    A picture that is dark on one machine would be unreadable beside those of another.
    """
    import matplotlib

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", matplotlib.MatplotlibDeprecationWarning)
        style = dict(matplotlib.rcParamsDefault)
    # The backend is never used, and setting it would load one.
    for key in [key for key in style if key.startswith(("backend", "interactive"))]:
        del style[key]
    with matplotlib.rc_context(style):
        yield


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as an opaque PNG.

    Raises:
        OutputError: the file cannot be written.
    """
    with atomic_write(path) as file, warnings.catch_warnings():
        # Characters that the font lacks are drawn as boxes.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(file, format="png", facecolor="white", transparent=False)
