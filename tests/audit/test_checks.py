"""Each leak, planted in the data of a run, is found under its code."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import CPU
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.audit.checks import CHECKS
from graphrec_cli.audit.finding import Finding, Outcome
from graphrec_cli.components import build_model
from graphrec_cli.config.evaluation import EvaluationConfig, RankingConfig, RatingConfig
from graphrec_cli.config.loss import BPRConfig, MSEConfig
from graphrec_cli.config.model import (
    LightGCNConfig,
    LightGCNRatingConfig,
    MatrixFactorizationConfig,
    ModelConfig,
    PopularityConfig,
)
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.sampler import UniformConfig
from graphrec_cli.config.split import (
    GlobalTimeConfig,
    HeldOutBy,
    LeaveOneOutConfig,
    RatioConfig,
    ShareBy,
    SplitConfig,
)
from graphrec_cli.config.trainer import TrainerConfig
from graphrec_cli.data.idmap import IdMap
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.data.splits.split import Split
from graphrec_cli.evaluation.protocol import Validation
from graphrec_cli.graph.adjacency import NormalizedAdjacency, normalized_adjacency
from graphrec_cli.models.base import Model
from graphrec_cli.models.lightgcn import LightGCN
from graphrec_cli.training.context import RunContext

USERS, ITEMS = 4, 6
Pairs = list[tuple[int, int]]
Audited = tuple[RunContext, Model]
TRAIN: Pairs = [(0, 0), (0, 1), (1, 1), (1, 2), (2, 3), (3, 0), (3, 5)]
VALID: Pairs = [(0, 2), (1, 0)]
TEST: Pairs = [(0, 4), (1, 4), (2, 0)]


def part(pairs: Pairs, times: list[int] | None = None) -> UserItems:
    users, items = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    timestamp = None if times is None else np.array(times, dtype=np.int64)
    return UserItems.from_pairs(users, items, num_users=USERS, num_items=ITEMS, timestamp=timestamp)


def split_of(train: UserItems, valid: UserItems | None, test: UserItems) -> Split:
    """A split that has not been checked: the real class refuses pairs in two parts."""
    split = object.__new__(Split)
    ids = {"users": IdMap(np.arange(USERS)), "items": IdMap(np.arange(ITEMS))}
    for name, value in {"train": train, "valid": valid, "test": test, **ids}.items():
        object.__setattr__(split, name, value)
    return split


def audited(
    parts: Split | None = None,
    *,
    model: ModelConfig | None = None,
    split: SplitConfig | None = None,
    evaluation: EvaluationConfig | None = None,
    graph_of: Pairs | None = None,
) -> Audited:
    """A run without leaks but for the arguments; ``graph_of``: pairs of the model's graph."""
    parts = parts or split_of(part(TRAIN), part(VALID), part(TEST))
    of_ratings = isinstance(model, LightGCNRatingConfig)
    config = RunConfig(
        model=model or LightGCNConfig(embedding_dim=2),
        split=split or RatioConfig(),
        loss=MSEConfig() if of_ratings else BPRConfig(),
        sampler=UniformConfig(),
        evaluation=evaluation or RankingConfig(ks=[2]),
        trainer=TrainerConfig(monitor="rmse" if of_ratings else "ndcg@2"),
    )
    built = build_model(config, parts.train if graph_of is None else part(graph_of), CPU)
    return RunContext.of(config, parts, CPU), built


def selecting_on(part: str) -> Audited:
    context, model = audited()
    validation = Validation(context.evaluation, context.split, part)
    return replace(context, validation=validation), model


def findings(run: Audited) -> dict[str, Finding]:
    return {code: check(*run) for code, check in CHECKS.items()}


def outcomes(run: Audited) -> dict[str, str]:
    return {code: finding.outcome.name for code, finding in findings(run).items()}


def test_a_clean_run_passes_every_check() -> None:
    times = split_of(part(TRAIN, [1] * 7), part(VALID, [2] * 2), part(TEST, [3] * 3))
    run = audited(times, split=GlobalTimeConfig())
    assert set(outcomes(run).values()) == {"passed"}


