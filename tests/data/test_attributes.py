"""Attributes of items: cells as they are written, other indices, damage."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.data.attributes import ItemAttributes

WORDS = st.sampled_from(["Comedy", "Drama", "Sci-Fi", "é", "A B"])
SETS = st.lists(st.lists(WORDS, max_size=4), min_size=1, max_size=8)


def sets_of(attributes: ItemAttributes) -> list[list[str]]:
    parts = np.split(attributes.index, attributes.indptr[1:-1])
    return [attributes.name[part].tolist() for part in parts]


@given(SETS)
def test_cells_become_sorted_sets(sets: list[list[str]]) -> None:
    attributes = ItemAttributes.from_cells(np.array(["|".join(one) for one in sets], dtype=object))
    assert sets_of(attributes) == [sorted(set(one)) for one in sets]
    assert attributes.name.tolist() == sorted({word for one in sets for word in one})
    assert attributes.indptr.dtype == np.int64
    assert attributes.index.dtype == np.int32
    attributes.check(len(sets))


def test_blanks_empty_words_and_absent_ones_are_none() -> None:
    cells = np.array([" Drama | |Comedy|", "", "(none)", "  "], dtype=object)
    attributes = ItemAttributes.from_cells(cells, ["(none)"])
    assert sets_of(attributes) == [["Comedy", "Drama"], [], [], []]


@given(SETS, st.integers(0, 99))
def test_items_take_their_attributes_to_other_indices(sets: list[list[str]], seed: int) -> None:
    rng = np.random.default_rng(seed)
    number = len(sets) + 3
    place = rng.permutation(number)[: len(sets)]
    place[rng.random(len(sets)) < 0.3] = -1
    attributes = ItemAttributes.from_cells(np.array(["|".join(one) for one in sets], dtype=object))
    expected: list[list[str]] = [[] for _ in range(number)]
    for at, one in zip(place, sets, strict=True):
        if at >= 0:
            expected[at] = sorted(set(one))
    placed = attributes.placed(place, number)
    assert sets_of(placed) == expected
    placed.check(number)


@pytest.mark.parametrize(
    ("indptr", "index", "name", "fault"),
    [
        ([0, 1], [0], ["a"], "attribute_indptr must have 3 values"),
        ([0, 2, 1], [0, 0], ["a"], "attribute_indptr must rise"),
        ([1, 1, 2], [0, 0], ["a"], "attribute_indptr must rise"),
        ([0, 1, 2], [0, 1], ["a"], r"attribute_index must lie in 0\.\.0"),
        ([0, 1, 2], [-1, 0], ["a"], "attribute_index must lie in"),
        ([0, 2, 2], [1, 0], ["a", "b"], "ascending within every item"),
        ([0, 2, 2], [0, 0], ["a", "b"], "ascending within every item"),
        ([0, 1, 1], [0], ["b", "a"], "attribute must be distinct"),
        ([0, 1, 1], [0], [], "attribute_index must lie in"),
    ],
)
def test_arrays_that_are_no_rows_are_refused(
    indptr: list[int], index: list[int], name: list[str], fault: str
) -> None:
    damaged = ItemAttributes(
        np.array(indptr), np.array(index, dtype=np.int32), np.array(name, dtype=np.str_)
    )
    with pytest.raises(ValueError, match=fault):
        damaged.check(2)
