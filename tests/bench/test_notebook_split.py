"""The notebook's split of MovieLens-1M has the movie numbers that the notebook prints."""

from __future__ import annotations

import pandas as pd
import pytest
from builders import REAL_DATA, needs_real
from notebook_split import PerlHash, notebook_split, perl_code, published_order, read_ratings

DATA = REAL_DATA / "ml-1m"


def test_a_hash_code_by_hand() -> None:
    # "12" is 49 and 50: 33 * 49 + 50 = 1667, and 1667 + 1667 // 32 = 1719.
    assert perl_code("12") == 1719


def test_keys_are_listed_by_bucket_the_newest_first() -> None:
    # With eight buckets "1" to "5" have the codes 50, 51, 52, 53 and 54; "9" has 58, as "1" has 50
    # the remainder 2.
    assert list(PerlHash().listed([1, 9, 5, 2])) == [9, 1, 2, 5]


def test_a_table_that_has_grown_stays_large() -> None:
    table = PerlHash()
    before = list(table.listed(range(100, 120)))
    list(table.listed(range(1000)))
    assert sorted(before) == sorted(table.listed(range(100, 120)))
    assert before != list(table.listed(range(100, 120)))


def test_users_with_the_same_number_of_rows_are_cut_at_the_same_places() -> None:
    pairs = pd.DataFrame({"user": [1] * 8 + [2] * 8, "movie": [*range(8), *range(10, 18)]})
    train, test = notebook_split(pairs)
    assert len(train) == 12
    assert (test.movie[test.user == 1] + 10).tolist() == test.movie[test.user == 2].tolist()


@pytest.mark.slow
@needs_real("ml-1m")
def test_the_published_order_and_the_numbers_that_the_notebook_prints() -> None:
    pairs = published_order(read_ratings(DATA))
    published = pd.read_csv(DATA / "ratings_first10000.dat", sep="::", engine="python", header=None)
    assert pairs[: len(published)].to_numpy().tolist() == published[[0, 1]].to_numpy().tolist()
    train, test = notebook_split(pairs)
    assert (len(train), len(test)) == (750_121, 250_088)
    # Its recommendations for the first and the last user, and the movies of the second in train.
    numbers = pd.Series(range(3706), index=pd.concat([train, test]).movie.unique())
    printed = {2858: 127, 589: 77, 593: 138, 1196: 86, 1210: 82}
    printed |= {858: 530, 2396: 314, 1580: 187, 2628: 128}
    assert numbers[list(printed)].tolist() == list(printed.values())
    second = sorted(numbers[train.movie[train.user == 2]])
    assert second[:9] == [2, 9, 16, 40, 41, 42, 43, 44, 45]
    # It prints a few of the movies of the last users as well.
    for user, some in (
        (6036, {1, 2, 2052, 6, 9, 13, 14, 16, 17, 20, 22}),
        (6037, {512, 2561, 513, 1, 6, 520, 522, 524, 1036}),
        (6039, {1, 514, 516, 6, 7, 8, 520, 11, 26, 1565, 546}),
    ):
        assert some < set(numbers[train.movie[train.user == user]])
    assert pairs.movie[-5:-1].tolist() == [1091, 1094, 562, 1096]
