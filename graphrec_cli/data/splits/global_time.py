"""Hold out the newest interactions of all users."""

from __future__ import annotations

import numpy as np

from graphrec_cli.config.split import GlobalTimeConfig
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.interactions import Interactions
from graphrec_cli.data.splits.draw import rounded_share
from graphrec_cli.data.splits.split import TEST, TRAIN, VALID, Split, assemble_split
from graphrec_cli.errors import DataError


def global_time_split(
    interactions: Interactions,
    config: GlobalTimeConfig,
    *,
    rng: np.random.Generator,
    funnel: Funnel,
) -> Split:
    """The newest ``config.test_ratio`` of all pairs to test, the share before to valid.

    Pairs of the same time stay together: if a cut would separate them, they go to the older
    side. So no held-out part is larger than its share, rounded to the nearest whole number,
    halves to even. ``rng`` is not used: nothing is drawn.

    Raises:
        DataError: the data set has no timestamps, a pair occurs twice, or no pair falls into a
            part of a ratio above 0.
    """
    time = interactions.timestamp
    if time is None:
        raise DataError(
            "split=global_time needs timestamps, and this data set has none; choose split=ratio"
        )
    at_least_as_new = len(time) - np.searchsorted(np.sort(time), time, side="left")
    ratios = (config.test_ratio, config.valid_ratio)
    test, valid = (int(rounded_share(ratio, np.array([len(time)]))[0]) for ratio in ratios)

    part = np.full(len(time), TRAIN, dtype=np.int8)
    part[at_least_as_new <= test + valid] = VALID
    part[at_least_as_new <= test] = TEST
    return assemble_split(
        interactions,
        part,
        has_valid=config.valid_ratio > 0,
        has_test=config.test_ratio > 0,
        advice="raise split.test_ratio or split.valid_ratio, or choose split=ratio",
        funnel=funnel,
    )
