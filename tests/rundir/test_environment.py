from __future__ import annotations

import getpass
import json
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
import torch
from builders import CPU

import graphrec_cli
from graphrec_cli.rundir.environment import command_line, describe_environment

CHECKOUT = Path(graphrec_cli.__file__).resolve().parents[1]


def test_versions_hardware_and_command_are_there() -> None:
    environment = describe_environment(["graphrec", "train"], CPU, 2)
    assert json.loads(json.dumps(environment, allow_nan=False)) == environment
    assert environment["graphrec"] == graphrec_cli.__version__
    assert environment["command"] == ["graphrec", "train"]
    assert environment["num_threads"] == 2
    assert environment["device"] == "cpu"
    assert environment["determinism"] == "exact"
    for name in ("torch", "numpy", "pandas", "hydra-core", "omegaconf"):
        assert environment["packages"][name] == metadata.version(name)


def test_neither_host_nor_user_is_named() -> None:
    environment = describe_environment(["graphrec", "train"], CPU, 2)
    words = json.dumps(environment).lower().replace('"', " ").replace("/", " ").split()
    assert platform.node().lower() not in words
    assert getpass.getuser().lower() not in words


def test_cuda_states_its_tolerance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "a GPU")
    environment = describe_environment([], torch.device("cuda"), 2)
    assert environment["device"] == "a GPU"
    assert "1e-3" in environment["determinism"]


@pytest.mark.skipif(not (CHECKOUT / ".git").exists(), reason="no checkout")
def test_the_commit_of_the_checkout_is_named() -> None:
    def git(*words: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(CHECKOUT), *words], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    state = describe_environment([], CPU, 2)["git"]
    assert state == {"commit": git("rev-parse", "HEAD"), "dirty": git("status", "-s") != ""}


def test_no_git_program_is_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert describe_environment([], CPU, 2)["git"] is None


def test_the_command_has_the_program_by_its_name_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/opt/somewhere/graphrec", "train", "seed=1"])
    assert command_line() == ["graphrec", "train", "seed=1"]
