"""Settings of a run that cannot act on this data, each with the reason."""

from __future__ import annotations

from collections.abc import Iterator

from graphrec_cli.config.closed_form import GraphFilterConfig, ItemKNNConfig
from graphrec_cli.config.evaluation import RankingConfig
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.trainer import TrainerConfig
from graphrec_cli.config.unused import describe_unused
from graphrec_cli.data.splits.split import Split
from graphrec_cli.planning.sizes import RunSizes
from graphrec_cli.terminal_text import counted


def dead_settings(config: RunConfig, sizes: RunSizes, split: Split) -> list[str]:
    """Lines such as ``trainer.patience=30 cannot stop training: ...``.

    Values that are the default are not named, nor those that ``train`` refuses.
    """
    lines = describe_unused(config)
    if config.model.learns_from():
        lines += [*_of_validation(config, sizes, split), *_of_steps(config.trainer, sizes)]
    return [*lines, *_of_ranking(config, sizes), *_of_model(config, sizes)]


def _of_validation(config: RunConfig, sizes: RunSizes, split: Split) -> Iterator[str]:
    trainer, validations = config.trainer, sizes.validations
    if not validations:
        return  # describe_unused names them
    # The first validation is the best so far, and after the last one training ends anyway.
    if trainer.patience is not None and trainer.patience >= validations - 1:
        yield (
            f"trainer.patience={trainer.patience} cannot stop training: there are at most "
            f"{counted(validations, 'validation')}, of which the first is the best so far and the "
            "last ends training anyway"
        )
    if trainer.validate_every > trainer.epochs:
        yield (
            f"trainer.validate_every={trainer.validate_every} is above "
            f"trainer.epochs={trainer.epochs}: only the last epoch is validated"
        )
    assert split.valid is not None
    users = int((split.valid.user_degree > 0).sum())
    if trainer.valid_users is not None and trainer.valid_users >= users:
        yield (
            f"trainer.valid_users={trainer.valid_users:,} samples nothing: the valid part has "
            f"{counted(users, 'user')}"
        )


def _of_steps(trainer: TrainerConfig, sizes: RunSizes) -> Iterator[str]:
    default = TrainerConfig()
    pairs, asked, least = sizes.train_pairs, trainer.batch_size, trainer.min_steps_per_epoch
    lowered = asked is not None and trainer.batch_size_for(pairs) < asked
    if asked is not None and asked != default.batch_size and sizes.batch < asked:
        why = f"by trainer.min_steps_per_epoch={least}" if lowered else "all train pairs"
        yield (
            f"trainer.batch_size={asked:,} is not reached: batches have "
            f"{counted(sizes.batch, 'example')}, {why}"
        )
    if least not in (None, default.min_steps_per_epoch) and not lowered:
        yield (
            f"trainer.min_steps_per_epoch={least} changes nothing: an epoch has "
            f"{counted(sizes.steps_per_epoch, 'step')} without it"
        )
    steps = sizes.epochs * sizes.steps_per_epoch
    if trainer.warmup_steps > steps:
        yield (
            f"trainer.warmup_steps={trainer.warmup_steps:,} never ends: training has "
            f"{counted(steps, 'step')}, so that trainer.learning_rate is not reached"
        )
    if trainer.checkpoint_every is not None and trainer.checkpoint_every > trainer.epochs:
        yield (
            f"trainer.checkpoint_every={trainer.checkpoint_every} is above "
            f"trainer.epochs={trainer.epochs}: only the last epoch is written"
        )


def _of_ranking(config: RunConfig, sizes: RunSizes) -> Iterator[str]:
    evaluation, users = config.evaluation, max(sizes.valid_users, sizes.test_users)
    chunk = evaluation.chunk_users if isinstance(evaluation, RankingConfig) else None
    if chunk is not None and chunk > users > 0:
        yield (
            f"evaluation.chunk_users={chunk:,} is above the {counted(users, 'user')} that are "
            "ranked: there is one chunk"
        )


def _of_model(config: RunConfig, sizes: RunSizes) -> Iterator[str]:
    model = config.model
    if isinstance(model, ItemKNNConfig) and model.neighbors > sizes.items:
        yield (
            f"model.neighbors={model.neighbors:,} is above the {counted(sizes.items, 'item')}: "
            "each item has all others"
        )
    most = min(sizes.users, sizes.items)
    if isinstance(model, GraphFilterConfig) and model.singular_vectors > most:
        yield (
            f"model.singular_vectors={model.singular_vectors:,} is above what a matrix of "
            f"{counted(sizes.users, 'user')} and {counted(sizes.items, 'item')} has: {most:,} are "
            "used"
        )
