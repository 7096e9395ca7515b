"""Find unfinished runs that a config can resume."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.serialize import SavedConfig, config_from_dict
from graphrec_cli.errors import GraphrecError
from graphrec_cli.rundir.config_fingerprint import MACHINE, config_sha256
from graphrec_cli.rundir.directory import RunDirectory, newest_first

log = logging.getLogger("graphrec")


def unfinished_runs(
    content: dict[str, Any], output_dir: Path
) -> Iterator[tuple[RunDirectory, SavedConfig]]:
    """Unfinished runs under ``output_dir`` with the same config, newest first.

    Runs that cannot be read are skipped.

    Args:
        content: content of a config.json; the device and number of threads may differ.
    """
    wanted = config_sha256(content, but=MACHINE)
    for path in newest_first(output_dir):
        with suppress(GraphrecError):
            run = RunDirectory.find(str(path))
            found = run.read(run.config)
            if not run.is_completed() and config_sha256(found, but=MACHINE) == wanted:
                yield run, config_from_dict(found, str(run.config))


def warn_of_other_epochs(before: RunConfig, config: RunConfig) -> None:
    """Warn if the number of epochs was changed, and the learning rates so far depend on it.

    Args:
        before: the config so far.
        config: the config to resume with.
    """
    was, now = before.trainer.epochs, config.trainer.epochs
    if config.trainer.final_learning_rate is not None and now != was:
        log.warning(
            "trainer.epochs was %d and is %d: the learning rate falls to "
            "trainer.final_learning_rate by epoch %d from here on, so the weights will differ from "
            "those of a run that began with it; start one with --from to compare",
            was,
            now,
            now,
        )
