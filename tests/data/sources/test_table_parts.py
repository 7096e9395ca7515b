"""Own train, valid and test files of a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from graphrec_cli.cli import main
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.split import LeaveOneOutConfig, PredefinedConfig
from graphrec_cli.config.table import MissingPolicy, TableConfig
from graphrec_cli.data.prepared import Prepared
from graphrec_cli.errors import ConfigError, DataError, LeakageError
from graphrec_cli.preparation import find_files, read_and_split
from graphrec_cli.rundir.drop_report import DropReport

TRAIN = "user,item,rating\na,p,5\na,q,4\nb,p,3\n"
VALID = "item,rating,user\nr,5,a\n"
TEST = "user,item,rating\na,s,2\nb,q,5\nc,p,\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with the three files."""
    monkeypatch.chdir(tmp_path)
    for name, content in (("train", TRAIN), ("valid", VALID), ("test", TEST)):
        (tmp_path / f"{name}.csv").write_text(content)
    return tmp_path


def prepared(**keys: Any) -> Prepared:
    dataset = TableConfig(path="train.csv", test_path="test.csv", **keys)
    dataset.k_core.min_user_interactions = dataset.k_core.min_item_interactions = 1
    config = RunConfig(dataset=dataset, split=PredefinedConfig())
    return read_and_split(config, find_files(config), DropReport())[1]


def pairs(prepared: Prepared) -> dict[str, set[str]]:
    """User and item of every pair, by part."""
    split = prepared.split
    return {
        name: {
            f"{split.users.ids[user]}{split.items.ids[item]}"
            for user, item in zip(part.user_index(), part.item_index, strict=True)
        }
        for name, part in split.parts().items()
    }


def test_each_file_is_a_part_and_its_rows_are_counted(folder: Path) -> None:
    found = prepared(valid_path="valid.csv", on_missing=MissingPolicy.skip)
    assert pairs(found) == {"train": {"ap", "aq", "bp"}, "valid": {"ar"}, "test": {"as", "bq"}}
    content: dict[str, Any] = found.funnel.to_dict()
    assert content["rows_read"] == 7
    counts = {key: value for key, value in content["notes"].items() if "rows_read" in key}
    assert counts == {"rows_read_train": 3, "rows_read_valid": 1, "rows_read_test": 3}
    dropped = [step for step in content["steps"] if step["rows_dropped"]]
    assert [step["cause"] for step in dropped] == ["empty rating, in test"]
    assert [file.path.name for file in found.files] == ["train.csv", "valid.csv", "test.csv"]


def test_without_a_valid_file_there_is_no_valid_part(folder: Path) -> None:
    found = prepared(rating="", where="user != 'b' or item = 'p'")
    assert found.split.valid is None
    assert pairs(found) == {"train": {"ap", "aq", "bp"}, "test": {"as", "cp"}}
    notes: Any = found.funnel.to_dict()["notes"]
    assert notes["users_without_train"] == 1
    assert notes["items_without_train"] == 1
    assert notes["pairs_test_without_train"] == 2


def test_a_signal_may_be_in_one_file_alone(folder: Path) -> None:
    (folder / "train.csv").write_text("user,item,event\na,p,view\n")
    (folder / "test.csv").write_text("user,item,event\na,q,buy\n")
    found = prepared(signal="event", signals=["buy", "view"])
    assert pairs(found) == {"train": {"ap"}, "test": {"aq"}}


def test_files_that_do_not_fit_together(folder: Path) -> None:
    (folder / "test.csv").write_text("user,item\na,s\n")
    with pytest.raises(
        DataError,
        match=r"train\.csv has a column of ratings, rating, and test\.csv has none; dataset\.rat",
    ):
        prepared()
    assert pairs(prepared(rating=""))["test"] == {"as"}
    (folder / "test.csv").write_text("user,item,rating\na,p,1\n")
    with pytest.raises(LeakageError, match="user a has item p in two parts of the data set's own"):
        prepared()
    (folder / "train.csv").write_text("user,sku\na,p\n")
    with pytest.raises(
        DataError, match=r"test\.csv has no column 'sku', which dataset\.item names"
    ):
        prepared(item="sku", rating="")


