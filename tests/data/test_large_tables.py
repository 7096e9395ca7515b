"""A table read in chunks and prepared in blocks gives the data of one piece, bit for bit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec_cli.config.dataset import (
    Duplicates,
    KCoreConfig,
    PrefilterConfig,
    PrefilterKCoreConfig,
)
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.split import (
    GlobalTimeConfig,
    HeldOutBy,
    KFoldConfig,
    LeaveOneOutConfig,
    RatioConfig,
    Scope,
    ShareBy,
    SplitConfig,
)
from graphrec_cli.config.table import TableConfig
from graphrec_cli.data import row_blocks
from graphrec_cli.data.cache.arrays import npy_parts, split_arrays
from graphrec_cli.data.cache.prepared_cache import PreparedCache
from graphrec_cli.data.prepared import Prepared
from graphrec_cli.data.tables import collect_rows
from graphrec_cli.errors import GraphrecError
from graphrec_cli.preparation import fill_cache, find_files, read_and_split
from graphrec_cli.rundir.drop_report import DropReport

SPLITS: list[SplitConfig] = [
    RatioConfig(test_ratio=0.2, valid_ratio=0.2),
    RatioConfig(test_ratio=0.3, valid_ratio=0, scope=Scope.all),
    RatioConfig(test_ratio=0.3, valid_ratio=0.1, by=ShareBy.time),
    LeaveOneOutConfig(),
    LeaveOneOutConfig(by=HeldOutBy.time, valid=0),
    LeaveOneOutConfig(by=HeldOutBy.rating),
    GlobalTimeConfig(test_ratio=0.2, valid_ratio=0.1),
    KFoldConfig(folds=3),
]


@contextmanager
def pieces(rows: int) -> Iterator[None]:
    """Chunks and blocks of so many rows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(collect_rows, "CHUNK_ROWS", rows)
        patch.setattr(row_blocks, "BLOCK_ROWS", rows)
        yield


def content(prepared: Prepared) -> dict[str, Any]:
    """All that must be equal: the bytes of the arrays, the funnel and the split's hash."""
    arrays = split_arrays(prepared.split)
    files: dict[str, Any] = {
        name: b"".join(map(bytes, npy_parts(array))) for name, array in arrays.items()
    }
    return files | {"funnel": prepared.funnel.to_dict(), "hash": prepared.split.hash()}


def result(config: RunConfig) -> dict[str, Any] | str:
    """The prepared data, or the error."""
    try:
        return content(read_and_split(config, find_files(config), DropReport())[1])
    except GraphrecError as error:
        return str(error)


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    """Rows of few users and items, so that pairs are repeated and cores are not empty."""
    size = draw(st.integers(10, 120))
    seed = draw(st.integers(0, 2**32 - 1))
    frame = pd.DataFrame({"row": range(size)})
    users, items = draw(st.integers(2, 8)), draw(st.integers(4, 12))
    rng = pd.Series(range(size)).sample(frac=1, random_state=seed)
    mixed = [(seed * (place + 1) * 2654435761) % 2**32 // 7 for place in rng]
    frame["user"] = [f"u{value % users}" for value in mixed]
    frame["item"] = [f"{value // 11 % items:03}" for value in mixed]
    frame["rating"] = [value // 131 % 10 / 2 for value in mixed]
    frame["time"] = [1_400_000_000 + value // 1009 % 20 for value in mixed]
    frame["event"] = [("view", "buy", "cart")[value // 17 % 3] for value in mixed]
    return frame.drop(columns="row")


@settings(max_examples=60)
@given(
    frame=frames(),
    rows=st.sampled_from([1, 3, 16]),
    ending=st.sampled_from(["csv", "parquet"]),
    split=st.sampled_from(SPLITS),
    duplicates=st.sampled_from(list(Duplicates)),
    threshold=st.sampled_from([None, 1.3, 3.0]),
    core=st.sampled_from([1, 2, 3]),
    keys=st.sampled_from(
        [
            {},
            {"signal": "event", "signals": ["buy", "cart"]},
            {"where": "rating > 0.5 or event = 'view'"},
            {"weight": "rating", "where": "rating > 0"},
            {"rating": ""},
        ]
    ),
    prefilter=st.booleans(),
)
@pytest.mark.slow
def test_pieces_of_any_size_give_the_same_data(
    tmp_path_factory: pytest.TempPathFactory,
    frame: pd.DataFrame,
    rows: int,
    ending: str,
    split: SplitConfig,
    duplicates: Duplicates,
    threshold: float | None,
    core: int,
    keys: dict[str, Any],
    prefilter: bool,
) -> None:
    path = tmp_path_factory.mktemp("pieces") / f"table.{ending}"
    if ending == "csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path, index=False)
    k_core = KCoreConfig(min_user_interactions=core, min_item_interactions=core)
    dataset = TableConfig(path=str(path), duplicates=duplicates, k_core=k_core, **keys)
    if "rating" not in keys:
        dataset.rating_threshold = threshold
        if prefilter:
            twice = PrefilterKCoreConfig(min_user_interactions=2, min_item_interactions=2)
            dataset.prefilter = PrefilterConfig(rating_threshold=1.0, k_core=twice)
    config = RunConfig(dataset=dataset, split=split)
    whole = result(config)
    with pieces(rows):
        assert result(config) == whole


def test_the_entry_of_the_cache_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    pairs = [(f"u{place % 7}", f"i{place * place % 11}", place % 5) for place in range(90)]
    pd.DataFrame(pairs, columns=["user", "item", "rating"]).to_csv(path, index=False)
    found = []
    for rows in (10**6, 4):
        folder = tmp_path / f"cache_{rows}"
        config = RunConfig(
            dataset=TableConfig(path=str(path)), split=RatioConfig(), cache_dir=str(folder)
        )
        with pieces(rows):
            cache = PreparedCache(config, find_files(config), required=True)
            prepared = fill_cache(config, cache, DropReport())
        assert cache.path is not None
        found.append({file.name: file.read_bytes() for file in cache.path.iterdir()})
        loaded = PreparedCache(config, find_files(config)).get()
        assert loaded is not None
        assert content(loaded) == content(prepared)
        assert loaded.num_rows == prepared.num_rows == 90
    assert found[0] == found[1]
