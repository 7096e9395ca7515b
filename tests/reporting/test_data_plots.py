"""Plots of data: cells add up, and any data gives a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.image import imread
from numpy.typing import NDArray

from graphrec_cli.data.idmap import IdMap
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.data.splits.split import Split
from graphrec_cli.errors import OutputError
from graphrec_cli.reporting.data_plots import (
    MAX_CELLS,
    SampledPairs,
    binned_adjacency,
    draw_adjacency,
    draw_degrees,
    draw_samples,
    popularity_rank,
)

USERS, ITEMS = 9, 6
PAIRS = st.sets(st.tuples(st.integers(0, USERS - 1), st.integers(0, ITEMS - 1)), min_size=1)


def part_of(pairs: set[tuple[int, int]], users: int = USERS, items: int = ITEMS) -> UserItems:
    table = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
    return UserItems.from_pairs(table[:, 0], table[:, 1], num_users=users, num_items=items)


def split_of(train: UserItems, user_ids: NDArray[np.generic]) -> Split:
    test = part_of({(0, 0)}, train.num_users, train.num_items)
    items = IdMap(np.arange(train.num_items))
    return Split(train=train, valid=None, test=test, users=IdMap(user_ids), items=items)


def sampled_of(train: UserItems) -> SampledPairs:
    users = np.flatnonzero(train.user_degree)[:20]
    shown = np.isin(train.user_index(), users)
    return SampledPairs(
        users=users,
        user_index=train.user_index()[shown].astype(np.int64),
        pos_item=train.item_index[shown].astype(np.int64),
        neg_item=np.zeros(int(shown.sum()), dtype=np.int64),
        positives=train.item_degree,
        negatives=np.bincount(np.zeros(train.num_pairs, dtype=int), minlength=train.num_items),
    )


@given(pairs=PAIRS, max_cells=st.integers(1, 40))
def test_cells_hold_every_stored_entry_once(pairs: set[tuple[int, int]], max_cells: int) -> None:
    counts, width = binned_adjacency(part_of(pairs), max_cells)
    size = USERS + ITEMS
    dense = np.zeros((size, size), dtype=np.int64)
    for user, item in pairs:
        dense[user, USERS + item] = dense[USERS + item, user] = 1
    assert counts.sum() == 2 * len(pairs)
    assert len(counts) <= max_cells
    assert (len(counts) - 1) * width < size <= len(counts) * width
    for row in range(len(counts)):
        for column in range(len(counts)):
            rows = slice(row * width, (row + 1) * width)
            columns = slice(column * width, (column + 1) * width)
            assert counts[row, column] == dense[rows, columns].sum()


def test_a_large_graph_needs_no_more_cells() -> None:
    """A dense adjacency would have 1.6e11 entries."""
    rng = np.random.default_rng(0)
    user, item = np.unique(rng.integers((300_000, 100_000), size=(50_000, 2)), axis=0).T
    train = UserItems.from_pairs(user, item, num_users=300_000, num_items=100_000)
    counts, width = binned_adjacency(train, MAX_CELLS)
    assert (counts.shape, width) == ((MAX_CELLS, MAX_CELLS), 1000)
    assert counts.sum() == 2 * train.num_pairs
    assert not counts[:300, :300].any()
    assert not counts[300:, 300:].any()


def test_ranks_begin_with_the_most_popular_item() -> None:
    degree = np.array([2, 5, 0, 5, 1], dtype=np.int64)
    assert popularity_rank(degree).tolist() == [3, 1, 5, 2, 4]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pairs", "users", "items"),
    [
        ({(0, 1)}, 1, 2),
        ({(user, item) for user in range(9) for item in range(1, 6)}, 9, 6),
        ({(user, (user * step) % 700) for user in range(900) for step in range(1, 9)}, 900, 700),
    ],
    ids=["one pair", "all pairs", "more nodes than cells"],
)
def test_every_picture_is_drawn(
    pairs: set[tuple[int, int]], users: int, items: int, tmp_path: Path
) -> None:
    train = part_of(pairs - {(0, 0)}, users, items)
    split = split_of(train, np.arange(users))
    draw_adjacency(train, tmp_path / "adjacency.png")
    draw_degrees(train, tmp_path / "degrees.png")
    draw_samples(split, sampled_of(train), tmp_path / "samples.png", sampler="uniform")
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["adjacency", "degrees", "samples"]
    for path in tmp_path.iterdir():
        picture = imread(path)
        assert min(picture.shape[:2]) > 400
        assert picture[..., :3].std() > 0.02


def test_ids_are_drawn_as_they_are(tmp_path: Path) -> None:
    """Ids are not drawn as formulas or line breaks, and cause no warning about the font."""
    ids = np.array(sorted(["$x$", "$\\frac{", "a\nb", "\u8aad\u8005", "x" * 80]))
    train = part_of({(user, user) for user in range(1, 5)} | {(0, 1)}, 5, 5)
    path = tmp_path / "samples.png"
    draw_samples(split_of(train, ids), sampled_of(train), path, sampler="uniform")
    assert path.stat().st_size > 10_000


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"^cannot write [^\n]*degrees\.png"):
        draw_degrees(part_of({(0, 0)}), tmp_path / "absent" / "degrees.png")
