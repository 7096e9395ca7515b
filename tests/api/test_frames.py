"""Frames of hand-made arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from builders import items_of_users

from graphrec_cli.api.frames import history_frame, pairs_frame, ranks_frame
from graphrec_cli.api.ids import id_texts
from graphrec_cli.rundir.ranks_npz import SavedRanks

USERS, ITEMS = (np.array(names, dtype=np.object_) for names in (["ann", "bob"], ["x", "y", "z"]))


def test_pairs_have_raw_ids() -> None:
    frame = pairs_frame(items_of_users([[2], [0, 1]], 3), USERS, ITEMS)
    assert frame.to_dict("list") == {"user_id": ["ann", "bob", "bob"], "item_id": ["z", "x", "y"]}


def test_an_item_that_is_never_found_is_beyond_every_cut_off() -> None:
    index = np.array([0, 1], dtype=np.int32)
    frame = ranks_frame(SavedRanks(index, index, np.array([-1, 0])), USERS, ITEMS)
    assert frame["rank"].tolist() == [np.inf, 0]
    assert (frame["rank"] < 1000).mean() == 0.5
    assert (1 / np.log2(frame["rank"] + 2)).tolist() == [0, 1]


def test_epochs_without_validation_have_nan() -> None:
    usual = {"step": 1, "loss": 0.5, "learning_rate": 0.1, "seconds": 2, "triplets_per_second": 3}
    rows: list[dict[str, Any]]
    rows = [{"epoch": 1, **usual, "valid": None}, {"epoch": 2, **usual, "valid": {"mrr": 0.25}}]
    frame = history_frame(rows)
    assert frame["epoch"].tolist() == [1, 2]
    assert frame["valid mrr"].isna().tolist() == [True, False]
    assert list(history_frame([])) == ["epoch", *usual]


def test_ids_are_texts() -> None:
    assert id_texts("ann") == ["ann"]
    assert id_texts(7) == ["7"]
    assert id_texts(np.array([7, 8])) == ["7", "8"]
    assert id_texts(name for name in ("a", "b")) == ["a", "b"]
