"""Report the validations of a trial to its study."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphrec_cli.config.search import search_from_dict
from graphrec_cli.errors import Pruned
from graphrec_cli.workflows.study_storage import StudyPlace, open_study, storage_errors

if TYPE_CHECKING:
    import optuna


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
            "sweep": place.sweep,
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
            sweep=content["sweep"],
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
        with storage_errors(self._place):
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
            study = open_study(self._place)
            frozen = study.get_trials(deepcopy=False)[self._number]
            self._trial = optuna.trial.Trial(study, frozen._trial_id)
        return self._trial
