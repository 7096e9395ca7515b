"""Signals of a table: a column, and its values in order of precedence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.config.dataset import KCoreConfig
from graphrec_cli.config.table import TableConfig
from graphrec_cli.data.preprocess import preprocess
from graphrec_cli.data.source import SourceData
from graphrec_cli.data.sources.table import TABLE
from graphrec_cli.errors import ConfigError, DataError

EVENTS = (
    "user,item,event,price\n"
    "u,p,view,1\nu,p,buy,2\nu,p,buy,3\nu,q,view,4\nu,q,cart,5\nv,p,,6\nv,q,return,7\nv,q,view,8\n"
)


def load(path: Path, signals: list[str], **keys: Any) -> SourceData:
    config = TableConfig(path=str(path), signal="event", signals=signals, **keys)
    return TABLE.read(config, data_dir=path.parent, seed=0)


def pairs(source: SourceData, threshold: float | None = None) -> dict[tuple[str, str], str]:
    """The signal of every positive pair."""
    k_core = KCoreConfig(min_user_interactions=1, min_item_interactions=1)
    found = preprocess(
        source.table, rating_threshold=threshold, k_core=k_core, funnel=source.funnel
    )
    users, items = found.users.ids[found.user_index], found.items.ids[found.item_index]
    names = [found.signal_names[place] for place in found.signal]
    return dict(zip(zip(users.tolist(), items.tolist(), strict=True), names, strict=True))


@pytest.fixture
def events(tmp_path: Path) -> Path:
    path = tmp_path / "events.csv"
    path.write_text(EVENTS)
    return path


def test_the_strongest_signal_of_a_pair_stands_for_it(events: Path) -> None:
    source = load(events, ["buy", "cart", "view"], rating="price")
    assert source.table.signal_names == ("buy", "cart", "view")
    assert source.table.signal.tolist() == [2, 0, 0, 2, 1, 2]
    assert source.table.rating.tolist() == [1, 2, 3, 4, 5, 8]
    assert [(step.cause, step.rows_dropped) for step in source.funnel.steps] == [
        ("event is not in dataset.signals", 2)
    ]
    assert pairs(source) == {("u", "p"): "buy", ("u", "q"): "cart", ("v", "q"): "view"}
    steps = {step.cause: step.rows_dropped for step in source.funnel.steps}
    assert steps["duplicate of the same signal (duplicates=latest)"] == 1
    assert steps["pair held by a stronger signal"] == 2
    again = load(events, ["view", "cart", "buy"])
    assert pairs(again) == {("u", "p"): "view", ("u", "q"): "view", ("v", "q"): "view"}


def test_a_signal_and_a_condition_on_the_same_column(events: Path) -> None:
    source = load(events, ["view"], where="event != 'buy' and price > 1")
    assert source.table.user_id.tolist() == ["u", "v"]
    assert [step.rows_dropped for step in source.funnel.steps] == [4, 2]


@pytest.mark.parametrize(
    ("signals", "message"),
    [
        (["buy", "veiw"], "the signal 'veiw', which dataset.signals names; did you mean 'view'?"),
        (["x"], "events.csv: none of the 8 rows has one of dataset.signals; event has 'view', "),
    ],
)
def test_signals_that_no_row_has(events: Path, signals: list[str], message: str) -> None:
    with pytest.raises(DataError) as refused:
        load(events, signals)
    assert message in str(refused.value)


def test_columns_of_whole_numbers_and_nulls(tmp_path: Path) -> None:
    columns = {"user": ["a", "b", "c"], "item": ["x"] * 3, "event": [3, None, 1]}
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    source = load(tmp_path / "a.parquet", ["1", "3"])
    assert source.table.user_id.tolist() == ["a", "c"]
    assert source.table.signal.tolist() == [1, 0]


def test_what_is_refused_before_a_file_is_read() -> None:
    for signal, signals in (("event", None), (None, ["a"])):
        with pytest.raises(ConfigError, match=r"dataset\.signal and dataset\.signals need each"):
            TableConfig(path="a", signal=signal, signals=signals)
    with pytest.raises(ConfigError, match=r"dataset\.signals must not name a value twice"):
        TableConfig(path="a", signal="event", signals=["a", "a"])
    with pytest.raises(ConfigError, match=r"dataset\.signals must have at most 100 values, got 10"):
        TableConfig(path="a", signal="event", signals=[str(number) for number in range(101)])
    with pytest.raises(ConfigError, match=r"dataset\.signal must name a column"):
        TableConfig(path="a", signal="", signals=["a"])


@pytest.mark.slow
@given(
    rows=st.lists(
        st.tuples(st.sampled_from("uv"), st.sampled_from("pqr"), st.sampled_from(["", *"abcd"])),
        min_size=1,
    ),
    signals=st.permutations("abc"),
)
def test_every_pair_has_its_strongest_signal(
    tmp_path: Path, rows: list[tuple[str, str, str]], signals: list[str]
) -> None:
    listed = [signal for signal in signals if signal in {event for _, _, event in rows}]
    path = tmp_path / "events.csv"
    path.write_text("\n".join(["user,item,event", *map(",".join, rows)]))
    if not listed:
        with pytest.raises(DataError, match=r"none of the \d+ rows has one of dataset\.signals"):
            load(path, signals)
        return
    strongest: dict[tuple[str, str], str] = {}
    for user, item, event in rows:
        held = strongest.get((user, item), event)
        if event in listed:
            strongest[user, item] = min(held, event, key=listed.index)
    assert pairs(load(path, listed)) == strongest
