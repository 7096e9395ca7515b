"""Plots of a data set: adjacency pattern, degree distributions and sampled pairs."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.data.splits.split import Split
from graphrec_cli.reporting.plots import new_figure
from graphrec_cli.reporting.tables import clip
from graphrec_cli.storage.atomic import atomic_write

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

MAX_CELLS = 400
"""Maximum number of cells along a side of the adjacency plot, so that a cell exceeds a pixel."""
RANK_BARS = 50
TRAIN_COLOUR, POSITIVE_COLOUR, NEGATIVE_COLOUR = "0.75", "tab:blue", "tab:red"
MAX_LABEL = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledPairs:
    """Sampled triples of some users, and counts over all users.

    Attributes:
        users: users whose triples are kept, from the least to the most active.
        user_index, pos_item, neg_item: the triples of those users, int64, each of shape (draws,).
        positives, negatives: how often each item was sampled for any user, int64, shape (items,).
    """

    users: NDArray[np.int64]
    user_index: NDArray[np.int64]
    pos_item: NDArray[np.int64]
    neg_item: NDArray[np.int64]
    positives: NDArray[np.int64]
    negatives: NDArray[np.int64]


def binned_adjacency(train: UserItems, max_cells: int) -> tuple[NDArray[np.int64], int]:
    """Count the entries of the bipartite adjacency in square cells, without building the matrix.

    Rows and columns are the users, then the items; each pair is stored twice, at (user, item)
    and at (item, user).

    Returns:
        The count of every cell, shape (cells, cells) with cells at most ``max_cells``, and the
        number of nodes along a cell's side; the last cell may extend beyond the matrix.
    """
    size = train.num_users + train.num_items
    # All cells have the same width; unequal cells would show as stripes.
    width = -(-size // max_cells)
    cells = -(-size // width)
    user = train.user_index().astype(np.int64) // width
    item = (train.item_index.astype(np.int64) + train.num_users) // width
    upper = np.bincount(user * cells + item, minlength=cells * cells).reshape(cells, cells)
    return upper + upper.T, width


def draw_adjacency(train: UserItems, path: Path) -> None:
    """Plot the adjacency pattern of the train graph, users before items, as a PNG at ``path``.

    Raises:
        OutputError: the file cannot be written.
    """
    from matplotlib.colors import LogNorm
    from matplotlib.ticker import LogLocator

    counts, width = binned_adjacency(train, MAX_CELLS)
    size = train.num_users + train.num_items
    extent = len(counts) * width
    # Without a lower limit the sparsest cells, cut off at the edge, would use most colours.
    low = int(np.percentile(counts[counts > 0], 1))
    figure = new_figure(7.6, 6.6)
    axis = figure.subplots()
    image = axis.imshow(
        np.ma.masked_equal(counts, 0),
        extent=(0, extent, extent, 0),
        norm=LogNorm(vmin=low, vmax=max(int(counts.max()), 10 * low)),
        cmap="viridis_r",
    )
    axis.set_xlim(0, size)
    axis.set_ylim(size, 0)
    for draw_line in (axis.axhline, axis.axvline):
        draw_line(train.num_users, color="black", linewidth=0.8)
    axis.set_xlabel(f"node: {train.num_users:,} users, then {train.num_items:,} items")
    axis.set_ylabel("node")
    for side in (axis.xaxis, axis.yaxis):
        _use_integer_ticks(side)
    axis.set_title(f"Adjacency of the {train.num_pairs:,} train pairs")
    label = f"stored entries in a cell of {width} x {width} nodes (white: none)"
    ticks = LogLocator(subs=(1, 2, 5))
    bar = figure.colorbar(image, label=label, shrink=0.85, ticks=ticks, format="{x:,.0f}")
    bar.minorticks_off()
    _save(figure, path)


def draw_degrees(train: UserItems, path: Path) -> None:
    """Plot the degree distributions of users and items, log-log, as a PNG at ``path``.

    Raises:
        OutputError: the file cannot be written.
    """
    figure = new_figure(10.4, 4.2)
    left, right = figure.subplots(1, 2)
    _draw_degree(left, train.user_degree, "user")
    _draw_degree(right, train.item_degree, "item")
    _save(figure, path)


def draw_samples(split: Split, sampled: SampledPairs, path: Path, *, sampler: str) -> None:
    """Plot sampled pairs by the items' popularity rank in train, as a PNG at ``path``.

    The upper panel has one line per kept user with its train items, positives and negatives. The
    lower panel has the shares of all samples.

    Raises:
        OutputError: the file cannot be written.
    """
    rank = popularity_rank(split.train.item_degree)
    figure = new_figure(10.4, 8.6)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[2.6, 1])
    _draw_users(above, split, sampled, rank)
    above.set_title(f"Pairs sampled by sampler={sampler} in one pass over the train pairs")
    _draw_shares(below, sampled, rank)
    _save(figure, path)


def popularity_rank(item_degree: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rank items by popularity from 1, the most popular; ties are ordered by index."""
    rank = np.empty(len(item_degree), dtype=np.int64)
    rank[np.argsort(-item_degree, kind="stable")] = np.arange(1, len(item_degree) + 1)
    return rank


