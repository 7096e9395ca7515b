"""``graphrec judge``: any tool's lists, audited and judged on the split of a run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from builders import Command, Finished, call, read_json

from graphrec_cli.data.splits.split import Split
from graphrec_cli.rundir.data_npz import load_run_data
from graphrec_cli.rundir.judged import read_judged


@pytest.fixture(scope="module")
def split(trained: Finished) -> Split:
    """The split of the trained run."""
    return load_run_data(trained.run / "data.npz")[0]


def judge(graphrec: Command, *words: str) -> dict[str, Any]:
    done = graphrec("judge", *words, "--json")
    assert done.code == 0, done.err
    content = json.loads(done.out)
    assert isinstance(content, dict)
    return content


def all_scores(graphrec: Command, run: Path, out: str) -> Path:
    """The scores of all items of the catalog for every user, seen items too."""
    data = load_run_data(run / "data.npz")[0]
    k = np.count_nonzero(data.train.item_degree)
    done = graphrec("recommend", str(run), f"k={k}", "seen=keep", f"out={out}")
    assert done.code == 0, done.err
    return done.folder / out


@pytest.mark.parametrize(
    ("out", "part"),
    [
        ("all.csv", "test"),
        pytest.param("all.json", "valid", marks=pytest.mark.slow),
        pytest.param("all.parquet", "test", marks=pytest.mark.slow),
    ],
)
def test_the_scores_of_all_items_give_the_figures_of_evaluate(
    out: str, part: str, trained: Finished, graphrec: Command
) -> None:
    file = all_scores(graphrec, trained.run, out)
    words = [f"part={part}", "evaluation.ks=[1,5,20]"]
    expected = json.loads(graphrec("evaluate", str(trained.run), *words, "--json").out)
    result = judge(graphrec, str(file), f"split={trained.run}", *words)
    assert result[part] == expected[part]
    assert result["counts"] == expected["counts"]
    assert result["audit"]["short_lists"] == {"1": 0, "5": 0, "20": 0}
    assert result["audit"]["partial_lists"] == 0
    assert result["audit"]["seen_train"]["rows"] > 0
    assert (result["audit"].get("seen_valid") is not None) is (part == "test")


def test_lists_without_held_out_items_are_warned_of(trained: Finished, graphrec: Command) -> None:
    """recommend leaves out the items of test unless it is told to keep them."""
    for seen, warned in (("exclude", True), ("keep", False)):
        assert graphrec("recommend", str(trained.run), f"seen={seen}", "out=some.csv").code == 0
        done = graphrec("judge", "some.csv", f"split={trained.run}")
        assert done.code == 0
        assert ("warning: no list has a held-out item of test" in done.err) is warned


@pytest.mark.slow
@pytest.mark.parametrize("ties", ["random", "pessimistic", "optimistic"])
def test_equal_scores_are_ordered_as_in_evaluate(
    ties: str, trained: Finished, graphrec: Command, split: Split
) -> None:
    """Popularity has the same score for many items."""
    degree = split.train.item_degree
    users, items = split.users.text(), split.items.text()
    rows = {"user": np.repeat(users, len(items)), "item": np.tile(items, len(users))}
    rows["pred"] = np.tile(degree, len(users))
    file = trained.folder / "popular.parquet"
    pd.DataFrame(rows).sample(frac=1, random_state=0).to_parquet(file)
    words = ["evaluation.ks=[5,10]", f"evaluation.ties={ties}"]
    result = judge(graphrec, str(file), f"split={trained.run}", *words)
    assert result["test"] == result["beside"]["popularity"]
    assert result["counts"]["tie_rate"] > 0.1
    assert result["audit"]["ties_at_cut_off"]["5"] > 0
    # Items without a train interaction are in no list of evaluate's.
    cold = np.count_nonzero(degree == 0)
    assert result["audit"]["outside_catalog"]["rows"] == cold * len(users)


@pytest.mark.slow
def test_the_first_k_items_give_the_same_metrics_at_k(trained: Finished, graphrec: Command) -> None:
    file = all_scores(graphrec, trained.run, "all.csv")
    frame = pd.read_csv(file, dtype=str)
    full = judge(graphrec, str(file), f"split={trained.run}")
    data = load_run_data(trained.run / "data.npz")[0]
    seen = pd.concat(
        pd.DataFrame(
            {
                "user_id": data.users.text()[part.user_index()],
                "item_id": data.items.text()[part.item_index],
            }
        )
        for part in (data.train, data.valid)
        if part is not None
    )
    unseen = frame.merge(seen, how="left", indicator=True).query("_merge == 'left_only'")
    top = unseen.groupby("user_id", sort=False).head(5)[["user_id", "item_id"]]
    top.to_csv(file.parent / "top.csv", index=False)
    result = judge(graphrec, str(file.parent / "top.csv"), f"split={trained.run}")
    at_5 = [key for key in full["test"] if key.endswith("@5")]
    assert len(at_5) == 5
    assert {key: result["test"][key] for key in at_5} == {key: full["test"][key] for key in at_5}
    assert result["test"]["mrr"] < full["test"]["mrr"]
    assert result["audit"]["order"] == "rows"
    assert result["audit"]["short_lists"] == {"5": 0}
    assert result["audit"]["partial_lists"] == result["counts"]["users_evaluated"]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of four users whose split is known; the item new has no train interaction."""
    folder = tmp_path_factory.mktemp("tiny")
    parts = {
        "train": ["a,t1", "a,t2", "b,t1", "b,x1", "c,x2", "c,x3", "d,t2", "d,01"],
        "valid": ["a,x2", "b,t2", "c,t1"],
        "test": ["a,x1", "b,x2", "c,t2", "c,new"],
    }
    for name, rows in parts.items():
        (folder / f"{name}.csv").write_text("\n".join(["user,item", *rows]))
    words = ["dataset=table", "dataset.path=train.csv", "dataset.valid_path=valid.csv"]
    words += ["dataset.test_path=test.csv", "split=predefined", "model=popularity"]
    words += ["evaluation.ks=[1,2]", "trainer.monitor=ndcg@2", "plots=false"]
    done = call(folder, "train", *words)
    assert done.code == 0, done.err
    return done.run


