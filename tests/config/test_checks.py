"""Range checks: what passes, what is refused, and that the message names the key."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.config.checks import (
    check_at_least,
    check_between,
    check_distinct,
    check_name,
    check_positive,
)
from graphrec_cli.errors import ConfigError

KEY = "trainer.some_key"
numbers = st.one_of(st.integers(-(10**6), 10**6), st.floats())


def refusal(key: str) -> re.Pattern[str]:
    return re.compile(f"^{re.escape(key)} [^\n]*$")


@given(numbers, st.integers(-1000, 1000))
def test_at_least(value: float, low: int) -> None:
    if math.isfinite(value) and value >= low:
        check_at_least(KEY, value, low)
    else:
        with pytest.raises(ConfigError, match=refusal(KEY)):
            check_at_least(KEY, value, low)


@given(numbers)
def test_positive(value: float) -> None:
    if math.isfinite(value) and value > 0:
        check_positive(KEY, value)
    else:
        with pytest.raises(ConfigError, match=refusal(KEY)):
            check_positive(KEY, value)


@given(numbers, st.integers(-1000, 1000), st.integers(0, 1000))
def test_between_is_closed_at_both_ends(value: float, low: int, width: int) -> None:
    high = low + width
    check_between(KEY, low, low, high)
    check_between(KEY, high, low, high)
    if not math.isnan(value) and low <= value <= high:
        check_between(KEY, value, low, high)
    else:
        with pytest.raises(ConfigError, match=refusal(KEY)):
            check_between(KEY, value, low, high)


def test_null_passes_where_a_key_allows_it() -> None:
    check_at_least(KEY, None, 1)
    check_positive(KEY, None)


@given(st.lists(st.integers(0, 5), max_size=5))
def test_distinct(values: list[int]) -> None:
    if values and len(values) == len(set(values)):
        check_distinct(KEY, values)
    else:
        with pytest.raises(ConfigError, match=refusal(KEY)):
            check_distinct(KEY, values)


def test_a_name_belongs_to_its_option() -> None:
    check_name("model", "mf", "mf")
    with pytest.raises(ConfigError, match=r"^model\.name .*model=lightgcn$"):
        check_name("model", "lightgcn", "mf")


@pytest.mark.parametrize("values", [[[5]], [{"a": 5}], [1, [2]]])
def test_a_list_within_a_list_is_refused(values: list[object]) -> None:
    with pytest.raises(ConfigError, match=refusal(KEY)):
        check_distinct(KEY, values)
