"""Hold out the newest interactions of all users."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.config.iso_time import nanoseconds_of
from graphrec_cli.config.split import GlobalTimeConfig
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.interactions import Interactions
from graphrec_cli.data.splits.draw import rounded_share
from graphrec_cli.data.splits.split import TEST, TRAIN, VALID, Split, assemble_split
from graphrec_cli.data.time_text import utc_text
from graphrec_cli.errors import DataError


def global_time_split(
    interactions: Interactions,
    config: GlobalTimeConfig,
    *,
    rng: np.random.Generator,
    funnel: Funnel,
) -> Split:
    """The newest pairs of all to test, those before to valid: by share or from a time on.

    Pairs of the same time stay together: if a share would separate them, they go to the older
    side. So no held-out part is larger than its share, rounded to the nearest whole number,
    halves to even. ``rng`` is not used: nothing is drawn.

    Raises:
        DataError: the data set has no timestamps, a pair occurs twice, or no pair falls into a
            part that was asked for, or into train because of ``valid_from`` or ``test_from``.
    """
    time = interactions.timestamp
    if time is None:
        raise DataError(
            "split=global_time needs timestamps, and this data set has none; choose split=ratio"
        )
    part = np.full(len(time), TRAIN, dtype=np.int8)
    tested, size = _newest(time, config.test_ratio, config.test_from, newer=0)
    held_out, _ = _newest(time, config.valid_ratio, config.valid_from, newer=size)
    part[held_out] = VALID
    part[tested] = TEST
    advice = "raise split.test_ratio or split.valid_ratio, or choose split=ratio"
    if config.valid_from is not None or config.test_from is not None:
        advice = (
            f"its times are from {utc_text(int(time.min()))} to {utc_text(int(time.max()))} UTC; "
            "set split.valid_from and split.test_from within them"
        )
        if not (part == TRAIN).any():
            raise DataError(f"the split leaves none of the {len(time)} pairs for train; {advice}")
    return assemble_split(
        interactions,
        part,
        has_valid=config.valid_from is not None or config.valid_ratio > 0,
        has_test=config.without_test() is None,
        advice=advice,
        funnel=funnel,
    )


def _newest(
    time: NDArray[np.int64], ratio: float, start: str | None, *, newer: int
) -> tuple[NDArray[np.bool_], int]:
    """The pairs from ``start`` on, or else the newest ``ratio`` after ``newer`` newer ones.

    Returns:
        Whether a pair is one of them or newer, shape (pairs,); and how many there may be.
    """
    if start is not None:
        chosen = time >= nanoseconds_of(start)
        return chosen, int(np.count_nonzero(chosen))
    size = newer + int(rounded_share(ratio, np.array([len(time)]))[0])
    at_least_as_new = len(time) - np.searchsorted(np.sort(time), time, side="left")
    return at_least_as_new <= size, size
