"""How much memory is free, and which errors say that there was too little."""

from __future__ import annotations

from pathlib import Path

import torch

_MEMORY_INFORMATION = Path("/proc/meminfo")
_SHORTAGES = ("can't allocate memory", "not enough memory", "bad_alloc")
"""What torch says on a CPU, on Linux and on Windows, and what the C++ library says."""


def free_memory(device: torch.device) -> int | None:
    """Bytes that can be had on a device; None where the system does not say."""
    if device.type == "cuda":
        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + kept
    if not _MEMORY_INFORMATION.exists():
        return None
    lines = _MEMORY_INFORMATION.read_text(encoding="ascii").splitlines()
    sizes = dict(line.split(":", 1) for line in lines)
    return 1024 * int(sizes["MemAvailable"].removesuffix("kB")) if "MemAvailable" in sizes else None


def is_shortage(error: BaseException) -> bool:
    """Whether memory ran out, on whichever device; torch has a kind of error for CUDA alone."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _SHORTAGES)
