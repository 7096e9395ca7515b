"""Rules of keys: what passes, what is refused, and that the message names the key."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.config.checks import (
    MAX_INTEGER,
    AtLeast,
    Below,
    Between,
    Distinct,
    Each,
    Positive,
    Rule,
    Sha256,
    check_fields,
    spell,
)
from graphrec_cli.config.model import MatrixFactorizationConfig
from graphrec_cli.errors import ConfigError

KEY = "trainer.some_key"
numbers = st.one_of(st.integers(-(10**6), 10**6), st.floats())


def refusal(key: str) -> re.Pattern[str]:
    return re.compile(f"^{re.escape(key)} [^\n]*$")


def expect(rule: Rule, value: object, *, passes: bool) -> None:
    if passes:
        rule.check(KEY, value)
    else:
        with pytest.raises(ConfigError, match=refusal(KEY)):
            rule.check(KEY, value)


@given(numbers, st.integers(-1000, 1000))
def test_at_least(value: float, low: int) -> None:
    expect(AtLeast(low), value, passes=math.isfinite(value) and value >= low)


@given(numbers)
def test_positive(value: float) -> None:
    expect(Positive(), value, passes=math.isfinite(value) and value > 0)


@given(numbers, st.integers(-1000, 1000), st.integers(0, 1000))
def test_between_is_closed_at_both_ends(value: float, low: int, width: int) -> None:
    high = low + width
    expect(Between(low, high), low, passes=True)
    expect(Between(low, high), high, passes=True)
    expect(Between(low, high), value, passes=not math.isnan(value) and low <= value <= high)


@given(st.floats(allow_nan=False), st.integers(-1000, 1000))
def test_below_is_open(value: float, high: int) -> None:
    expect(Below(high), high, passes=False)
    expect(Below(high), value, passes=value < high)


@given(st.lists(st.integers(0, 5), max_size=5))
def test_distinct_and_each(values: list[int]) -> None:
    expect(Distinct(), values, passes=0 < len(values) == len(set(values)))
    expect(Each(AtLeast(1)), values, passes=0 not in values)


@pytest.mark.parametrize("values", [[[5]], [{"a": 5}], [1, [2]]])
def test_a_list_within_a_list_is_refused(values: list[object]) -> None:
    expect(Distinct(), values, passes=False)


@pytest.mark.parametrize(
    ("digest", "passes"), [("0a" * 32, True), ("0A" * 32, False), ("0a" * 31, False), ("", False)]
)
def test_sha256(digest: str, passes: bool) -> None:
    expect(Sha256(), digest, passes=passes)


def test_a_name_belongs_to_its_option() -> None:
    with pytest.raises(ConfigError, match=r"^model\.name .*model=OPTION$"):
        MatrixFactorizationConfig(name="lightgcn")


@dataclass(kw_only=True)
class Inner:
    size: Annotated[int | None, AtLeast(1)] = None


@dataclass(kw_only=True)
class Outer:
    inner: Inner = field(default_factory=Inner)
    entries: list[Inner] = field(default_factory=list)


def test_null_passes_and_nested_values_are_checked_by_their_full_key() -> None:
    check_fields(Outer(entries=[Inner(size=1)]), "group")
    for config, key in (
        (Outer(inner=Inner(size=0)), "group.inner.size"),
        (Outer(entries=[Inner(), Inner(size=0)]), "group.entries.size"),
    ):
        with pytest.raises(ConfigError, match=refusal(key)):
            check_fields(config, "group")


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (0.5, "0.5"), (1_000_000, "1,000,000"), (1e9, "1e+09"), (MAX_INTEGER, "2^63 - 1")],
)
def test_bounds_are_readable(number: float, text: str) -> None:
    assert spell(number) == text
