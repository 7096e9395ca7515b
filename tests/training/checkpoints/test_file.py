from __future__ import annotations

import pickle
import random
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from builders import CPU

from graphrec_cli.errors import OutputError
from graphrec_cli.training.checkpoints.file import DigestedFile, load_checkpoint


def content() -> dict[str, Any]:
    generator = torch.Generator().manual_seed(0)
    return {
        "epoch": 3,
        "best_valid": {"ndcg@10": 0.25},
        "generator": generator.get_state(),
        "model": {"weight": torch.randn(200, 4, generator=generator)},
    }


def save(path: Path, values: dict[str, Any]) -> None:
    with path.open("wb") as file:
        DigestedFile(file).save(values)


def assert_same(got: dict[str, Any], expected: dict[str, Any]) -> None:
    assert got.keys() == expected.keys()
    assert got["epoch"] == expected["epoch"]
    assert got["best_valid"] == expected["best_valid"]
    assert torch.equal(got["generator"], expected["generator"])
    assert torch.equal(got["model"]["weight"], expected["model"]["weight"])


class Payload:
    """Runs code when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.marker,)


def test_tensors_and_plain_values_read_back(tmp_path: Path) -> None:
    path = tmp_path / "best.pt"
    save(path, content())
    assert_same(load_checkpoint(path, CPU), content())


def test_an_optimizer_reads_back(tmp_path: Path) -> None:
    weight = torch.nn.Parameter(torch.ones(3))
    optimizer = torch.optim.Adam([weight], fused=True)
    weight.sum().backward()
    optimizer.step()
    save(tmp_path / "last.pt", {"optimizer": optimizer.state_dict()})
    state = load_checkpoint(tmp_path / "last.pt", CPU)["optimizer"]
    assert torch.equal(state["state"][0]["exp_avg"], optimizer.state[weight]["exp_avg"])
    torch.optim.Adam([weight], fused=True).load_state_dict(state)


def test_every_truncation_is_refused_in_one_line(tmp_path: Path) -> None:
    whole, cut = tmp_path / "best.pt", tmp_path / "cut.pt"
    save(whole, content())
    data = whole.read_bytes()
    for size in [*range(0, len(data), 251), len(data) - 1]:
        cut.write_bytes(data[:size])
        with pytest.raises(OutputError, match=r"^cannot read the checkpoint .*cut\.pt: [^\n]+$"):
            load_checkpoint(cut, CPU)


def test_a_changed_byte_is_refused_or_harmless(tmp_path: Path) -> None:
    path = tmp_path / "best.pt"
    save(path, content())
    data = path.read_bytes()
    draws = random.Random(0)
    refused = 0
    for _ in range(300):
        damaged = bytearray(data)
        damaged[draws.randrange(len(data))] ^= 1 << draws.randrange(8)
        path.write_bytes(damaged)
        try:
            assert_same(load_checkpoint(path, CPU), content())
        except OutputError:
            refused += 1
    assert refused > 100


@pytest.mark.parametrize("wrap", [False, True])
def test_code_is_refused_and_does_not_run(tmp_path: Path, wrap: bool) -> None:
    marker, path = tmp_path / "ran", tmp_path / "best.pt"
    if wrap:
        torch.save({"model": Payload(marker)}, path)
    else:
        path.write_bytes(pickle.dumps({"model": Payload(marker)}))
    with pytest.raises(OutputError, match="cannot read the checkpoint"):
        load_checkpoint(path, CPU)
    assert not marker.exists()


@pytest.mark.parametrize("data", [b"", b"not a checkpoint", None])
def test_what_is_no_checkpoint_is_refused(tmp_path: Path, data: bytes | None) -> None:
    path = tmp_path / "best.pt"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(OutputError, match=r"^cannot read the checkpoint .*best\.pt: [^\n]+$"):
        load_checkpoint(path, CPU)


def test_a_bare_tensor_is_refused(tmp_path: Path) -> None:
    torch.save(torch.ones(2), tmp_path / "best.pt")
    with pytest.raises(OutputError, match="expected a dictionary of named entries"):
        load_checkpoint(tmp_path / "best.pt", CPU)


def test_a_compressed_checkpoint_is_refused_before_it_can_grow(tmp_path: Path) -> None:
    save(tmp_path / "a.pt", {"x": torch.zeros(1_000_000)})
    with (
        zipfile.ZipFile(tmp_path / "a.pt") as plain,
        zipfile.ZipFile(tmp_path / "b.pt", "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for name in plain.namelist():
            packed.writestr(name, plain.read(name))
    with pytest.raises(OutputError, match="is compressed, but checkpoints are not"):
        load_checkpoint(tmp_path / "b.pt", torch.device("cpu"))
