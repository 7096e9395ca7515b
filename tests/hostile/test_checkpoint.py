"""A malicious best.pt."""

from __future__ import annotations

import collections
import io
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

Refused = Callable[..., str]
State = dict[str, Any]
COMMANDS = ("evaluate", "recommend", "reproduce")


def load(run: Path) -> dict[str, Any]:
    content: dict[str, Any] = torch.load(run / "checkpoints" / "best.pt", weights_only=True)
    return content


def spoil(run: Path, make: Callable[[Tensor], object]) -> None:
    """Replace the table of embeddings by ``make`` of it."""
    content = load(run)
    content["model"]["layer0_embeddings"] = make(content["model"]["layer0_embeddings"])
    torch.save(content, run / "checkpoints" / "best.pt")


def rewrite(run: Path, change: Callable[[str, bytes], bytes], more: dict[str, bytes]) -> None:
    """The same zip with changed and additional entries."""
    path = run / "checkpoints" / "best.pt"
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, change(name, data))
        for name, data in more.items():
            archive.writestr(name, data)


def with_pickle(run: Path, code: bytes) -> None:
    rewrite(run, lambda name, data: code if name.endswith("data.pkl") else data, {})


TABLES: list[tuple[str, Callable[[Tensor], object], str]] = [
    ("fewer rows", lambda table: table[:-1].clone(), "does not fit the model"),
    ("more columns", lambda table: torch.cat([table, table], 1), "does not fit the model"),
    ("one row for all", lambda table: table[:1].clone(), "does not fit the model"),
    ("spread", lambda table: table[:1].clone().expand_as(table), "not plain, dense and contiguous"),
    ("turned", lambda table: table.T.contiguous().T, "not plain, dense and contiguous"),
    (
        "spread without end",
        lambda table: torch.zeros(1, 1).expand(2**40, 2**20),
        "not plain, dense and contiguous",
    ),
    ("integers", lambda table: table.long(), "does not fit the model"),
    ("doubles", lambda table: table.double(), "does not fit the model"),
    ("sparse", lambda table: table.to_sparse(), "not plain, dense and contiguous"),
    ("meta", lambda table: table.to("meta"), "not plain, dense and contiguous"),
    ("a list", lambda table: table.tolist(), "does not fit the model"),
    ("text", lambda table: "weights", "does not fit the model"),
    ("nothing", lambda table: None, "does not fit the model"),
]


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(("make", "said"), [c[1:] for c in TABLES], ids=[c[0] for c in TABLES])
def test_a_table_that_is_not_the_models(
    make: Callable[[Tensor], object], said: str, run: Path, refused: Refused
) -> None:
    spoil(run, make)
    for command in ("evaluate", "recommend"):
        assert said in refused(command, "run")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers(value: float, run: Path, refused: Refused) -> None:
    spoil(run, lambda table: torch.full_like(table, value))
    for command in ("evaluate", "recommend"):
        assert "NaN or infinite" in refused(command, "run")


def test_entries_that_the_model_does_not_have(run: Path, refused: Refused) -> None:
    content = load(run)
    content["model"]["more"] = torch.ones(3)
    torch.save(content, run / "checkpoints" / "best.pt")
    assert "does not fit the model" in refused("evaluate", "run")
    content["model"] = [torch.ones(3)]
    torch.save(content, run / "checkpoints" / "best.pt")
    for command in COMMANDS:
        refused(command, "run")


def deep_pickle() -> bytes:
    """Lists in lists, a hundred thousand deep, next to a model."""
    depth = 100_000
    return b"\x80\x02}X\x05\x00\x00\x00model" + b"]" * depth + b"a" * (depth - 1) + b"s."


def own_member() -> bytes:
    """A dict whose model holds itself."""
    return b"\x80\x02}q\x00X\x05\x00\x00\x00modelh\x00s."


def calling(module: str, name: str, argument: bytes) -> bytes:
    return (
        b"\x80\x02}X\x05\x00\x00\x00model" + f"c{module}\n{name}\n".encode() + argument + b"\x85Rs."
    )


BIG = b"\x8a\x06" + (10**12).to_bytes(6, "little")
PICKLES = [
    pytest.param(deep_pickle(), id="deep"),
    pytest.param(own_member(), id="holds itself"),
    pytest.param(calling("builtins", "bytearray", BIG), id="a terabyte"),
    pytest.param(calling("os", "system", b"X\x0a\x00\x00\x00touch pwned"), id="a command"),
    pytest.param(calling("builtins", "eval", b"X\x03\x00\x00\x001+1"), id="code"),
    pytest.param(calling("torch", "FloatStorage", BIG), id="a storage without end"),
    pytest.param(calling("torch", "Size", b"J\xff\xff\xff\x7f"), id="a size"),
    pytest.param(b"\x80\x02}X\xff\xff\xff\x7fmodel", id="a text without end"),
    pytest.param(b"\x80\x02" + b"0" * 10, id="nothing to take away"),
    pytest.param(b"", id="empty"),
]


@pytest.mark.parametrize("code", PICKLES)
def test_pickles_made_to_mislead(code: bytes, run: Path, refused: Refused, tmp_path: Path) -> None:
    with_pickle(run, code)
    for command in COMMANDS:
        line = refused(command, "run")
        assert "best.pt" in line or "not a plain dense tensor" in line
    assert not (tmp_path / "pwned").exists()


def test_a_storage_that_claims_more_than_its_record(run: Path, refused: Refused) -> None:
    numel = load(run)["model"]["layer0_embeddings"].numel()
    told, claimed = b"M" + struct.pack("<H", numel), b"J" + struct.pack("<i", 2**30)

    def change(name: str, data: bytes) -> bytes:
        assert not name.endswith("data.pkl") or told in data
        return data.replace(told, claimed)

    rewrite(run, change, {})
    assert "cannot read the checkpoint" in refused("evaluate", "run")


@pytest.mark.parametrize("name", ["../../escaped", "/etc/escaped", "archive/../../escaped"])
def test_nothing_is_unpacked_to_disk(
    name: str, run: Path, confined: Callable[..., Any], tmp_path: Path
) -> None:
    rewrite(run, lambda _, data: data, {name: b"out"})
    before = sorted(tmp_path.rglob("*"))
    ended = confined(tmp_path, "evaluate", "run")
    # Harmless or refused: the entry is never looked for.
    assert ended.code in (0, 1)
    assert len(ended.err.splitlines()) == (ended.code != 0)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_list_of_files_without_end_is_not_read(run: Path, refused: Refused) -> None:
    rewrite(run, lambda _, data: data, {f"archive/data/x{n}": b"" for n in range(10_000)})
    for command in COMMANDS:
        assert "its central directory has" in refused(command, "run")


def test_formats_of_old_releases_are_refused(run: Path, refused: Refused) -> None:
    content, path = load(run), run / "checkpoints" / "best.pt"
    buffer = io.BytesIO()
    torch.save(content, buffer, _use_new_zipfile_serialization=False)
    path.write_bytes(buffer.getvalue())
    assert "does not start like a checkpoint" in refused("evaluate", "run")
    # A file that is a zip from its end, and the old format from its beginning.
    torch.save(content, path)
    path.write_bytes(buffer.getvalue() + path.read_bytes())
    assert "does not start like a checkpoint" in refused("evaluate", "run")
    path.write_bytes(pickle.dumps(collections.OrderedDict(model=1)))
    assert "does not start like a checkpoint" in refused("reproduce", "run")
