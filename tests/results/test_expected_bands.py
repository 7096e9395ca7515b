from __future__ import annotations

from typing import Any

import pytest

from graphrec_cli.config.bands import BandConfig, ExpectedConfig
from graphrec_cli.errors import ConfigError
from graphrec_cli.results.expected_bands import against_bands, describe_bands

TEST = {"recall@20": 0.18, "ndcg@20": 0.15}
BANDS = [
    BandConfig(epochs=5, metric="recall@20", low=0.17, high=0.19),
    BandConfig(epochs=5, metric="ndcg@20", low=0.16, high=0.17),
    BandConfig(epochs=9, metric="recall@20", low=0.18, high=0.18),
]


def compared(expected: ExpectedConfig, epochs: int) -> dict[str, Any] | None:
    return against_bands(expected, TEST, epochs=epochs, split_hash="a", values_sha256="v")


def test_without_bands_there_is_nothing_to_say() -> None:
    assert compared(ExpectedConfig(), epochs=5) is None


def test_every_band_of_the_epochs_counts() -> None:
    expected = ExpectedConfig(bands=BANDS)
    found = compared(expected, epochs=5)
    assert found is not None
    assert found["inside"] is False
    assert [(band["metric"], band["inside"]) for band in found["bands"]] == [
        ("recall@20", True),
        ("ndcg@20", False),
    ]
    assert describe_bands(found) == [
        "test recall@20 0.1800 is inside the recipe's band 0.1700 to 0.1900",
        "test ndcg@20 0.1500 is OUTSIDE the recipe's band 0.1600 to 0.1700",
    ]


def test_the_bounds_belong_to_the_band() -> None:
    found = compared(ExpectedConfig(bands=BANDS), epochs=9)
    assert found is not None
    assert found["inside"] is True


@pytest.mark.parametrize(
    ("epochs", "split_hash", "values", "test", "why_not"),
    [
        (7, "a", "v", TEST, "they hold for 5, 9 epochs"),
        (5, "b", "v", TEST, "they hold for another split"),
        (5, "a", "w", TEST, "this run has other values than the recipe"),
        (5, "a", "v", {"recall@20": 0.18}, "evaluation.ks leaves out ndcg@20"),
    ],
)
def test_another_run_is_not_compared(
    epochs: int, split_hash: str, values: str, test: dict[str, float], why_not: str
) -> None:
    expected = ExpectedConfig(split_hash="a", values_sha256="v", bands=BANDS)
    found = against_bands(
        expected, test, epochs=epochs, split_hash=split_hash, values_sha256=values
    )
    assert found is not None
    assert found["inside"] is None
    (line,) = describe_bands(found)
    assert why_not in line


def test_a_run_without_a_test_part_is_not_compared() -> None:
    expected = ExpectedConfig(bands=BANDS)
    found = against_bands(expected, None, epochs=5, split_hash="a", values_sha256="v")
    assert found is not None
    assert describe_bands(found) == [
        "the recipe's expected figures are not compared: this run has no test part"
    ]


def test_bounds_the_wrong_way_round_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"recall@20 cannot lie between 0\.2 and 0\.1"):
        BandConfig(epochs=5, metric="recall@20", low=0.2, high=0.1)
