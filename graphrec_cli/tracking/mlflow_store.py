"""The store of ``logger=mlflow``: a database or a server, and the experiment in it."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock

from graphrec_cli.config.addresses import resolved
from graphrec_cli.config.trackers import MlflowConfig

_SWITCHES = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "CRITICAL",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
}
"""Defaults of variables that MLflow reads: nothing is sent to its makers, and a server that does
not answer is given up soon."""
_OPENING = 60.0
"""Seconds to wait for other runs that open the same database."""


def import_mlflow() -> Any:
    """The package, which prints nothing."""
    for variable, value in _SWITCHES.items():
        os.environ.setdefault(variable, value)
    import mlflow.tracking

    logging.getLogger("urllib3").setLevel(logging.CRITICAL)  # it tells of every new attempt
    return mlflow


def open_experiment(mlflow: Any, config: MlflowConfig, home: Path) -> tuple[Any, str]:
    """A client of the store, and the id of the experiment, which is made if there is none.

    Args:
        mlflow: the package.
        home: folder of the database if the config names no store, and of files where no server
            keeps them.

    Raises:
        Exception: whatever the store raises.
    """
    default = f"sqlite:///{home / 'mlflow.db'}"
    uri = default if config.uri is None else resolved(config.uri, "logger.mlflow.uri")
    with _only_one(uri):
        client = mlflow.tracking.MlflowClient(uri)
        found = client.get_experiment_by_name(config.experiment)
        if found is not None:
            return client, str(found.experiment_id)
        is_server = uri.startswith(("http://", "https://", "databricks"))
        folder = None if is_server else (home / "mlartifacts").as_uri()
        return client, str(client.create_experiment(config.experiment, artifact_location=folder))


@contextmanager
def _only_one(uri: str) -> Iterator[None]:
    """Runs that start together must not make the tables of a new file at the same time."""
    if not uri.startswith("sqlite:///"):
        yield
        return
    file = Path(uri.removeprefix("sqlite:///").partition("?")[0])
    with FileLock(file.with_name(f".{file.name}.lock"), timeout=_OPENING):
        yield
