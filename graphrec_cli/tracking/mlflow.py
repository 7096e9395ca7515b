"""``logger=mlflow``: a run in the database or on the server that ``logger.mlflow.uri`` names."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from graphrec_cli.config.trackers import MlflowConfig
from graphrec_cli.tracking.mlflow_store import import_mlflow, open_experiment
from graphrec_cli.tracking.record import known_id, record_id
from graphrec_cli.tracking.tracker import EpochValues, RunEnd, RunStart

_METRICS, _PARAMS = 1000, 100
"""Most of them in one call."""
_STATES = {"completed": "FINISHED", "pruned": "FINISHED", "interrupted": "KILLED"}


class MlflowTracker:
    """Writes parameters, metrics, tags and artifacts of one run."""

    def __init__(self, start: RunStart, config: MlflowConfig) -> None:
        self._mlflow = import_mlflow()
        self._start, self._config = start, config
        self._first = 0
        """Epochs up to this one are there already."""

    def begin(self) -> None:
        """Open the store and the run, and record the config."""
        start = self._start
        self._client, experiment = open_experiment(self._mlflow, self._config, start.home)
        run = self._earlier(experiment)
        if run is None:
            run = self._client.create_run(
                experiment, run_name=start.run.path.absolute().name, tags=start.tags
            )
            record_id(start.run, "mlflow", run.info.run_id)
        self._id = run.info.run_id
        params = {key: "null" if each is None else str(each) for key, each in start.params.items()}
        new = {key: text for key, text in params.items() if key not in run.data.params}
        entities = [self._mlflow.entities.Param(key, text) for key, text in new.items()]
        for first in range(0, len(entities), _PARAMS):
            self._client.log_batch(self._id, params=entities[first : first + _PARAMS])
        # Parameters cannot change, but a run may be resumed with other values of a few keys.
        for key in params.keys() - new.keys():
            if params[key] != run.data.params[key]:
                self._client.set_tag(self._id, f"resumed.{key}", params[key])

    def log(self, epochs: list[EpochValues]) -> None:
        """Record the values of each epoch that is not there."""
        self._log_metrics(
            [
                self._metric(name, value, each.time, each.epoch)
                for each in epochs
                if each.epoch > self._first
                for name, value in each.values.items()
            ]
        )

    def finish(self, end: RunEnd) -> None:
        """Record final figures, pictures, files and the state."""
        figures = end.figures.items()
        self._log_metrics(
            [self._metric(name, value, time.time(), end.epoch) for name, value in figures]
        )
        self._client.set_tag(self._id, "graphrec.state", end.state)
        for picture in end.pictures:
            self._client.log_artifact(self._id, str(picture), "plots")
        for file in end.files:
            self._client.log_artifact(self._id, str(file))
        self._client.set_terminated(self._id, _STATES.get(end.state, "FAILED"))

    def _earlier(self, experiment: str) -> Any:
        """The run that a resumed run continues; None for a new one.

        trackers.json may come from somebody else: a run of another config is left alone.
        """
        known = known_id(self._start.run, "mlflow") if self._start.resumed else None
        if known is None:
            return None
        try:
            run = self._client.get_run(known)
        except self._mlflow.exceptions.MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":  # in another store
                return None
            raise
        own = self._start.tags.items() <= run.data.tags.items()
        if not own or run.info.experiment_id != experiment or run.info.lifecycle_stage != "active":
            return None
        self._client.update_run(known, status="RUNNING")
        history = self._client.get_metric_history(known, "loss")
        self._first = max((metric.step for metric in history), default=0)
        return run

    def _metric(self, name: str, value: float, seconds: float, epoch: int) -> Any:
        """A metric under a name that MLflow takes: it has no ``@``."""
        named = name.replace("@", "_at_")
        return self._mlflow.entities.Metric(named, value, int(1000 * seconds), epoch)

    def _log_metrics(self, metrics: Sequence[Any]) -> None:
        for first in range(0, len(metrics), _METRICS):
            self._client.log_batch(self._id, metrics=metrics[first : first + _METRICS])
