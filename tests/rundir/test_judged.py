"""judged.json is read as it is written, and anything else is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.config.evaluation import MapDenominator
from graphrec_cli.errors import OutputError
from graphrec_cli.rundir.judged import JudgedLists, is_judged, read_judged

CONTENT = {
    "schema_version": 1,
    "name": "theirs",
    "split_hash": "ab" * 32,
    "ks": [10, 20],
    "map_denominator": "held_out",
    "monitor": "ndcg@10",
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


def test_the_values_come_back(tmp_path: Path) -> None:
    assert not is_judged(tmp_path)
    (tmp_path / "judged.json").write_text(json.dumps({**CONTENT, "audit": {"seen": 3}}))
    assert is_judged(tmp_path)
    assert read_judged(tmp_path) == JudgedLists(
        name="theirs",
        split_hash="ab" * 32,
        ks=[10, 20],
        map_denominator=MapDenominator.held_out,
        monitor="ndcg@10",
    )


@given(st.sampled_from(sorted(CONTENT)), JSON)
def test_any_other_value_is_refused_or_of_the_right_type(
    tmp_path: Path, key: str, value: object
) -> None:
    (tmp_path / "judged.json").write_text(json.dumps({**CONTENT, key: value}))
    try:
        found = read_judged(tmp_path)
    except OutputError as error:
        message = str(error)
    else:
        message = ""
    if message:
        assert "judged.json" in message
        return
    assert isinstance(found.name, str)
    assert isinstance(found.split_hash, str)
    assert all(type(k) is int and k > 0 for k in found.ks)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"name": 1, "name": 2}', "nul"])
def test_what_is_no_object_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "judged.json").write_text(text)
    with pytest.raises(OutputError, match=r"cannot read .*judged\.json"):
        read_judged(tmp_path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="No such file"):
        read_judged(tmp_path)
