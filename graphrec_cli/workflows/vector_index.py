"""Indexes for approximate search by inner product, of usearch and of FAISS.

Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search using Hierarchical
Navigable Small World graphs", TPAMI 42(4), 2020. Such a graph is made for distances, and by inner
products alone few items of large norm would catch every search. So all items get the same norm by
one more dimension, in which users are 0: Bachrach et al., "Speeding up the Xbox recommender system
using a Euclidean transformation for inner-product spaces", RecSys 2014.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.errors import ConfigError

PACKAGES = {"usearch": "usearch", "faiss": "faiss-cpu"}
"""Each kind of index, which is the name of a module, and the package that has it."""


@dataclass(frozen=True, slots=True)
class IndexOptions:
    """How the graph of an index is built.

    Attributes:
        m: edges of an item.
        ef: candidates that are kept while an item is added, and while one searches.
        threads: CPU threads.
    """

    m: int
    ef: int
    threads: int


@runtime_checkable
class VectorIndex(Protocol):
    """An index of item vectors; the keys that it returns are item indices."""

    def search(self, user: NDArray[np.float32], k: int) -> NDArray[np.integer]:
        """Item indices with the k largest inner products, best first, shape (users, k).

        ``user`` is what ``as_queries`` returns.
        """
        ...

    def save(self, path: Path) -> None:
        """Write the file that the library reads."""
        ...


def is_installed(kind: str) -> bool:
    """Whether the library of an index is installed."""
    return find_spec(kind) is not None


def refuse_missing(kind: str) -> None:
    """Refuse an index whose library is not installed.

    Raises:
        ConfigError: with the command that installs it.
    """
    if not is_installed(kind):
        raise ConfigError(
            f"index={kind} needs the package {PACKAGES[kind]}; install it with pip install "
            "'graphrec-cli[export]'"
        )


def version_of(kind: str) -> str:
    """The version of the library of an index."""
    return metadata.version(PACKAGES[kind])


def with_equal_norms(item: NDArray[np.float32]) -> NDArray[np.float32]:
    """Add the dimension in which every item has what its norm lacks to the largest one.

    Args:
        item: shape (items, dim).

    Returns:
        Shape (items, dim + 1).
    """
    squared = np.square(item, dtype=np.float64).sum(axis=1)
    lacking = np.sqrt(squared.max() - squared).astype(np.float32)
    return np.ascontiguousarray(np.column_stack([item, lacking]))


def as_queries(user: NDArray[np.float32]) -> NDArray[np.float32]:
    """Users with a 0 in the dimension that ``with_equal_norms`` adds: inner products stay."""
    return np.ascontiguousarray(np.column_stack([user, np.zeros(len(user), np.float32)]))


def build_index(
    kind: str, item: NDArray[np.float32], keys: NDArray[np.int64], options: IndexOptions
) -> VectorIndex:
    """Build an index of the vectors.

    Args:
        kind: ``usearch`` or ``faiss``, which is installed.
        item: what ``with_equal_norms`` returns.
        keys: the item index of every vector, shape (items,).
    """
    build = _Usearch if kind == "usearch" else _Faiss
    return build(item, keys, options)


class _Usearch:
    def __init__(
        self, item: NDArray[np.float32], keys: NDArray[np.int64], options: IndexOptions
    ) -> None:
        from usearch.index import Index

        self._threads = options.threads
        self._index: Any = Index(
            ndim=item.shape[1],
            metric="ip",
            dtype="f32",
            connectivity=options.m,
            expansion_add=options.ef,
            expansion_search=options.ef,
        )
        self._index.add(keys, item, threads=options.threads)

    def search(self, user: NDArray[np.float32], k: int) -> NDArray[np.integer]:
        found = self._index.search(user, k, threads=self._threads)
        keys: NDArray[np.integer] = np.asarray(found.keys, dtype=np.int64).reshape(len(user), k)
        return keys

    def save(self, path: Path) -> None:
        self._index.save(str(path))


class _Faiss:
    def __init__(
        self, item: NDArray[np.float32], keys: NDArray[np.int64], options: IndexOptions
    ) -> None:
        import faiss

        self._faiss: Any = faiss
        faiss.omp_set_num_threads(options.threads)
        graph = faiss.IndexHNSWFlat(item.shape[1], options.m, faiss.METRIC_INNER_PRODUCT)
        graph.hnsw.efConstruction = options.ef
        graph.hnsw.efSearch = options.ef
        self._index: Any = faiss.IndexIDMap2(graph)
        self._index.add_with_ids(item, keys)

    def search(self, user: NDArray[np.float32], k: int) -> NDArray[np.integer]:
        keys: NDArray[np.integer] = self._index.search(user, k)[1]
        return keys

    def save(self, path: Path) -> None:
        self._faiss.write_index(self._index, str(path))
