"""Compare runs user by user: read their ranks, pair them split by split, and test every pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.config.serialize import SavedConfig
from graphrec_cli.data.splits.split import Split
from graphrec_cli.errors import ConfigError, DataError
from graphrec_cli.evaluation.metrics import MISS
from graphrec_cli.results.comparison.alike import (
    refuse_other_rules,
    refuse_other_splits,
)
from graphrec_cli.results.comparison.compare import compare, rank_entries
from graphrec_cli.results.comparison.entries import ComparedRun, group_runs
from graphrec_cli.results.comparison.entry_values import describe_entry, differing_values
from graphrec_cli.results.comparison.observations import SplitRanks, observe
from graphrec_cli.results.comparison.rank_histogram import rank_histogram
from graphrec_cli.results.comparison.settings import ComparisonSettings
from graphrec_cli.rundir.data_npz import load_run_data
from graphrec_cli.rundir.judged import JudgedLists
from graphrec_cli.rundir.ranks_npz import SavedRanks, load_ranks
from graphrec_cli.system.progress import progress
from graphrec_cli.terminal_text import counted
from graphrec_cli.workflows.compare_records import baselines_of, curves_of

COMPARISON_VERSION = 1
_USUAL_CUTOFF = 10
"""Cut-off of the items' segments where no metric has one."""


def compare_runs(
    runs: Sequence[ComparedRun], part: str, settings: ComparisonSettings, *, apart: bool
) -> dict[str, Any]:
    """Compare the entries that some runs and lists make up.

    Args:
        part: ``test``, from ranks.npz, or ``valid``, ranked again over all of its users.
        settings: how they are compared.
        apart: whether every run is an entry of its own.

    Returns:
        The comparison as docs/compare.md describes it, in plain values.

    Raises:
        ConfigError: there is only one entry, or the runs cannot be paired.
        DataError: a cut-off is larger than the catalog, or there is a single user.
        OutputError: a directory cannot be read.
    """
    groups = _checked_groups(runs, apart=apart)
    kept = [run for group in groups for run in group]
    metrics, cutoffs = settings.metrics, _cutoffs(settings.metrics, kept)
    keys, values = differing_values(groups, apart=apart)
    hashes = sorted({run.split_hash for run in kept})
    with progress("reading ranks"):
        about = [_about(group, own, metrics) for group, own in zip(groups, values, strict=True)]
        splits = [_split_ranks(split_hash, groups, part, max(cutoffs)) for split_hash in hashes]
    observations = observe(splits, metrics, cutoffs, kept[0].map_denominator)
    if len(observations.values) < 2:
        raise DataError("the runs have one user with held-out items, and a test needs at least two")

    order = rank_entries(observations, [entry["label"] for entry in about])
    observations = observations.in_order(order)
    with progress("resampling users"):
        compared = compare(observations, settings)
    num_items = max(split.train.num_items for split in splits)
    for place, entry in enumerate(compared["entries"]):
        found, missed = observations.places[place], observations.missed[place]
        entry |= about[order[place]]
        entry["rank_histogram"] = rank_histogram(found, missed, num_items)
    return {
        "schema_version": COMPARISON_VERSION,
        "part": part,
        "metric": metrics[0],
        "metrics": metrics,
        "lower_is_better": False,  # a rating's rmse is, and ratings are not compared
        "confidence": settings.confidence,
        "split_hashes": hashes,
        "config_keys": keys,
        **compared,
        "baselines": baselines_of(kept, metrics) if part == "test" else {},
    }


def _checked_groups(runs: Sequence[ComparedRun], *, apart: bool) -> list[list[ComparedRun]]:
    """The runs of every entry, if their users can be paired."""
    groups = group_runs(runs, apart=apart)
    if len(groups) < 2:
        make = "makes" if len(groups[0]) == 1 else "make"
        what = f"{counted(len(groups[0]), 'run')} of one configuration, which {make} one entry"
        seeds = ", or set groups=false to keep seeds apart" if len(groups[0]) > 1 else ""
        raise ConfigError(
            f"compare needs two entries, and these are {what}; name another run or a sweep's "
            f"folder{seeds}"
        )
    refuse_other_splits(groups)
    refuse_other_rules([run for group in groups for run in group])
    return groups


