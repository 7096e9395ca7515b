"""Runs are ranked together exactly if their figures are about the same thing."""

from __future__ import annotations

import pytest

from graphrec_cli.config.arguments import sort_arguments
from graphrec_cli.config.comparable_runs import same_figures, same_floors
from graphrec_cli.config.compose import compose_run
from graphrec_cli.config.run import RunConfig


def configs(*words: str) -> list[RunConfig]:
    return [compose_run(sort_arguments(each.split())).config for each in words]


@pytest.mark.parametrize(
    "word",
    [
        "seed=7",
        "split.seed=7",
        "dataset.seed=7",
        "model.num_layers=1",
        "loss=bpr",
        "trainer.epochs=3",
        "evaluation.ks=[10,30]",
        "evaluation.floor=null",
        "evaluation.chunk_users=5",
    ],
)
def test_these_words_leave_runs_comparable(word: str) -> None:
    assert same_figures(configs("", word)) == [0, 0]


@pytest.mark.parametrize(
    "word",
    [
        "dataset=movielens_100k",
        "dataset.num_users=99",
        "split=ratio",
        "split.min_interactions=4",
        "evaluation.mask_valid=false",
        "evaluation.ties=optimistic",
        "trainer.monitor=mrr",
        "trainer.valid_users=50",
    ],
)
def test_these_words_make_other_figures(word: str) -> None:
    assert same_figures(configs("", word, "")) == [0, 1, 0]


def test_folds_are_comparable_and_share_no_floor() -> None:
    folds = configs("split=k_fold split.fold=0", "split=k_fold split.fold=1")
    assert same_figures(folds) == [0, 0]
    assert same_floors(folds) == [0, 1]
    assert same_floors(configs("model=popularity", "", "model.num_layers=1", "seed=7")) == [
        *(None, 1, 1, 3)
    ]
