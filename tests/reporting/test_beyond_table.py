"""The lines beyond accuracy below a table of metrics."""

from __future__ import annotations

from typing import Any

from graphrec_cli.reporting.beyond_table import beyond_lines


def model(**changed: float) -> dict[str, Any]:
    """Figures at the cut-offs 5 and 20."""
    lists = {
        f"{name}@{k}": 0.25 * k for name in ("coverage", "gini", "popularity") for k in (5, 20)
    }
    third = {"users": 3, "train_least": 1, "train_most": 2, "ndcg@20": 0.5, "mrr": 0.25}
    by_activity = {
        "head": third,
        "tail": {**third, "mrr": 0.125},
        "gap": {"ndcg@20": 0.0, "mrr": 0.125},
    }
    return {"lists": lists | changed, "by_activity": by_activity}


def test_the_cut_off_of_the_monitored_metric_is_shown() -> None:
    models = {"mf": model(), "popularity": model(**{"popularity@20": 1234.56})}
    assert beyond_lines(models, "ndcg@20") == [
        "top 20      coverage    gini  popularity",
        "----------  --------  ------  ----------",
        "mf            5.0000  5.0000         5.0",
        "popularity    5.0000  5.0000      1234.6",
        "ndcg@20 by user activity: head 0.5000, tail 0.5000, gap 0.0000",
    ]


def test_a_metric_without_a_cut_off_shows_the_smallest() -> None:
    lines = beyond_lines({"mf": model()}, "mrr")
    assert lines[0].startswith("top 5 ")
    assert lines[-1] == "mrr by user activity: head 0.2500, tail 0.1250, gap 0.1250"


def test_figures_that_a_baseline_lacks_and_thirds_that_are_one() -> None:
    alone = {"lists": {"diversity@5": 0.5}, "by_activity": {"middle": {}, "gap": {"mrr": 0.0}}}
    lines = beyond_lines({"mf": alone, "popularity": {"lists": {}}}, "mrr")
    assert [line.split() for line in lines[2:]] == [["mf", "0.5000"], ["popularity", "-"]]
    assert beyond_lines({"mf": {"lists": {}, "by_activity": {"gap": {}}}}, "mrr") == []
