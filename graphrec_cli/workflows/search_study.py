"""The study of a search: Optuna's ask and tell, in a file of the sweep or in a database."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphrec_cli.config.search import Pruner, Sampler, SearchConfig, search_from_dict
from graphrec_cli.config.search_space import Choice, Dimension
from graphrec_cli.errors import ConfigError, OutputError, Pruned
from graphrec_cli.system.seeds import derive_seed
from graphrec_cli.terminal_text import first_line

if TYPE_CHECKING:
    import optuna

_JOURNAL = "study.log"
_SWEEP, _RUN = "sweep", "run"
"""Attributes of a trial: the sweep that runs it, and the number of the run there."""
_OWN = "search"
"""Name of the study in a sweep's own file; Hyperband's brackets depend on it."""
_ATTEMPTS = 4
_GIVEN = "given"
"""Attribute of the trial that is the given configuration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyPlace:
    """Where a study is; processes of other machines can open it too.

    Attributes:
        search: its settings.
        folder: the sweep's folder, whose file is used without an address.
        minimize: whether a smaller value of the metric is the better one.
        epochs: most epochs of a trial.
        seed: of the first trial's random generator.
    """

    search: SearchConfig
    folder: Path
    minimize: bool
    epochs: int
    seed: int


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial of this sweep.

    Attributes:
        number: its number in the study, from 0.
        run: number of its run in the sweep's folder, from 0.
        values: key to the drawn value, as written after ``key=``; of the given configuration
            those that lie in the space.
        is_given: whether it is the given configuration itself.
    """

    number: int
    run: int
    values: dict[str, str]
    is_given: bool


class Study:
    """Draws trials and takes their results. Every step is in the storage before the next one."""

    def __init__(self, place: StudyPlace) -> None:
        """Open the study, or make it.

        Raises:
            ConfigError: the package is missing, or the storage cannot be opened.
        """
        self._place = place
        with _storage_errors(place):
            self._study = _open(place)

    def begin(self, given: Mapping[str, str]) -> None:
        """Put the given configuration into a new study, as its first trial.

        Args:
            given: its values as written after ``key=``, of keys where they lie in the space.
        """
        with _storage_errors(self._place):
            if not self._study.get_trials(deepcopy=False):
                params = {
                    dimension.key: _param(dimension, given[dimension.key])
                    for dimension in self._place.search.space
                    if dimension.key in given
                }
                self._study.enqueue_trial(params, user_attrs={_GIVEN: list(params)})

    def ask(self, count: int) -> list[Trial]:
        """Draw at most ``count`` trials more; fewer when the study has its number of trials."""
        asked = []
        with _storage_errors(self._place):
            for _ in range(count):
                begun = [each for each in self._trials() if not _is_waiting(each)]
                if len(begun) >= self._place.search.trials:
                    break
                trial = self._study.ask()
                trial.set_user_attr(_SWEEP, self._place.folder.name)
                trial.set_user_attr(_RUN, self._next_run(trial.number))
                asked.append(self._draw(trial.number))
        return asked

    def unfinished(self) -> list[Trial]:
        """The trials of this sweep that have no result."""
        with _storage_errors(self._place):
            return [
                self._draw(each.number)
                for each in self._trials()
                if each.state.name == "RUNNING" and self._is_own(each)
            ]

    def begun(self) -> list[Trial]:
        """The trials that this sweep has begun, by the number of their run."""
        with _storage_errors(self._place):
            own = [each for each in self._trials() if self._is_own(each)]
            found = [self._draw(each.number) for each in own if not _is_waiting(each)]
        return sorted(found, key=lambda trial: trial.run)

    def tell(self, trial: Trial, state: str, value: float | None) -> None:
        """Record the end of a trial.

        Args:
            state: ``completed``, ``pruned`` or ``failed``.
            value: the valid metric of a completed trial.
        """
        from optuna.trial import TrialState

        states = {
            "completed": TrialState.COMPLETE,
            "pruned": TrialState.PRUNED,
            "failed": TrialState.FAIL,
        }
        with _storage_errors(self._place):
            told = value if state == "completed" else None
            self._study.tell(trial.number, told, states[state], skip_if_finished=True)

    def importance(self) -> dict[str, float]:
        """The share of each key in the differences between completed trials, largest first.

        PED-ANOVA of Watanabe et al., "PED-ANOVA: Efficiently Quantifying Hyperparameter Importance
        in Arbitrary Subspaces", IJCAI 2023. Keys that not every trial has are left out; empty for
        fewer than four trials.
        """
        from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

        done = [each for each in self._trials() if each.state.name == "COMPLETE"]
        if len(done) < 4 or len({each.value for each in done}) < 2:
            return {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that few trials say little
            return get_param_importances(self._study, evaluator=PedAnovaImportanceEvaluator())

    def history(self) -> list[tuple[int, str, float | None]]:
        """Number, state and value of every trial that has ended; of a pruned one its last value."""
        ended = [each for each in self._trials() if each.state.is_finished()]
        return [
            (
                each.number,
                {"COMPLETE": "completed", "PRUNED": "pruned"}.get(each.state.name, "failed"),
                each.value if each.value is not None else _last(each.intermediate_values),
            )
            for each in ended
        ]

    def _trials(self) -> Sequence[optuna.trial.FrozenTrial]:
        return self._study.get_trials(deepcopy=False)

    def _is_own(self, trial: optuna.trial.FrozenTrial) -> bool:
        if self._place.search.storage is None:
            return True
        return bool(trial.user_attrs.get(_SWEEP) == self._place.folder.name)

    def _next_run(self, number: int) -> int:
        """Runs are numbered like trials, unless other sweeps share the study."""
        if self._place.search.storage is None:
            return number
        own = [each.user_attrs for each in self._trials() if self._is_own(each)]
        return max([-1, *(int(attributes.get(_RUN, -1)) for attributes in own)]) + 1

    def _draw(self, number: int) -> Trial:
        """The values of a trial; those that it lacks, as after a kill, are drawn now."""
        import optuna

        frozen = self._trials()[number]
        trial = optuna.trial.Trial(self._study, frozen._trial_id)
        given = frozen.user_attrs.get(_GIVEN)
        values: dict[str, str] = {}
        for place, dimension in enumerate(self._place.search.space):
            if dimension.applies(values) and (given is None or dimension.key in given):
                self._study.sampler = _sampler(self._place, number, place)
                values[dimension.key] = _suggest(trial, dimension)
        run = frozen.user_attrs.get(_RUN, number)
        return Trial(number, run, values, given is not None)


class Reporter:
    """Reports the validations of a trial, and ends it where the pruner says so.

    It can be sent to another process: the study is opened when it is first called.
    """

    def __init__(self, place: StudyPlace, number: int) -> None:
        self._place = place
        self._number = number
        self._trial: optuna.trial.Trial | None = None

    def to_dict(self) -> dict[str, Any]:
        """What ``from_dict`` takes, as plain values."""
        place = self._place
        search = place.search.to_dict() | {"storage": place.search.storage}
        return {
            "search": search,
            "minimize": place.minimize,
            "epochs": place.epochs,
            "seed": place.seed,
            "number": self._number,
        }

    @classmethod
    def from_dict(cls, content: dict[str, Any], folder: Path) -> Reporter:
        """The reporter of a trial whose sweep is in ``folder``."""
        place = StudyPlace(
            search=search_from_dict(content["search"], "hydra.sweeper"),
            folder=folder,
            minimize=content["minimize"],
            epochs=content["epochs"],
            seed=content["seed"],
        )
        return cls(place, content["number"])

    def __call__(self, epoch: int, value: float) -> None:
        """Report the valid metric of an epoch.

        Raises:
            Pruned: the trial is behind the others.
            OutputError: the storage cannot be written to.
        """
        with _storage_errors(self._place):
            trial = self._open_trial()
            known = trial.study.get_trials(deepcopy=False)[self._number].intermediate_values
            if epoch not in known:  # a resumed run repeats epochs
                trial.report(value, epoch)
            is_behind = trial.should_prune()
        if is_behind:
            raise Pruned(f"pruned after epoch {epoch}: other trials are ahead of {value:.4f}")

    def _open_trial(self) -> optuna.trial.Trial:
        import optuna

        if self._trial is None:
            study = _open(self._place)
            frozen = study.get_trials(deepcopy=False)[self._number]
            self._trial = optuna.trial.Trial(study, frozen._trial_id)
        return self._trial


def _open(place: StudyPlace) -> optuna.Study:
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
    address = place.search.storage
    if address.startswith("env://"):
        address = os.environ.get(address.removeprefix("env://"), "")
        if not address:
            raise ConfigError(f"{place.search.storage}: the variable is not set")
    # Without a driver's name SQLAlchemy would look for one that we do not install.
    address = address.replace("postgresql://", "postgresql+psycopg://", 1)
    # No connection stays open while a trial runs for hours.
    return RDBStorage(address, engine_kwargs={"poolclass": NullPool})


def _sampler(place: StudyPlace, number: int, key: int) -> optuna.samplers.BaseSampler:
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


def _suggest(trial: optuna.trial.Trial, dimension: Dimension) -> str:
    key, values = dimension.key, dimension.values
    if isinstance(values, Choice):
        return str(trial.suggest_categorical(key, values.values))
    if values.whole:
        step = 1 if values.step is None else int(values.step)
        low, high = int(values.low), int(values.high)
        high -= (high - low) % step
        return values.spell(trial.suggest_int(key, low, high, step=step, log=values.log))
    high_end = values.high
    if values.step is not None:
        high_end = values.low + int((values.high - values.low) / values.step + 1e-9) * values.step
    return values.spell(
        trial.suggest_float(key, values.low, high_end, step=values.step, log=values.log)
    )


def _param(dimension: Dimension, text: str) -> Any:
    """What Optuna keeps for a value that is written as ``text``."""
    if isinstance(dimension.values, Choice):
        return text
    return int(text) if dimension.values.whole else float(text)


def _is_waiting(trial: optuna.trial.FrozenTrial) -> bool:
    return trial.state.name == "WAITING"


def _last(values: Mapping[int, float]) -> float | None:
    return values[max(values)] if values else None


@contextmanager
def _storage_errors(place: StudyPlace) -> Iterator[None]:
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
