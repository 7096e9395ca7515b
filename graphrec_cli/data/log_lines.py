"""The log lines about the data of a run: rows, dropped rows, times, titles, the split."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

import numpy as np

from graphrec_cli.config.model import LearnsFrom
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.table import TableConfig
from graphrec_cli.data.distinct import distinct
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.prepared import Prepared
from graphrec_cli.data.splits.split import Split
from graphrec_cli.terminal_text import counted

log = logging.getLogger("graphrec")

DAY = 24 * 3600 * 10**9
"""In nanoseconds."""
YEAR = 365 * DAY
"""That of 1970."""


def log_drops(funnel: Funnel) -> None:
    """Log the dropped rows by cause, one line each."""
    dropping = [step for step in funnel.steps if step.rows_dropped]
    for step in dropping:
        rows = counted(step.rows_dropped, "row")
        log.info("dropped %s (%s): %s", rows, step.stage, step.cause)
    if any(step.stage.endswith("k_core") for step in dropping):
        log.info(
            "the k-core was applied before the split, so it also selects the test users and items"
        )


def log_titles(prepared: Prepared) -> None:
    """Log how many items have a title and how many have attributes, unless all have."""
    title, attributes, total = prepared.title, prepared.attributes, len(prepared.split.items)
    known = {
        "a title": total if title is None else int((title != "").sum()),
        "attributes": total
        if attributes is None
        else int(np.count_nonzero(np.diff(attributes.indptr))),
    }
    for what, number in known.items():
        if number < total:
            log.info("%s of %s items have %s", f"{number:,}", f"{total:,}", what)


def log_rows(config: RunConfig, num_rows: int, notes: Sequence[str]) -> None:
    """Log how many rows the source has, and how it was understood."""
    log.info("dataset %s: %s", config.dataset.name, counted(num_rows, "row"))
    for note in notes:
        log.info("%s", note)


def log_every_rating(config: RunConfig, split: Split) -> None:
    """Log that low ratings are positives too, unless the model learns from the ratings."""
    dataset, rating = config.dataset, split.train.rating
    thresholds = (dataset.positive_threshold(), dataset.prefilter.rating_threshold)
    settable = hasattr(dataset, "rating_threshold") and thresholds == (None, None)
    if rating is None or not settable or config.loss.learns_from() is LearnsFrom.ratings:
        return
    values = distinct(rating)
    if len(values) > 1:
        example = max(float(np.median(rating)), float(values[1]))
        log.info(
            "every rating counts as a positive; dataset.rating_threshold=%g keeps those of at "
            "least %g",
            example,
            example,
        )


def warn_of_odd_times(config: RunConfig, split: Split) -> None:
    """Warn if times of a table are in 1970, as in too fine a unit, or later than tomorrow."""
    if not isinstance(config.dataset, TableConfig):
        return
    times = [part.timestamp for part in split.parts().values() if part.timestamp is not None]
    count = sum(map(len, times))
    if not count:
        return
    tomorrow = time.time_ns() + DAY
    future = sum(int((part > tomorrow).sum()) for part in times)
    if future:
        log.warning(
            "%s of %s times are in the future; if that is wrong, set dataset.time_unit or "
            "dataset.time_format",
            f"{future:,}",
            f"{count:,}",
        )
    near_zero = sum(int((np.abs(part) < DAY).sum()) for part in times)
    if all((part >= 0).all() and (part < YEAR).all() for part in times):
        log.warning(
            "all times are in 1970; if that is wrong, set dataset.time_unit or dataset.time_format"
        )
    elif near_zero:
        log.warning(
            "%s of %s times are within a day of 1970-01-01; if such rows have no time, leave them "
            'out, as with dataset.where="timestamp > 0"',
            f"{near_zero:,}",
            f"{count:,}",
        )


def log_unused_split(config: RunConfig, unused: bool) -> None:
    """Log if the data set has a split of its own that is not used."""
    if unused:
        log.info(
            "the data set's own split is not used; split=%s makes a new one", config.split.name
        )


def log_sizes(split: Split) -> None:
    """Log the number of users, items and pairs."""
    log.info(
        "%s, %s; %s train, %s valid, %s test pairs",
        counted(len(split.users), "user"),
        counted(len(split.items), "item"),
        f"{split.train.num_pairs:,}",
        f"{split.valid.num_pairs if split.valid is not None else 0:,}",
        f"{split.test.num_pairs:,}",
    )
