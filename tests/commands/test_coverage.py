"""Commands show which pairs and users their figures leave out, and whom any model hits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from builders import TINY_SETTINGS, Command

# Users a, b and c come early; d has no train item, and of the new items n, m only b has one.
COLD_ROWS = """\
user,item,timestamp
a,p,1
a,q,2
b,p,3
b,r,4
c,q,5
c,r,6
c,s,7
a,s,8
a,r,9
b,q,10
b,n,11
c,m,12
d,p,13
"""


@pytest.fixture
def cold_rows(tmp_path: Path) -> str:
    path = tmp_path / "rows.csv"
    path.write_text(COLD_ROWS, encoding="utf-8")
    return str(path)


def table_of(path: str) -> list[str]:
    settings = [word for word in TINY_SETTINGS if not word.startswith(("evaluation", "trainer"))]
    return ["dataset=table", f"dataset.path={path}", "device=cpu", *settings]


GLOBAL_TIME = (
    "split=global_time",
    "split.valid_ratio=0",
    "split.test_ratio=0.39",
    "evaluation.ks=[1]",
    "trainer.monitor=ndcg@1",
)
LEFT_OUT = "left out: 3 of 5 test pairs and 2 of 4 users (item or user without a train interaction)"


def test_pairs_and_users_left_out_are_shown_by_train_and_evaluate(
    cold_rows: str, full_size: Command
) -> None:
    done = full_size("train", *table_of(cold_rows), "model=popularity", *GLOBAL_TIME)
    assert done.code == 0
    assert LEFT_OUT in done.out.splitlines()
    counts = json.loads((done.run / "metrics.json").read_text("utf-8"))["counts"]["test"]
    assert (counts["pairs_held_out"], counts["pairs_evaluated"]) == (5, 2)
    assert (counts["users_held_out"], counts["users_evaluated"]) == (4, 2)

    again = full_size("evaluate", str(done.run))
    assert LEFT_OUT in again.out.splitlines()
    missed = full_size("evaluate", str(done.run), "evaluation.cold_items=miss").out.splitlines()
    assert missed[1:3] == [
        "left out: 1 of 5 test pairs and 1 of 4 users (item or user without a train interaction)",
        "counted as never found: 2 of 5 test pairs (item without a train interaction)",
    ]


def test_a_sweep_shows_what_its_runs_leave_out_once(cold_rows: str, full_size: Command) -> None:
    words = (*table_of(cold_rows), *GLOBAL_TIME)
    done = full_size("train", "-m", *words, "model=popularity,itemknn")
    assert done.out.count("left out:") == 1
    assert LEFT_OUT in " ".join(done.out.split())
    other = full_size("train", "-m", *words, "model=popularity", "split.test_ratio=0.39,0.2")
    first, second = other.out.split("run 2 (test_ratio=0.2) failed", 1)
    assert LEFT_OUT in " ".join(first.split())
    assert LEFT_OUT not in " ".join(second.split())


def test_nearly_full_data_are_called_so(tmp_path: Path, full_size: Command) -> None:
    # 30 users and 60 items; each user lacks two items, so that three are ranked at test.
    rows = [f"u{u},i{i}" for u in range(30) for i in range(60) if i not in (u, 2 * u)]
    (tmp_path / "full.csv").write_text("\n".join(["user,item", *rows]), encoding="utf-8")
    done = full_size(
        "train",
        *table_of("full.csv"),
        *("model=popularity", "evaluation.ks=[1,2,3,10]", "trainer.monitor=ndcg@1"),
    )
    # User 0 lacks one item only, as 0 is twice 0.
    expected = (
        "hit@k is 1 with any model for users who have at most k items to rank: "
        "30 of 30 at k=3, 30 of 30 at k=10; set smaller evaluation.ks"
    )
    assert expected in done.out.splitlines()
    metrics = json.loads((done.run / "metrics.json").read_text("utf-8"))
    few = {k: metrics["counts"]["test"][f"few_candidates@{k}"] for k in (1, 2, 3, 10)}
    assert few == {1: 0, 2: 1, 3: 30, 10: 30}
    assert metrics["test"]["hit@3"] == metrics["baselines"]["popularity"]["hit@10"] == 1.0
    audit = json.loads((done.run / "audit.json").read_text("utf-8"))
    assert audit["few-candidates"] == {"outcome": "said", "line": expected}