def _draw_degree(axis: Axes, degree: NDArray[np.int64], name: str) -> None:
    present = degree[degree > 0]
    value, number = np.unique(present, return_counts=True)
    axis.loglog(value, number, marker=".", markersize=4, linestyle="", alpha=0.7)
    for statistic, figure, style in (
        ("median", float(np.median(present)), "--"),
        ("mean", float(present.mean()), ":"),
    ):
        label = f"{statistic} {figure:,.4g}"
        axis.axvline(figure, color="black", linestyle=style, linewidth=1, label=label)
    axis.set_xlabel(f"train pairs of the {name}")
    axis.set_ylabel(f"number of {name}s")
    axis.set_title(f"{len(present):,} {name}s with a train pair")
    axis.grid(alpha=0.3)
    axis.legend()


def _draw_users(axis: Axes, split: Split, sampled: SampledPairs, rank: NDArray[np.int64]) -> None:
    """Draw one line per user; the three kinds of marks are offset so that none hides another."""
    train = split.train
    line = np.full(train.num_users, -1)
    line[sampled.users] = np.arange(len(sampled.users))
    of_train = line[train.user_index()]
    drawn = line[sampled.user_index]
    shown = of_train >= 0
    for label, items, lines, offset, colour in (
        ("sampled as positive", sampled.pos_item, drawn, 0.25, POSITIVE_COLOUR),
        ("train item", train.item_index[shown], of_train[shown], 0.0, TRAIN_COLOUR),
        ("sampled as negative", sampled.neg_item, drawn, -0.25, NEGATIVE_COLOUR),
    ):
        marks: dict[str, Any] = {"linestyle": "", "marker": "|", "markersize": 4}
        axis.plot(rank[items], lines + offset, color=colour, label=label, **marks)
    labels = [
        f"{clip(str(user), MAX_LABEL)} ({degree:,})"
        for user, degree in zip(
            split.users.ids[sampled.users].tolist(),
            train.user_degree[sampled.users].tolist(),
            strict=True,
        )
    ]
    axis.set_yticks(np.arange(len(labels)), labels=labels, fontsize=8, parse_math=False)
    axis.set_ylim(-0.7, len(labels) - 0.3)
    axis.set_ylabel("user id (train pairs)")
    axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1.06), ncols=3, markerscale=2)


def _draw_shares(axis: Axes, sampled: SampledPairs, rank: NDArray[np.int64]) -> None:
    width = -(-len(rank) // RANK_BARS)
    first = np.arange(0, len(rank), width)
    edges = np.append(first, len(rank)) + 0.5
    for label, draws, colour in (
        ("positives", sampled.positives, POSITIVE_COLOUR),
        ("negatives", sampled.negatives, NEGATIVE_COLOUR),
    ):
        share, _ = np.histogram(rank, bins=edges, weights=draws / draws.sum())
        mean = share / np.diff(edges)
        axis.stairs(mean, edges, baseline=None, color=colour, label=f"{draws.sum():,} {label}")
    axis.set_yscale("log")
    axis.set_xlim(0.5, len(rank) + 0.5)
    _use_integer_ticks(axis.xaxis)
    axis.set_xlabel("item, by popularity rank in train (1: most popular)")
    axis.set_ylabel(f"share of samples per item,\nmean over {width} items")
    axis.grid(alpha=0.3)
    axis.legend()


def _use_integer_ticks(side: Axis) -> None:
    from matplotlib.ticker import MaxNLocator

    side.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))
    side.set_major_formatter("{x:,.0f}")


def _save(figure: Figure, path: Path) -> None:
    with atomic_write(path) as file, warnings.catch_warnings():
        # Characters that the font lacks are drawn as boxes.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(file, format="png")
