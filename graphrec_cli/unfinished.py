"""The runs that have not come to their end and that a configuration can go on with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from graphrec_cli.config.serialize import SavedConfig, read_config
from graphrec_cli.config_identity import MACHINE, config_sha256
from graphrec_cli.errors import GraphrecError
from graphrec_cli.rundir import RunDirectory, newest_first


def unfinished_runs(
    content: dict[str, Any], output_dir: Path
) -> Iterator[tuple[RunDirectory, SavedConfig]]:
    """Unfinished runs under ``output_dir`` with the values of a configuration, the newest first.

    Those that cannot be read are passed over.

    Args:
        content: as config.json holds it. The device and the number of threads need not agree.
    """
    wanted = config_sha256(content, but=MACHINE)
    for path in newest_first(output_dir):
        with suppress(GraphrecError):
            run = RunDirectory.find(str(path), output_dir)
            if run.is_completed() or config_sha256(run.read(run.config), but=MACHINE) != wanted:
                continue
            saved = read_config(run.config)
            yield run, saved
