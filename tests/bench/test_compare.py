"""The comparison runs, drops contenders that do other work, and writes tables."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import compare
import contenders
import gpu
import numpy as np
import pytest
import torch
from comparison_report import Section, markdown, merge, table, write_between_markers
from comparison_results import EVALUATION, FROM_CACHE, MEMORY, PROFILE, SAMPLING, STEP, Results
from contenders import ENTRIES, OURS, PEERS, REFERENCE, Entry
from shared_data import SharedData, prepare_shared_data

BEGIN, END = "<!-- compare: begin -->", "<!-- compare: end -->"
LIAR = """
from contender import main
from peers.lightgcn_reference import ReferenceContender

class Liar(ReferenceContender):
    def step(self, place):
        return super().step(place) + 0.01

main(Liar())
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> SharedData:
    folder = tmp_path_factory.mktemp("shared")
    made = prepare_shared_data("quick", folder, folder)
    assert made is not None
    return made


def test_synthetic_pairs_are_disjoint_and_leave_no_gap(data: SharedData) -> None:
    assert data.train.user_degree.min() > 0
    assert data.train.item_degree.min() > 0
    assert not np.isin(data.test.pair_keys(), data.train.pair_keys()).any()
    assert data.test.num_pairs > 500
    users, pos_items, neg_items = np.load(data.folder / "batches.npy").transpose(1, 0, 2)
    num_items = data.train.num_items
    assert np.isin(users * num_items + pos_items, data.train.pair_keys()).all()
    assert not np.isin(users * num_items + neg_items, data.train.pair_keys()).any()


def test_who_agrees_is_measured_and_who_does_not_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "liar.py").write_text(LIAR)
    monkeypatch.setitem(ENTRIES, "liar", Entry(title="Liar", script=str(tmp_path / "liar.py")))
    install_without_packages("pyg", tmp_path)
    document = tmp_path / "benchmarks.md"
    document.write_text(f"above\n{BEGIN}\nold\n{END}\nbelow\n")
    words = ["--data", "quick", "--repeats", "1", "--threads", "1", "--environments", str(tmp_path)]
    words += ["--turn-seconds", "0.1", "--write", str(document)]
    for name in (REFERENCE, "liar", "pyg"):
        words += ["--contender", name]
    for measure in (STEP, PROFILE, SAMPLING, EVALUATION, MEMORY):
        words += ["--measure", measure]
    assert compare.main(words) == 0

    (stored,) = json.loads((tmp_path / "results.json").read_text()).values()
    results = Section.from_dict(stored).results
    assert results.failures["liar"].startswith("left out: loss ")
    assert "No module named 'torch_geometric'" in results.failures["pyg"]
    for measure in (STEP, SAMPLING, EVALUATION):
        taken = results.values[measure]
        assert {name: len(values) for name, values in taken.items()} == {OURS: 1, REFERENCE: 1}
        assert min(map(min, taken.values())) > 0
    assert set(results.values[MEMORY]) == {OURS, REFERENCE}
    assert set(results.profiles) == {OURS, REFERENCE}
    for shares in results.profiles.values():
        assert len(shares) == 5
        assert list(shares.values()) == sorted(shares.values(), reverse=True)
        assert 0 < sum(shares.values()) < 1.05

    written = document.read_text()
    assert written.startswith(f"above\n{BEGIN}\n\n### quick: ")
    assert written.endswith(f"{END}\nbelow\n")
    assert "old" not in written
    assert f"--measure {SAMPLING}" in written
    shown = capsys.readouterr().out
    for words_of_a_line in ("| reference | ", "- Liar: `left out: loss "):
        assert words_of_a_line in written
        assert words_of_a_line in shown


def install_without_packages(name: str, environments: Path) -> None:
    """An environment that looks installed but lacks the peer."""
    python = environments / name / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    requirements = ENTRIES[name].requirements
    assert requirements is not None
    wanted = (PEERS / requirements).read_bytes() + sys.version.encode()
    (environments / name / "installed").write_text(hashlib.sha256(wanted).hexdigest())


def test_a_refusal_of_pip_is_the_contenders_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "requirements.txt").write_text("no such package!\n")
    entry = Entry(title="x", script="x.py", requirements=str(tmp_path / "requirements.txt"))
    monkeypatch.setitem(ENTRIES, "x", entry)
    with pytest.raises(contenders.ContenderFailed, match=r"^not installed: .*\w"):
        contenders.python_of("x", tmp_path)


def test_data_that_are_absent_are_said_to_be_skipped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--data", "gowalla", "--data-dir", str(tmp_path), "--environments", str(tmp_path)]
    assert compare.main(words) == 0
    assert f"gowalla: skipped, no train.txt and test.txt in {tmp_path}" in capsys.readouterr().err


def test_ratios_are_of_the_same_turns() -> None:
    results = Results(
        values={
            STEP: {OURS: [0.1, 0.2, 0.1], REFERENCE: [0.5, 1.2, 0.8]},
            "first-step": {OURS: [4.0], FROM_CACHE: [2.0]},
        }
    )
    # 0.5 / 0.1, 1.2 / 0.2 and 0.8 / 0.1, whose median is 6.
    assert table(STEP, results).splitlines()[-1] == (
        "| reference | 800.0 ms (500.0-1200.0) | 100.0 ms (100.0-200.0) | 6.00x (5.00-8.00) "
        "| >= 5x | yes |"
    )
    assert "| 0.50x (0.50-0.50) | - | - |" in table("first-step", results)


def test_a_measure_taken_again_replaces_the_earlier_one_and_no_other(tmp_path: Path) -> None:
    kept = tmp_path / "results.json"
    for measure, value in ((STEP, 1.0), (SAMPLING, 2.0), (STEP, 3.0)):
        results = Results(values={measure: {OURS: [value]}}, versions={OURS: {"torch": "2"}})
        sections = merge(kept, "x", Section("x: 1 user", "a machine", {measure: "make"}, results))
    assert sections["x"].results.values == {STEP: {OURS: [3.0]}, SAMPLING: {OURS: [2.0]}}
    assert "a machine" in markdown(sections["x"])
    elsewhere = Section("x: 1 user", "another machine", {}, Results())
    assert merge(kept, "x", elsewhere)["x"].results.values == {}


def test_a_document_without_markers_is_refused(tmp_path: Path) -> None:
    document = tmp_path / "benchmarks.md"
    document.write_text(f"{END} {BEGIN}")
    with pytest.raises(ValueError, match="no place for the tables"):
        write_between_markers(document, "text")
    assert document.read_text() == f"{END} {BEGIN}"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_the_gpu_benchmark_refuses_in_one_line_without_a_device() -> None:
    done = subprocess.run(
        [sys.executable, gpu.__file__], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == "make bench-gpu needs a CUDA device, and torch sees none\n"
