"""Count what processes would send that share the rows of Gowalla's graph, or sample neighbours.

``python tests/bench/partition.py --data-dir FOLDER`` prints two tables: the rows of other parts
that a part needs in each layer, and the nodes that the steps of a batch reach.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from graphrec_cli.data.sources.adjacency_list import read_adjacency_list

PARTS = (2, 4, 8, 16)
BATCHES = (64, 512, 2_048)
FANOUT = 10
LAYERS = 3


def graph_of(users: NDArray[np.int64], items: NDArray[np.int64]) -> csr_array:
    """The symmetric adjacency, users before items, from the ends of every pair."""
    num_users, size = int(users.max()) + 1, int(users.max() + items.max()) + 2
    ends = np.concatenate([users, items + num_users]), np.concatenate([items + num_users, users])
    return csr_array((np.ones(len(ends[0]), dtype=np.int8), ends), shape=(size, size))


def remote_rows(graph: csr_array, part_of: NDArray[np.int64]) -> float:
    """Rows of other parts that a part needs in a layer, as a share of all rows; mean of the parts.

    Args:
        part_of: the part of each row, shape (rows,).
    """
    shares = []
    for part in np.unique(part_of):
        needed = np.unique(graph[part_of == part].indices)
        shares.append(np.count_nonzero(part_of[needed] != part) / graph.shape[0])
    return float(np.mean(shares))


def reached(
    graph: csr_array, nodes: NDArray[np.int64], fanout: int | None, rng: np.random.Generator
) -> list[int]:
    """Nodes within one, two ... layers of some nodes.

    Args:
        fanout: neighbours that are drawn for each node; None takes all.
    """
    known = np.unique(nodes)
    counts = []
    for _ in range(LAYERS):
        rows = graph[known]
        neighbours = rows.indices
        if fanout is not None:
            place = np.arange(len(neighbours)) - np.repeat(rows.indptr[:-1], np.diff(rows.indptr))
            degree = np.repeat(np.diff(rows.indptr), np.diff(rows.indptr))
            # Each of a node's neighbours is kept with the chance fanout / degree.
            neighbours = neighbours[rng.random(len(place)) * degree < fanout]
        known = np.union1d(known, neighbours)
        counts.append(len(known))
    return counts


def main() -> None:
    """Print both tables as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    folder = os.environ.get("GRAPHREC_DATA", Path(__file__).parents[3] / "shared" / "data")
    parser.add_argument("--data-dir", type=Path, default=Path(folder))
    path = parser.parse_args().data_dir / "gowalla" / "train.txt"
    users, items, _ = read_adjacency_list(path)
    graph, rng = graph_of(users, items), np.random.default_rng(0)
    print("| parts of rows | rows of others that a part needs in a layer |\n|---|---|")
    for parts in PARTS:
        at_random = rng.integers(parts, size=graph.shape[0])
        print(f"| {parts} | {remote_rows(graph, at_random):.0%} of all |")
    print("\n| batch | " + " | ".join(f"{n} layers" for n in range(1, LAYERS + 1)) + " |")
    print("|---|" + "---|" * LAYERS)
    for batch in BATCHES:
        pairs = rng.integers(len(users), size=batch)
        nodes = np.concatenate([users[pairs], items[pairs] + int(users.max()) + 1])
        for fanout, name in ((None, "all neighbours"), (FANOUT, f"{FANOUT} drawn")):
            counts = reached(graph, nodes, fanout, rng)
            shares = [f"{count / graph.shape[0]:.0%}" for count in counts]
            print(f"| {batch:,} pairs, {name} | {' | '.join(shares)} |")


if __name__ == "__main__":
    main()
