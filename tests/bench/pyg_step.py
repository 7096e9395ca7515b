"""A training step of PyTorch Geometric's LightGCN on the device of a batch, where it is installed.

The peers of ``compare.py`` run in environments of their own; this one needs the device's torch.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from propagation import DIM, NUM_LAYERS
from torch import Tensor

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.samplers.triples import Triples

L2 = 1e-4


def pyg_steps(train: UserItems, batch: Triples) -> dict[str, Callable[[], object]]:
    """Steps for the two forms in which the model takes its graph; none if it is not installed."""
    try:
        from torch_geometric.nn.conv.gcn_conv import gcn_norm
        from torch_geometric.nn.models import LightGCN
        from torch_geometric.utils import to_torch_csr_tensor
    except ImportError:
        return {}
    device, num_nodes = batch.users.device, train.num_users + train.num_items
    users = torch.from_numpy(train.user_index()).long().to(device)
    items = torch.from_numpy(train.item_index).long().to(device) + train.num_users
    edges = torch.cat([torch.stack([users, items]), torch.stack([items, users])], dim=1)
    normed, weights = gcn_norm(edges, None, num_nodes, add_self_loops=False, dtype=torch.float32)
    sparse = to_torch_csr_tensor(normed.flip(0), weights, size=(num_nodes, num_nodes))
    nodes = (batch.users, batch.pos_items + train.num_users, batch.neg_items + train.num_users)
    steps: dict[str, Callable[[], object]] = {}
    for form, graph in (("edge_index", edges), ("a sparse CSR tensor", sparse)):
        model = LightGCN(num_nodes, DIM, NUM_LAYERS, normalize=form == "edge_index").to(device)
        optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
        steps[form] = partial(_step, model, optimizer, graph, nodes)
    return steps


def _step(
    model: Any,
    optimizer: torch.optim.Optimizer,
    graph: Tensor,
    nodes: tuple[Tensor, Tensor, Tensor],
) -> None:
    users, pos_items, neg_items = nodes
    optimizer.zero_grad()
    pairs = torch.stack([users.repeat(2), torch.cat([pos_items, neg_items])])
    pos, neg = model(graph, pairs).chunk(2)
    loss = model.recommendation_loss(pos, neg, node_id=torch.cat(nodes), lambda_reg=L2 / 2)
    loss.backward()
    optimizer.step()
