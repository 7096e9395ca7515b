"""Tables of every layout: columns, ids, times and titles, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from builders import REAL_DATA, needs_real
from own_table import csv_table, load

from graphrec_cli.config.table import Separator, TableConfig
from graphrec_cli.errors import ConfigError, DataError

real_data = needs_real("ml-latest-small")


IDS = ["0425115801", "NA", "nil", "1e5", "9" * 19, "007", "Bob 7", "é"]


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


def test_attributes_of_the_tables_items(folder: Path) -> None:
    config = csv_table(folder, b"user,item\na,01\nb,1\nb,2\n")
    config.items_path, config.items_attributes = "items.csv", "shelf"
    rows = ["item,title,shelf", "1,One,b| a|b", "9,Unrated,c", "01,Zero,", "1,Again,z"]
    (folder / "items.csv").write_text("\n".join(rows), encoding="utf-8")
    source = load(config)
    assert source.attributes is not None
    ids, attributes = source.attributes
    assert ids.tolist() == ["1", "01"]
    assert attributes.name[attributes.index].tolist() == ["a", "b"]
    assert attributes.indptr.tolist() == [0, 2, 2]
    config.items_attributes = None
    assert load(config).attributes is None
    config.items_attributes = "tag"
    with pytest.raises(DataError, match=r"no column 'tag', which dataset\.items_attributes names"):
        load(config)
    (folder / "items.csv").write_text("item,title,tag\n1,One,|\n9,Unrated,c\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"tag, which dataset\.items_attributes names, is empty"):
        load(config)
    with pytest.raises(ConfigError, match=r"dataset\.items_attributes needs a file of titles"):
        TableConfig(path="x.csv", items_attributes="shelf")


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
        (b"user,item,user\na,b,c\n", r"its columns are user \(1\), item, user \(2\)\)"),
        (b"user,item,date,time\na,b,1,2\n", r"join date and time of day into one column$"),
        (b"user,uid,item\na,b,c\n", r"user and uid may each be the user column; name one"),
        (b"user,item\na,b\n,c\n", "line 3: user '' is empty"),
        (b"user,item\na,b\nc\n", "line 3: 1 field where the header has 2"),
        (b"user,item\na,b\nc,d,e\n", "line 3: 3 fields where the header has 2"),
        (b"user,item\na,b\nc\0,d\n", "line 3: a NUL byte"),
        (b"user\0,item\na,b\n", "line 1: a NUL byte"),
        (b"user,item\na,b\n\xe9,d\n", "line 3: byte 0xe9 is not valid UTF-8"),
        (
            b"user,item\na," + b"x" * 200_000 + b"\n",
            "line 2: a field of more than 131,072 characters",
        ),
        (b"user,item\na,b\nc," + b"x" * 200_000 + b"\n", "line 3: "),
        (b"user,item,rating\na,b,1\nc,d,inf\n", "line 3: rating 'inf' is outside"),
        (
            b"user,item,rating\na,b,1\nc,d,\n",
            "line 3: rating '' is empty; dataset.on_missing=skip leaves",
        ),
        (b'user,item\na,b\n"c,d\n', "line 3: the file ends before a closing quote"),
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
    for encoding in ("utf-32", "punycode", "cp037"):
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
    assert source.table.item_id[:1].tolist() == ["1"]
    assert source.titles is not None
    assert len(source.titles[0]) == 9_724
    assert source.titles[1][source.titles[0] == "1"].tolist() == ["Toy Story (1995)"]
    books = load(TableConfig(path="book-crossing/BX-Book-Explicit-5Rate.csv"), str(REAL_DATA)).table
    assert len(books) == 88_552
    assert "034545104X" in set(books.item_id.tolist())


def test_a_header_line_among_the_rows_is_refused(folder: Path) -> None:
    config = csv_table(folder, b"user,item\na,x\nuser,item\nb,y\n")
    with pytest.raises(DataError, match=r"row 2 has the names of the columns .* remove it$"):
        load(config)
    config.columns = ["user", "item"]
    with pytest.raises(DataError, match=r"row 1 has .* remove it, or dataset\.columns$"):
        load(config)
