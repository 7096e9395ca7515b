"""The Triton kernel for propagation, against dense products in float64."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from builders import CPU
from torch import Tensor

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.graph.adjacency import NormalizedAdjacency, normalized_adjacency
from graphrec_cli.graph.gpu_choice import nodes_propagation
from graphrec_cli.graph.propagation import propagate

pytestmark = pytest.mark.gpu

CUDA = torch.device("cuda")


def skewed_train() -> UserItems:
    """600 users and 300 items; item 0 has 600 users, user 5 no item and item 299 no user."""
    chance = 1 / np.arange(1, 301) ** 0.7
    chance[299] = 0
    has = np.random.default_rng(2).random((600, 300)) < chance
    has[5] = False
    users, items = np.nonzero(has)
    return UserItems.from_pairs(users, items, num_users=600, num_items=300)


def dense(norm_adj: NormalizedAdjacency) -> Tensor:
    user_item = norm_adj.user_item.to_dense().cpu().double()
    users, items = user_item.shape
    whole = torch.zeros(users + items, users + items, dtype=torch.float64)
    whole[:users, users:], whole[users:, :users] = user_item, user_item.T
    return whole


@pytest.mark.parametrize("dim", [1, 3, 48, 64, 100])
@pytest.mark.parametrize("masks", ["none", "wanted", "read"])
def test_products_with_and_without_masks(dim: int, masks: str) -> None:
    from graphrec_cli.graph.gpu_graph import GPUGraph

    norm_adj = normalized_adjacency(skewed_train(), CUDA)
    graph = GPUGraph(norm_adj)
    generator = torch.Generator().manual_seed(dim)
    x, base = (torch.randn(900, dim, generator=generator) for _ in range(2))
    chosen = torch.rand(900, generator=generator) < 0.3
    if masks == "read":
        x[~chosen] = 0
    expected = 0.25 * (dense(norm_adj) @ x.double() + base.double())
    got = graph.add_product(
        x.cuda(),
        base.cuda(),
        scale=0.25,
        wanted=chosen.cuda() if masks == "wanted" else None,
        read=chosen.cuda() if masks == "read" else None,
    ).cpu()
    rows = chosen if masks == "wanted" else torch.ones_like(chosen)
    torch.testing.assert_close(got[rows], expected[rows].float(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("dtype", "atol"), [(torch.float32, 1e-5), (torch.bfloat16, 0.03)])
@pytest.mark.parametrize("num_layers", [1, 2, 3])
def test_the_nodes_of_a_batch_forward_and_backward(
    num_layers: int, dtype: torch.dtype, atol: float
) -> None:
    train = skewed_train()
    layer0 = torch.randn(900, 32, generator=torch.Generator().manual_seed(0))
    # Nodes repeat, and some have no edge.
    nodes = torch.tensor([0, 5, 5, 600, 600, 601, 899, 850, 17] * 30)
    weights = torch.randn(len(nodes), 32, generator=torch.Generator().manual_seed(1))

    def result(
        embed: Callable[[Tensor, int, Tensor], Tensor], table: Tensor, device: torch.device
    ) -> tuple[Tensor, Tensor]:
        table = table.to(device).requires_grad_()
        rows = embed(table, num_layers, nodes.to(device))
        (rows * weights.to(rows)).sum().backward()
        assert table.grad is not None
        return rows.detach().cpu().float(), table.grad.cpu().float()

    on_cpu = normalized_adjacency(train, CPU).to(torch.float64)
    expected = result(
        lambda table, layers, chosen: propagate(on_cpu, table, layers)[chosen],
        layer0.double(),
        CPU,
    )
    on_gpu = nodes_propagation(normalized_adjacency(train, CUDA).to(dtype))
    for got, wanted in zip(result(on_gpu, layer0, CUDA), expected, strict=True):
        torch.testing.assert_close(got, wanted, rtol=1e-4, atol=atol * wanted.abs().max().item())


def test_results_are_the_same_every_time() -> None:
    on_gpu = nodes_propagation(normalized_adjacency(skewed_train(), CUDA))
    layer0 = torch.randn(900, 64, generator=torch.Generator().manual_seed(0)).cuda()
    nodes = torch.randint(900, (5000,), generator=torch.Generator().manual_seed(1)).cuda()
    results = []
    for _ in range(3):
        table = layer0.clone().requires_grad_()
        rows = on_gpu(table, 3, nodes)
        rows.square().sum().backward()
        assert table.grad is not None
        results.append((rows.detach(), table.grad))
    for rows, grad in results[1:]:
        assert torch.equal(rows, results[0][0])
        assert torch.equal(grad, results[0][1])
