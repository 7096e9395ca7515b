from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from builders import CPU
from torch import Tensor

from graphrec_cli.config.loss import BPRConfig
from graphrec_cli.config.model import LightGCNConfig
from graphrec_cli.config.sampler import PositivesBy, UniformConfig
from graphrec_cli.config.trainer import TrainerConfig
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.errors import NonFiniteError
from graphrec_cli.losses.base import Loss
from graphrec_cli.losses.bpr import build_bpr
from graphrec_cli.models.base import TripleModel
from graphrec_cli.models.lightgcn import LightGCN
from graphrec_cli.samplers.triples import Triples
from graphrec_cli.samplers.uniform import build_uniform
from graphrec_cli.training.best_epoch import Monitor
from graphrec_cli.training.checkpoints.file import load_checkpoint
from graphrec_cli.training.log_lines import describe_end
from graphrec_cli.training.trainer import Trainer

Validate = Callable[[], dict[str, float]]


def random_train() -> UserItems:
    """106 pairs of 30 users and 20 items, with the weights 1, 2 and 3 in turn."""
    users, items = np.nonzero(np.random.default_rng(0).random((30, 20)) < 0.2)
    weight = (np.arange(len(users)) % 3 + 1).astype(np.float32)
    return UserItems.from_pairs(users, items, num_users=30, num_items=20, weight=weight)


def trainer_of(
    config: TrainerConfig,
    *,
    validate: Validate | None = None,
    loss: Loss | None = None,
    by: PositivesBy = PositivesBy.interaction,
    lower_is_better: bool = False,
    after_step: Callable[[Trainer], None] = lambda trainer: None,
) -> Trainer:
    train = random_train()
    sampler = build_uniform(
        UniformConfig(by=by), train, generator=torch.Generator().manual_seed(1), device=CPU
    )
    model = LightGCN(
        LightGCNConfig(embedding_dim=4, num_layers=1),
        train,
        generator=torch.Generator().manual_seed(0),
        device=CPU,
    )
    return Trainer(
        config,
        model,
        loss or build_bpr(BPRConfig()),
        sampler,
        validate,
        monitor=Monitor(config.monitor or "ndcg@10", lower_is_better),
        after_step=after_step,
    )


def scripted_metric(*values: float) -> Validate:
    """Return one value of ndcg@10 per validation; other metrics would select another epoch."""
    remaining = list(values)

    def validate() -> dict[str, float]:
        value = remaining.pop(0)
        return {"mrr": -value, "ndcg@10": value, "hit@10": 0.5}

    return validate


def weights_by_epoch(trainer: Trainer) -> list[Tensor]:
    """Train, and copy the weights after every epoch."""
    return [trainer.model.state_dict()["layer0_embeddings"].clone() for _ in trainer.fit()]


def test_the_best_state_is_a_copy_of_the_best_epoch() -> None:
    config = TrainerConfig(epochs=5, learning_rate=0.1, batch_size=32)
    trainer = trainer_of(config, validate=scripted_metric(0.1, 0.3, 0.2, 0.3, 0.1))
    weights = weights_by_epoch(trainer)
    assert trainer.selection.best_epoch == 2
    assert trainer.selection.best_valid == {"mrr": -0.3, "ndcg@10": 0.3, "hit@10": 0.5}
    kept = trainer.selection.best_state["layer0_embeddings"]
    assert torch.equal(kept, weights[1])
    assert not torch.equal(weights[4], weights[1])
    trainer.train_epoch()
    assert torch.equal(kept, weights[1])


def test_improvements_and_the_end_are_flagged() -> None:
    config = TrainerConfig(epochs=4, batch_size=64)
    trainer = trainer_of(config, validate=scripted_metric(0.1, 0.1, 0.2, 0.1))
    epochs = list(trainer.fit())
    assert [epoch.improved for epoch in epochs] == [True, False, True, False]
    assert [epoch.last for epoch in epochs] == [False, False, False, True]


@pytest.mark.parametrize(("patience", "epochs_run"), [(1, 3), (2, 6), (3, 8), (None, 8)], ids=str)
def test_patience_counts_validations_since_the_best(patience: int | None, epochs_run: int) -> None:
    metric = scripted_metric(0.1, 0.2, 0.2, 0.3, 0.1, 0.3, 0.4, 0.1)
    trainer = trainer_of(TrainerConfig(epochs=8, patience=patience), validate=metric)
    epochs = list(trainer.fit())
    assert len(epochs) == epochs_run
    assert [epoch.last for epoch in epochs] == [False] * (epochs_run - 1) + [True]


