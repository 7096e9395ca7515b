from __future__ import annotations

import numpy as np
import pytest
import torch
from builders import CPU
from graph_filters import HAS_ITEM, community_graph, cut_is_clear, normalized, train_of
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from graphrec_cli.config.closed_form import GFCFConfig
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.errors import ConfigError
from graphrec_cli.graph.sparse_product import multiply
from graphrec_cli.models import gfcf
from graphrec_cli.models.gfcf import GFCF
from graphrec_cli.system import free_memory

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)]


def solved(config: GFCFConfig, train: UserItems, device: torch.device = CPU, seed: int = 0) -> GFCF:
    generator = torch.Generator().manual_seed(seed)
    model = GFCF(config, train, generator=generator, device=device)
    model.solve()
    model.prepare_scoring()
    return model


def dense_operator(has: NDArray[np.bool_], alpha: float, number: int) -> NDArray[np.float64]:
    """S'S + alpha D^-1/2 V V' D^1/2 as a matrix, by numpy's SVD."""
    norm, item_degree = normalized(has), np.maximum(has.sum(0), 1)
    _, values, vectors = np.linalg.svd(norm, full_matrices=False)
    vectors = vectors[: min(number, np.count_nonzero(values > 1e-6))]
    ideal = vectors.T @ vectors
    operator = norm.T @ norm
    operator += alpha * ideal / np.sqrt(item_degree)[:, None] * np.sqrt(item_degree)
    return np.asarray(operator)


@given(HAS_ITEM, st.integers(1, 10), st.sampled_from([0.0, 0.3, 2.0]))
def test_scores_are_those_of_the_dense_operator(
    has: NDArray[np.bool_], number: int, alpha: float
) -> None:
    assume(cut_is_clear(has, number))
    model = solved(GFCFConfig(alpha=alpha, singular_vectors=number), train_of(has))
    scores = model.score_users(torch.arange(len(has)))
    expected = has @ dense_operator(has, alpha, number)
    np.testing.assert_allclose(scores.numpy(), expected, rtol=1e-4, atol=1e-5)
    for user in np.flatnonzero(has.any(axis=1)):
        new = model.score_new_user(torch.from_numpy(np.flatnonzero(has[user])).flip(0))
        torch.testing.assert_close(new, scores[user])


def test_a_graph_worked_out_by_hand() -> None:
    """One user with both items: S = (1/sqrt 2, 1/sqrt 2), so S'S and VV' are 1/2 everywhere."""
    has = np.array([[True, True]])
    scores = solved(GFCFConfig(alpha=0.3), train_of(has)).score_users(torch.tensor([0]))
    torch.testing.assert_close(scores, torch.tensor([[1.3, 1.3]]))


def test_a_graph_too_large_for_one_pass_is_solved_as_exactly() -> None:
    has = community_graph()
    model = solved(GFCFConfig(singular_vectors=6), train_of(has))
    expected = has @ dense_operator(has, 0.3, 6)
    scores = model.score_users(torch.arange(400))
    np.testing.assert_allclose(scores.numpy(), expected, rtol=1e-4, atol=1e-5)


def test_signs_and_rotations_of_the_vectors_do_not_matter() -> None:
    train = train_of(community_graph())
    config = GFCFConfig(singular_vectors=6)
    model, users = solved(config, train), torch.arange(400)
    scores = model.score_users(users)
    turn, _ = torch.linalg.qr(torch.randn(6, 6, generator=torch.Generator().manual_seed(1)))
    model.singular_vectors = model.singular_vectors @ turn
    model.prepare_scoring()
    torch.testing.assert_close(model.score_users(users), scores, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(
        solved(config, train, seed=2).score_users(users), scores, rtol=1e-4, atol=1e-5
    )


def test_the_seed_decides_the_vectors_to_the_last_bit() -> None:
    train = train_of(community_graph())
    config = GFCFConfig(singular_vectors=6)
    first, again = (solved(config, train, seed=3).singular_vectors for _ in range(2))
    assert torch.equal(first, again)


def test_the_audit_is_shown_the_graph() -> None:
    train = train_of(community_graph())
    model = solved(GFCFConfig(singular_vectors=6), train)
    assert model.adjacency().user_item.values().numel() == train.num_pairs
    assert list(model.parameters()) == []
    assert list(model.state_dict()) == ["singular_vectors"]


def test_many_users_are_scored_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    has = community_graph()
    config, train = GFCFConfig(singular_vectors=6), train_of(has)
    whole = solved(config, train).score_users(torch.arange(400))
    generator = torch.Generator().manual_seed(0)
    model = GFCF(config, train, generator=generator, device=CPU, values_at_a_time=2_900)
    model.solve()
    model.prepare_scoring()
    taken: list[int] = []

    def watched(block: Tensor, dense: Tensor) -> Tensor:
        product = multiply(block, dense)
        taken.extend((dense.numel(), product.numel()))
        return product

    monkeypatch.setattr(gfcf, "multiply", watched)
    assert torch.equal(model.score_users(torch.arange(400)), whole)
    assert max(taken) == 7 * 400


def test_a_search_that_does_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(free_memory, "free_memory", lambda device: 5_000_000_000)
    train = UserItems.from_pairs(np.array([0]), np.array([0]), num_users=300, num_items=1_000_000)
    with pytest.raises(ConfigError) as refusal:
        solved(GFCFConfig(singular_vectors=256), train)
    line = str(refusal.value)
    assert line.startswith("model=gfcf with 256 singular vectors of 1,000,000 items needs 21.0 GB")
    assert line.endswith("lower model.singular_vectors, or free memory")


@pytest.mark.parametrize("device", DEVICES)
def test_every_device_gives_the_same_scores(device: str) -> None:
    has = np.random.default_rng(0).random((40, 30)) < 0.2
    model = solved(GFCFConfig(), train_of(has), torch.device(device))
    scores = model.score_users(torch.arange(40, device=device))
    assert scores.device.type == device
    expected = has @ dense_operator(has, 0.3, 256)
    np.testing.assert_allclose(scores.cpu(), expected, rtol=1e-4, atol=1e-5)
