"""Completion as the shells request it: with the line up to the cursor."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from builders import PATIENCE_S

from graphrec_cli.cli import COMMANDS, main
from graphrec_cli.commands.completion import SCRIPTS, complete_line

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", []),
        ("graphrec", []),
        ("graphrec ", [*COMMANDS, "--help", "--version"]),
        ("graphrec tr", ["train"]),
        ("graphrec --v", ["--version"]),
        ("graphrec nothing ", []),
        ("graphrec train", ["train"]),
        ("graphrec train dataset=goodb", ["dataset=goodbooks"]),
        ("graphrec train seed=1  sampler=hardneg_", ["sampler=hardneg_goodbooks"]),
        ("graphrec train --cfg j", ["job"]),
        ("graphrec train res", ["resume="]),
        ("graphrec train resume=l", ["resume=latest"]),
        ("graphrec train --config-dir ", []),
        ("graphrec train --config-dir", ["--config-dir"]),
        ("graphrec train trainer=goodbooks trainer.ep", ["trainer.epochs="]),
        ("graphrec pl", ["plan"]),
        ("graphrec plan plan.r", ["plan.ranks="]),
        ("graphrec plan plan.ranks=", []),
        ("graphrec plan --cfg ", ["all", "hydra", "job"]),
        ("graphrec plan --fr", ["--from"]),
        ("graphrec plan --m", []),
        ("graphrec judge ", []),
        ("graphrec judge recs.csv par", ["part=test", "part=valid"]),
        ("graphrec judge recs.csv spl", ["split="]),
        ("graphrec judge recs.csv split=l", ["split=latest"]),
        ("graphrec judge recs.csv evaluation.ti", ["evaluation.ties="]),
        ("graphrec judge recs.csv trainer", []),
        ("graphrec ablate hyd", ["hydra/launcher="]),
        ("graphrec ablate hydra/launcher=j", ["hydra/launcher=joblib"]),
        ("graphrec evaluate hyd", []),
        ("graphrec compare test=", ["test=randomisation", "test=wilcoxon"]),
        ("graphrec compare metr", ["metric=", "metrics="]),
        ("graphrec compare evaluation.", []),
        ("graphrec plan sampler=hardneg_", ["sampler=hardneg_goodbooks"]),
        ("graphrec d", ["data"]),
        ("graphrec data ", ["inspect", "prepare", "--help"]),
        ("graphrec data prep", ["prepare"]),
        ("graphrec data prepare cache", ["cache_dir="]),
        ("graphrec data prepare plo", ["plots="]),
        ("graphrec data prepare dataset=goodb", ["dataset=goodbooks"]),
        ("graphrec data other dataset=g", []),
        ("graphrec data inspect dataset=goodb", ["dataset=goodbooks"]),
        ("graphrec data inspect split=ratio split.s", ["split.scope=", "split.seed="]),
        ("graphrec data inspect split=ratio split.scope=a", ["split.scope=all"]),
        ("graphrec data inspect plo", ["plot_dir=", "plots="]),
        ("graphrec data inspect plot_dir=", []),
        ("graphrec data inspect --j", ["--json"]),
        ("graphrec data inspect --m", []),
        ("graphrec data inspect --cfg j", ["job"]),
        ("graphrec evaluate l", ["latest"]),
        ("graphrec evaluate latest part=", ["part=test", "part=valid"]),
        ("graphrec evaluate latest evaluation.k", ["evaluation.ks="]),
        ("graphrec evaluate latest evaluation.ties=r", ["evaluation.ties=random"]),
        ("graphrec evaluate latest device=", ["device=auto", "device=cpu", "device=cuda"]),
        ("graphrec evaluate latest --j", ["--json"]),
        ("graphrec evaluate latest model.sim", ["model.similarity="]),
        ("graphrec evaluate latest model.embedding_d", []),
        ("graphrec recommend latest model.item_n", ["model.item_norm_power="]),
        ("graphrec evaluate latest trainer", []),
        ("graphrec recommend latest use", ["users=", "users_items="]),
        ("graphrec recommend latest cold=", ["cold=error", "cold=popular"]),
        (
            "graphrec recommend latest f",
            [f"format={f}" for f in ("csv", "json", "parquet", "table")],
        ),
        ("graphrec recommend latest device=c", ["device=cpu", "device=cuda"]),
        ("graphrec recommend latest evaluation", []),
        ("graphrec recommend la", ["latest"]),
        ("graphrec runs so", ["sort="]),
        ("graphrec runs state=pr", ["state=pruned"]),
        ("graphrec runs model=light", ["model=lightgcn", "model=lightgcn_rating"]),
        ("graphrec runs output_dir=", []),
        ("graphrec show la", ["latest"]),
        ("graphrec show o", ["output_dir="]),
        ("graphrec recommend latest users_", ["users_items="]),
        ("graphrec explain la", ["latest"]),
        ("graphrec explain latest user", ["user="]),
        ("graphrec explain latest graph=", ["graph=false", "graph=true"]),
        ("graphrec explain latest model.item_n", ["model.item_norm_power="]),
        ("graphrec train --fr", ["--from"]),
        ("graphrec train --from la", ["latest"]),
        ("graphrec train --from latest trainer.ep", ["trainer.epochs="]),
        ("graphrec reproduce la", ["latest"]),
        ("graphrec reproduce latest trainer.ep", ["trainer.epochs="]),
        ("graphrec reproduce latest --", ["--help", "--json"]),
        ("graphrec completion ", ["bash", "zsh", "fish"]),
        ("graphrec completion f", ["fish"]),
    ],
)
def test_the_last_word_can_become(
    line: str, expected: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert complete_line(line) == expected


def test_a_command_is_offered_the_runs_that_it_can_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, state in {"done": "completed", "killed": "interrupted", "failed": "failed"}.items():
        run = tmp_path / "outputs" / name
        (run / "checkpoints").mkdir(parents=True)
        (run / "checkpoints" / "best.pt").touch()
        (run / "config.json").touch()
        (run / "status.json").write_text(f'{{"status": "{state}", "error": null}}')
    (tmp_path / "outputs" / "no_run").mkdir()
    assert complete_line("graphrec evaluate out") == ["output_dir=", "outputs/done"]
    assert complete_line("graphrec recommend out") == ["out=", "output_dir=", "outputs/done"]
    assert "outputs/done" in complete_line("graphrec reproduce out")
    assert len(complete_line("graphrec show outputs")) == 3
    assert complete_line("graphrec train resume=o") == ["resume=outputs/killed"]
    assert sorted(complete_line("graphrec train --from out")) == [
        "outputs/done",
        "outputs/failed",
        "outputs/killed",
    ]
    (tmp_path / "outputs").rename("mine")
    assert complete_line("graphrec evaluate output_dir=mine mi") == ["mine/done"]


@pytest.mark.parametrize("words", [[], ["tcsh"], ["bash", "zsh"], ["query"]])
def test_one_known_shell_is_wanted(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", *words]) == 2
    assert capsys.readouterr() == ("", "error: completion takes one shell: bash, zsh, fish\n")


@pytest.fixture
def shell(tmp_path: Path) -> dict[str, str]:
    """An environment in which ``graphrec`` is this checkout's; the folder has the scripts."""
    program = tmp_path / "bin" / "graphrec"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m graphrec_cli "$@"\n',
        encoding="utf-8",
    )
    program.chmod(0o755)
    for name, script in SCRIPTS.items():
        (tmp_path / f"complete.{name}").write_text(script, encoding="utf-8")
    return {"PATH": f"{program.parent}:{os.environ['PATH']}", "HOME": str(tmp_path)}


