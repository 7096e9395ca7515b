from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from graphrec_cli.data.idmap import IdMap
from graphrec_cli.errors import DataError

INTEGERS = st.lists(st.integers(-(2**63), 2**63 - 1), max_size=30)
# A numpy string of fixed width cannot end in NUL.
TEXTS = st.lists(st.text(st.characters(exclude_characters="\0"), max_size=5), max_size=30)


def as_array(raw: list[Any]) -> NDArray[np.generic]:
    return np.array(raw) if raw and isinstance(raw[0], str) else np.array(raw, dtype=np.int64)


@given(st.one_of(INTEGERS, TEXTS))
def test_index_is_the_place_among_the_sorted_distinct_ids(raw: list[Any]) -> None:
    id_map = IdMap.from_ids(as_array(raw))
    assert id_map.ids.tolist() == sorted(set(raw))
    assert len(id_map) == len(set(raw))
    place = {raw_id: number for number, raw_id in enumerate(sorted(set(raw)))}
    index = id_map.index(as_array(raw))
    assert index.dtype == np.int32
    assert index.tolist() == [place[raw_id] for raw_id in raw]


@given(INTEGERS, INTEGERS)
def test_an_unknown_id_has_index_minus_one(known: list[int], asked: list[int]) -> None:
    index = IdMap.from_ids(as_array(known)).index(as_array(asked))
    assert (index == -1).tolist() == [raw_id not in set(known) for raw_id in asked]


@pytest.mark.parametrize(
    "asked", [np.array(["5"]), np.array([5.0]), np.array([5], dtype=np.uint64)]
)
def test_refuses_to_look_up_other_types_among_integers(asked: NDArray[np.generic]) -> None:
    with pytest.raises(DataError, match="cannot be looked up among ids of type int64"):
        IdMap(np.array([5, 10])).index(asked)


def test_refuses_to_look_up_integers_among_strings() -> None:
    with pytest.raises(DataError, match="cannot be looked up"):
        IdMap(np.array(["10", "5"])).index(np.array([5]))


def test_a_longer_string_is_not_mistaken_for_its_beginning() -> None:
    id_map = IdMap.from_ids(np.array(["ab", "cd"]))
    assert id_map.index(np.array([["abc", "ab"], ["c", "cd"]])).tolist() == [[-1, 0], [-1, 1]]


@pytest.mark.parametrize("ids", [[2, 1], [1, 1], [1, 3, 2]])
def test_refuses_ids_out_of_order_or_twice(ids: list[int]) -> None:
    with pytest.raises(DataError, match="distinct and ascending"):
        IdMap(np.array(ids))


def test_ids_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        IdMap.from_ids(np.array([3, 1])).ids[0] = np.int64(7)
