"""Titles and attributes brought into the order of a split's item indices."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.data.attributes import ItemAttributes
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.idmap import IdMap
from graphrec_cli.data.interactions import RawTable, UserItems
from graphrec_cli.data.prepared import attributes_by_index, titles_by_index
from graphrec_cli.data.source import SourceData
from graphrec_cli.data.splits.split import Split
from graphrec_cli.data.tables.titles import Titles
from graphrec_cli.errors import DataError

IDS = st.integers(0, 30)


def source_with(titles: Titles | None) -> SourceData:
    nothing = np.zeros(0, dtype=np.int64)
    table = RawTable(
        user_id=nothing,
        item_id=nothing,
        rating=np.zeros(0, dtype=np.float32),
        timestamp=None,
        signal=np.zeros(0, dtype=np.int8),
        signal_names=("rating_pos",),
    )
    return SourceData(table=table, funnel=Funnel(0), titles=titles, files=(), preferences=None)


def split_of(item_ids: set[int]) -> Split:
    items = IdMap(np.array(sorted(item_ids), dtype=np.int64))

    def part(*item_index: int) -> UserItems:
        users = np.zeros(len(item_index), dtype=np.int64)
        chosen = np.array(item_index, dtype=np.int64)
        return UserItems.from_pairs(users, chosen, num_users=1, num_items=len(items))

    users = IdMap(np.array([5], dtype=np.int64))
    return Split(train=part(0), valid=None, test=part(1), users=users, items=items)


@given(item_ids=st.sets(IDS, min_size=2), known=st.dictionaries(IDS, st.text("NAé, ", max_size=4)))
def test_every_item_has_its_own_title_or_none(item_ids: set[int], known: dict[int, str]) -> None:
    ids = np.array(sorted(known), dtype=np.int64)
    titles = np.array([known[id] for id in sorted(known)], dtype=np.str_)
    if not item_ids & set(known):
        with pytest.raises(DataError, match=f"none of the {len(item_ids)} items has a title"):
            titles_by_index(source_with((ids, titles)), split_of(item_ids))
        return
    by_index = titles_by_index(source_with((ids, titles)), split_of(item_ids))
    assert by_index is not None
    assert by_index.tolist() == [known.get(id, "") for id in sorted(item_ids)]


def test_without_titles_there_are_none() -> None:
    assert titles_by_index(source_with(None), split_of({1, 2})) is None


@given(item_ids=st.sets(IDS, min_size=2), known=st.dictionaries(IDS, st.sampled_from(["", "a|b"])))
def test_every_item_has_its_own_attributes_or_none(
    item_ids: set[int], known: dict[int, str]
) -> None:
    ids = np.array(sorted(known, reverse=True), dtype=np.int64)
    cells = np.array([known[id] for id in ids.tolist()], dtype=object)
    source = replace(source_with(None), attributes=(ids, ItemAttributes.from_cells(cells)))
    found = attributes_by_index(source, split_of(item_ids))
    sizes = [2 * bool(known.get(id)) for id in sorted(item_ids)]
    if not any(sizes):
        assert found is None
        return
    assert found is not None
    assert np.diff(found.indptr).tolist() == sizes
    assert found.name.tolist() == ["a", "b"]
    assert attributes_by_index(source_with(None), split_of(item_ids)) is None