@pytest.mark.parametrize(
    ("valid", "test", "said"),
    [
        ([*VALID, (3, 5)], TEST, "1 user-item pairs lie in two parts of the split (1 in train and"),
        (VALID, [*TEST, (0, 0), (2, 3)], "2 user-item pairs lie in two parts of the split (2 in"),
        (VALID, [*TEST, (0, 2)], "(1 in valid and test)"),
        ([*VALID, (3, 5)], [*TEST, (0, 2)], "1 in train and valid, 1 in valid and test"),
        (None, [*TEST, (3, 0)], "(1 in train and test)"),
    ],
)
def test_shared_pairs_are_refused(valid: Pairs | None, test: Pairs, said: str) -> None:
    split = split_of(part(TRAIN), None if valid is None else part(valid), part(test))
    found = findings(audited(split))["pairs-shared-between-parts"]
    assert found.outcome is Outcome.refused
    assert said in found.line


@given(st.lists(st.tuples(st.integers(0, USERS - 1), st.integers(0, ITEMS - 1)), unique=True))
def test_a_graph_of_any_pairs_but_train_is_refused(pairs: Pairs) -> None:
    found = findings(audited(graph_of=pairs))["graph-not-from-train"]
    extra, missing = set(pairs) - set(TRAIN), set(TRAIN) - set(pairs)
    assert (found.outcome is Outcome.passed) is not bool(extra or missing)
    if extra or missing:
        held_out = len(extra & {*VALID, *TEST})
        assert f"has {len(extra)} entries that are not train pairs, {held_out} of" in found.line
        assert f"lacks {len(missing)} train pairs" in found.line


@pytest.mark.parametrize("block", ["user_item", "item_user"])
@pytest.mark.parametrize("change", ["pairs", "weight", "degrees", "shape"])
def test_either_block_alone_is_enough_to_be_refused(block: str, change: str) -> None:
    context, model = run = audited()
    assert isinstance(model, LightGCN)
    graph = normalized_adjacency(context.split.train, CPU)
    if change == "pairs":
        other = normalized_adjacency(part([*TRAIN[1:], TEST[0]]), CPU)
    elif change == "shape":
        other = NormalizedAdjacency(graph.item_user, graph.user_item)
    else:
        other = normalized_adjacency(context.split.train, CPU)
        values = getattr(other, block).values()
        # The weights of degrees that count held-out pairs too differ by a lot, these by little.
        values[3] *= 1.00001 if change == "weight" else 0.7
    model._norm_adj = graph._replace(**{block: getattr(other, block)})
    found = findings(run)["graph-not-from-train"]
    assert found.outcome is Outcome.refused
    assert f"the graph's block {block} " in found.line


@pytest.mark.parametrize(
    ("model", "outcome"),
    [
        (MatrixFactorizationConfig(embedding_dim=2), "does_not_apply"),
        (PopularityConfig(), "does_not_apply"),
        (LightGCNConfig(embedding_dim=2, num_layers=0), "does_not_apply"),
        (LightGCNConfig(embedding_dim=2, num_layers=1), "passed"),
    ],
)
def test_a_model_without_a_graph_says_so(model: ModelConfig, outcome: str) -> None:
    found = findings(audited(model=model))["graph-not-from-train"]
    assert found.outcome.name == outcome
    assert ("no graph" in found.line) is (outcome != "passed")


def test_selection_on_the_test_part_is_refused_by_name_and_by_pairs() -> None:
    run = selecting_on("test")
    found = findings(run)["selection-on-test"]
    assert found.outcome is Outcome.refused
    assert "the part test, 3 of whose 3 pairs are test pairs" in found.line
    # Evaluation takes every other name for valid; the audit does not.
    misnamed = selecting_on("train")
    assert findings(misnamed)["selection-on-test"].outcome is Outcome.refused
    disguised = audited(split_of(part(TRAIN), part(TEST), part(TEST)))
    assert findings(disguised)["selection-on-test"].outcome is Outcome.refused
    without_valid = audited(split_of(part(TRAIN), None, part(TEST)))
    assert outcomes(without_valid)["selection-on-test"] == "does_not_apply"


def test_valid_items_in_the_test_ranking_are_said_and_counted() -> None:
    # Of the three valid pairs one is of a user that test does not rank.
    split = split_of(part(TRAIN), part([*VALID, (3, 2)]), part(TEST))
    run = audited(split, evaluation=RankingConfig(ks=[2], mask_valid=False))
    found = findings(run)["valid-rankable-at-test"]
    assert found.outcome is Outcome.said
    assert found.line.startswith("2 valid pairs are ranked at test")
    assert outcomes(audited(split))["valid-rankable-at-test"] == "passed"
    no_valid = split_of(part(TRAIN), None, part(TEST))
    keeping = audited(no_valid, evaluation=RankingConfig(ks=[2], mask_valid=False))
    assert outcomes(keeping)["valid-rankable-at-test"] == "does_not_apply"


