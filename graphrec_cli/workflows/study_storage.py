"""Where the study of a search is: a file of the sweep, or a database."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphrec_cli.config.addresses import resolved
from graphrec_cli.config.search import Pruner, Sampler, SearchConfig
from graphrec_cli.errors import ConfigError, OutputError, Pruned
from graphrec_cli.system.seeds import derive_seed
from graphrec_cli.terminal_text import first_line

if TYPE_CHECKING:
    import optuna

_JOURNAL = "study.log"
_OWN = "search"
"""Name of the study in a sweep's own file; Hyperband's brackets depend on it."""
_ATTEMPTS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyPlace:
    """Where a study is; processes of other machines can open it too.

    Attributes:
        search: its settings.
        folder: the sweep's folder, whose file is used without an address.
        sweep: identity of the sweep, for a study that others share.
        minimize: whether a smaller value of the metric is the better one.
        epochs: most epochs of a trial.
        seed: of the first trial's random generator.
    """

    search: SearchConfig
    folder: Path
    sweep: str
    minimize: bool
    epochs: int
    seed: int


def open_study(place: StudyPlace) -> optuna.Study:
    """Open a study, or make it.

    Raises:
        ConfigError: Optuna is not installed, or a variable with the address is not set.
    """
    try:
        import optuna
    except ImportError as error:
        raise ConfigError(
            "a search needs Optuna; install it with pip install 'graphrec-cli[sweep]'"
        ) from error

    from sqlalchemy.exc import IntegrityError, ProgrammingError

    optuna.logging.disable_default_handler()
    # Machines that start together make the tables and the study at the same time.
    collisions = (
        IntegrityError,
        ProgrammingError,
        optuna.exceptions.DuplicatedStudyError,
        optuna.exceptions.StorageInternalError,
    )
    for _ in range(_ATTEMPTS):
        with suppress(*collisions):
            return _create(place)
        time.sleep(1)
    return _create(place)


def _create(place: StudyPlace) -> optuna.Study:
    import optuna

    search = place.search
    return optuna.create_study(
        storage=_storage(place),
        study_name=_OWN if search.study is None else search.study,
        load_if_exists=True,
        direction="minimize" if place.minimize else "maximize",
        pruner=_pruner(place),
    )


def _storage(place: StudyPlace) -> Any:
    from optuna.storages import JournalStorage, RDBStorage
    from optuna.storages.journal import JournalFileBackend
    from sqlalchemy.pool import NullPool

    from graphrec_cli.workflows.journal_lock import JournalLock, cut_torn_line

    if place.search.storage is None:
        path = place.folder / _JOURNAL
        lock = JournalLock(path)
        cut_torn_line(path, lock)
        return JournalStorage(JournalFileBackend(str(path), lock_obj=lock))
    address = resolved(place.search.storage, "hydra.sweeper.storage")
    # Without a driver's name SQLAlchemy would look for one that we do not install.
    address = address.replace("postgresql://", "postgresql+psycopg://", 1)
    # No connection stays open while a trial runs for hours.
    return RDBStorage(address, engine_kwargs={"poolclass": NullPool})


def sampler_of(place: StudyPlace, number: int, key: int) -> optuna.samplers.BaseSampler:
    """The sampler of one key of one trial.

    A search that was killed between two of them draws what an undisturbed one draws.
    """
    from optuna.samplers import RandomSampler, TPESampler

    seed = derive_seed(place.seed, f"trial {number}, key {key}") % 2**32
    if place.search.sampler is Sampler.random:
        return RandomSampler(seed=seed)
    return TPESampler(seed=seed, n_startup_trials=place.search.startup_trials)


def _pruner(place: StudyPlace) -> optuna.pruners.BasePruner:
    from optuna.pruners import HyperbandPruner, MedianPruner, NopPruner

    search = place.search
    if search.pruner is Pruner.none:
        return NopPruner()
    if search.pruner is Pruner.hyperband:
        return HyperbandPruner(
            min_resource=max(search.warmup_epochs, 1), max_resource=max(place.epochs, 2)
        )
    return MedianPruner(n_startup_trials=search.startup_trials, n_warmup_steps=search.warmup_epochs)


@contextmanager
def storage_errors(place: StudyPlace) -> Iterator[None]:
    """Turn errors of the storage into one line without its address, which may hold a secret."""
    try:
        yield
    except (ConfigError, Pruned):
        raise
    except Exception as error:
        name = type(error).__name__
        if place.search.storage is None:
            raise OutputError(f"{place.folder / _JOURNAL}: {name}: {first_line(error)}") from error
        raise OutputError(
            f"the storage of the search fails ({name}); check hydra.sweeper.storage, and that the "
            "database is reachable"
        ) from error
