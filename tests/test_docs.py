"""The commands that the documents show, as a reader would type them."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from contextlib import chdir
from pathlib import Path

import numpy as np
import pytest

from graphrec_cli.cli import main

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def shown_commands() -> list[str]:
    """Every line of a code block that calls graphrec, without its comment."""
    commands = []
    for document in DOCUMENTS:
        for block in re.findall(r"^```[a-z]*\n(.*?)^```", document.read_text("utf-8"), re.M | re.S):
            lines = [line.partition("#")[0].strip() for line in block.splitlines()]
            commands += [line for line in lines if line.startswith("graphrec ")]
    return sorted(set(commands))


EVALUATE = [command for command in shown_commands() if command.startswith("graphrec evaluate")]
RECOMMEND = [command for command in shown_commands() if command.startswith("graphrec recommend")]
RESUME = [command for command in shown_commands() if command.startswith("graphrec train resume=")]
TRAIN = [
    command
    for command in shown_commands()
    if command.startswith("graphrec train") and command not in RESUME
]
DATA = [command for command in shown_commands() if command.startswith("graphrec data")]


def test_the_documents_show_commands() -> None:
    """So that the tests below cannot pass by finding nothing."""
    assert len(TRAIN) >= 5
    assert len(RESUME) >= 2
    assert len(EVALUATE) >= 3
    assert len(RECOMMEND) >= 5
    assert len(DATA) >= 4


@pytest.mark.slow
@pytest.mark.parametrize("command", [*TRAIN, *DATA])
def test_a_shown_configuration_composes(
    command: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "trainer").mkdir()
    (tmp_path / "trainer" / "slow.yaml").write_text(
        "defaults:\n  - /schema/trainer/trainer@_here_\n\nepochs: 500\n"
    )
    words = shlex.split(command)[1:]
    words = [str(tmp_path) if word == "mine" else word for word in words]
    singles = [re.sub(r"=([^\[,]*),.*", r"=\1", word) for word in words if word != "-m"]
    assert main([*singles, "--cfg", "job"]) == 0
    assert "trainer:" in capsys.readouterr().out


@pytest.mark.slow
def test_the_readmes_own_table_trains_with_the_command_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    section = (ROOT / "README.md").read_text("utf-8").partition("## Your own data\n")[2]
    table, command = re.findall(r"^```\n(.*?)^```", section, re.M | re.S)[:2]
    more = [
        f"user {user},item {(user + step) % 60},5,2024-03-01\n"
        for user in range(60)
        for step in range(6)
    ]
    monkeypatch.chdir(tmp_path)
    Path("ratings.csv").write_text(table + "".join(more), encoding="utf-8")
    words = shlex.split(command)
    assert words[:2] == ["graphrec", "train"]
    assert main([*words[1:], "trainer.epochs=1", "num_threads=1"]) == 0
    out, err = capsys.readouterr()
    assert f"{len(table.splitlines()) - 1 + len(more)} rows" in err
    with np.load(Path(out.splitlines()[-1]) / "data.npz", allow_pickle=False) as data:
        assert {"ann", "Bob 7"} < set(data["user_id"].tolist())
        assert {"0425115801", "034545104X"} < set(data["item_id"].tolist())


def test_the_makefile_has_the_targets_that_the_documents_name() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    text = "".join(document.read_text("utf-8") for document in DOCUMENTS)
    assert set(re.findall(r"`?make ([a-z-]+)", text)) - {"the"} <= targets


def test_the_readme_names_every_option() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    for path in sorted((ROOT / "conf").glob("*/*.yaml")):
        assert f"`{path.stem}`" in readme, f"{path.parent.name}={path.stem} is not in README.md"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run with a catalog of more than a hundred items, in the folder outputs."""
    words = ["dataset.num_users=200", "dataset.num_items=150", "dataset.mean_interactions=20"]
    with chdir(tmp_path_factory.mktemp("documents")):
        assert main(["train", *words, "trainer.epochs=2", "num_threads=1"]) == 0
        (config,) = Path.cwd().glob("outputs/*/config.json")
    return config.parent


@pytest.mark.slow
@pytest.mark.parametrize("command", RESUME)
def test_a_shown_resumption_goes_on_with_the_run(
    command: str, run: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    unfinished = Path(shutil.copytree(run, tmp_path / "outputs" / run.name))
    (unfinished / "metrics.json").unlink()
    status = json.loads((unfinished / "status.json").read_text("utf-8"))
    (unfinished / "status.json").write_text(json.dumps({**status, "status": "running"}))
    words = [word.replace("RUN", str(unfinished)) for word in shlex.split(command)[1:]]
    epochs = [int(word.partition("=")[2]) for word in words if word.startswith("trainer.epochs=")]
    with chdir(tmp_path):
        assert main(words) == 0
        assert (tmp_path / capsys.readouterr().out.splitlines()[-1]).samefile(unfinished)
    assert (unfinished / "metrics.json").is_file()
    status = json.loads((unfinished / "status.json").read_text("utf-8"))
    assert status["status"] == "completed"
    history = (unfinished / "history.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(row)["epoch"] for row in history] == list(range(1, len(history) + 1))
    # More than the two epochs of the run where more are asked for, up to where patience runs out.
    assert 2 < len(history) <= epochs[0] if epochs else len(history) == 2


@pytest.mark.slow
@pytest.mark.parametrize("command", EVALUATE)
def test_a_shown_evaluation_gives_figures(
    command: str, run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(run.parents[1])
    words = shlex.split(command)[1:]
    assert main([str(run) if word == "RUN" else word for word in words]) == 0
    assert "ndcg@10" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("command", RECOMMEND)
def test_a_shown_recommendation_gives_items(
    command: str, run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(run.parents[1])
    Path("wanted.txt").write_text("17\n42\n", encoding="utf-8")
    words = shlex.split(command)[1:]
    assert main([str(run) if word == "RUN" else word for word in words]) == 0
    shown = capsys.readouterr().out or Path("all.csv").read_text("utf-8")
    assert "item_id" in shown


def test_the_readme_names_exactly_what_a_run_leaves(run: Path) -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    table = readme.partition("| file | content |\n")[2].partition("\n\n")[0]
    named = [
        name for line in table.splitlines() for name in re.findall("`(.+?)`", line.split("|")[1])
    ]
    left = [str(path.relative_to(run)) for path in run.rglob("*") if path.is_file()]
    assert sorted(named) == sorted(left)
