"""What solving closed-form models, and ranking with them, takes."""

from __future__ import annotations

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
from graphrec_cli.planning.sizes import RunSizes

FLOAT = 4
_COPIES_OF_A_CHUNK = 3
"""Scores, the buffer that they are masked in, and a third for the histories of a graph filter."""
_TABLES_OF_POLYNOMIAL = 5
_SHARED_USERS_VALUES = 1 << 22
_BYTES_OF_SHARED_USERS = 16
"""A count of shared users and its index, in float32 and int64, while a block is multiplied."""


def memory_to_compare(models: list[ClosedFormConfig], sizes: RunSizes) -> int:
    """Bytes that the largest of these models takes on the CPU, solved and used for ranking."""
    return max(_solving(model, sizes) for model in models) + _ranking(models, sizes)


def _solving(model: ClosedFormConfig, sizes: RunSizes) -> int:
    pairs = 8 * sizes.train_pairs  # the items of all users as int64
    shared = _BYTES_OF_SHARED_USERS * min(_SHARED_USERS_VALUES, sizes.items**2)
    counted = shared + 24 * sizes.train_pairs
    if isinstance(model, EASEConfig):
        return pairs + counted + ease.memory_to_solve(sizes.items)
    if isinstance(model, ItemKNNConfig):
        neighbors = min(model.neighbors, sizes.items)
        return pairs + counted + itemknn.memory_to_solve(sizes.items, neighbors)
    if isinstance(model, GraphFilterConfig):
        kind = GFCF if isinstance(model, GFCFConfig) else ChebyCF
        number = min(model.singular_vectors, sizes.users, sizes.items)
        blocks = 20 * sizes.train_pairs
        search = kind.memory_of_search(sizes.users, sizes.items, number)
        columns = min(COLUMNS["cpu"], max(1, CHUNK_SCORES["cpu"] // sizes.users))
        polynomial = _TABLES_OF_POLYNOMIAL * columns * (sizes.users + sizes.items) * FLOAT
        return pairs + blocks + max(search, polynomial + 3 * number * sizes.items * FLOAT)
    return pairs


def _ranking(models: list[ClosedFormConfig], sizes: RunSizes) -> int:
    users = max(sizes.valid_users, sizes.test_users)
    return _COPIES_OF_A_CHUNK * FLOAT * min(CHUNK_SCORES["cpu"], users * sizes.items) * bool(models)
