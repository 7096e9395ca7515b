"""The audit of a run: every leak, planted in a real command."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import chdir
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from builders import TINY, TINY_SETTINGS

from graphrec_cli import run as run_module
from graphrec_cli.audit.checks import CHECKS
from graphrec_cli.cli import main
from graphrec_cli.components import build_model
from graphrec_cli.config.run import RunConfig
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.data.prepared import Prepared
from graphrec_cli.distributed.processes import Processes
from graphrec_cli.evaluation.protocol import Validation
from graphrec_cli.models.base import Recommender
from graphrec_cli.preparation import prepare

ROOT = Path(__file__).resolve().parents[2]
Train = Callable[..., tuple[int, str, dict[str, Any]]]


@pytest.fixture
def train(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Train:
    """Runs a small ``train``; its exit code, what stderr showed, and audit.json."""

    def command(*words: str) -> tuple[int, str, dict[str, Any]]:
        with chdir(tmp_path):
            code = main(["train", *TINY, "trainer.epochs=1", *words])
        out, err = capsys.readouterr()
        audit = tmp_path / out.splitlines()[-1] / "audit.json"
        return code, err, json.loads(audit.read_text("utf-8")) if audit.is_file() else {}

    return command


def said(err: str) -> list[str]:
    """The lines of advice that end with the code of a check."""
    ends = tuple(f" ({code})" for code in CHECKS)
    return [
        line for line in err.splitlines() if line.startswith("advice: ") and line.endswith(ends)
    ]


def test_the_default_split_is_said_in_one_line(train: Train) -> None:
    code, err, audit = train()
    assert (code, len(said(err))) == (0, 1)
    found = re.fullmatch(
        r"advice: for (\d+) users, held-out items are older than items that the model learns from; "
        r"to hold out the newest items, set split\.by=time \(held-out-not-newest\)",
        said(err)[0],
    )
    assert found is not None
    assert list(audit) == list(CHECKS)
    assert audit["held-out-not-newest"]["line"] == (
        f"the model learns from later pairs than the held-out ones of {found[1]} users; "
        "split.by=time holds out the newest"
    )
    outcomes = [finding["outcome"] for finding in audit.values()]
    assert outcomes == [*["passed"] * 4, "said", "does_not_apply", "passed"]


@pytest.mark.parametrize("words", [["split.by=time"], ["split=global_time"]])
def test_a_split_by_time_has_nothing_to_be_said(words: list[str], train: Train) -> None:
    code, err, audit = train(*words)
    assert (code, said(err)) == (0, [])
    assert {finding["outcome"] for finding in audit.values()} == {"passed"}


def test_valid_items_left_in_the_test_ranking_are_said(train: Train) -> None:
    code, err, audit = train("evaluation.mask_valid=false", "split.by=time")
    assert (code, len(said(err))) == (0, 1)
    finding = audit["valid-rankable-at-test"]
    assert said(err) == [f"advice: {finding['line']} (valid-rankable-at-test)"]
    assert finding["outcome"] == "said"


def test_selection_on_test_ends_the_run(train: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    on_test = partial(Validation, part="test")
    monkeypatch.setattr("graphrec_cli.training.context.Validation", on_test)
    code, err, audit = train()
    assert code == 3
    assert "error: selection-on-test: the best epoch would be chosen on the part test" in err
    assert audit["selection-on-test"]["outcome"] == "refused"
    assert "epoch 1/1" not in err


def test_a_graph_with_the_test_pairs_ends_the_run(
    train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    test_parts: list[UserItems] = []

    def remembered(*arguments: Any) -> Prepared:
        prepared = prepare(*arguments)
        test_parts.append(prepared.split.test)
        return prepared

    def leaking(
        config: RunConfig, train: UserItems, device: torch.device, processes: Processes
    ) -> Recommender:
        return build_model(config, test_parts[0], device, processes)

    monkeypatch.setattr(run_module, "prepare", remembered)
    monkeypatch.setattr(run_module, "build_model", leaking)
    code, err, audit = train()
    assert code == 3
    assert re.search(r"error: graph-not-from-train: .* has (\d+) entries .*, \1 of them held", err)
    assert audit["graph-not-from-train"]["outcome"] == "refused"
    assert "epoch 1/1" not in err


def test_shared_pairs_of_a_data_sets_own_split_end_the_run(train: Train, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "mine"
    folder.mkdir(parents=True)
    lines = [f"{user} {' '.join(str((user + step) % 9) for step in range(6))}" for user in range(9)]
    (folder / "train.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "test.txt").write_text("0 7\n1 3 8\n", encoding="utf-8")
    words = ["dataset=adjacency_list", "dataset.folder=mine", "split=predefined"]
    with chdir(tmp_path):
        assert main(["train", *words, *TINY_SETTINGS, "dataset.download=false"]) == 3
    (log,) = tmp_path.glob("outputs/*/train.log")
    text = log.read_text("utf-8")
    assert "error: pairs-shared-between-parts: user 1 has item 3 in two parts" in text


def test_the_page_explains_every_code_and_no_other() -> None:
    page = (ROOT / "docs" / "audit.md").read_text("utf-8")
    table = page.partition("| code | outcome |")[2]
    assert re.findall(r"^\| `([a-z-]+)` \|", table, re.M) == list(CHECKS)