AUDITED = """\
user,item,score
a,t1,9
a,x2,8
a,ghost,7
a,01,6
a,01,1
a,x1,5
b,x2,-inf
c,new,3
c,t2,2
nobody,x1,1
nobody,ghost2,1
"""


def test_everything_odd_is_counted(tiny: Path, graphrec: Command, tmp_path: Path) -> None:
    """By hand: a has ghost, 01, x1; b has no place; c has t2, with three items to rank."""
    (tmp_path / "als.csv").write_text(AUDITED)
    result = judge(graphrec, "als.csv", f"split={tiny}")
    audit = result["audit"]
    assert audit["seen_train"] == {"rows": 1, "users": 1, "examples": [["a", "t1"]]}
    assert audit["seen_valid"] == {"rows": 1, "users": 1, "examples": [["a", "x2"]]}
    assert audit["unknown_items"]["examples"] == ["ghost"]
    assert (audit["unknown_items"]["rows"], audit["unknown_items"]["ids"]) == (1, 1)
    assert audit["unknown_users"]["examples"] == ["nobody"]
    assert audit["duplicates"] == {"rows": 1, "users": 1, "examples": [["a", "01"]]}
    assert audit["masked"] == {"rows": 1, "users": 1, "examples": [["b", "x2"]]}
    assert audit["outside_catalog"] == {"rows": 1, "users": 1, "examples": [["c", "new"]]}
    assert audit["users_without_list"] == {"users": 0, "examples": []}
    assert audit["short_lists"] == {"1": 1, "2": 2}
    assert (audit["rows"], audit["users_listed"], audit["order"]) == (11, 4, "score")
    # Ranks: a's x1 has 2, b's x2 is missed, c's t2 has 0; c's cold item is left out.
    assert result["test"]["hit@1"] == pytest.approx(1 / 3)
    assert result["test"]["mrr"] == pytest.approx((1 / 3 + 0 + 1) / 3)
    assert result["counts"]["cold_pairs"] == 1
    missed = judge(graphrec, "als.csv", f"split={tiny}", "evaluation.cold_items=miss")
    assert missed["test"]["recall@2"] == pytest.approx((0 + 0 + 0.5) / 3)


