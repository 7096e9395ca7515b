"""How much memory is free, asked before much is taken."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import torch

from graphrec_cli.errors import ConfigError

_GB = 1e9
_CGROUPS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    (
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes",
    ),
)
"""Limit and use of the control group of a container, of either version."""


def free_memory(device: torch.device) -> int:
    """Bytes that can be taken on ``device`` without pushing anything out.

    Where the system does not say what is free, it is all that the machine has.
    """
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return int(free)
    bounds = [_available()]
    for limit, used in _CGROUPS:
        with suppress(OSError, ValueError):  # "max" is no number: there is no limit
            bounds.append(int(Path(limit).read_text()) - int(Path(used).read_text()))
    return max(0, min(bounds))


def require_memory(wanted: int, device: torch.device, what: str, advice: str) -> None:
    """Refuse to begin what would not fit.

    Args:
        wanted: bytes.
        what: takes them; begins the message.
        advice: what to do instead.

    Raises:
        ConfigError: fewer bytes are free.
    """
    free = free_memory(device)
    if wanted > free:
        raise ConfigError(
            f"{what} needs {wanted / _GB:.1f} GB of memory on {device.type}, of which "
            f"{free / _GB:.1f} GB are free; {advice}"
        )


def _available() -> int:
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("MemAvail"))
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
