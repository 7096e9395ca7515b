"""``dataset.weight``: the column of weights of a table."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from own_table import csv_table, load

from graphrec_cli.config.table import MissingPolicy, TableConfig
from graphrec_cli.errors import DataError

ROWS = [("a", "x", 3.0), ("a", "y", 1e6), ("b", "x", 0.25)]
CSV = b"user,item,plays\na,x,3\na,y,1e6\nb,x,.25\n"


def weighted(folder: Path, content: bytes) -> TableConfig:
    config = csv_table(folder, content)
    config.weight = "plays"
    return config


def write_json_lines(path: Path) -> None:
    lines = [json.dumps({"user": u, "item": i, "plays": w}) for u, i, w in ROWS]
    path.write_text("\n".join(lines))


def write_parquet(path: Path) -> None:
    users, items, plays = zip(*ROWS, strict=True)
    pq.write_table(pa.table({"user": users, "item": items, "plays": plays}), path)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("t.csv", lambda path: path.write_bytes(CSV)),
        ("t.jsonl", write_json_lines),
        ("t.parquet", write_parquet),
    ],
)
def test_weights_are_read_from_every_format(
    folder: Path, name: str, write: Callable[[Path], None]
) -> None:
    write(folder / name)
    source = load(TableConfig(path=name, weight="plays"))
    assert source.table.weight is not None
    assert source.table.weight.dtype == np.float32
    assert source.table.weight.tolist() == [3, 1e6, 0.25]
    assert source.notes[0] == "columns: user=user item=item weight=plays"


@pytest.mark.parametrize("name", ["weight", "plays", "count"])
def test_no_column_is_taken_as_weights_by_its_name(folder: Path, name: str) -> None:
    config = csv_table(folder, CSV.replace(b"plays", name.encode()))
    assert load(config).table.weight is None


@pytest.mark.parametrize(
    ("cell", "fault"),
    [
        ("0", r"'0' is not above 0; dataset\.where can leave out such rows"),
        ("-2", r"'-2' is not above 0; dataset\.where"),
        ("", r"'' is empty; dataset\.on_missing=skip"),
        ("nan", r"'nan' is not a number; dataset\.on_missing=skip"),
        ("inf", r"'inf' is outside 1\.17549e-38\.\.3\.40282e\+38$"),
        ("1e-300", r"'1e-300' is outside"),
        ("many", r"'many' is not a number$"),
    ],
)
def test_a_faulty_weight_names_its_line(folder: Path, cell: str, fault: str) -> None:
    content = CSV + f"b,y,{cell}\n".encode()
    with pytest.raises(DataError, match=rf"^ratings\.csv, line 5: plays {fault}"):
        load(weighted(folder, content))


def test_rows_without_a_weight_are_left_out_and_counted(folder: Path) -> None:
    config = weighted(folder, CSV + b"b,y,\nc,z,NaN\nc,x,7\n")
    config.on_missing = MissingPolicy.skip
    source = load(config)
    assert source.table.weight is not None
    assert source.table.weight.tolist() == [3, 1e6, 0.25, 7]
    counts = [(step.cause, step.rows_dropped) for step in source.funnel.steps]
    assert counts == [("empty weight", 2)]


def test_a_condition_leaves_out_rows_before_their_weight_is_checked(folder: Path) -> None:
    config = weighted(folder, CSV + b"b,y,0\nc,y,-1\n")
    config.where = "plays > 0"
    source = load(config)
    assert source.table.weight is not None
    assert source.table.weight.tolist() == [3, 1e6, 0.25]
    config.where = "user != 'b'"
    with pytest.raises(DataError, match=r"row 5: plays '-1' is not above 0; dataset\.where"):
        load(config)


def test_a_file_without_a_header_line(folder: Path) -> None:
    config = csv_table(folder, CSV.partition(b"\n")[2])
    config.columns = ["user", "item", "weight"]
    with pytest.raises(DataError, match=r"_weight if .* skipped, or set dataset\.weight=weight$"):
        load(config)
    config.weight = "weight"
    source = load(config)
    assert source.table.weight is not None
    assert source.table.weight.tolist() == [3, 1e6, 0.25]


def test_a_column_for_two_things_or_none_is_refused(folder: Path) -> None:
    config = csv_table(folder, CSV.replace(b"plays", b"rating"))
    config.weight = "rating"
    with pytest.raises(
        DataError, match=r"rating is used twice; .*=rating for both, or set dataset\.rating=''"
    ):
        load(config)
    config.rating = ""
    source = load(config)
    assert source.table.weight is not None
    assert np.isnan(source.table.rating).all()
    config.weight = "plays"
    with pytest.raises(DataError, match=r"has no column 'plays', which dataset\.weight names"):
        load(config)


@pytest.mark.parametrize("write", [write_json_lines, write_parquet])
@pytest.mark.parametrize("condition", [None, "plays > 1"])
def test_a_column_that_is_named_for_both_gives_ratings_and_weights(
    folder: Path, write: Callable[[Path], None], condition: str | None
) -> None:
    kept = [plays for _, _, plays in ROWS if condition is None or plays > 1]
    name = f"t.{'jsonl' if write is write_json_lines else 'parquet'}"
    write(folder / name)
    source = load(TableConfig(path=name, rating="plays", weight="plays", where=condition))
    assert source.notes[0] == "columns: user=user item=item rating=plays weight=plays"
    assert source.table.weight is not None
    assert source.table.weight.tolist() == source.table.rating.tolist() == kept


def test_a_fault_of_such_a_column_is_that_of_a_weight(folder: Path) -> None:
    config = weighted(folder, CSV + b"b,y,0\n")
    config.rating = "plays"
    with pytest.raises(DataError, match=r"'0' is not above 0; dataset\.where can leave out such"):
        load(config)
    config.item = "plays"
    with pytest.raises(DataError, match="plays is used twice"):
        load(config)
