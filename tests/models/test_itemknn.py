from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from builders import CPU
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from graphrec_cli.config.closed_form import ItemKNNConfig
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.errors import ConfigError, OutputError
from graphrec_cli.models.itemknn import ItemKNN
from graphrec_cli.system import free_memory

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)]
HAS_ITEM = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9))


def train_of(has: NDArray[np.bool_]) -> UserItems:
    users, items = np.nonzero(has)
    return UserItems.from_pairs(users, items, num_users=has.shape[0], num_items=has.shape[1])


def solved(config: ItemKNNConfig, train: UserItems, device: torch.device = CPU) -> ItemKNN:
    model = ItemKNN(config, train, generator=torch.Generator(), device=device)
    model.solve()
    model.prepare_scoring()
    return model


def brute_force(has: NDArray[np.bool_], neighbors: int, shrink: float) -> NDArray[np.float64]:
    """Scores of all users, pair by pair of items."""
    num_items = has.shape[1]
    operator = np.zeros((num_items, num_items))
    for scored in range(num_items):
        similar = []
        for other in range(num_items):
            shared = int((has[:, scored] & has[:, other]).sum())
            if other != scored and shared:
                norm = math.sqrt(int(has[:, scored].sum()) * int(has[:, other].sum()))
                similar.append((-shared / (norm + shrink), other))
        for similarity, other in sorted(similar)[:neighbors]:
            operator[other, scored] = -similarity
    return has.astype(np.float64) @ operator


@given(HAS_ITEM, st.integers(1, 12), st.sampled_from([0.0, 0.5, 10.0]))
def test_scores_are_those_of_brute_force(
    has: NDArray[np.bool_], neighbors: int, shrink: float
) -> None:
    model = solved(ItemKNNConfig(neighbors=neighbors, shrink=shrink), train_of(has))
    expected = brute_force(has, neighbors, shrink)
    scores = model.score_users(torch.arange(len(has)))
    np.testing.assert_allclose(scores.numpy(), expected, rtol=1e-5, atol=1e-7)
    for user in np.flatnonzero(has.any(axis=1)):
        new = model.score_new_user(torch.from_numpy(np.flatnonzero(has[user])).flip(0))
        assert torch.equal(new, scores[user])


def test_a_table_worked_out_by_hand() -> None:
    """Items a, b, c of 4, 1 and 4 users: a and c share 2, a and b 1, b and c none."""
    has = np.array(
        [[1, 1, 0], [1, 0, 0], [1, 0, 1], [1, 0, 1], [0, 0, 1], [0, 0, 1], [0, 0, 0]], dtype=bool
    )
    model = solved(ItemKNNConfig(neighbors=1), train_of(has))
    # cos(a, b) = 1 / sqrt(4 * 1) = cos(a, c) = 2 / sqrt(4 * 4): of equals the smaller index.
    assert model.neighbor.tolist() == [[1], [0], [0]]
    assert model.similarity.tolist() == [[0.5], [0.5], [0.5]]
    assert model.score_users(torch.tensor([4, 0, 6])).tolist() == [
        [0.0, 0.0, 0.0],
        [0.5, 0.5, 0.5],
        [0.0, 0.0, 0.0],
    ]
    shrunk = solved(ItemKNNConfig(neighbors=1, shrink=2), train_of(has))
    # 1 / (2 + 2) and 2 / (4 + 2): what is seen once falls behind.
    assert shrunk.neighbor.tolist() == [[2], [0], [0]]
    torch.testing.assert_close(shrunk.similarity, torch.tensor([[1 / 3], [1 / 4], [1 / 3]]))


