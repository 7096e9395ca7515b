from __future__ import annotations

import numpy as np
import pytest
import torch
from builders import CPU
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray
from torch import Tensor

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.graph.adjacency import NormalizedAdjacency, normalized_adjacency
from graphrec_cli.graph.propagation import propagate
from graphrec_cli.graph.scaled_propagation import ScaledPropagation

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)]
HAS_ITEM = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=6))


def graph_of(has: NDArray[np.bool_]) -> tuple[NormalizedAdjacency, Tensor]:
    """The adjacency in float64, and the degrees of all nodes."""
    users, items = np.nonzero(has)
    train = UserItems.from_pairs(users, items, num_users=has.shape[0], num_items=has.shape[1])
    degree = torch.from_numpy(np.concatenate([train.user_degree, train.item_degree]))
    return normalized_adjacency(train, CPU).to(torch.float64), degree


def plain(
    has: NDArray[np.bool_],
    x: Tensor,
    num_layers: int,
    alpha: float,
    beta: float,
    normalize: bool,
    gamma: float,
) -> Tensor:
    """The paper's sums, node by node and neighbour by neighbour, with the gradient by autograd."""
    num_users, num_items = has.shape
    neighbors = [[num_users + int(i) for i in np.nonzero(has[u])[0]] for u in range(num_users)]
    neighbors += [[int(u) for u in np.nonzero(has[:, i])[0]] for i in range(num_items)]
    layer, layers = list(x), []
    for _ in range(num_layers):
        if normalize:
            layer = [row / row.norm() if float(row.detach().norm()) else row for row in layer]
        layer = [
            sum(
                (
                    layer[other] / len(neighbors[node]) ** alpha / len(neighbors[other]) ** beta
                    for other in neighbors[node]
                ),
                torch.zeros_like(x[0]),
            )
            for node in range(len(x))
        ]
        layers.append(torch.stack(layer))
    return gamma * x + (1 - gamma) * torch.stack(layers).mean(0)


@given(
    has=HAS_ITEM,
    num_layers=st.integers(1, 3),
    alpha=st.floats(-1, 1),
    beta=st.floats(-1, 1),
    normalize=st.booleans(),
    gamma=st.floats(0, 1),
    seed=st.integers(0, 2**32),
)
def test_sums_and_gradients_equal_the_papers(
    has: NDArray[np.bool_],
    num_layers: int,
    alpha: float,
    beta: float,
    normalize: bool,
    gamma: float,
    seed: int,
) -> None:
    norm_adj, degree = graph_of(has)
    generator = torch.Generator().manual_seed(seed)
    x, slope = torch.randn(2, len(degree), 3, generator=generator, dtype=torch.float64)
    x.requires_grad_()
    propagation = ScaledPropagation(
        degree,
        own_degree_power=alpha,
        neighbor_degree_power=beta,
        normalize_layers=normalize,
        layer0_weight=gamma,
    )
    got = propagation(norm_adj, x, num_layers)
    expected = plain(has, x, num_layers, alpha, beta, normalize, gamma)
    torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-6)
    (got_grad,) = torch.autograd.grad(got, x, slope)
    (expected_grad,) = torch.autograd.grad(expected, x, slope)
    torch.testing.assert_close(got_grad, expected_grad, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("device", DEVICES)
def test_lightgcns_values_give_lightgcns_embeddings(device: str) -> None:
    has = np.random.default_rng(0).random((7, 5)) < 0.4
    norm_adj, degree = graph_of(has)
    norm_adj = NormalizedAdjacency(*(block.to(device) for block in norm_adj))
    x = torch.randn(12, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    propagation = ScaledPropagation(
        degree.to(device),
        own_degree_power=0.5,
        neighbor_degree_power=0.5,
        normalize_layers=False,
        layer0_weight=None,
    )
    got = propagation(norm_adj, x.to(device), 3)
    torch.testing.assert_close(got.cpu(), propagate(graph_of(has)[0], x, 3))


def test_a_new_node_gets_what_a_node_with_the_same_neighbours_gets() -> None:
    # Users 0 and 1 have the items 0 and 2; item 1 is user 2's alone.
    has = np.array([[1, 0, 1], [1, 0, 1], [0, 1, 0]], dtype=np.bool_)
    norm_adj, degree = graph_of(has)
    x = torch.randn(6, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    propagation = ScaledPropagation(
        degree,
        own_degree_power=0.6,
        neighbor_degree_power=-0.1,
        normalize_layers=True,
        layer0_weight=0.0,
    )
    layer1 = propagation(norm_adj, x, 1)
    nodes = torch.tensor([3, 5])
    torch.testing.assert_close(propagation.new_node(nodes, x[nodes]), layer1[0], rtol=1e-6, atol=0)
