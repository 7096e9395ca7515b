"""The literal tables from a component's name to what builds it."""

from __future__ import annotations

from collections.abc import Callable

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
from graphrec_cli.evaluation.protocol import Evaluation
from graphrec_cli.evaluation.ranking import RANKING
from graphrec_cli.evaluation.rating import RATING
from graphrec_cli.losses.pairwise import Loss, build_bpr, build_mse, build_softmax
from graphrec_cli.models.base import Recommender
from graphrec_cli.models.ease import build_ease
from graphrec_cli.models.gfcf import build_gfcf
from graphrec_cli.models.itemknn import build_itemknn
from graphrec_cli.models.lightgcn import build_lightgcn, build_mf
from graphrec_cli.models.lightgcn_rating import build_lightgcn_rating
from graphrec_cli.models.popularity import build_popularity
from graphrec_cli.samplers.hardneg import build_hardneg
from graphrec_cli.samplers.triples import TripleSampler
from graphrec_cli.samplers.uniform import build_uniform

SOURCES: dict[str, Source] = {
    "synthetic": SYNTHETIC,
    "goodbooks": GOODBOOKS,
    "movielens_100k": MOVIELENS_100K,
    "movielens_1m": MOVIELENS_1M,
    "movielens_latest": MOVIELENS_LATEST,
    "adjacency_list": ADJACENCY_LIST,
    "book_crossing": BOOK_CROSSING,
    "table": TABLE,
}
SPLITS: dict[str, Callable[..., Split]] = {
    "leave_one_out": leave_one_out,
    "ratio": ratio_split,
    "global_time": global_time_split,
    "k_fold": k_fold,
    "predefined": predefined,
}
MODELS: dict[str, Callable[..., Recommender]] = {
    "lightgcn": build_lightgcn,
    "mf": build_mf,
    "lightgcn_rating": build_lightgcn_rating,
    "popularity": build_popularity,
    "itemknn": build_itemknn,
    "ease": build_ease,
    "gfcf": build_gfcf,
}
SAMPLERS: dict[str, Callable[..., TripleSampler]] = {
    "uniform": build_uniform,
    "hardneg": build_hardneg,
}
LOSSES: dict[str, Callable[..., Loss]] = {
    "bpr": build_bpr,
    "softmax": build_softmax,
    "mse": build_mse,
}
EVALUATIONS: dict[str, Evaluation] = {"ranking": RANKING, "rating": RATING}
