"""Ranks of a few made-up entries, their comparison, and folders of judged lists."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from builders import TINY, Finished, items_of_users, read_json
from numpy.typing import NDArray

if TYPE_CHECKING:
    from graphrec_cli.results.comparison.observations import SplitRanks

NUM_USERS, NUM_ITEMS = 40, 30
COMPARED = (*TINY, "evaluation.floor=null", "model.embedding_dim=8", "dataset.seed=1")
"""Words of a tiny run whose data do not depend on its seed."""


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


def judged_folder(run: Path, folder: Path, **changed: object) -> Path:
    """A folder of judged lists, with the ranks of a run."""
    folder.mkdir()
    for name in ("data.npz", "ranks.npz", "metrics.json", "environment.json"):
        shutil.copy(run / name, folder / name)
    content = {
        "schema_version": 1,
        "name": "theirs",
        "split_hash": read_json(run / "environment.json")["split_hash"],
        "ks": [5],
        "map_denominator": "min",
        "monitor": "ndcg@5",
        "part": "test",
        "file": {"name": "theirs.csv", "sha256": "0" * 64, "size": 1},
        "run": run.name,
        "audit": {},
    }
    (folder / "judged.json").write_text(json.dumps(content | changed), encoding="utf-8")
    return folder


def runs_of(done: Finished) -> list[str]:
    """The run directories of a sweep, as a user names them."""
    paths = sorted(path.parent for path in done.run.glob("*/config.json"))
    return [str(path.relative_to(done.folder)) for path in paths]