def test_equal_cosines_are_equal_however_they_come_about() -> None:
    """cos(a, c) = 31 / sqrt(861 * 296) and cos(a, b) = 93 / sqrt(861 * 2664), which is the same."""
    users = np.arange(4000)
    a = users < 861
    b = (users >= 861 - 93) & (users < 861 - 93 + 2664)
    c = (users >= 861 - 31) & (users < 861 - 31 + 296)
    # Many items, because vectors of numbers may be rounded otherwise than single ones.
    has = np.column_stack([a, b, c] + [users == 3900 + item % 90 for item in range(61)])
    model = solved(ItemKNNConfig(neighbors=1), train_of(has))
    assert model.neighbor[0].tolist() == [1]


@given(HAS_ITEM, st.integers(1, 12))
def test_neighbours_are_ordered_by_whole_numbers(has: NDArray[np.bool_], neighbors: int) -> None:
    model = solved(ItemKNNConfig(neighbors=neighbors), train_of(has))
    count = has.sum(axis=0)
    for item, found in enumerate(model.neighbor.tolist()):
        shared = (has[:, [item]] & has).sum(axis=0)
        others = [other for other in np.flatnonzero(shared).tolist() if other != item]
        others.sort(
            key=lambda other: (-Fraction(int(shared[other]) ** 2, int(count[other])), other)
        )
        expected = others[:neighbors]
        assert found[: len(expected)] == expected


@given(HAS_ITEM)
def test_shrunk_ties_take_the_smaller_index(has: NDArray[np.bool_]) -> None:
    """Copies of an item are equally similar to any other item."""
    copies = np.column_stack([has, has])
    model = solved(ItemKNNConfig(neighbors=copies.shape[1], shrink=3.7), train_of(copies))
    num_items = has.shape[1]
    for item, found in enumerate(model.neighbor.tolist()):
        for other in set(range(num_items)) - {item % num_items}:
            if (has[:, item % num_items] & has[:, other]).any():
                assert found.index(other + num_items) > found.index(other)


def test_nothing_is_trained_and_the_state_is_what_was_solved() -> None:
    train = train_of(np.eye(3, dtype=bool) | np.eye(3, k=1, dtype=bool))
    config = ItemKNNConfig(neighbors=2)
    model = solved(config, train)
    assert list(model.parameters()) == []
    assert list(model.state_dict()) == ["neighbor", "similarity"]
    other = ItemKNN(config, train, generator=torch.Generator(), device=CPU)
    other.load_state_dict(model.state_dict(), assign=True)
    other.prepare_scoring()
    users = torch.arange(3)
    assert torch.equal(other.score_users(users), model.score_users(users))


@pytest.mark.parametrize("strange", [-1, 3, 2**31 - 1])
def test_a_neighbour_that_is_no_item_is_refused(strange: int) -> None:
    model = solved(ItemKNNConfig(neighbors=2), train_of(np.ones((2, 3), dtype=bool)))
    model.neighbor[1, 0] = strange
    with pytest.raises(OutputError, match="neighbours that are no items"):
        model.prepare_scoring()


def test_neighbours_that_do_not_fit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(free_memory, "free_memory", lambda device: 5_000_000_000)
    train = UserItems.from_pairs(np.array([0]), np.array([0]), num_users=1, num_items=1_000_000)
    with pytest.raises(ConfigError) as refusal:
        solved(ItemKNNConfig(neighbors=100), train)
    assert str(refusal.value) == (
        "model=itemknn with 100 neighbours of each of 1,000,000 items needs 7.2 GB of memory on "
        "cpu, but only 5.0 GB are free; lower model.neighbors, or free memory"
    )


@pytest.mark.parametrize("device", DEVICES)
def test_every_device_gives_the_same_scores(device: str) -> None:
    has = np.random.default_rng(0).random((40, 30)) < 0.2
    model = solved(ItemKNNConfig(neighbors=5), train_of(has), torch.device(device))
    users = torch.arange(40, device=device)
    scores = model.score_users(users)
    assert scores.device.type == device
    np.testing.assert_allclose(scores.cpu(), brute_force(has, 5, 0.0), rtol=1e-5, atol=1e-7)
