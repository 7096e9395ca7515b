"""The table of configuration classes, and their registration as Hydra schemas."""

from __future__ import annotations

from functools import cache
from typing import Any

from graphrec_cli.config.adjacency_list import AdjacencyListConfig
from graphrec_cli.config.book_crossing import BookCrossingConfig
from graphrec_cli.config.closed_form import ChebyCFConfig, EASEConfig, GFCFConfig, ItemKNNConfig
from graphrec_cli.config.dataset import GoodBooksConfig, SyntheticConfig
from graphrec_cli.config.evaluation import RankingConfig, RatingConfig
from graphrec_cli.config.loss import BPRConfig, MSEConfig, SoftmaxConfig
from graphrec_cli.config.model import (
    LightGCNConfig,
    LightGCNRatingConfig,
    MatrixFactorizationConfig,
    PopularityConfig,
)
from graphrec_cli.config.movielens import (
    MovieLens1MConfig,
    MovieLens100KConfig,
    MovieLensLatestConfig,
)
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.sampler import HardNegativeConfig, UniformConfig
from graphrec_cli.config.split import (
    GlobalTimeConfig,
    KFoldConfig,
    LeaveOneOutConfig,
    PredefinedConfig,
    RatioConfig,
)
from graphrec_cli.config.table import TableConfig
from graphrec_cli.config.trainer import TrainerConfig

SCHEMAS: dict[str, dict[str, type]] = {
    "dataset": {
        "synthetic": SyntheticConfig,
        "goodbooks": GoodBooksConfig,
        "movielens_100k": MovieLens100KConfig,
        "movielens_1m": MovieLens1MConfig,
        "movielens_latest": MovieLensLatestConfig,
        "adjacency_list": AdjacencyListConfig,
        "book_crossing": BookCrossingConfig,
        "table": TableConfig,
    },
    "split": {
        "leave_one_out": LeaveOneOutConfig,
        "ratio": RatioConfig,
        "global_time": GlobalTimeConfig,
        "k_fold": KFoldConfig,
        "predefined": PredefinedConfig,
    },
    "model": {
        "lightgcn": LightGCNConfig,
        "mf": MatrixFactorizationConfig,
        "lightgcn_rating": LightGCNRatingConfig,
        "popularity": PopularityConfig,
        "itemknn": ItemKNNConfig,
        "ease": EASEConfig,
        "gfcf": GFCFConfig,
        "chebycf": ChebyCFConfig,
    },
    "sampler": {"uniform": UniformConfig, "hardneg": HardNegativeConfig},
    "loss": {"softmax": SoftmaxConfig, "bpr": BPRConfig, "mse": MSEConfig},
    "trainer": {"trainer": TrainerConfig},
    "evaluation": {"ranking": RankingConfig, "rating": RatingConfig},
}
"""Group, then component name, to the dataclass that holds the component's values."""

_CHOOSES = {"sampler": ("loss", "bpr"), "loss": ("trainer", "large_batch")}
"""The option that a component chooses in another group, unless a word or an experiment does."""
_DEFAULT_LOSS = SoftmaxConfig


@cache
def register_schemas() -> None:
    """Register the dataclasses with Hydra, in a group separate from the user's options."""
    from hydra.core.config_store import ConfigStore

    from graphrec_cli.config.ray_launcher import store_ray_launcher

    ConfigStore.instance().store(group="schema", name="run", node=RunConfig)
    store_ray_launcher()
    for group, components in SCHEMAS.items():
        for name, schema in components.items():
            register_schema(group, name, schema)


def register_schema(group: str, name: str, schema: type) -> None:
    """Register a dataclass as ``/schema/GROUP/NAME``, which every option of the component names."""
    # Imported late: help and completion read SCHEMAS without Hydra, which is slow to import.
    from hydra.core.config_store import ConfigStore

    store = ConfigStore.instance()
    node: Any = schema
    option = chosen_by(group, name)
    if option is not None:
        other = _CHOOSES[group][0]
        store.store(group=f"schema/{group}/values", name=name, node=schema)
        chosen = {f"override /{other}@_global_.{other}": option}
        node = {"defaults": [f"/schema/{group}/values/{name}@_here_", chosen]}
    store.store(group=f"schema/{group}", name=name, node=node)


def chosen_by(group: str, name: str) -> str | None:
    """The loss that a sampler chooses, or the trainer that a loss does; None if it is the default.

    Args:
        group: of the component.
        name: of the component.
    """
    if group not in _CHOOSES or SCHEMAS[group][name] is _DEFAULT_LOSS:
        return None
    return _CHOOSES[group][1]
