"""What a metric's name says without a run's configuration: its direction, the default metric."""

from __future__ import annotations

from graphrec_cli.config.store import SCHEMAS


def lower_is_better(metric: str) -> bool:
    """Whether a smaller value of ``metric``, such as ``rmse``, is the better one."""
    return any(kind().lower_is_better(metric) for kind in SCHEMAS["evaluation"].values())


def default_monitor(evaluation: str) -> str:
    """The metric that selects if ``trainer.monitor`` is null; empty for an unknown evaluation.

    Args:
        evaluation: name of the component.
    """
    kind = SCHEMAS["evaluation"].get(evaluation)
    return "" if kind is None else str(kind().default_monitor())
