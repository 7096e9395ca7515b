from __future__ import annotations

import numpy as np
import pytest
import torch
from builders import CPU
from graph_filters import HAS_ITEM, community_graph, cut_is_clear, normalized, train_of
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from graphrec_cli.config.closed_form import ChebyCFConfig
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.models.chebycf import ChebyCF, chebyshev_coefficients

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)]


def solved(config: ChebyCFConfig, train: UserItems, device: torch.device = CPU) -> ChebyCF:
    generator = torch.Generator().manual_seed(0)
    model = ChebyCF(config, train, generator=generator, device=device)
    model.solve()
    model.prepare_scoring()
    return model


def coefficients_by_loops(flatness: float, order: int) -> list[float]:
    """The sums of the paper, one term at a time."""

    def target(x: float) -> float:
        return float(0.5 - np.sign(x) * abs(x) ** flatness / 2)

    def polynomial(k: int, x: float) -> float:
        older, newer = 1.0, x
        for _ in range(k):
            older, newer = newer, 2 * x * newer - older
        return older

    found = []
    for k in range(order + 1):
        total = sum(
            target(np.cos(np.pi * j / order))
            * polynomial(k, np.cos(np.pi * (j + 0.5) / (order + 1)))
            for j in range(order + 1)
        )
        found.append(2 / (order + 1) * total / (2 if k == 0 else 1))
    return found


def dense_scores(has: NDArray[np.bool_], config: ChebyCFConfig) -> NDArray[np.float64]:
    """Scores by the eigenvalues of S'S and numpy's own Chebyshev series."""
    norm = normalized(has)
    values, vectors = np.linalg.eigh(norm.T @ norm)
    series = np.polynomial.chebyshev.chebval(
        1 - 2 * values, coefficients_by_loops(config.flatness, config.order)
    )
    order = np.argsort(-values)[: config.singular_vectors]
    ideal = np.zeros_like(values)
    ideal[order] = values[order] > 1e-10
    operator = (vectors * (series + config.alpha * ideal)) @ vectors.T
    scale = np.maximum(has.sum(0), 1.0) ** config.degree_power
    return np.asarray((has / scale) @ operator * scale)


@given(st.floats(0.1, 5), st.integers(1, 12))
def test_coefficients_are_the_papers_sums(flatness: float, order: int) -> None:
    found = chebyshev_coefficients(flatness, order)
    np.testing.assert_allclose(found, coefficients_by_loops(flatness, order), atol=1e-12)


def test_coefficients_of_order_1_by_hand() -> None:
    # The target is 0 at 1 and 1 at -1; the roots are 1/sqrt 2 and -1/sqrt 2.
    np.testing.assert_allclose(chebyshev_coefficients(1.5, 1), [0.5, -1 / np.sqrt(2)])


@given(
    HAS_ITEM,
    st.integers(1, 10),
    st.sampled_from([0.0, 0.2]),
    st.integers(1, 9),
    st.sampled_from([0.0, 0.4, 1.0]),
)
def test_scores_are_those_of_the_dense_operator(
    has: NDArray[np.bool_], number: int, alpha: float, order: int, power: float
) -> None:
    assume(cut_is_clear(has, number))
    config = ChebyCFConfig(
        alpha=alpha, singular_vectors=number, order=order, degree_power=power, flatness=1.3
    )
    model = solved(config, train_of(has))
    scores = model.score_users(torch.arange(len(has)))
    np.testing.assert_allclose(scores.numpy(), dense_scores(has, config), rtol=1e-4, atol=1e-5)
    for user in np.flatnonzero(has.any(axis=1)):
        new = model.score_new_user(torch.from_numpy(np.flatnonzero(has[user])).flip(0))
        torch.testing.assert_close(new, scores[user])


@pytest.mark.parametrize("device", DEVICES)
def test_every_device_gives_the_same_scores(device: str) -> None:
    has = community_graph()
    config = ChebyCFConfig(singular_vectors=6)
    model = solved(config, train_of(has), torch.device(device))
    scores = model.score_users(torch.arange(400, device=device))
    assert scores.device.type == device
    np.testing.assert_allclose(scores.cpu(), dense_scores(has, config), rtol=1e-4, atol=1e-5)


def test_many_users_are_scored_in_parts() -> None:
    config, train = ChebyCFConfig(singular_vectors=6), train_of(community_graph())
    whole = solved(config, train).score_users(torch.arange(400))
    generator = torch.Generator().manual_seed(0)
    model = ChebyCF(config, train, generator=generator, device=CPU, values_at_a_time=2_900)
    model.solve()
    model.prepare_scoring()
    torch.testing.assert_close(model.score_users(torch.arange(400)), whole)
