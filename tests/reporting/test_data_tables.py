"""The report as text: all sections, missing sections, and ids that would break a table."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.interactions import RawTable
from graphrec_cli.data.source import SourceData
from graphrec_cli.data.summary import describe_pairs, describe_table
from graphrec_cli.reporting.data_tables import data_report


def report_of(source: SourceData, **changes: Any) -> dict[str, Any]:
    """A whole report of a table; the parts of the split are made up."""
    source.funnel.note("k_core_users_dropped", 1_234)
    source.funnel.note("k_core_items_dropped", 5)
    source.funnel.note("pairs_test", 77)
    source.funnel.note("lines_without_items", 6)
    part = {
        "pairs": 4_000,
        "users": 30,
        "items": 20,
        "cold_users": 1,
        "cold_items": 2,
        "cold_pairs": 3,
    }
    split = {
        "name": "predefined",
        "k_cores": [
            {
                "stage": "k_core",
                "mode": "one_pass",
                "min_user_interactions": 5,
                "min_item_interactions": 1,
            }
        ],
        "train": part,
        "valid": None,
        "test": part,
        "catalog_items": 18,
        "hash": "0123456789abcdef" * 4,
    }
    degree = np.array([1, 2, 3], dtype=np.int64)
    return {
        "dataset": "mine",
        "seed": 3,
        "files": [{"path": "/data/mine/a.csv", "size": 1_000_000, "sha256": "ab" * 32}],
        "table": describe_table(source),
        "funnel": source.funnel.to_dict(),
        "pairs": describe_pairs(degree, degree),
        "split": split,
    } | changes


def source_of(user: str, title: str, rows: int) -> SourceData:
    table = RawTable(
        user_id=np.array([user] * rows),
        item_id=np.array(["0425115801"] * rows),
        rating=np.linspace(0, 10, rows, dtype=np.float32),
        timestamp=None,
        signal=np.zeros(rows, dtype=np.int8),
        signal_names=("rating",),
    )
    titles = (np.array(["0425115801"]), np.array([title]))
    return SourceData(table=table, funnel=Funnel(rows), titles=titles, files=(), preferences=None)


def test_a_report_says_all_that_is_there() -> None:
    source = source_of("A10", "A title", 21)
    source.funnel.drop("duplicates", "duplicate of the same signal", 20)
    lines = data_report(report_of(source)).splitlines()
    for line in (
        "mine: 21 rows of 1 user and 1 item",
        "files of /data/mine",
        "a.csv  1,000,000  abababababab",
        "row  user_id     item_id  signal  rating  title",
        "  1  A10      0425115801  rating       0  A title",
        "9 to 10     3  14.3%",
        "no row has a timestamp",
        "pairs that occur more than once: 1, in 21 rows; the first of them",
        f"read{21:>61}",
        "duplicates  duplicate of the same signal            20          1",
        "lines_without_items       6",
        "positive pairs: 6 of 3 users and 3 items, density 66.6667%",
        "split predefined; the k-core before it, over held-out pairs too, dropped",
        "1,234 users with fewer than 5 pairs (k_core, one_pass)",
        "test   4,000     30     20           1           2           3",
        "valid      -      -      -           -           -           -",
        "catalog: 18 items with a train pair",
    ):
        assert line in lines
    assert not any("pairs_test" in line for line in lines)


def test_a_report_without_files_says_where_the_rows_come_from() -> None:
    text = data_report(report_of(source_of("u", "t", 1), files=[]))
    assert "generated in memory with seed 3; no files were read" in text
    assert "no pair of a user and an item occurs more than once" in text


def test_foreign_text_cannot_spoil_a_table() -> None:
    text = data_report(report_of(source_of("a\nb\x1b[2J", "long " * 40, 1)))
    assert "a?b?[2J" in text
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) < 120
    assert "..." in text
