from __future__ import annotations

from dataclasses import replace

import pytest

from graphrec_cli.config.closed_form import EASEConfig
from graphrec_cli.config.loss import BPRConfig, SoftmaxConfig, SoftmaxNegatives
from graphrec_cli.config.model import LightGCNConfig, MatrixFactorizationConfig
from graphrec_cli.config.run import RunConfig
from graphrec_cli.errors import ConfigError
from graphrec_cli.planning.memory import MemoryPlan
from graphrec_cli.planning.ranks import check_ranks, partial_sums, plan_ranks
from graphrec_cli.planning.sizes import RunSizes
from graphrec_cli.planning.step_time import StepTimes

SIZES = RunSizes(
    users=100,
    items=50,
    catalog=40,
    train_pairs=1_000,
    valid_pairs=100,
    test_pairs=100,
    valid_users=90,
    test_users=80,
    batch=16,
    steps_per_epoch=63,
    epochs=10,
    validations=10,
)
TIMES = StepTimes(step=5.0, sampling=1.0, epoch_start=0.0, timed=30)


def test_what_a_step_adds_up() -> None:
    assert partial_sums(RunConfig(loss=BPRConfig()), SIZES) == 2 * 16
    # 16 x 30 candidates and 16 positives, and the norms of 16 users, 16 positives, 30 candidates
    softmax = RunConfig(model=LightGCNConfig(), loss=SoftmaxConfig(num_negatives=30))
    assert partial_sums(softmax, SIZES) == 16 * 30 + 16 + 16 + 16 + 30
    # the catalog bounds the candidates, and so does the batch
    whole = replace(softmax, loss=SoftmaxConfig(num_negatives=5_000))
    assert partial_sums(whole, SIZES) == 16 * 40 + 3 * 16 + 40
    own = replace(softmax, loss=SoftmaxConfig(negatives=SoftmaxNegatives.in_batch))
    assert partial_sums(own, SIZES) == 16 * 16 + 3 * 16 + 16


def test_a_step_by_hand() -> None:
    memory = MemoryPlan(
        held={"graph": 70, "embeddings": 40, "gradient": 40, "Adam": 80, "best epoch": 40},
        passing={},
    )
    config = RunConfig(loss=BPRConfig())
    plan = plan_ranks(config, SIZES, memory, TIMES, 8.0, ranks=4, bandwidth=2e-6)
    # 2 * 3/4 of 32 floats, and 2,000 bytes a second
    assert plan.sent_a_step == 192
    assert plan.step == pytest.approx(1 + 4 / 4 + 192 / 2_000)
    assert plan.evaluation == pytest.approx(8 / 4 + 1.5 * 4 * 90 * 50 / 2_000)
    assert plan.held == 70 + 200 // 4


def test_without_a_valid_part_the_test_is_ranked() -> None:
    sizes = replace(SIZES, valid_users=0)
    memory = MemoryPlan(held={}, passing={})
    config = RunConfig(loss=BPRConfig())
    plan = plan_ranks(config, sizes, memory, TIMES, 8.0, ranks=2, bandwidth=1e-6)
    assert plan.evaluation == pytest.approx(8 / 2 + 4 * 80 * 50 / 1_000)


def test_columns_that_cannot_be_divided() -> None:
    check_ranks(RunConfig(model=LightGCNConfig(embedding_dim=6)), 3)
    check_ranks(RunConfig(model=MatrixFactorizationConfig(embedding_dim=6)), 2)
    with pytest.raises(ConfigError, match=r"plan\.ranks=4 cannot divide model\.embedding_dim=6"):
        check_ranks(RunConfig(model=LightGCNConfig(embedding_dim=6)), 4)
    with pytest.raises(ConfigError, match="model=ease"):
        check_ranks(RunConfig(model=EASEConfig()), 2)
