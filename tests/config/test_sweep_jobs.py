"""Jobs of a sweep are the same run exactly if they use the same values."""

from __future__ import annotations

import pytest

from graphrec_cli.config.arguments import sort_arguments
from graphrec_cli.config.sweep import Sweep, describe_values, plan_sweep
from graphrec_cli.errors import ConfigError


def plan(*words: str) -> Sweep:
    return plan_sweep(sort_arguments([*words, "-m"]))


def labels(sweep: Sweep) -> list[str]:
    """The swept words of each job."""
    return [describe_values(values) for values in sweep.values]


def used(sweep: Sweep) -> list[tuple[str, str, str]]:
    """Loss, sampler where the loss takes its negatives, and how positives are drawn."""
    return [
        (
            config.loss.name,
            config.sampler.name if config.loss.name == "bpr" else "",
            config.sampler.by.name,
        )
        for config in sweep.configs
    ]


def test_softmax_uses_by_of_every_sampler() -> None:
    sweep = plan("loss=softmax,bpr", "sampler=default,hardneg")
    assert used(sweep) == [
        ("softmax", "", "interaction"),
        ("softmax", "", "user"),
        ("bpr", "uniform", "interaction"),
        ("bpr", "hardneg", "user"),
    ]
    assert labels(sweep) == [
        "loss=softmax sampler=default",
        "loss=softmax sampler=hardneg",
        "loss=bpr sampler=default",
        "loss=bpr sampler=hardneg",
    ]
    assert sweep.skipped == ["loss=softmax uses nothing of sampler=hardneg but sampler.by"]


def test_samplers_of_the_same_by_are_one_run_of_softmax() -> None:
    sweep = plan("loss=softmax,bpr", "sampler=uniform,hardneg")
    assert used(sweep) == [
        ("softmax", "", "user"),
        ("bpr", "uniform", "user"),
        ("bpr", "hardneg", "user"),
    ]
    assert labels(sweep)[0] == "loss=softmax sampler=uniform"
    assert sweep.skipped == [
        "loss=softmax uses nothing of sampler=hardneg but sampler.by",
        "4 combinations are 3 different runs; each runs once",
    ]


def test_keys_that_only_one_loss_uses_multiply_its_runs_alone() -> None:
    sweep = plan("loss=softmax,bpr", "sampler=hardneg", "sampler.popular_pool=5,9")
    assert used(sweep) == [("softmax", "", "user"), *[("bpr", "hardneg", "user")] * 2]
    assert labels(sweep) == ["loss=softmax", "loss=bpr popular_pool=5", "loss=bpr popular_pool=9"]
    assert sweep.skipped[0] == "loss=softmax does not use sampler.popular_pool"


def test_a_sweep_over_samplers_names_them_even_if_one_run_is_left() -> None:
    sweep = plan("loss=softmax", "sampler=default,uniform_by_interaction")
    assert labels(sweep) == ["sampler=default"]
    assert labels(plan("sampler=default,uniform")) == [
        "sampler=default loss=softmax",
        "sampler=uniform loss=bpr",
    ]
    assert labels(plan("split.seed=1,2")) == ["split.seed=1", "split.seed=2"]
    assert labels(plan("seed=1,2")) == ["seed=1", "seed=2"]
    assert labels(plan("sampler=hardneg,uniform")) == ["sampler=hardneg", "sampler=uniform"]
    assert labels(plan("model=ease,lightgcn", "sampler=default,uniform")) == [
        "model=ease",
        "model=lightgcn sampler=default loss=softmax",
        "model=lightgcn sampler=uniform loss=bpr",
    ]


def test_a_sampler_that_no_job_uses_is_refused_with_what_helps() -> None:
    with pytest.raises(ConfigError, match=r"write sampler\.by=user instead, or set loss=bpr$"):
        plan("loss=softmax", "sampler=uniform,hardneg")
    assert labels(plan("loss=softmax", "sampler.by=user,interaction")) == [
        "by=user",
        "by=interaction",
    ]


def test_equal_values_written_differently_are_one_run() -> None:
    assert len(plan("trainer.learning_rate=0.01,1e-2").jobs) == 1
    assert len(plan("trainer.learning_rate=0.01,0.02").jobs) == 2
    assert len(plan("dataset.seed=1,null", "seed=1").jobs) == 2


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ("dataset=synthetic,table", "dataset.path=x.csv"),
            "dataset=synthetic does not use dataset.path",
        ),
        (
            ("split=leave_one_out,ratio", "split.test_ratio=0.1,0.2"),
            "split=leave_one_out does not use split.test_ratio",
        ),
        (
            ("loss.negatives=in_batch,shared", "loss.num_negatives=4,8"),
            "loss.negatives=in_batch does not use loss.num_negatives",
        ),
        (
            ("trainer.patience=1,null", "split.valid=0,1"),
            "split=leave_one_out does not use trainer.patience",
        ),
        (
            ("split.by=random,rating", "split.seed=1"),
            "split.by=rating does not use split.seed",
        ),
    ],
)
def test_the_line_of_a_skipped_word_names_what_does_not_use_it(
    words: tuple[str, ...], line: str
) -> None:
    assert plan(*words).skipped[0] == line


def test_null_and_a_value_that_is_not_used_are_one_run() -> None:
    assert labels(plan("trainer.patience=1,null", "split.valid=0,1")) == [
        "valid=0",
        "patience=1 valid=1",
        "patience=null valid=1",
    ]
