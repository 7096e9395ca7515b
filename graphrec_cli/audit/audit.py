"""The leakage audit: check the split, graph and model selection of a run before training."""

from __future__ import annotations

import logging

from graphrec_cli.audit.checks import CHECKS
from graphrec_cli.audit.finding import Outcome
from graphrec_cli.errors import LeakageError
from graphrec_cli.models.base import Model
from graphrec_cli.rundir.directory import RunDirectory
from graphrec_cli.storage.atomic import write_json
from graphrec_cli.training.context import RunContext

log = logging.getLogger("graphrec")


def audit(context: RunContext, model: Model, run: RunDirectory) -> None:
    """Write every finding to audit.json, log the notable ones, and stop a run that leaks.

    Raises:
        LeakageError: a check refused the run; the message names its code.
        OutputError: the file cannot be written.
    """
    findings = {code: check(context, model) for code, check in CHECKS.items()}
    content = {
        code: {"outcome": finding.outcome.name, "line": finding.line}
        for code, finding in findings.items()
    }
    write_json(run.audit, content)
    refused: list[str] = []
    for code, finding in findings.items():
        if finding.outcome is Outcome.said:
            log.info("advice: %s (%s)", finding.advice or finding.line, code)
        if finding.outcome is Outcome.refused:
            refused.append(f"{code}: {finding.line}")
    if refused:
        raise LeakageError("; ".join(refused))