def test_the_screen_says_it_in_80_columns(tiny: Path, graphrec: Command, tmp_path: Path) -> None:
    (tmp_path / "als.csv").write_text(AUDITED)
    done = graphrec("judge", "als.csv", f"split={tiny}", "name=als: 50 factors")
    assert (done.code, done.err) == (0, "")
    *lines, folder = done.out.splitlines()
    assert max(map(len, lines)) <= max(80, len(f"  {tiny}"))
    flowing = " ".join(done.out.split())
    for text in ("ordered by score", "item t1 of user a", "'ghost'", "'nobody'", "als: 50 factors"):
        assert text in flowing
    assert "lists with fewer places than k: 1 at k=1, 2 at k=2 of 3 users" in flowing
    assert (done.folder / folder / "judged.json").is_file()


def test_a_user_without_a_list_misses_everything(
    tiny: Path, graphrec: Command, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text("user,item\na,x1\n")
    result = judge(graphrec, "a.csv", f"split={tiny}")
    assert result["audit"]["users_without_list"] == {"users": 2, "examples": ["b", "c"]}
    assert result["test"]["hit@1"] == pytest.approx(1 / 3)
    out = graphrec("judge", "a.csv", f"split={tiny}").out
    assert "2 of 3 evaluated users have no list, such as 'b', 'c'" in out


def test_ids_are_text_and_another_form_of_a_number_is_named(
    tiny: Path, graphrec: Command, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text("user,item\na,1.0\na,x1\n")
    result = judge(graphrec, "a.csv", f"split={tiny}")
    assert result["audit"]["unknown_items"]["rows"] == 1
    assert "'1.0' is '01' in the run" in result["audit"]["unknown_items"]["hint"]
    assert "'1.0' is '01'" in graphrec("judge", "a.csv", f"split={tiny}").out


def test_rank_and_score_that_disagree_are_named(
    tiny: Path, graphrec: Command, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text("user,item,rank,score\na,x1,1,1\na,01,2,2\n")
    by_score = judge(graphrec, "a.csv", f"split={tiny}")
    by_rank = judge(graphrec, "a.csv", f"split={tiny}", "score=")
    assert (by_score["audit"]["order"], by_rank["audit"]["order"]) == ("score", "rank")
    assert by_score["audit"]["rank_against_score"] == 1
    assert (by_score["test"]["hit@1"], by_rank["test"]["hit@1"]) == (0, pytest.approx(1 / 3))


@pytest.mark.slow
def test_the_folder_has_the_files_of_a_run_but_its_configuration(
    trained: Finished, graphrec: Command
) -> None:
    file = all_scores(graphrec, trained.run, "all.csv")
    done = graphrec("judge", str(file), f"split={trained.run}")
    folder = done.folder / done.out.splitlines()[-1]
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "judged.json",
        "data.npz",
        "ranks.npz",
        "metrics.json",
        "environment.json",
    }
    judged = read_judged(folder)
    metrics, of_run = read_json(folder / "metrics.json"), read_json(trained.run / "metrics.json")
    environment = read_json(trained.run / "environment.json")
    assert judged.name == "all"
    assert judged.split_hash == environment["split_hash"]
    assert read_json(folder / "environment.json")["split_hash"] == environment["split_hash"]
    assert (judged.ks, judged.monitor, judged.run) == ([5], "ndcg@5", trained.run.name)
    assert judged.file["size"] == file.stat().st_size
    assert metrics["test"] == of_run["test"]
    assert metrics["baselines"]["popularity"] == of_run["baselines"]["popularity"]
    with np.load(folder / "ranks.npz") as ours, np.load(trained.run / "ranks.npz") as theirs:
        for name in ("user_index", "item_index", "rank"):
            assert np.array_equal(ours[name], theirs[name])
    assert (folder / "data.npz").read_bytes() == (trained.run / "data.npz").read_bytes()
    # The folder is no run, so latest passes it over.
    assert graphrec("judge", str(file), "split=latest", "output_dir=outputs").code == 2


@pytest.mark.slow
def test_a_run_without_its_model_still_has_a_split(
    trained: Finished, graphrec: Command, tmp_path: Path
) -> None:
    file = all_scores(graphrec, trained.run, "all.csv")
    run = Path(shutil.copytree(trained.run, tmp_path / "bare"))
    shutil.rmtree(run / "checkpoints")
    (run / "metrics.json").unlink()
    result = judge(graphrec, str(file), f"split={run}")
    assert list(result["beside"]) == ["popularity"]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ([], 2, "judge takes one file"),
        (["a.csv"], 2, "judge needs the run whose split the lists are for: split=RUN"),
        (["a.csv", "split=RUN", "part=train"], 2, "part must be test or valid"),
        (["a.csv", "split=/nowhere"], 2, "there is no such folder"),
        (["lists", "split=RUN"], 2, "lists is a folder; name the file of lists in it"),
        (["b.csv", "split=RUN"], 3, "FILE names b.csv"),
        (["a.csv", "split=RUN", "trainer.epochs=3"], 2, "judge cannot change 'trainer.epochs=3'"),
        (["a.csv", "split=RUN", "evaluation.floor=null"], 2, "has no effect on judge"),
        (["a.csv", "split=RUN", "evaluation.ks=[99]"], 3, "cut-off 99"),
        (["a.csv", "split=RUN", "name="], 2, "name must have 1 to 100 printable"),
        (["a.csv", "split=RUN", "name=a\x1b[2J"], 2, "name must have"),
        (["a.csv", "split=RUN", "separator=tabs"], 2, "separator must be one of"),
        (["nan.csv", "split=RUN"], 5, "the score of user 'a' and item 'x1' is nan (1 of 2"),
        (["inf.csv", "split=RUN"], 5, "is inf"),
        (["rank.csv", "split=RUN"], 5, "the rank of user 'a'"),
        (["users.csv", "split=RUN"], 3, "none of its 1 users is in"),
        (["items.csv", "split=RUN"], 3, "none of its 2 items is in"),
        (["escape.csv", "split=RUN"], 3, "none of its 1 users"),
    ],
)
def test_what_cannot_be_judged_is_one_line(
    words: list[str], code: int, message: str, tiny: Path, graphrec: Command, tmp_path: Path
) -> None:
    files = {
        "a.csv": "user,item\na,x1\n",
        "nan.csv": "user,item,score\na,x1,NaN\na,x2,1\n",
        "inf.csv": "user,item,score\na,x1,inf\n",
        "rank.csv": "user,item,rank\na,x1,-inf\n",
        "users.csv": "user,item\nz,x1\n",
        "items.csv": "user,item\na,1\na,2\n",
        "escape.csv": "user,item\n\x1b[2J,x1\n",
    }
    (tmp_path / "lists").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    done = graphrec("judge", *(word.replace("RUN", str(tiny)) for word in words))
    assert (done.code, done.out, len(done.err.splitlines())) == (code, "", 1)
    assert message in done.err
    assert "\x1b" not in done.err
    assert not (tmp_path / "outputs").exists()


@pytest.mark.slow
def test_a_rating_run_is_refused(graphrec: Command, tmp_path: Path, small: tuple[str, ...]) -> None:
    rows = [
        f"u{user},i{(user * step) % 23},{1 + step % 5}" for user in range(9) for step in range(8)
    ]
    (tmp_path / "r.csv").write_text("\n".join(["user,item,rating", *dict.fromkeys(rows)]))
    words = ["dataset=table", "dataset.path=r.csv", "model=lightgcn_rating", "loss=mse"]
    done = call(
        tmp_path,
        "train",
        *words,
        "evaluation=rating",
        "evaluation.ks=[5]",
        "plots=false",
        "trainer.epochs=1",
        "num_threads=1",
    )
    assert done.code == 0, done.err
    refused = graphrec("judge", "r.csv", f"split={done.run}")
    assert refused.code == 2
    assert "evaluation=rating, which ranks nothing" in refused.err
