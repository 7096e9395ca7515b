"""The split that the data set came with."""

from __future__ import annotations

import numpy as np

from graphrec_cli.config.split import PredefinedConfig
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.interactions import Interactions
from graphrec_cli.data.splits.split import TRAIN, VALID, Split, assemble_split
from graphrec_cli.errors import DataError


def predefined(
    interactions: Interactions,
    config: PredefinedConfig,
    *,
    rng: np.random.Generator,
    funnel: Funnel,
) -> Split:
    """Return the source's own parts; without valid pairs there is no valid part.

    ``rng`` is not used: nothing is drawn. Held-out pairs of users or items without a train pair
    stay in their part and are counted in the notes of ``funnel``.

    Raises:
        DataError: the source has no split of its own, or no pair is in train or in test.
    """
    part = interactions.part
    if part is None:
        raise DataError(
            "split=predefined needs a data set that comes with a split of its own, and this one "
            "has none (movielens_100k has one with dataset.fold=ua); choose split=ratio"
        )
    advice = "check the files of the data set, or choose split=ratio"
    if not (part == TRAIN).any():
        raise DataError(
            f"the split leaves none of the {len(interactions)} pairs for train; {advice}"
        )
    has_valid = bool((part == VALID).any())
    return assemble_split(interactions, part, has_valid=has_valid, advice=advice, funnel=funnel)
