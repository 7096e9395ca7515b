from __future__ import annotations

import numpy as np
import pytest
import torch
from builders import CPU
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray
from torch import Tensor

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.graph.adjacency import NormalizedAdjacency, normalized_adjacency
from graphrec_cli.graph.propagation import propagate

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)]
HAS_ITEM = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9))
LAYERS = st.integers(0, 4)


def adjacency(has: NDArray[np.bool_], device: torch.device = CPU) -> NormalizedAdjacency:
    users, items = np.nonzero(has)
    train = UserItems.from_pairs(users, items, num_users=has.shape[0], num_items=has.shape[1])
    return normalized_adjacency(train, device)


def double_adjacency(has: NDArray[np.bool_]) -> NormalizedAdjacency:
    user_item, item_user = adjacency(has)
    return NormalizedAdjacency(user_item.double(), item_user.double())


def normal(num_nodes: int, dim: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(num_nodes, dim, generator=generator, dtype=torch.float64)


def dense_mean(has: NDArray[np.bool_], x: Tensor, num_layers: int) -> Tensor:
    """Every power of a dense float64 matrix, summed one by one."""
    num_users, num_items = has.shape
    edges = torch.zeros(num_users + num_items, num_users + num_items, dtype=torch.float64)
    edges[:num_users, num_users:] = torch.from_numpy(has.copy()).double()
    edges = edges + edges.T
    degree = edges.sum(1)
    scale = torch.where(degree > 0, degree.clamp(min=1) ** -0.5, 0)
    norm_adj = scale[:, None] * edges * scale
    layers = [torch.linalg.matrix_power(norm_adj, layer) @ x for layer in range(num_layers + 1)]
    return torch.stack(layers).mean(0)


def test_two_layers_on_five_nodes_by_hand() -> None:
    # User 0 has items 0, 1, 2 and user 1 has item 1.
    has = np.array([[1, 1, 1], [0, 1, 0]], dtype=np.bool_)
    layer0 = torch.tensor([[1.0, 0.0], [2.0, 0.0], [3.0, 0.0], [4.0, 1.0], [5.0, 0.0]])
    layer1 = [6.25179531, 2.82842712, 0.57735027, 1.82246185, 0.57735027]
    layer2 = [1.41068360, 1.28867513, 3.60947571, 4.55228475, 3.60947571]
    mean = [2.88749297, 2.03903408, 2.39560866, 3.45824887, 3.06227533]
    for row in range(5):
        total = float(layer0[row, 0]) + layer1[row] + layer2[row]
        assert total / 3 == pytest.approx(mean[row], abs=1e-8)
    # In the second column the walk starts at item 1 alone.
    from_item_1 = [0.13608276, 0.23570226, 0.07856742, 0.55555556, 0.07856742]

    final = propagate(adjacency(has), layer0, 2)
    torch.testing.assert_close(final[:, 0], torch.tensor(mean), rtol=1e-6, atol=0)
    torch.testing.assert_close(final[:, 1], torch.tensor(from_item_1), rtol=1e-6, atol=0)


@given(HAS_ITEM, LAYERS, st.integers(1, 5), st.integers(0, 1000))
def test_forward_and_backward_equal_dense_float64(
    has: NDArray[np.bool_], num_layers: int, dim: int, seed: int
) -> None:
    x = normal(sum(has.shape), dim, seed).requires_grad_()
    weights = normal(sum(has.shape), dim, seed + 1)
    expected = dense_mean(has, x, num_layers)
    (expected * weights).sum().backward()
    assert x.grad is not None

    layer0 = x.detach().float().requires_grad_()
    final = propagate(adjacency(has), layer0, num_layers)
    (final * weights.float()).sum().backward()
    assert layer0.grad is not None
    torch.testing.assert_close(final.double(), expected.detach(), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(layer0.grad.double(), x.grad, rtol=1e-5, atol=1e-6)


@settings(max_examples=20)
@given(HAS_ITEM, LAYERS, st.integers(0, 1000))
def test_gradcheck(has: NDArray[np.bool_], num_layers: int, seed: int) -> None:
    norm_adj = double_adjacency(has)
    x = normal(sum(has.shape), 2, seed).requires_grad_()
    assert torch.autograd.gradcheck(lambda layer0: propagate(norm_adj, layer0, num_layers), x)


@given(HAS_ITEM, LAYERS, st.integers(0, 1000))
def test_self_adjoint(has: NDArray[np.bool_], num_layers: int, seed: int) -> None:
    norm_adj = double_adjacency(has)
    x, y = (normal(sum(has.shape), 3, seed + offset) for offset in (0, 1))
    left = (propagate(norm_adj, x, num_layers) * y).sum()
    right = (x * propagate(norm_adj, y, num_layers)).sum()
    # Both sides see the same values, which are symmetric to the last bit.
    torch.testing.assert_close(left, right, rtol=1e-12, atol=1e-12)


@given(HAS_ITEM, st.integers(1, 4))
def test_an_isolated_node_keeps_its_share_of_layer_0(
    has: NDArray[np.bool_], num_layers: int
) -> None:
    degree = np.concatenate([has.sum(1), has.sum(0)])
    final = propagate(adjacency(has), torch.ones(sum(has.shape), 1), num_layers)
    isolated = final[torch.from_numpy(degree == 0)]
    assert torch.equal(isolated, torch.full_like(isolated, 1 / (num_layers + 1)))


@pytest.mark.parametrize("num_layers", [1, 3])
def test_the_input_is_left_alone_and_may_be_strided(num_layers: int) -> None:
    has = np.random.default_rng(3).random((6, 5)) < 0.4
    norm_adj = adjacency(has)
    strided = normal(4, 11, seed=5).float().T
    assert not strided.is_contiguous()
    before = strided.clone()
    final = propagate(norm_adj, strided, num_layers)
    assert torch.equal(strided, before)
    assert torch.equal(final, propagate(norm_adj, before.contiguous(), num_layers))


def test_the_incoming_gradient_is_left_alone() -> None:
    has = np.ones((3, 2), dtype=np.bool_)
    layer0 = torch.ones(5, 2, requires_grad=True)
    final = propagate(adjacency(has), layer0, 2)
    incoming = normal(5, 2, seed=1).float()
    before = incoming.clone()
    final.backward(incoming)
    assert torch.equal(incoming, before)


def test_no_layer_returns_the_very_embeddings() -> None:
    layer0 = torch.ones(5, 2)
    assert propagate(adjacency(np.ones((3, 2), dtype=np.bool_)), layer0, 0) is layer0


@pytest.mark.parametrize("device", DEVICES)
def test_devices_agree_forward_and_backward(device: str) -> None:
    has = np.random.default_rng(0).random((300, 200)) < 0.05
    has[7] = False
    x, weights = normal(500, 16, seed=0), normal(500, 16, seed=1)
    expected = dense_mean(has, x, 3)
    expected_grad = dense_mean(has, weights, 3)

    layer0 = x.float().to(device).requires_grad_()
    final = propagate(adjacency(has, torch.device(device)), layer0, 3)
    assert final.device == layer0.device
    (final * weights.float().to(device)).sum().backward()
    assert layer0.grad is not None
    torch.testing.assert_close(final.detach().cpu().double(), expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(layer0.grad.cpu().double(), expected_grad, rtol=1e-4, atol=1e-5)
