"""Rank the held-out pairs of a part again, with the best weights of a run."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.config.evaluation import RankingConfig
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.serialize import SavedConfig
from graphrec_cli.evaluation.metrics import MISS, per_user_metrics
from graphrec_cli.rundir.directory import RunDirectory
from graphrec_cli.rundir.ranks_npz import SavedRanks
from graphrec_cli.workflows.evaluate import evaluate_run


def rank_again(run: RunDirectory, saved: SavedConfig, config: RunConfig, part: str) -> SavedRanks:
    """Rank the held-out pairs of ``part`` (test or valid).

    Args:
        saved: the run's config.json.
        config: the same config, with overrides.

    Returns:
        What ranks.npz has for the test part.

    Raises:
        GraphrecError: the directory cannot be read, or the config does not fit it.
    """
    arrays = evaluate_run(run, saved, config, part).arrays
    return SavedRanks(
        user_index=arrays["user_index"].astype(np.int32),
        item_index=arrays["item_index"].astype(np.int32),
        rank=arrays["rank"].astype(np.int64),
    )


def user_metric(
    run: RunDirectory, saved: SavedConfig, part: str, metric: str
) -> tuple[NDArray[np.integer], NDArray[np.float64]]:
    """Users and their values of a metric of ``part``, each of shape (users,).

    Raises:
        GraphrecError: the directory cannot be read.
    """
    config = saved.config
    assert isinstance(config.evaluation, RankingConfig)
    ranks = rank_again(run, saved, config, part)
    users, metrics = per_user_metrics(
        ranks.user_index,
        np.where(ranks.rank < 0, MISS, ranks.rank),
        ks=config.cutoffs(),
        map_denominator=config.evaluation.map_denominator,
    )
    return users, metrics[metric]
