"""Tables from the names of data sets and splits to what reads and makes them; without torch."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np

from graphrec_cli.config.plugins import find_builder
from graphrec_cli.config.run import RunConfig
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.interactions import Interactions
from graphrec_cli.data.source import Source
from graphrec_cli.data.sources.adjacency_list import ADJACENCY_LIST
from graphrec_cli.data.sources.book_crossing import BOOK_CROSSING
from graphrec_cli.data.sources.goodbooks import GOODBOOKS
from graphrec_cli.data.sources.movielens import MOVIELENS_1M, MOVIELENS_100K, MOVIELENS_LATEST
from graphrec_cli.data.sources.synthetic import SYNTHETIC
from graphrec_cli.data.sources.table import TABLE
from graphrec_cli.data.splits.global_time import global_time_split
from graphrec_cli.data.splits.k_fold import k_fold
from graphrec_cli.data.splits.leave_one_out import leave_one_out
from graphrec_cli.data.splits.predefined import predefined
from graphrec_cli.data.splits.ratio import ratio_split
from graphrec_cli.data.splits.split import Split


@runtime_checkable
class SplitBuilder(Protocol):
    """Splits the interactions by its own config."""

    def __call__(
        self, interactions: Interactions, config: Any, *, rng: np.random.Generator, funnel: Funnel
    ) -> Split: ...


SOURCES: dict[str, Source[Any]] = {
    "synthetic": SYNTHETIC,
    "goodbooks": GOODBOOKS,
    "movielens_100k": MOVIELENS_100K,
    "movielens_1m": MOVIELENS_1M,
    "movielens_latest": MOVIELENS_LATEST,
    "adjacency_list": ADJACENCY_LIST,
    "book_crossing": BOOK_CROSSING,
    "table": TABLE,
}
SPLITS: dict[str, SplitBuilder] = {
    "leave_one_out": leave_one_out,
    "ratio": ratio_split,
    "global_time": global_time_split,
    "k_fold": k_fold,
    "predefined": predefined,
}


def find_source(config: RunConfig) -> Source[Any]:
    """The source of the configured data set."""
    return find_builder("dataset", SOURCES, config.dataset.name)


def find_split(config: RunConfig) -> SplitBuilder:
    """The configured split."""
    return find_builder("split", SPLITS, config.split.name)
