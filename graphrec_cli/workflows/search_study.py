"""The study of a search: Optuna's ask and tell."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphrec_cli.config.search_space import Choice, Dimension
from graphrec_cli.workflows.study_storage import (
    StudyPlace,
    open_study,
    sampler_of,
    storage_errors,
)

if TYPE_CHECKING:
    import optuna

_SWEEP, _RUN = "sweep", "run"
"""Attributes of a trial: the sweep that runs it, and the number of the run there."""
_GIVEN = "given"
"""Attribute of the trial that is the given configuration."""


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
        with storage_errors(place):
            self._study = open_study(place)

    def begin(self, given: Mapping[str, str]) -> None:
        """Put the given configuration into a new study, as its first trial.

        Args:
            given: its values as written after ``key=``, of keys where they lie in the space.
        """
        with storage_errors(self._place):
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
        with storage_errors(self._place):
            for _ in range(count):
                begun = [each for each in self._trials() if not _is_waiting(each)]
                if len(begun) >= self._place.search.trials:
                    break
                trial = self._study.ask()
                trial.set_user_attr(_SWEEP, self._place.sweep)
                trial.set_user_attr(_RUN, self._next_run(trial.number))
                asked.append(self._draw(trial.number))
        return asked

    def unfinished(self) -> list[Trial]:
        """The trials of this sweep that have no result."""
        with storage_errors(self._place):
            return [
                self._draw(each.number)
                for each in self._trials()
                if each.state.name == "RUNNING" and self._is_own(each)
            ]

    def begun(self) -> list[Trial]:
        """The trials that this sweep has begun, by the number of their run."""
        with storage_errors(self._place):
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
        with storage_errors(self._place):
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
        return bool(trial.user_attrs.get(_SWEEP) == self._place.sweep)

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
                self._study.sampler = sampler_of(self._place, number, place)
                values[dimension.key] = _suggest(trial, dimension)
        run = frozen.user_attrs.get(_RUN, number)
        return Trial(number, run, values, given is not None)


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
