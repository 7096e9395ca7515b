"""A data set's own split is kept and counted, or refused if it is not a split."""

from __future__ import annotations

import numpy as np
import pytest

from graphrec_cli.config.dataset import KCoreConfig
from graphrec_cli.config.split import PredefinedConfig
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.interactions import RawTable
from graphrec_cli.data.preprocess import preprocess
from graphrec_cli.data.splits.predefined import predefined
from graphrec_cli.data.splits.split import Split
from graphrec_cli.errors import DataError

Row = tuple[int, int, int]


def split_of(rows: list[Row], *, with_part: bool = True) -> tuple[Split, Funnel]:
    user, item, part = (np.array(column) for column in zip(*rows, strict=True))
    table = RawTable(
        user_id=user,
        item_id=item,
        rating=np.full(len(rows), np.nan, dtype=np.float32),
        timestamp=None,
        signal=np.zeros(len(rows), dtype=np.int8),
        signal_names=("interaction",),
        part=part.astype(np.int8) if with_part else None,
    )
    funnel = Funnel(len(rows))
    everything = KCoreConfig(min_user_interactions=1, min_item_interactions=1)
    interactions = preprocess(table, rating_threshold=None, k_core=everything, funnel=funnel)
    rng = np.random.default_rng(0)
    return predefined(interactions, PredefinedConfig(), rng=rng, funnel=funnel), funnel


def test_the_parts_are_kept_and_what_train_never_saw_is_counted() -> None:
    rows = [(10, 1, 0), (10, 2, 0), (10, 1, 0), (20, 1, 0), (10, 3, 2), (20, 2, 2), (30, 1, 2)]
    split, funnel = split_of(rows)
    assert split.valid is None
    assert split.train.user_degree.tolist() == [2, 1, 0]
    assert split.train.item_index.tolist() == [0, 1, 0]
    assert split.test.item_index.tolist() == [2, 1, 0]
    notes = funnel.to_dict()["notes"]
    assert isinstance(notes, dict)
    assert notes["users_without_train"] == 1
    assert notes["items_without_train"] == 1
    assert notes["pairs_test_without_train"] == 2
    assert funnel.rows_left == 6


def test_a_valid_part_is_kept() -> None:
    split, _ = split_of([(1, 1, 0), (1, 2, 1), (1, 3, 2)])
    assert split.valid is not None
    assert split.valid.item_index.tolist() == [1]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([(1, 1, 0), (1, 2, 1)], "none of the 2 pairs for test"),
        ([(1, 1, 2), (1, 2, 1)], "none of the 2 pairs for train"),
        ([(7, 1, 0), (7, 5, 0), (7, 5, 2)], "user 7 has item 5 in two parts .*, train and test;"),
    ],
)
def test_what_is_no_split_is_refused(rows: list[Row], message: str) -> None:
    with pytest.raises(DataError, match=message):
        split_of(rows)


def test_a_source_without_a_split_of_its_own_is_refused() -> None:
    with pytest.raises(DataError, match="split=predefined needs a data set that comes with"):
        split_of([(1, 1, 0), (1, 2, 2)], with_part=False)
