"""``sampler.by=weight`` and ``dataset.weight`` need each other, before a file is read."""

from __future__ import annotations

import pytest

from graphrec_cli.config.arguments import sort_arguments
from graphrec_cli.config.compose import compose_run
from graphrec_cli.config.serialize import SavedConfig
from graphrec_cli.config.sweep import plan_sweep
from graphrec_cli.config.unused import describe_unused
from graphrec_cli.errors import ConfigError

TABLE = ("dataset=table", "dataset.path=a.csv")
WEIGHTED = (*TABLE, "dataset.weight=plays", "sampler.by=weight")


def test_positives_by_weight_need_a_column_of_weights() -> None:
    advice = r"^sampler\.by=weight needs a column of weights; set dataset\.weight to the name"
    with pytest.raises(ConfigError, match=advice):
        compose_run(sort_arguments([*TABLE, "sampler.by=weight"]))
    with pytest.raises(ConfigError, match="needs a column of weights; choose another"):
        compose_run(sort_arguments(["sampler.by=weight"]))
    with pytest.raises(ConfigError, match=r"dataset\.weight must name a column"):
        compose_run(sort_arguments([*TABLE, "dataset.weight=", "sampler.by=weight"]))


@pytest.mark.parametrize(
    "words", [("sampler=hardneg",), ("loss=softmax",), ("model=lightgcn_rating", "loss=mse")]
)
def test_every_sampler_takes_positives_by_weight(words: tuple[str, ...]) -> None:
    rating = ("evaluation=rating",) if "loss=mse" in words else ()
    job = compose_run(sort_arguments([*WEIGHTED, *words, *rating]))
    assert describe_unused(job.config) == []


def test_weights_of_a_saved_run_that_are_not_used_are_named() -> None:
    saved = compose_run(sort_arguments(WEIGHTED))
    solved = compose_run(
        sort_arguments(["model=ease"]), SavedConfig(saved.config, saved.choices)
    ).config
    (line,) = describe_unused(solved)
    assert line.startswith("model=ease is computed in one step")
    assert "dataset.weight=plays" in line


def test_a_sweep_leaves_the_weights_out_where_they_are_not_used() -> None:
    swept = [*TABLE, "dataset.weight=plays", "sampler.by=user,weight", "-m"]
    sweep = plan_sweep(sort_arguments(swept))
    assert ["dataset.weight=plays" in words for words in sweep.jobs] == [False, True]
    assert sweep.skipped == ["sampler.by=user does not use dataset.weight"]
