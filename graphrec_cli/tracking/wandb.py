"""``logger=wandb``: a run of Weights & Biases in the folder ``wandb`` of the run directory."""

from __future__ import annotations

import os
from typing import Any

from graphrec_cli.config.trackers import WandbConfig
from graphrec_cli.storage.bounded_json import refuse_links_out
from graphrec_cli.tracking.record import known_id, record_id
from graphrec_cli.tracking.tracker import EpochValues, RunEnd, RunStart

_FOLDER = "wandb"
_SWITCHES = {"WANDB_SILENT": "true", "WANDB_ERROR_REPORTING": "false"}
"""Variables with which nothing is printed, and no crash is reported to its makers."""
_PATIENCE = 10.0
"""Seconds for the server to answer."""
_FLUSH_EVERY = 1.0
"""Seconds of which a run that is killed may lose the values."""


class WandbTracker:
    """Writes config, metrics, pictures and files of one run."""

    def __init__(self, start: RunStart, config: WandbConfig) -> None:
        self._start, self._config = start, config
        self._folder = (start.run.path / _FOLDER).absolute()
        os.environ |= _SWITCHES
        # Else its service writes a log into the user's cache folder.
        os.environ["WANDB_CACHE_DIR"] = str(self._folder / "cache")
        import wandb

        self._wandb = wandb

    def begin(self) -> None:
        """Open the run; a resumed run is a new one that names the earlier."""
        start, config = self._start, self._config
        refuse_links_out(start.run.path, [self._folder, *self._folder.rglob("*")])
        self._folder.mkdir(exist_ok=True)
        values: dict[str, Any] = {**start.params, **start.tags}
        earlier = known_id(start.run, "wandb") if start.resumed else None
        if earlier is not None:
            values["resumed_from"] = earlier
        self._run = self._wandb.init(
            project=config.project,
            entity=config.entity,
            dir=str(start.run.path.absolute()),
            name=start.run.path.absolute().name,
            group=start.run.path.absolute().name,
            config=values,
            settings=self._settings(),
        )
        record_id(start.run, "wandb", self._run.id)

    def log(self, epochs: list[EpochValues]) -> None:
        """Record the values of each epoch."""
        for each in epochs:
            self._run.log(each.values, step=each.epoch, commit=True)

    def finish(self, end: RunEnd) -> None:
        """Record final figures, pictures and files, and wait until they are written or sent."""
        self._run.summary.update({**end.figures, "state": end.state})
        for picture in end.pictures:
            image = self._wandb.Image(str(picture))
            self._run.log({f"plots/{picture.stem}": image})
        for file in end.files:
            self._run.save(
                str(file.absolute()), base_path=str(file.parent.absolute()), policy="now"
            )
        self._run.finish(exit_code=0 if end.state in ("completed", "pruned") else 1)

    def _settings(self) -> Any:
        """Nothing about the machine, its user or the code, and nothing on the screen."""
        return self._wandb.Settings(
            mode=self._config.mode.name,
            reinit="create_new",
            silent=True,
            console="off",
            symlink=False,
            disable_code=True,
            disable_git=True,
            disable_job_creation=True,
            save_code=False,
            init_timeout=_PATIENCE,
            host="",
            x_disable_meta=True,
            x_disable_stats=True,
            x_disable_machine_info=True,
            x_save_requirements=False,
            x_transaction_log_flush_interval=_FLUSH_EVERY,
        )
