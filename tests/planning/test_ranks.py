from __future__ import annotations

from dataclasses import replace

import pytest

from graphrec_cli.config.closed_form import EASEConfig
from graphrec_cli.config.loss import BPRConfig, SoftmaxConfig, SoftmaxNegatives
from graphrec_cli.config.model import LightGCNConfig, MatrixFactorizationConfig, Similarity
from graphrec_cli.config.run import RunConfig
from graphrec_cli.errors import ConfigError
from graphrec_cli.planning.memory import MemoryPlan
from graphrec_cli.planning.ranks import check_ranks, numbers_sent, plan_ranks
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


def test_what_a_step_sends() -> None:
    assert numbers_sent(RunConfig(loss=BPRConfig(), model=LightGCNConfig()), SIZES) == 2 * 2 * 16
    cosine = LightGCNConfig(similarity=Similarity.cosine)
    assert numbers_sent(RunConfig(loss=BPRConfig(), model=cosine), SIZES) == 2 * 16 * (2 + 2 * 3)
    layers = LightGCNConfig(num_layers=3, normalize_layers=True)
    assert numbers_sent(RunConfig(loss=BPRConfig(), model=layers), SIZES) == 2 * (
        2 * 16 + 2 * 3 * 150
    )
    # 16 users, 16 positives, 30 candidates, joined and their gradients added up
    softmax = RunConfig(model=LightGCNConfig(embedding_dim=8), loss=SoftmaxConfig(num_negatives=30))
    assert numbers_sent(softmax, SIZES) == 3 * (16 + 16 + 30) * 8
    # the catalog bounds the candidates, and so does the batch
    whole = replace(softmax, loss=SoftmaxConfig(num_negatives=5_000))
    assert numbers_sent(whole, SIZES) == 3 * (16 + 16 + 40) * 8
    own = replace(softmax, loss=SoftmaxConfig(negatives=SoftmaxNegatives.in_batch))
    assert numbers_sent(own, SIZES) == 3 * (16 + 16 + 16) * 8


def test_a_step_by_hand() -> None:
    memory = MemoryPlan(
        held={"graph": 70, "embeddings": 40, "gradient": 40, "Adam": 80, "best epoch": 40}
        | {"sampler": 9},
        passing={},
    )
    config = RunConfig(loss=BPRConfig(), model=LightGCNConfig(embedding_dim=8))
    plan = plan_ranks(config, SIZES, memory, TIMES, 8.0, ranks=4, bandwidth=2e-6)
    # 2 * 3/4 of 32 floats, and 2,000 bytes a second
    assert plan.sent_a_step == 192
    assert plan.step == pytest.approx(1 + 4 / 4 + 192 / 2_000)
    assert plan.evaluation == pytest.approx(8 / 4 + 0.75 * 4 * 150 * 8 / 2_000)
    assert plan.held == 70 + 9 + 200 // 4
    untimed = plan_ranks(config, SIZES, memory, None, 0.0, ranks=4, bandwidth=2e-6)
    assert (untimed.step, untimed.evaluation) == (None, None)
    assert (untimed.held, untimed.sent_a_step) == (plan.held, plan.sent_a_step)


def test_columns_that_cannot_be_divided() -> None:
    check_ranks(RunConfig(model=LightGCNConfig(embedding_dim=6)), 3)
    check_ranks(RunConfig(model=MatrixFactorizationConfig(embedding_dim=6)), 2)
    with pytest.raises(ConfigError, match=r"plan\.ranks=4 cannot divide model\.embedding_dim=6"):
        check_ranks(RunConfig(model=LightGCNConfig(embedding_dim=6)), 4)
    with pytest.raises(ConfigError, match="model=ease"):
        check_ranks(RunConfig(model=EASEConfig()), 2)
