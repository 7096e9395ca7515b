"""The end of a sweep fits 80 columns, and shows test metrics where they are asked for."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.reporting.sweep_table import describe_sweep

WORD = st.text("abcdefghij_0123456789.", min_size=1, max_size=25)


def result(number: int, values: dict[str, str], valid: float) -> Any:
    metrics = {
        "valid": {"ndcg@10": valid, "recall@10": valid, "mrr": 0.1},
        "test": {"ndcg@10": 0.7777, "recall@10": 0.7777, "mrr": 0.7777},
        "baselines": {"popularity": {"ndcg@10": 0.0123, "recall@10": 0.01, "mrr": 0.1}},
        "floor": None,
        "counts": {
            "test": {
                "users_held_out": 5,
                "users_evaluated": 5,
                "pairs_held_out": 5,
                "pairs_evaluated": 5,
                "users_without_train": 0,
                "pairs_without_train": 0,
                "users_all_cold": 0,
                "cold_pairs": 0,
            }
        },
    }
    return {
        "number": number,
        "values": values,
        "metrics": metrics,
        "monitor": "ndcg@10",
        "lower_is_better": False,
        "ranked_with": 0,
        "state": "completed",
        "error": None,
    }


def failed(number: int, error: str) -> Any:
    return result(number, {"seed": "1"}, 0.0) | {
        "metrics": None,
        "state": "failed",
        "error": error,
    }


@given(
    st.lists(st.dictionaries(WORD, WORD, max_size=6), min_size=1, max_size=8),
    st.lists(st.lists(WORD, min_size=1, max_size=30).map(" ".join), max_size=2),
    st.lists(st.sampled_from(["ndcg@10", "recall@10", "mrr"]), unique=True),
    st.booleans(),
)
def test_no_line_is_longer_than_a_terminal(
    swept: list[dict[str, str]], errors: list[str], metrics: list[str], show_test: bool
) -> None:
    results = [result(n, values, n / 10) for n, values in enumerate(swept)]
    results += [failed(len(swept) + n, error) for n, error in enumerate(errors)]
    text = describe_sweep(results, len(results) + 3, metrics, show_test=show_test)
    assert max(map(len, text.splitlines())) <= 80
    words = "".join(text.split())
    for values in swept:
        for key, value in values.items():
            assert f"{key}={value}" in words
    for error in errors:
        assert "".join(error.split()) in words


def test_test_metrics_are_those_of_the_selected_row_unless_asked_for() -> None:
    results = [result(0, {"num_layers": "1"}, 0.1), result(1, {"num_layers": "2"}, 0.2)]
    text = describe_sweep(results, 2)
    table, selected = text.split("selected by valid ndcg@10: run 2 (num_layers=2)")
    assert "0.7777" not in table
    assert table.splitlines()[2:4] == [
        "   2         0.2000  num_layers=2",
        "   1         0.1000  num_layers=1",
    ]
    assert selected.splitlines()[1].split() == ["metric", "valid", "test", "popularity"]
    assert selected.splitlines()[3].split() == ["ndcg@10", "0.2000", "0.7777", "0.0123"]
    shown = describe_sweep(results, 2, show_test=True)
    assert shown.splitlines()[0].split() == [
        "runs",
        "valid",
        "ndcg@10",
        "test",
        "ndcg@10",
        "values",
    ]


def test_runs_that_never_began_are_named() -> None:
    assert describe_sweep([result(1, {}, 0.1)], 5).endswith("not started: runs 1, 3-5")


def test_many_rows_are_cut_with_a_line_that_says_so() -> None:
    results = [result(n, {"num_layers": str(n)}, n / 100) for n in range(30)]
    text = describe_sweep(results, 30)
    assert "and 10 more, in sweep.csv" in text
    assert "num_layers=9" not in text
