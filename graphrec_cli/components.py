"""The literal tables from a component's name to what builds it."""

from __future__ import annotations

from collections.abc import Callable

from graphrec_cli.data.source import SourceData
from graphrec_cli.data.sources.goodbooks import load_goodbooks
from graphrec_cli.data.sources.synthetic import load_synthetic
from graphrec_cli.data.split import Split, leave_one_out
from graphrec_cli.losses import TripleLoss, build_bpr
from graphrec_cli.models.base import Model
from graphrec_cli.models.lightgcn import build_lightgcn, build_mf
from graphrec_cli.models.popularity import build_popularity
from graphrec_cli.samplers.hardneg import build_hardneg
from graphrec_cli.samplers.triples import TripleSampler
from graphrec_cli.samplers.uniform import build_uniform

SOURCES: dict[str, Callable[..., SourceData]] = {
    "synthetic": load_synthetic,
    "goodbooks": load_goodbooks,
}
SPLITS: dict[str, Callable[..., Split]] = {"leave_one_out": leave_one_out}
MODELS: dict[str, Callable[..., Model]] = {
    "lightgcn": build_lightgcn,
    "mf": build_mf,
    "popularity": build_popularity,
}
SAMPLERS: dict[str, Callable[..., TripleSampler]] = {
    "uniform": build_uniform,
    "hardneg": build_hardneg,
}
LOSSES: dict[str, Callable[..., TripleLoss]] = {"bpr": build_bpr}
