"""The bounds of a GPU against figures that docs/gpu.md has measured on an H100."""

from __future__ import annotations

from dataclasses import replace

import pytest

from graphrec_cli.config.closed_form import EASEConfig
from graphrec_cli.config.loss import BPRConfig, SoftmaxConfig
from graphrec_cli.config.model import LightGCNConfig, MatrixFactorizationConfig
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.trainer import AdamForm, TrainerConfig
from graphrec_cli.errors import ConfigError
from graphrec_cli.planning.gpu import check_gpu, plan_gpu, replayed, step_bytes
from graphrec_cli.planning.sizes import RunSizes

H100 = 3350.0
GOWALLA = RunSizes(
    users=29_858,
    items=40_981,
    catalog=40_981,
    train_pairs=810_128,
    valid_pairs=0,
    test_pairs=217_242,
    valid_users=0,
    test_users=29_858,
    batch=2_048,
    steps_per_epoch=396,
    epochs=1_000,
    validations=0,
)
GOODBOOKS = replace(
    GOWALLA, users=53_398, items=9_999, train_pairs=4_926_384, test_users=53_398, batch=4_096
)
BPR = RunConfig(model=LightGCNConfig(num_layers=3), loss=BPRConfig())


def test_the_bytes_of_a_step_are_those_of_the_gpu_page() -> None:
    gathered, other = step_bytes(BPR, GOWALLA)
    assert gathered == pytest.approx(2.49e9, rel=0.01)
    # indices and values, results of six products, Adam and the sums
    assert other == pytest.approx(0.08e9 + 0.11e9 + 0.26e9, rel=0.03)


@pytest.mark.parametrize(
    ("sizes", "measured"), [(GOWALLA, (0.987e-3, 0.097)), (GOODBOOKS, (3.133e-3, 0.040))]
)
def test_measured_figures_are_near_the_bounds(
    sizes: RunSizes, measured: tuple[float, float]
) -> None:
    plan = plan_gpu(BPR, sizes, H100)
    step, evaluation = measured
    assert plan.launch == 0
    assert plan.step_low < step < 1.25 * plan.step_high
    assert step > 0.6 * plan.step_high
    assert plan.evaluation == pytest.approx(evaluation, rel=0.1)


def test_twice_the_bandwidth_takes_half_the_time() -> None:
    one, two = (plan_gpu(BPR, GOWALLA, bandwidth) for bandwidth in (1_000, 2_000))
    assert (one.step_low, one.step_high, one.evaluation) == pytest.approx(
        (2 * two.step_low, 2 * two.step_high, 2 * two.evaluation)
    )


def test_steps_that_are_not_replayed_take_their_kernels_time() -> None:
    softmax = replace(BPR, loss=SoftmaxConfig())
    plan = plan_gpu(softmax, GOWALLA, 1e6)
    assert plan.step_low == plan.step_high == plan.launch == 4e-3
    slow = plan_gpu(softmax, GOWALLA, 1.0)
    assert slow.step_low > slow.launch


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (BPR, True),
        (replace(BPR, model=MatrixFactorizationConfig()), True),
        (replace(BPR, model=LightGCNConfig(normalize_layers=True)), False),
        (replace(BPR, loss=SoftmaxConfig()), False),
        (replace(BPR, trainer=TrainerConfig(adam=AdamForm.keras)), False),
    ],
)
def test_which_steps_are_replayed(config: RunConfig, expected: bool) -> None:
    assert replayed(config) is expected


def test_a_model_without_steps_is_refused() -> None:
    check_gpu(BPR)
    with pytest.raises(ConfigError, match="model=ease"):
        check_gpu(RunConfig(model=EASEConfig()))
