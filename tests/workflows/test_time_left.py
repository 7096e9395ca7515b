"""The estimated time of the runs of a sweep."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from graphrec_cli.workflows.run_and_record import describe_left


@pytest.mark.parametrize(
    ("states", "numbers", "at_once", "expected"),
    [
        ([], range(4), 1, ""),
        (["completed"], range(1, 4), 1, "; about 00:30 left"),
        (["completed", "pruned"], range(2, 6), 2, "; about 00:30 left"),
        (["completed", "completed"], range(6), 2, "; about 00:30 left"),
        (["completed", "completed"], range(3), 8, "; about 00:15 left"),
        (["completed", "failed"], range(2, 4), 1, "; about 00:20 left"),
        (["interrupted"], range(3), 1, ""),
        (["completed", "interrupted"], range(1, 2), 1, "; about 00:10 left"),
        (["completed", "completed"], range(2), 1, ""),
    ],
)
def test_runs_take_the_mean_of_those_before(
    states: Sequence[str], numbers: range, at_once: int, expected: str
) -> None:
    results = [
        {"number": number, "state": state, "seconds": 10.0 * (number + 1)}
        for number, state in enumerate(states)
    ]
    assert describe_left(results, numbers, at_once) == expected
