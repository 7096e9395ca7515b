"""Groups of seeds, their mean and spread, and a ranking that never looks at test."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.results.sweep_summary import describe_numbers, name_runs, rank_runs

SCORES = st.lists(
    st.tuples(st.sampled_from("abc"), st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=12
)


def result(number: int, layers: str, valid: float | None, test: float, **more: Any) -> Any:
    metrics = {
        "valid": None if valid is None else {"ndcg@10": valid},
        "test": {"ndcg@10": test},
        "baselines": {"popularity": {"ndcg@10": test / 2}},
    }
    values = {"num_layers": layers, "seed": str(number)}
    known = {"number": number, "values": values, "metrics": metrics, "monitor": "ndcg@10"}
    return known | {"lower_is_better": False, "ranked_with": 0} | more


@given(SCORES, st.booleans())
def test_groups_are_ranked_by_the_mean_of_valid(
    scores: list[tuple[str, float, float]], lower: bool
) -> None:
    results = [
        result(number, layers, valid, test, lower_is_better=lower)
        for number, (layers, valid, test) in enumerate(scores)
    ]
    (ranking,) = rank_runs(results)
    by_layers: dict[str, list[int]] = {}
    for number, (layers, *_) in enumerate(scores):
        by_layers.setdefault(layers, []).append(number)
    means = [group.valid["ndcg@10"].mean for group in ranking.groups]
    assert means == sorted(means, reverse=not lower)
    assert ranking.selected is ranking.groups[0]
    for group in ranking.groups:
        numbers = by_layers[group.values["num_layers"]]
        assert group.runs == [number + 1 for number in numbers]
        assert group.values == {"num_layers": group.values["num_layers"]}
        for part, column in ((group.valid, 1), (group.test, 2)):
            own = np.array([scores[number][column] for number in numbers])
            assert part["ndcg@10"].mean == pytest.approx(own.mean())
            spread = part["ndcg@10"].sd
            if len(own) == 1:
                assert spread is None
            else:
                assert spread == pytest.approx(own.std(ddof=1), abs=1e-12)


@given(SCORES, st.randoms(use_true_random=False))
def test_test_metrics_change_no_rank(scores: list[tuple[str, float, float]], random: Any) -> None:
    shuffled = [random.random() for _ in scores]
    rankings = [
        rank_runs([result(n, layers, valid, test) for n, (layers, valid, test) in enumerate(rows)])
        for rows in (
            scores,
            [(a, b, c) for (a, b, _), c in zip(scores, shuffled, strict=True)],
        )
    ]
    ranked = [[group.runs for group in ranking[0].groups] for ranking in rankings]
    assert ranked[0] == ranked[1]


def test_runs_on_other_data_are_ranked_apart_and_failed_ones_not_at_all() -> None:
    results = [
        result(0, "1", 0.1, 0.5),
        result(1, "1", 0.9, 0.5, ranked_with=1),
        result(2, "2", 0.2, 0.5, metrics=None),
        result(3, "3", 0.3, 0.5),
    ]
    runs = [[group.runs for group in ranking.groups] for ranking in rank_runs(results)]
    assert runs == [[[4], [1]], [[2]]]


def test_without_a_valid_part_nothing_is_selected() -> None:
    (ranking,) = rank_runs([result(0, "1", None, 0.5), result(1, "2", None, 0.9)])
    assert ranking.selected is None
    assert [group.runs for group in ranking.groups] == [[1], [2]]


def test_folds_and_every_kind_of_seed_make_one_group() -> None:
    keys = ("seed", "split.seed", "dataset.seed", "fold")
    results = [result(n, "1", 0.1, 0.1, values={key: str(n)}) for n, key in enumerate(keys)]
    (ranking,) = rank_runs(results)
    assert [group.runs for group in ranking.groups] == [[1, 2, 3, 4]]


@given(st.sets(st.integers(1, 40), min_size=1))
def test_the_text_of_numbers_names_each_once(numbers: set[int]) -> None:
    text = describe_numbers(numbers)
    named: list[int] = []
    for part in text.split(", "):
        first, _, last = part.partition("-")
        named += range(int(first), int(last or first) + 1)
    assert named == sorted(numbers)
    assert name_runs(numbers) == f"run{'s' if len(numbers) > 1 else ''} {text}"