def test_validation_comes_every_n_epochs_and_at_the_end() -> None:
    config = TrainerConfig(epochs=7, validate_every=3, patience=2, batch_size=64)
    trainer = trainer_of(config, validate=scripted_metric(0.3, 0.2, 0.4))
    rows = [epoch.record for epoch in trainer.fit()]
    validated = [row["epoch"] for row in rows if row["valid"] is not None]
    assert validated == [3, 6, 7]
    assert trainer.selection.best_epoch == 7


def test_another_metric_can_select() -> None:
    config = TrainerConfig(epochs=3, monitor="mrr")
    trainer = trainer_of(config, validate=scripted_metric(0.3, 0.1, 0.2))
    weights_by_epoch(trainer)
    assert trainer.selection.best_epoch == 2


def test_a_metric_where_lower_is_better_can_select() -> None:
    trainer = trainer_of(
        TrainerConfig(epochs=3), validate=scripted_metric(0.3, 0.1, 0.2), lower_is_better=True
    )
    weights_by_epoch(trainer)
    assert trainer.selection.best_epoch == 2


def test_the_learning_rate_decays_after_every_epoch() -> None:
    trainer = trainer_of(
        TrainerConfig(
            epochs=3, learning_rate=0.1, learning_rate_decay=0.5, final_learning_rate=None
        )
    )
    rates = [epoch.record["learning_rate"] for epoch in trainer.fit()]
    assert rates == pytest.approx([0.1, 0.05, 0.025])
    assert trainer.optimizer.param_groups[0]["lr"] == rates[-1]


def test_the_learning_rate_warms_up_and_falls_step_by_step() -> None:
    config = TrainerConfig(
        epochs=2,
        steps_per_epoch=5,
        learning_rate=0.1,
        warmup_steps=4,
        final_learning_rate=0.0,
    )
    rates: list[float] = []
    trainer = trainer_of(
        config, after_step=lambda trainer: rates.append(trainer.optimizer.param_groups[0]["lr"])
    )
    rows = [epoch.record for epoch in trainer.fit()]
    # Ten steps fall from 0.1 towards 0; the first three have a quarter, a half, three quarters.
    falling = [0.1 - 0.01 * step for step in range(10)]
    shares = [0.25, 0.5, 0.75] + 7 * [1.0]
    assert rates == pytest.approx([a * b for a, b in zip(falling, shares, strict=True)])
    assert [row["learning_rate"] for row in rows] == [rates[4], rates[9]]


def test_a_final_learning_rate_is_reached_after_the_last_step() -> None:
    config = TrainerConfig(epochs=1, steps_per_epoch=4, learning_rate=0.1, final_learning_rate=0.02)
    rates: list[float] = []
    trainer = trainer_of(
        config, after_step=lambda trainer: rates.append(trainer.optimizer.param_groups[0]["lr"])
    )
    list(trainer.fit())
    assert rates == pytest.approx([0.1, 0.08, 0.06, 0.04])
    assert trainer.learning_rate() == pytest.approx(0.02)


def test_a_batch_size_of_null_takes_all_pairs_in_one_step() -> None:
    trainer = trainer_of(TrainerConfig(epochs=2, batch_size=None))
    rows = [epoch.record for epoch in trainer.fit()]
    assert [row["step"] for row in rows] == [1, 2]
    assert trainer.train_epoch()[1] == trainer.sampler.num_pairs


def test_without_validation_the_last_state_is_kept() -> None:
    trainer = trainer_of(TrainerConfig(epochs=3, patience=1, learning_rate=0.1))
    weights = []
    for epoch in trainer.fit():
        assert epoch.improved
        weights.append(trainer.model.state_dict()["layer0_embeddings"].clone())
        assert trainer.selection.best_epoch == epoch.record["epoch"]
        assert torch.equal(trainer.selection.best_state["layer0_embeddings"], weights[-1])
    assert len(weights) == trainer.selection.best_epoch == 3
    assert trainer.selection.best_valid is None
    assert torch.equal(trainer.selection.best_state["layer0_embeddings"], weights[-1])


