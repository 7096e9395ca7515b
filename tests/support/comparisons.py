"""Ranks of a few made-up entries, and their comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from builders import items_of_users
from numpy.typing import NDArray

if TYPE_CHECKING:
    from graphrec_cli.results.comparison.observations import SplitRanks

NUM_USERS, NUM_ITEMS = 40, 30


def split_ranks(runs_of_entries: list[int], seed: int = 0) -> SplitRanks:
    """A split of 40 users and 30 items, two held-out pairs a user, and random ranks."""
    from graphrec_cli.evaluation.metrics import MISS
    from graphrec_cli.results.comparison.observations import SplitRanks

    generator = np.random.default_rng(seed)
    degrees = generator.integers(1, 12, size=NUM_USERS)
    rows = [generator.permutation(NUM_ITEMS - 2)[:degree].tolist() for degree in degrees]

    def ranks() -> NDArray[np.int64]:
        distinct = [generator.permutation(NUM_ITEMS)[:2] for _ in range(NUM_USERS)]
        rank = np.concatenate(distinct).astype(np.int64)
        return np.where(generator.random(len(rank)) < 0.1, MISS, rank)

    return SplitRanks(
        train=items_of_users(rows, NUM_ITEMS),
        user_index=np.repeat(np.arange(NUM_USERS, dtype=np.int32), 2),
        item_index=np.tile(np.arange(NUM_ITEMS, dtype=np.int32), NUM_USERS)[: 2 * NUM_USERS],
        ranks=[[ranks() for _ in range(runs)] for runs in runs_of_entries],
    )


def comparison(
    runs_of_entries: list[int], *, splits: int = 1, seed: int = 0, **settings: Any
) -> dict[str, Any]:
    """The whole structure that ``graphrec compare --json`` prints, for made-up ranks."""
    from graphrec_cli.config.evaluation import MapDenominator
    from graphrec_cli.results.comparison.compare import compare, rank_entries
    from graphrec_cli.results.comparison.observations import observe
    from graphrec_cli.results.comparison.rank_histogram import rank_histogram
    from graphrec_cli.results.comparison.settings import ComparisonSettings

    chosen = ComparisonSettings(**{"metrics": ["ndcg@10"], "resamples": 200, **settings})
    cutoffs = sorted({int(name.partition("@")[2] or 10) for name in chosen.metrics})
    observations = observe(
        [split_ranks(runs_of_entries, seed + number) for number in range(splits)],
        chosen.metrics,
        cutoffs,
        MapDenominator.min,
    )
    labels = [f"lightgcn, model.num_layers={number}" for number in range(len(runs_of_entries))]
    order = rank_entries(observations, labels)
    observations = observations.in_order(order)
    compared = compare(observations, chosen)
    for place, (number, entry) in enumerate(zip(order, compared["entries"], strict=True)):
        ranks, missed = observations.places[place], observations.missed[place]
        entry |= {
            "label": labels[number],
            "runs": [f"outputs/run_{number}_{run}" for run in range(runs_of_entries[number])],
            "seeds": list(range(runs_of_entries[number])),
            "values": {"model.num_layers": str(number)},
            "curves": [],
            "rank_histogram": rank_histogram(ranks, missed, NUM_ITEMS),
        }
    return {
        "schema_version": 1,
        "part": "test",
        "metric": chosen.metrics[0],
        "metrics": chosen.metrics,
        "lower_is_better": False,
        "confidence": chosen.confidence,
        "split_hashes": [f"{number}" * 64 for number in range(splits)],
        "config_keys": ["model.num_layers"],
        **compared,
        "baselines": {"popularity": {"ndcg@10": 0.0123}},
    }
