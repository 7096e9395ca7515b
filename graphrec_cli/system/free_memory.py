"""Check free memory before large allocations."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch

from graphrec_cli.errors import ConfigError

_GB = 1e9
_SHORTAGES = ("can't allocate memory", "not enough memory", "bad_alloc")
"""Error texts of torch on Linux and Windows, and of the C++ library."""


@dataclass(frozen=True, slots=True)
class ControlGroups:
    """Where Linux reports the memory limits of the process's control groups.

    Attributes:
        controller: name of the controller in ``own``, "" in version 2.
        root: the folder of all control groups.
        limit: the file in a group's folder with its limit in bytes.
        used: the file with the bytes in use.
        own: the file that lists the groups of the process.
    """

    controller: str
    root: Path
    limit: str
    used: str
    own: Path = Path("/proc/self/cgroup")

    def folders(self) -> set[Path]:
        """Folders of the process's control group and of its parents; each has a limit."""
        folders = {self.root}
        with suppress(OSError, ValueError):
            for line in self.own.read_text().splitlines():
                _, controllers, path = line.split(":", 2)
                if self.controller in controllers.split(","):
                    group = self.root / path.lstrip("/")
                    folders |= {group, *group.parents} - {*self.root.parents}
        return folders


CONTROL_GROUPS = (
    ControlGroups("", Path("/sys/fs/cgroup"), "memory.max", "memory.current"),
    ControlGroups(
        "memory",
        Path("/sys/fs/cgroup/memory"),
        "memory.limit_in_bytes",
        "memory.usage_in_bytes",
    ),
)
"""Control groups of version 2 and of version 1."""


def free_memory(
    device: torch.device, control_groups: Iterable[ControlGroups] = CONTROL_GROUPS
) -> int:
    """Bytes that can be allocated on ``device`` without swapping.

    The machine's total if the system does not report free memory.
    """
    if device.type == "cuda":
        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + kept
    bounds = [_available()]
    for groups in control_groups:
        for folder in groups.folders():
            with suppress(OSError, ValueError):  # "max": no limit
                taken = int((folder / groups.used).read_text())
                taken -= _file_cache(folder / "memory.stat")
                bounds.append(int((folder / groups.limit).read_text()) - taken)
    return max(0, min(bounds))


def is_shortage(error: BaseException) -> bool:
    """Whether the error means that memory ran out, on any device."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _SHORTAGES)


def require_memory(wanted: int, device: torch.device, what: str, advice: str) -> None:
    """Refuse work that would not fit into memory.

    Args:
        wanted: bytes needed.
        what: what needs them; the start of the message.
        advice: what to do instead.

    Raises:
        ConfigError: fewer bytes are free.
    """
    free = free_memory(device)
    if wanted > free:
        raise ConfigError(
            f"{what} needs {wanted / _GB:.1f} GB of memory on {device.type}, but only "
            f"{free / _GB:.1f} GB are free; {advice}"
        )


def _available() -> int:
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("MemAvail"))
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _file_cache(statistics: Path) -> int:
    """Bytes of cached files in a control group, which the system drops when memory is needed."""
    values = dict(line.split() for line in statistics.read_text().splitlines())
    return sum(int(values.get(name, 0)) for name in ("inactive_file", "active_file"))
