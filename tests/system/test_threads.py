from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

SCRIPT = """
import json, numpy, torch
from threadpoolctl import threadpool_info
from graphrec_cli.system.threads import set_threads
set_threads({number})
import scipy.linalg
pools = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
print(json.dumps([torch.get_num_threads(), *pools]))
"""
TRAIN = "import sys; from graphrec_cli.cli import main; sys.exit(main(sys.argv[1:]))"


def run(code: str, *words: str, threads: int) -> str:
    """Standard output of a process whose environment asks for this many threads."""
    named = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(threads))
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        env=os.environ | named,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 2])
def test_every_library_uses_the_threads_that_were_set(number: int) -> None:
    script = SCRIPT.format(number=number)
    assert set(json.loads(run(script, threads=3 - number))) == {number}


@pytest.mark.slow
def test_a_run_depends_on_num_threads_and_not_on_the_environment(tmp_path: Path) -> None:
    folders = (f"output_dir={tmp_path / 'runs'}", f"cache_dir={tmp_path / 'cache'}")
    words = ("train", "model=gfcf", "num_threads=1", "device=cpu", "plots=false", *folders)
    paths = [
        Path(run(TRAIN, *words, threads=threads).splitlines()[-1].strip()) for threads in (1, 2)
    ]
    metrics = [json.loads((path / "metrics.json").read_text())["test"] for path in paths]
    assert metrics[0] == metrics[1]
    states = [torch.load(path / "checkpoints/best.pt", weights_only=True) for path in paths]
    vectors = [state["model"]["singular_vectors"] for state in states]
    assert torch.equal(vectors[0], vectors[1])
