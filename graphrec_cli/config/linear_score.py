"""Which models have scores that are linear in the user's row of the train matrix."""

from __future__ import annotations

from graphrec_cli.config.closed_form import ClosedFormConfig
from graphrec_cli.config.model import (
    LightGCNConfig,
    LightGCNRatingConfig,
    ModelConfig,
    Similarity,
    SimilarityConfig,
)
from graphrec_cli.errors import ConfigError


def refuse_without_linear_score(model: ModelConfig) -> None:
    """Refuse a model whose scores cannot be split into what each train item adds.

    Raises:
        ConfigError: naming the model or the key.
    """
    if isinstance(model, ClosedFormConfig):
        return
    if not isinstance(model, SimilarityConfig | LightGCNRatingConfig):
        raise ConfigError(f"explain cannot split the scores of model={model.name}{_why(model)}")
    if not model.propagates():
        layers = " model.num_layers=0" if hasattr(model, "num_layers") else ""
        raise ConfigError(
            f"explain has nothing to split: model={model.name}{layers} has no graph, so a score is "
            "one product of two trained vectors, to which no train item adds anything"
        )
    if isinstance(model, SimilarityConfig) and model.similarity is Similarity.cosine:
        raise ConfigError(
            "explain cannot split model.similarity=cosine, because the norm of the user's "
            "embedding depends on all train items at once; model.similarity=dot explains the "
            "product"
        )
    if isinstance(model, LightGCNConfig):
        plain = LightGCNConfig()
        for key in ("normalize_layers", "own_degree_power", "neighbor_degree_power"):
            _refuse_key(key, getattr(model, key), getattr(plain, key))
        _refuse_key("layer0_weight", model.layer0_weight, plain.layer0_weight)


def _refuse_key(key: str, value: object, plain: object) -> None:
    if value != plain:
        shown = str(value).lower() if isinstance(value, bool) else value
        raise ConfigError(
            f"explain splits the layers of LightGCN, and model.{key}={shown} scales them in "
            "another way; explain a run without it"
        )


def _why(model: ModelConfig) -> str:
    if model.name == "popularity":
        return ": a score is the item's number of train interactions, the same for every user"
    return ": it does not say how they depend on the user's train items"
