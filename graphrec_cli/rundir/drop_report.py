"""Report the rows that preparing the data has dropped."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.log_lines import log_drops
from graphrec_cli.data.tables.quarantine import BadLine
from graphrec_cli.rundir.directory import RunDirectory
from graphrec_cli.storage.atomic import write_csv, write_json
from graphrec_cli.terminal_text import counted

log = logging.getLogger("graphrec")


class DropReport:
    """Logs dropped rows and bad lines, and writes them to the run directory if there is one."""

    def __init__(self, run: RunDirectory | None = None, *, only_failures: bool = False) -> None:
        """Make a report.

        Args:
            run: where to write the report; None to log only.
            only_failures: log dropped rows only if the split fails.
        """
        self._run = run
        self._only_failures = only_failures

    def bad_lines(self, bad: Sequence[BadLine]) -> None:
        """Write the lines that could not be read to quarantine.csv, unchanged."""
        if not bad or self._run is None:
            return
        rows = [(line.file, line.line, line.reason, line.text) for line in bad]
        write_csv(self._run.quarantine, ("file", "line", "reason", "text"), rows)
        log.info("wrote %s to %s", counted(len(rows), "bad line"), self._run.quarantine)

    def drops(self, funnel: Funnel, *, failed: bool = False) -> None:
        """Log the dropped rows by cause, and write funnel.json."""
        if failed or not self._only_failures:
            log_drops(funnel)
        if self._run is not None:
            write_json(self._run.funnel, funnel.to_dict())
