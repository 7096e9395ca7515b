from __future__ import annotations

from pathlib import Path

import pytest
from builders import CPU

from graphrec_cli.errors import ConfigError
from graphrec_cli.system import free_memory
from graphrec_cli.system.free_memory import ControlGroups


def test_some_memory_is_free_and_not_more_than_the_machine_has() -> None:
    lines = Path("/proc/meminfo").read_text().splitlines() if Path("/proc/meminfo").exists() else []
    total = [1024 * int(line.split()[1]) for line in lines if line.startswith("MemTotal")]
    assert 0 < free_memory.free_memory(CPU) <= (total or [2**60])[0]


def test_the_limit_of_a_container_counts(tmp_path: Path) -> None:
    limit, used = tmp_path / "memory.max", tmp_path / "memory.current"
    groups = [ControlGroups("", tmp_path, limit.name, used.name)]
    without = free_memory.free_memory(CPU, groups)
    used.write_text("30000\n")
    # Files that the container has read count as used until something else wants their memory.
    (tmp_path / "memory.stat").write_text("anon 9\ninactive_file 300\nactive_file 200\n")
    for text, expected in (("31000\n", 1500), ("29000\n", 0)):
        limit.write_text(text)
        assert free_memory.free_memory(CPU, groups) == expected
    limit.write_text("max\n")
    assert free_memory.free_memory(CPU, groups) > without / 2


@pytest.mark.parametrize(
    ("controller", "line"),
    [("", "0::/job/step\n"), ("memory", "4:cpu,memory:/job/step\n0::/elsewhere\n")],
)
def test_the_limits_of_all_groups_above_the_process_count(
    controller: str, line: str, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    own.write_text(f"7:blkio:/\n{line}")
    root = tmp_path / "groups"
    step = root / "job" / "step"
    step.mkdir(parents=True)
    groups = [ControlGroups(controller, root, "limit", "used", own)]
    for folder in (root, root / "job", step):
        (folder / "used").write_text("1000\n")
        (folder / "memory.stat").write_text("anon 9\n")
        (folder / "limit").write_text("max\n")
    without = free_memory.free_memory(CPU, groups)
    for folder, free in ((root, 900), (root / "job", 800), (step, 700)):
        (folder / "limit").write_text(f"{1000 + free}\n")
        assert free_memory.free_memory(CPU, groups) == free < without


def test_what_does_not_fit_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(free_memory, "free_memory", lambda device: 2_000_000_000)
    free_memory.require_memory(2_000_000_000, CPU, "a table", "take less")
    with pytest.raises(ConfigError) as refusal:
        free_memory.require_memory(2_500_000_000, CPU, "a table", "take less")
    assert str(refusal.value) == (
        "a table needs 2.5 GB of memory on cpu, but only 2.0 GB are free; take less"
    )
