"""Figures of recommendation lists on random cases, against libraries that define them.

python -m venv DIR && DIR/bin/pip install -r tests/bench/peers/requirements-figures.txt
python tests/bench/compare_figures.py DIR/bin/python
"""

from __future__ import annotations

import argparse
import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from graphrec_cli.evaluation.list_figures import ListFigures

PEER = Path(__file__).with_name("peers") / "figures_rectools.py"


def random_case(rng: np.random.Generator) -> dict[str, Any]:
    """Train pairs, lists of items of the catalog, some shorter than k, and attribute vectors."""
    num_users, num_items = rng.integers(3, 60, size=2).tolist()
    has = rng.random((num_users, num_items)) < rng.uniform(0.05, 0.5)
    has[rng.integers(num_users)] |= rng.random(num_items) < 0.5
    has[0, 0] = True
    catalog = np.flatnonzero(has.any(axis=0))
    k = int(rng.integers(2, 12))
    lists = [
        rng.permutation(catalog)[: rng.integers(1, k + 3)].tolist()
        for _ in range(rng.integers(1, 40))
    ]
    vectors = rng.random((num_items, 6)) < 0.25
    return {
        "k": k,
        "lists": lists,
        "train": np.argwhere(has).tolist(),
        "vectors": vectors.astype(int).tolist(),
    }


def our_figures(case: dict[str, Any]) -> dict[str, float]:
    """The figures of one case."""
    vectors, train = np.array(case["vectors"]), np.array(case["train"])
    items, attributes = np.nonzero(vectors)
    counts = np.bincount(items, minlength=len(vectors))
    figures = ListFigures(
        item_degree=np.bincount(train[:, 1], minlength=len(vectors)),
        num_users=len(np.unique(train[:, 0])),
        ks=[case["k"]],
        attributes=(np.concatenate([[0], counts.cumsum()]), attributes.astype(np.int32)),
    )
    length = np.array([len(one) for one in case["lists"]])
    figures.add(length, np.array([item for one in case["lists"] for item in one]))
    return figures.result()


def main() -> None:
    """Print the largest difference of each figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("python", help="interpreter of the environment with the libraries")
    parser.add_argument("--cases", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    rng = np.random.default_rng(given.seed)
    cases = [random_case(rng) for _ in range(given.cases)]
    done = subprocess.run(
        [given.python, PEER], input=json.dumps(cases), capture_output=True, check=True, text=True
    )
    theirs = json.loads(done.stdout)
    differences: dict[str, list[float]] = {}
    for case, other in zip(cases, theirs, strict=True):
        ours = our_figures(case)
        # They have no percentile.
        assert set(other) == {name for name in ours if "percentile" not in name}, (ours, other)
        for name, value in other.items():
            differences.setdefault(name.partition("@")[0], []).append(abs(value - ours[name]))
    for name, values in differences.items():
        print(f"{name:<12} {len(values):>4} cases, largest difference {max(values):.1e}")


if __name__ == "__main__":
    main()
