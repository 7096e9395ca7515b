"""The split that the data set came with."""

from __future__ import annotations

import numpy as np

from graphrec_cli.config.split import PredefinedConfig
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.interactions import Interactions, UserItems
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
    advice = "check the files of the data set"
    if not (part == TRAIN).any():
        raise DataError(
            f"the split leaves none of the {len(interactions)} pairs for train; {advice}"
        )
    has_valid = bool((part == VALID).any())
    return assemble_split(interactions, part, has_valid=has_valid, advice=advice, funnel=funnel)


def refuse_unrankable(split: Split) -> None:
    """Refuse parts of which no pair has both its user and its item in train.

    Raises:
        DataError: the valid or the test part is such; with examples of the ids.
    """
    for name, held_out in (("valid", split.valid), ("test", split.test)):
        if held_out is not None:
            _refuse_unknown(name, held_out, split)


def _refuse_unknown(name: str, held_out: UserItems, split: Split) -> None:
    """Refuse a part of which no pair can be ranked, because train has other users or items."""
    train = split.train
    known_user = train.user_degree[held_out.user_index()] > 0
    known_item = train.item_degree[held_out.item_index] > 0
    if (known_user & known_item).any():
        return
    why = [
        f"no {kind} of {name} is in train: {name} has ids such as "
        f"'{ids.ids[np.argmax(degree > 0)]}', train such as '{ids.ids[np.argmax(in_train > 0)]}'"
        for kind, known, ids, degree, in_train in (
            ("user", known_user, split.users, held_out.user_degree, train.user_degree),
            ("item", known_item, split.items, held_out.item_degree, train.item_degree),
        )
        if not known.any()
    ]
    raise DataError(
        f"none of the {held_out.num_pairs:,} {name} pairs has both its user and its item in "
        f"train, so no pair can be ranked; {'; '.join([*why, 'write the ids of all files alike'])}"
    )