def answers(shell: dict[str, str], *command: str) -> list[str]:
    done = subprocess.run(
        command,
        cwd=shell["HOME"],
        env=shell,
        text=True,
        capture_output=True,
        check=True,
        timeout=PATIENCE_S,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


# Bash cuts words at the characters of COMP_WORDBREAKS: where '=' is one, it completes what follows.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "after", "breaks", "expected"),
    [
        ("graphrec tr", "", "=", ["train"]),
        ("graphrec train device=", "", "=", ["auto", "cpu", "cuda"]),
        ("graphrec train dataset=goodb", "", "=", ["goodbooks"]),
        ("graphrec train dataset=goodb", "", "", ["dataset=goodbooks"]),
        ("graphrec train sampler=h", " seed=1", "=", ["hardneg", "hardneg_goodbooks"]),
        ("graphrec data in", "", "=", ["inspect"]),
        ("graphrec data inspect dataset=goodb", "", "=", ["goodbooks"]),
        ("graphrec train trainer.mon", "", "=", ["trainer.monitor="]),
        ("graphrec train --config-dir ", "", "=", []),
    ],
)
def test_bash(
    line: str, after: str, breaks: str, expected: list[str], shell: dict[str, str]
) -> None:
    program = (
        'source complete.bash; COMP_WORDBREAKS=" $3"; COMP_LINE="$1$2"; COMP_POINT=${#1}; '
        'complete -p graphrec >/dev/null && _graphrec; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    found = answers(shell, "bash", "-c", program, "bash", line, after, breaks)
    assert [name for name in found if name] == expected


ZSH = """
zmodload zsh/zpty
zpty -b shell zsh -f -i
zpty -w shell 'autoload -Uz compinit; compinit -u -D; source complete.zsh'
zpty -w shell 'bindkey "^I" complete-word; print REA""DY'
zpty -r -m shell found '*READY*'
zpty -w -n shell "$1"$'\\t'
zpty -r -m shell found "*$2*" && print yes
zpty -d shell
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("zsh") is None, reason="there is no zsh")
@pytest.mark.parametrize("command", ["train", "data inspect"])
def test_zsh_completes_when_tab_is_pressed(command: str, shell: dict[str, str]) -> None:
    terminal = {**shell, "TERM": "dumb"}
    line = f"graphrec {command} dataset=goodb"
    assert answers(terminal, "zsh", "-f", "-c", ZSH, "zsh", line, "ooks") == ["yes"]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("fish") is None, reason="there is no fish")
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("graphrec tr", ["train"]),
        ("graphrec train dataset=goodb", ["dataset=goodbooks"]),
        ("graphrec train trainer.mon", ["trainer.monitor="]),
        ("graphrec data in", ["inspect"]),
        ("graphrec data inspect dataset=goodb", ["dataset=goodbooks"]),
    ],
)
def test_fish(line: str, expected: list[str], shell: dict[str, str]) -> None:
    program = f"source complete.fish; complete -C '{line}'"
    assert answers(shell, "fish", "--no-config", "-c", program) == expected