def _about(
    group: Sequence[ComparedRun], values: dict[str, str], metrics: Sequence[str]
) -> dict[str, Any]:
    """What an entry is, and how its runs were trained."""
    return {
        "label": describe_entry(group[0], values),
        "runs": [str(run.directory.path) for run in group],
        "seeds": [run.seed for run in group if run.seed is not None],
        "values": values,
        "curves": [curve for run in group for curve in curves_of(run, metrics)],
    }


def _cutoffs(metrics: Sequence[str], runs: Sequence[ComparedRun]) -> list[int]:
    """The cut-offs of the metrics, each no longer than lists were judged at."""
    named = {int(name.partition("@")[2]): name for name in metrics if "@" in name}
    for run in runs:
        longest = None if isinstance(run.source, SavedConfig) else max(run.source.ks)
        for k, name in named.items():
            if longest is not None and k > longest:
                raise ConfigError(
                    f"{name} needs the first {k} items of a list, and {run.directory.path} was "
                    f"judged at {longest} at most; judge it with evaluation.ks=[...,{k}]"
                )
    return sorted(named) or [_USUAL_CUTOFF]


def _split_ranks(
    split_hash: str, groups: Sequence[Sequence[ComparedRun]], part: str, largest: int
) -> SplitRanks:
    """The ranks of one split by all runs on it, for the same pairs in the same order."""
    of_entries = [[run for run in group if run.split_hash == split_hash] for group in groups]
    first = of_entries[0][0]
    split, _ = load_run_data(first.directory.data)
    catalog = int(np.count_nonzero(split.train.item_degree))
    if largest > catalog:
        raise DataError(
            f"a metric has the cut-off {largest}, but only {catalog:,} items of "
            f"{first.directory.path} have a train interaction; name a smaller one"
        )
    pairs: NDArray[np.int64] | None = None
    ranks: list[list[NDArray[np.int64]]] = []
    for runs in of_entries:
        ranks.append([])
        for run in runs:
            own, rank = _sorted_pairs(_ranks(run, split, part), split.items.ids.size)
            if pairs is not None and not np.array_equal(pairs, own):
                raise ConfigError(
                    f"{first.directory.path} and {run.directory.path} have ranks of other pairs "
                    f"({len(pairs):,} and {len(own):,}), so their users cannot be paired; evaluate "
                    "them alike"
                )
            pairs = own
            ranks[-1].append(rank)
    assert pairs is not None
    if not len(pairs):
        raise DataError(f"{first.directory.path} has no rank of a held-out item")
    user, item = np.divmod(pairs, len(split.items))
    return SplitRanks(
        train=split.train,
        user_index=user.astype(np.int32),
        item_index=item.astype(np.int32),
        ranks=ranks,
    )


def _ranks(run: ComparedRun, split: Split, part: str) -> SavedRanks:
    lists = run.source if isinstance(run.source, JudgedLists) else None
    if lists is not None or part == "test":
        file = run.directory.ranks if lists is None else lists.ranks
        return load_ranks(file, num_users=len(split.users), num_items=len(split.items))
    from graphrec_cli.workflows.held_out_ranks import rank_again  # imports torch

    assert isinstance(run.source, SavedConfig)
    config = run.source.config
    # A sample of users depends on the seed, so that runs of several seeds would share few of them.
    all_users = replace(config, trainer=replace(config.trainer, valid_users=None))
    return rank_again(run.directory, run.source, all_users, part)


def _sorted_pairs(ranks: SavedRanks, num_items: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """One number for every pair, ascending, and its rank; ``MISS`` for an item never found."""
    pairs = ranks.user_index.astype(np.int64) * num_items + ranks.item_index
    order = np.argsort(pairs, kind="stable")
    rank = ranks.rank[order]
    return pairs[order], np.where(rank < 0, MISS, rank)