@pytest.mark.parametrize("by", [PositivesBy.user, PositivesBy.interaction])
def test_an_epoch_without_steps_is_a_pass_over_all_pairs(by: PositivesBy) -> None:
    trainer = trainer_of(TrainerConfig(epochs=2, batch_size=32, min_steps_per_epoch=None), by=by)
    pairs = trainer.sampler.num_pairs
    assert pairs % 32 != 0
    rows = [epoch.record for epoch in trainer.fit()]
    steps = math.ceil(pairs / 32)
    assert [row["step"] for row in rows] == [steps, 2 * steps]
    assert trainer.train_epoch()[1] == pairs


def test_steps_per_epoch_is_kept() -> None:
    trainer = trainer_of(
        TrainerConfig(epochs=2, batch_size=16, steps_per_epoch=60, min_steps_per_epoch=None)
    )
    rows = [epoch.record for epoch in trainer.fit()]
    assert [row["step"] for row in rows] == [60, 120]
    assert trainer.train_epoch()[1] == 60 * 16


def test_a_row_of_the_history_describes_its_epoch() -> None:
    losses: list[float] = []
    bpr = build_bpr(BPRConfig())

    def recorded(model: TripleModel, batch: Triples) -> Tensor:
        loss = bpr(model, batch)
        losses.append(loss.item())
        return loss

    config = TrainerConfig(
        epochs=1,
        steps_per_epoch=5,
        batch_size=8,
        learning_rate=0.02,
        min_steps_per_epoch=None,
        final_learning_rate=None,
    )
    trainer = trainer_of(config, validate=scripted_metric(0.25), loss=recorded)
    (row,) = [epoch.record for epoch in trainer.fit()]
    assert list(row) == [
        "epoch",
        "step",
        "loss",
        "learning_rate",
        "seconds",
        "triplets_per_second",
        "valid",
    ]
    assert row["epoch"] == 1
    assert row["step"] == 5
    assert row["learning_rate"] == 0.02
    assert row["loss"] == pytest.approx(sum(losses) / 5, rel=1e-12)
    assert row["seconds"] >= 0
    assert row["triplets_per_second"] > 0
    assert row["valid"]["ndcg@10"] == 0.25


@pytest.mark.slow
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_non_finite_loss_ends_the_run_early_and_keeps_the_best(value: float) -> None:
    bpr = build_bpr(BPRConfig())

    def breaks_in_epoch_2(model: TripleModel, batch: Triples) -> Tensor:
        return bpr(model, batch) * (value if trainer.epoch == 2 and trainer.step >= 155 else 1.0)

    config = TrainerConfig(epochs=3, steps_per_epoch=150, batch_size=1)
    metric = scripted_metric(0.1, 0.2, 0.3)
    trainer = trainer_of(config, validate=metric, loss=breaks_in_epoch_2)
    epochs = trainer.fit()
    next(epochs)
    weights = trainer.model.state_dict()["layer0_embeddings"].clone()
    with pytest.raises(NonFiniteError, match=r"^the loss became (nan|inf) in epoch 2 [^\n]*$"):
        next(epochs)
    assert trainer.selection.best_epoch == 1
    assert trainer.step < 300  # before the epoch's last step
    assert torch.equal(trainer.selection.best_state["layer0_embeddings"], weights)
    assert bool(torch.isfinite(weights).all())


def test_weights_that_overflow_are_noticed() -> None:
    trainer = trainer_of(TrainerConfig(epochs=3, learning_rate=1e30))
    with pytest.raises(NonFiniteError, match=r"trainer\.learning_rate"):
        list(trainer.fit())


@pytest.mark.parametrize("validated", [True, False])
def test_weights_that_the_last_step_of_an_epoch_breaks_are_not_kept(validated: bool) -> None:
    """The loss of that step is still finite, and nothing else checks the weights."""
    metric = scripted_metric(0.1, 0.2) if validated else None
    trainer = trainer_of(TrainerConfig(epochs=2, steps_per_epoch=1, batch_size=8), validate=metric)
    epochs = trainer.fit()
    next(epochs)
    weights = trainer.model.state_dict()["layer0_embeddings"].clone()
    trainer.config.learning_rate = 1e39
    with pytest.raises(NonFiniteError, match=r"^a weight became NaN or infinite in epoch 2 "):
        next(epochs)
    assert trainer.selection.best_epoch == 1
    assert torch.equal(trainer.selection.best_state["layer0_embeddings"], weights)


class Stopped(Exception):
    """Ends the training between two steps."""


