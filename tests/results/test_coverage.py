"""Lines about pairs and users that the figures leave out."""

from __future__ import annotations

from graphrec_cli.results.coverage import describe_coverage


def test_nothing_is_said_where_every_pair_counts() -> None:
    counts = {
        "users_held_out": 20,
        "pairs_held_out": 25,
        "users_evaluated": 20,
        "pairs_evaluated": 25,
        "pairs_without_train": 0,
        "cold_pairs": 0,
        "few_candidates@5": 2,
    }
    assert describe_coverage(counts) == []
    # Counts of a rating run, which predicts cold pairs too, and of a run of an earlier release.
    assert describe_coverage({"users_evaluated": 3, "pairs_without_train": 2}) == []


def test_users_whom_every_model_hits_are_shown_beyond_a_tenth() -> None:
    counts = {"users_evaluated": 20, "few_candidates@5": 2, "few_candidates@10": 3}
    assert describe_coverage(counts) == [
        "hit@k is 1 with any model for users who have at most k items to rank: 3 of 20 at k=10; "
        "set smaller evaluation.ks"
    ]
