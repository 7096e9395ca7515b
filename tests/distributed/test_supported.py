"""What several processes cannot do together is refused before anything is written."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest
import torch
from builders import CPU, call

from graphrec_cli.config.model import LightGCNConfig, PopularityConfig
from graphrec_cli.config.run import RunConfig
from graphrec_cli.distributed.supported import refuse_unsupported
from graphrec_cli.errors import ConfigError


@pytest.fixture(autouse=True)
def two_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")


def test_one_process_trains_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    config = RunConfig()
    config.model = PopularityConfig()
    refuse_unsupported(config, 1, CPU)


def test_a_model_without_embeddings_is_refused() -> None:
    config = RunConfig()
    config.model = PopularityConfig()
    with pytest.raises(ConfigError, match="2 processes cannot train model=popularity; choose"):
        refuse_unsupported(config, 2, CPU)


def test_columns_must_be_equally_many() -> None:
    config = RunConfig()
    config.model = LightGCNConfig(embedding_dim=6)
    refuse_unsupported(config, 3, CPU)
    with pytest.raises(ConfigError, match="embedding_dim=6 cannot be split over 4 processes"):
        refuse_unsupported(config, 4, CPU)


def test_every_process_needs_a_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    config = RunConfig()
    config.model = LightGCNConfig()
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(ConfigError, match="started 2 processes on a machine with 1 CUDA devices"):
        refuse_unsupported(config, 2, torch.device("cuda"))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    refuse_unsupported(config, 2, torch.device("cuda"))


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("train", "seed=1,2", "-m"), "a sweep"),
        (("evaluate", "latest"), "graphrec evaluate"),
        (("data", "inspect"), "graphrec data"),
    ],
)
def test_what_one_process_does_is_refused(
    words: tuple[str, ...], what: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in {"TORCHELASTIC_RUN_ID": "none", "WORLD_SIZE": "2", "RANK": "0"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("graphrec_cli.cli.leading", nullcontext)
    done = call(tmp_path, *words)
    assert done.code == 2
    error = f"torchrun started 2 processes, but {what} runs in one; start it without torchrun"
    assert done.err == f"error: {error}\n"


def test_torchrun_with_one_process_is_no_torchrun(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in {"TORCHELASTIC_RUN_ID": "none", "WORLD_SIZE": "1", "RANK": "0"}.items():
        monkeypatch.setenv(name, value)
    assert call(tmp_path, "--version").out.startswith("graphrec ")
