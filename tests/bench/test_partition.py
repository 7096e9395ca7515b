"""What processes that share rows would send, on a graph counted by hand."""

from __future__ import annotations

import numpy as np
from partition import graph_of, reached, remote_rows

# Users 0 and 1, items 2, 3 and 4 as nodes; both users have item 3.
GRAPH = graph_of(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 2]))


def test_the_nodes_within_a_number_of_layers() -> None:
    rng = np.random.default_rng(0)
    assert reached(GRAPH, np.array([2]), None, rng) == [2, 3, 4]
    assert reached(GRAPH, np.array([2]), 10, rng) == [2, 3, 4]
    drawn = [reached(GRAPH, np.array([0]), 1, np.random.default_rng(n))[0] for n in range(200)]
    assert 0.8 < np.mean(drawn) - 1 < 1.2  # one of two neighbours


def test_rows_of_other_parts_are_counted_once() -> None:
    # Part 0 needs node 0, for items 2 and 3; part 1 needs items 2 and 3.
    assert remote_rows(GRAPH, np.array([1, 0, 0, 0, 0])) == np.mean([1 / 5, 2 / 5])
