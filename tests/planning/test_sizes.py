from __future__ import annotations

from dataclasses import replace

import pytest

from graphrec_cli.config.closed_form import EASEConfig
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.trainer import TrainerConfig
from graphrec_cli.data.splits.split import Split
from graphrec_cli.planning.sizes import run_sizes


def test_counts_of_a_small_split(small_split: Split) -> None:
    trainer = TrainerConfig(epochs=5, batch_size=3, min_steps_per_epoch=None, validate_every=2)
    sizes = run_sizes(RunConfig(trainer=trainer), small_split)
    assert (sizes.users, sizes.items, sizes.nodes, sizes.catalog) == (4, 5, 9, 4)
    assert (sizes.train_pairs, sizes.valid_pairs, sizes.test_pairs) == (7, 3, 2)
    assert (sizes.valid_users, sizes.test_users) == (2, 2)
    assert (sizes.batch, sizes.steps_per_epoch, sizes.epochs) == (3, 3, 5)
    assert sizes.validations == 3  # after the epochs 2, 4 and 5


@pytest.mark.parametrize(
    ("trainer", "batch", "steps"),
    [
        (TrainerConfig(batch_size=100, min_steps_per_epoch=None), 7, 1),
        (TrainerConfig(batch_size=None), 7, 1),
        (TrainerConfig(batch_size=100, min_steps_per_epoch=4), 2, 4),
        (TrainerConfig(batch_size=2, min_steps_per_epoch=None, steps_per_epoch=9), 2, 9),
        # steps of a given number draw as many examples as they are asked for
        (TrainerConfig(batch_size=100, min_steps_per_epoch=None, steps_per_epoch=9), 100, 9),
    ],
)
def test_batches_and_steps(
    small_split: Split, trainer: TrainerConfig, batch: int, steps: int
) -> None:
    sizes = run_sizes(RunConfig(trainer=trainer), small_split)
    assert (sizes.batch, sizes.steps_per_epoch) == (batch, steps)


def test_sampled_users_and_parts_that_are_not_there(small_split: Split) -> None:
    sampled = RunConfig(trainer=TrainerConfig(valid_users=1))
    assert run_sizes(sampled, small_split).valid_users == 1
    assert run_sizes(RunConfig(trainer=TrainerConfig(valid_users=99)), small_split).valid_users == 2
    without = run_sizes(sampled, replace(small_split, valid=None))
    assert (without.valid_pairs, without.valid_users, without.validations) == (0, 0, 0)


def test_a_model_that_is_not_trained_has_no_steps(small_split: Split) -> None:
    sizes = run_sizes(RunConfig(model=EASEConfig()), small_split)
    assert (sizes.batch, sizes.steps_per_epoch, sizes.epochs, sizes.validations) == (0, 0, 0, 0)
