"""Columns that are read chunk by chunk are those that all cells at once would give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from graphrec_cli.config.table import TimeUnit
from graphrec_cli.data.tables import collect_rows
from graphrec_cli.data.tables.columns import Column, ColumnArray, NumberColumn, TextColumn
from graphrec_cli.data.tables.layout import CSV
from graphrec_cli.data.tables.read_csv import read_csv_columns
from graphrec_cli.data.tables.read_parquet import read_parquet_columns
from graphrec_cli.data.tables.text_ids import TextIdColumn
from graphrec_cli.data.tables.time_column import TimeColumn
from graphrec_cli.errors import DataError

IDS = ["a", "b", " a", "a ", "007", "7", "é", "1e5", "NULL", ""]
NUMBERS = ["1", "2.5", "0.1", "16777217", "-3", "1e3", "", "NaN", "x", "7000"]
SECONDS = ["1380844800", "1380844801", " 5", "0", "", "NULL"]
TIMES = {
    "seconds": SECONDS,
    "mixed units": ["1380844800", "1380844800123", "0"],
    "fractions": [*SECONDS, "1380844800.25", "1380844800.1234567891"],
    "dates": ["2024-01-31", "2024-01-31T18:30:00", "2024-02-30", "", "5"],
    "days": ["20191009", "20191010", "20191131"],
    "faults": [*SECONDS, "x", "1.4e+09", "9" * 19],
}
Made = tuple[dict[str, list[object]], str | None]


def columns() -> list[Column]:
    """New ones for every reading: a column of times keeps what it learns."""
    return [
        TextIdColumn("user", may_be_empty=True),
        TextColumn("title", may_be_empty=True),
        NumberColumn("rating", low=-5, high=2e7, may_be_missing=True),
        TimeColumn("time", TimeUnit.auto, may_be_missing=True),
    ]


def result(read: Callable[[], dict[str, ColumnArray]]) -> dict[str, list[object]] | str:
    """The values of every column, or the error."""
    try:
        arrays = read()
    except DataError as error:
        return str(error).replace("9.0", "9")  # as Arrow writes it beside empty cells
    return {name: np.asarray(array).astype(np.str_).tolist() for name, array in arrays.items()}


def all_at_once(rows: Sequence[tuple[str, ...]]) -> dict[str, list[object]] | None:
    """What every column makes of all cells; None if one is faulty."""
    made: dict[str, list[object]] = {}
    for column, cells in zip(columns(), zip(*rows, strict=True), strict=True):
        try:
            array = column.array(pa.chunked_array([pa.array(cells, pa.string())]))
        except DataError:
            return None
        if array is None:
            return None
        values = np.asarray(array)
        made[column.name] = values.astype(np.str_).tolist()
    return made


@st.composite
def tables(draw: st.DrawFn) -> list[tuple[str, ...]]:
    """Rows of few distinct cells; a fault is in some tables only."""
    times = draw(st.sampled_from(list(TIMES.values())))
    kinds = (IDS, ["", "A", "B"], NUMBERS, times)
    cells = [draw(st.lists(st.sampled_from(kind), min_size=1, max_size=4)) for kind in kinds]
    row = st.tuples(*(st.sampled_from(kind) for kind in cells))
    return draw(st.lists(row, min_size=1, max_size=150 if draw(st.booleans()) else 12))


@given(rows=tables(), chunk_rows=st.integers(1, 7))
def test_chunks_of_text_give_the_values_and_the_errors_of_one_chunk(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]], chunk_rows: int
) -> None:
    path = tmp_path_factory.mktemp("chunks") / "table.csv"
    text = "".join(",".join(row) + "\n" for row in [("user", "title", "rating", "time"), *rows])
    path.write_text(text, encoding="utf-8")
    whole = result(lambda: read_csv_columns(path, columns(), CSV))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(collect_rows, "CHUNK_ROWS", chunk_rows)
        chunked = result(lambda: read_csv_columns(path, columns(), CSV))
    assert chunked == whole
    expected = all_at_once(rows)
    if expected is None:
        assert isinstance(whole, str)
    else:
        assert isinstance(whole, dict)
        for name, values in expected.items():
            if name == "rating":
                np.testing.assert_array_equal(
                    np.array(whole[name], np.float64), np.array(values, np.float64)
                )
            else:
                assert whole[name] == values


@given(
    rows=st.lists(
        st.tuples(
            st.integers(0, 30),
            st.sampled_from([None, 0.5, 0.1, 3.0, 9.0]),
            st.sampled_from([None, 0, 1_380_844_800, 1_380_844_800_000]),
        ),
        min_size=1,
        max_size=60,
    ),
    chunk_rows=st.integers(1, 7),
)
def test_chunks_of_parquet_give_the_values_and_the_errors_of_one_chunk(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[int, float | None, int | None]],
    chunk_rows: int,
) -> None:
    path = tmp_path_factory.mktemp("chunks") / "table.parquet"
    user, rating, time = zip(*rows, strict=True)
    cells = {"user": pa.array(user, pa.int64()), "rating": pa.array(rating, pa.float64())}
    parquet.write_table(pa.table(cells | {"time": pa.array(time, pa.int64())}), path)

    def read() -> dict[str, ColumnArray]:
        number = NumberColumn("rating", low=0, high=5, may_be_missing=True)
        times = TimeColumn("time", TimeUnit.auto, may_be_missing=True)
        return read_parquet_columns(path, [TextIdColumn("user"), number, times])

    whole = result(read)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(collect_rows, "CHUNK_ROWS", chunk_rows)
        assert result(read) == whole
    if 9.0 in rating:
        first = rating.index(9.0) + 1
        assert whole == f"{path}, row {first}: rating '9' is outside 0..5"


def test_an_early_fault_of_an_id_is_named_before_a_later_one_of_a_number(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    lines = ["user,title,rating,time", *["u,t,1,5"] * 5, "'q',t,1,5", *["u,t,1,5"] * 5, "u,t,x,5"]
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(collect_rows, "CHUNK_ROWS", 2)
        with pytest.raises(DataError, match=r"line 7: user ''q'' is in quotes"):
            read_csv_columns(path, columns(), CSV)
