"""Compare a run's test figures with the bands that its recipe expects."""

from __future__ import annotations

from typing import Any

from graphrec_cli.config.bands import ExpectedConfig


def against_bands(
    expected: ExpectedConfig,
    test: dict[str, float] | None,
    *,
    epochs: int,
    split_hash: str,
    values_sha256: str,
) -> dict[str, Any] | None:
    """Compare test metrics with the recipe's bands; None if it has none.

    Args:
        test: the test metrics; None without a test part.
        epochs: number of epochs trained.
        split_hash: digest of the run's split.
        values_sha256: digest of the values that a recipe fixes.

    Returns:
        ``inside``: whether the run is inside every band that applies to it, None if none applies;
        ``why_not``: the reason for None; ``bands``: the bands that apply, each with the run's
        ``value`` and ``inside``.
    """
    if not expected.bands:
        return None
    if test is None:
        return _not_compared("this run has no test part")
    if expected.split_hash not in (None, split_hash):
        return _not_compared("they hold for another split")
    if expected.values_sha256 not in (None, values_sha256):
        return _not_compared("this run has other values than the recipe")
    of_these_epochs = [band for band in expected.bands if band.epochs == epochs]
    if not of_these_epochs:
        known = ", ".join(map(str, sorted({band.epochs for band in expected.bands})))
        return _not_compared(f"they hold for {known} epochs")
    missing = sorted({band.metric for band in of_these_epochs} - test.keys())
    if missing:
        return _not_compared(f"evaluation.ks leaves out {', '.join(missing)}")
    bands = [
        {
            "metric": band.metric,
            "value": test[band.metric],
            "low": band.low,
            "high": band.high,
            "inside": band.low <= test[band.metric] <= band.high,
        }
        for band in of_these_epochs
    ]
    return {"inside": all(band["inside"] for band in bands), "why_not": None, "bands": bands}


def _not_compared(why_not: str) -> dict[str, Any]:
    return {"inside": None, "why_not": why_not, "bands": []}


def describe_bands(compared: dict[str, Any]) -> list[str]:
    """Describe the result of ``against_bands`` in lines for the screen."""
    if compared["inside"] is None:
        return [f"the recipe's expected figures are not compared: {compared['why_not']}"]
    return [
        f"test {band['metric']} {band['value']:.4f} is {'inside' if band['inside'] else 'OUTSIDE'} "
        f"the recipe's band {band['low']:.4f} to {band['high']:.4f}"
        for band in compared["bands"]
    ]