@pytest.mark.parametrize("ratings", [(5, 2), (2, 5), (2, 2)])
def test_a_pair_in_two_files_is_refused_whatever_its_ratings(
    folder: Path, ratings: tuple[int, int]
) -> None:
    (folder / "train.csv").write_text(f"user,item,rating\na,p,{ratings[0]}\nb,q,5\n")
    (folder / "test.csv").write_text(f"user,item,rating\na,p,{ratings[1]}\nb,p,5\n")
    with pytest.raises(LeakageError, match="user a has item p in two parts of the data set's own"):
        prepared(rating_threshold=4)


def test_ids_of_another_form_in_another_file_are_noted(folder: Path) -> None:
    (folder / "train.csv").write_text("user,item\n13,01\n13,02\n7,caf\u00e9\n")
    (folder / "test.csv").write_text("user,item\n13.0,1\n7,cafe\u0301\n8.0,cafe\n")
    assert prepared().notes[-3:] == (
        "warning: 1 ids of user are another one as a number, such as '13.0' and '13'; they count "
        "as different ids",
        "warning: 1 ids of item are another one as a number, such as '01' and '1'; they count as "
        "different ids",
        "warning: 1 ids of item look like another one but have other Unicode characters, such as "
        r"'cafe\u0301' and 'caf\xe9'; they count as different ids",
    )


@pytest.mark.parametrize(
    ("test", "why"),
    [
        ("13.0,1\n14.0,1\n", "no user of test is in train: test has ids such as '13.0', train "),
        ("13,1.0\n14,1.0\n", "no item of test is in train: test has ids such as '1.0', train "),
        ("13,3\n15,1\n", "so no pair can be ranked; write the ids of all files alike"),
    ],
)
def test_files_without_a_pair_to_rank(
    folder: Path, capsys: pytest.CaptureFixture[str], test: str, why: str
) -> None:
    (folder / "train.csv").write_text("user,item\n13,1\n13,2\n14,1\n14,2\n")
    (folder / "test.csv").write_text(f"user,item\n{test}")
    words = ["dataset=table", "dataset.path=train.csv", "dataset.test_path=test.csv"]
    settings = ["evaluation.ks=[1]", "trainer.monitor=ndcg@1", "plots=false"]
    assert main(["train", *words, "split=predefined", "model=popularity", *settings]) == 3
    err = capsys.readouterr().err
    assert "none of the 2 test pairs has both its user and its item in train" in err
    assert why in err
    assert "leave_one_out" not in err
    assert "cold_items" not in err


def test_held_out_pairs_older_than_train_are_the_files_choice(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "train.csv").write_text("user,item,time\na,p,1600000000\nb,q,1600000000\n")
    (folder / "test.csv").write_text("user,item,time\na,q,1500000000\nb,p,1700000000\n")
    words = ["dataset=table", "dataset.path=train.csv", "dataset.test_path=test.csv"]
    settings = ["evaluation.ks=[1]", "trainer.monitor=ndcg@1", "plots=false"]
    assert main(["train", *words, "split=predefined", "model=popularity", *settings]) == 0
    err = capsys.readouterr().err
    assert "for 1 user, held-out items are older than items that the model learns from; the" in err
    assert "the data set's own files decide this" in err
    assert "global_time" not in err


def test_what_is_refused_before_a_file_is_read() -> None:
    with pytest.raises(
        ConfigError, match=r"dataset\.valid_path needs a test part; set dataset\.te"
    ):
        TableConfig(path="a.csv", valid_path="b.csv")
    with pytest.raises(ConfigError, match=r"dataset\.test_path must name a column or a file"):
        TableConfig(path="a.csv", test_path="")
    table = TableConfig(path="a.csv", test_path="b.csv")
    with pytest.raises(
        ConfigError, match=r"split=leave_one_out does not use; set split=predefined"
    ):
        RunConfig(dataset=table, split=LeaveOneOutConfig())
    with pytest.raises(ConfigError, match=r"split=predefined needs .* set dataset\.test_path, or"):
        RunConfig(dataset=TableConfig(path="a.csv"), split=PredefinedConfig())
