"""What solving closed-form models, and ranking with them, takes."""

from __future__ import annotations

from typing import NamedTuple

from graphrec_cli.config.closed_form import (
    ClosedFormConfig,
    EASEConfig,
    GFCFConfig,
    GraphFilterConfig,
    ItemKNNConfig,
)
from graphrec_cli.evaluation.exact_ranks.user_chunks import CHUNK_SCORES
from graphrec_cli.models import ease, itemknn
from graphrec_cli.models.chebycf import ChebyCF
from graphrec_cli.models.gfcf import GFCF
from graphrec_cli.models.graph_filter import COLUMNS
from graphrec_cli.planning.sizes import FLOAT, RunSizes

_COPIES_OF_A_CHUNK = 3
"""Scores, the buffer that they are masked in, and the histories that they are computed from."""
_PAIR_BYTES = 8
"""A train pair's item, which scoring looks up."""
_BLOCK_BYTES_A_PAIR = 20
"""A train pair in both blocks of the graph, and in a multiple of one."""
_SHARED_BYTES, _SHARED_VALUES = 16, 1 << 22
"""A count of shared users with its index while a block is multiplied, and counts in a block."""
_NEIGHBOR_BYTES = 24
"""A neighbour, its similarity, and the same turned round."""
_TABLES_OF_POLYNOMIAL = 5
_COPIES_OF_VECTORS = 3


class _Memory(NamedTuple):
    """Bytes at most while a model is solved, and those that it keeps for ranking."""

    solving: int
    kept: int


def memory_of_closed_form(model: ClosedFormConfig, sizes: RunSizes) -> int:
    """Bytes that a model takes at most on the CPU, solved and then used for ranking."""
    users = max(sizes.valid_users, sizes.test_users)
    scores = min(CHUNK_SCORES["cpu"], users * sizes.items)
    solving, kept = _memory(model, sizes)
    return _PAIR_BYTES * sizes.train_pairs + max(
        solving, kept + _COPIES_OF_A_CHUNK * FLOAT * scores
    )


def _memory(model: ClosedFormConfig, sizes: RunSizes) -> _Memory:
    if isinstance(model, EASEConfig):
        matrix = FLOAT * sizes.items**2
        return _Memory(_counting(sizes) + ease.memory_to_solve(sizes.items), matrix)
    if isinstance(model, ItemKNNConfig):
        neighbors = min(model.neighbors, sizes.items)
        kept = _NEIGHBOR_BYTES * neighbors * sizes.items
        turning = itemknn.memory_to_solve(sizes.items, neighbors)
        return _Memory(max(_counting(sizes), turning), kept)
    if isinstance(model, GraphFilterConfig):
        kind = GFCF if isinstance(model, GFCFConfig) else ChebyCF
        number = min(model.singular_vectors, sizes.users, sizes.items)
        graph = _BLOCK_BYTES_A_PAIR * sizes.train_pairs
        search = kind.memory_of_search(sizes.users, sizes.items, number)
        columns = min(COLUMNS["cpu"], max(1, CHUNK_SCORES["cpu"] // sizes.users))
        polynomial = _TABLES_OF_POLYNOMIAL * columns * sizes.nodes * FLOAT
        vectors = _COPIES_OF_VECTORS * number * sizes.items * FLOAT
        return _Memory(graph + search, graph + vectors + polynomial)
    return _Memory(0, 0)


def _counting(sizes: RunSizes) -> int:
    """Bytes of the train matrix in both orders, and of a block of shared users."""
    matrices = 2 * (FLOAT + _PAIR_BYTES) * sizes.train_pairs
    return matrices + _SHARED_BYTES * min(_SHARED_VALUES, sizes.items**2)
