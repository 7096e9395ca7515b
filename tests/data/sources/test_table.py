"""Tables of every layout: columns, ids, times and titles, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from builders import REAL_DATA, needs_real

from graphrec_cli.config.table import MissingPolicy, Separator, TableConfig, TimeUnit
from graphrec_cli.data.source import SourceData
from graphrec_cli.data.sources.table import TABLE
from graphrec_cli.errors import ConfigError, DataError

real_data = needs_real("ml-latest-small")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def load(config: TableConfig, data_dir: str = "data") -> SourceData:
    return TABLE.read(config, data_dir=Path(data_dir), seed=0)


def csv_table(folder: Path, content: bytes, name: str = "ratings.csv") -> TableConfig:
    (folder / name).write_bytes(content)
    return TableConfig(path=name)


IDS = ["0425115801", "NA", "null", "1e5", "9" * 19, "007", "Bob 7", "é"]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("name", "separator", "header"),
    [
        ("a.csv", ",", "userId,movieId,rating,timestamp"),
        ("a.tsv", "\t", "User\tISBN\tScore\tDate"),
        ("a.inter", "\t", "user_id:token\titem_id:token\trating:float\ttimestamp:float"),
        ("a.csv", ",", "\ufefftimestamp,rating,item_id,user_id"),
    ],
)
def test_layouts_are_told_by_their_ending_and_columns_by_their_names(
    folder: Path, name: str, separator: str, header: str, newline: str
) -> None:
    last_is_user = header.endswith("user_id")
    lines = [header]
    for number, id in enumerate(IDS):
        cells = [id, IDS[-1 - number], f"{number / 2}", str(10**9 + number)]
        lines.append(separator.join(cells[::-1] if last_is_user else cells))
    source = load(csv_table(folder, newline.join(lines).encode(), name))
    table = source.table
    assert table.user_id.tolist() == IDS
    assert table.item_id.tolist() == IDS[::-1]
    assert table.rating.tolist() == [number / 2 for number in range(len(IDS))]
    assert table.timestamp is not None
    assert table.timestamp.tolist() == [(10**9 + number) * 10**9 for number in range(len(IDS))]
    assert table.signal_names == ("interaction",)
    assert source.funnel.rows_left == len(IDS)
    assert [file.path.name for file in source.files] == [name]


@pytest.mark.parametrize(
    ("cells", "unit", "seconds"),
    [
        (["1700000000", "1700000001"], TimeUnit.auto, [1700000000, 1700000001]),
        (["1700000000999", "1700000001000"], TimeUnit.auto, [1700000000.999, 1700000001]),
        (["1.7e9", "1700000001.5"], TimeUnit.auto, [1700000000, 1700000001.5]),
        (["2024-01-31", "1969-12-31T23:59:59"], TimeUnit.auto, [1706659200, -1]),
        (["20240131", "19691231"], TimeUnit.date, [1706659200, -86400]),
        (["1700", "2"], TimeUnit.ms, [1.7, 0.002]),
    ],
)
def test_times(folder: Path, cells: list[str], unit: TimeUnit, seconds: list[float]) -> None:
    config = csv_table(folder, f"user,item,time\na,b,{cells[0]}\na,c,{cells[1]}\n".encode())
    config.time_unit = unit
    table = load(config).table
    assert table.timestamp is not None
    assert table.timestamp.tolist() == [round(second * 1000) * 10**6 for second in seconds]
    assert np.isnan(table.rating).all()


def test_quotes_separators_and_encodings_as_configured(folder: Path) -> None:
    config = csv_table(folder, b'who;what;x\n"Ann; M.";5" disk;\n\xe9;"b";1\n')
    config.user, config.item, config.separator = "who", "what", Separator.semicolon
    config.encoding = "latin-1"
    table = load(config).table
    assert table.user_id.tolist() == ["Ann; M.", "é"]
    assert table.item_id.tolist() == ['5" disk', "b"]
    assert table.timestamp is None
    config.quoted = False
    with pytest.raises(DataError, match="line 2: 4 fields where the header has 3"):
        load(config)


def test_a_file_without_a_header_line(folder: Path) -> None:
    config = csv_table(folder, b"196|242|3|881250949\n186|302|4|891717742\n", "u.data")
    config.separator = Separator.pipe
    with pytest.raises(DataError, match=r"dataset\.columns=\[user,item,\.\.\]"):
        load(config)
    config.columns = ["user", "item", "rating", "timestamp"]
    table = load(config).table
    assert table.user_id.tolist() == ["196", "186"]
    assert table.rating.tolist() == [3, 4]
    config.columns = ["user", "item", "rating"]
    with pytest.raises(DataError, match="line 1: 4 fields where the layout has 3"):
        load(config)


def test_columns_that_are_turned_off(folder: Path) -> None:
    config = csv_table(folder, b"user,item,rating,date\na,b,good,last week\n")
    with pytest.raises(DataError, match="line 2: rating 'good' is not a number"):
        load(config)
    config.rating = ""
    with pytest.raises(DataError, match="line 2: date 'last week' is not an ISO date"):
        load(config)
    config.timestamp = ""
    assert load(config).table.timestamp is None
    config.rating_threshold = 3.0
    with pytest.raises(DataError, match="rating_threshold needs ratings, but"):
        load(config)


def test_titles_of_the_tables_items(folder: Path) -> None:
    config = csv_table(folder, b"user_id:token\tbook:token\na\t01\nb\t1\n", "x.inter")
    config.items_path = "x.item"
    titles = "book:token\ttitle:token_seq\n1\tOne\n2\tUnrated\n01\tZero, \xe9\n1\tAgain\n"
    (folder / "x.item").write_text(titles, encoding="utf-8")
    source = load(config)
    assert source.titles is not None
    assert dict(zip(source.titles[0].tolist(), source.titles[1].tolist(), strict=True)) == {
        "1": "One",
        "01": "Zero, é",
    }
    assert [file.path.name for file in source.files] == ["x.inter", "x.item"]
    (folder / "x.item").write_text("code\tlabel\n1\tOne\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"no column with a known name for dataset\.items_id"):
        load(config)
    config.items_id = "code"
    with pytest.raises(DataError, match=r"no column with a known name for dataset\.items_title"):
        load(config)
    config.items_title = "label"
    again = load(config).titles
    assert again is not None
    assert again[1].tolist() == ["One"]


def test_parquet(folder: Path) -> None:
    columns = {"user_id": [9_223_372_036_854_775_807, 2], "isbn": ["007", "NA"], "stars": [1, 5]}
    pq.write_table(pa.table(columns | {"date": ["2024-01-31"] * 2}), folder / "a.parquet")
    pq.write_table(pa.table({"isbn": ["007"], "title": ["Bond"]}), folder / "items.parquet")
    source = load(TableConfig(path="a.parquet", items_path="items.parquet"))
    assert source.table.user_id.tolist() == ["9223372036854775807", "2"]
    assert source.table.item_id.tolist() == ["007", "NA"]
    assert source.table.rating.tolist() == [1, 5]
    assert source.table.timestamp is not None
    assert source.table.timestamp.tolist() == [1706659200 * 10**9] * 2
    assert source.titles is not None
    assert source.titles[1].tolist() == ["Bond"]
    (folder / "b.parquet.gz").write_bytes(b"")
    with pytest.raises(DataError, match="compressed twice"):
        load(TableConfig(path="b.parquet"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty; it needs a header line"),
        (b"user,item\n", "has a header line and no rows"),
        (
            b"user;item\na;b\n",
            "has no comma, but a semicolon; set dataset.separator",
        ),
        (b"user,item,user\na,b,c\n", "names the column 'user' twice"),
        (b"user,uid,item\na,b,c\n", r"user and uid may each be the user column; name one"),
        (b"user,item\na,b\n,c\n", "line 3: user '' is empty"),
        (b"user,item\na,b\nc\n", "line 3: 1 fields where the header has 2"),
        (b"user,item\na,b\nc,d,e\n", "line 3: 3 fields where the header has 2"),
        (b"user,item\na,b\nc\0,d\n", "line 3: a NUL byte"),
        (b"user\0,item\na,b\n", "line 1: a NUL byte"),
        (b"user,item\na,b\n\xe9,d\n", "line 3: byte 0xe9 is not valid UTF-8"),
        (b"user,item\na," + b"x" * 200_000 + b"\n", "line 2: field larger than field limit"),
        (b"user,item\na,b\nc," + b"x" * 200_000 + b"\n", "line 3: "),
        (b"user,item,rating\na,b,1\nc,d,inf\n", "line 3: rating 'inf' is outside"),
        (
            b"user,item,rating\na,b,1\nc,d,\n",
            "line 3: rating '' is empty; dataset.on_missing=skip leaves",
        ),
        (b'user,item\na,b\n"c,d\n', "line 3: unexpected end of data"),
    ],
)
def test_faulty_files_are_refused_in_one_line(folder: Path, content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        load(csv_table(folder, content))
    assert "\n" not in str(caught.value)


def test_a_column_for_two_things_is_refused(folder: Path) -> None:
    config = csv_table(folder, b"user,item\na,b\n")
    config.item = "user"
    with pytest.raises(DataError, match="column user is used twice"):
        load(config)


def test_values_out_of_range_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"dataset\.path must name the table's file"):
        TableConfig()
    with pytest.raises(
        ConfigError, match=r"dataset\.item must name a column or a file, or be null"
    ):
        TableConfig(path="a", item="")
    with pytest.raises(ConfigError, match=r"dataset\.columns must not name a value twice"):
        TableConfig(path="a", columns=["user", "user"])
    with pytest.raises(ConfigError, match=r"dataset\.rating_threshold must be a finite number"):
        TableConfig(path="a", rating_threshold=float("nan"))
    for encoding in ("utf-99", "hex", "", "a\0b"):
        with pytest.raises(ConfigError, match=r"dataset\.encoding '.*' is unknown"):
            TableConfig(path="a", encoding=encoding)
    for encoding in ("utf-16", "punycode", "cp037"):
        with pytest.raises(ConfigError, match=r"cannot be read line by line; save the file"):
            TableConfig(path="a", encoding=encoding)


@pytest.mark.slow
@real_data
def test_real_tables_with_their_own_headers() -> None:
    config = TableConfig(
        path="ml-latest-small/ratings.csv", items_path="ml-latest-small/movies.csv"
    )
    source = load(config, str(REAL_DATA))
    assert len(source.table) == 100_836
    assert source.table.item_id[0] == "1"
    assert source.titles is not None
    assert len(source.titles[0]) == 9_724
    assert source.titles[1][source.titles[0] == "1"].tolist() == ["Toy Story (1995)"]
    books = load(TableConfig(path="book-crossing/BX-Book-Explicit-5Rate.csv"), str(REAL_DATA)).table
    assert len(books) == 88_552
    assert "034545104X" in set(books.item_id.tolist())


def test_units_of_time_that_are_mixed_name_the_file_and_the_key(folder: Path) -> None:
    content = b"user,item,timestamp\na,b,1386199954\na,c,1386199954000\n"
    with pytest.raises(DataError) as refused:
        load(csv_table(folder, content))
    message = str(refused.value)
    assert message.startswith("ratings.csv: timestamp mixes units of time")
    assert "row 1 has 1386199954" in message
    assert message.endswith("dataset.timestamp='' reads no timestamps")


def test_rows_without_a_rating_or_a_time_are_left_out_and_counted(folder: Path) -> None:
    content = b"user,item,rating,time\na,b,,1593878903\na,c,3,\na,d,4,1593878904\na,e,NaN,\n"
    config = csv_table(folder, content)
    with pytest.raises(DataError, match=r"line 2: rating '' is empty; dataset\.on_missing=skip"):
        load(config)
    config.on_missing = MissingPolicy.skip
    source = load(config)
    assert source.table.item_id.tolist() == ["d"]
    assert source.table.timestamp is not None
    assert source.table.timestamp.tolist() == [1593878904 * 10**9]
    counts = [(step.cause, step.rows_dropped) for step in source.funnel.steps]
    assert counts == [("empty rating", 2), ("empty timestamp", 1)]
    assert source.funnel.rows_left == 1
    config.rating = ""
    assert [step.rows_dropped for step in load(config).funnel.steps] == [2]
    empty = csv_table(folder, b"user,item,time\na,b,\n")
    empty.on_missing = MissingPolicy.skip
    with pytest.raises(DataError, match="every row has an empty rating or timestamp"):
        load(empty)


def test_nulls_of_parquet_are_missing_values(folder: Path) -> None:
    columns = {
        "user": ["a", "b", "c", "d"],
        "item": ["x", "y", "z", "x"],
        "rating": [1.0, None, float("nan"), 4.0],
        "time": pa.array([1_500_000_000_123, 1, 2, None], pa.timestamp("ms")),
    }
    pq.write_table(pa.table(columns), folder / "a.parquet")
    with pytest.raises(DataError, match=r"row 2: rating is empty; dataset\.on_missing=skip"):
        load(TableConfig(path="a.parquet"))
    source = load(TableConfig(path="a.parquet", on_missing=MissingPolicy.skip))
    assert source.table.user_id.tolist() == ["a"]
    assert source.table.timestamp is not None
    assert source.table.timestamp.tolist() == [1_500_000_000_123 * 10**6]
    assert [step.rows_dropped for step in source.funnel.steps] == [2, 1]


def test_a_format_of_the_times(folder: Path) -> None:
    config = csv_table(folder, b"user,item,date\na,b,11/21/2000\na,c,01/02/2001\n")
    with pytest.raises(DataError, match=r"line 2: .* dataset\.time_format names another format"):
        load(config)
    config.time_format = "%m/%d/%Y"
    table = load(config).table
    assert table.timestamp is not None
    assert table.timestamp.tolist() == [974764800 * 10**9, 978393600 * 10**9]
    config.timestamp = ""
    with pytest.raises(DataError, match=r"time_format needs timestamps, but dataset\.timestamp"):
        load(config)
    times = {"user": ["a"], "item": ["b"], "time": pa.array([0], pa.timestamp("s"))}
    pq.write_table(pa.table(times), folder / "a.parquet")
    with pytest.raises(ConfigError, match=r"dataset\.time_format applies only to text"):
        load(TableConfig(path="a.parquet", time_format="%Y"))


@pytest.mark.parametrize(
    ("time_format", "message"),
    [
        ("", "must have a year"),
        ("year", "must have a year"),
        ("%m/%d", "must have a year"),
        ("%%Y", "must have a year"),
        ("%Y %Q", "has '%Q', which is none of %Y"),
        ("%Y %", "has '%', which is none of"),
        ("%Y-%Y", "cannot be read back"),
    ],
)
def test_formats_that_are_refused(time_format: str, message: str) -> None:
    with pytest.raises(ConfigError, match=rf"dataset\.time_format {message}"):
        TableConfig(path="a", time_format=time_format)


def test_a_format_and_a_unit_contradict_each_other() -> None:
    for time_format in ("%Y-%m-%dT%H:%M:%S.%f%z", "%d %b %y %I:%M %p"):
        TableConfig(path="a", time_format=time_format)
        with pytest.raises(ConfigError, match=r"time_format and dataset\.time_unit=s contradict"):
            TableConfig(path="a", time_format=time_format, time_unit=TimeUnit.s)