def test_predicted_ratings_rank_nothing() -> None:
    run = audited(model=LightGCNRatingConfig(embedding_dim=2), evaluation=RatingConfig(ks=[2]))
    assert outcomes(run)["valid-rankable-at-test"] == "does_not_apply"


TIMES = st.integers(0, 4)


@st.composite
def timed_parts(draw: st.DrawFn) -> tuple[Split, list[tuple[int, int, int]]]:
    """A split with times, and ``(user, 0 for train, 1 for valid or 2 for test, time)`` per pair."""
    rows: list[tuple[int, int, int]] = []

    def timed(place: int, pairs: Pairs) -> UserItems:
        times = draw(st.lists(TIMES, min_size=len(pairs), max_size=len(pairs)))
        rows.extend((user, place, time) for (user, _), time in zip(pairs, times, strict=True))
        return part(pairs, times)

    valid = timed(1, VALID) if draw(st.booleans()) else None
    return split_of(timed(0, TRAIN), valid, timed(2, TEST)), rows


@given(timed_parts())
def test_users_with_something_newer_in_view_are_counted(
    drawn_parts: tuple[Split, list[tuple[int, int, int]]],
) -> None:
    split, rows = drawn_parts
    late = {
        user
        for user, place, time in rows
        for other, earlier, seen in rows
        if user == other and earlier < place and seen > time
    }
    found = findings(audited(split))["held-out-not-newest"]
    assert found.outcome is (Outcome.said if late else Outcome.passed)
    if late:
        assert f"the held-out ones of {len(late)} users; split=global_time" in found.line


def test_the_advice_fits_the_split_and_the_data() -> None:
    late = split_of(part(TRAIN, [9] * 7), part(VALID, [2] * 2), part(TEST, [3] * 3))
    by_rating = LeaveOneOutConfig(by=HeldOutBy.rating)
    with_times = findings(audited(late, split=by_rating))["held-out-not-newest"]
    assert with_times.line.endswith("split.by=time holds out the newest")
    without = findings(audited(split=by_rating))["held-out-not-newest"]
    assert without.outcome is Outcome.said
    assert "the data have no times, so that items are held out by rating" in without.line
    assert outcomes(audited(split=RatioConfig()))["held-out-not-newest"] == "does_not_apply"


@given(timed_parts())
def test_users_whose_newest_item_is_one_of_several_are_counted(
    drawn_parts: tuple[Split, list[tuple[int, int, int]]],
) -> None:
    split, rows = drawn_parts
    drawn = {
        user
        for user, place, time in rows
        if place > 0
        and time == max((t for u, p, t in rows if u == user and p < place), default=None)
    }
    options = LeaveOneOutConfig(by=HeldOutBy.time) if split.valid else RatioConfig(by=ShareBy.time)
    finding = findings(audited(split, split=options))["held-out-among-equal-times"]
    assert finding.outcome is (Outcome.said if drawn else Outcome.passed)
    if drawn:
        assert finding.line.startswith(f"for {len(drawn)} of 3 users the held-out item is one of")


def test_a_split_that_does_not_look_at_times_draws_nothing_among_equals() -> None:
    equal = split_of(part(TRAIN, [1] * 7), part(VALID, [1] * 2), part(TEST, [1] * 3))
    for split in (LeaveOneOutConfig(by=HeldOutBy.random), RatioConfig()):
        assert outcomes(audited(equal, split=split))["held-out-among-equal-times"] == (
            "does_not_apply"
        )
    untimed = audited(split=GlobalTimeConfig())
    assert outcomes(untimed)["held-out-among-equal-times"] == "does_not_apply"


@pytest.mark.parametrize(
    ("ks", "said"),
    [([2], None), ([2, 4], "1 of 1 at k=4; set smaller evaluation.ks"), ([3], None)],
)
def test_users_with_few_items_to_rank_are_said(ks: list[int], said: str | None) -> None:
    # Of the catalog, items 0 to 3 and 5, user 2 lacks four; item 4 of users 0 and 1 is cold.
    found = findings(audited(evaluation=RankingConfig(ks=ks)))["few-candidates"]
    if said is None:
        assert found.outcome is Outcome.passed
        assert found.line == f"0 of 1 test users have at most {ks[0]} items to rank"
    else:
        assert found.outcome is Outcome.said
        assert found.line.endswith(said)


def test_ratings_have_no_candidates() -> None:
    ratings = audited(model=LightGCNRatingConfig(), evaluation=RatingConfig())
    assert findings(ratings)["few-candidates"].outcome is Outcome.does_not_apply
