"""What a comparison of two entries comes to, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphrec_cli.reporting.tables import clip

_MOST_LABEL = 60
_SMALLEST_P = 0.0001


def spell_p(p: float) -> str:
    """A p-value with four decimals, or as an upper bound."""
    return f"<{_SMALLEST_P}" if p < _SMALLEST_P else f"{p:.4f}"


def describe_pair(pair: Mapping[str, Any], comparison: Mapping[str, Any]) -> str:
    """One line about a pair and metric.

    Args:
        pair: of ``comparison``.
        comparison: the whole structure of docs/compare.md.
    """
    labels = {entry["name"]: clip(entry["label"], _MOST_LABEL) for entry in comparison["entries"]}
    a, b = (f"{name} ({labels[name]})" for name in (pair["a"], pair["b"]))
    figures = (
        f"{pair['metric']} {pair['difference']:+.4f} ({pair['low']:+.4f} to {pair['high']:+.4f}), "
        f"p {spell_p(pair['p_holm'])} (Holm)"
    )
    if pair["p_holm"] < 1 - comparison["confidence"]:
        better, worse = (a, b) if pair["difference"] > 0 else (b, a)
        line = f"{better} is better than {worse}: {figures}"
    else:
        line = f"no difference found between {a} and {b}: {figures}"
        needed = pair["needed_users"]
        if needed is not None and needed > comparison["users"]:
            line += f"; {needed:,} users would be needed to find one of this size"
    test = pair["equivalence"]
    if test is None:
        return line
    shown = "it is shown" if test["no_worse"] else "it is not shown"
    claim = f"{pair['b']} is worse than {pair['a']} by less than {test['margin']:.2g}"
    return f"{line}; {shown} that {claim} (p {spell_p(test['p'])})"
