"""What a terminal shows of a comparison."""

from __future__ import annotations

from typing import Any

import pytest
from comparisons import comparison
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec_cli.reporting.compare_tables import describe_comparison
from graphrec_cli.reporting.compare_words import describe_pair, spell_p


def relabelled(found: dict[str, Any], label: str) -> dict[str, Any]:
    entries = [{**entry, "label": label} for entry in found["entries"]]
    return {**found, "entries": entries}


@pytest.mark.parametrize("runs", [[1, 1], [2, 2, 1], [1] * 9])
@pytest.mark.parametrize("margin", [None, 0.01])
def test_lines_fit_80_columns(runs: list[int], margin: float | None) -> None:
    metrics = ["ndcg@10", "precision@10", "recall@20", "map@20", "hit@20", "recall@5", "mrr"]
    found = comparison(runs, metrics=metrics, margin=margin)
    shown = describe_comparison(relabelled(found, "lightgcn, model.num_layers=2, " * 8))
    assert max(map(len, shown.splitlines())) <= 80
    for metric in metrics:
        assert metric in shown
    assert ("worse by less than 0.01" in shown) == (margin is not None)


@settings(max_examples=30)
@given(st.text(max_size=300))
def test_a_label_cannot_control_the_terminal(label: str) -> None:
    found = relabelled(comparison([1, 1], resamples=100), label)
    for line in describe_comparison(found).splitlines():
        assert line.isprintable()


def test_many_pairs_are_cut_and_said() -> None:
    shown = describe_comparison(comparison([1] * 9, segments=False))
    assert "and 16 more, in --json and out=FILE" in shown
    assert "by train items" not in shown


def test_several_splits_are_counted() -> None:
    shown = describe_comparison(comparison([1, 1], splits=3))
    assert shown.startswith("test ndcg@10 over 120 users of 3 splits")


def test_the_words_of_a_pair() -> None:
    found = comparison([1, 1])
    pair = {
        **found["pairs"][0],
        "difference": 0.0021,
        "low": 0.0012,
        "high": 0.003,
        "p_holm": 0.0004,
        "needed_users": 41_000,
    }
    a, b = (entry["label"] for entry in found["entries"])
    better = describe_pair(pair, found)
    assert better == (
        f"A ({a}) is better than B ({b}): ndcg@10 +0.0021 (+0.0012 to +0.0030), p 0.0004 (Holm)"
    )
    turned = {**pair, "difference": -0.0021, "low": -0.003, "high": -0.0012}
    assert describe_pair(turned, found).startswith(f"B ({b}) is better than A ({a})")
    unsure = describe_pair({**pair, "p_holm": 0.3}, found)
    assert unsure.startswith(f"no difference found between A ({a}) and B ({b}): ndcg@10")
    assert unsure.endswith("; 41,000 users would be needed to find one of this size")
    tested = {"margin": 0.001, "low": 0.0, "high": 0.002, "p": 0.2, "no_worse": False}
    assert describe_pair({**pair, "equivalence": tested}, found).endswith(
        "; it is not shown that B is worse than A by less than 0.001 (p 0.2000)"
    )
    shown = describe_pair({**pair, "equivalence": {**tested, "no_worse": True, "p": 0.001}}, found)
    assert "; it is shown that B is worse than A by less than 0.001 (p 0.0010)" in shown


def test_small_p_values_are_bounds() -> None:
    assert [spell_p(p) for p in (0.0, 0.00009, 0.0001, 0.05, 1.0)] == [
        "<0.0001",
        "<0.0001",
        "0.0001",
        "0.0500",
        "1.0000",
    ]