def without_times(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    times = ("seconds", "triplets_per_second")
    return [{key: row[key] for key in row if key not in times} for row in records]


@pytest.mark.slow
@pytest.mark.parametrize("by", PositivesBy)
@pytest.mark.parametrize("steps_per_epoch", [None, 5], ids=str)
@pytest.mark.parametrize("validated", [True, False])
def test_a_state_taken_between_any_two_steps_repeats_the_rest_of_the_run(
    by: PositivesBy, steps_per_epoch: int | None, validated: bool, tmp_path: Path
) -> None:
    """Training can resume bit for bit from a checkpoint, any number of times."""
    config = TrainerConfig(
        epochs=4, learning_rate=0.05, batch_size=16, steps_per_epoch=steps_per_epoch, patience=2
    )

    def trainer(start: int | None = None) -> Trainer:
        def stop(part: Trainer) -> None:
            if start is not None and part.step > start:
                raise Stopped

        def validate() -> dict[str, float]:
            # Depends on the weights, falls and rises, and does not change them.
            weights: Tensor = made.model.state_dict()["layer0_embeddings"]
            return {"ndcg@10": float(weights[0].sum().sin())}

        made = trainer_of(config, validate=validate if validated else None, by=by, after_step=stop)
        return made

    whole = trainer()
    records = [epoch.record for epoch in whole.fit()]
    taken: list[dict[str, Any]] = []
    step = 0
    while True:
        part = trainer(step)
        if step:
            part.load_state_dict(load_checkpoint(tmp_path / "last.pt", CPU))
        try:
            taken.extend(epoch.record for epoch in part.fit())
            break
        except Stopped:
            torch.save(part.state_dict(), tmp_path / "last.pt")
            step = part.step
    assert step == part.step == whole.step
    assert without_times(taken) == without_times(records)
    assert part.selection.best_epoch == whole.selection.best_epoch
    assert part.selection.best_valid == whole.selection.best_valid
    for name, value in whole.selection.best_state.items():
        assert torch.equal(part.selection.best_state[name], value)
    for name, value in whole.model.state_dict().items():
        assert torch.equal(part.model.state_dict()[name], value)


def test_the_seconds_of_an_epoch_exclude_the_time_until_the_resume() -> None:
    def stop(trainer: Trainer) -> None:
        raise Stopped

    config = TrainerConfig(epochs=1, steps_per_epoch=2, batch_size=4, min_steps_per_epoch=None)
    first = trainer_of(config, after_step=stop)
    with pytest.raises(Stopped):
        list(first.fit())
    state = first.state_dict()
    state["progress"]["seconds"] = 100.0
    second = trainer_of(config)
    second.load_state_dict(state)
    (row,) = [epoch.record for epoch in second.fit()]
    assert 100 <= row["seconds"] < 150
    assert row["triplets_per_second"] == pytest.approx(8 / row["seconds"], rel=0.3)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_state_that_is_not_finite_is_noticed_between_steps(value: float) -> None:
    config = TrainerConfig(epochs=1, batch_size=16)
    trainer = trainer_of(config, after_step=Trainer.refuse_non_finite)
    trainer.model.state_dict()["layer0_embeddings"][3, 1] = value
    with pytest.raises(NonFiniteError, match="in epoch 1 by step 1"):
        list(trainer.fit())


@pytest.mark.parametrize(
    ("values", "options", "line"),
    [
        (
            [0.1, 0.3, 0.2, 0.2],
            {"patience": 2},
            "stopped: no better ndcg@10 for 2 epochs (trainer.patience); the best epoch is 2",
        ),
        (
            [0.3, 0.2],
            {"patience": 1, "validate_every": 2},
            "stopped: no better ndcg@10 for 1 validation (trainer.patience); the best epoch is 2",
        ),
        ([0.1, 0.2, 0.3, 0.2, 0.1], {"patience": 2}, "finished trainer.epochs=5"),
        (
            [0.1, 0.2, 0.2, 0.2, 0.3],
            {"patience": None},
            "finished trainer.epochs=5; the last epoch is the best so far, so more epochs may give "
            "better metrics",
        ),
        (None, {"patience": None}, "finished trainer.epochs=5"),
    ],
)
def test_the_end_of_the_training_is_explained(
    values: list[float] | None, options: dict[str, int | None], line: str
) -> None:
    config = TrainerConfig(epochs=5, batch_size=64)
    for key, value in options.items():
        setattr(config, key, value)
    trainer = trainer_of(config, validate=None if values is None else scripted_metric(*values))
    list(trainer.fit())
    assert describe_end(trainer) == line
