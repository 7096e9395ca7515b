"""Folds: every pair is tested once, sizes are even, and the valid part comes out of the rest."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.config.split import KFoldConfig, Scope
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.interactions import Interactions, UserItems
from graphrec_cli.data.splits.k_fold import k_fold
from graphrec_cli.data.splits.split import Split
from graphrec_cli.errors import ConfigError, DataError

Pairs = list[tuple[int, int]]
MakeInteractions = Callable[..., Interactions]
ReadPairs = Callable[[UserItems | None], Pairs]


def split_pairs(interactions: Interactions, config: KFoldConfig, seed: int = 0) -> Split:
    rng = np.random.default_rng(seed)
    return k_fold(interactions, config, rng=rng, funnel=Funnel(len(interactions)))


@given(
    st.lists(st.integers(1, 12), min_size=1, max_size=7),
    st.integers(2, 6),
    st.sampled_from(Scope),
    st.integers(0, 2**32),
)
def test_the_folds_are_even_and_test_every_pair_once(
    interactions_of: MakeInteractions,
    pairs_of: ReadPairs,
    degrees: list[int],
    folds: int,
    scope: Scope,
    seed: int,
) -> None:
    pairs = [(user, item) for user, degree in enumerate(degrees) for item in range(degree)]
    interactions = interactions_of(pairs, num_users=len(degrees))
    tests = []
    for fold in range(folds):
        config = KFoldConfig(scope=scope, folds=folds, fold=fold, valid_ratio=0)
        if fold >= len(pairs):
            with pytest.raises(DataError, match=r"for test; lower split\.folds"):
                split_pairs(interactions, config, seed)
            continue
        split = split_pairs(interactions, config, seed)
        assert split.valid is None
        tests.append(split.test)
    assert sorted(pair for test in tests for pair in pairs_of(test)) == pairs
    sizes = [test.num_pairs for test in tests]
    assert max(sizes) - min(sizes) <= 1
    if scope is Scope.user:
        of_user = np.stack([test.user_degree for test in tests])
        assert (np.ptp(of_user, axis=0) <= 1).all()


@given(
    st.lists(st.integers(1, 12), min_size=1, max_size=7),
    st.integers(1, 99),
    st.sampled_from(Scope),
    st.integers(0, 2),
    st.integers(0, 2**32),
)
def test_the_valid_part_is_a_share_of_the_rest(
    interactions_of: MakeInteractions,
    degrees: list[int],
    hundredths: int,
    scope: Scope,
    fold: int,
    seed: int,
) -> None:
    pairs = [(user, item) for user, degree in enumerate(degrees) for item in range(degree)]
    interactions = interactions_of(pairs, num_users=len(degrees))
    config = KFoldConfig(scope=scope, folds=3, fold=fold, valid_ratio=hundredths / 100)
    try:
        tested = split_pairs(
            interactions, KFoldConfig(scope=scope, folds=3, fold=fold, valid_ratio=0), seed
        ).test
    except DataError:
        return
    rest = np.array(degrees) - tested.user_degree
    sizes = rest.tolist() if scope is Scope.user else [int(rest.sum())]
    wanted = [round(Fraction(hundredths, 100) * size) for size in sizes]
    if not any(wanted):
        with pytest.raises(DataError, match=r"for valid; .*raise split\.valid_ratio"):
            split_pairs(interactions, config, seed)
        return
    split = split_pairs(interactions, config, seed)
    assert split.valid is not None
    valid = split.valid
    got = valid.user_degree.tolist() if scope is Scope.user else [valid.num_pairs]
    assert got == wanted
    # The valid part does not change what is tested.
    assert split.test.item_index.tolist() == tested.item_index.tolist()
    assert split.test.user_degree.tolist() == tested.user_degree.tolist()


@pytest.mark.slow
@pytest.mark.parametrize("scope", Scope)
def test_every_pair_is_as_likely_in_a_fold_and_in_valid(
    interactions_of: MakeInteractions, scope: Scope
) -> None:
    pairs = [(user, item) for user in range(7) for item in range(8)]
    interactions = interactions_of(pairs)
    config = KFoldConfig(scope=scope, folds=4, fold=1, valid_ratio=1 / 3)
    tested, validated = np.zeros((2, 7, 12), dtype=np.int64)
    for seed in range(600):
        split = split_pairs(interactions, config, seed)
        assert split.valid is not None
        tested[split.test.user_index(), split.test.item_index] += 1
        validated[split.valid.user_index(), split.valid.item_index] += 1
    # 150 are expected of each (of valid 14 in 56 by all, 2 in 8 by user); 6 standard deviations
    # of the binomial law are 64.
    for counts in (tested, validated):
        assert (abs(counts[:, :8] - 150) <= 64).all()
        assert not counts[:, 8:].any()


@pytest.mark.parametrize(
    ("folds", "fold", "valid_ratio", "message"),
    [
        (1, 0, 0.1, r"^split\.folds must be a finite number of at least 2, got 1$"),
        (3, 3, 0.1, r"^split\.fold must lie between 0 and 2, got 3$"),
        (5, -1, 0.1, r"^split\.fold must be a finite number of at least 0, got -1$"),
        (5, 0, 1.0, r"^split\.valid_ratio must lie below 1, got 1\.0$"),
        (5, 0, -0.1, r"^split\.valid_ratio must"),
        (5, 0, float("nan"), r"^split\.valid_ratio must"),
    ],
)
def test_refuses_folds_that_do_not_exist(
    folds: int, fold: int, valid_ratio: float, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        KFoldConfig(folds=folds, fold=fold, valid_ratio=valid_ratio)
