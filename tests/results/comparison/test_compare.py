"""The figures of entries and pairs fit each other, whatever the order of the entries."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from comparisons import comparison, split_ranks
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec_cli.config.evaluation import MapDenominator
from graphrec_cli.results.comparison.compare import compare, entry_name, rank_entries
from graphrec_cli.results.comparison.entry_figures import sd_of_seeds
from graphrec_cli.results.comparison.observations import Observations, observe
from graphrec_cli.results.comparison.settings import ComparisonSettings

METRICS = ["ndcg@10", "recall@5", "mrr"]


def observed(runs: list[int], seed: int) -> Observations:
    return observe([split_ranks(runs, seed)], METRICS, [5, 10], MapDenominator.min)


def chosen(**changed: Any) -> ComparisonSettings:
    return ComparisonSettings(**{"metrics": METRICS, "resamples": 100, **changed})


@settings(max_examples=15)
@given(st.integers(0, 50), st.sampled_from(["randomisation", "wilcoxon"]))
def test_swapping_two_entries_turns_every_difference(seed: int, test: str) -> None:
    observations = observed([2, 1], seed)
    ours = compare(observations, chosen(test=test))["pairs"]
    theirs = compare(observations.in_order([1, 0]), chosen(test=test))["pairs"]
    for pair, turned in zip(ours, theirs, strict=True):
        assert pair["difference"] == pytest.approx(-turned["difference"])
        assert (pair["low"], pair["high"]) == pytest.approx((-turned["high"], -turned["low"]))
        for key in ("p", "p_holm", "needed_users", "ties"):
            assert pair[key] == turned[key], key
        assert (pair["wins"], pair["losses"]) == (turned["losses"], turned["wins"])
        for kind in ("users", "items"):
            for name, segment in pair["segments"][kind].items():
                other = turned["segments"][kind][name]
                assert segment["difference"] == pytest.approx(-other["difference"])
                assert segment["low"] == pytest.approx(-other["high"])


@settings(max_examples=15)
@given(st.integers(0, 50), st.permutations([0, 1, 2]))
def test_the_order_of_the_entries_changes_nothing(seed: int, order: list[int]) -> None:
    observations, labels = observed([1, 2, 1], seed), ["b", "a", "c"]
    ranked = observations.in_order(rank_entries(observations, labels))
    shuffled = observations.in_order(order)
    again = shuffled.in_order(rank_entries(shuffled, [labels[entry] for entry in order]))
    assert compare(ranked, chosen()) == compare(again, chosen())


@settings(max_examples=10)
@given(st.integers(0, 50), st.integers(1, 2))
def test_the_figures_fit_each_other(seed: int, splits: int) -> None:
    found = comparison([2, 1, 3], splits=splits, seed=seed, metrics=METRICS, margin=0.02)
    users = 40 * splits
    entries = {entry["name"]: entry for entry in found["entries"]}
    assert found["users"] == users
    assert list(entries) == ["A", "B", "C"]
    assert len(found["pairs"]) == 3 * len(METRICS)
    for pair in found["pairs"]:
        a, b = (entries[pair[side]]["figures"][pair["metric"]] for side in ("a", "b"))
        assert pair["difference"] == pytest.approx(a["mean"] - b["mean"])
        assert pair["wins"] + pair["losses"] + pair["ties"] == users
        assert pair["low"] <= pair["high"]
        assert pair["p"] <= pair["p_holm"] <= min(1, 3 * pair["p"] + 1e-12)
        assert pair["equivalence"]["margin"] == 0.02
        assert pair["equivalence"]["no_worse"] == (pair["equivalence"]["high"] < 0.02)
        has_seeds = a["sd_of_seeds"] is not None and b["sd_of_seeds"] is not None
        assert (pair["needed_seeds"] is not None) == has_seeds
    for entry in entries.values():
        segments = entry["segments"]["users"]
        assert sum(segment["users"] for segment in segments.values()) == users
        for metric in METRICS:
            mean = sum(own["users"] * own["figures"][metric] for own in segments.values()) / users
            assert mean == pytest.approx(entry["figures"][metric]["mean"])
        items = entry["segments"]["items"]
        assert sum(segment["pairs"] for segment in items.values()) == 2 * users
        # With two held-out pairs for each user, recall over pairs is the mean over users.
        recall = sum(own["pairs"] * own["figures"]["recall@5"] for own in items.values())
        assert recall / (2 * users) == pytest.approx(entry["figures"]["recall@5"]["mean"])
    assert math.isfinite(sum(entry["figures"]["mrr"]["low"] for entry in entries.values()))


def test_a_relative_margin_is_a_share_of_the_best_mean() -> None:
    found = comparison([1, 1], margin=0.01, relative=True, metrics=METRICS)
    best = found["entries"][0]["figures"]
    for pair in found["pairs"]:
        assert pair["equivalence"]["margin"] == pytest.approx(0.01 * best[pair["metric"]]["mean"])
    assert found["margin"] == pytest.approx(0.01 * best["ndcg@10"]["mean"])


def test_without_segments() -> None:
    found = comparison([1, 1], segments=False)
    assert all(entry["segments"] == {} for entry in found["entries"])
    assert found["pairs"][0]["segments"] == {}
    whole = comparison([1, 1])["pairs"][0]
    assert found["pairs"][0]["low"] == pytest.approx(whole["low"])


def test_the_spread_over_seeds_is_that_within_splits() -> None:
    one, other = np.array([[1.0], [3.0]]), np.array([[10.0], [10.0], [16.0]])
    assert sd_of_seeds([one]) == pytest.approx([math.sqrt(2)])
    # Squares of 2 and 24 over one and two degrees of freedom.
    assert sd_of_seeds([one, other]) == pytest.approx([math.sqrt(26 / 3)])
    assert sd_of_seeds([one[:1], other[:1]]) is None


def test_names_go_on_after_z() -> None:
    names = [entry_name(number) for number in (0, 25, 26, 27, 51, 52, 701, 702)]
    assert names == ["A", "Z", "AA", "AB", "AZ", "BA", "ZZ", "AAA"]
