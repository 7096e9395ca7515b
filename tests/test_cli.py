"""The whole command line: dispatch, one-line errors, and real processes."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from builders import TINY_DATA, TINY_SETTINGS

from graphrec_cli import __version__
from graphrec_cli.cli import COMMANDS, main

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory; Hydra's --info leaves a handler on the root logger."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(logging.root, "handlers", list(logging.root.handlers))
    monkeypatch.setattr(logging.root, "level", logging.root.level)
    return tmp_path


REFUSED = [
    ("trian", "unknown command 'trian'; did you mean 'train'?"),
    ("resume RUN", "unknown command 'resume'; write graphrec train resume=RUN (commands: train,"),
    ("train trainer.epochz=3", "unknown key 'trainer.epochz'; did you mean 'trainer.epochs'?"),
    ("train sead=3", "unknown key 'sead'; did you mean 'seed'?"),
    ("train +sead=3", "unknown key 'sead'; did you mean 'seed'?"),
    ("train ++sead=3", "unknown key 'sead'; did you mean 'seed'?"),
    ("train +trainer.foo=1", "unknown key 'trainer.foo'"),
    ("train ++dataset.k_core.foo=1", "unknown key 'dataset.k_core.foo'"),
    ("train trainer={foo:1}", "unknown key 'trainer.foo'"),
    ("train +_target_=os.system", "unknown key '_target_'"),
    ("train epochs=3", "did you mean 'trainer.epochs'?"),
    ("train epoch=3", "did you mean 'trainer.epochs'?"),
    ("train lr=0.1", "did you mean 'trainer.learning_rate'?"),
    ("train k=20", "unknown key 'k' (keys: "),
    ("train sampler.popular_pool=5", "sampler=hardneg has it"),
    ("train +trainer.epochs=3", "trainer.epochs"),
    ("train trainer.epochs=abc", "trainer.epochs must be an integer"),
    ("train trainer.epochs=2.5", "trainer.epochs must be an integer"),
    ("train trainer.epochs=true", "trainer.epochs must be an integer"),
    ("train trainer.epochs=null", "trainer.epochs"),
    ("train trainer.epochs=[1]", "trainer.epochs must be an integer"),
    ("train trainer.learning_rate=nan", "trainer.learning_rate must be"),
    ("train trainer.learning_rate=inf", "trainer.learning_rate must be"),
    ("train loss=bpr loss.l2=-1", "loss.l2 must be"),
    ("train seed=-1", "seed must lie"),
    ("train seed=1e3", "seed must be an integer"),
    ("train num_threads=0", "num_threads must lie between 1 and 1024, got 0"),
    ("train num_threads=1000000000", "num_threads must lie between 1 and 1024"),
    (f"train seed={'9' * 400}", "seed has a number with hundreds of digits"),
    (f"train trainer.learning_rate={'9' * 400}", "trainer.learning_rate has a number"),
    (f"train trainer.epochs={'9' * 30}", "trainer.epochs must be at most 9223372036854775807"),
    (f"train dataset.num_users={'9' * 30}", "dataset.num_users must be at most"),
    (f"evaluate nowhere evaluation.ks=[{'9' * 300}]", "nowhere is not a run directory"),
    ("train output_dir=", "output_dir must name"),
    ("train evaluation.ks=[]", "evaluation.ks must"),
    ("train evaluation.ks=[5,5]", "evaluation.ks must"),
    ("train evaluation.ks=5", "evaluation.ks"),
    ("train evaluation.ties=first", "one of random, pessimistic, optimistic"),
    ("train device=gpu", "one of auto, cpu, cuda"),
    ("train trainer.monitor=gain@10", "trainer.monitor must be"),
    ("train trainer.monitor=ndcg@010", "trainer.monitor must be"),
    ("train split.min_interactions=1", "split.min_interactions must be"),
    ("train model.name=other", "model.name is 'lightgcn'"),
    ("train sampler=hardnegs", "sampler has no option 'hardnegs'; did you mean 'hardneg'?"),
    ("train sampler=zzz", "(options: default, hardneg, hardneg_goodbooks, "),
    ("train experiment=goodbooks_hardne", "did you mean 'goodbooks_hardneg'?"),
    ("train sampler=null", "sampler needs one of: default, hardneg, hardneg_goodbooks, uniform"),
    ("train sampler=", "sampler needs one of: default, hardneg, hardneg_goodbooks, uniform"),
    ("train ~trainer.epochs", "'~trainer.epochs' deletes"),
    ("train trainer.epochs", "'trainer.epochs' has no '='"),
    ("train trainer.epochs==5", "cannot read 'trainer.epochs==5'"),
    ("train seed=1,2", "sweep over them with -m"),
    ("train trainer.epochs=${nope}", "trainer.epochs has an interpolation"),
    ("train output_dir=${oc.env:GRAPHREC_NOT_SET}", "output_dir has an interpolation"),
    ("train output_dir=${nope:1}", "output_dir has an interpolation"),
    ("train dataset=goodbooks dataset.ratings.sha256=x", "dataset.ratings.sha256 must be"),
    ("train dataset=goodbooks dataset.to_read.size=0", "dataset.to_read.size must be"),
    ("train dataset=goodbooks dataset.signals=[likes]", "dataset.signals"),
    ("train --cfg job trainer.epochs=0", "trainer.epochs must be"),
    ("train --cfg job trainer.epochz=0", "trainer.epochz"),
    ("train --cfg job --package nope", "package 'nope' not found"),
    ("train output_dir=/proc/nowhere", "/proc/nowhere"),
    ("train output_dir=a_file", "a_file is not a folder"),
    ("train output_dir=a_file/below", "a_file/below"),
    ("train -m seed=1,2 output_dir=a_file", "a_file is not a folder"),
    ("completion tcsh", "bash, zsh, fish"),
]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(*case, marks=[pytest.mark.slow] if number % 4 else [])
        for number, case in enumerate(REFUSED)
    ],
)
def test_refused_in_one_line(
    words: str, message: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "a_file").touch()
    assert main(words.split(" ")) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"error: [^\n]+\n", err)
    assert message in err
    assert [path.name for path in folder.iterdir()] == ["a_file"]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_cuda_where_there_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "device=cuda"]) == 2
    assert re.fullmatch(r"error: device=cuda [^\n]+\n", capsys.readouterr().err)


def test_a_message_with_line_breaks_stays_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "/no\nwhere"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ([], ["Examples:", *COMMANDS]),
        (["--help"], ["Examples:", *COMMANDS]),
        (["--version"], [__version__]),
        (["train", "--help"], ["Examples:", "sampler=OPTION", "popularity_exponent"]),
        (["train", "--info", "defaults"], ["dataset/synthetic"]),
        (["train", "sampler=hardneg", "--cfg", "job"], ["popular_probability: 0.7", "seed: 42"]),
        (["train", "--cfg", "job", "-p", "trainer"], ["monitor: null"]),
        (["completion", "bash"], ["complete "]),
    ],
)
def test_what_is_printed_trains_nothing(
    words: list[str], parts: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert all(part in out for part in parts)
    assert list(folder.iterdir()) == []


def test_debug_shows_where_an_error_comes_from(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "trainer.epochz=1", "--debug"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[-1].startswith("error: unknown key 'trainer.epochz'")


@pytest.mark.parametrize("debug", [False, True])
def test_an_error_that_nobody_expected_is_one_line_too(
    debug: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **options: object) -> int:
        raise ZeroDivisionError("over\nthere")

    monkeypatch.setattr("graphrec_cli.commands.train.train_command", fail)
    assert main(["train", *(["--debug"] if debug else [])]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    *traceback, last = err.splitlines()
    assert last == "error: ZeroDivisionError: over there (--debug shows where)"
    assert (traceback[:1] == ["Traceback (most recent call last):"]) is debug
    assert bool(traceback) is debug


@pytest.mark.slow
def test_the_process_from_outside(folder: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "graphrec_cli",
            "train",
            *TINY_DATA,
            *TINY_SETTINGS,
            "model=popularity",
        ],
        cwd=folder,
        text=True,
        capture_output=True,
        check=False,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr
    run = folder / done.stdout.splitlines()[-1]
    environment = json.loads((run / "environment.json").read_text(encoding="utf-8"))
    assert environment["command"] == [
        *("graphrec", "train"),
        *TINY_DATA,
        *TINY_SETTINGS,
        "model=popularity",
    ]
    assert [path.name for path in folder.iterdir()] == ["outputs"]
    log = (run / "train.log").read_text(encoding="utf-8")
    assert all(line in log for line in done.stderr.splitlines())


@pytest.mark.slow
def test_the_process_ends_with_its_code_after_all_exit_handlers(folder: Path) -> None:
    (folder / "mine.py").write_text(
        """
import atexit, dataclasses, pathlib
from graphrec_cli.config.plugins import register
from graphrec_cli.config.sampler import SamplerConfig
from graphrec_cli.samplers.uniform import build_uniform

@dataclasses.dataclass
class Mine(SamplerConfig):
    name: str = "mine"

register("sampler", Mine, build_uniform)
atexit.register(pathlib.Path("ended").touch)
""",
        "utf-8",
    )
    for words, code in ((["--help"], 0), (["trainer.epochs=0"], 2)):
        done = subprocess.run(
            [sys.executable, "-m", "graphrec_cli", "train", "--plugin", "mine.py", *words],
            cwd=folder,
            capture_output=True,
            check=False,
            env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        )
        assert done.returncode == code
        assert bool(done.stdout) == (code == 0)
        assert (folder / "ended").exists()
        (folder / "ended").unlink()


@pytest.mark.slow
def test_a_reader_that_goes_away_gets_no_traceback(folder: Path) -> None:
    command = f"{sys.executable} -m graphrec_cli train --help | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        text=True,
        capture_output=True,
        check=True,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )
    assert done.stderr == ""
    assert done.stdout.strip() in ("0", "1")
