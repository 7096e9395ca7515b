"""How much of a comparison its html report keeps, so that the file stays small."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Detail:
    """How much of a comparison the report keeps.

    Attributes:
        entries: of them, the best.
        metrics: of them, the first; the one that ranks the entries is always kept.
        keys: config keys that differ.
        text: characters of a text.
        runs: runs of an entry that are named, and whose curves are drawn.
        points: epochs of a curve, see :func:`~graphrec_cli.reporting.thin_curves.kept_epochs`.
        all_curves: curves of every metric, otherwise of the one that ranks the entries.
        all_pairs: every pair, otherwise those with the best entry.
    """

    entries: int = 200
    metrics: int = 100
    keys: int = 40
    text: int = 120
    runs: int = 20
    points: int = 400
    all_curves: bool = True
    all_pairs: bool = True


DETAILS = (
    Detail(),
    Detail(points=100),
    Detail(points=100, all_pairs=False),
    Detail(points=50, all_pairs=False),
    Detail(points=50, all_pairs=False, all_curves=False),
    Detail(points=30, all_pairs=False, all_curves=False, runs=3, text=80),
    Detail(points=30, all_pairs=False, all_curves=False, runs=1, text=80, keys=12, metrics=12),
    Detail(
        points=20,
        all_pairs=False,
        all_curves=False,
        runs=1,
        text=40,
        keys=6,
        metrics=6,
        entries=40,
    ),
)
"""From all that a small comparison has to what fits whatever the comparison is."""


def left_out(comparison: Mapping[str, Any], detail: Detail) -> list[str]:
    """What a report of this detail leaves out, a sentence each."""
    entries = comparison["entries"]
    runs = max((len(entry["runs"]) for entry in entries), default=0)
    sizes = (
        (detail.entries, len(entries), "entries"),
        (detail.metrics, len(comparison["metrics"]), "metrics"),
        (detail.keys, len(comparison["config_keys"]), "config keys that differ"),
        (detail.runs, runs, "runs of an entry"),
    )
    notes = [
        f"The first {kept} of {all_} {what} are kept." for kept, all_, what in sizes if all_ > kept
    ]
    epochs = [len(curve["epoch"]) for entry in entries for curve in entry["curves"]]
    if max(epochs, default=0) > detail.points:
        notes.append(
            f"Of up to {max(epochs)} epochs, a curve keeps about {detail.points}: evenly spaced "
            "ones, and the first, the last and the selected one."
        )
    if not detail.all_curves and len(comparison["metrics"]) > 1:
        notes.append("Validation curves of the ranking metric alone are kept.")
    if not detail.all_pairs and len(entries) > 2:
        notes.append("Only pairs with the best entry are kept.")
    return notes


def fewest_bytes(comparison: Mapping[str, Any], detail: Detail) -> int:
    """Bytes that the numbers of curves and pairs need at least, known before they are written."""
    entries = comparison["entries"][: detail.entries]
    metrics = min(len(comparison["metrics"]), detail.metrics)
    columns = 2 + (metrics if detail.all_curves else 1)
    values = sum(
        columns * min(len(curve["epoch"]), detail.points)
        for entry in entries
        for curve in entry["curves"][: detail.runs]
    )
    pairs = len(entries) * (len(entries) - 1) // 2 if detail.all_pairs else len(entries) - 1
    # A digit and a comma each, and 14 numbers or more a pair.
    return 2 * (values + 14 * min(pairs * metrics, len(comparison["pairs"])))
